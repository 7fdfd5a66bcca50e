//! Notifications and questions to the operators, over HTTP.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_person_lists_reads_and_removes_what_they_were_told() {
    let server = Server::start().await;
    let (john, eve) = (server.person("john@example.com").await, server.person("eve@example.com").await);
    let body = json!({"name": "k", "service": "s", "apiKey": "sk-1", "monthlyLimit": 5});
    let key = server.post(&john, "/api/keys", &body).await.text("_id");
    let mut events =
        server.request("GET", "/api/events?events=notification").bearer_auth(&john).send().await.unwrap();
    for _ in 0..5 {
        server.post(&john, &format!("/api/usage/{key}/track"), &json!({})).await;
    }
    // All percentages are told that were passed, the last with an unread count of three.
    let mut told = String::new();
    while !told.contains("\"unread\":3") {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), events.chunk()).await;
        told.push_str(std::str::from_utf8(&chunk.expect("told in time").unwrap().unwrap()).unwrap());
    }
    let list = server.get(&john, "/api/notifications").await;
    assert_eq!((list.status, &list.body["unread"]), (200, &json!(3)), "{}", list.body);
    let newest = &list.body["notifications"][0];
    assert_eq!(
        (&newest["type"], &newest["apiKeyId"], &newest["read"]),
        (&json!("monthly_limit"), &json!(key), &json!(false))
    );
    assert!(newest["message"].is_string() && newest["createdAt"].is_string());
    let id = newest["_id"].as_str().unwrap();
    let put =
        async |token: &str, path: String| server.send(server.request("PUT", &path).bearer_auth(token)).await;
    put(&eve, format!("/api/notifications/{id}/read")).await.is_problem(404, "not_found");
    assert_eq!(put(&john, format!("/api/notifications/{id}/read")).await.body["read"], true);
    let unread = server.get(&john, "/api/notifications?unread=true&limit=1").await;
    assert_eq!((&unread.body["unread"], &unread.body["pagination"]["total"]), (&json!(2), &json!(2)));
    assert_eq!(put(&john, "/api/notifications/read-all".into()).await.body["read"], 2);
    let remove = |id: &str| server.request("DELETE", &format!("/api/notifications/{id}")).bearer_auth(&john);
    assert_eq!(server.send(remove(id)).await.status, 200);
    server.send(remove(id)).await.is_problem(404, "not_found");
    server.get(&john, "/api/notifications?page=0&limit=101").await.is_problem(422, "invalid");
    assert_eq!(server.get(&john, "/api/notifications?page=99").await.body["notifications"], json!([]));
}

#[tokio::test]
async fn a_question_is_asked_seen_by_its_asker_alone_and_closed() {
    let server = Server::start().await;
    let (john, eve) = (server.person("john@example.com").await, server.person("eve@example.com").await);
    server.post(&john, "/api/support", &json!({"subject": 5})).await.is_problem(422, "invalid");
    let asked = server.post(&john, "/api/support", &json!({"subject": "Help", "text": "It is broken"})).await;
    assert_eq!((asked.status, &asked.body["status"]), (201, &json!("open")), "{}", asked.body);
    let path = format!("/api/support/{}", asked.text("_id"));
    assert_eq!(asked.header("location"), path);
    assert_eq!(server.get(&john, &path).await.body["messages"][0]["text"], "It is broken");
    server.get(&eve, &path).await.is_problem(404, "not_found");
    let more = server.post(&john, &format!("{path}/messages"), &json!({"text": "Still"})).await;
    assert_eq!((more.status, more.body["messages"].as_array().map(Vec::len)), (200, Some(2)));
    server.post(&eve, &format!("{path}/close"), &json!({})).await.is_problem(404, "not_found");
    assert_eq!(server.post(&john, &format!("{path}/close"), &json!({})).await.body["status"], "closed");
    let open = server.get(&john, "/api/support?status=open").await;
    assert_eq!(open.body["tickets"], json!([]));
    let long = json!({"subject": "x".repeat(201), "text": "x".repeat(5_001)});
    server.post(&john, "/api/support", &long).await.is_problem(422, "invalid");
}
