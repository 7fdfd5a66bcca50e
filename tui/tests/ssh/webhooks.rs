//! `ssh HOST webhooks`: made with an address that no argument shows, tried, turned off and removed, for people and programs.

use crate::harness::Server;

const ADDRESS: &[u8] = b"https://hooks.slack.com/services/T/B/very-secret\n";

#[tokio::test]
async fn a_webhook_is_made_tried_changed_and_removed() {
    let server = Server::start().await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    let run = async |command: &str| server.run(&ana, command, b"").await;
    let made = server.run(&ana, "webhooks add --name Ops --format slack --event key_deleted", ADDRESS).await;
    assert!(made.status == Some(0) && made.out().starts_with("whsec_"), "{}", made.err());
    let listed = run("webhooks").await;
    let line = listed.out().lines().nth(1).expect("a row").to_owned();
    assert!(line.contains("Ops") && line.contains("key_deleted"), "{line}");
    assert!(line.contains("https://hooks.slack.com/…") && !listed.out().contains("very-secret"), "{line}");
    let hook = run("webhooks --json").await.json()["webhooks"][0].clone();
    assert_eq!((&hook["name"], &hook["secret"]), (&"Ops".into(), &serde_json::Value::Null));

    let sent = run("webhooks test Ops --json").await.json();
    let id = sent["_id"].as_str().expect("an id").to_owned();
    assert_eq!(sent["state"], "pending");
    let theirs = server.run(&ben, &format!("webhooks redeliver {} --delivery {id}", hook["_id"]), b"").await;
    assert_eq!(theirs.status, Some(3), "{}", theirs.err());
    assert_eq!(run(&format!("webhooks redeliver Ops --delivery {id}")).await.status, Some(0));
    let log = run("webhooks deliveries Ops").await;
    assert!(log.out().contains("pending") && log.out().contains(&id), "{}", log.out());

    let timed =
        run("webhooks edit Ops --digest 'daily 08:00' --quiet-hours 22:00-07:00 --urgent-waits --json").await;
    assert_eq!(timed.json()["timing"]["urgentAtOnce"], false, "{}", timed.err());
    assert!(run("webhooks").await.out().contains("daily 08:00, not 22:00-07:00"));
    let edited =
        run("webhooks edit Ops --off --every-event --digest off --quiet-hours off --json").await.json();
    assert_eq!(
        (&edited["timing"]["digest"], &edited["timing"]["quietHours"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!((&edited["disabled"], &edited["events"]), (&true.into(), &serde_json::json!([])));
    assert_eq!(run("webhooks test Ops").await.status, Some(5), "it is off");
    for (wrong, word) in [
        ("webhooks edit Ops --on --off", "opposite"),
        ("webhooks add --name x --format pigeon", "slack"),
        ("webhooks add --name x --event rain", "--event"),
    ] {
        let refused = run(wrong).await;
        assert!(refused.status == Some(2) && refused.err().contains(word), "{wrong}: {}", refused.err());
    }
    let made = server.run(&ana, "webhooks add --name signed", b"https://hooks.example.com/x").await;
    let other = server.run(&ana, "webhooks replace-secret signed", b"").await;
    assert!(other.out().starts_with("whsec_") && other.out() != made.out(), "{}", other.err());
    let chat = server.run(&ana, "webhooks replace-secret Ops", b"").await;
    assert!(chat.status == Some(5) && chat.err().contains("not signed"), "{}", chat.err());
    assert_eq!(run("webhooks rm signed --yes").await.status, Some(0));
    let private = server.run(&ana, "webhooks add --name x --json", b"http://10.0.0.1/").await;
    assert!(private.status == Some(2) && private.err().contains("/url"), "{}", private.err());
    assert_eq!(run("webhooks rm Ops").await.status, Some(2), "nobody can be asked");
    assert_eq!(run("webhooks rm Ops --yes").await.status, Some(0));
    assert_eq!(run("webhooks --ndjson").await.out(), "");
}
