//! Limits as clients meet them.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn strangers_are_stopped_before_their_password_is_looked_at() {
    let server = Server::start_with(&[("limits.stranger_requests", "3")]).await;
    let login = async |forwarded: &str| {
        let body = json!({"email": "a@example.com", "password": "wrong password"});
        let request = server.request("POST", "/api/auth/login").json(&body);
        server.send(request.header("x-forwarded-for", forwarded)).await
    };
    for left in ["2", "1", "0"] {
        let reply = login("192.0.2.1").await;
        reply.is_problem(401, "unauthenticated");
        assert_eq!(reply.header("x-ratelimit-remaining"), left);
        assert_eq!(reply.header("x-ratelimit-limit"), "3");
        assert_eq!(reply.header("ratelimit-policy"), "\"stranger\";q=3;w=900");
    }
    let stopped = login("192.0.2.2").await;
    stopped.is_problem(429, "too_many");
    let wait: u64 = stopped.header("retry-after").parse().unwrap();
    assert!((1..=300).contains(&wait), "one comes back in five minutes, not {wait} s");
    assert!(stopped.header("ratelimit").starts_with("\"stranger\";r=0;t="));
    // Whoever asks for nothing, or for what is not there, is counted too; probes are not.
    server.send(server.request("GET", "/nowhere")).await.is_problem(429, "too_many");
    server.send(server.request("GET", "/api/keys")).await.is_problem(429, "too_many");
    assert_eq!(server.send(server.request("GET", "/health")).await.status, 200);
}

#[tokio::test]
async fn a_trusted_proxy_s_clients_are_told_apart() {
    let server =
        Server::start_with(&[("limits.stranger_requests", "1"), ("api.trusted_proxies", r#"["127.0.0.1"]"#)])
            .await;
    let ask = async |forwarded: &str| {
        server.send(server.request("GET", "/api/keys").header("x-forwarded-for", forwarded)).await.status
    };
    assert_eq!(ask("192.0.2.1").await, 401);
    assert_eq!(ask("192.0.2.1").await, 429);
    assert_eq!(ask("192.0.2.2").await, 401);
    assert_eq!(
        ask("192.0.2.9, 192.0.2.1").await,
        429,
        "what stands further left is the client's own invention"
    );
}

#[tokio::test]
async fn people_have_their_own_limit_and_apps_none() {
    let server = Server::start_with(&[("limits.person_per_minute", "4")]).await;
    let john = server.person("john@example.com").await;
    let ana = server.person("ana@example.com").await;
    let key = server.key(&john, "first").await;
    let body = json!({"name": "app", "keys": [key], "scopes": ["track"]});
    let app = server.post(&john, "/api/tokens", &body).await.text("token");
    let third = server.get(&john, "/api/profile").await;
    assert_eq!((third.status, third.header("ratelimit-policy")), (200, "\"person\";q=4;w=60"));
    assert_eq!(server.get(&john, "/api/profile").await.status, 200);
    server.get(&john, "/api/profile").await.is_problem(429, "too_many");
    assert_eq!(server.get(&ana, "/api/profile").await.status, 200);
    for _ in 0..10 {
        let reply = server.post(&app, &format!("/api/usage/{key}/track"), &json!({})).await;
        assert_eq!(reply.status, 201);
        assert!(!reply.headers.contains_key("ratelimit"));
    }
}
