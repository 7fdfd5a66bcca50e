//! Plans as the operator has them: a file in the data folder, read at the start.

use std::fs;

use serde_json::json;

use crate::daemon::{add_user, command, place, serve, text};
use crate::harness::http::Http;

#[tokio::test]
async fn a_plans_file_is_heeded_and_a_bad_one_stops_the_start() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &[]).status.success());
    let file = data.join("plans.toml");
    fs::write(&file, "[free]\napi_keys = 1\nmonthly_requests = 7\n").unwrap();
    assert!(command(&data, &["config", "check"], "").status.success());
    let daemon = serve(&data);
    let ana = Http::new(&daemon.api()).login_as("ana@example.com", "a fine password").await;
    let key = json!({ "name": "n", "service": "s", "apiKey": "v" });
    ana.post("/api/keys", &key).await.expect(201);
    assert_eq!(ana.post("/api/keys", &key).await.expect(403)["code"], "plan_limit");
    let billing = ana.get("/api/billing").await.expect(200);
    assert_eq!(billing["limits"], json!({ "apiKeys": 1, "monthlyRequests": 7 }));
    assert_eq!(daemon.terminate().0, Some(0));

    fs::write(&file, "[free]\napi_key = 1\n[pro]\napi_keys = -1\n").unwrap();
    for args in [["config", "check"].as_slice(), &["serve"]] {
        let refused = command(&data, args, "");
        assert_eq!(refused.status.code(), Some(2));
        let said = text(&refused.stderr);
        assert!(
            said.contains("free.api_keys") && said.contains("pro.api_keys") && said.contains("plans.toml"),
            "{said}"
        );
    }
}
