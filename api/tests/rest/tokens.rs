//! Service tokens as their makers manage them, and as they hold apps back.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_token_for_an_environment_is_made_used_and_listed() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let body = json!({
        "name": "prod", "environment": "production", "scopes": ["fetch", "track"], "maxUses": 3,
        "networks": ["127.0.0.1", "10.0.0.0/8"], "expiresAt": "2099-01-01T00:00:00Z"
    });
    let made = server.post(&person, "/api/tokens", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("location"), format!("/api/tokens/{}", made.text("_id")));
    let token = made.text("token");
    let body = json!({"name": "later", "service": "X", "apiKey": "sk-later", "environment": "production"});
    let id = server.post(&person, "/api/keys", &body).await.text("_id");
    assert_eq!(server.get(&token, "/api/fetch/production/later").await.body["apiKey"], "sk-later");
    assert_eq!(server.post(&token, &format!("/api/usage/{id}/track"), &json!({})).await.status, 201);
    assert_eq!(server.post(&token, "/api/fetch", &json!({"environment": "production"})).await.status, 200);
    server.get(&token, "/api/fetch/production/later").await.is_problem(401, "unauthenticated");

    let listed = &server.get(&person, "/api/tokens").await.body["tokens"][0];
    for (field, value) in [
        ("_id", made.body["_id"].clone()),
        ("environment", json!("production")),
        ("keys", json!([])),
        ("networks", json!(["127.0.0.1/32", "10.0.0.0/8"])),
        ("maxUses", json!(3)),
        ("uses", json!(3)),
        ("scopes", json!(["fetch", "track"])),
    ] {
        assert_eq!(listed[field], value, "{field}");
    }
    assert!(listed["lastSeen"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_token_is_refused_outside_its_networks_and_badly_made_ones_are_not_made() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let id = server.key(&person, "first").await;
    let body = json!({"name": "far", "keys": [id], "scopes": ["fetch"], "networks": ["192.0.2.0/24"]});
    let far = server.post(&person, "/api/tokens", &body).await.text("token");
    let path = format!("/api/keys/{id}/value");
    server.get(&far, &path).await.is_problem(403, "forbidden");
    let forged = server.request("GET", &path).bearer_auth(&far).header("x-forwarded-for", "192.0.2.1");
    server.send(forged).await.is_problem(403, "forbidden");

    let body = json!({
        "name": "bad", "keys": [id], "scopes": ["fetch"], "networks": ["10.0.0.0/33", "here"], "maxUses": -1,
        "team": "none"
    });
    let bad = server.post(&person, "/api/tokens", &body).await;
    bad.is_problem(422, "invalid");
    assert_eq!(bad.pointers(), ["/maxUses", "/networks/0", "/networks/1", "/team"]);
    let team = json!({
        "name": "t", "team": "64f8a1b2c3d4e5f6a7b8c9d1", "environment": "production", "scopes": ["fetch"]
    });
    server.post(&person, "/api/tokens", &team).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn an_owner_may_have_fetches_refused_beyond_the_limit() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let body =
        json!({"name": "n", "service": "s", "apiKey": "v", "monthlyLimit": 1, "refuseOverLimit": true});
    let key = server.post(&person, "/api/keys", &body).await;
    assert_eq!((key.status, &key.body["refuseOverLimit"]), (201, &json!(true)), "{}", key.body);
    let id = key.text("_id");
    let body = json!({"name": "app", "keys": [id], "scopes": ["fetch", "track"]});
    let token = server.post(&person, "/api/tokens", &body).await.text("token");
    let (value, track) = (format!("/api/keys/{id}/value"), format!("/api/usage/{id}/track"));
    assert_eq!(server.post(&token, &track, &json!({})).await.body["limit"]["remaining"], 0);
    assert_eq!(server.get(&token, &value).await.body["limit"]["exceeded"], false);
    assert_eq!(server.post(&token, &track, &json!({})).await.body["limit"]["exceeded"], true);
    let refused = server.get(&token, &value).await;
    refused.is_problem(429, "limit_exceeded");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    let change = server.request("PATCH", &format!("/api/keys/{id}")).bearer_auth(&person);
    assert_eq!(server.send(change.json(&json!({"refuseOverLimit": false}))).await.status, 200);
    assert_eq!(server.get(&token, &value).await.status, 200);
}
