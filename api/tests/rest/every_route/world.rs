//! A server with somebody in each standing, and one thing of each kind that the owner made.

use std::collections::BTreeMap;

use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::{Door, Plan};
use serde_json::{Value, json};

use super::described::{Document, Hints, Operation};
use crate::harness::{PASSWORD, Server};

/// An id of the right form that nothing has.
pub(super) const NOTHING: &str = "000000000000000000000000";
const SSH_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5OcOOkTDMCSnjyyihkeBmKeHNlwgMkvV0MFF7ImQr7 john@laptop";

pub(super) struct World {
    pub(super) server: Server,
    pub(super) document: Document,
    /// Bearer tokens by standing; who may do most comes last.
    pub(super) callers: Vec<(&'static str, String)>,
    /// What stands for `{…}`, by the path up to there.
    ids: BTreeMap<String, String>,
    pub(super) hints: Hints,
}

impl World {
    pub(super) async fn new() -> Self {
        let server = Server::start().await;
        let owner = server.rich_person("owner@example.com").await;
        let stranger = server.person("stranger@example.com").await;
        let operator = operator(&server).await;
        let team = server.post(&owner, "/api/teams", &json!({"name": "Payments"})).await.text("_id");
        let body =
            json!({"name": "first", "service": "OpenAI", "apiKey": "sk-1234567890abcdef", "team": team});
        let key = server.post(&owner, "/api/keys", &body).await.text("_id");
        let viewer = member(&server, &owner, &team, "viewer").await;
        let viewer_id = server.get(&viewer, "/api/profile").await.text("id");
        let ids = [("/api/keys", &key), ("/api/usage", &key), ("/api/teams", &team)];
        let ids = ids.map(|(path, id)| (path.to_owned(), id.clone())).into();
        let token = async |scope: &str| {
            let body = json!({"name": scope, "keys": [&key], "scopes": [scope]});
            server.post(&owner, "/api/tokens", &body).await.text("token")
        };
        let (fetch, track) = (token("fetch").await, token("track").await);
        let document = server.send(server.request("GET", "/openapi.json")).await.body;
        let mut world = Self {
            document: Document(document),
            callers: vec![
                ("stranger", stranger),
                ("operator", operator),
                ("token that fetches", fetch),
                ("token that tracks", track),
                ("viewer", viewer),
                ("member", member(&server, &owner, &team, "member").await),
                ("admin", member(&server, &owner, &team, "admin").await),
                ("owner", owner),
            ],
            ids,
            hints: [
                ("email", json!("new@example.com")),
                ("password", json!(PASSWORD)),
                ("keys", json!([key])),
                ("key", json!(SSH_KEY)),
                ("environment", json!("development")),
                ("name", json!("first")),
                ("userId", json!(viewer_id)),
                // The one that goes with the figure of a response.
                ("action", json!("limit")),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            server,
        };
        world.make_one_of_each().await;
        world
    }

    /// Whatever a path lists by POST and names by an id below it, the owner has one of it.
    async fn make_one_of_each(&mut self) {
        let mut made = Vec::new();
        for operation in self.document.operations() {
            let below = format!("{}/{{", operation.path);
            let named = || self.document.operations().iter().any(|other| other.path.starts_with(&below));
            let (Some((schema, _)), "POST") = (operation.body(), operation.method.as_str()) else { continue };
            if operation.path.contains('{') || self.ids.contains_key(operation.path) || !named() {
                continue;
            }
            let body = self.document.sample("", schema, &self.hints);
            let reply = self.server.post(self.owner(), operation.path, &body).await;
            let id = ["_id", "id"].iter().find_map(|name| reply.body[*name].as_str());
            made.extend(id.map(|id| (operation.path.to_owned(), id.to_owned())));
        }
        self.ids.extend(made);
    }

    pub(super) fn owner(&self) -> &str {
        self.callers.last().map_or("", |(_, token)| token)
    }

    /// A path with what the owner has in its places.
    pub(super) fn path(&self, template: &str) -> String {
        let mut path = String::new();
        for part in template.split('/').skip(1) {
            let filled = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => part,
                Some(name) => match (self.ids.get(&path), self.hints.get(name).and_then(Value::as_str)) {
                    (Some(id), _) => id,
                    (None, Some(hint)) => hint,
                    (None, None) => NOTHING,
                },
            };
            path = format!("{path}/{filled}");
        }
        path
    }

    /// A body as good as the document can tell.
    pub(super) fn body(&self, operation: &Operation<'_>) -> Option<Value> {
        operation.body().map(|(schema, _)| self.document.sample("", schema, &self.hints))
    }

    /// Everything the owner can read that only a change would move.
    pub(super) async fn seen_by_owner(&self) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        for operation in self.document.operations() {
            let moves = ["health", "document", "audit", "metrics", "live", "sessions"]
                .iter()
                .any(|tag| operation.said["tags"][0] == *tag);
            if operation.method == "GET" && !moves && !operation.goes_on() {
                let path = self.path(operation.path);
                let reply = self.server.get(self.owner(), &path).await;
                seen.extend((reply.status == 200).then_some((path, reply.body)));
            }
        }
        seen
    }
}

/// Somebody whom the owner took into the team in this role, which is also the name.
async fn member(server: &Server, owner: &str, team: &str, role: &str) -> String {
    let bearer = server.person(&format!("{role}@example.com")).await;
    let body = json!({"email": format!("{role}@example.com"), "role": role});
    let invited = server.post(owner, &format!("/api/teams/{team}/invitations"), &body).await;
    let joined = server.post(&bearer, "/api/teams/join", &json!({"code": invited.text("code")})).await;
    assert_eq!(joined.status, 200, "{}", joined.body);
    bearer
}

async fn operator(server: &Server) -> String {
    let account = NewAccount {
        name: "Olga".into(),
        email: "operator@example.com".into(),
        password: PASSWORD.into(),
        code: None,
        ssh_key: None,
    };
    let added = AddedAccount { account, operator: true, plan: Plan::Enterprise };
    server.service.add_account(&server.service.system_caller("test", Door::Local), added).await.unwrap();
    let body = json!({"email": "operator@example.com", "password": PASSWORD});
    server.send(server.request("POST", "/api/auth/login").json(&body)).await.text("token")
}
