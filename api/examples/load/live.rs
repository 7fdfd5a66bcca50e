//! Thousands of clients on plain WebSockets, one event a second for each, and one that never reads: what they cost the
//! server, which runs in a process of its own, and how late they hear.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::own::{self, OwnServer};
use crate::prepare::Site;
use crate::{Args, Result};

/// Connections that are opened at once.
const OPENING: usize = 64;
/// Ticks a second of the processor times in /proc (proc_pid_stat(5)).
const TICKS: f64 = 100.0;

/// The server's own process: says where it is, and goes when its input ends.
pub(crate) fn serve() -> Result<()> {
    allow_files()?;
    let server = OwnServer::start(false)?;
    writeln!(std::io::stdout(), "{}", server.address)?;
    std::io::stdin().lines().for_each(drop);
    server.stop()
}

pub(crate) async fn measure(args: &Args) -> Result<()> {
    allow_files()?;
    let server = Server::start()?;
    let site = Site::new(&server.address);
    let person = site.sign_in(own::EMAIL, own::PASSWORD).await?;
    let keys: Arc<[String]> = site.keys(&person, args.keys).await?.into();
    let heard =
        Arc::new(Heard { since: Instant::now(), late_us: Mutex::default(), missed: AtomicU64::new(0) });
    tell(&server.address, &person, &keys, Duration::from_secs(1), &heard).await?;

    let before = server.resident()?;
    let mut clients = JoinSet::new();
    let mut opening = JoinSet::new();
    for number in 0..args.subscribers {
        let (address, person, keys) = (server.address.clone(), person.clone(), keys.clone());
        opening.spawn(async move { open(&address, &person, &keys[number % keys.len()]).await });
        if opening.len() >= OPENING || number + 1 == args.subscribers {
            while let Some(client) = opening.join_next().await {
                clients.spawn(listen(client??, heard.clone()));
            }
        }
    }
    // One that never reads, of all keys.
    let slow = connect(&server.address, &person).await?;
    let per_client = (server.resident()? - before) / args.subscribers as f64;

    let (cpu, started) = (server.cpu()?, Instant::now());
    tell(&server.address, &person, &keys, Duration::from_secs(args.seconds), &heard).await?;
    let busy = (server.cpu()? - cpu) / started.elapsed().as_secs_f64();
    drop(slow);
    let mut late = std::mem::take(&mut *heard.late_us.lock().unwrap_or_else(PoisonError::into_inner));
    late.sort_unstable();
    let percentile = |part: f64| {
        late.get(((late.len().max(1) - 1) as f64 * part).round() as usize).map_or(0.0, |us| *us as f64 / 1e3)
    };
    writeln!(
        std::io::stdout(),
        "{:>11} {:>10} {:>14} {:>14} {:>9} {:>9} {:>8}\n{:>11} {:>10.0} {:>13.1}% {:>14.1} {:>9.1} {:>9.1} {:>8}",
        "subscribers",
        "events/s",
        "of one core",
        "KB/subscriber",
        "p50 ms",
        "p99 ms",
        "resyncs",
        args.subscribers,
        late.len() as f64 / started.elapsed().as_secs_f64(),
        busy * 100.0,
        per_client,
        percentile(0.50),
        percentile(0.99),
        heard.missed.load(Ordering::Relaxed),
    )?;
    clients.abort_all();
    server.stop()
}

/// What all clients heard.
struct Heard {
    /// Times in endpoints count from here.
    since: Instant,
    late_us: Mutex<Vec<u64>>,
    missed: AtomicU64,
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(address: &str, person: &str) -> Result<Socket> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    request.headers_mut().insert("authorization", HeaderValue::try_from(format!("Bearer {person}"))?);
    let config = WebSocketConfig::default().read_buffer_size(1024);
    let stream = TcpStream::connect(address).await?;
    Ok(client_async_with_config(request, stream, Some(config)).await?.0)
}

/// A client that hears of one key.
async fn open(address: &str, person: &str, key: &str) -> Result<Socket> {
    let mut socket = connect(address, person).await?;
    let wanted = json!({"event": "subscribe_usage", "data": {"apiKeyIds": [key]}});
    socket.send(Message::text(wanted.to_string())).await?;
    while let Some(message) = socket.next().await {
        if message?.to_text().is_ok_and(|text| text.contains("\"ok\":true")) {
            return Ok(socket);
        }
    }
    Err("a client was not let in".into())
}

async fn listen(mut socket: Socket, heard: Arc<Heard>) {
    while let Some(Ok(message)) = socket.next().await {
        let Ok(text) = message.to_text() else { continue };
        let Ok(message) = serde_json::from_str::<Value>(text) else { continue };
        if message["event"] == "resync" {
            heard.missed.fetch_add(1, Ordering::Relaxed);
        }
        let sent = message["data"]["usage"]["endpoint"].as_str().and_then(|path| path[1..].parse().ok());
        if let Some(sent) = sent {
            let late = (heard.since.elapsed().as_micros() as u64).saturating_sub(sent);
            heard.late_us.lock().unwrap_or_else(PoisonError::into_inner).push(late);
        }
    }
}

/// Reports one call of each key every second, evenly; the endpoint says when.
async fn tell(address: &str, person: &str, keys: &[String], time: Duration, heard: &Heard) -> Result<()> {
    let site = Site::new(address);
    let mut pace = tokio::time::interval(Duration::from_secs(1) / u32::try_from(keys.len())?);
    let until = Instant::now() + time;
    for key in keys.iter().cycle() {
        pace.tick().await;
        if Instant::now() > until {
            return Ok(());
        }
        let endpoint = format!("/{}", heard.since.elapsed().as_micros());
        site.track(person, key, &json!({"endpoint": endpoint, "statusCode": 200})).await?;
    }
    Ok(())
}

/// The server's process.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = child.stdout.take().ok_or("no output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    /// Resident memory, KB.
    fn resident(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1.024)
    }

    /// Processor time so far, seconds.
    fn cpu(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("an unknown form of stat")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<std::result::Result<f64, _>>()? / TICKS)
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

/// Each connection is a file on both sides.
fn allow_files() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}
