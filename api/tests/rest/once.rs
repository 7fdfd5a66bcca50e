//! `Idempotency-Key`: once carried out, and answered alike; and `If-Match` between two writers.

use serde_json::{Value, json};

use crate::harness::{Reply, Server};

async fn post(server: &Server, token: &str, path: &str, key: &str, body: &Value) -> Reply {
    let request = server.request("POST", path).bearer_auth(token).header("idempotency-key", key).json(body);
    server.send(request).await
}

fn new_key(name: &str) -> Value {
    json!({"name": name, "service": "OpenAI", "apiKey": "sk-1234567890abcdef"})
}

async fn total(server: &Server, token: &str) -> Value {
    server.get(token, "/api/keys").await.body["pagination"]["total"].clone()
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_does_nothing() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let first = post(&server, &token, "/api/keys", "k-1", &new_key("first")).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = post(&server, &token, "/api/keys", "\"k-1\"", &new_key("first")).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(
        (again.header("location"), again.header("etag")),
        (first.header("location"), first.header("etag"))
    );
    post(&server, &token, "/api/keys", "k-1", &new_key("other"))
        .await
        .is_problem(422, "idempotency_key_reused");
    post(&server, &token, "/api/tokens", "k-1", &new_key("first"))
        .await
        .is_problem(422, "idempotency_key_reused");
    assert_eq!(total(&server, &token).await, 1);

    let other = server.person("eve@example.com").await;
    assert_eq!(post(&server, &other, "/api/keys", "k-1", &new_key("hers")).await.status, 201);
    let long = "x".repeat(256);
    for bad in ["", " ", "\"\"", &long] {
        post(&server, &token, "/api/keys", bad, &new_key("x")).await.is_problem(400, "malformed");
    }
}

#[tokio::test]
async fn a_refused_request_may_be_tried_again() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    post(&server, &token, "/api/keys", "k", &json!({"name": "x"})).await.is_problem(422, "invalid");
    assert_eq!(post(&server, &token, "/api/keys", "k", &new_key("x")).await.status, 201);
}

#[tokio::test]
async fn of_two_at_once_one_is_carried_out() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    // Its passphrase takes a while, so that the second comes while the first is under way.
    let mut body = new_key("slow");
    body["passphrase"] = "a long passphrase".into();
    let (one, two) = tokio::join!(
        post(&server, &token, "/api/keys", "k", &body),
        post(&server, &token, "/api/keys", "k", &body)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses == [201, 409] || statuses == [201, 201], "{statuses:?}");
    assert_eq!(total(&server, &token).await, 1);
}

#[tokio::test]
async fn a_token_is_shown_again_to_who_made_it_and_lies_nowhere_in_the_open() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let key = server.key(&token, "first").await;
    let body = json!({"name": "app", "keys": [key], "scopes": ["track"]});
    let first = post(&server, &token, "/api/tokens", "k", &body).await;
    assert!(first.text("token").starts_with("kw_"));
    assert_eq!(post(&server, &token, "/api/tokens", "k", &body).await.body, first.body);
    assert_eq!(server.get(&token, "/api/tokens").await.body["tokens"].as_array().unwrap().len(), 1);

    let login = json!({"email": "john@example.com", "password": crate::harness::PASSWORD});
    let login = server.send(server.request("POST", "/api/auth/login").json(&login)).await;
    let later = post(&server, &login.text("token"), "/api/tokens", "k", &body).await;
    assert_eq!((later.status, &later.body["_id"]), (200, &first.body["_id"]));
    assert!(!later.body.to_string().contains("kw_"), "{}", later.body);
}

#[tokio::test]
async fn of_two_writers_with_one_tag_one_is_told_that_it_is_stale() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let path = format!("/api/keys/{id}");
    let tag = server.get(&token, &path).await.header("etag").to_owned();
    for method in ["PUT", "PATCH", "DELETE"] {
        let write = |name: &str| {
            let request = server.request("PATCH", &path).bearer_auth(&token).header("if-match", &tag);
            server.send(request.json(&json!({"name": name})))
        };
        if method == "PUT" {
            let (one, two) = tokio::join!(write("one"), write("two"));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412]);
        }
        let request = server.request(method, &path).bearer_auth(&token).header("if-match", &tag);
        server.send(request.json(&json!({"name": "three"}))).await.is_problem(412, "stale");
    }
}

#[tokio::test]
async fn many_events_have_ids_of_their_own() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    post(&server, &token, "/api/usage/track", "k", &json!([])).await.is_problem(400, "malformed");
}
