//! Keys: in the specification's words, with conditions, pages and values.

use serde_json::{Value, json};

use crate::harness::{Reply, Server};

#[tokio::test]
async fn the_specification_s_key_is_made_listed_and_deleted() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let body = json!({
        "name": "OpenAI Development Key",
        "service": "OpenAI",
        "apiKey": "sk-1234567890abcdef...",
        "passphrase": "mySecurePassphrase123",
        "description": "Development environment key for testing",
        "environment": "development",
        "monthlyLimit": 5000,
        "tags": ["development", "openai", "testing"]
    });
    let made = server.post(&token, "/api/keys", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for (field, value) in [
        ("name", json!("OpenAI Development Key")),
        ("service", json!("OpenAI")),
        ("environment", json!("development")),
        ("status", json!("active")),
        ("monthlyLimit", json!(5000)),
        ("tags", json!(["development", "openai", "testing"])),
        ("usageCount", json!(0)),
        ("currentMonthUsage", json!(0)),
        ("custody", json!("private")),
        ("rotationInterval", json!(90)),
    ] {
        assert_eq!(made.body[field], value, "{field}");
    }
    assert!(made.text("keyId").starts_with("ak_dev_"));
    assert!(made.text("createdAt").ends_with('Z'));
    assert_eq!(made.header("location"), format!("/api/keys/{}", made.text("_id")));
    assert!(!made.body.to_string().contains("sk-1234"));

    let listed = server.get(&token, "/api/keys").await;
    assert_eq!(listed.body["keys"].as_array().unwrap().len(), 1);
    assert_eq!(listed.body["keys"][0], made.body);
    assert_eq!(listed.body["pagination"], json!({"page": 1, "limit": 20, "total": 1, "pages": 1}));

    let by_key_id = format!("/api/keys/{}", made.text("keyId"));
    assert_eq!(server.get(&token, &by_key_id).await.body, made.body);
    let gone = server.send(server.request("DELETE", &by_key_id).bearer_auth(&token)).await;
    assert_eq!(gone.status, 200);
    assert!(!gone.text("message").is_empty());
    server.get(&token, &by_key_id).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_value_needs_its_passphrase() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let body = json!({"name": "n", "service": "s", "apiKey": "sk-secret-1", "passphrase": "open sesame"});
    let id = server.post(&token, "/api/keys", &body).await.text("_id");
    let reveal = format!("/api/keys/{id}/reveal");
    let open = server.post(&token, &reveal, &json!({"passphrase": "open sesame"})).await;
    assert_eq!((open.status, &open.body), (200, &json!({"apiKey": "sk-secret-1", "version": 1})));
    assert_eq!(open.header("cache-control"), "no-store");
    server
        .post(&token, &reveal, &json!({"passphrase": "wrong one"}))
        .await
        .is_problem(403, "wrong_passphrase");
    let bare = server.send(server.request("POST", &reveal).bearer_auth(&token)).await;
    bare.is_problem(403, "locked");

    let other = server.person("eve@example.com").await;
    let hidden = server.post(&other, &reveal, &json!({"passphrase": "open sesame"})).await;
    hidden.is_problem(404, "not_found");

    let automatic = server.key(&token, "automatic").await;
    let path = format!("/api/keys/{automatic}/reveal");
    let open = server.send(server.request("POST", &path).bearer_auth(&token)).await;
    assert_eq!(open.text("apiKey"), "sk-1234567890abcdef", "no body is needed where no passphrase is");
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_heeds_if_match() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let path = format!("/api/keys/{}", server.key(&token, "first").await);
    let seen = server.get(&token, &path).await;
    let put = async |tag: &str, body: &Value| {
        let request = server.request("PUT", &path).bearer_auth(&token).json(body);
        server.send(if tag.is_empty() { request } else { request.header("if-match", tag) }).await
    };

    let changed = put(seen.header("etag"), &json!({"monthlyLimit": 10, "tags": ["a"]})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["name"], "first");
    assert_eq!(changed.body["monthlyLimit"], 10);
    assert_ne!(changed.header("etag"), seen.header("etag"));
    put(seen.header("etag"), &json!({"name": "late"})).await.is_problem(412, "stale");
    let either = format!("{}, {}", seen.header("etag"), changed.header("etag"));
    assert_eq!(put(&either, &json!({"monthlyLimit": null})).await.body["monthlyLimit"], Value::Null);
    assert_eq!(put("*", &json!({"status": "inactive"})).await.body["status"], "inactive");
    put("\"nonsense\"", &json!({"name": "late"})).await.is_problem(412, "stale");

    // What was read can be put back whole.
    let whole = server.get(&token, &path).await;
    assert_eq!(put("", &whole.body).await.status, 200);
    let value = put("", &json!({"custody": "shared", "apiKey": "sk-x"})).await;
    value.is_problem(422, "invalid");
    assert_eq!(value.pointers(), ["/apiKey", "/custody"]);
    put("", &json!({"custody": "sealed"})).await.is_problem(422, "invalid");

    let stale = server.request("DELETE", &path).bearer_auth(&token).header("if-match", seen.header("etag"));
    server.send(stale).await.is_problem(412, "stale");
}

#[tokio::test]
async fn an_unchanged_key_is_not_sent_again_until_it_is_used() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "first").await;
    let path = format!("/api/keys/{id}");
    let seen = server.get(&token, &path).await;
    let again = async || {
        let request = server.request("GET", &path).bearer_auth(&token);
        server.send(request.header("if-none-match", seen.header("etag"))).await
    };
    let same = again().await;
    assert_eq!((same.status, &same.body), (304, &Value::Null));
    assert_eq!(same.header("etag"), seen.header("etag"));
    server.post(&token, &format!("/api/usage/{id}/track"), &json!({})).await;
    assert_eq!(again().await.status, 200, "its counters moved");
    let change = server.request("PATCH", &path).bearer_auth(&token).json(&json!({"name": "renamed"}));
    let change = server.send(change.header("if-match", seen.header("etag"))).await;
    assert_eq!(change.status, 200, "traffic does not make a change stale: {}", change.body);
}

#[tokio::test]
async fn walking_the_next_links_visits_every_key_once() {
    let server = Server::start().await;
    let token = server.rich_person("ana@example.com").await;
    for number in 0..7 {
        server.key(&token, &format!("key {number}")).await;
    }
    let mut path = "/api/keys?limit=3&search=key&sort=name".to_owned();
    let mut names = Vec::new();
    loop {
        let page = server.get(&token, &path).await;
        assert_eq!(page.body["pagination"]["total"], 7);
        names.extend(page.body["keys"].as_array().unwrap().iter().map(|key| key["name"].to_string()));
        let links = page.header("link").to_owned();
        match links.split(", ").find(|link| link.ends_with("rel=\"next\"")) {
            Some(link) => path = link[1..link.find('>').unwrap()].to_owned(),
            None => break,
        }
    }
    assert_eq!(names, (0..7).map(|number| format!("\"key {number}\"")).collect::<Vec<_>>());
    let past = server.get(&token, "/api/keys?page=99").await;
    assert_eq!((past.status, past.body["keys"].as_array().unwrap().len()), (200, 0));
}

#[tokio::test]
async fn keys_made_meanwhile_shift_no_page() {
    let server = Server::start().await;
    let token = server.rich_person("ana@example.com").await;
    for number in 0..7 {
        server.key(&token, &format!("key {number}")).await;
    }
    for query in ["sort=-createdAt", "sort=name", "search=key", "fuzzy=true&search=ky"] {
        let all = server.get(&token, &format!("/api/keys?limit=100&{query}")).await;
        let ids = |page: &Reply| -> Vec<String> {
            let keys = page.body["keys"].as_array().unwrap();
            keys.iter().map(|key| key["_id"].as_str().unwrap().to_owned()).collect()
        };
        let (mut path, mut seen) = (format!("/api/keys?limit=3&{query}"), Vec::new());
        loop {
            let page = server.get(&token, &path).await;
            assert_eq!(page.body["pagination"]["total"], ids(&all).len(), "{path}");
            seen.extend(ids(&page));
            server.key(&token, &format!("key 0 {}", seen.len())).await;
            let links = page.header("link").to_owned();
            match links.split(", ").find(|link| link.ends_with("rel=\"next\"")) {
                Some(link) => path = link[1..link.find('>').unwrap()].to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, ids(&all), "{query}");
    }
}

#[tokio::test]
async fn a_key_in_the_bin_is_listed_there_and_comes_back() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "Main").await;
    let path = format!("/api/keys/{id}");
    assert_eq!(server.send(server.request("DELETE", &path).bearer_auth(&token)).await.status, 200);
    assert_eq!(server.get(&token, "/api/keys").await.body["keys"], json!([]));
    let binned = server.get(&token, "/api/keys?bin=true").await.body;
    assert!(binned["keys"][0]["_id"] == json!(id) && binned["keys"][0]["deletedAt"].is_string(), "{binned}");
    let restore = format!("{path}/restore");
    let back = server.send(server.request("POST", &restore).bearer_auth(&token)).await;
    assert_eq!((back.status, back.body.get("deletedAt")), (200, None), "{}", back.body);
    let again = server.send(server.request("POST", &restore).bearer_auth(&token)).await;
    assert_eq!((again.status, again.header("etag")), (200, back.header("etag")));
    assert_eq!(server.get(&token, &path).await.body, back.body);
    let other = server.person("eve@example.com").await;
    let hidden = server.send(server.request("POST", &restore).bearer_auth(&other)).await;
    hidden.is_problem(404, "not_found");
}

#[tokio::test]
async fn what_stands_out_is_counted_and_listed() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "Main").await;
    let counts = server.get(&token, "/api/keys/hygiene").await;
    let expected = json!({
        "keys": 1, "neverRotated": 0, "noLimit": 1, "idle": 0, "overdue": 0, "rotateNow": 0, "sharedValue": 0
    });
    assert_eq!(counts.body, expected);
    let found = async |query: &str| {
        let page = server.get(&token, &format!("/api/keys?{query}")).await.body;
        page["pagination"]["total"].as_u64()
    };
    let frozen = server.request("PATCH", &format!("/api/keys/{id}")).bearer_auth(&token);
    let frozen = server.send(frozen.json(&json!({"frozen": true, "decoy": true}))).await;
    assert_eq!((frozen.status, &frozen.body["decoy"]), (200, &json!(true)));
    for (query, total) in [
        ("hygiene=noLimit", 1),
        ("hygiene=idle", 0),
        ("unused=0", 1),
        ("unused=1", 0),
        ("service=openai", 1),
        ("service=stripe", 0),
        ("frozen=true", 1),
        ("frozen=false", 0),
    ] {
        assert_eq!(found(query).await, Some(total), "{query}");
    }
    let twin = json!({"name": "Twin", "service": "OpenAI", "environment": "production", "apiKey": "sk-1234567890abcdef"});
    let twin = server.post(&token, "/api/keys", &twin).await;
    assert_eq!((twin.status, found("hygiene=sharedValue").await), (201, Some(2)));
    let access = server.get(&token, &format!("/api/keys/{id}/access")).await;
    let (name, environment) = (&access.body["sharesValueWith"][0]["name"], "/sharesValueWith/0/environment");
    assert_eq!((name, access.body.pointer(environment)), (&json!("Twin"), Some(&json!("production"))));
    let wrong = server.get(&token, "/api/keys?hygiene=dirty&unused=-1&frozen=maybe&bin=x").await;
    wrong.is_problem(422, "invalid");
    assert_eq!(wrong.pointers(), ["/bin", "/frozen", "/hygiene", "/unused"]);
}

#[tokio::test]
async fn a_reveal_may_say_what_it_is_for() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let id = server.key(&token, "Main").await;
    let reveal = format!("/api/keys/{id}/reveal");
    let open = server.post(&token, &reveal, &json!({"reason": "the invoice run failed"})).await;
    assert_eq!(open.status, 200, "{}", open.body);
    let audit = server.get(&token, &format!("/api/keys/{id}/audit?action=key.reveal")).await;
    assert_eq!(audit.body["records"][0]["detail"], "version 1: the invoice run failed", "{}", audit.body);
    server.post(&token, &reveal, &json!({"reason": ""})).await.is_problem(422, "invalid");
}
