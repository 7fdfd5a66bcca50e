//! What every answer carries, whoever made it: the routes, the fallbacks, or a library below them.

use keyward_keys::Door;
use serde_json::json;

use crate::harness::{Reply, Server};

fn carries_the_security_headers(reply: &Reply) {
    for (name, value) in [
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("origin-agent-cluster", "?1"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
        ("x-content-type-options", "nosniff"),
        ("x-dns-prefetch-control", "off"),
        ("x-download-options", "noopen"),
        ("x-frame-options", "DENY"),
        ("x-permitted-cross-domain-policies", "none"),
        ("x-xss-protection", "0"),
    ] {
        assert_eq!(reply.header(name), value, "{name} of a {}", reply.status);
    }
    assert!(reply.header("permissions-policy").contains("camera=()"));
    assert!(!reply.headers.contains_key("server") && !reply.headers.contains_key("x-powered-by"));
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn every_kind_of_answer_carries_them() {
    let server = Server::start_with(&[("limits.stranger_requests", "5")]).await;
    let token = server.person("john@example.com").await;
    let mut seen = Vec::new();
    let mut check = |reply: Reply| {
        carries_the_security_headers(&reply);
        seen.push(reply.status);
    };
    check(server.get(&token, "/api/profile").await);
    check(server.get(&token, "/health").await);
    check(server.get("wrong", "/api/profile").await);
    check(server.get(&token, "/api/nowhere").await);
    let not_allowed = server.send(server.request("DELETE", "/api/keys").bearer_auth(&token)).await;
    not_allowed.is_problem(405, "method_not_allowed");
    let allow = not_allowed.header("allow");
    assert!(["GET", "HEAD", "POST"].iter().all(|method| allow.contains(method)), "{allow}");
    check(not_allowed);
    check(server.post(&token, "/api/keys", &json!({"name": "x".repeat(500_000)})).await);
    check(server.send(server.request("POST", "/api/keys").bearer_auth(&token).body("x")).await);
    check(server.post(&token, "/api/keys", &json!([])).await);
    check(server.get(&token, "/api/keys?token=x").await);
    for _ in 0..2 {
        check(server.send(server.request("GET", "/api/keys")).await);
    }
    assert_eq!(seen, [200, 200, 401, 404, 405, 413, 415, 422, 400, 401, 429]);
}

#[tokio::test]
async fn trace_and_unknown_methods_are_not_allowed() {
    let server = Server::start().await;
    for method in ["TRACE", "OPTIONS", "BREW"] {
        server.send(server.request(method, "/api/keys")).await.is_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let head = server.send(server.request("HEAD", "/api/profile").bearer_auth(&token)).await;
    assert_eq!((head.status, head.body.is_null()), (200, true));
    assert!(head.header("content-length").parse::<usize>().unwrap() > 2);
}

#[tokio::test]
async fn a_short_plain_request_id_is_kept_and_any_other_replaced() {
    let server = Server::start().await;
    let id = async |id: &str| {
        let reply = server.send(server.request("GET", "/api/keys").header("x-request-id", id)).await;
        assert_eq!(reply.body["requestId"], reply.header("x-request-id"));
        reply.header("x-request-id").to_owned()
    };
    assert_eq!(id("trace-1.2_3").await, "trace-1.2_3");
    for other in ["a b", "a\"b", &"x".repeat(65), ""] {
        assert_ne!(id(other).await, other);
    }
    assert_ne!(id("").await, id("").await);
}

#[tokio::test]
async fn other_origins_are_let_in_by_name_only() {
    let server = Server::start_with(&[("api.cors_origins", r#"["https://keys.example.com"]"#)]).await;
    let preflight = async |origin: &str| {
        let request = server.request("OPTIONS", "/api/keys").header("origin", origin);
        server.send(request.header("access-control-request-method", "PATCH")).await
    };
    let cors = |reply: &Reply| {
        reply.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).count()
    };
    let good = preflight("https://keys.example.com").await;
    assert_eq!(good.header("access-control-allow-origin"), "https://keys.example.com");
    assert_eq!(good.header("access-control-allow-credentials"), "true");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(good.header("access-control-allow-methods").contains(method), "{method}");
    }
    for name in ["authorization", "content-type", "if-match", "idempotency-key"] {
        assert!(good.header("access-control-allow-headers").contains(name), "{name}");
    }
    for origin in
        ["https://evil.example.com", "null", "https://keys.example.com.evil.com", "http://keys.example.com"]
    {
        assert_eq!(cors(&preflight(origin).await), 0, "{origin}");
        let simple = server.request("GET", "/api/keys").header("origin", origin);
        assert_eq!(cors(&server.send(simple).await), 0, "{origin}");
    }
    let error = server.request("GET", "/api/keys").header("origin", "https://keys.example.com");
    let error = server.send(error).await;
    error.is_problem(401, "unauthenticated");
    assert_eq!(error.header("access-control-allow-origin"), "https://keys.example.com");
    assert!(error.header("access-control-expose-headers").contains("retry-after"));
    assert!(error.headers.get_all("vary").iter().any(|value| value.to_str().unwrap().contains("origin")));
}

#[tokio::test]
async fn health_tells_what_probes_need() {
    let server = Server::start().await;
    let health = server.send(server.request("GET", "/health")).await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("ok")));
    assert_eq!(health.body["dependencies"], json!({"store": "connected", "jobs": "running"}));
    assert!(health.body["uptime"].as_f64().is_some_and(|uptime| uptime >= 0.0));
    assert!(health.body["timestamp"].as_str().unwrap().ends_with('Z'));
    for probe in ["/health/live", "/health/ready"] {
        let reply = server.send(server.request("GET", probe)).await;
        assert_eq!((reply.status, reply.body), (200, json!({"status": "ok"})));
    }
    server.service.jobs_scheduled(&server.service.system_caller("test", Door::Local), false).unwrap();
    let ready = server.send(server.request("GET", "/health/ready")).await;
    assert_eq!((ready.status, &ready.body), (503, &json!({"status": "error"})));
    assert_eq!(ready.header("content-type"), "application/json");
    server.service.close().await.unwrap();
    let health = server.send(server.request("GET", "/health")).await;
    assert_eq!((health.status, &health.body["status"]), (503, &json!("error")));
    assert_eq!(health.body["dependencies"], json!({"store": "disconnected", "jobs": "stopped"}));
}
