//! Drives the HTTP door and says how fast it answers. For measuring, by hand; nothing here is a test.
//!
//! ```text
//! cargo run --release -p keyward-api --example load -- track                    # a server of its own, on a fresh store
//! cargo run --release -p keyward-api --example load -- track --discard-usage    # the same server with nothing stored
//! cargo run --release -p keyward-api --example load -- live                     # clients that listen
//! cargo run --release -p keyward-api --example load -- track --api 127.0.0.1:8080 --email ana@example.com < password-file
//! ```
//!
//! The last one asks a running daemon, which needs `limits.exempt = ["127.0.0.0/8"]`.
//!
//! - `hello`: a fixed answer from the same libraries, with nothing of ours: the most that the machine gives, to compare the rest with.
//! - `track`: one durable event a request, by service token, over `--keys` keys and ten endpoints.
//! - `bulk`: `--batch` events a request as NDJSON.
//! - `value`: a key's value by service token.
//! - `list`: a page of 20 from the list, as a person.
//! - `search`: a page of 20 found by `--term`, as a person.
//! - `wrong-logins`: fetches at a fixed `--rate`, without and with `--logins` wrong passwords a second: what these do to those.
//! - `live`: `--subscribers` clients on WebSockets, each with one event a second, and one that never reads.
//!
//! The program runs on one thread and shares the machine with the server, so compare its figures with one another
//! and not with another machine's. Requests are made before the clock starts; connections are kept.

mod drive;
mod live;
mod own;
mod prepare;
mod wrong_logins;

use std::io::{Read, Write};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use drive::Outcome;
use own::OwnServer;

/// Whatever went wrong, for the person who measures.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// As in the daemon: what it costs belongs into the figures.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[derive(Parser)]
struct Args {
    /// What to ask for.
    mode: Mode,
    /// Address and port of a running daemon; without it, a server of our own is started.
    #[arg(long, requires = "email")]
    api: Option<String>,
    /// The account to sign in with at that daemon; its password is read from standard input.
    #[arg(long, requires = "api")]
    email: Option<String>,
    /// Our own server acknowledges events and stores none: the baseline.
    #[arg(long, conflicts_with = "api")]
    discard_usage: bool,
    /// How many callers at once, one run each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    callers: Vec<usize>,
    /// Seconds of each run, after one second of warming up.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Keys to spread the requests over; missing ones are made.
    #[arg(long, default_value_t = 100)]
    keys: usize,
    /// Events of one bulk request.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
    /// Clients that listen.
    #[arg(long, default_value_t = 5_000)]
    subscribers: usize,
    /// Fetches a second, in all, beside wrong passwords.
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// Wrong passwords a second.
    #[arg(long, default_value_t = 100)]
    logins: u32,
    /// What `search` looks for.
    #[arg(long, default_value = "load 7")]
    term: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Hello,
    Track,
    Bulk,
    Value,
    List,
    Search,
    WrongLogins,
    Live,
    /// The server that the last two measure, in a process of its own.
    #[value(hide = true)]
    Serve,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.mode == Mode::Serve {
        return live::serve();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args.mode {
        Mode::Live => return runtime.block_on(live::measure(&args)),
        Mode::WrongLogins => return runtime.block_on(wrong_logins::measure(&args)),
        _ => {}
    }
    if let (Some(api), Some(email)) = (&args.api, &args.email) {
        let mut password = String::new();
        std::io::stdin().read_to_string(&mut password)?;
        let account = (email.as_str(), password.trim_end_matches(['\r', '\n']));
        return runtime.block_on(measure(&args, api, account));
    }
    let server = match args.mode {
        Mode::Hello => OwnServer::start_hello()?,
        _ => OwnServer::start(args.discard_usage)?,
    };
    runtime.block_on(measure(&args, &server.address.to_string(), (own::EMAIL, own::PASSWORD)))?;
    server.stop()
}

async fn measure(args: &Args, api: &str, account: (&str, &str)) -> Result<()> {
    let requests = prepare::requests(args, api, account).await?;
    let events = if args.mode == Mode::Bulk { args.batch } else { 1 };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:>7} {:>11} {:>12} {:>9} {:>9} {:>9}",
        "callers", "requests/s", "events/s", "p50 ms", "p99 ms", "refused"
    )?;
    for callers in &args.callers {
        drive::run(api, &requests, *callers, Duration::from_secs(1)).await?;
        let time = Duration::from_secs(args.seconds);
        let outcome = drive::run(api, &requests, *callers, time).await?;
        report(&mut out, *callers, events, &outcome)?;
    }
    Ok(())
}

fn report(out: &mut impl Write, callers: usize, events: usize, outcome: &Outcome) -> Result<()> {
    let per_second = outcome.answered as f64 / outcome.time.as_secs_f64();
    writeln!(
        out,
        "{callers:>7} {per_second:>11.0} {:>12.0} {:>9.2} {:>9.2} {:>9}",
        per_second * events as f64,
        outcome.percentile(0.50).as_secs_f64() * 1e3,
        outcome.percentile(0.99).as_secs_f64() * 1e3,
        outcome.refused,
    )?;
    Ok(())
}
