//! Values for apps: one by one and many at once, by every name, and only while they may be had.

use serde_json::{Value, json};

use crate::harness::{Reply, Server};

/// A token of this person's for these keys.
async fn token(server: &Server, person: &str, keys: &[&str], scopes: &[&str]) -> Reply {
    let body = json!({"name": "app", "keys": keys, "scopes": scopes});
    let made = server.post(person, "/api/tokens", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made
}

/// A production key's `_id`.
async fn production(server: &Server, person: &str, name: &str, value: &str) -> String {
    let body = json!({"name": name, "service": "OpenAI", "apiKey": value, "environment": "production"});
    let made = server.post(person, "/api/keys", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.text("_id")
}

#[tokio::test]
async fn an_app_fetches_a_value_with_its_token_until_it_is_revoked() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let id = production(&server, &person, "Main Key", "sk-1234567890abcdef").await;
    let other = server.key(&person, "other").await;
    let made = token(&server, &person, &[&id], &["fetch", "track"]).await;
    let token = made.text("token");
    assert!(token.starts_with("kw_"));

    let path = format!("/api/keys/{id}/value");
    let fetched = server.get(&token, &path).await;
    let limit = &fetched.body["limit"];
    assert_eq!(
        fetched.body,
        json!({
            "name": "Main Key", "environment": "production", "version": 1, "apiKey": "sk-1234567890abcdef",
            "limit": {"monthly": null, "used": 0, "remaining": null, "reset": limit["reset"], "exceeded": false}
        })
    );
    assert_eq!(fetched.header("etag"), "\"1\"");
    assert_eq!(fetched.header("cache-control"), "no-store");
    let by_name = server.get(&token, "/api/fetch/production/main%20key").await;
    assert_eq!((by_name.status, &by_name.body), (200, &fetched.body));
    for (tag, status) in [("\"1\"", 304), ("\"0\"", 200), ("\"7\", W/\"1\"", 304), ("*", 304)] {
        let again = server.request("GET", &path).bearer_auth(&token).header("if-none-match", tag);
        let again = server.send(again).await;
        assert_eq!((again.status, again.header("etag")), (status, "\"1\""), "{tag}");
        assert_eq!(again.body["apiKey"].is_null(), status == 304);
    }
    server.get(&token, &format!("/api/keys/{other}/value")).await.is_problem(404, "not_found");
    server.get(&token, "/api/fetch/production/other").await.is_problem(404, "not_found");
    server.get(&token, "/api/fetch/staging/Main%20Key").await.is_problem(404, "not_found");
    server.get(&token, "/api/fetch/moon/Main%20Key").await.is_problem(404, "not_found");
    server.get(&token, "/api/fetch/production/%ff").await.is_problem(400, "malformed");
    assert_eq!(server.get(&person, &path).await.status, 403, "people reveal, apps fetch");
    assert_eq!(server.post(&token, &format!("/api/usage/{id}/track"), &json!({})).await.status, 201);

    let listed = server.get(&person, "/api/tokens").await;
    assert_eq!(listed.body["tokens"][0]["_id"], made.body["_id"]);
    assert!(!listed.body.to_string().contains(&token));
    let revoke = format!("/api/tokens/{}", made.text("_id"));
    assert_eq!(server.send(server.request("DELETE", &revoke).bearer_auth(&person)).await.status, 200);
    server.get(&token, &path).await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn many_are_fetched_at_once_and_each_has_its_own_answer() {
    let server = Server::start().await;
    let person = server.rich_person("ana@example.com").await;
    let first = production(&server, &person, "first", "sk-first").await;
    let second = production(&server, &person, "second", "sk-second").await;
    let hidden = production(&server, &person, "hidden", "sk-hidden").await;
    let off = production(&server, &person, "off", "sk-off").await;
    let token = token(&server, &person, &[&second, &first, &off], &["fetch"]).await.text("token");
    let change = server.request("PATCH", &format!("/api/keys/{off}")).bearer_auth(&person);
    assert_eq!(server.send(change.json(&json!({"status": "inactive"}))).await.status, 200);

    let body = json!({"keys": [
        first, {"environment": "production", "name": "SECOND"}, {"_id": hidden}, {"_id": off}, {"name": "first"}
    ]});
    let many = server.post(&token, "/api/fetch", &body).await;
    assert_eq!((many.status, many.header("cache-control")), (200, "no-store"), "{}", many.body);
    let keys = many.body["keys"].as_array().unwrap();
    let part = |key: &Value| key["apiKey"].as_str().or(key["error"]["code"].as_str()).unwrap().to_owned();
    let parts: Vec<_> = keys.iter().map(part).collect();
    assert_eq!(parts, ["sk-first", "sk-second", "not_found", "key_inactive", "sk-first"]);
    assert_eq!((&keys[1]["_id"], &keys[1]["version"]), (&json!(second), &json!(1)));
    assert_eq!((&keys[2]["error"]["status"], &keys[3]["error"]["status"]), (&json!(404), &json!(403)));
    assert_eq!((&keys[3]["_id"], &keys[3]["name"], keys[2].get("name")), (&json!(off), &json!("off"), None));

    let all =
        server.post(&token, "/api/fetch", &json!({"environment": "production", "have": {first: 1}})).await;
    let keys = all.body["keys"].as_array().unwrap();
    let names: Vec<_> = keys.iter().map(|key| key["name"].as_str()).collect();
    assert_eq!(
        names,
        [Some("first"), Some("off"), Some("second")],
        "by name, and what cannot be had is told"
    );
    assert!(keys[0].get("apiKey").is_none(), "the app has it");
    assert_eq!((&keys[0]["version"], &keys[2]["apiKey"]), (&json!(1), &json!("sk-second")));

    server.post(&token, "/api/fetch", &json!({})).await.is_problem(422, "invalid");
    server.post(&token, "/api/fetch", &json!({"keys": []})).await.is_problem(422, "invalid");
    let much = json!({"keys": vec!["ak_prod_x"; 1_001]});
    server.post(&token, "/api/fetch", &much).await.is_problem(422, "invalid");
    server.post(&person, "/api/fetch", &body).await.is_problem(403, "forbidden");
    let none = server.post(&token, "/api/fetch", &json!({"environment": "staging"})).await;
    assert_eq!((none.status, none.body), (200, json!({"keys": []})));
}
