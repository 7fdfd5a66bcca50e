//! `ssh HOST alerts`: rules are made, what they raise is listed and handled, for people and for programs.

use keyward_keys::input::{KeyRef, TrackEvent};
use keyward_keys::{AlertCondition, Clock, Door};
use serde_json::{Value, json};

use crate::harness::Server;

#[tokio::test]
async fn a_rule_is_made_and_what_it_raises_is_handled() {
    let server = Server::start().await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    let key = server.api_key(&ana, "Billing", "sk-live").await;
    let run = async |command: &str| server.run(&ana, command, b"").await;
    let made =
        run("alerts rule add --name Calls --condition monthly_limit --threshold 1000 --key Billing").await;
    assert_eq!(made.status, Some(0), "{}", made.err());
    assert_eq!(run("keys edit Billing --monthly-limit 1").await.status, Some(0));
    for _ in 0..10 {
        let key = KeyRef::Id(key.id.to_string());
        server.service.track(&ana.caller, &key, TrackEvent::<String>::default()).await.unwrap();
    }
    server.service.watch_alerts(&server.service.system_caller("test", Door::Local)).await.unwrap();
    let listed = run("alerts").await;
    assert!(listed.out().contains("firing") && listed.out().contains("Billing: 1000 %"), "{}", listed.out());
    let alert = run("alerts --json").await.json()["alerts"][0]["_id"].as_str().unwrap().to_owned();
    let theirs = server.run(&ben, &format!("alerts ack {alert}"), b"").await;
    assert_eq!((theirs.status, theirs.out()), (Some(3), ""));
    for (does, undone) in [
        ("--action freeze", "froze the key"),
        ("--action narrow --network 10.0.0.0/8", "narrowed its networks"),
        ("--action limit --limit 1", "limit"),
        ("--action rotate", "rota"),
    ] {
        let done = run(&format!("alerts respond {alert} {does} --json")).await;
        assert_eq!(done.status, Some(0), "{does}: {}", done.err());
        assert!(done.json()["undo"].as_str().unwrap_or_default().contains(undone), "{}", done.out());
    }
    for taken_back in ["rota", "limit", "narrowed its networks", "froze the key"] {
        let done = run(&format!("alerts respond {alert} --action undo")).await;
        assert!(done.err().contains("taken back") && done.err().contains(taken_back), "{}", done.err());
    }
    let key = run("keys show Billing --json").await.json();
    assert_eq!(
        (&key["frozen"], &key["networks"], &key["monthlyLimit"]),
        (&false.into(), &Value::Null, &1.into())
    );
    assert_eq!(run(&format!("alerts ack {alert} --json")).await.json()["state"], "acknowledged");
    assert_eq!(run(&format!("alerts snooze {alert} --minutes 5 --json")).await.json()["state"], "snoozed");
    assert_eq!(run(&format!("alerts resolve {alert} --json")).await.json()["state"], "resolved");
    assert_eq!(run(&format!("alerts resolve {alert}")).await.status, Some(5));
    assert_eq!(run("alerts ls --state firing").await.out(), "");
    let (rules, told) = (run("alerts rules --json").await.json(), run("alerts rules").await);
    assert!(told.out().contains("1000 %") && told.out().contains("Billing"), "{}", told.out());
    assert_eq!(rules["rules"][0]["_id"], made.out().trim());
    assert_eq!(run(&format!("alerts rule rm {}", made.out().trim())).await.status, Some(0));
    assert_eq!(run("alerts rules --ndjson").await.out(), "");
    let wrong = run("alerts rule add --name x --condition rain").await;
    assert_eq!(wrong.status, Some(2), "{}", wrong.err());
    let conditions = run("alerts conditions").await;
    for condition in AlertCondition::ALL {
        let name = condition.name();
        assert!(
            wrong.err().contains(name) && conditions.out().contains(name),
            "{name}: {}",
            conditions.out()
        );
    }
    let dry = "alerts rule add --name x --key Billing --dry-run --condition";
    let tried = run(&format!("{dry} new_endpoint --json")).await;
    assert_eq!((&tried.json()["condition"], &tried.json()["count"]), (&json!("new_endpoint"), &json!(0)));
    let never = run(&format!("{dry} new_endpoint")).await;
    assert_eq!((never.status, never.out()), (Some(0), ""));
    assert_eq!(never.err(), "It would not have fired in the past 30 days.\n");
    let untold = run(&format!("{dry} rotation_failed")).await;
    assert!(untold.err().contains("cannot be tried on the past: how long"), "{}", untold.err());
    assert_eq!(run("alerts rules --ndjson").await.out(), "", "nothing was made");
    assert_eq!(run("keys edit Billing --decoy --json").await.json()["decoy"], true);
    assert_eq!(run("alerts rules --json").await.json()["rules"][0]["condition"], "decoy_use");
    assert_eq!(run("keys edit Billing --no-decoy --json").await.json().get("decoy"), None);
    assert_eq!(run("keys edit Billing --no-decoy --decoy").await.status, Some(2));
}

#[tokio::test]
async fn a_rule_says_when_it_would_have_fired() {
    let hour = |hour: i64| 1_772_366_400_000 + hour * 3_600_000;
    let clock = Clock::fixed(hour(0));
    let server = Server::at(&clock).await;
    let ana = server.person("ana", 1).await;
    let key = server.api_key(&ana, "Billing", "sk-live").await;
    let by_id = KeyRef::Id(key.id.to_string());
    for at in [2, 5] {
        clock.set(hour(at));
        let slow = TrackEvent { response_time: Some(2_000.0), ..TrackEvent::<String>::default() };
        server.service.track(&ana.caller, &by_id, slow).await.unwrap();
        clock.set(hour(at + 1));
        let dry = "alerts rule add --name x --key Billing --condition latency_p95 --threshold 1000 --dry-run";
        let tried = server.run(&ana, dry, b"").await;
        let cells = |line: &str| -> Vec<String> {
            line.split("  ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
        };
        let rows: Vec<Vec<String>> = tried.out().lines().map(cells).collect();
        let [header, first, ..] = &rows[..] else { panic!("{}{}", tried.out(), tried.err()) };
        assert_eq!(header[..], ["FROM (UTC)", "UNTIL (UTC)", "VALUE", "KEY"]);
        assert!(first[0].starts_with("2026-03-01 1") && first[2].ends_with(" ms"), "{}", tried.out());
        assert_eq!(first[3], "Billing");
        let times = if at == 2 { "Once" } else { "2 times" };
        assert_eq!(tried.err(), format!("{times} in the past 30 days; nothing was made.\n"));
        assert_eq!(rows.len(), if at == 2 { 2 } else { 3 });
    }
    assert_eq!(server.run(&ana, "alerts rules --ndjson", b"").await.out(), "");
}

#[tokio::test]
async fn a_key_is_held_to_networks_and_let_go_again() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "Billing", "sk-live").await;
    let run = async |command: &str| server.run(&ana, command, b"").await;
    let held = run("keys edit Billing --network 10.0.0.0/8 --network 192.0.2.1 --json").await;
    assert_eq!(held.json()["networks"], json!(["10.0.0.0/8", "192.0.2.1/32"]));
    assert!(run("keys show Billing").await.out().contains("192.0.2.1/32"));
    let wrong = run("keys edit Billing --network moon").await;
    assert!(wrong.status == Some(2) && wrong.err().contains("moon is no network"), "{}", wrong.err());
    assert_eq!(run("keys edit Billing --network none --json").await.json()["networks"], Value::Null);
}
