//! A session from its first byte to its last. Whatever happens in between (also a panic of the screens), the terminal
//! is given back as it was, with one line that says why and how to come back.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use keyward_keys::{Caller, Error, Service};
use tokio::time::Instant;

use super::engine::{Ending, Engine, Sources};
use super::{ExitReason, HostInfo, Output, Spots, Stop, Terminal, TimeLimits, chain};
use crate::term::modes;

/// How long the terminal may take for the last bytes.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long its late answers are waited for, which the person's shell would otherwise read.
const LATE_ANSWERS: Duration = Duration::from_millis(300);

pub(super) async fn run(
    terminal: Terminal,
    caller: Caller,
    service: Service,
    host: HostInfo,
    stop: Stop,
    limits: TimeLimits,
    spots: &Spots,
) -> ExitReason {
    let Terminal { input, mut size, output, caps } = terminal;
    let begun = async {
        let events = service.subscribe(&caller)?;
        // What ended it before anybody listened.
        if !service.still_valid(&caller) {
            return Err(Error::Unauthenticated);
        }
        Ok((service.me(&caller).await?, events))
    };
    let (user, events) = match begun.await {
        Ok(begun) => begun,
        Err(error) => return not_begun(&*output, &error).await,
    };
    let ssh = host.ssh_command.clone();
    let first_size = *size.borrow_and_update();
    let mut sources = Sources { input, size, events, stop };
    let mut engine: Option<Engine> = None;
    let ran = AssertUnwindSafe(async {
        let (theirs, output) = (service.clone(), std::sync::Arc::clone(&output));
        let fresh =
            Engine::new(caps.clone(), output, theirs, caller.clone(), limits, (user, host), first_size);
        let engine = engine.insert(fresh);
        if let Some(trail) = spots.take(&caller, Instant::now(), |caller| service.still_valid(caller)) {
            engine.reopen(trail);
        }
        engine.run(&mut sources).await
    });
    let ending = match ran.catch_unwind().await {
        Ok(ending) => ending,
        Err(_) => crashed(&caller),
    };
    if let Some(engine) = &engine {
        spots.ended(&caller, ending.reason, || engine.trail(), Instant::now());
    }
    if ending.reason == ExitReason::Gone && sources.stop.gone.is_cancelled() {
        return ExitReason::Gone;
    }
    let (line, gone) = (farewell(&ending, &ssh), sources.stop.gone.clone());
    let restored = async {
        match &mut engine {
            Some(engine) => give_back(engine, &mut sources, &line).await,
            None => {
                let bytes = [modes::leave(&caps).as_slice(), line.as_bytes()].concat();
                // Nothing can be done for a terminal that is gone.
                let _ = output.send(bytes.into()).await;
            }
        }
    };
    tokio::select! {
        () = restored => {}
        () = gone.cancelled() => {}
        () = tokio::time::sleep(PATIENCE * 2) => {}
    }
    ending.reason
}

async fn give_back(engine: &mut Engine, sources: &mut Sources, line: &str) {
    if engine.finish_write(PATIENCE).await.is_err() {
        return;
    }
    let bytes = [modes::leave(&engine.caps).as_slice(), line.as_bytes()].concat();
    if engine.output.send(bytes.into()).await.is_err() {
        return;
    }
    let until = Instant::now() + LATE_ANSWERS;
    while engine.fence {
        match tokio::time::timeout_at(until, sources.input.recv()).await {
            Ok(Some(chunk)) => engine.swallow(&chunk),
            Ok(None) | Err(_) => return,
        }
    }
}

/// The last line, with its end.
fn farewell(ending: &Ending, ssh: &str) -> String {
    let line = match (&ending.line, ending.reason) {
        (Some(line), _) => line.clone(),
        (None, ExitReason::Quit | ExitReason::Gone) => String::new(),
        (None, ExitReason::SignedOut) => {
            "Signed out: the account or the key that opened this session is no longer good.".to_owned()
        }
        (None, ExitReason::Idle) => {
            format!("Left after a long time without a key press. Come back with: {ssh}")
        }
        (None, ExitReason::TooLong) => {
            format!("This session reached its longest time. Come back with: {ssh}")
        }
        (None, ExitReason::Restart) => format!("Keyward is restarting. Come back with: {ssh}"),
        (None, ExitReason::Crashed) => format!("The screen failed; nothing was lost. Come back with: {ssh}"),
    };
    if line.is_empty() { line } else { line + "\r\n" }
}

fn crashed(caller: &Caller) -> Ending {
    let mut id = [0; 4];
    // Without randomness the incident is numbered 0: the log's time still tells it apart.
    let _ = getrandom::fill(&mut id);
    let incident = format!("{:08x}", u32::from_be_bytes(id));
    let account = caller.account().map(|id| id.to_string());
    tracing::error!(incident, account, "a dashboard panicked; its session ended, the others go on");
    Ending {
        reason: ExitReason::Crashed,
        line: Some(format!(
            "The screen failed (incident {incident}); your data is safe. Please tell your operator."
        )),
    }
}

async fn not_begun(output: &dyn Output, error: &Error) -> ExitReason {
    if let Error::Internal(_) = error {
        tracing::error!(cause = %chain(error), "a dashboard could not begin");
    }
    // The person may be gone already; then nobody reads it.
    let _ = output.send(Bytes::from(format!("Keyward: {error}\r\n"))).await;
    match error {
        Error::Unauthenticated => ExitReason::SignedOut,
        _ => ExitReason::Crashed,
    }
}
