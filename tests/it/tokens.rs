//! `keyward token`, with and without a running daemon.

use serde_json::{Value, json};

use crate::daemon::{add_user, command, place, serve, text};
use crate::harness::http::Http;

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_on_the_daemons_own_machine() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let add =
        ["token", "add", "--name", "web", "--env", "production", "--expires", "30d", "--scope", "fetch"];
    let offline = command(&data, &add, "");
    assert!(offline.status.success(), "{}", text(&offline.stderr));
    let offline = text(&offline.stdout).trim().to_owned();

    let daemon = serve(&data);
    let ana = Http::new(&daemon.api()).login_as("ana@example.com", "a fine password").await;
    let key = json!({ "name": "one", "service": "s", "apiKey": "v", "environment": "production" });
    ana.post("/api/keys", &key).await.expect(201);
    let online = command(&data, &["token", "add", "--name", "job", "--key", "one", "--json"], "");
    let online: Value = serde_json::from_slice(&online.stdout).unwrap();
    let online = online["token"].as_str().unwrap();
    for token in [&*offline, online] {
        let fetched = ana.bearer(token).get("/api/fetch/production/one").await.expect(200);
        assert_eq!(fetched["apiKey"], "v");
    }
    let listed = command(&data, &["token", "ls", "--json"], "");
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let uses: Vec<_> = listed["tokens"].as_array().unwrap().iter().map(|token| &token["uses"]).collect();
    assert_eq!(uses, [&json!(1), &json!(1)]);
    assert!(text(&command(&data, &["token", "ls"], "").stdout).contains("job  1 use "));

    assert!(command(&data, &["token", "rm", "job"], "").status.success());
    ana.bearer(online).get("/api/fetch/production/one").await.expect(401);
    assert_eq!(command(&data, &["token", "rm", "job"], "").status.code(), Some(3));
    let bad = command(&data, &["token", "add", "--name", "x", "--key", "none", "--as", "ana"], "");
    assert_eq!(bad.status.code(), Some(2), "{}", text(&bad.stderr));
    assert_eq!(command(&data, &["token", "ls", "--as", "nobody"], "").status.code(), Some(3));
}
