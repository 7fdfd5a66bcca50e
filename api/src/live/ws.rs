//! `GET /ws`: a plain WebSocket. Both sides send JSON, `{"event":…, "data":…}`; a client that adds an `id` finds it in
//! the answer. The token comes in `Authorization`, after the subprotocol `bearer`, or in the first message.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::response::Response;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Error as WsError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::message::Message;
use super::session::{Ack, Answer, Session, Wanted, too_many_connections};
use super::subscriber::{Delivery, Ending};
use crate::HttpDoor;
use crate::connections::Place;
use crate::input::{Fields, Search, Tree};
use crate::problem::Problem;
use crate::signed::{bearer, visit};

/// The longest message of a client, bytes: a thousand key ids, with room.
const LONGEST: usize = 64 * 1024;
/// Bytes read at once: clients say little.
const READ_BUFFER: usize = 4 * 1024;
/// Bytes that may wait to be written: some messages, for the queue before it is bounded by itself.
const WRITE_BUFFER: usize = 256 * 1024;
/// How often a silent client is asked whether it is there.
const PING: Duration = Duration::from_secs(25);
/// A client that has said nothing for so long, not even to a ping, is gone.
const GONE: Duration = Duration::from_secs(60);
/// What a client has not taken after this long, it will not take.
const UNSENT: Duration = Duration::from_secs(15);
/// How long the other side has to read a close frame, whatever it is in the middle of sending.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The subprotocol under which a browser can send a token: the next one in its list.
const BEARER: &str = "bearer";

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(open))
}

/// What happens, as it happens, over a WebSocket.
///
/// Both sides send JSON, `{"event":…, "data":…}`. The client's events are `authenticate` (the token, unless it came with
/// the handshake), `subscribe_usage` (`{"apiKeyIds":[…]}`, or nothing for every key), `subscribe_notifications`, and
/// `unsubscribe_` either; each is answered by an `ack`, with the client's `id` if it gave one. The server's are
/// `authenticated`, `usage_update`, `api_key_update`, `notification`, `system_alert`, `resync` (events were missed) and
/// `session_ended`. `/socket.io/` carries the same for clients of Socket.IO 4.
#[utoipa::path(get, path = "/ws", tag = "live", security((), ("bearer" = [])),
    params(("since" = Option<String>, Query, description = "The `seq` of the last event seen, to go on from")),
    responses(
        (status = 101, description = "From here on it is a WebSocket"),
        (status = 401, description = "A token was sent, and is not good"),
        (status = 403, description = "A page of another origin, or a token from another network"),
    ))]
async fn open(
    State(door): State<HttpDoor>,
    Search(mut search): Search,
    request: Request,
) -> Result<Response, Problem> {
    let after = search.text("since");
    search.finish()?;
    let (mut parts, _) = request.into_parts();
    let mut upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &door).await.map_err(|refused| {
        Problem::of_status(axum::response::IntoResponse::into_response(refused).status())
    })?;
    let visit = visit(&parts)?;
    let place = door.live.socket_place(visit.address()).ok_or_else(too_many_connections)?;
    let mut session = Session::new(door.clone(), visit, "websocket");
    let offered = offered_token(&upgrade);
    if offered.is_some() {
        upgrade.set_selected_protocol(HeaderValue::from_static(BEARER));
    }
    let welcome = match bearer(&parts.headers).map(ToOwned::to_owned).or(offered) {
        Some(token) => Some(session.authenticate(&token, Wanted { after, ..Wanted::default() }).await?),
        None => None,
    };
    let tasks = door.live.tasks.clone();
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(LONGEST)
        .max_frame_size(LONGEST)
        .on_upgrade(move |socket| tasks.track_future(Talk { socket, session, _place: place }.run(welcome))))
}

/// The token after `bearer` among the subprotocols.
fn offered_token(upgrade: &WebSocketUpgrade) -> Option<String> {
    let mut offered = upgrade
        .requested_protocols()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .skip_while(|protocol| !protocol.eq_ignore_ascii_case(BEARER));
    offered.nth(1).map(ToOwned::to_owned)
}

/// How a conversation ends: with these words, or because the other side is gone.
enum End {
    Close(u16, &'static str),
    Gone,
}

impl From<Ending> for End {
    fn from(ending: Ending) -> Self {
        Self::Close(ending.code(), ending.text())
    }
}

struct Talk {
    socket: WebSocket,
    session: Session,
    _place: Place,
}

impl Talk {
    async fn run(mut self, welcome: Option<Message>) {
        let end = match self.converse(welcome).await {
            Ok(()) | Err(End::Gone) => return,
            Err(End::Close(code, reason)) => Frame::Close(Some(CloseFrame { code, reason: reason.into() })),
        };
        if timeout(UNSENT, self.socket.send(end)).await.is_ok_and(|sent| sent.is_ok()) {
            // To close at once would be a reset, which may overtake the frame.
            let _ = timeout(LAST_WORDS, async { while let Some(Ok(_)) = self.socket.recv().await {} }).await;
        }
    }

    async fn converse(&mut self, welcome: Option<Message>) -> Result<(), End> {
        if let Some(welcome) = welcome {
            self.send(&welcome).await?;
        }
        let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                delivery = self.session.next() => match delivery {
                    Delivery::Message(message) => self.send(&message).await?,
                    Delivery::End(ending) => {
                        self.send(&ending.message()).await?;
                        return Err(ending.into());
                    }
                },
                frame = self.socket.recv() => {
                    heard = Instant::now();
                    self.take(frame).await?;
                }
                _ = ping.tick() => {
                    if heard.elapsed() > GONE {
                        return Err(End::Gone);
                    }
                    self.write(Frame::Ping(Default::default())).await?;
                }
            }
        }
    }

    async fn take(&mut self, frame: Option<Result<Frame, axum::Error>>) -> Result<(), End> {
        match frame {
            Some(Ok(Frame::Text(text))) => self.answer(&text).await,
            Some(Ok(Frame::Binary(_))) => Err(End::Close(1003, "messages are text, in JSON")),
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => Ok(()),
            // The library has answered the close frame.
            Some(Ok(Frame::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => Err(broken(error)),
        }
    }

    async fn answer(&mut self, text: &str) -> Result<(), End> {
        let (event, data, id) = match read(text) {
            Ok(asked) => asked,
            Err(_) => return Err(End::Close(1007, "a message is {\"event\":\"…\",\"data\":…}, in JSON")),
        };
        let Answer { ack, message, end } = self.session.handle(&event, data).await;
        if let Some(message) = message {
            self.send(&message).await?;
        }
        self.send(&Message::new("ack", None, &Acknowledged { to: &event, id, ack })).await?;
        match end {
            Some(ending) => Err(ending.into()),
            None => Ok(()),
        }
    }

    async fn send(&mut self, message: &Message) -> Result<(), End> {
        self.write(Frame::Text(message.text())).await
    }

    async fn write(&mut self, frame: Frame) -> Result<(), End> {
        match timeout(UNSENT, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// The answer to one client event.
#[derive(Serialize)]
struct Acknowledged<'a> {
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(flatten)]
    ack: Ack,
}

/// A client's message: its event, its data, and the number by which it wants to know the answer.
fn read(text: &str) -> Result<(String, Tree, Option<u64>), Problem> {
    let mut fields = Fields::parse(text.as_bytes())?;
    let event = fields.required_text("event");
    let data = fields.tree("data");
    let id = fields.number("id");
    fields.finish()?;
    Ok((event, data, id))
}

/// Why nothing more can be read.
fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast::<WsError>().map(|error| *error) {
        Ok(WsError::Capacity(_)) => End::Close(1009, "a message is 64 KiB at most"),
        Ok(WsError::Utf8(_)) => End::Close(1007, "a message is UTF-8"),
        Ok(WsError::Protocol(_)) => End::Close(1002, "this is not the WebSocket protocol"),
        _ => End::Gone,
    }
}
