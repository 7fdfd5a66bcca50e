//! Rotation over SSH: set by options, begun, handed in by a person, and refused with words that help.

use keyward_keys::Door;
use serde_json::json;

use crate::harness::{Server, Tty};

const ADD: &str = "keys add --name mail --service Mail --method generate --template 'sk-live-{48}' --cron '0 3 * * 1' \
                   --timezone Europe/Zurich --quiet-hours 01:00-02:00 --overlap 1h --evidence off --json";

/// What the daemon's job does.
async fn turn(server: &Server) {
    let system = server.service.system_caller("test", Door::Local);
    server.service.rotate_due(&system).await.expect("rotates");
}

#[tokio::test]
async fn how_a_key_is_rotated_is_said_with_it_and_changed_by_name() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let made = server.run(&ana, ADD, b"first\n").await.json();
    let rotation = &made["rotation"];
    for (field, value) in [
        ("method", json!("generate")),
        ("template", json!("sk-live-{48}")),
        ("cron", json!("0 3 * * 1")),
        ("timezone", json!("Europe/Zurich")),
        ("quietHours", json!("01:00-02:00")),
        ("overlap", json!("1h")),
        ("evidence", json!(false)),
    ] {
        assert_eq!(rotation[field], value, "{field}: {made}");
    }
    assert_eq!(rotation["upcoming"].as_array().map(Vec::len), Some(3));
    let shown = server.run(&ana, "keys show mail", b"").await;
    let coming =
        shown.out().lines().find(|line| line.starts_with("Next rotations")).expect("told").to_owned();
    assert_eq!(coming.matches(", ").count(), 2, "the next three times: {coming}");
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (160, 40), None).await;
    tty.until("ana").await;
    tty.type_in("2").await;
    tty.until(", by 0 3 * * 1").await;

    let edited = server
        .run(&ana, "keys edit mail --cron '' --rotation-interval 30 --quiet-hours '' --json", b"")
        .await;
    let edited = edited.json();
    assert_eq!(
        (&edited["rotation"]["cron"], &edited["rotationInterval"]),
        (&json!(null), &json!(30)),
        "{edited}"
    );
    assert_eq!(edited["rotation"]["template"], json!("sk-live-{48}"), "what is not named stays");

    server.run(&ana, "keys rotate mail --overlap 2h --json", b"").await.json();
    turn(&server).await;
    let value = server.run(&ana, "keys get mail", b"").await;
    assert!(value.out().starts_with("sk-live-"), "{value:?}");
    // A value that somebody has made themselves is handed in as the input.
    let by_hand =
        server.run(&ana, "keys rotate mail --value-stdin --overlap 0s --json", b"by hand\n").await.json();
    assert_eq!((&by_hand["version"], &by_hand["state"]), (&json!(3), &json!("overlap")), "{by_hand}");
    assert_eq!(server.run(&ana, "keys get mail", b"").await.out(), "by hand\n");
}

#[tokio::test]
async fn what_cannot_be_is_refused_when_it_is_said() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "mail", "v-1").await;
    for (options, told) in [
        ("--cron '0 0 31 2 *'", "no such day"),
        ("--cron '*/5 * * * * *'", "seconds"),
        ("--cron '0 3 * *'", "4 fields"),
        ("--method webhook --url http://10.0.0.1/x", "outbound.allow"),
        ("--method webhook --url https://user:secret@example.com/", "rotation/url"),
        ("--method recipe --recipe nosuch --credential mail", "no recipe nosuch"),
        ("--method command --command nosuch", "commands.toml"),
        ("--method generate --template 'x{3}'", "rotation/template"),
        ("--method later", "--method is remind"),
        ("--evidence maybe", "on or off"),
        ("--parameter project", "NAME=VALUE"),
        ("--overlap soon", "1h or 7d"),
    ] {
        let refused = server.run(&ana, &format!("keys edit mail {options}"), b"").await;
        assert!(refused.status == Some(2) && refused.err().contains(told), "{options}: {refused:?}");
    }
    let both = server.run(&ana, "keys rotate mail --value-stdin --emergency", b"x\n").await;
    assert_eq!(both.status, Some(2));
}

#[tokio::test]
async fn a_recipe_names_the_key_it_shows_and_a_webhook_s_secret_can_be_replaced() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "admin", "sk-admin").await;
    server.api_key(&ana, "mail", "v-1").await;
    let line =
        "keys edit mail --method recipe --recipe openai --parameter project=proj_1 --credential admin --json";
    let set = server.run(&ana, line, b"").await.json();
    let admin = server.run(&ana, "keys show admin --json", b"").await.json();
    assert_eq!(set["rotation"]["credential"], admin["_id"]);
    assert_eq!(set["rotation"]["parameters"], json!({ "project": "proj_1" }));

    let first = server.run(&ana, "keys webhook-secret mail", b"").await;
    assert!(first.out().starts_with("whsec_"), "{first:?}");
    assert_eq!(
        server.run(&ana, "keys webhook-secret mail --json", b"").await.json()["secret"],
        first.out().trim()
    );
    let second = server.run(&ana, "keys webhook-secret mail --replace", b"").await;
    assert!(second.out().starts_with("whsec_") && second.out() != first.out());
    assert_eq!(server.run(&ana, "keys webhook-secret mail", b"").await.out(), second.out());
    let trail = server.run(&ana, "audit --json", b"").await.out().to_owned();
    assert!(trail.contains("was replaced") && !trail.contains("whsec_"));
}

#[tokio::test]
async fn a_rotation_by_hand_says_where_the_value_is_made_and_what_to_do_next() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let line = "keys add --name pay --service Stripe --method remind --url https://dashboard.stripe.com/apikeys \
                --overlap 0s";
    assert_eq!(server.run(&ana, line, b"v-1").await.status, Some(0));
    let waits = server.run(&ana, "keys rotate pay", b"").await;
    for told in ["https://dashboard.stripe.com/apikeys", "keys rotate pay --value-stdin"] {
        assert!(waits.out().contains(told), "{}", waits.out());
    }
    let set = server.run(&ana, "keys rotate pay --value-stdin", b"v-2").await;
    assert!(set.status == Some(0) && !set.out().contains("--value-stdin"), "{}", set.out());
    // A recipe that can try a value by itself does so; one that needs the provider's credential for it cannot.
    let tried = server.run(&ana, "keys edit pay --recipe openrouter", b"").await;
    assert_eq!(tried.status, Some(0), "{}", tried.err());
    assert!(server.run(&ana, "keys rotation pay", b"").await.out().contains("openrouter"));
    let params = server.run(&ana, "keys edit pay --recipe twilio", b"").await;
    assert!(params.status != Some(0) && params.err().contains("account"), "{}", params.err());
}
