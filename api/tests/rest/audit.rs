//! The audit chain over HTTP: pages, filters, and the export that an outside script can check.

use base64::Engine;
use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::{Door, Plan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{PASSWORD, Server};

async fn operator(server: &Server) -> String {
    let system = server.service.system_caller("test", Door::Local);
    let account = NewAccount {
        name: "Root".into(),
        email: "root@example.com".into(),
        password: PASSWORD.into(),
        code: None,
        ssh_key: None,
    };
    let added = AddedAccount { account, operator: true, plan: Plan::Enterprise };
    server.service.add_account(&system, added).await.unwrap();
    let body = json!({"email": "root@example.com", "password": PASSWORD});
    server.send(server.request("POST", "/api/auth/login").json(&body)).await.text("token")
}

#[tokio::test]
async fn what_was_done_is_listed_with_its_request() {
    let server = Server::start().await;
    let token = server.person("ana@example.com").await;
    let key = server.key(&token, "Billing").await;
    let reveal = server.request("POST", &format!("/api/keys/{key}/reveal")).header("x-request-id", "r-77");
    assert_eq!(server.send(reveal.bearer_auth(&token)).await.status, 200);

    let page = server.get(&token, "/api/audit?limit=2").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let record = &page.body["records"][0];
    for (field, value) in [
        ("action", json!("key.reveal")),
        ("object", json!(key)),
        ("actorKind", json!("account")),
        ("door", json!("rest")),
        ("from", json!("127.0.0.1")),
        ("outcome", json!("done")),
        ("requestId", json!("r-77")),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    assert!(page.header("link").contains("rel=\"next\""), "{}", page.header("link"));
    let total = page.body["pagination"]["total"].as_u64().unwrap();
    assert!(total >= 3);
    let of_key = server.get(&token, &format!("/api/keys/{key}/audit?action=key.reveal")).await;
    assert_eq!(of_key.body["pagination"]["total"], 1, "{}", of_key.body);
    let of_request = server.get(&token, "/api/audit?requestId=r-77&outcome=done&door=rest").await;
    assert_eq!(of_request.body["pagination"]["total"], 1);
    let past = server.get(&token, "/api/audit?page=99").await;
    assert_eq!((past.status, past.body["records"].as_array().unwrap().len()), (200, 0));

    let bad = server.get(&token, "/api/audit?page=0&limit=1000").await;
    bad.is_problem(422, "invalid");
    assert_eq!(bad.pointers(), ["/limit", "/page"]);
    let bad = server.get(&token, "/api/audit?action=x&from=soon&outcome=odd&object=1&door=y&team=z").await;
    bad.is_problem(422, "invalid");
    assert_eq!(bad.pointers(), ["/action", "/door", "/from", "/object", "/outcome", "/team"]);
    for path in ["/api/audit/export", "/api/audit/checkpoints", "/api/audit/verify"] {
        server.get(&token, path).await.is_problem(403, "forbidden");
        server.send(server.request("GET", path)).await.is_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_export_can_be_checked_by_anybody() {
    let server = Server::start().await;
    let token = server.person("ana@example.com").await;
    let (_, root) = (server.key(&token, "Billing").await, operator(&server).await);
    let reply = server.request("GET", "/api/audit/export").bearer_auth(&root).send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "application/x-ndjson");
    let text = reply.text().await.unwrap();
    let mut previous = vec![0; 32];
    let mut number = 0_u64;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        number += 1;
        assert_eq!(line["seq"], number);
        let body = base64::engine::general_purpose::STANDARD.decode(line["body"].as_str().unwrap()).unwrap();
        previous = Sha256::digest([&[0], &*previous, &number.to_be_bytes(), &body].concat()).to_vec();
        assert_eq!(line["hash"], previous.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    assert!(number >= 4 && text.trim_end().ends_with('}'));

    let system = server.service.system_caller("test", Door::Local);
    server.service.sign_audit(&system).await.unwrap();
    let checkpoints = server.get(&root, "/api/audit/checkpoints").await;
    assert_eq!(checkpoints.status, 200);
    let note = checkpoints.body["checkpoints"][0]["note"].as_str().unwrap();
    assert_eq!(note.lines().nth(1), Some(number.to_string().as_str()));
    assert!(checkpoints.text("verifier").starts_with(note.lines().next().unwrap()));
    let verified = server.get(&root, "/api/audit/verify").await.body;
    assert_eq!(verified, json!({"whole": true, "records": number, "checkpoints": 1}));
}
