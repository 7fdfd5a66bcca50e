//! Rotation over HTTP: begun by a request, carried out by the daemon, seen by whoever may.

use keyward_keys::Door;
use serde_json::json;

use crate::harness::Server;

/// What the daemon's job does.
async fn turn(server: &Server) {
    let system = server.service.system_caller("test", Door::Local);
    server.service.rotate_due(&system).await.expect("rotates");
}

#[tokio::test]
async fn a_key_is_rotated_seen_and_taken_back() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let id = server.key(&person, "Main").await;
    let path = format!("/api/keys/{id}");
    let rotation = json!({"method": "generate", "template": "sk-live-{48}", "overlap": "1h", "cron": "0 3 * * *",
                          "timezone": "Europe/Zurich", "quietHours": "01:00-02:00"});
    let set = server
        .send(server.request("PATCH", &path).bearer_auth(&person).json(&json!({"rotation": rotation})))
        .await;
    assert_eq!(set.status, 200, "{}", set.body);
    for (field, value) in rotation.as_object().expect("an object") {
        assert_eq!(&set.body["rotation"][field], value, "{field}");
    }
    assert_eq!(set.body["rotation"]["upcoming"].as_array().map(Vec::len), Some(3));
    assert_eq!(set.body["rotation"]["upcoming"][0], set.body["nextRotation"]);
    // What was read can be put back.
    let back = server.send(
        server.request("PUT", &path).bearer_auth(&person).json(&json!({"rotation": set.body["rotation"]})),
    );
    assert_eq!(back.await.status, 200);

    let dry = server.post(&person, &format!("{path}/rotate?dryRun=true"), &json!({})).await;
    assert_eq!(
        (dry.status, &dry.body["dryRun"], &dry.body["version"]),
        (200, &json!(true), &json!(2)),
        "{}",
        dry.body
    );
    let begun = server.send(server.request("POST", &format!("{path}/rotate")).bearer_auth(&person)).await;
    assert_eq!((begun.status, &begun.body["state"]), (202, &json!("running")), "{}", begun.body);
    turn(&server).await;
    let seen = server.get(&person, &format!("{path}/rotation")).await.body;
    assert_eq!(
        (&seen["state"], &seen["health"], &seen["version"]),
        (&json!("overlap"), &json!("healthy"), &json!(2))
    );
    assert_eq!(seen["history"][0]["outcome"], json!("done"), "{seen}");
    let again = server.post(&person, &format!("{path}/rotate"), &json!({"overlap": "2h"})).await;
    assert_eq!(again.status, 202, "during an overlap too");
    let versions = server.get(&person, &format!("{path}/versions")).await.body;
    assert_eq!(versions["versions"][0]["labels"], json!(["current"]));
    turn(&server).await;
    let versions = server.get(&person, &format!("{path}/versions")).await.body;
    assert_eq!(versions["versions"][0]["labels"], json!(["current"]));
    assert_eq!(versions["versions"][1]["labels"], json!(["previous"]), "{versions}");
    let back = server.post(&person, &format!("{path}/rollback"), &json!({})).await;
    assert_eq!((back.status, &back.body["version"]), (200, &json!(2)), "{}", back.body);
    let all = server.get(&person, "/api/rotations").await.body;
    assert_eq!((&all["queued"], &all["scheduled"]), (&json!(1), &json!(1)), "{all}");
    assert_eq!(all["history"].as_array().map(Vec::len), Some(2));
    let gone = server.post(&person, &format!("{path}/versions/3/retire"), &json!({})).await;
    assert_eq!(gone.status, 200, "{}", gone.body);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once_and_an_emergency_needs_the_name() {
    let server = Server::start().await;
    let person = server.person("john@example.com").await;
    let id = server.key(&person, "Main").await;
    let path = format!("/api/keys/{id}");
    let wrong = json!({"rotation": {"method": "generate", "template": "short", "cron": "0 0 31 2 *", "overlap": "soon",
                                    "quietHours": "late", "timezone": "Moon", "evidence": "yes", "extra": 1}});
    let refused = server.send(server.request("PATCH", &path).bearer_auth(&person).json(&wrong)).await;
    refused.is_problem(422, "invalid");
    assert_eq!(
        refused.pointers(),
        [
            "/rotation/cron",
            "/rotation/evidence",
            "/rotation/extra",
            "/rotation/overlap",
            "/rotation/quietHours",
            "/rotation/template",
            "/rotation/timezone"
        ]
    );
    let cron = json!({"rotation": {"cron": "*/10 * * * * *"}});
    let refused = server.send(server.request("PATCH", &path).bearer_auth(&person).json(&cron)).await;
    refused.is_problem(422, "invalid");
    let rotate = format!("{path}/rotate");
    let refused = server.post(&person, &rotate, &json!({"emergency": true})).await;
    assert_eq!(refused.pointers(), ["/confirm"]);
    let refused = server.post(&person, &rotate, &json!({"emergency": true, "confirm": "Other"})).await;
    assert_eq!(refused.pointers(), ["/confirm"]);
    let begun = server.post(&person, &rotate, &json!({"emergency": true, "confirm": "Main"})).await;
    assert_eq!((begun.status, &begun.body["state"]), (202, &json!("waiting")), "a person makes the value");
    let set = server.post(&person, &format!("{path}/versions"), &json!({"apiKey": "sk-second"})).await;
    assert_eq!(set.status, 201);
    turn(&server).await;
    let versions = server.get(&person, &format!("{path}/versions")).await.body;
    assert_eq!(versions["versions"][1]["labels"], json!([]), "nothing of before stays: {versions}");
    let stranger = server.person("ben@example.com").await;
    for way in ["rotate", "rollback"] {
        let refused = server.post(&stranger, &format!("{path}/{way}"), &json!({})).await;
        refused.is_problem(404, "not_found");
    }
}
