//! A server of a test, on a socket of its own: what it is asked it keeps, and it answers as it is told, also wrongly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::client::Client;
use super::connect::Lookup;
use super::{CallLimits, Inner, Outbound, OutboundSettings};
use crate::clock::Clock;

/// What a server was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// `METHOD path`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What it does then.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An answer: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// These bytes, whatever they are, and the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, for as long as the other side waits.
    Silence,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl ToString) -> Self {
        Self::Answer(status, vec![("content-type", "application/json".to_owned())], body.to_string())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }

    pub(crate) fn with(self, name: &'static str, value: impl ToString) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

type Script = dyn FnMut(&Asked) -> Reply + Send;

/// The server, until it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens on 127.0.0.1, and answers by the script.
    pub(crate) async fn start(script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { url, asked, task }
    }

    /// Everything it was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Everything it was asked, as lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Box<Script>>>, log: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    let reply = (script.lock().unwrap())(&asked);
    log.lock().unwrap().push(asked);
    let bytes = match reply {
        Reply::Silence => return drop(stream.read(&mut [0]).await),
        Reply::Raw(bytes) => bytes,
        Reply::Answer(status, headers, body) => {
            let headers: String =
                headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            format!(
                "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .into_bytes()
        }
    };
    // Whoever has heard enough goes.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let mut lines = head.split("\r\n");
            let mut first = lines.next()?.split(' ').map(str::to_owned);
            let header = |line: &str| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_ascii_lowercase(), value.trim().to_owned()))
            };
            let mut asked = Asked {
                method: first.next()?,
                path: first.next()?,
                headers: lines.filter_map(header).collect(),
                body: String::new(),
            };
            let length: usize = asked.header("content-length").parse().unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                asked.body = String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).ok()?;
                return Some(asked);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// 2026-11-26T00:00:00Z.
const NOW_MS: i64 = 1_795_651_200_000;

/// Calls that may reach this machine, and do not wait long. The clock stands at 2026-11-26T00:00:00Z.
pub(super) fn outbound() -> Outbound {
    with(&["127.0.0.0/8"], Duration::from_secs(10))
}

/// The same with networks and patience of one's own.
pub(super) fn with(allow: &[&str], total: Duration) -> Outbound {
    Outbound::new(settings(allow, total), Clock::fixed(NOW_MS))
}

/// The same again, with names looked up so.
pub(super) fn looking_up(allow: &[&str], total: Duration, lookup: Lookup) -> Outbound {
    let OutboundSettings { allow, limits, .. } = settings(allow, total);
    let client = Client::new(allow, limits, Clock::fixed(NOW_MS)).looking_up(lookup);
    Outbound(Arc::new(Inner { client, mailer: None, folder: None }))
}

fn settings(allow: &[&str], total: Duration) -> OutboundSettings {
    let limits = CallLimits { connect: total, total, answer: 64 * 1024, polling: Duration::from_secs(20) };
    let allow = allow.iter().map(|network| network.parse().unwrap()).collect();
    OutboundSettings { allow, limits, folder: None, mail: None }
}
