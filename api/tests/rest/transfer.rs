//! Keys in and out: dry run, all or nothing, the specification's blobs, round trips.

use serde_json::{Value, json};

use crate::harness::{Reply, Server};

async fn import(server: &Server, token: &str, dry_run: bool, body: &Value) -> Reply {
    server.post(token, &format!("/api/keys/import?dryRun={dry_run}"), body).await
}

/// `line-or-index result` for each key of a report.
fn results(reply: &Reply) -> Vec<String> {
    let keys = reply.body["keys"].as_array().unwrap_or_else(|| panic!("{}", reply.body));
    let place = |key: &Value| key.get("line").unwrap_or(&key["index"]).to_string();
    keys.iter().map(|key| format!("{} {}", place(key), key["result"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_env_file_comes_in_whole_or_not_at_all_and_nothing_in_it_is_expanded() {
    let server = Server::start().await;
    let token = server.rich_person("ana@example.com").await;
    let body = |content: &str| json!({"format": "env", "content": content, "environment": "production"});
    let first = body("# two\nA=p$HOME-x\nexport B='it'\\''s'\n");
    let dry = import(&server, &token, true, &first).await;
    assert_eq!((dry.status, &dry.body["dryRun"], &dry.body["new"]), (200, &json!(true), &json!(2)));
    assert_eq!(results(&dry), ["2 new", "3 new"]);
    assert_eq!(server.get(&token, "/api/keys").await.body["pagination"]["total"], 0);

    let done = import(&server, &token, false, &first).await;
    assert_eq!((done.status, &done.body["new"]), (201, &json!(2)), "{}", done.body);
    let id = done.body["keys"][0]["_id"].as_str().unwrap();
    let shown = server.post(&token, &format!("/api/keys/{id}/reveal"), &json!({})).await;
    assert_eq!(shown.body["apiKey"], "p$HOME-x");
    let again = import(&server, &token, false, &first).await;
    assert_eq!((again.status, &again.body["same"]), (200, &json!(2)));

    let mixed = body("A=other\nB=\"it's\"\nC=new\n");
    assert_eq!(results(&import(&server, &token, true, &mixed).await), ["1 conflicting", "2 same", "3 new"]);
    let refused = import(&server, &token, false, &mixed).await;
    refused.is_problem(409, "conflict");
    assert!(refused.text("detail").contains("A (line 1)") && !refused.text("detail").contains("p$HOME"));
    assert_eq!(server.get(&token, "/api/keys").await.body["pagination"]["total"], 2);
    let mut skipping = mixed;
    skipping["onConflict"] = "skip".into();
    assert_eq!(import(&server, &token, false, &skipping).await.body["new"], 1);
    let shown = server.post(&token, &format!("/api/keys/{id}/reveal"), &json!({})).await;
    assert_eq!(shown.body["apiKey"], "p$HOME-x", "a conflicting key stays as it is");

    let unset = body("\n  # later\nA=\nB=\"it's\"\nD= # none yet\n\t\nE='  '\n\nF=\nF=set\n");
    let done = import(&server, &token, false, &unset).await;
    assert_eq!((done.status, &done.body["empty"]), (201, &json!(4)), "{}", done.body);
    assert_eq!(results(&done), ["3 empty", "4 same", "5 empty", "7 empty", "9 empty", "10 new"]);
    let nothing = import(&server, &token, false, &body("A=\n")).await;
    assert_eq!((nothing.status, &nothing.body["new"]), (200, &json!(0)), "{}", nothing.body);
    let shown = server.post(&token, &format!("/api/keys/{id}/reveal"), &json!({})).await;
    assert_eq!(shown.body["apiKey"], "p$HOME-x", "no value takes none away");
    let named = json!({"format": "json", "keys": [{"name": "A", "service": "s", "apiKey": ""}]});
    let named = import(&server, &token, true, &named).await;
    assert_eq!(results(&named), ["0 invalid"], "a key in JSON is meant to be one");

    let broken = body("A=1\noops\nA=2\nD='open\n");
    let dry = import(&server, &token, true, &broken).await;
    assert_eq!(results(&dry), ["1 conflicting", "2 invalid", "3 invalid", "4 invalid"]);
    let refused = import(&server, &token, false, &broken).await;
    refused.is_problem(422, "invalid");
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_specification_s_blobs_come_in() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../keys/tests/data/blob-vectors.json")).unwrap();
    let server = Server::start().await;
    let token = server.rich_person("ana@example.com").await;
    let entry =
        |number: usize, blob: &Value| json!({"name": format!("k{number}"), "service": "s", "blob": blob});
    let mut keys = Vec::new();
    let mut expected = Vec::new();
    for (number, vector) in vectors["passphrase_blobs"].as_array().unwrap().iter().take(6).enumerate() {
        let mut key = entry(number, &vector["blob"]);
        key["passphrase"] = vector["passphrase"].clone();
        keys.push(key);
        expected.push((vector["plaintext"].clone(), Some(vector["passphrase"].clone())));
    }
    for (number, vector) in vectors["system_blobs"].as_array().unwrap().iter().take(2).enumerate() {
        let mut key = entry(100 + number, &vector["blob"]);
        key["systemKey"] = vector["system_key_hex"].clone();
        keys.push(key);
        expected.push((vector["plaintext"].clone(), None));
    }
    // One of them holds nothing, which is no key.
    let empty = expected.iter().position(|(plain, _)| plain == "").unwrap();
    let body = json!({"format": "seed", "keys": keys});
    import(&server, &token, false, &body).await.is_problem(422, "invalid");
    let body = json!({"format": "seed", "keys": keys.iter().enumerate().filter(|(at, _)| *at != empty).map(|(_, key)| key).collect::<Vec<_>>()});
    let done = import(&server, &token, false, &body).await;
    assert_eq!(done.status, 201, "{}", done.body);
    expected.remove(empty);
    for (key, (plain, passphrase)) in done.body["keys"].as_array().unwrap().iter().zip(&expected) {
        let path = format!("/api/keys/{}/reveal", key["_id"].as_str().unwrap());
        let shown = server.post(&token, &path, &json!({"passphrase": passphrase})).await;
        assert_eq!(&shown.body["apiKey"], plain, "{}", shown.body);
    }
    assert_eq!(import(&server, &token, true, &body).await.body["same"], json!(expected.len()));
    let mut wrong = body;
    wrong["keys"][0]["passphrase"] = "not the passphrase".into();
    let report = import(&server, &token, true, &wrong).await;
    assert_eq!(report.body["keys"][0]["result"], "invalid");
}

#[tokio::test]
async fn what_goes_out_comes_in_again() {
    let server = Server::start().await;
    let ana = server.rich_person("ana@example.com").await;
    let value = "a'b\"c$HOME\\n #x\nsecond line\t";
    for name in ["OpenAI Production", "openai-production", "third"] {
        let body = json!({"name": name, "service": "S", "apiKey": value, "tags": ["t"], "monthlyLimit": 9,
            "refuseOverLimit": true, "monthlyBudget": 49.9, "refuseOverBudget": true});
        assert_eq!(server.post(&ana, "/api/keys", &body).await.status, 201);
    }
    let private =
        json!({"name": "mine", "service": "S", "apiKey": "private value", "passphrase": "own passphrase"});
    server.post(&ana, "/api/keys", &private).await;

    let response =
        server.request("GET", "/api/keys/export?format=env").bearer_auth(&ana).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let env = response.text().await.unwrap();
    assert!(env.contains("OPENAI_PRODUCTION='a'\\''b") && env.contains("OPENAI_PRODUCTION_DEVELOPMENT='"));
    assert!(env.contains("left out: mine") && !env.contains("private value"));

    let bob = server.rich_person("bob@example.com").await;
    let done = import(&server, &bob, false, &json!({"format": "env", "content": env})).await;
    assert_eq!(done.body["new"], 3, "{}", done.body);
    let id = done.body["keys"][0]["_id"].as_str().unwrap();
    assert_eq!(server.post(&bob, &format!("/api/keys/{id}/reveal"), &json!({})).await.body["apiKey"], value);

    let json = server.get(&ana, "/api/keys/export?format=json&tag=t").await.body;
    assert!(json.get("leftOut").is_none());
    assert_eq!(json["keys"].as_array().unwrap().len(), 3);
    assert_eq!(import(&server, &ana, false, &json).await.body["same"], 3);

    server.get(&ana, "/api/keys/export?format=seed").await.is_problem(422, "invalid");
    let body = json!({"format": "seed", "passphrase": "own passphrase"});
    let mut seed = server.post(&ana, "/api/keys/export", &body).await.body;
    assert_eq!(seed["keys"].as_array().unwrap().len(), 4);
    seed["passphrase"] = "own passphrase".into();
    let carl = server.rich_person("carl@example.com").await;
    assert_eq!(import(&server, &carl, false, &seed).await.body["new"], 4);
    let kept = server.get(&carl, "/api/keys?tag=t&limit=1").await.body["keys"][0].clone();
    assert_eq!((&kept["monthlyLimit"], &kept["refuseOverLimit"]), (&json!(9), &json!(true)));
    assert_eq!((&kept["monthlyBudget"], &kept["refuseOverBudget"]), (&json!(49.9), &json!(true)));
}

#[tokio::test]
async fn an_import_keeps_to_the_plan_and_to_what_is_the_caller_s() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let content: String = (0..6).map(|number| format!("K{number}=v\n")).collect();
    import(&server, &token, false, &json!({"format": "env", "content": content}))
        .await
        .is_problem(403, "plan_limit");
    assert_eq!(server.get(&token, "/api/keys").await.body["pagination"]["total"], 0, "none of them was made");
    let other = server.rich_person("ana@example.com").await;
    let key = server.key(&other, "hers").await;
    let foreign = json!({"format": "json", "keys": [key]});
    server.post(&token, "/api/keys/export", &foreign).await.is_problem(404, "not_found");
    for wrong in [
        json!({}),
        json!({"format": "xml"}),
        json!({"format": "env"}),
        json!({"format": "json", "keys": [7]}),
    ] {
        import(&server, &token, false, &wrong).await.is_problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_dry_run_tells_what_the_team_s_environments_refuse() {
    let server = Server::start().await;
    let token = server.rich_person("ana@example.com").await;
    let team = json!({"name": "t", "environments": ["staging"]});
    let team = server.post(&token, "/api/teams", &team).await.body["_id"].clone();
    let body = json!({"format": "env", "content": "A=1\n", "team": team, "environment": "production"});
    let dry = import(&server, &token, true, &body).await;
    assert_eq!(results(&dry), ["1 invalid"]);
    assert!(dry.body["keys"][0]["detail"].as_str().unwrap().contains("staging"), "{}", dry.body);
    import(&server, &token, false, &body).await.is_problem(422, "invalid");
}

#[tokio::test]
async fn no_more_keys_are_read_than_may_come_at_once() {
    let server = Server::start().await;
    let token = server.rich_person("ana@example.com").await;
    let keys = vec![json!({"name": "n"}); 1_001];
    let lines: String = (0..1_001).map(|number| format!("K{number}=v\n")).collect();
    for body in [json!({"format": "json", "keys": keys}), json!({"format": "env", "content": lines})] {
        let refused = import(&server, &token, true, &body).await;
        refused.is_problem(422, "invalid");
        assert!(
            refused.body["errors"][0]["detail"].as_str().unwrap().contains("more than 1000"),
            "{}",
            refused.body
        );
    }
}
