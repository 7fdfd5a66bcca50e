//! The dashboard in a browser: joins what the HTTP door lets in to the sessions that people have over SSH. It is here,
//! because the doors do not know each other; it decides nothing that they do not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use keyward_api::{Arrival, Opened, TerminalEnd, Terminals};
use keyward_keys::view::SessionKind;
use keyward_keys::{Error, Service};
use keyward_tui::session::{
    self, ExitReason, HostInfo, INPUT_QUEUE, Output, OutputGone, Stop, Terminal, clamp_size,
};
use keyward_tui::ssh::Shutdown;
use keyward_tui::term::caps::Caps;
use keyward_tui::term::environment::Environment;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::daemon::Sessions;
use crate::error::chain;

/// Frames that wait for the browser besides the one that is on its way.
const FRAMES: usize = 1;

/// Opens dashboards for browsers until the daemon goes down; `drain` is how long they are left alone then.
pub(crate) fn terminals(
    service: Service,
    sessions: Sessions,
    drain: Duration,
    shutdown: &Shutdown,
) -> Terminals {
    let restart = CancellationToken::new();
    tokio::spawn(end_after(shutdown.clone(), drain, restart.clone()));
    Terminals::new(move |arrival| open(service.clone(), sessions.clone(), restart.clone(), arrival))
}

async fn end_after(shutdown: Shutdown, drain: Duration, restart: CancellationToken) {
    shutdown.drain.cancelled().await;
    tokio::select! {
        () = tokio::time::sleep(drain) => {}
        () = shutdown.now.cancelled() => {}
    }
    restart.cancel();
}

fn open(service: Service, sessions: Sessions, restart: CancellationToken, arrival: Arrival) -> Opened {
    let (cols, rows) = arrival.size;
    let (input, typed) = mpsc::channel(INPUT_QUEUE);
    let (size_to, size) = watch::channel(clamp_size(cols.into(), rows.into()));
    let (output, seen) = mpsc::channel(FRAMES);
    let stop = Stop { gone: CancellationToken::new(), restart };
    let gone = stop.gone.clone();
    let terminal = Terminal { input: typed, size, output: Arc::new(ToBrowser(output)), caps: caps() };
    Opened {
        input,
        resize: Box::new(move |cols, rows| {
            size_to.send_replace(clamp_size(cols.into(), rows.into()));
        }),
        output: seen,
        gone,
        run: Box::pin(run(service, sessions, arrival, terminal, stop)),
    }
}

/// What the page's terminal can do.
fn caps() -> Caps {
    let mut environment = Environment::default();
    for (name, value) in [("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")] {
        environment.insert(name, value);
    }
    Caps::detect("xterm-256color", &environment)
}

async fn run(
    service: Service,
    sessions: Sessions,
    arrival: Arrival,
    terminal: Terminal,
    stop: Stop,
) -> TerminalEnd {
    let Arrival { caller, client, host, .. } = arrival;
    let Some(account) = caller.account() else {
        return TerminalEnd::Refused("Only people have a dashboard; a service token has none.".to_owned());
    };
    let exempt = caller.origin().address.is_some_and(|address| sessions.exempt.contains(address));
    let Some(_permit) = sessions.registry.admit(account, exempt) else {
        return TerminalEnd::Refused("Too many sessions are open; close one and try again.".to_owned());
    };
    let entered =
        async { Ok((service.me(&caller).await?, service.enter(&caller, SessionKind::Dashboard, &client)?)) };
    let (user, presence) = match entered.await {
        Ok(entered) => entered,
        Err(Error::Unauthenticated) => return TerminalEnd::SignedOut,
        Err(error) => {
            tracing::warn!(cause = chain(&error), "a dashboard in a browser could not begin");
            return TerminalEnd::Refused(error.to_string());
        }
    };
    let host = HostInfo::reached(&host, sessions.ssh_port, &user.login);
    let caller = presence.caller().clone();
    let reason = session::run(terminal, caller, service, host, stop, sessions.limits, &sessions.spots).await;
    tracing::info!(kind = "browser", account = %user.id, %reason, "a dashboard in a browser ended");
    match reason {
        ExitReason::Quit | ExitReason::Gone => TerminalEnd::Left,
        ExitReason::SignedOut => TerminalEnd::SignedOut,
        ExitReason::Idle => TerminalEnd::TimedOut("No key was pressed for a long time."),
        ExitReason::TooLong => TerminalEnd::TimedOut("This session reached its longest time."),
        ExitReason::Restart => TerminalEnd::Restarting,
        ExitReason::Crashed => TerminalEnd::Failed,
    }
}

struct ToBrowser(mpsc::Sender<Bytes>);

impl Output for ToBrowser {
    fn send(&self, bytes: Bytes) -> BoxFuture<'static, Result<(), OutputGone>> {
        let frames = self.0.clone();
        Box::pin(async move { frames.send(bytes).await.map_err(|_| OutputGone) })
    }
}
