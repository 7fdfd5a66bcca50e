//! The billing, and what a plan refuses.

use serde_json::{Value, json};

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

#[tokio::test]
async fn a_budget_is_set_cleared_forecast_and_tried_and_what_is_wrong_is_told_at_once() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let body = json!({"name": "billing", "service": "OpenAI", "apiKey": "v", "monthlyBudget": 49.9});
    let key = server.post(&token, "/api/keys", &body).await;
    assert_eq!((key.status, &key.body["monthlyBudget"]), (201, &json!(49.9)), "{}", key.body);
    let path = format!("/api/keys/{}", key.text("_id"));
    for wrong in [json!(-1), json!(0), json!(1e30), json!(1.1234567), json!("5"), json!(true)] {
        let change = json!({"monthlyBudget": wrong, "monthlyLimit": -1, "refuseOverBudget": 1});
        let answer = server.send(server.request("PATCH", &path).bearer_auth(&token).json(&change)).await;
        answer.is_problem(422, "invalid");
        let faults = answer.body["errors"].as_array().unwrap().iter();
        let mut pointers: Vec<_> = faults.map(|fault| fault["pointer"].as_str().unwrap()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/monthlyBudget", "/monthlyLimit", "/refuseOverBudget"], "{wrong}");
    }
    let call = json!({"metadata": {"cost": 20}});
    assert_eq!(
        server.post(&token, &format!("/api/usage/{}/track", key.text("_id")), &call).await.status,
        201
    );
    let month = &server.get(&token, &format!("/api/usage/{}", key.text("_id"))).await.body["month"];
    assert_eq!((&month["cost"], &month["monthlyBudget"]), (&json!(20.0), &json!(49.9)));
    assert!(month["forecastCost"].as_f64() >= Some(20.0) && month["requests"] == 1, "{month}");
    let billing = server.get(&token, "/api/billing").await.body;
    assert_eq!(billing["costs"]["budgets"][0]["percentage"], 40.1, "{billing}");
    assert_eq!(billing["costs"]["budgets"][0]["of"], "key");
    let costs = server.get(&token, "/api/usage/costs").await.body;
    assert_eq!(costs["lines"][0]["monthlyBudget"], 49.9);
    // The same, but that the pace falls with each moment in which nothing is spent.
    let [mut before, mut after] = [&billing["costs"]["budgets"], &costs["budgets"]].map(Value::clone);
    let [before_leads, after_leads] =
        [&mut before, &mut after].map(|budgets| budgets[0]["forecast"].take().as_f64().unwrap());
    assert!((20.0..=before_leads).contains(&after_leads), "{before_leads}, then {after_leads}");
    assert_eq!(before, after);

    let what = json!({"apiKeyId": key.text("_id"), "monthlyLimit": 1, "monthlyBudget": 10});
    let tried = server.post(&token, "/api/usage/what-if", &what).await;
    assert_eq!(tried.status, 200, "{}", tried.body);
    let this = &tried.body["thisMonth"];
    assert_eq!((&this["budget"]["percentage"], &this["limit"]["percentage"]), (&json!(200.0), &json!(100.0)));
    assert_eq!(this["budget"]["shares"].as_array().unwrap().len(), 4);
    assert!(
        this["budget"]["reachedAt"].is_string() && tried.body["lastMonth"]["budget"]["reachedAt"].is_null()
    );
    server.post(&token, "/api/usage/what-if", &json!({"monthlyBudget": -1})).await.is_problem(422, "invalid");

    let change = json!({"monthlyBudget": null});
    let cleared = server.send(server.request("PATCH", &path).bearer_auth(&token).json(&change)).await;
    assert_eq!((cleared.status, &cleared.body["monthlyBudget"]), (200, &json!(null)), "{}", cleared.body);
    let team = json!({"name": "Payments", "monthlyBudget": 1200});
    let team = server.post(&token, "/api/teams", &team).await;
    assert_eq!(team.body["monthlyBudget"], 1200.0, "{}", team.body);
    let path = format!("/api/teams/{}", team.text("_id"));
    let change = json!({"monthlyBudget": 0.5});
    let changed = server.send(server.request("PATCH", &path).bearer_auth(&token).json(&change)).await;
    assert_eq!(changed.body["monthlyBudget"], 0.5, "{}", changed.body);
}

#[tokio::test]
async fn the_budget_of_a_tag_is_set_seen_and_ended() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let body = json!({"name": "one", "service": "OpenAI", "apiKey": "v", "tags": ["batch"]});
    let key = server.post(&token, "/api/keys", &body).await.text("_id");
    let call = json!({"metadata": {"cost": 20}});
    server.post(&token, &format!("/api/usage/{key}/track"), &call).await;
    let set = server.post(&token, "/api/budgets", &json!({"tag": "Batch", "monthlyBudget": 40})).await;
    assert_eq!((set.status, &set.body["of"], &set.body["percentage"]), (200, &json!("tag"), &json!(50.0)));
    assert!(set.body.get("team").is_none(), "{}", set.body);
    let listed = server.get(&token, "/api/budgets").await.body;
    assert_eq!((&listed["currency"], &listed["budgets"][0]["_id"]), (&json!("USD"), &set.body["_id"]));
    assert_eq!(server.get(&token, "/api/billing").await.body["costs"]["budgets"][0]["name"], "Batch");
    let what = json!({"tag": "batch", "monthlyBudget": 10});
    let tried = server.post(&token, "/api/usage/what-if", &what).await.body;
    assert_eq!((&tried["keys"], &tried["thisMonth"]["budget"]["percentage"]), (&json!(1), &json!(200.0)));
    for (wrong, pointers) in [
        (json!({}), vec!["/monthlyBudget", "/tag"]),
        (
            json!({"tag": "x".repeat(41), "monthlyBudget": -1, "more": 1}),
            vec!["/monthlyBudget", "/more", "/tag"],
        ),
        (json!({"tag": "x", "monthlyBudget": null}), vec!["/monthlyBudget"]),
        (json!({"tag": "x", "team": "none", "monthlyBudget": 1}), vec!["/team"]),
    ] {
        let answer = server.post(&token, "/api/budgets", &wrong).await;
        answer.is_problem(422, "invalid");
        let faults = answer.body["errors"].as_array().unwrap().iter();
        let mut found: Vec<_> = faults.map(|fault| fault["pointer"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, pointers, "{wrong}");
    }
    let path = format!("/api/budgets/{}", set.text("_id"));
    for status in [200, 404] {
        let ended = server.send(server.request("DELETE", &path).bearer_auth(&token)).await;
        assert_eq!(ended.status, status, "{}", ended.body);
    }
    assert_eq!(server.get(&token, "/api/budgets").await.body["budgets"], json!([]));
}
