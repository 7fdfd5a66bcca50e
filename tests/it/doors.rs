//! Who may do what, asked at the doors: every route with every method as every kind of caller, every command as a
//! stranger. A route or command that is not in the tables here fails, so that none comes in without a decision.

mod commands;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::http::Http;
use crate::harness::ssh::Ssh;
use crate::harness::{Daemon, ssh_key};

/// Who asks, in the order of the table's columns.
const CALLERS: [&str; 6] =
    ["nobody", "a bad token", "a stranger", "a stranger's app", "an app that fetches", "an app that tracks"];

/// A route: method, path, a body that is fine, and the status for each caller. `{id}` is Ana's, of whatever kind.
type Row = (&'static str, &'static str, &'static str, [u16; 6]);

const KEY: &str = r#"{"name":"n","service":"s","apiKey":"k"}"#;
const TOKEN: &str = r#"{"name":"t","keys":["{id}"],"scopes":["fetch"]}"#;
const SSH_KEY: &str = r#"{"name":"k","key":"no key"}"#;
const NEW: &str = r#"{"name":"n","email":"new@example.com","password":"a fine password"}"#;
const LOGIN: &str = r#"{"email":"no@example.com","password":"a fine password"}"#;
const REFRESH: &str = r#"{"refreshToken":"none"}"#;
const FETCH: &str = r#"{"keys":["{id}"]}"#;
const INVITE: &str = r#"{"email":"new@example.com","role":"viewer"}"#;
const TRIAL: &str = r#"{"apiKeyId":"{id}","condition":"error_rate"}"#;
const WHAT_IF: &str = r#"{"apiKeyId":"{id}","monthlyBudget":10}"#;
const BUDGET: &str = r#"{"tag":"batch","monthlyBudget":10}"#;
const RULE: &str = r#"{"name":"r","condition":"error_rate"}"#;
const ROLE: &str = r#"{"role":"owner"}"#;
const PASSPHRASE: &str = r#"{"passphrase":"a fine passphrase"}"#;
const FORGOTTEN: &str = r#"{"passphrase":"a fine passphrase","password":"not this one"}"#;
const GONE: &str = r#"{"password":"not this one"}"#;
const CODE: &str = r#"{"totp":"000000"}"#;
const CHANGE: &str = r#"{"currentPassword":"not this one","newPassword":"a fine password"}"#;
const RESET: &str = r#"{"code":"none","newPassword":"a fine password"}"#;
const OFF: &str = r#"{"disabled":true}"#;
const HOOK: &str = r#"{"name":"h","url":"https://hooks.example.com/x"}"#;
const CALL: &str = r#"{"statusCode":200}"#;
const CALLS: &str = r#"[{"key":"{id}","statusCode":200}]"#;

const ROUTES: &[Row] = &[
    ("POST", "/api/auth/register", NEW, [403; 6]),
    ("POST", "/api/auth/login", LOGIN, [401; 6]),
    ("POST", "/api/auth/refresh", REFRESH, [401; 6]),
    ("POST", "/api/auth/reset", RESET, [403; 6]),
    ("POST", "/api/auth/password", CHANGE, [401, 401, 403, 403, 403, 403]),
    ("POST", "/api/auth/verify-email", r#"{"code":"none"}"#, [401, 401, 422, 403, 403, 403]),
    ("POST", "/api/auth/verify-email/send", "", [401, 401, 409, 403, 403, 403]),
    ("POST", "/api/auth/2fa/setup", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/auth/2fa/enable", CODE, [401, 401, 403, 403, 403, 403]),
    ("POST", "/api/auth/2fa/disable", CODE, [401, 401, 409, 403, 403, 403]),
    ("GET", "/api/keys", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/keys", KEY, [401, 401, 201, 403, 403, 403]),
    ("GET", "/api/keys/{id}", "", [401, 401, 404, 404, 200, 200]),
    ("PUT", "/api/keys/{id}", r#"{"description":"x"}"#, [401, 401, 404, 404, 403, 403]),
    ("PATCH", "/api/keys/{id}", r#"{"description":"x"}"#, [401, 401, 404, 404, 403, 403]),
    ("DELETE", "/api/keys/{id}", "", [401, 401, 404, 404, 403, 403]),
    ("GET", "/api/keys/hygiene", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/keys/{id}/restore", "", [401, 401, 404, 404, 403, 403]),
    ("POST", "/api/keys/{id}/reveal", "{}", [401, 401, 404, 404, 403, 403]),
    ("GET", "/api/keys/{id}/value", "", [401, 401, 404, 404, 200, 403]),
    ("GET", "/api/keys/{id}/versions", "", [401, 401, 404, 404, 200, 200]),
    ("POST", "/api/keys/{id}/versions", r#"{"apiKey":"v"}"#, [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/keys/{id}/versions/2/retire", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/keys/{id}/rotate", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/keys/{id}/rollback", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/keys/{id}/rotation", "", [401, 401, 404, 404, 403, 403]),
    ("GET", "/api/keys/{id}/rotation/secret", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/keys/{id}/rotation/secret", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/rotations", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/keys/{id}/access", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/fetch/production/anas", "", [401, 401, 403, 200, 200, 403]),
    ("POST", "/api/fetch", FETCH, [401, 401, 403, 200, 200, 200]),
    ("GET", "/api/usage", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/usage/series", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/usage/costs", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/usage/{id}", "", [401, 401, 404, 404, 403, 403]),
    ("POST", "/api/usage/{id}/track", CALL, [401, 401, 404, 404, 403, 201]),
    ("POST", "/api/usage/track", CALLS, [401, 401, 422, 422, 422, 201]),
    ("GET", "/api/profile", "", [401, 401, 200, 403, 403, 403]),
    ("PUT", "/api/profile", r#"{"theme":"dark"}"#, [401, 401, 200, 403, 403, 403]),
    ("DELETE", "/api/profile", GONE, [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/profile/sessions", "", [401, 401, 200, 403, 403, 403]),
    ("DELETE", "/api/profile/sessions/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/admin/users", "", [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/admin/monitor", "", [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/admin/users/{some}", "", [401, 401, 404, 404, 404, 404]),
    ("PUT", "/api/admin/users/{some}", OFF, [401, 401, 404, 404, 404, 404]),
    ("PATCH", "/api/admin/users/{some}", OFF, [401, 401, 404, 404, 404, 404]),
    ("DELETE", "/api/admin/users/{some}", "", [401, 401, 404, 404, 404, 404]),
    ("DELETE", "/api/admin/users/{some}/sessions", "", [401, 401, 404, 404, 404, 404]),
    ("POST", "/api/admin/users/{some}/reset-code", "", [401, 401, 404, 404, 404, 404]),
    ("DELETE", "/api/admin/users/{some}/2fa", "", [401, 401, 404, 404, 404, 404]),
    ("GET", "/api/admin/invitations", "", [401, 401, 403, 403, 403, 403]),
    ("DELETE", "/api/admin/invitations/{some}", "", [401, 401, 403, 403, 403, 403]),
    ("POST", "/api/admin/invite", "{}", [401, 401, 403, 403, 403, 403]),
    ("POST", "/api/admin/announcements", r#"{"message":"soon"}"#, [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/profile/ssh-keys", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/profile/ssh-keys", SSH_KEY, [401, 401, 422, 403, 403, 403]),
    ("DELETE", "/api/profile/ssh-keys/{ssh}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/tokens", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/tokens", TOKEN, [401, 401, 422, 403, 403, 403]),
    ("DELETE", "/api/tokens/{token}", "", [401, 401, 404, 404, 404, 404]),
    ("GET", "/api/billing", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/budgets", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/budgets", BUDGET, [401, 401, 200, 403, 403, 403]),
    ("DELETE", "/api/budgets/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/openapi.json", "", [200; 6]),
    ("GET", "/docs", "", [200; 6]),
    ("GET", "/docs/", "", [308; 6]),
    ("GET", "/docs/start.js", "", [200; 6]),
    ("GET", "/api/teams", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/teams", r#"{"name":"t"}"#, [401, 401, 201, 403, 403, 403]),
    ("POST", "/api/teams/join", r#"{"code":"none"}"#, [401, 401, 422, 403, 403, 403]),
    ("GET", "/api/teams/{team}", "", [401, 401, 404, 403, 403, 403]),
    ("PUT", "/api/teams/{team}", r#"{"name":"x"}"#, [401, 401, 404, 404, 404, 404]),
    ("PATCH", "/api/teams/{team}", r#"{"name":"x"}"#, [401, 401, 404, 404, 404, 404]),
    ("DELETE", "/api/teams/{team}", "", [401, 401, 404, 404, 404, 404]),
    ("POST", "/api/teams/{team}/leave", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/teams/{team}/invitations", "", [401, 401, 404, 404, 404, 404]),
    ("POST", "/api/teams/{team}/invitations", INVITE, [401, 401, 404, 403, 403, 403]),
    ("DELETE", "/api/teams/{team}/invitations/{some}", "", [401, 401, 404, 404, 404, 404]),
    ("GET", "/api/teams/{team}/members", "", [401, 401, 404, 404, 404, 404]),
    ("GET", "/api/teams/{team}/presence", "", [401, 401, 404, 404, 404, 404]),
    ("PUT", "/api/teams/{team}/members/{some}", ROLE, [401, 401, 404, 404, 404, 404]),
    ("PATCH", "/api/teams/{team}/members/{some}", ROLE, [401, 401, 404, 404, 404, 404]),
    ("DELETE", "/api/teams/{team}/members/{some}", "", [401, 401, 404, 404, 404, 404]),
    ("PUT", "/api/auth/passphrase", PASSPHRASE, [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/auth/passphrase/reset", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/auth/passphrase/reset", FORGOTTEN, [401, 401, 403, 403, 403, 403]),
    ("POST", "/api/auth/unlock", PASSPHRASE, [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/auth/lock", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/keys/export", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/keys/export", r#"{"format":"json"}"#, [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/keys/import", r#"{"format":"env","content":"A_KEY=v"}"#, [401, 401, 201, 403, 403, 403]),
    ("GET", "/api/notifications", "", [401, 401, 200, 403, 403, 403]),
    ("PUT", "/api/notifications/read-all", "", [401, 401, 200, 403, 403, 403]),
    ("PUT", "/api/notifications/{some}/read", "", [401, 401, 404, 403, 403, 403]),
    ("DELETE", "/api/notifications/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/webhooks", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/webhooks", HOOK, [401, 401, 201, 403, 403, 403]),
    ("GET", "/api/webhooks/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("PUT", "/api/webhooks/{some}", r#"{"name":"x"}"#, [401, 401, 404, 403, 403, 403]),
    ("PATCH", "/api/webhooks/{some}", r#"{"name":"x"}"#, [401, 401, 404, 403, 403, 403]),
    ("DELETE", "/api/webhooks/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/webhooks/{some}/deliveries", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/webhooks/{some}/deliveries/{some}/redeliver", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/webhooks/{some}/secret", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/webhooks/{some}/test", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/support", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/support", r#"{"subject":"s","text":"m"}"#, [401, 401, 201, 403, 403, 403]),
    ("GET", "/api/support/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/support/{some}/messages", r#"{"text":"m"}"#, [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/support/{some}/close", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/alerts", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/alerts/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/alerts/{some}/history", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/alerts/conditions", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/alerts/{some}/acknowledge", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/alerts/{some}/snooze", "{}", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/alerts/{some}/resolve", "", [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/alerts/{some}/respond", r#"{"action":"freeze"}"#, [401, 401, 404, 403, 403, 403]),
    ("POST", "/api/usage/what-if", WHAT_IF, [401, 401, 404, 404, 403, 403]),
    ("POST", "/api/alerts/backtest", TRIAL, [401, 401, 422, 403, 403, 403]),
    ("GET", "/api/alerts/rules", "", [401, 401, 200, 403, 403, 403]),
    ("POST", "/api/alerts/rules", RULE, [401, 401, 201, 403, 403, 403]),
    ("GET", "/api/alerts/rules/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("PUT", "/api/alerts/rules/{some}", r#"{"name":"r"}"#, [401, 401, 404, 403, 403, 403]),
    ("PATCH", "/api/alerts/rules/{some}", r#"{"name":"r"}"#, [401, 401, 404, 403, 403, 403]),
    ("DELETE", "/api/alerts/rules/{some}", "", [401, 401, 404, 403, 403, 403]),
    ("GET", "/api/audit", "", [401, 401, 200, 403, 403, 403]),
    ("GET", "/api/audit/checkpoints", "", [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/audit/export", "", [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/audit/verify", "", [401, 401, 403, 403, 403, 403]),
    ("GET", "/api/keys/{id}/audit", "", [401, 401, 404, 404, 403, 403]),
    // Who asks for no upgrade is told so; who is let in hears events without an end.
    ("GET", "/ws", "", [400; 6]),
    ("GET", "/api/events", "", [401, 401, 200, 200, 200, 200]),
    ("GET", "/metrics", "", [200; 6]),
    ("GET", "/health", "", [200; 6]),
    ("GET", "/health/live", "", [200; 6]),
    ("GET", "/health/ready", "", [200; 6]),
    // Last, for it ends the stranger's session.
    ("POST", "/api/auth/logout", "", [401, 401, 200, 403, 403, 403]),
    ("DELETE", "/api/profile/sessions", "", [401, 401, 401, 403, 403, 403]),
];

/// Ana with a key, a token and an SSH key; and everybody else.
struct House {
    daemon: Daemon,
    ana: Http,
    callers: Vec<Http>,
    id: String,
    token: String,
    ssh: String,
    team: String,
}

fn id(value: &Value) -> String {
    value["_id"].as_str().unwrap().to_owned()
}

async fn app(http: &Http, key: &str, scope: &str) -> (String, Http) {
    let body = json!({ "name": scope, "keys": [key], "scopes": [scope] });
    let made = http.post("/api/tokens", &body).await.expect(201);
    (id(&made), http.bearer(made["token"].as_str().unwrap()))
}

impl House {
    async fn build() -> Self {
        let daemon = Daemon::start().await;
        let (ana, ben) = (daemon.person("ana@example.com").await, daemon.person("ben@example.com").await);
        let (ana, ben) = (daemon.http().login(&ana).await, daemon.http().login(&ben).await);
        let body = json!({ "name": "anas", "service": "X", "apiKey": "v", "environment": "production" });
        let key = id(&ana.post("/api/keys", &body).await.expect(201));
        let bens = id(&ben.post("/api/keys", &body).await.expect(201));
        let (_, bens_app) = app(&ben, &bens, "fetch").await;
        let (token, fetching) = app(&ana, &key, "fetch").await;
        let (_, tracking) = app(&ana, &key, "track").await;
        let nobody = daemon.http();
        let bad = nobody.bearer("kw_0000000000000000000000000000000000000000000000000000");
        let public = ssh_key().public_key().to_openssh().unwrap();
        let body = json!({ "name": "second", "key": public });
        let ssh = id(&ana.post("/api/profile/ssh-keys", &body).await.expect(201));
        let team = id(&ana.post("/api/teams", &json!({ "name": "anas" })).await.expect(201));
        Self {
            daemon,
            ana,
            callers: vec![nobody, bad, ben, bens_app, fetching, tracking],
            id: key,
            token,
            ssh,
            team,
        }
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("{id}", &self.id).replace("{token}", &self.token).replace("{ssh}", &self.ssh);
        text.replace("{team}", &self.team).replace("{some}", "64f8a1b2c3d4e5f6a7b8c9d1")
    }

    async fn knock(&self, caller: &Http, method: &str, path: &str, body: &str) -> u16 {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = caller.request(method, &self.fill(path));
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(self.fill(body));
        }
        caller.status(request).await.as_u16()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_every_caller_as_the_policy_says() {
    let house = House::build().await;
    let mut wrong = Vec::new();
    for (method, path, body, expected) in ROUTES {
        for ((caller, name), expected) in house.callers.iter().zip(CALLERS).zip(expected) {
            let status = house.knock(caller, method, path, body).await;
            if status != *expected {
                wrong.push(format!("{method} {path} as {name}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let key = house.ana.get(&house.fill("/api/keys/{id}")).await.expect(200);
    assert_eq!(
        (&key["description"], &key["usageCount"]),
        (&json!(""), &json!(2)),
        "only the app that may has tracked"
    );
    assert_eq!(house.ana.get("/api/tokens").await.expect(200)["tokens"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_in_the_table_is_not_allowed() {
    let house = House::build().await;
    let paths: BTreeSet<_> = ROUTES.iter().map(|(_, path, ..)| *path).collect();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let known = ROUTES.iter().any(|row| (row.0, row.1) == (method, path));
            if !known {
                let status = house.knock(&house.ana, method, path, "").await;
                assert_eq!(status, 405, "{method} {path} is not in the table");
            }
        }
    }
}

/// The paths that the source of the HTTP door routes, with variables by their names there.
fn routed(folder: &std::path::Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found.extend(routed(&path));
            continue;
        }
        let source = std::fs::read_to_string(path).unwrap();
        let paths = source.split("path = ").skip(1).filter_map(|rest| rest.strip_prefix('"'));
        found.extend(paths.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    found
}

#[test]
fn the_table_has_every_route() {
    let named = |path: &str| {
        let path = path.replace("{ssh}", "{id}").replace("{token}", "{id}").replace("{team}", "{id}");
        let path = path.replace("invitations/{some}", "invitations/{invitationId}");
        let path = path.replace("deliveries/{some}", "deliveries/{deliveryId}");
        let path = path.replace("members/{some}", "members/{userId}").replace("{some}", "{id}");
        let path = path.replace("versions/2/", "versions/{version}/");
        path.replace("production/anas", "{environment}/{name}").replace("start.js", "{file}")
    };
    let table: BTreeSet<_> = ROUTES.iter().map(|(_, path, ..)| named(path)).collect();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("api/src");
    let mounted = routed(&source.join("routes")).into_iter().chain(routed(&source.join("live")));
    assert_eq!(mounted.collect::<BTreeSet<_>>(), table);
}
