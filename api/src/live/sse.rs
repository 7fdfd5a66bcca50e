//! `GET /api/events`: server-sent events, for `curl -N` and for whatever lies behind a proxy that knows nothing else.
//! The place of each event is its id, so that a client which was cut off goes on by itself.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filter::Kind;
use super::message::Message;
use super::session::{Session, Wanted, too_many_connections};
use super::subscriber::Delivery;
use crate::HttpDoor;
use crate::connections::Place;
use crate::input::{Fields, Search};
use crate::problem::Problem;
use crate::signed::{bearer, visit};

/// A comment goes out after so long a silence, so that nothing on the way takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(3);
/// Tells nginx not to gather the stream.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(events))
}

/// What happens, as it happens, as server-sent events.
///
/// The events are those of `/ws`; the `id` of each is its `seq`, which a client that was cut off sends back as
/// `Last-Event-ID`.
#[utoipa::path(get, path = "/api/events", tag = "live",
    params(
        ("events" = Option<String>, Query, description = "The kinds of events, with commas between; all when empty"),
        ("apiKeyIds" = Option<String>, Query, description = "Usage of these keys alone, with commas between"),
        ("since" = Option<String>, Query, description = "The `seq` of the last event seen, to go on from"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it"),
    ),
    responses(
        (status = 200, description = "A stream without an end", content_type = "text/event-stream", body = String),
    ))]
async fn events(
    State(door): State<HttpDoor>,
    Search(mut search): Search,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let wanted = wanted(&mut search, &headers);
    search.finish()?;
    let (parts, _) = request.into_parts();
    let visit = visit(&parts)?;
    let token = bearer(&headers).ok_or(keyward_keys::Error::Unauthenticated);
    let place = door.live.sockets.admit(visit.address()).ok_or_else(too_many_connections)?;
    let mut session = Session::new(door.clone(), visit, "events");
    let welcome = session.authenticate(token?, wanted).await?;
    let stream = Listening { session, welcome: Some(Arc::new(welcome)), over: false, _place: place };
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(([UNBUFFERED], Sse::new(stream.into_stream()).keep_alive(keep_alive)).into_response())
}

fn wanted(search: &mut Fields, headers: &HeaderMap) -> Wanted {
    let ids = search.text("apiKeyIds");
    Wanted {
        kinds: kinds(search),
        usage_of: ids.map(|ids| ids.split(',').map(ToOwned::to_owned).collect()),
        after: last_seen(headers).or(search.text("since")),
    }
}

/// The kinds that `?events=` names; all of them without it.
fn kinds(search: &mut Fields) -> Option<HashSet<Kind>> {
    let names = search.text("events")?;
    let kind = |name: &str| Kind::ALL.into_iter().find(|kind| kind.name() == name.trim());
    let kinds: Vec<_> = names.split(',').map(kind).collect();
    if kinds.contains(&None) {
        let known = Kind::ALL.map(Kind::name).join(", ");
        search.fault("events", format!("must be some of {known}, with commas between"));
    }
    Some(kinds.into_iter().flatten().collect())
}

/// `Last-Event-ID`, as a client that comes back sends it.
fn last_seen(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    (!id.is_empty()).then(|| id.to_owned())
}

struct Listening {
    session: Session,
    welcome: Option<Arc<Message>>,
    over: bool,
    _place: Place,
}

impl Listening {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut listening| async move {
            let event = listening.next().await?;
            Some((Ok(event), listening))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if let Some(welcome) = self.welcome.take() {
            return Some(written(&welcome).retry(RETRY));
        }
        Some(match self.session.next().await {
            Delivery::Message(message) => written(&message),
            Delivery::End(ending) => {
                self.over = true;
                written(&ending.message())
            }
        })
    }
}

fn written(message: &Message) -> Event {
    let event = Event::default().event(message.event).data(message.data());
    match message.seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    }
}
