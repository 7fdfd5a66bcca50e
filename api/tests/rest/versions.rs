//! New values set by hand, and what apps see of it.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_new_value_is_fetched_with_the_one_before_it() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let id = server.key(&person, "Main").await;
    let path = format!("/api/keys/{id}/versions");
    let body = json!({"name": "app", "keys": [id], "scopes": ["fetch"]});
    let token = server.post(&person, "/api/tokens", &body).await.text("token");

    let made = server.post(&person, &path, &json!({"apiKey": "sk-second", "overlap": "1h"})).await;
    assert_eq!((made.status, &made.body["version"]), (201, &json!(2)), "{}", made.body);
    assert_eq!(made.body["labels"], json!(["current"]));
    assert!(!made.body.to_string().contains("sk-second"));
    let listed = server.get(&person, &path).await.body;
    assert_eq!(listed["versions"][1]["labels"], json!(["previous"]), "{listed}");
    assert!(
        listed["versions"][1]["fetchableUntil"].is_string() && listed["versions"][0]["createdAt"].is_string()
    );

    let value = server.request("GET", &format!("/api/keys/{id}/value")).bearer_auth(&token);
    let fetched = server.send(value.header("if-none-match", "\"1\"")).await;
    let previous = json!({"version": 1, "apiKey": "sk-1234567890abcdef"});
    assert_eq!((fetched.status, fetched.header("etag")), (200, "\"2\""));
    assert_eq!((&fetched.body["apiKey"], &fetched.body["previous"]), (&json!("sk-second"), &previous));
    let many = server.post(&token, "/api/fetch", &json!({"keys": [id]})).await;
    assert_eq!(many.body["keys"][0]["previous"], previous, "{}", many.body);

    let key = server.get(&person, &format!("/api/keys/{id}")).await;
    let stale = server.request("POST", &path).bearer_auth(&person).header("if-match", "\"999\"");
    assert_eq!(server.send(stale.json(&json!({"apiKey": "x"}))).await.status, 412);
    let current = server.request("POST", &path).bearer_auth(&person).header("if-match", key.header("etag"));
    assert_eq!(server.send(current.json(&json!({"apiKey": "x", "overlap": "0s"}))).await.status, 201);
    let fetched = server.get(&token, &format!("/api/keys/{id}/value")).await;
    assert_eq!((&fetched.body["version"], fetched.body.get("previous")), (&json!(3), None));

    let wrong = server.post(&person, &path, &json!({"overlap": "soon", "value": "x"})).await;
    wrong.is_problem(422, "invalid");
    assert_eq!(wrong.pointers(), ["/apiKey", "/overlap", "/value"]);
}
