//! One live connection, whatever carries it: who it is, what it asks for, what it hears, and when that ends. It knows
//! the specification's client events; frames and packets are its carriers'.

use std::collections::HashSet;
use std::time::Duration;

use keyward_keys::meters::OpenSession;
use keyward_keys::{Caller, Door, Error, Id, Identity, Origin};
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::filter::{Filter, Kind};
use super::message::Message;
use super::places::Place;
use super::subscriber::{Delivery, Ending, Subscriber};
use crate::HttpDoor;
use crate::edge::Visit;
use crate::input::{Fields, Tree};
use crate::problem::{Pointed, Problem};

/// One live connection.
pub(crate) struct Session {
    door: HttpDoor,
    origin: Origin,
    /// What carries it, in a word for the metrics.
    carrier: &'static str,
    client: Option<Client>,
    /// By when it must have authenticated.
    introduction: Instant,
}

struct Client {
    subscriber: Subscriber,
    /// When what it authenticated with runs out.
    until: Option<Instant>,
    _place: Place,
    _counted: OpenSession,
}

/// What a client wants to hear from the moment it authenticates: everything from now on, unless it says otherwise.
#[derive(Default)]
pub(crate) struct Wanted {
    /// These kinds of events alone.
    pub(crate) kinds: Option<HashSet<Kind>>,
    /// Usage of these keys alone.
    pub(crate) usage_of: Option<Vec<String>>,
    /// The place of the last event it saw, to go on from.
    pub(crate) after: Option<String>,
}

/// What a client event is answered with.
pub(crate) struct Answer {
    /// For whoever asked for an acknowledgement.
    pub(crate) ack: Ack,
    /// An event of its own.
    pub(crate) message: Option<Message>,
    /// The connection ends with it.
    pub(crate) end: Option<Ending>,
}

/// `{ok: true}`, or why not.
#[derive(Serialize)]
pub(crate) struct Ack {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// As in problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<AckFault>,
}

#[derive(Serialize)]
struct AckFault {
    pointer: String,
    detail: String,
}

impl Ack {
    pub(super) fn of(result: &Result<(), Problem>) -> Self {
        match result {
            Ok(()) => Self { ok: true, error: None, code: None, errors: Vec::new() },
            Err(problem) => Self {
                ok: false,
                error: Some(problem.detail().to_owned()),
                code: Some(problem.code()),
                errors: problem.faults().iter().map(AckFault::from).collect(),
            },
        }
    }
}

impl From<&keyward_keys::Fault> for AckFault {
    fn from(fault: &keyward_keys::Fault) -> Self {
        let Pointed { pointer, detail } = Pointed::from(fault);
        Self { pointer, detail: detail.to_owned() }
    }
}

/// `authenticated`: who the connection belongs to, and from where on it hears everything.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authenticated {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
    /// Seconds until the token runs out, and the connection with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

#[derive(Serialize)]
struct User {
    id: Id,
    name: String,
    email: String,
}

#[derive(Serialize)]
struct Token {
    id: Id,
}

impl Session {
    pub(crate) fn new(door: HttpDoor, visit: &Visit, carrier: &'static str) -> Self {
        let patience = Duration::from_secs(door.settings.api.header_timeout_seconds.get().into());
        let origin = Origin { door: Door::WebSocket, ..visit.origin };
        Self { door, origin, carrier, client: None, introduction: Instant::now() + patience }
    }

    /// Counts the conversations under way.
    pub(super) fn tasks(&self) -> TaskTracker {
        self.door.live.tasks.clone()
    }

    /// Proves who it is, and begins to hear what it wants.
    pub(crate) async fn authenticate(&mut self, token: &str, wanted: Wanted) -> Result<Message, Problem> {
        let caller = prove(&self.door, self.origin, token)?;
        let lifetime = self.door.service.good_for(&caller, token);
        let until = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        match &mut self.client {
            Some(client) => client.prove_again(&caller, until)?,
            None => {
                let filter = self.filter(&caller, wanted.kinds, wanted.usage_of.as_deref())?;
                let place = self.door.live.place(&caller).ok_or_else(too_many_connections)?;
                let subscriber = self.door.live.hub.subscribe(&caller, filter, wanted.after.as_deref())?;
                let counted = self.door.service.meters().session(self.carrier);
                self.client = Some(Client { subscriber, until, _place: place, _counted: counted });
            }
        }
        let user = match caller.identity() {
            Identity::Account(_) => Some(self.door.service.me(&caller).await?),
            Identity::Token(_) | Identity::System(_) => None,
        };
        let data = Authenticated {
            user: user.map(|user| User { id: user.id, name: user.name, email: user.email }),
            token: match caller.identity() {
                Identity::Token(id) => Some(Token { id }),
                Identity::Account(_) | Identity::System(_) => None,
            },
            expires_in: lifetime.map(|lifetime| lifetime.as_secs()),
        };
        Ok(Message::new("authenticated", Some(self.door.live.hub.newest()), &data))
    }

    /// Does what a client event asks for.
    pub(crate) async fn handle(&mut self, event: &str, data: Tree) -> Answer {
        let mut message = None;
        let result = match event {
            "authenticate" => self.introduce(data).await.map(|told| message = Some(told)),
            event => self.change(event, data),
        };
        let end = match &result {
            Err(problem) if problem.code() == "too_many" => Some(Ending::TooMany),
            Err(_) if event == "authenticate" && self.client.is_none() => Some(Ending::Refused),
            _ => None,
        };
        Answer { ack: Ack::of(&result), message, end }
    }

    /// What comes next for this client. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Delivery {
        let Some(client) = &mut self.client else {
            tokio::time::sleep_until(self.introduction).await;
            return Delivery::End(Ending::Silent);
        };
        let Some(until) = client.until else { return client.subscriber.next().await };
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(until) => Delivery::End(Ending::Expired),
            delivery = client.subscriber.next() => delivery,
        }
    }

    /// The `authenticate` event: the token, or an object with it and the place of the last event seen.
    async fn introduce(&mut self, data: Tree) -> Result<Message, Problem> {
        let (token, after) = match data {
            Tree::Text(token) => (token, None),
            data => {
                let mut fields = fields(data)?;
                let (token, after) = (fields.required_text("token"), fields.text("since"));
                fields.finish()?;
                (token, after)
            }
        };
        self.authenticate(&token, Wanted { after, ..Wanted::default() }).await
    }

    /// Every other client event: what it wants to hear.
    fn change(&mut self, event: &str, data: Tree) -> Result<(), Problem> {
        const KNOWN: [&str; 4] =
            ["subscribe_usage", "unsubscribe_usage", "subscribe_notifications", "unsubscribe_notifications"];
        let Some(client) = &self.client else { return Err(Error::Unauthenticated.into()) };
        let caller = client.subscriber.caller();
        self.count(caller)?;
        if !KNOWN.contains(&event) {
            let known = format!("there is no such event; there are authenticate, {}", KNOWN.join(", "));
            return Err(Problem::new(axum::http::StatusCode::NOT_FOUND, "unknown_event", known));
        }
        let mut fields = fields(data)?;
        let ids = if event == "subscribe_usage" { fields.texts("apiKeyIds") } else { None };
        fields.finish()?;
        let keys = ids.map(|ids| self.door.service.watched_keys(caller, &ids)).transpose()?;
        client.subscriber.filter(|filter| match event {
            "subscribe_usage" => {
                filter.add(Kind::UsageUpdate);
                filter.usage_of(keys.map(|keys| keys.into_iter().collect()));
            }
            "unsubscribe_usage" => filter.remove(Kind::UsageUpdate),
            "unsubscribe_notifications" => filter.remove(Kind::Notification),
            _ => filter.add(Kind::Notification),
        });
        Ok(())
    }

    fn filter(
        &self,
        caller: &Caller,
        kinds: Option<HashSet<Kind>>,
        ids: Option<&[String]>,
    ) -> Result<Filter, Problem> {
        let mut filter = kinds.map_or_else(|| Filter::of(Kind::ALL), Filter::of);
        if let Some(ids) = ids {
            let keys = self.door.service.watched_keys(caller, ids)?;
            filter.usage_of(Some(keys.into_iter().collect()));
        }
        Ok(filter)
    }

    fn count(&self, caller: &Caller) -> Result<(), Problem> {
        count(&self.door, &self.origin, caller)
    }
}

/// Whose token it is; counted as theirs, or as a stranger's try.
pub(crate) fn prove(door: &HttpDoor, origin: Origin, token: &str) -> Result<Caller, Problem> {
    match door.service.sign_in_with_bearer(origin, token) {
        Ok(caller) => count(door, &origin, &caller).map(|()| caller),
        Err(Error::Unauthenticated) => {
            Problem::unless_within(door.limits.stranger(address(&origin)))?;
            Err(Error::Unauthenticated.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn count(door: &HttpDoor, origin: &Origin, caller: &Caller) -> Result<(), Problem> {
    Problem::unless_within(door.limits.caller(caller.identity(), address(origin)))
}

impl Client {
    /// The same caller may prove itself again, which prolongs its time. Nobody else may take the connection over.
    fn prove_again(&mut self, caller: &Caller, until: Option<Instant>) -> Result<(), Problem> {
        let own = self.subscriber.caller();
        if own.identity() != caller.identity() {
            let taken = "this connection is another caller's; open one of your own";
            return Err(Error::Conflict(taken.to_owned()).into());
        }
        if own.credential() == caller.credential() {
            self.until = until;
        }
        Ok(())
    }
}

/// The fields of an object, or of nothing at all.
fn fields(data: Tree) -> Result<Fields, Problem> {
    match data {
        Tree::Null => Ok(Fields::none()),
        data => Fields::of(data).map_err(|fault| Problem::invalid(vec![fault])),
    }
}

fn address(origin: &Origin) -> std::net::IpAddr {
    origin.address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into())
}

pub(crate) fn too_many_connections() -> Problem {
    let detail = "too many live connections; close one, or come back later";
    Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", detail)
}
