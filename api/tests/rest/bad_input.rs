//! Every route with each kind of broken input: a problem that names it, never a 5xx, and nothing is changed.

use serde_json::json;

use crate::harness::Server;

/// Routes that take a body: method, path, a body that is right, and one with faults in the fields named.
fn with_body(key: &str) -> Vec<(&'static str, String, String, String, Vec<&'static str>)> {
    let row = |method, path: &str, good: serde_json::Value, bad: serde_json::Value, pointers| {
        (method, path.replace(":id", key), good.to_string(), bad.to_string(), pointers)
    };
    vec![
        row(
            "POST",
            "/api/auth/register",
            json!({"name": "N", "email": "new@example.com", "password": "long enough"}),
            json!({"name": 1, "email": null, "surprise": 1}),
            vec!["/email", "/name", "/password", "/surprise"],
        ),
        row("POST", "/api/auth/login", json!({}), json!({"email": []}), vec!["/email", "/password"]),
        row("POST", "/api/auth/refresh", json!({}), json!({"refreshToken": 5}), vec!["/refreshToken"]),
        row(
            "POST",
            "/api/keys",
            json!({}),
            json!({"name": {}, "apiKey": 5, "environment": "moon", "monthlyLimit": -1, "tags": ["a", 2],
                   "expiresAt": "soon", "team": "x", "custody": "none", "rotationInterval": 1e10, "extra": 0}),
            vec![
                "/apiKey",
                "/custody",
                "/environment",
                "/expiresAt",
                "/extra",
                "/monthlyLimit",
                "/name",
                "/rotationInterval",
                "/service",
                "/tags/1",
                "/team",
            ],
        ),
        row(
            "PUT",
            "/api/keys/:id",
            json!({"name": "x"}),
            json!({"status": "gone", "monthlyLimit": "10", "nmae": "x"}),
            vec!["/monthlyLimit", "/nmae", "/status"],
        ),
        row(
            "PATCH",
            "/api/keys/:id",
            json!({}),
            json!({"createdAt": 1, "name": 2}),
            vec!["/createdAt", "/name"],
        ),
        row(
            "POST",
            "/api/keys/:id/reveal",
            json!({}),
            json!({"passphrase": 1, "version": -1}),
            vec!["/passphrase", "/version"],
        ),
        row(
            "POST",
            "/api/usage/:id/track",
            json!({}),
            json!({"statusCode": 99999, "responseTime": "x", "requestSize": -1, "metadata": 5, "key": "k", "y": 1}),
            vec!["/metadata", "/requestSize", "/responseTime", "/statusCode", "/y"],
        ),
        row("POST", "/api/profile/ssh-keys", json!({}), json!({"name": 1}), vec!["/key", "/name"]),
        row(
            "POST",
            "/api/tokens",
            json!({}),
            json!({"name": 1, "keys": "x", "scopes": ["fetch", "rule"], "networks": ["x"], "y": 1}),
            vec!["/keys", "/name", "/networks/0", "/scopes/1", "/y"],
        ),
    ]
}

#[tokio::test]
async fn bodies_are_read_strictly_on_every_route() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let key = server.key(&token, "first").await;
    for (method, path, good, bad, pointers) in with_body(&key) {
        let send = async |kind: &str, body: Vec<u8>| {
            let request = server.request(method, &path).bearer_auth(&token).body(body);
            let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
            println!("{method} {path} {kind}");
            server.send(request).await
        };
        const JSON: &str = "application/json";
        let faulty = send(JSON, bad.into_bytes()).await;
        faulty.is_problem(422, "invalid");
        assert_eq!(faulty.pointers(), pointers, "{path}");
        send("text/plain", good.clone().into_bytes()).await.is_problem(415, "unsupported_media_type");
        send("", good.into_bytes()).await.is_problem(415, "unsupported_media_type");
        send(JSON, b"{\"a\":".to_vec()).await.is_problem(400, "malformed");
        send(JSON, b"{\"a\":\"\xff\xfe\"}".to_vec()).await.is_problem(400, "malformed");
        send(JSON, b"{\"name\":\"a\",\"name\":\"b\"}".to_vec()).await.is_problem(400, "malformed");
        send(JSON, vec![b'['; 60_000]).await.is_problem(400, "malformed");
        send(JSON, b"[1]".to_vec()).await.is_problem(422, "invalid");
        send(JSON, b"null".to_vec()).await.is_problem(422, "invalid");
        send(JSON, vec![b' '; 600 * 1024]).await.is_problem(413, "body_too_large");
    }
    let page = server.get(&token, "/api/keys").await;
    assert_eq!(page.body["keys"][0]["name"], "first");
    assert_eq!(page.body["keys"][0]["usageCount"], 0);
}

#[tokio::test]
async fn a_body_has_to_be_there() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let request =
        server.request("POST", "/api/keys").bearer_auth(&token).header("content-type", "application/json");
    server.send(request).await.is_problem(400, "malformed");
}

#[tokio::test]
async fn who_is_not_signed_in_gets_nowhere_and_learns_nothing() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let key = server.key(&token, "first").await;
    for (method, path) in [
        ("GET", "/api/keys"),
        ("POST", "/api/keys"),
        ("GET", "/api/keys/:id"),
        ("PUT", "/api/keys/:id"),
        ("PATCH", "/api/keys/:id"),
        ("DELETE", "/api/keys/:id"),
        ("POST", "/api/keys/:id/reveal"),
        ("GET", "/api/keys/:id/value"),
        ("POST", "/api/usage/:id/track"),
        ("POST", "/api/usage/track"),
        ("GET", "/api/usage/:id"),
        ("GET", "/api/profile"),
        ("GET", "/api/profile/ssh-keys"),
        ("POST", "/api/profile/ssh-keys"),
        ("DELETE", "/api/profile/ssh-keys/:id"),
        ("GET", "/api/tokens"),
        ("POST", "/api/tokens"),
        ("DELETE", "/api/tokens/:id"),
        ("POST", "/api/auth/logout"),
    ] {
        for id in [key.as_str(), "000000000000000000000000"] {
            let reply = server.send(server.request(method, &path.replace(":id", id))).await;
            reply.is_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn ids_that_name_nothing_are_not_found() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let long = "a".repeat(5_000);
    for id in
        ["000000000000000000000000", "ak_prod_none", "x", "..", "%2e%2e", "a%00b", "%F0%9F%94%91", &long]
    {
        let path = format!("/api/keys/{id}");
        let reply = server.send(server.request("GET", &path).bearer_auth(&token)).await;
        // A client folds `..` into the path itself, and so asks for another route.
        assert!(matches!(reply.status, 404), "{id}: {} {}", reply.status, reply.body);
    }
    let reply = server.get(&token, "/api/keys/%ff%fe").await;
    reply.is_problem(400, "malformed");
    let reply = server.send(server.request("DELETE", "/api/tokens/zz").bearer_auth(&token)).await;
    reply.is_problem(404, "not_found");
}

#[tokio::test]
async fn query_strings_are_checked() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let wrong = server
        .get(&token, "/api/keys?page=0&limit=101&status=gone&environment=moon&sort=size&team=x&fuzzy=maybe")
        .await;
    wrong.is_problem(422, "invalid");
    assert_eq!(wrong.pointers(), ["/environment", "/fuzzy", "/limit", "/page", "/sort", "/status", "/team"]);
    for path in [
        "keys",
        "audit",
        "audit/checkpoints",
        "notifications",
        "alerts",
        "alerts/rules",
        "support",
        "admin/users",
    ] {
        let reply = server.get(&token, &format!("/api/{path}?page=-1&limit=101")).await;
        assert_eq!(reply.pointers(), ["/limit", "/page"], "{path}: what is too much and what cannot be read");
    }
    for query in ["limit=0", "limit=101", "page=0", "page=x", "page=-1", "limit=99999999999999999999"] {
        server.get(&token, &format!("/api/keys?{query}")).await.is_problem(422, "invalid");
    }
    server.get(&token, "/api/keys?page=1&page=2").await.is_problem(400, "malformed");
    assert_eq!(server.get(&token, "/api/keys?_=1&search=").await.status, 200);
    for name in ["token", "passphrase", "password", "apiKey", "APIKEY", "%74oken"] {
        for path in ["/api/keys", "/api/usage/x", "/nowhere", "/health"] {
            let reply = server.get(&token, &format!("{path}?{name}=hunter2")).await;
            reply.is_problem(400, "secret_in_query");
            assert!(!reply.body.to_string().contains("hunter2"));
        }
    }
}

#[tokio::test]
async fn what_people_type_cannot_harm_a_terminal() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    for name in ["a\u{1b}]52;c;x\u{7}", "a\u{9b}b", "a\u{202e}b", "a\u{200b}b", "a\r\nb", "a\0b", "", "   "] {
        let body = json!({"name": name, "service": "s", "apiKey": "k"});
        let reply = server.post(&token, "/api/keys", &body).await;
        reply.is_problem(422, "invalid");
        assert_eq!(reply.pointers(), ["/name"], "{name:?}");
    }
}

#[tokio::test]
async fn a_large_value_fits_and_a_larger_one_is_told() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let key = |length| json!({"name": "n", "service": "s", "apiKey": "\u{1}".repeat(length)});
    let reply = server.post(&token, "/api/keys", &key(64 * 1024)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let reply = server.post(&token, "/api/keys", &key(64 * 1024 + 1)).await;
    reply.is_problem(422, "invalid");
    assert_eq!(reply.pointers(), ["/apiKey"]);
}

#[tokio::test]
async fn what_the_door_cannot_read_and_what_the_core_refuses_are_told_together() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let key = server.key(&john, "first").await;
    let long = "x".repeat(2_000);
    for (method, path, body, pointers) in [
        (
            "POST",
            "/api/keys".to_owned(),
            json!({"name": "", "service": 5, "apiKey": "v", "description": long, "custody": "private", "tags": [5]}),
            vec!["/description", "/name", "/passphrase", "/service", "/tags/0"],
        ),
        (
            "PATCH",
            format!("/api/keys/{key}"),
            json!({"name": "", "environment": "moon", "rotationInterval": 9_999}),
            vec!["/environment", "/name", "/rotationInterval"],
        ),
        (
            "POST",
            format!("/api/keys/{key}/versions"),
            json!({"apiKey": 5, "overlap": "99d", "more": 1}),
            vec!["/apiKey", "/more", "/overlap"],
        ),
        (
            "POST",
            "/api/tokens".to_owned(),
            json!({"name": "", "keys": [key], "scopes": ["dance"], "maxUses": 0, "expiresAt": "soon"}),
            vec!["/expiresAt", "/maxUses", "/name", "/scopes/0"],
        ),
        (
            "POST",
            "/api/teams".to_owned(),
            json!({"name": 5, "environments": []}),
            vec!["/environments", "/name"],
        ),
        (
            "POST",
            "/api/alerts/rules".to_owned(),
            json!({"name": "", "condition": "error_rate", "threshold": 101, "recovery": 102, "window": 0, "more": 1}),
            vec!["/more", "/name", "/recovery", "/threshold", "/window"],
        ),
        (
            "POST",
            "/api/alerts/backtest".to_owned(),
            json!({"apiKeyId": 7, "condition": "rain", "window": "long"}),
            vec!["/apiKeyId", "/condition", "/window"],
        ),
        ("POST", "/api/support".to_owned(), json!({"subject": 5, "text": ""}), vec!["/subject", "/text"]),
    ] {
        let request = server.request(method, &path).bearer_auth(&john).json(&body);
        let refused = server.send(request).await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.pointers(), pointers, "{method} {path}: {}", refused.body);
    }
}
