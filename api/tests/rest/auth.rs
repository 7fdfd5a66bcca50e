//! Joining, signing in and out, the profile: in the specification's words.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server};

fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn register_and_login_answer_as_specified() {
    let server = Server::start().await;
    let body = json!({"name": "John Doe", "email": "john@example.com", "password": PASSWORD});
    let joined = server.send(server.request("POST", "/api/auth/register").json(&body)).await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    assert_eq!(joined.text("message"), "User created successfully");
    assert_eq!(names(&joined.body), ["expiresIn", "message", "refreshToken", "token", "user"]);
    let user = &joined.body["user"];
    assert_eq!(names(user), ["email", "id", "name", "subscription"]);
    assert_eq!(user["name"], "John Doe");
    assert_eq!(user["email"], "john@example.com");
    assert_eq!(
        user["subscription"],
        json!({"plan": "free", "limits": {"apiKeys": 5, "monthlyRequests": 1000}})
    );
    assert_eq!(user["id"].as_str().unwrap().len(), 24);

    let body = json!({"email": "john@example.com", "password": PASSWORD});
    let back = server.send(server.request("POST", "/api/auth/login").json(&body)).await;
    assert_eq!(back.status, 200);
    assert_eq!(back.text("message"), "Login successful");
    assert_eq!(back.body["user"]["id"], user["id"]);
    assert_eq!(back.body["expiresIn"], 3_600);
    let me = server.get(&back.text("token"), "/api/profile").await;
    assert_eq!((me.status, &me.body["email"]), (200, &json!("john@example.com")));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_look_the_same() {
    let server = Server::start().await;
    server.person("john@example.com").await;
    let login = async |email: &str| {
        let body = json!({"email": email, "password": "wrong password"});
        let mut reply = server.send(server.request("POST", "/api/auth/login").json(&body)).await;
        reply.is_problem(401, "unauthenticated");
        reply.body["requestId"] = Value::Null;
        reply.body
    };
    assert_eq!(login("john@example.com").await, login("nobody@example.com").await);
}

#[tokio::test]
async fn a_session_is_refreshed_and_ends_at_once() {
    let server = Server::start().await;
    let body = json!({"name": "J", "email": "john@example.com", "password": PASSWORD});
    let joined = server.send(server.request("POST", "/api/auth/register").json(&body)).await;
    let body = json!({"refreshToken": joined.text("refreshToken")});
    let fresh = server.send(server.request("POST", "/api/auth/refresh").json(&body)).await;
    assert_eq!(fresh.status, 200, "{}", fresh.body);
    assert_eq!(names(&fresh.body), ["expiresIn", "message", "refreshToken", "token"]);
    assert_ne!(fresh.body["refreshToken"], joined.body["refreshToken"]);

    let token = fresh.text("token");
    let out = server.send(server.request("POST", "/api/auth/logout").bearer_auth(&token)).await;
    assert_eq!(out.status, 200);
    server.get(&token, "/api/profile").await.is_problem(401, "unauthenticated");
    let body = json!({"refreshToken": fresh.text("refreshToken")});
    let late = server.send(server.request("POST", "/api/auth/refresh").json(&body)).await;
    late.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn bad_bearers_are_all_refused_alike() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let cut = &token[..token.len() - 2];
    let long = "a".repeat(20_000);
    for bearer in ["x", "a.b.c", cut, "kw_nothing", "eyJhbGciOiJub25lIn0.e30.", &long] {
        let reply = server.get(bearer, "/api/profile").await;
        reply.is_problem(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn ssh_keys_come_and_go() {
    const LINE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ laptop";
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let path = "/api/profile/ssh-keys";
    let added = server.post(&token, path, &json!({"name": "laptop", "key": LINE})).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert!(added.text("fingerprint").starts_with("SHA256:"));
    let listed = server.get(&token, path).await;
    assert_eq!(listed.body["sshKeys"][0]["_id"], added.body["_id"]);
    let bad = server.post(&token, path, &json!({"name": "laptop", "key": "ssh-rsa nonsense"})).await;
    bad.is_problem(422, "invalid");
    assert_eq!(bad.pointers(), ["/key"]);
    let one = format!("{path}/{}", added.text("_id"));
    let gone = server.send(server.request("DELETE", &one).bearer_auth(&token)).await;
    assert_eq!(gone.status, 200);
    server.send(server.request("DELETE", &one).bearer_auth(&token)).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn every_fault_of_a_new_account_is_told_at_once() {
    let server = Server::start().await;
    let body = json!({"email": "no", "password": "short", "age": 5});
    let refused = server.send(server.request("POST", "/api/auth/register").json(&body)).await;
    refused.is_problem(422, "invalid");
    assert_eq!(
        refused.pointers(),
        ["/age", "/email", "/name", "/password"],
        "what the door and the core find"
    );
}
