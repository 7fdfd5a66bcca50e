//! `GET /terminal/socket`: one browser's WebSocket. Its first message says who it is and how large its terminal is,
//! `{"token":…, "cols":…, "rows":…}`, so that no token is in an address. Then what is typed comes in binary messages and new
//! sizes in text, `{"cols":…, "rows":…}`; what is to be seen goes out in binary. How it ended is in the close frame.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use keyward_keys::{Door, Origin};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{Arrival, Opened, TerminalEnd, Terminals};
use crate::HttpDoor;
use crate::input::Fields;
use crate::live::{prove, too_many_connections};
use crate::problem::Problem;
use crate::signed::visit;

/// The longest message of a browser, bytes; the page sends less at a time.
const LONGEST: usize = 64 * 1024;
/// Input that is taken at once (a large paste), and how much comes back each second, in bytes: as over SSH, but that more
/// waits in the browser instead of being lost.
const BURST: f64 = 1024.0 * 1024.0;
const SUSTAINED: f64 = 64.0 * 1024.0;
/// How often a browser is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// One that has said nothing for so long, not even to that, is gone.
const GONE: Duration = Duration::from_secs(60);
/// What a browser has not taken after this long, it will not take.
const UNSENT: Duration = Duration::from_secs(30);
/// How long the other side has to read a close frame, whatever it is in the middle of sending.
const LAST_WORDS: Duration = Duration::from_secs(2);

type Incoming = SplitStream<WebSocket>;
type Outgoing = SplitSink<WebSocket, Frame>;

pub(super) async fn open(
    State(door): State<HttpDoor>,
    terminals: Terminals,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &door).await;
    let upgrade = upgrade.map_err(|refused| Problem::of_status(refused.into_response().status()))?;
    let visit = visit(&parts)?;
    let place = door.live.socket_place(visit.address()).ok_or_else(too_many_connections)?;
    let guest = Guest {
        origin: Origin { door: Door::WebSocket, ..visit.origin },
        client: text(&parts.headers, header::USER_AGENT).to_owned(),
        host: host_name(text(&parts.headers, header::HOST)),
        door: door.clone(),
    };
    let talk = move |socket| async move {
        guest.attend(socket, &terminals).await;
        drop(place);
    };
    let tasks = door.terminal_tasks.clone();
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
    Ok(upgrade.on_upgrade(move |socket| tasks.track_future(talk(socket))))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The name in a `Host` header, without its port, and only if it is one: it is shown, and part of commands to copy.
fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let is_name = !name.is_empty() && !name.starts_with('-') && name.len() < 256 && name.bytes().all(plain);
    if is_name { name.trim_matches(['[', ']']).to_owned() } else { "localhost".to_owned() }
}

/// A browser that has connected.
struct Guest {
    door: HttpDoor,
    origin: Origin,
    client: String,
    host: String,
}

/// What a browser says first.
struct Hello {
    token: SecretString,
    size: (u16, u16),
}

impl Guest {
    async fn attend(self, socket: WebSocket, terminals: &Terminals) {
        let (outgoing, mut incoming) = socket.split();
        let patience = Duration::from_secs(self.door.settings.api.header_timeout_seconds.get().into());
        let admitted = match timeout(patience, hello(&mut incoming)).await {
            Ok(Some(Ok(hello))) => self.admit(hello),
            Ok(Some(Err(problem))) => Err(problem),
            Ok(None) => return,
            Err(_) => Err(Problem::of_status(axum::http::StatusCode::REQUEST_TIMEOUT)),
        };
        match admitted {
            Ok(arrival) => {
                // Counted among their live connections for as long as it lasts.
                let place = self.door.live.place(&arrival.caller);
                match place {
                    Some(_place) => carry(outgoing, incoming, terminals.open(arrival)).await,
                    None => close(outgoing, incoming, refusal(&too_many_connections())).await,
                }
            }
            Err(problem) => close(outgoing, incoming, refusal(&problem)).await,
        }
    }

    fn admit(&self, hello: Hello) -> Result<Arrival, Problem> {
        let caller = prove(&self.door, self.origin, hello.token.expose_secret())?;
        Ok(Arrival { caller, client: self.client.clone(), host: self.host.clone(), size: hello.size })
    }
}

/// The first message; none when the browser is gone before.
async fn hello(incoming: &mut Incoming) -> Option<Result<Hello, Problem>> {
    loop {
        match incoming.next().await?.ok()? {
            Frame::Text(text) => return Some(read_hello(&text)),
            Frame::Binary(_) => return Some(Err(Problem::malformed("the first message says who you are"))),
            Frame::Ping(_) | Frame::Pong(_) => {}
            Frame::Close(_) => return None,
        }
    }
}

fn read_hello(text: &str) -> Result<Hello, Problem> {
    let mut fields = Fields::parse(text.as_bytes())?;
    let token = fields.required_secret("token");
    let size = size(&mut fields);
    fields.finish()?;
    Ok(Hello { token, size })
}

fn read_size(text: &str) -> Option<(u16, u16)> {
    let mut fields = Fields::parse(text.as_bytes()).ok()?;
    let size = size(&mut fields);
    fields.finish().ok().map(|()| size)
}

/// Columns and rows; 0 where nothing is said.
fn size(fields: &mut Fields) -> (u16, u16) {
    (fields.number("cols").unwrap_or(0), fields.number("rows").unwrap_or(0))
}

/// Carries bytes both ways until the dashboard has ended and its last frame is sent.
async fn carry(mut outgoing: Outgoing, incoming: Incoming, opened: Opened) {
    let Opened { input, resize, output, gone, run } = opened;
    // By itself, so that what is typed arrives while a frame waits for a slow browser.
    let listening = tokio::spawn(listen(incoming, input, resize, gone.clone()));
    let (end, ()) = tokio::join!(run, show(&mut outgoing, output, &gone));
    let _ = timeout(UNSENT, outgoing.send(Frame::Close(Some(frame(&end))))).await;
    let stop = listening.abort_handle();
    // To close at once would be a reset, which may overtake the frame.
    if timeout(LAST_WORDS, listening).await.is_err() {
        stop.abort();
    }
}

/// Hands on what comes until the other side has closed. A dashboard that is behind makes the browser wait.
async fn listen(
    mut incoming: Incoming,
    input: mpsc::Sender<Bytes>,
    resize: Box<dyn Fn(u16, u16) + Send + Sync>,
    gone: CancellationToken,
) {
    let _gone = gone.drop_guard();
    let mut meter = Meter { allowance: BURST, at: Instant::now() };
    while let Ok(Some(Ok(frame))) = timeout(GONE, incoming.next()).await {
        match frame {
            Frame::Binary(bytes) => {
                tokio::time::sleep(meter.take(bytes.len(), Instant::now())).await;
                // After the end nobody takes it; the close frame is still to come.
                let _ = input.send(bytes).await;
            }
            Frame::Text(text) => match read_size(&text) {
                Some((cols, rows)) => resize(cols, rows),
                None => return,
            },
            Frame::Ping(_) | Frame::Pong(_) => {}
            Frame::Close(_) => return,
        }
    }
}

/// How much input may still come.
struct Meter {
    allowance: f64,
    at: Instant,
}

impl Meter {
    /// Counts so many bytes; answers how long they have to wait.
    fn take(&mut self, bytes: usize, now: Instant) -> Duration {
        let earned = now.duration_since(self.at).as_secs_f64() * SUSTAINED;
        self.at = now;
        self.allowance = (self.allowance + earned).min(BURST) - bytes as f64;
        Duration::from_secs_f64((-self.allowance).max(0.0) / SUSTAINED)
    }
}

/// Sends what is to be seen, until there is no more, or the browser takes none.
async fn show(outgoing: &mut Outgoing, mut output: mpsc::Receiver<Bytes>, gone: &CancellationToken) {
    let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
    loop {
        let frame = tokio::select! {
            bytes = output.recv() => match bytes {
                Some(bytes) => Frame::Binary(bytes),
                None => return,
            },
            _ = ping.tick() => Frame::Ping(Bytes::new()),
        };
        if !matches!(timeout(UNSENT, outgoing.send(frame)).await, Ok(Ok(()))) {
            gone.cancel();
            return;
        }
    }
}

async fn close(mut outgoing: Outgoing, mut incoming: Incoming, frame: CloseFrame) {
    if timeout(UNSENT, outgoing.send(Frame::Close(Some(frame)))).await.is_ok_and(|sent| sent.is_ok()) {
        let _ = timeout(LAST_WORDS, async { while let Some(Ok(_)) = incoming.next().await {} }).await;
    }
}

/// The close frame of a dashboard. The page reads the code (RFC 6455, section 7.4) and shows the reason.
fn frame(end: &TerminalEnd) -> CloseFrame {
    let (code, reason) = match end {
        TerminalEnd::Left => (1000, "You left."),
        TerminalEnd::SignedOut => (4401, "What you signed in with is no longer good."),
        TerminalEnd::TimedOut(why) => (4408, *why),
        TerminalEnd::Refused(why) => return closing(4429, why),
        TerminalEnd::Restarting => (1012, "Keyward is restarting."),
        TerminalEnd::Failed => (1011, "The screen failed; nothing was lost."),
    };
    closing(code, reason)
}

/// The close frame of whoever is not let in.
fn refusal(problem: &Problem) -> CloseFrame {
    let code = match problem.status().as_u16() {
        401 => 4401,
        408 => 4408,
        _ => 4429,
    };
    closing(code, problem.detail())
}

/// Fits a reason into a close frame, whose payload is 125 bytes at most.
fn closing(code: u16, reason: &str) -> CloseFrame {
    let end = reason.floor_char_boundary(120);
    CloseFrame { code, reason: reason[..end].into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for (host, name) in [
            ("keys.example.com:8080", "keys.example.com"),
            ("keys.example.com", "keys.example.com"),
            ("[::1]:8080", "::1"),
            ("127.0.0.1:1", "127.0.0.1"),
            ("", "localhost"),
            ("-oProxyCommand=x", "localhost"),
            ("a b; rm -rf", "localhost"),
            ("a\u{1b}[2J", "localhost"),
        ] {
            assert_eq!(host_name(host), name, "{host:?}");
        }
    }

    #[test]
    fn a_flood_of_input_waits_and_a_paste_does_not() {
        let start = Instant::now();
        let mut meter = Meter { allowance: BURST, at: start };
        assert_eq!(meter.take(1024 * 1024, start), Duration::ZERO);
        assert_eq!(meter.take(64 * 1024, start), Duration::from_secs(1));
        assert_eq!(meter.take(1024 * 1024, start + Duration::from_secs(60)), Duration::ZERO);
    }

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        let long = "ä".repeat(100);
        assert_eq!(closing(1000, &long).reason.len(), 120);
    }
}
