//! What is measured, one function each. Times are taken at the client.

use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::process::Command;

use crate::client::{Dashboard, Person, Size};
use crate::daemon::Daemon;
use crate::fill::Api;
use crate::{Result, WATCHED};

/// Between two presses on one dashboard.
const PRESS_EVERY: Duration = Duration::from_secs(1);
/// Between two sizes of one dashboard in a storm.
const STORM_EVERY: Duration = Duration::from_millis(200);
/// Between two events; a frame follows another after 33 ms at the soonest.
const EVENT_EVERY: Duration = Duration::from_millis(137);

/// How long after the request, and after its answer, the watched page showed an event.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) sent: Vec<Duration>,
    pub(crate) acknowledged: Vec<Duration>,
}

/// Listens to dashboards that nobody touches; answers the bytes that came, in all.
pub(crate) async fn idle(sessions: Vec<Dashboard>, time: Duration) -> Result<(Vec<Dashboard>, usize)> {
    let heard = sessions.into_iter().map(|mut session| async move {
        let bytes = session.listen(time).await?;
        Result::Ok((session, bytes))
    });
    let (sessions, bytes): (Vec<_>, Vec<_>) = try_join_all(heard).await?.into_iter().unzip();
    Ok((sessions, bytes.iter().sum()))
}

/// Presses `j` and `k` in turn on the list of every dashboard, about once a second each and spread evenly.
pub(crate) async fn presses(
    sessions: Vec<Dashboard>,
    count: usize,
) -> Result<(Vec<Dashboard>, Vec<Duration>)> {
    let (began, total) = (tokio::time::Instant::now(), sessions.len() as u32);
    let pressed = (0..total).zip(sessions).map(|(number, mut session)| {
        tokio::spawn(async move {
            let mut took = Vec::with_capacity(count);
            for (round, key) in (0..count as u32).zip([b"j", b"k"].into_iter().cycle()) {
                let at = began + PRESS_EVERY * round + PRESS_EVERY * number / total;
                tokio::time::sleep_until(at).await;
                let pressed = Instant::now();
                session.press(key).await?;
                session.frame().await?;
                took.push(pressed.elapsed());
            }
            Result::Ok((session, took))
        })
    });
    let (mut back, mut took) = (Vec::new(), Vec::new());
    for done in try_join_all(pressed).await? {
        let (session, times) = done?;
        back.push(session);
        took.extend(times);
    }
    Ok((back, took))
}

/// Opens the first page of every dashboard and reports a call a second; answers the daemon's processor time of that, in
/// ticks of 10 ms, and the pieces of output that came, in all.
pub(crate) async fn live(
    daemon: &Daemon,
    api: &Api,
    key: &str,
    mut sessions: Vec<Dashboard>,
    seconds: u32,
) -> Result<(Vec<Dashboard>, u64, usize)> {
    for session in &sessions {
        session.press(b"1").await?;
    }
    try_join_all(sessions.iter_mut().map(Dashboard::settle)).await?;
    let (began, cpu) = (tokio::time::Instant::now(), daemon.cpu_ticks()?);
    let calls = async {
        for number in 0..seconds {
            tokio::time::sleep_until(began + Duration::from_secs(number.into())).await;
            api.track(key).await?;
        }
        Result::Ok(())
    };
    let heard = sessions.into_iter().map(|mut session| async move {
        let pieces = session.count(Duration::from_secs(seconds.into())).await?;
        Result::Ok((session, pieces))
    });
    let (heard, ()) = tokio::try_join!(try_join_all(heard), calls)?;
    let spent = daemon.cpu_ticks()? - cpu;
    let (sessions, pieces): (Vec<_>, Vec<usize>) = heard.into_iter().unzip();
    Ok((sessions, spent, pieces.iter().sum()))
}

/// Changes the size of all dashboards but one, five times a second each; answers how long the one's frames took.
pub(crate) async fn storm(
    mut sessions: Vec<Dashboard>,
    size: Size,
    seconds: u32,
) -> Result<(Vec<Dashboard>, Vec<Duration>)> {
    let Some(one) = sessions.pop() else { return Ok((sessions, Vec::new())) };
    one.press(b"2").await?;
    let (cols, rows) = size.sides();
    let began = tokio::time::Instant::now();
    let changing = sessions.into_iter().enumerate().map(|(number, mut session)| {
        tokio::spawn(async move {
            for round in 0..seconds * 5 {
                tokio::time::sleep_until(
                    began + STORM_EVERY * round + STORM_EVERY * (number as u32 % 50) / 50,
                )
                .await;
                // 20x5 to the full size, in 16 steps.
                let step = (round % 16) as u16 + 1;
                session.resize((cols * step / 16).max(20), (rows * step / 16).max(5)).await?;
                session.listen(Duration::ZERO).await?;
            }
            session.resize(cols, rows).await?;
            session.settle().await?;
            Result::Ok(session)
        })
    });
    let changing = try_join_all(changing);
    let pressing = async {
        let mut one = one;
        one.settle().await?;
        let (mut one, took) = presses(vec![one], seconds as usize).await?;
        Result::Ok((one.pop(), took))
    };
    let (changed, (one, took)) = tokio::try_join!(async { Result::Ok(changing.await?) }, pressing)?;
    let mut sessions = changed.into_iter().collect::<Result<Vec<_>>>()?;
    sessions.extend(one);
    Ok((sessions, took))
}

/// Tracks events one by one and waits until the key's page counts each of them, after so many `before`.
pub(crate) async fn events(
    api: &Api,
    key: &str,
    (mut watcher, size): (Dashboard, Size),
    before: u32,
    count: u32,
) -> Result<Seen> {
    let mut emulator = size.emulator();
    watcher.press(format!("/{WATCHED}").as_bytes()).await?;
    watcher.settle().await?;
    watcher.press(b"\r").await?;
    watcher.settle().await?;
    watcher.press(b"\r").await?;
    let mut seen = Seen::default();
    for number in before + 1..=before + count {
        let wanted = format!(" {number} calls today");
        let sent = Instant::now();
        let acknowledged = async {
            api.track(key).await?;
            Result::Ok(Instant::now())
        };
        let shown = async {
            while !emulator.screen().contents().contains(&wanted) {
                emulator.process(&watcher.frame().await?);
            }
            Result::Ok(Instant::now())
        };
        let (acknowledged, shown) = tokio::try_join!(acknowledged, shown)?;
        seen.sent.push(shown - sent);
        // A frame may be quicker than the answer.
        seen.acknowledged.push(shown.saturating_duration_since(acknowledged));
        tokio::time::sleep(EVENT_EVERY).await;
    }
    watcher.close().await?;
    Ok(seen)
}

/// Runs `keys ls --json` with the real `ssh`, each time from the start of its process to the end.
pub(crate) async fn execs(person: &Person, daemon: &Daemon, count: usize) -> Result<Vec<Duration>> {
    // The first one notes the host key, as a person's first one does.
    exec(person, daemon).await?;
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        took.push(exec(person, daemon).await?);
    }
    Ok(took)
}

async fn exec(person: &Person, daemon: &Daemon) -> Result<Duration> {
    let file = |name: &str| person.folder.join(name).display().to_string();
    let mut command = Command::new("ssh");
    command.args(["-F", "none", "-i", &file("id"), "-p", &daemon.ssh.port().to_string()]);
    for option in [
        &format!("UserKnownHostsFile={}", file("known_hosts")),
        "GlobalKnownHostsFile=none",
        "StrictHostKeyChecking=accept-new",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "BatchMode=yes",
    ] {
        command.args(["-o", option]);
    }
    command.arg(format!("{}@127.0.0.1", person.login)).args(["keys", "ls", "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let output = command.output().await?;
    let took = began.elapsed();
    if output.status.success() && output.stdout.starts_with(b"{") {
        return Ok(took);
    }
    Err(format!("ssh ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
