//! A provider that makes values of its own, each another, and remembers which of them work; at calls of one's choice it does
//! wrong: it answers late, half, twice, never, or something else, before or after it has done what it was asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keyward_store::model::Id;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{FIRST, World, at_once};
use crate::input::RotationMethodName;
use crate::outbound::testing::{Asked, Reply, Server};

/// What it does wrong at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wrong {
    /// Nothing comes back, and whoever called is gone; whether it was done.
    Hangs(bool),
    /// Nothing comes back in time, though it was done.
    Late,
    /// Another status, without having done anything.
    Status(u16),
    /// The same, though it was done.
    StatusAfter(u16),
    /// Half of the answer.
    Half,
    /// The answer twice.
    Twice,
    /// A success that is something else.
    Garbage,
    /// A page of another host.
    Redirect,
}

/// How its values are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// By the daemon itself; nobody is called.
    Generate,
    /// By signed calls.
    Webhook,
    /// By a recipe: several at a time, listed by their names.
    Named,
    /// The same, and the list tells no names.
    Nameless,
    /// The one in use is changed.
    Single,
    /// They end by themselves.
    Expiring,
}

pub(super) const KINDS: [Kind; 6] =
    [Kind::Generate, Kind::Webhook, Kind::Named, Kind::Nameless, Kind::Single, Kind::Expiring];

#[derive(Default)]
struct State {
    calls: u32,
    wrong: Option<(u32, Wrong)>,
    /// What works there: name and value by id.
    live: BTreeMap<String, (String, String)>,
    made: u32,
    /// Values by the request they were made for.
    requests: BTreeMap<String, String>,
}

pub(super) struct Vendor {
    pub(super) kind: Kind,
    server: Server,
    state: Arc<Mutex<State>>,
    hangs: Arc<Notify>,
}

const HEAD: &str = "title = \"Vendor\"\nreference = \"https://example.com\"\nwritten = \"2026-11-26\"\ncredential = \"An admin key.\"\n";

const NAMED: &str = "mode = \"dual\"\n[auth]\nbearer = \"{credential}\"\n\
    [create]\npath = \"/keys\"\njson = { name = \"{name}\" }\nid = \"/id\"\nvalue = \"/key\"\n\
    [probe]\npath = \"/me\"\nauth = { bearer = \"{value}\" }\n\
    [retire]\npath = \"/keys/{id}\"\n\
    [list]\npath = \"/keys\"\nitems = \"/keys\"\nid = \"/id\"\nitem_name = \"/name\"\n";

const SINGLE: &str = "mode = \"single\"\n\
    [create]\npath = \"/rotate\"\njson = {}\nauth = { bearer = \"{current}\" }\nvalue = \"/key\"\n\
    [probe]\npath = \"/me\"\nauth = { bearer = \"{value}\" }\n";

const EXPIRING: &str = "mode = \"expiring\"\n[auth]\nbearer = \"{credential}\"\n\
    [create]\npath = \"/tokens\"\njson = {}\nvalue = \"/key\"\nexpires = \"/expires_at\"\n\
    [probe]\npath = \"/me\"\nauth = { bearer = \"{value}\" }\n";

impl Vendor {
    /// Starts it, and makes the key that it rotates.
    pub(super) async fn start(world: &World, kind: Kind) -> (Self, Id) {
        let (state, hangs) = (Arc::<Mutex<State>>::default(), Arc::<Notify>::default());
        let first = ("first".to_owned(), FIRST.to_owned());
        state.lock().unwrap().live.insert("first".to_owned(), first);
        let (known, hung) = (Arc::clone(&state), Arc::clone(&hangs));
        let server = Server::start(move |asked| known.lock().unwrap().answer(asked, &hung)).await;
        let vendor = Self { kind, server, state, hangs };
        let key = vendor.key(world).await;
        (vendor, key)
    }

    async fn key(&self, world: &World) -> Id {
        let text = match self.kind {
            Kind::Generate => {
                let rotation = at_once(RotationMethodName::Generate);
                return world.key("own", FIRST, Some(rotation)).await;
            }
            Kind::Webhook => {
                let mut rotation = at_once(RotationMethodName::Webhook);
                rotation.url = Some(format!("{}/hook", self.server.url));
                return world.key("hook", FIRST, Some(rotation)).await;
            }
            Kind::Named => NAMED.to_owned(),
            Kind::Nameless => NAMED.replace("item_name = \"/name\"\n", ""),
            Kind::Single => SINGLE.to_owned(),
            Kind::Expiring => EXPIRING.to_owned(),
        };
        let folder = world.folder.path().join("recipes");
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!("{HEAD}base_url = \"{}\"\n{text}", self.server.url);
        std::fs::write(folder.join("vendor.toml"), text).unwrap();
        world.by_recipe("vendor", BTreeMap::new(), "admin", FIRST).await
    }

    /// It does wrong at this call, counted from here on, from 1.
    pub(super) fn does_wrong(&self, call: u32, wrong: Wrong) {
        let mut state = self.state.lock().unwrap();
        (state.calls, state.wrong) = (0, Some((call, wrong)));
    }

    /// It works from here on. Answers how often it was called since it was told to do wrong.
    pub(super) fn works(&self) -> u32 {
        let mut state = self.state.lock().unwrap();
        state.wrong = None;
        state.calls
    }

    /// Somebody is called, and gets no answer any more.
    pub(super) async fn cuts(&self) {
        self.hangs.notified().await;
    }

    /// A person removes there what nobody knows, as they were told.
    pub(super) fn removed_by_hand(&self, known: &str) {
        self.state.lock().unwrap().live.retain(|_, (_, value)| value == known);
    }

    /// A person revokes these values there.
    pub(super) fn revoked_by_hand(&self, revoked: &[String]) {
        self.state.lock().unwrap().live.retain(|_, (_, value)| !revoked.contains(value));
    }

    /// A person makes another value there, where the one in use has ended.
    pub(super) fn made_by_hand(&self) -> String {
        let mut state = self.state.lock().unwrap();
        state.live.clear();
        state.make("by hand").1
    }

    /// The values that work there.
    pub(super) fn live(&self) -> Vec<String> {
        self.state.lock().unwrap().live.values().map(|(_, value)| value.clone()).collect()
    }
}

impl State {
    fn answer(&mut self, asked: &Asked, hangs: &Notify) -> Reply {
        self.calls += 1;
        let wrong = self.wrong.filter(|(call, _)| *call == self.calls).map(|(_, wrong)| wrong);
        if let Some(Wrong::Hangs(false)) = wrong {
            hangs.notify_one();
            return Reply::Silence;
        }
        match wrong {
            Some(Wrong::Status(status)) => return Reply::status(status).with("retry-after", 1),
            Some(Wrong::Redirect) => return Reply::status(302).with("location", "http://10.0.0.1/"),
            _ => {}
        }
        let good = self.done(asked);
        let body = if let Reply::Answer(_, _, body) = &good { body.clone() } else { String::new() };
        match wrong {
            Some(Wrong::Hangs(_)) => {
                hangs.notify_one();
                Reply::Silence
            }
            Some(Wrong::Late) => Reply::Silence,
            Some(Wrong::StatusAfter(status)) => Reply::status(status),
            Some(Wrong::Half) => {
                let half = &body[..body.len() / 2];
                Reply::Raw(
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{half}", body.len() + 1).into(),
                )
            }
            Some(Wrong::Twice) => {
                let one = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                Reply::Raw(one.repeat(2).into())
            }
            Some(Wrong::Garbage) => Reply::json(200, "<html>welcome</html>"),
            _ => good,
        }
    }

    fn make(&mut self, name: &str) -> (String, String) {
        self.made += 1;
        let (id, value) = (format!("k{}", self.made), format!("value-{}", self.made));
        self.live.insert(id.clone(), (name.to_owned(), value.clone()));
        (id, value)
    }

    fn done(&mut self, asked: &Asked) -> Reply {
        let bearer = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default().to_owned();
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let works = |state: &Self| state.live.values().any(|(_, value)| *value == bearer);
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/hook") => self.stepped(&body),
            ("GET", "/me") => Reply::status(if works(self) { 200 } else { 401 }),
            ("POST", "/rotate") if works(self) => {
                self.live.retain(|_, (_, value)| *value != bearer);
                let (_, value) = self.make("self");
                Reply::json(200, json!({ "key": value }))
            }
            _ if bearer != "admin" => Reply::status(401),
            ("POST", "/keys") => {
                let (id, key) = self.make(body["name"].as_str().unwrap());
                Reply::json(201, json!({ "id": id, "key": key }))
            }
            ("POST", "/tokens") => {
                let (_, key) = self.make("token");
                Reply::json(201, json!({ "key": key, "expires_at": "2027-11-26T00:00:00Z" }))
            }
            ("GET", "/keys") => {
                let row = |(id, (name, _)): (&String, &(String, String))| json!({ "id": id, "name": name });
                Reply::json(200, json!({ "keys": self.live.iter().map(row).collect::<Vec<_>>() }))
            }
            ("DELETE", path) => {
                let gone = self.live.remove(path.trim_start_matches("/keys/"));
                Reply::status(if gone.is_some() { 204 } else { 404 })
            }
            _ => Reply::status(404),
        }
    }

    /// A step of a webhook: the same request gets the same value.
    fn stepped(&mut self, body: &Value) -> Reply {
        let request = body["requestId"].as_str().unwrap().to_owned();
        if body["step"] != json!("create") {
            return Reply::json(200, "{}");
        }
        if !self.requests.contains_key(&request) {
            let (_, value) = self.make(&request);
            self.requests.insert(request.clone(), value);
        }
        Reply::json(200, json!({ "apiKey": self.requests[&request] }))
    }
}
