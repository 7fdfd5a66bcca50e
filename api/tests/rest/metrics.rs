//! `/metrics`: who may read it, and that nothing in it tells of anybody.

use serde_json::json;

use crate::harness::{PASSWORD, Server};

async fn text(server: &Server) -> String {
    server.request("GET", "/metrics").send().await.unwrap().text().await.unwrap()
}

/// The value of one series.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in {text}")).parse().unwrap()
}

#[tokio::test]
async fn requests_commits_and_business_are_counted() {
    let server = Server::start().await;
    let token = server.person("ana@example.com").await;
    let key = server.key(&token, "canary-name").await;
    for _ in 0..3 {
        assert_eq!(server.get(&token, &format!("/api/keys/{key}")).await.status, 200);
    }
    let track = json!({ "endpoint": "/canary-endpoint", "statusCode": 200 });
    assert_eq!(server.post(&token, &format!("/api/usage/{key}/track"), &track).await.status, 201);
    server.send(server.request("DELETE", &format!("/api/keys/{key}")).bearer_auth(&token)).await;
    let wrong = json!({ "email": "ana@example.com", "password": "wrong password" });
    server
        .send(server.request("POST", "/api/auth/login").json(&wrong))
        .await
        .is_problem(401, "unauthenticated");

    let text = text(&server).await;
    let got = "keyward_http_requests_total{method=\"GET\",route=\"/api/keys/{id}\",status=\"2xx\"}";
    assert_eq!(value(&text, got), 3.0);
    let login = "keyward_http_requests_total{method=\"POST\",route=\"/api/auth/login\",status=\"4xx\"}";
    assert_eq!(value(&text, login), 1.0);
    let count = "keyward_http_request_duration_seconds_count{method=\"GET\",route=\"/api/keys/{id}\"}";
    assert_eq!(value(&text, count), 3.0);
    assert_eq!(value(&text, "keyward_http_requests_in_flight"), 1.0);
    assert_eq!(value(&text, "keyward_keys_created_total"), 1.0);
    assert_eq!(value(&text, "keyward_keys_deleted_total"), 1.0);
    assert_eq!(value(&text, "keyward_usage_events_total"), 1.0);
    assert_eq!(value(&text, "keyward_people"), 1.0);
    assert_eq!(value(&text, "keyward_people_active{window=\"1d\"}"), 1.0);
    assert_eq!(value(&text, "keyward_keys{status=\"deleted\"}"), 1.0);
    assert_eq!(value(&text, "keyward_store_queue_requests"), 0.0);
    assert_eq!(value(&text, "keyward_store_writable"), 1.0);
    assert!(value(&text, "keyward_store_commit_duration_seconds_count") >= 4.0);
    assert!(value(&text, "keyward_audit_records") >= 4.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    for private in ["canary", "ana@", key.as_str(), token.as_str(), PASSWORD] {
        assert!(!text.contains(private), "{private}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn each_key_of_an_import_counts() {
    let server = Server::start().await;
    let token = server.person("ana@example.com").await;
    let import = json!({ "format": "env", "content": "ONE=1\nTWO=2\nTHREE=3\n" });
    assert_eq!(server.post(&token, "/api/keys/import", &import).await.status, 201);
    assert_eq!(value(&text(&server).await, "keyward_keys_created_total"), 3.0);
}

#[tokio::test]
async fn what_callers_make_up_adds_no_series() {
    let server = Server::start().await;
    for number in 0..20 {
        server.send(server.request("GET", &format!("/nowhere/{number}"))).await.is_problem(404, "not_found");
        server.send(server.request(&format!("BREW{number}"), "/health")).await;
    }
    let text = text(&server).await;
    assert!(!text.contains("nowhere") && !text.contains("BREW"));
    assert_eq!(text.lines().filter(|line| line.starts_with("keyward_http_requests_total{")).count(), 10);
}

#[tokio::test]
async fn it_is_closed_to_strangers_behind_a_proxy() {
    let server = Server::start_with(&[
        ("limits.exempt", r#"["127.0.0.0/8"]"#),
        ("api.metrics_token", "canary-metrics-token"),
    ])
    .await;
    let ana = server.person("ana@example.com").await;
    let through = |header: &str| server.request("GET", "/metrics").header(header, "203.0.113.9");
    for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        server.send(through(header)).await.is_problem(401, "unauthenticated");
    }
    let through = || through("x-forwarded-for");
    server.send(through().bearer_auth("canary-metrics-tokem")).await.is_problem(401, "unauthenticated");
    server.send(through().bearer_auth(&ana)).await.is_problem(403, "forbidden");
    assert_eq!(server.send(through().bearer_auth("canary-metrics-token")).await.status, 200);
    assert!(!text(&server).await.contains("canary"));
}
