//! Unlocking, teams and what is sealed to them, as a client of the API sees it.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::harness::{Reply, Server};

const PASSPHRASE: &str = "open the vault";

async fn unlock(server: &Server, bearer: &str) -> String {
    let reply = server.post(bearer, "/api/auth/unlock", &json!({"passphrase": PASSPHRASE})).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.body["expiresIn"], 900);
    reply.text("unlock")
}

async fn set_passphrase(server: &Server, bearer: &str) {
    let request = server.request("PUT", "/api/auth/passphrase").bearer_auth(bearer);
    let reply = server.send(request.json(&json!({"passphrase": PASSPHRASE}))).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

pub(crate) async fn join(server: &Server, owner: &str, team: &str, email: &str, role: &str) -> String {
    let bearer = server.person(email).await;
    let invited = server
        .post(owner, &format!("/api/teams/{team}/invitations"), &json!({"email": email, "role": role}))
        .await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let joined = server.post(&bearer, "/api/teams/join", &json!({"code": invited.text("code")})).await;
    assert_eq!((joined.status, &joined.body["role"]), (200, &json!(role)), "{}", joined.body);
    bearer
}

pub(crate) async fn team(server: &Server, bearer: &str) -> String {
    let made = server.post(bearer, "/api/teams", &json!({"name": "Payments"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("location"), format!("/api/teams/{}", made.text("_id")));
    made.text("_id")
}

impl Server {
    fn with_unlock(&self, method: &str, path: &str, bearer: &str, unlock: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(bearer).header("x-unlock", unlock)
    }

    async fn put(&self, bearer: &str, path: &str, body: &Value) -> Reply {
        self.send(self.request("PUT", path).bearer_auth(bearer).json(body)).await
    }

    async fn delete(&self, bearer: &str, path: &str) -> Reply {
        self.send(self.request("DELETE", path).bearer_auth(bearer)).await
    }
}

#[tokio::test]
async fn a_newcomer_registers_with_a_teams_code() {
    let server = Server::start().await;
    let ana = server.person("ana@example.com").await;
    let team = team(&server, &ana).await;
    let invitation = json!({"email": "New@example.com", "role": "member"});
    let invited = server.post(&ana, &format!("/api/teams/{team}/invitations"), &invitation).await;
    let body = json!({
        "name": "New", "email": "new@example.com", "password": "securePassword123", "code": invited.text("code"),
    });
    let joined = server.send(server.request("POST", "/api/auth/register").json(&body)).await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    let teams = server.get(&joined.text("token"), "/api/teams").await;
    assert_eq!(teams.body["teams"][0]["_id"], json!(team), "{}", teams.body);
    assert_eq!(teams.body["teams"][0]["role"], "member");
    server
        .send(server.request("POST", "/api/auth/register").json(&body))
        .await
        .is_problem(403, "registration");
}

#[tokio::test]
async fn an_unlock_token_opens_a_sealed_key_until_it_is_locked() {
    let server = Server::start().await;
    let ana = server.person("ana@example.com").await;
    server
        .post(&ana, "/api/auth/unlock", &json!({"passphrase": PASSPHRASE}))
        .await
        .is_problem(409, "conflict");
    set_passphrase(&server, &ana).await;
    assert_eq!(server.get(&ana, "/api/profile").await.body["unlockPassphrase"], true);
    let short = server.put(&ana, "/api/auth/passphrase", &json!({"passphrase": "short"})).await;
    short.is_problem(422, "invalid");
    assert_eq!(short.pointers(), ["/old", "/passphrase"]);
    let wrong = json!({"passphrase": "another one", "old": "not this one"});
    server.put(&ana, "/api/auth/passphrase", &wrong).await.is_problem(403, "wrong_passphrase");

    let key = server.key(&ana, "sealed").await;
    assert_eq!(server.get(&ana, &format!("/api/keys/{key}")).await.body["custody"], "sealed");
    let reveal = format!("/api/keys/{key}/reveal");
    server.send(server.request("POST", &reveal).bearer_auth(&ana)).await.is_problem(403, "locked");
    let wrong = json!({"passphrase": "not this one"});
    server.post(&ana, "/api/auth/unlock", &wrong).await.is_problem(403, "wrong_passphrase");
    let token = unlock(&server, &ana).await;
    let opened = server.send(server.with_unlock("POST", &reveal, &ana, &token)).await;
    assert_eq!(opened.body, json!({"apiKey": "sk-1234567890abcdef", "version": 1}));
    for bad in ["", "kwu_nonsense", &format!("{token}x")] {
        server.send(server.with_unlock("POST", &reveal, &ana, bad)).await.is_problem(403, "locked");
    }
    assert_eq!(
        server.post(&ana, &reveal, &json!({"passphrase": PASSPHRASE})).await.status,
        200,
        "once, without a token"
    );
    let locked = server.send(server.with_unlock("POST", "/api/auth/lock", &ana, &token)).await;
    assert_eq!(locked.status, 200, "{}", locked.body);
    server.send(server.with_unlock("POST", &reveal, &ana, &token)).await.is_problem(403, "locked");
}

#[tokio::test]
async fn a_team_from_its_making_to_its_end() {
    let server = Server::start().await;
    let ana = server.person("ana@example.com").await;
    let team = team(&server, &ana).await;
    let path = format!("/api/teams/{team}");
    let bob = join(&server, &ana, &team, "bob@example.com", "member").await;
    let eve = server.person("eve@example.com").await;

    let seen = server.get(&bob, &path).await;
    for (field, value) in [
        ("name", json!("Payments")),
        ("role", json!("member")),
        ("members", json!(2)),
        ("keys", json!(0)),
        ("environments", json!(["development", "staging", "production"])),
    ] {
        assert_eq!(seen.body[field], value, "{field}");
    }
    assert_eq!(server.get(&bob, "/api/teams").await.body["teams"][0], seen.body);
    assert_eq!(server.put(&ana, &path, &seen.body).await.status, 200, "what was read can be put back");
    let hours = json!({"timeZone": "Asia/Kolkata", "quietHours": "08:00-18:00"});
    let seen = server.put(&ana, &path, &hours).await;
    assert_eq!(
        (&seen.body["timeZone"], &seen.body["quietHours"]),
        (&hours["timeZone"], &hours["quietHours"])
    );
    assert_eq!(server.put(&ana, &path, &json!({"timeZone": null})).await.body["timeZone"], json!(null));
    let wrong = server.put(&ana, &path, &json!({"timeZone": "Here", "quietHours": ""})).await;
    wrong.is_problem(422, "invalid");
    assert_eq!(wrong.body["errors"].as_array().map(Vec::len), Some(2), "{}", wrong.body);
    let members = server.get(&ana, &format!("{path}/members")).await;
    let bob_id = members.body["members"][1]["userId"].as_str().unwrap().to_owned();
    assert_eq!(members.body["members"][1]["email"], "bob@example.com");

    let body = json!({"name": "stripe", "service": "Stripe", "apiKey": "sk-1", "team": team});
    let key = server.post(&bob, "/api/keys", &body).await;
    assert_eq!((key.status, &key.body["team"]), (201, &json!(team)), "{}", key.body);
    let of_team = server.get(&ana, &format!("/api/keys?team={team}")).await;
    assert_eq!(of_team.body["keys"].as_array().unwrap().len(), 1);
    server.get(&eve, &format!("/api/keys/{}", key.text("_id"))).await.is_problem(404, "not_found");
    server.post(&eve, "/api/keys", &body).await.is_problem(404, "not_found");
    for bad in [json!({"role": "king"}), json!({}), json!({"role": 5})] {
        server.put(&ana, &format!("{path}/members/{bob_id}"), &bad).await.is_problem(422, "invalid");
    }

    let raised = server.put(&ana, &format!("{path}/members/{bob_id}"), &json!({"role": "admin"})).await;
    assert_eq!((raised.status, &raised.body["role"]), (200, &json!("admin")), "{}", raised.body);
    let only = json!({"environments": ["production"]});
    server.put(&ana, &path, &only).await.is_problem(409, "conflict");
    let moved = server
        .send(
            server
                .request("PATCH", &format!("/api/keys/{}", key.text("keyId")))
                .bearer_auth(&bob)
                .json(&json!({"team": null})),
        )
        .await;
    assert_eq!((moved.status, moved.body.get("team")), (200, None), "{}", moved.body);
    assert_eq!(server.put(&ana, &path, &only).await.body["environments"], json!(["production"]));
    let outside =
        json!({"name": "n", "service": "s", "apiKey": "sk-1", "team": team, "environment": "staging"});
    assert_eq!(server.post(&ana, "/api/keys", &outside).await.pointers(), ["/environment"]);

    let removed = server.delete(&ana, &format!("{path}/members/{bob_id}")).await;
    assert_eq!((removed.status, &removed.body["rotateNow"]), (200, &json!([])), "{}", removed.body);
    server.get(&bob, &path).await.is_problem(404, "not_found");
    let ana_id = server.get(&ana, "/api/profile").await.text("id");
    server.delete(&ana, &format!("{path}/members/{ana_id}")).await.is_problem(409, "conflict");
    let code = server
        .post(&ana, &format!("{path}/invitations"), &json!({"email": "x@example.com", "role": "viewer"}))
        .await;
    let listed = server.get(&ana, &format!("{path}/invitations")).await;
    assert_eq!(listed.body["invitations"][0]["_id"], code.body["_id"]);
    assert!(!listed.body.to_string().contains(&code.text("code")));
    assert_eq!(server.delete(&ana, &format!("{path}/invitations/{}", code.text("_id"))).await.status, 200);
    assert_eq!(server.delete(&ana, &path).await.status, 200);
    server.get(&ana, &path).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_newcomer_is_told_whom_they_wait_for() {
    let server = Server::start().await;
    let ana = server.person("ana@example.com").await;
    let team = team(&server, &ana).await;
    set_passphrase(&server, &ana).await;
    let body =
        json!({"name": "stripe", "service": "Stripe", "apiKey": "sk-1", "team": team, "custody": "sealed"});
    let key = server.post(&ana, "/api/keys", &body).await.text("_id");
    let bob = join(&server, &ana, &team, "bob@example.com", "member").await;
    set_passphrase(&server, &bob).await;
    let token = unlock(&server, &bob).await;
    let reveal = format!("/api/keys/{key}/reveal");
    assert_eq!(server.get(&bob, &format!("/api/teams/{team}")).await.body["access"], "pending");
    let waits = server.send(server.with_unlock("POST", &reveal, &bob, &token)).await;
    waits.is_problem(403, "locked");
    assert!(waits.text("detail").contains("once John Doe unlocks"), "{}", waits.body);
    let owners = unlock(&server, &ana).await;
    let opened = server.send(server.with_unlock("POST", &reveal, &bob, &token)).await;
    assert_eq!((opened.status, &opened.body["apiKey"]), (200, &json!("sk-1")), "{}", opened.body);

    // She is unlocked already: her next request is enough, whatever it asks for.
    let cleo = join(&server, &ana, &team, "cleo@example.com", "member").await;
    set_passphrase(&server, &cleo).await;
    let token = unlock(&server, &cleo).await;
    server.send(server.with_unlock("POST", &reveal, &cleo, &token)).await.is_problem(403, "locked");
    let team = server.send(server.with_unlock("GET", &format!("/api/teams/{team}"), &ana, &owners)).await;
    assert_eq!((team.status, &team.body["newcomers"]), (200, &json!(0)), "{}", team.body);
    let opened = server.send(server.with_unlock("POST", &reveal, &cleo, &token)).await;
    assert_eq!((opened.status, &opened.body["apiKey"]), (200, &json!("sk-1")), "{}", opened.body);
}
