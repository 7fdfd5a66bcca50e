//! The billing, and what a plan refuses.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_plan_refuses_one_key_more_and_the_billing_says_what_another_would_change() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let mut id = String::new();
    for number in 0..5 {
        id = server.key(&token, &format!("key {number}")).await;
    }
    let body = json!({"name": "sixth", "service": "X", "apiKey": "v"});
    let sixth = server.post(&token, "/api/keys", &body).await;
    sixth.is_problem(403, "plan_limit");
    assert!(sixth.text("detail").contains('5'), "{}", sixth.body);
    server.post(&token, &format!("/api/usage/{id}/track"), &json!({})).await;

    let billing = server.get(&token, "/api/billing").await;
    assert_eq!(billing.status, 200, "{}", billing.body);
    let body = &billing.body;
    assert_eq!(
        (&body["plan"], &body["limits"]),
        (&json!("free"), &json!({"apiKeys": 5, "monthlyRequests": 1000}))
    );
    assert_eq!(body["usage"], json!({"apiKeys": 5, "monthlyRequests": 1, "exceeded": false}));
    for (place, field) in [("period", "start"), ("period", "end")] {
        assert!(body[place][field].as_str().unwrap().ends_with("-01T00:00:00Z"), "{body}");
    }
    assert!(body["forecast"]["monthlyRequests"].as_u64().unwrap() >= 1);
    assert_eq!(body["plans"][0]["plan"], "pro");
    assert_eq!(body["plans"][0]["difference"]["apiKeys"], 95);
    assert_eq!(body["plans"][1]["plan"], "enterprise");
    server.send(server.request("GET", "/api/billing")).await.is_problem(401, "unauthenticated");
}
