//! The plain mode: a prompt, and the same commands as `ssh HOST COMMAND`, a line at a time. For terminals that cannot
//! place a cursor, for screen readers, and for whoever prefers it. No cursor addressing, no colours.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use keyward_keys::{Caller, Event, Service};
use tokio::time::Instant;

use super::line::{Asked, LineReader};
use super::{ExitReason, HostInfo, OutputGone, Stop, Terminal, TimeLimits};
use crate::cli::{self, Context, Stdin};

/// Lines that Up brings back, at most. Secrets are not among them: no command takes one as a word.
const PAST: usize = 100;

/// Runs the plain mode until the person leaves or the session is ended. Without a `pty` nothing is echoed or asked.
pub async fn run(
    terminal: Terminal,
    pty: bool,
    caller: Caller,
    service: Service,
    host: HostInfo,
    stop: Stop,
    limits: TimeLimits,
) -> ExitReason {
    let Terminal { input, output, .. } = terminal;
    let reader = LineReader::new(input, Arc::clone(&output), pty);
    let reason = tokio::select! {
        biased;
        () = stop.gone.cancelled() => return ExitReason::Gone,
        () = stop.restart.cancelled() => ExitReason::Restart,
        reason = no_longer_good(&service, &caller) => reason,
        reason = commands(reader, &caller, &service, &host, limits) => reason.unwrap_or(ExitReason::Gone),
    };
    let line = match reason {
        ExitReason::SignedOut => "\r\nSigned out: the account or key is no longer good.\r\n",
        ExitReason::Idle => "\r\nLeft after a long time without a command.\r\n",
        ExitReason::TooLong => "\r\nThis session reached its longest time.\r\n",
        ExitReason::Restart => "\r\nKeyward is restarting; come back in a moment.\r\n",
        ExitReason::Quit | ExitReason::Gone | ExitReason::Crashed => return reason,
    };
    // Whoever is gone does not read it.
    let _ = output.send(line.into()).await;
    reason
}

/// Completes once this caller is no longer good, or the core has closed.
pub(crate) async fn no_longer_good(service: &Service, caller: &Caller) -> ExitReason {
    let Ok(mut events) = service.subscribe(caller) else { return ExitReason::SignedOut };
    // What happened before anybody listened.
    if !service.still_valid(caller) {
        return ExitReason::SignedOut;
    }
    loop {
        match events.next().await {
            Some(Event::SessionsEnded { .. }) => return ExitReason::SignedOut,
            Some(Event::AccountChanged { .. } | Event::Lagged) if !service.still_valid(caller) => {
                return ExitReason::SignedOut;
            }
            Some(_) => {}
            None => return ExitReason::Restart,
        }
    }
}

async fn commands(
    mut reader: LineReader,
    caller: &Caller,
    service: &Service,
    host: &HostInfo,
    limits: TimeLimits,
) -> Result<ExitReason, OutputGone> {
    let end = Instant::now() + limits.total;
    let mut past: Vec<String> = Vec::new();
    let out = reader.output();
    let pty = reader.pty();
    let context = Context { service, caller, host, out: &*out, err: &*out, pty };
    let context = &context;
    let complete = move |line: String| -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move { cli::candidates(context, &line).await })
    };
    if reader.pty() {
        reader.print("Keyward, plain mode. Type help for the commands, exit to leave.\n").await?;
    }
    loop {
        let idle = Instant::now() + limits.idle;
        let asked = tokio::select! {
            asked = reader.command("keyward> ", &past, &complete) => asked?,
            () = tokio::time::sleep_until(idle) => return Ok(ExitReason::Idle),
            () = tokio::time::sleep_until(end) => return Ok(ExitReason::TooLong),
        };
        let line = match asked {
            Asked::Line(line) => line,
            Asked::Interrupted => continue,
            Asked::End => return Ok(ExitReason::Quit),
        };
        match line.trim() {
            "" => continue,
            "exit" | "quit" | "logout" => return Ok(ExitReason::Quit),
            line => {
                if past.last().is_none_or(|last| last != line) {
                    past.push(line.to_owned());
                    past.drain(..past.len().saturating_sub(PAST));
                }
                tokio::select! {
                    _ = cli::run(context, line, Stdin::Asked(&mut reader)) => {}
                    () = tokio::time::sleep_until(end) => return Ok(ExitReason::TooLong),
                }
            }
        }
    }
}
