//! Reported calls, one by one and many at once, and the report of them.

use serde_json::json;

use crate::harness::{Reply, Server};

#[tokio::test]
async fn the_specification_s_event_is_counted_and_reported() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let event = json!({
        "endpoint": "/v1/chat/completions", "method": "POST", "statusCode": 200, "responseTime": 245,
        "requestSize": 1024, "responseSize": 2048, "metadata": {"model": "gpt-3.5-turbo", "tokens": 150}
    });
    let track = format!("/api/usage/{id}/track");
    let tracked = server.post(&token, &track, &event).await;
    assert_eq!(tracked.status, 201, "{}", tracked.body);
    let reset = tracked.body["limit"]["reset"].as_str().unwrap();
    assert!(reset.ends_with("-01T00:00:00Z"), "{reset}");
    assert_eq!(
        tracked.body,
        json!({
            "accepted": 1, "duplicates": 0,
            "limit": {"monthly": null, "used": 1, "remaining": null, "reset": reset, "exceeded": false}
        })
    );
    server.post(&token, &track, &json!({"statusCode": 500, "responseTime": 0.5})).await;

    let report = server.get(&token, &format!("/api/usage/{id}?timeframe=week")).await;
    assert_eq!(report.status, 200, "{}", report.body);
    assert_eq!(report.body["timeframe"], "week");
    let summary = &report.body["summary"];
    for (field, value) in [
        ("totalRequests", json!(2)),
        ("successfulRequests", json!(1)),
        ("failedRequests", json!(1)),
        ("successRate", json!(50.0)),
    ] {
        assert_eq!(summary[field], value, "{field}");
    }
    for field in ["averageResponseTime", "p50", "p95", "p99"] {
        assert!(summary[field].is_number(), "{field}");
    }
    let days = report.body["dailyBreakdown"].as_array().unwrap();
    assert_eq!(days.iter().map(|day| day["requests"].as_u64().unwrap()).sum::<u64>(), 2);
    assert_eq!(report.body["topEndpoints"][0]["requests"], 1);
    assert_eq!(report.body["statuses"][1]["status"], 500);
    assert_eq!(
        (&report.body["methods"][0]["requests"], &report.body["uniqueClients"]),
        (&json!(1), &json!(1))
    );
    assert!(report.body["keyId"].as_str().unwrap().starts_with("ak_dev_"));
    let all = server.get(&token, "/api/usage?timeframe=week").await;
    assert_eq!((all.status, &all.body["timeframe"]), (200, &json!("week")), "{}", all.body);
    for part in ["summary", "dailyBreakdown", "topEndpoints", "errors"] {
        assert_eq!(all.body[part], report.body[part], "there is one key: {part}");
    }
    let key = &all.body["topKeys"][0];
    assert_eq!((&key["_id"], &key["requests"], &key["percentage"]), (&json!(id), &json!(2), &json!(100.0)));
    let asked = format!("/api/usage/{id}?timeframe=day&step=hour&compare=true");
    let day = server.get(&token, &asked).await.body;
    assert_eq!(day["previous"]["summary"]["totalRequests"], 0);
    assert!(day["points"].as_array().unwrap().len() >= 23, "{day}");
    assert_eq!(server.get(&token, &format!("/api/usage/{id}?step=blink")).await.status, 422);
    assert_eq!(server.get(&token, "/api/usage?team=000000000000000000000000").await.status, 404);
    assert_eq!(server.get(&token, "/api/usage?instance=true").await.status, 403);
    let metadata =
        json!({"metadata": {"model": "gpt-4o", "usage": {"prompt_tokens": 1000, "completion_tokens": 100}}});
    server.post(&token, &format!("/api/usage/{id}/track"), &metadata).await;
    let told = server.get(&token, &format!("/api/usage/{id}")).await.body;
    let model = json!({"model": "gpt-4o", "requests": 1, "errors": 0, "inputTokens": 1000, "outputTokens": 100,
        "cachedTokens": 0, "tokens": 1100, "percentage": 88.0});
    for (field, value) in model.as_object().unwrap() {
        assert_eq!(&told["models"][0][field], value, "{field}");
    }
    assert_eq!((&told["models"][0]["cost"], &told["summary"]["cost"]), (&json!(0.0035), &json!(0.003575)));
    for path in [
        &format!("/api/usage/{id}?format=csv"),
        "/api/usage/costs?by=model&format=csv",
        "/api/usage/series?format=csv&metric=latency",
        "/api/usage/series?format=csv&metric=errors&by=status",
    ] {
        let reply = server.get(&token, path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/csv; charset=utf-8"), "{path}");
    }
    let by_status = server.get(&token, "/api/usage/series?by=status").await.body;
    let kind = &by_status["kinds"][0];
    let told = ["name", "requests", "errors", "percentage"].map(|field| kind[field].clone());
    assert_eq!(told, [json!("200"), json!(2), json!(0), json!(66.7)], "{by_status}");
    let by_method = server.get(&token, "/api/usage/series?by=method&metric=errors").await.body;
    let failed = by_method["kinds"].as_array().unwrap().iter().map(|kind| kind["errors"].as_u64().unwrap());
    assert_eq!(failed.sum::<u64>(), 1, "{by_method}");
    for (by, metric) in [("status", "latency"), ("method", "tokens"), ("token", "cost")] {
        let path = format!("/api/usage/series?by={by}&metric={metric}&format=csv");
        server.get(&token, &path).await.is_problem(422, "invalid");
    }
    server.get(&token, "/api/usage/costs?by=colour&format=pdf").await.is_problem(422, "invalid");
    for path in [format!("/api/usage/{id}"), "/api/usage".to_owned()] {
        server.get(&token, &format!("{path}?timeframe=eon")).await.is_problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_retry_is_a_duplicate() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let track = format!("/api/usage/{}/track", server.key(&token, "first").await);
    let event = json!({"eventId": "e-1"});
    assert_eq!(server.post(&token, &track, &event).await.body["accepted"], 1);
    let again = server.post(&token, &track, &event).await;
    assert_eq!((&again.body["accepted"], &again.body["duplicates"]), (&json!(0), &json!(1)));
    assert_eq!(again.body["limit"]["used"], 1);
}

async fn send(server: &Server, token: &str, kind: &str, body: String) -> Reply {
    let request = server.request("POST", "/api/usage/track").bearer_auth(token);
    server.send(request.header("content-type", kind).body(body)).await
}

#[tokio::test]
async fn many_events_go_in_as_lines_or_as_an_array() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let line = format!("{{\"key\":\"{id}\",\"endpoint\":\"/a\",\"statusCode\":200}}\n");
    let lines = send(&server, &token, "application/x-ndjson", line.repeat(1_000)).await;
    assert_eq!(lines.status, 201, "{}", lines.body);
    assert_eq!((&lines.body["accepted"], &lines.body["rejected"]), (&json!(1_000), &json!(0)));
    assert_eq!(lines.body["limit"]["used"], 1_000);
    let array = format!("[{}]", [line.trim(), line.trim()].join(","));
    let array = send(&server, &token, "application/json; charset=utf-8", array).await;
    assert_eq!(array.body["limit"]["used"], 1_002);
}

#[tokio::test]
async fn a_bad_event_does_not_spoil_the_others() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let body = format!(
        "{{\"key\":\"{id}\"}}\n{{\"key\":\"{id}\",\"statusCode\":99}}\n{{oops\n{{}}\n{{\"key\":\"ak_dev_none\"}}\n"
    );
    let mixed = send(&server, &token, "application/x-ndjson", body).await;
    assert_eq!(mixed.status, 201, "{}", mixed.body);
    assert_eq!((&mixed.body["accepted"], &mixed.body["rejected"]), (&json!(1), &json!(4)));
    let at: Vec<_> = mixed.body["errors"].as_array().unwrap().iter().map(|error| &error["index"]).collect();
    assert_eq!(json!(at), json!([1, 2, 3, 4]));

    let none = send(&server, &token, "application/json", "[{}, 7]".into()).await;
    none.is_problem(422, "invalid");
    assert_eq!(none.pointers(), ["/0/key", "/1"]);
    send(&server, &token, "application/json", "[]".into()).await.is_problem(422, "invalid");
    send(&server, &token, "application/json", "[{}".into()).await.is_problem(400, "malformed");
    for (kind, body) in
        [("application/x-ndjson", "oops\n{\n"), ("application/json", "[{\"responseTime\":Infinity}]")]
    {
        let unread = send(&server, &token, kind, body.into()).await;
        unread.is_problem(400, "malformed");
        assert!(unread.pointers().contains(&"/0"), "{}", unread.body);
    }
    send(&server, &token, "text/plain", "{}".into()).await.is_problem(415, "unsupported_media_type");
    let fat = send(&server, &token, "application/x-ndjson", "x".repeat(9 << 20)).await;
    fat.is_problem(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_fails_in_its_middle_tells_how_far_it_was_taken() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let line = |n: usize| format!("{{\"key\":\"{id}\",\"eventId\":\"e{n}\"}}\n");
    let body: String = (0..10_001).map(line).collect();
    let flood = send(&server, &token, "application/x-ndjson", body.clone()).await;
    flood.is_problem(413, "too_many_events");
    assert_eq!(
        flood.body["progress"],
        json!({"taken": 10_000, "accepted": 10_000, "duplicates": 0, "rejected": 0})
    );
    let rest: String = body.lines().skip(10_000).collect();
    let rest = send(&server, &token, "application/x-ndjson", rest).await;
    assert_eq!(rest.body["limit"]["used"], 10_001);

    let cut = format!("[{}", (10_000..11_500).map(line).collect::<Vec<_>>().join(","));
    let cut = send(&server, &token, "application/json", cut).await;
    cut.is_problem(400, "malformed");
    assert_eq!(
        cut.body["progress"],
        json!({"taken": 1_000, "accepted": 999, "duplicates": 1, "rejected": 0})
    );
    let again = (10_000..11_500).map(line).collect();
    let again = send(&server, &token, "application/x-ndjson", again).await;
    assert_eq!((&again.body["accepted"], &again.body["duplicates"]), (&json!(500), &json!(1_000)));
}

#[tokio::test]
async fn odd_lines_are_told_by_their_numbers() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let good = format!("{{\"key\":\"{id}\"}}");
    let lines: [&[u8]; 7] = [
        good.as_bytes(),
        b"",
        b"{\"key\":\"\xff\"}",
        &[b'['; 60_000],
        &[b'x'; 70_000],
        good.as_bytes(),
        b"{\"key\":\"k\",\"timestamp\":\"2001-01-01T00:00:00Z\",\"surprise\":1}",
    ];
    let request = server.request("POST", "/api/usage/track").bearer_auth(&token);
    let request = request.header("content-type", "application/x-ndjson").body(lines.join(&b"\r\n"[..]));
    let reply = server.send(request).await;
    assert_eq!((reply.status, &reply.body["accepted"], &reply.body["rejected"]), (201, &json!(2), &json!(4)));
    let errors = reply.body["errors"].as_array().unwrap();
    let places: Vec<_> = errors.iter().map(|error| (&error["line"], &error["index"])).collect();
    assert_eq!(json!(places), json!([[3, 1], [4, 2], [5, 3], [7, 5]]));
    assert!(errors[2]["detail"].as_str().unwrap().contains("64 KiB"));
    assert_eq!(errors[3]["pointer"], "/surprise");
}

#[tokio::test]
async fn an_app_reports_in_bulk_for_the_keys_it_was_granted_alone() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let (granted, other) = (server.key(&token, "first").await, server.key(&token, "second").await);
    let body = json!({"name": "app", "keys": [granted], "scopes": ["track"]});
    let app = server.post(&token, "/api/tokens", &body).await.text("token");
    let body = format!("{{\"key\":\"{granted}\"}}\n{{\"key\":\"{other}\"}}\n");
    let reply = send(&server, &app, "application/x-ndjson", body).await;
    assert_eq!((&reply.body["accepted"], &reply.body["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(reply.body["errors"][0]["pointer"], "/key");
}

#[tokio::test]
async fn somebody_else_s_key_is_not_there() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let eve = server.person("eve@example.com").await;
    let id = server.key(&john, "first").await;
    server.post(&eve, &format!("/api/usage/{id}/track"), &json!({})).await.is_problem(404, "not_found");
    server.get(&eve, &format!("/api/usage/{id}")).await.is_problem(404, "not_found");
    server.get(&eve, &format!("/api/keys/{id}")).await.is_problem(404, "not_found");
}
