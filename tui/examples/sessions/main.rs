//! Starts the real daemon as a process of its own, opens many dashboards on it, and says what they cost and how fast
//! they answer, with the aim of each figure beside it. For measuring, by hand; nothing here is a test.
//!
//! ```text
//! cargo build --release
//! cargo run --release -p keyward-tui --example sessions -- --daemon target/release/keyward --sessions 200
//! cargo run --release -p keyward-tui --example sessions -- --daemon target/release/keyward --size 200x60
//! cargo run --release -p keyward-tui --example sessions -- --daemon target/release/keyward --keys 100000
//! cargo run --release -p keyward-tui --example sessions -- --daemon target/release/keyward --sessions 500 --storm 10
//! cargo run --release -p keyward-tui --example sessions -- --daemon target/release/keyward --sessions 1000 --live 20
//! ```
//!
//! The daemon works on a temporary folder and free ports. One operator owns the keys and opens every dashboard, each
//! over a connection of its own. It is started twice: on the empty folder, and again once the keys are there; memory
//! is that of the second start. The clients share the machine with it, so mind the load average in the first line. A
//! session's bytes are those of its channel; the transport's keep-alives are not among them. The exec figure needs
//! `ssh` in the path.

mod client;
mod daemon;
mod fill;
mod measure;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use futures_util::future::try_join_all;
use tempfile::TempDir;

use client::{Dashboard, Person, Size};
use daemon::{Daemon, Memory};
use fill::Api;
use report::Report;

/// Whatever went wrong, for the person who measures.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The key whose page is watched while events come in.
const WATCHED: &str = "watched";

#[derive(Parser)]
struct Args {
    /// The daemon's binary; measure a release build.
    #[arg(long, default_value = "target/release/keyward")]
    daemon: PathBuf,
    /// Dashboards to open.
    #[arg(long, default_value_t = 200)]
    sessions: usize,
    /// Columns and rows of each.
    #[arg(long, default_value = "80x24")]
    size: Size,
    /// API keys in the store.
    #[arg(long, default_value_t = 50)]
    keys: usize,
    /// Key presses on each dashboard, about one a second.
    #[arg(long, default_value_t = 10)]
    presses: usize,
    /// Events to track, one after the other.
    #[arg(long, default_value_t = 100)]
    events: u32,
    /// Seconds to listen to idle dashboards.
    #[arg(long, default_value_t = 10)]
    idle: u64,
    /// Seconds in which what every dashboard shows changes once a second; 0 leaves them out.
    #[arg(long, default_value_t = 0)]
    live: u32,
    /// Seconds in which all but one change their size five times a second while that one presses keys; 0 leaves them out.
    #[arg(long, default_value_t = 0)]
    storm: u32,
    /// Runs of the real `ssh`; 0 leaves them out.
    #[arg(long, default_value_t = 20)]
    execs: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut report = Report::new();
    report.line(&format!(
        "{} dashboards of {}, {} API keys; load average before {}",
        args.sessions,
        args.size,
        args.keys,
        report::load_average()?
    ))?;
    let folder = tempfile::tempdir()?;
    let daemon = started(&args, &folder, &mut report).await?;
    let person = client::make_person(&daemon, folder.path()).await?;
    let api = Api::sign_in(&daemon, &person).await?;
    let watched = api.fill(args.keys).await?;
    report.aside("memory after a password sign-in and making the keys", &daemon.memory()?.to_string())?;
    daemon.stop().await?;

    let daemon = started(&args, &folder, &mut report).await?;
    // What a start leaves behind for later is done when it has been quiet for a moment.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = daemon.memory()?;
    report.row("idle daemon, memory", &idle.to_string(), "30 MB")?;
    let (sessions, first) = opened(&args, &daemon, &person, &mut report).await?;
    let sessions = used(&args, &daemon, sessions, first, &mut report).await?;

    let api = api.moved(&daemon);
    let sessions = live(&args, &daemon, &api, &watched, sessions, &mut report).await?;
    let sessions = storm(&args, &daemon, sessions, &mut report).await?;
    let mut watcher = Dashboard::open(&person, &daemon, args.size).await?.dashboard;
    watcher.settle().await?;
    let took = measure::events(&api, &watched, (watcher, args.size), args.live, args.events).await?;
    report.row("event acknowledged to its frame", &report::spread(took.acknowledged), "250 ms")?;
    report.aside("the same from the request on", &report::spread(took.sent))?;
    try_join_all(sessions.into_iter().map(Dashboard::close)).await?;
    // Memory is given back a moment after the last of many has left.
    tokio::time::sleep(Duration::from_secs(8)).await;
    report.row("memory after all have left", &daemon.memory()?.to_string(), "20 MB above idle")?;
    report.row("sessions that it counts then", &api.open_dashboards().await?.to_string(), "0")?;
    if args.execs > 0 {
        let took = measure::execs(&person, &daemon, args.execs).await?;
        report.row("ssh HOST keys ls --json, start to exit", &report::spread(took), "120 ms")?;
    }
    report.line(&format!("load average after {}", report::load_average()?))?;
    daemon.stop().await
}

/// Starts the daemon and reports how long that took.
async fn started(args: &Args, folder: &TempDir, report: &mut Report) -> Result<Daemon> {
    let (daemon, took) = Daemon::start(&args.daemon, folder.path()).await?;
    let what =
        if report.is_empty() { "first start to both doors open" } else { "cold start to both doors open" };
    report.row(what, &report::ms(took), "1000 ms")?;
    Ok(daemon)
}

/// Opens the dashboards one after the other and reports their first frames; answers the memory with the first alone too,
/// which pays for what all share.
async fn opened(
    args: &Args,
    daemon: &Daemon,
    person: &Person,
    report: &mut Report,
) -> Result<(Vec<Dashboard>, Memory)> {
    let (mut sessions, mut first, mut full) = (Vec::new(), Vec::new(), Vec::new());
    let mut alone = daemon.memory()?;
    for number in 0..args.sessions {
        let mut opened = Dashboard::open(person, daemon, args.size).await?;
        if number == 0 {
            opened.dashboard.settle().await?;
            alone = daemon.memory()?;
            report.aside("memory with the first dashboard", &alone.to_string())?;
        }
        first.push(opened.first);
        full.push(opened.full);
        sessions.push(opened.dashboard);
    }
    try_join_all(sessions.iter_mut().map(Dashboard::settle)).await?;
    report.row("shell request to first frame", &report::spread(first), "50 ms")?;
    report.aside("shell request to the list on the screen", &report::spread(full))?;
    Ok((sessions, alone))
}

/// Leaves the dashboards alone, then presses keys on all of them; reports bytes, memory and frames.
async fn used(
    args: &Args,
    daemon: &Daemon,
    sessions: Vec<Dashboard>,
    first: Memory,
    report: &mut Report,
) -> Result<Vec<Dashboard>> {
    let (open, further) = (daemon.memory()?, args.sessions.saturating_sub(1));
    let cpu = daemon.cpu_ticks()?;
    let (sessions, bytes) = measure::idle(sessions, Duration::from_secs(args.idle)).await?;
    let spent = daemon.cpu_ticks()? - cpu;
    // An idle daemon, and so much for each.
    let each = if args.size.cells() > Size::USUAL { 200 } else { 100 };
    let (one, all) = (format!("{each} KB"), format!("{} MB", 40 + args.sessions * each / 1_000));
    report.row("each further dashboard, memory", &open.each_over(first, further), &one)?;
    report.row("daemon with all of them, memory", &open.to_string(), &all)?;
    report.row(&format!("bytes to all of them, idle, in {} s", args.idle), &bytes.to_string(), "0 bytes")?;
    report.aside("processor time of that", &format!("{spent} ticks of 10 ms"))?;
    let (sessions, took) = measure::presses(sessions, args.presses).await?;
    report.row("key press to its frame, all pressing", &report::spread(took), "15 ms p99")?;
    report.aside("each further dashboard after that", &daemon.memory()?.each_over(first, further))?;
    Ok(sessions)
}

/// Shows every dashboard's first page while a call a second comes in; reports memory, processor and frames.
async fn live(
    args: &Args,
    daemon: &Daemon,
    api: &Api,
    watched: &str,
    sessions: Vec<Dashboard>,
    report: &mut Report,
) -> Result<Vec<Dashboard>> {
    if args.live == 0 {
        return Ok(sessions);
    }
    let (sessions, spent, chunks) = measure::live(daemon, api, watched, sessions, args.live).await?;
    // Ticks are of 10 ms, so one a second is one hundredth of a core.
    let share = spent as f64 / f64::from(args.live);
    report.row("data changing once a second, processor", &format!("{share:.1} % of a core"), "35 %")?;
    report.row("the same, memory", &daemon.memory()?.to_string(), "150 MB")?;
    let each = chunks as f64 / f64::from(args.live) / args.sessions.max(1) as f64;
    report.aside("frames a second of each", &format!("{each:.2}"))?;
    Ok(sessions)
}

/// Changes the size of all but one; reports how long that one waits for its frames, and what the storm leaves behind.
async fn storm(
    args: &Args,
    daemon: &Daemon,
    sessions: Vec<Dashboard>,
    report: &mut Report,
) -> Result<Vec<Dashboard>> {
    if args.storm == 0 {
        return Ok(sessions);
    }
    let before = daemon.memory()?;
    let (sessions, took) = measure::storm(sessions, args.size, args.storm).await?;
    report.row("key press to its frame in a storm of sizes", &report::spread(took), "50 ms p99")?;
    report.aside("memory before and after the storm", &format!("{before}, then {}", daemon.memory()?))?;
    Ok(sessions)
}
