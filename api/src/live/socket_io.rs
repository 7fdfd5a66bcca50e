//! `/socket.io/`: the specification's own client, over polling, WebSocket, or one after the other. The library starts a
//! task for every packet, so packets are put into a queue at the one place where they are still in order, and one task
//! for each socket works through it: a subscription waits for the authentication before it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{AckSender, Extension, SocketRef, TryData};
use socketioxide::handler::{ConnectHandler, FromMessageParts, MessageHandler, Value as Packet};
use socketioxide::socket::Socket;
use socketioxide::{SendError, SocketError, SocketIo};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::message::Message;
use super::session::{Ack, Answer, Session, Wanted, too_many_connections};
use super::subscriber::{Delivery, Ending};
use crate::HttpDoor;
use crate::edge::Visit;
use crate::input::Tree;
use crate::problem::Problem;
use crate::signed::{bearer, visit};

/// The longest message of a client, and the longest body of its requests, bytes.
const LONGEST: usize = 64 * 1024;
/// Packets that wait to be sent to one client.
const UNSENT_PACKETS: usize = 128;
/// Events of one client that wait to be looked at. Who sends more at once is cut off.
const UNREAD_EVENTS: usize = 64;
/// How often a full connection is tried again.
const AGAIN: Duration = Duration::from_millis(50);
/// What a client has not taken after this long, it will not take.
const UNSENT: Duration = Duration::from_secs(15);

/// The route, and the handle by which every connection is closed.
pub(super) fn routes(door: &HttpDoor) -> (Router<HttpDoor>, SocketIo) {
    let patience = Duration::from_secs(door.settings.api.header_timeout_seconds.get().into());
    let (service, io) = SocketIo::builder()
        .max_payload(LONGEST as u64)
        .ws_max_message_size(LONGEST)
        .ws_max_frame_size(LONGEST)
        .max_buffer_size(UNSENT_PACKETS)
        .connect_timeout(patience)
        .build_svc();
    let own = door.clone();
    // Before the connection is acknowledged: a client may send its first event right after that.
    let introduce = move |socket: SocketRef, TryData(auth): TryData<Handshake>| {
        introduce(own.clone(), socket, auth.unwrap_or_default())
    };
    io.ns("/", connected.with(introduce));
    let route = Router::new()
        .route_service("/socket.io/", service)
        .layer(from_fn_with_state(door.clone(), take_place));
    (route, io)
}

/// Gives each new connection a place, which it holds for as long as the library keeps its first request.
async fn take_place(
    State(door): State<HttpDoor>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let query = request.uri().query().unwrap_or_default();
    if !query.split('&').any(|pair| pair.starts_with("sid=")) {
        let visit = request.extensions().get::<Arc<Visit>>().ok_or_else(Problem::of_panic)?;
        let place = door.live.sockets.admit(visit.address()).ok_or_else(too_many_connections)?;
        request.extensions_mut().insert(Arc::new(place));
    }
    Ok(next.run(request).await)
}

/// What `io(url, {auth: …})` sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Handshake {
    token: Option<String>,
    /// The `seq` of the last event seen.
    since: Option<String>,
}

/// Why a connection is refused: the client's `connect_error`.
struct Refusal(Problem);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.detail())
    }
}

/// A conversation that has not begun yet.
#[derive(Clone)]
struct Prepared(Arc<Mutex<Option<Talk>>>);

async fn introduce(door: HttpDoor, socket: SocketRef, auth: Handshake) -> Result<(), Refusal> {
    let request = socket.req_parts();
    let mut session = Session::new(door, visit(request).map_err(Refusal)?, "socket.io");
    let token = auth.token.or_else(|| bearer(&request.headers).map(ToOwned::to_owned));
    let mut welcome = None;
    if let Some(token) = token {
        let wanted = Wanted { after: auth.since, ..Wanted::default() };
        welcome = Some(session.authenticate(&token, wanted).await.map_err(Refusal)?);
    }
    let (sender, asked) = mpsc::channel(UNREAD_EVENTS);
    let gone = CancellationToken::new();
    let told = gone.clone();
    socket.on_fallback(Queue(sender));
    socket.on_disconnect(async move || told.cancel());
    let talk = Talk { session, asked, welcome, gone };
    socket.extensions.insert(Prepared(Arc::new(Mutex::new(Some(talk)))));
    Ok(())
}

async fn connected(socket: SocketRef, Extension(prepared): Extension<Prepared>) {
    let talk = prepared.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(talk) = talk {
        talk.session.tasks().track_future(talk.run(socket)).await;
    }
}

/// One event of a client.
struct Asked {
    event: String,
    data: Result<Tree, Problem>,
    ack: AckSender,
}

/// Takes every event of a socket, in the order of its packets.
struct Queue(mpsc::Sender<Asked>);

impl MessageHandler<LocalAdapter, Queue> for Queue {
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, mut packet: Packet, ack: Option<i64>) {
        let (event, data) = match read(&packet) {
            Ok((event, data)) => (event, Ok(data)),
            Err(problem) => (String::new(), Err(problem)),
        };
        let Ok(ack) = AckSender::from_message_parts(&socket, &mut packet, &ack);
        if self.0.try_send(Asked { event, data, ack }).is_err() {
            // Gone already is as good.
            let _ = socket.disconnect();
        }
    }
}

/// An event's name, and its one argument; null when there is none.
fn read(packet: &Packet) -> Result<(String, Tree), Problem> {
    let shape = || Problem::malformed("an event has a name and at most one argument, in JSON");
    let Packet::Str(text, binary) = packet else { return Err(shape()) };
    if binary.as_ref().is_some_and(|parts| !parts.is_empty()) {
        return Err(Problem::malformed("binary attachments are not taken"));
    }
    let Tree::List(arguments) = Tree::parse(text.as_bytes())? else { return Err(shape()) };
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(Tree::Text(event)), data, None) => Ok((event, data.unwrap_or(Tree::Null))),
        _ => Err(shape()),
    }
}

/// The other side takes nothing any more.
struct Gone;

/// One socket's conversation.
struct Talk {
    session: Session,
    asked: mpsc::Receiver<Asked>,
    welcome: Option<Message>,
    gone: CancellationToken,
}

impl Talk {
    async fn run(mut self, socket: SocketRef) {
        let ending = self.converse(&socket).await;
        match ending {
            // Its transport is closed with all others, so that the client comes back by itself.
            Ok(Some(Ending::Closing)) | Ok(None) => {}
            Ok(Some(ending)) => {
                let _ = emit(&socket, &ending.message()).await;
                let _ = socket.disconnect();
            }
            Err(Gone) => {
                let _ = socket.disconnect();
            }
        }
    }

    /// Goes on until it ends, or the client has left by itself.
    async fn converse(&mut self, socket: &SocketRef) -> Result<Option<Ending>, Gone> {
        if let Some(welcome) = self.welcome.take() {
            emit(socket, &welcome).await?;
        }
        loop {
            tokio::select! {
                biased;
                () = self.gone.cancelled() => return Ok(None),
                Some(asked) = self.asked.recv() => {
                    if let Some(ending) = self.answer(socket, asked).await? {
                        return Ok(Some(ending));
                    }
                }
                delivery = self.session.next() => match delivery {
                    Delivery::Message(message) => emit(socket, &message).await?,
                    Delivery::End(ending) => return Ok(Some(ending)),
                },
            }
        }
    }

    async fn answer(&mut self, socket: &SocketRef, asked: Asked) -> Result<Option<Ending>, Gone> {
        let Answer { ack, message, end } = match asked.data {
            Ok(data) => self.session.handle(&asked.event, data).await,
            Err(problem) => Answer { ack: Ack::of(&Err(problem)), message: None, end: None },
        };
        if let Some(message) = message {
            emit(socket, &message).await?;
        }
        asked.ack.send(&ack).map_err(|_| Gone)?;
        Ok(end)
    }
}

/// Sends an event; waits, but not for ever, for a client that is slow to take it.
async fn emit(socket: &SocketRef, message: &Message) -> Result<(), Gone> {
    let data: &RawValue = serde_json::from_str(message.data()).map_err(|_| Gone)?;
    let until = Instant::now() + UNSENT;
    loop {
        match socket.emit(message.event, data) {
            Ok(()) => return Ok(()),
            Err(SendError::Socket(SocketError::InternalChannelFull)) if Instant::now() < until => {
                tokio::time::sleep(AGAIN).await;
            }
            Err(_) => return Err(Gone),
        }
    }
}
