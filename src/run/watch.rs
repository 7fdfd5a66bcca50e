//! `--watch`: looks for new versions now and then, and when the server hints at one, and restarts the command, or sends
//! it a signal. A server that is away, or that refuses, leaves the command running with what it has.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::time::Duration;

use keyward_keys::Id;
use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::child::{Child, Command, code};
use super::{Plan, Values, hints};
use crate::error::{Error, Result, chain};
use crate::output;

/// How long the command may take to end before a restart kills it.
const GRACE: Duration = Duration::from_secs(10);

/// Signals that are passed on. At a terminal, the first three come to the command from there.
const PASSED: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGWINCH,
    Signal::SIGHUP,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];
const FROM_A_TERMINAL: usize = 3;

/// How it is watched.
pub(super) struct Settings {
    /// Seconds between looks, on average.
    pub(super) every: u64,
    /// What the command is sent instead of being restarted.
    pub(super) signal: Option<Signal>,
}

/// Runs the command until it ends by itself, or by a signal to this process; answers its exit status.
pub(super) async fn run(plan: Plan, command: Command, values: Values, settings: Settings) -> Result<u8> {
    let apart = !io::stdin().is_terminal();
    let mut passed = passed(apart)?;
    let mut child = command.start(&values, apart)?;
    let (news_to, mut news) = mpsc::channel(1);
    let looking = tokio::spawn(async move {
        let (hint, every) = (Notify::new(), || jittered(settings.every));
        tokio::join!(
            look(&plan, values.versions, every, &hint, news_to),
            hints::listen(&plan.client, &hint, every)
        )
    });
    let mut next: Option<(Values, Instant)> = None;
    let ended = loop {
        let deadline = next.as_ref().map(|(_, deadline)| *deadline);
        tokio::select! {
            status = child.wait() => match (status?, next.take()) {
                (_, Some((values, _))) => child = command.start(&values, apart)?,
                (status, None) => break code(status),
            },
            Some(signal) = passed.recv() => {
                // Whoever tells us to end means the command, and not a new one after it.
                if matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT | Signal::SIGHUP) {
                    next = None;
                }
                child.signal(signal);
            }
            Some(values) = news.recv() => match settings.signal {
                Some(signal) => child.signal(signal),
                None => restart(&child, &mut next, values),
            },
            () = at(deadline) => {
                child.signal_all(Signal::SIGKILL);
                next = next.map(|(values, _)| (values, Instant::now() + GRACE));
            }
        }
    };
    looking.abort();
    Ok(ended)
}

fn restart(child: &Child, next: &mut Option<(Values, Instant)>, values: Values) {
    output::talk("keyward: a key has a new version; restarting the command");
    child.signal_all(Signal::SIGTERM);
    *next = Some((values, Instant::now() + GRACE));
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Hands out the signals that come to this process for the command.
fn passed(apart: bool) -> Result<mpsc::Receiver<Signal>> {
    let (to, from) = mpsc::channel(16);
    for passed in &PASSED[if apart { 0 } else { FROM_A_TERMINAL }..] {
        let mut heard = signal(SignalKind::from_raw(*passed as i32)).map_err(Error::Runtime)?;
        let to = to.clone();
        tokio::spawn(async move { while heard.recv().await.is_some() && to.send(*passed).await.is_ok() {} });
    }
    if !apart {
        // They end the command, which is in our group, and us through it: not before it.
        for own in [SignalKind::interrupt(), SignalKind::quit()] {
            drop(signal(own).map_err(Error::Runtime)?);
        }
    }
    Ok(from)
}

/// Looks for versions that are not known, for ever; says once when it cannot, and once when it can again.
async fn look(
    plan: &Plan,
    mut known: HashMap<Id, u32>,
    every: impl Fn() -> Duration,
    hint: &Notify,
    news: mpsc::Sender<Values>,
) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every()) => {}
            () = hint.notified() => tokio::time::sleep(soon()).await,
        }
        match plan.news(&known).await {
            Ok(None) => {}
            Ok(Some(values)) => {
                known.clone_from(&values.versions);
                if news.send(values).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    output::talk(&format!(
                        "keyward: cannot look for new versions, the command keeps what it has: {}",
                        chain(&error)
                    ));
                }
                continue;
            }
        }
        if std::mem::take(&mut failing) {
            output::talk("keyward: looking for new versions again");
        }
    }
}

/// In a moment: what changes together is looked at once, and many commands do not ask at one moment.
fn soon() -> Duration {
    Duration::from_millis(fastrand::u64(50..=300))
}

/// Between three and five quarters of it, so that many commands do not ask at one moment.
fn jittered(seconds: u64) -> Duration {
    Duration::from_millis(fastrand::u64(seconds * 750..=seconds * 1250))
}

impl Plan {
    /// Everything anew, when a key has a version that is not known.
    async fn news(&self, known: &HashMap<Id, u32>) -> Result<Option<Values>> {
        let looked = self.client.fetch(self.environment, &self.keys, known).await?;
        let new = |key: &super::client::Fetched| known.get(&key.id) != Some(&key.version);
        if looked.iter().any(|answer| answer.as_ref().is_ok_and(new)) {
            self.fetch().await.map(Some)
        } else {
            Ok(None)
        }
    }
}
