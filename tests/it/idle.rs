//! Connections by the thousand on which nothing happens: they cost little, end by themselves, and everybody else,
//! from the same address too, goes on being served.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::daemon::{BINARY, PASSWORD, add_user, place};
use crate::harness::http::Http;
use crate::harness::process::Process;
use crate::harness::within;

/// Idle sockets of a flood; fewer where the system allows fewer.
const MANY: u64 = 10_000;
/// Files that the rest of this process may need.
const ROOM: u64 = 2_000;
/// What a flood may add to the daemon's memory, bytes: some for each of the 4,096 connections that it keeps at once.
const MEMORY: u64 = 4_096 * 40 * 1024;
/// Clients that never read.
const DEAF: usize = 40;

/// Raises this process's limit as far as it goes; answers how many sockets may be opened.
fn sockets() -> usize {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    MANY.min(most.saturating_sub(ROOM)) as usize
}

/// The daemon's resident memory, bytes.
fn memory(daemon: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

async fn is_served(http: &Http) {
    let http = http.keeping_none();
    let key = json!({ "name": "k", "service": "S", "apiKey": "sk-1" });
    let id = http.post("/api/keys", &key).await.expect(201)["_id"].as_str().unwrap().to_owned();
    http.post(&format!("/api/usage/{id}/track"), &json!({ "statusCode": 200 })).await.expect(201);
    assert!(http.send(http.request(Method::DELETE, &format!("/api/keys/{id}"))).await.status.is_success());
}

async fn until_closed(stream: &mut TcpStream) {
    // A reset is an end too.
    while within("an idle connection is ended", stream.read_u8()).await.is_ok() {}
}

fn start(more: &[&str]) -> (tempfile::TempDir, Process) {
    let (folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let settings = [&["api.header_timeout_seconds=2"], more].concat();
    (folder, Process::serve(BINARY.as_ref(), &data, &settings))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_silent_sockets_from_one_address_keep_nobody_from_being_served() {
    for settings in [&[][..], &["limits.exempt=[\"127.0.0.0/8\"]"]] {
        let (_folder, daemon) = start(settings);
        let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
        is_served(&http).await;
        let (before, started) = (memory(&daemon), Instant::now());
        let api: SocketAddr = daemon.api().trim_start_matches("http://").parse().unwrap();
        let mut open = Vec::new();
        for number in 0..sockets() {
            let mut stream = TcpStream::connect(api).await.unwrap();
            if number % 2 == 1 {
                // It may have had to give way already.
                let _ = stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
            }
            open.push(stream);
            if number % 1_000 == 999 {
                is_served(&http).await;
            }
        }
        is_served(&http).await;
        let grown = memory(&daemon).saturating_sub(before);
        println!("{} silent sockets in {:?}: {grown} bytes more", open.len(), started.elapsed());
        assert!(grown < MEMORY, "{grown} bytes");
        for stream in &mut open {
            until_closed(stream).await;
        }
        is_served(&http).await;
    }
}

/// A subscriber that takes nothing of what it is sent.
async fn deaf(api: SocketAddr, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(api).await.unwrap();
    let asked = format!(
        "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    within("an upgrade", stream.read_exact(&mut status)).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_that_never_read_keep_nobody_waiting_and_are_ended() {
    let (_folder, daemon) = start(&["limits.exempt=[\"127.0.0.0/8\"]"]);
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let api: SocketAddr = daemon.api().trim_start_matches("http://").parse().unwrap();
    let token = http.bearer.clone().unwrap();
    let key = json!({ "name": "told", "service": "S", "apiKey": "sk-1" });
    let path =
        format!("/api/keys/{}", http.post("/api/keys", &key).await.expect(201)["_id"].as_str().unwrap());
    let before = memory(&daemon);
    let mut open = Vec::new();
    for _ in 0..DEAF {
        open.push(deaf(api, &token).await);
    }
    let sessions = async || {
        let metrics = http.get("/metrics").await.text;
        let line =
            metrics.lines().find_map(|line| line.strip_prefix("keyward_sessions{kind=\"websocket\"} "));
        line.and_then(|count| count.parse::<usize>().ok()).unwrap_or(0)
    };
    assert_eq!(sessions().await, DEAF);
    // Each change is told to everybody, until what a socket takes unread is full, and then the queue behind it.
    let description = "x".repeat(990);
    let ended = Instant::now() + Duration::from_secs(60);
    while sessions().await > 0 {
        assert!(Instant::now() < ended, "{} are still there", sessions().await);
        for _ in 0..50 {
            http.patch(&path, &json!({ "description": description })).await.expect(200);
        }
        let grown = memory(&daemon).saturating_sub(before);
        assert!(grown < MEMORY, "{grown} bytes");
    }
    is_served(&http).await;
    drop(open);
}
