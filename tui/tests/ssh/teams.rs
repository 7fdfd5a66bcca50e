//! Teams and unlocking over SSH: commands, the state of a connection, and what a removed member still sees.

use keyward_keys::input::{PreferencesChange, ProfileChange};
use russh::client::Handle;
use serde_json::json;

use crate::harness::{Finished, PASSWORD, Person, Server, Trusting, Tty, finish};

const PASSPHRASE: &[u8] = b"open the vault\n";

#[track_caller]
fn done(finished: &Finished) {
    assert_eq!(finished.status, Some(0), "{finished:?}");
}

/// Makes a team of Ana's and lets Ben in.
async fn two_people(server: &Server) -> (Person, Person) {
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    done(&server.run(&ana, "team create Payments", b"").await);
    let invited = server.run(&ana, &format!("team invite {} --role admin", ben.email), b"").await;
    done(&invited);
    assert!(invited.err().contains("works once"), "{invited:?}");
    done(&server.run(&ben, "team join", invited.out().as_bytes()).await);
    (ana, ben)
}

#[tokio::test]
async fn a_team_is_kept_by_commands() {
    let server = Server::start().await;
    let (ana, ben) = two_people(&server).await;
    let teams = server.run(&ben, "team --json", b"").await.json();
    assert_eq!(
        (&teams["teams"][0]["name"], &teams["teams"][0]["role"]),
        (&json!("Payments"), &json!("admin"))
    );
    let members = server.run(&ana, "team members payments --json", b"").await.json();
    assert_eq!(members["members"][1]["email"], json!(ben.email));
    assert!(server.run(&ana, "team show", b"").await.out().contains("Payments"));
    done(&server.run(&ben, "keys add --name stripe --service Stripe --team Payments", b"sk-1\n").await);
    assert_eq!(server.run(&ana, "keys get stripe", b"").await.out(), "sk-1\n");
    assert_eq!(
        server.run(&ana, "keys ls --team payments --json", b"").await.json()["keys"][0]["name"],
        "stripe"
    );

    let role = server.run(&ana, &format!("team role {} --role viewer --json", ben.login), b"").await;
    assert_eq!(role.json()["role"], "viewer");
    assert_eq!(server.run(&ben, "keys get stripe", b"").await.status, Some(4));
    assert_eq!(server.run(&ben, "team invite x@example.com", b"").await.status, Some(4));
    assert_eq!(server.run(&ana, "team leave --yes", b"").await.status, Some(5), "the last owner stays");
    assert_eq!(server.run(&ana, "team remove nobody --yes", b"").await.status, Some(3));
    assert_eq!(server.run(&ana, "team remove ben", b"").await.status, Some(2), "nobody can be asked");
    let removed = server.run(&ana, "team remove ben --yes --json", b"").await;
    assert_eq!(removed.json()["rotateNow"][0]["name"], "stripe", "he made it, and so has seen it");
    assert_eq!(server.run(&ben, "keys show stripe", b"").await.status, Some(3));
    assert_eq!(server.run(&ben, "team show", b"").await.status, Some(3));
}

#[tokio::test]
async fn a_team_sees_who_is_here_and_what_they_look_at_if_they_share_it() {
    let server = Server::start().await;
    let (ana, ben) = two_people(&server).await;
    done(&server.run(&ben, "keys add --name stripe --service Stripe --team Payments", b"sk-1\n").await);
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm", (80, 24), None).await;
    tty.type_in("2").await;
    tty.until("stripe").await;
    tty.type_in("\r").await;
    tty.until("LIVE").await;
    let here = async || server.run(&ben, "team here --json", b"").await.json()["present"].clone();
    let seen = here().await;
    assert_eq!((&seen[0]["kinds"], &seen[0]["viewing"]), (&json!(["dashboard"]), &json!(null)));
    let preferences = PreferencesChange { share_viewing: Some(true), ..PreferencesChange::default() };
    let change = ProfileChange { preferences, ..ProfileChange::default() };
    server.service.change_profile(&ana.caller, change).await.unwrap();
    let seen = here().await;
    assert_eq!(
        (&seen[0]["viewing"]["page"], &seen[0]["viewing"]["name"]),
        (&json!("keys"), &json!("stripe"))
    );
    tty.type_in("3").await;
    tty.until("Keyward › Usage").await;
    assert_eq!(here().await[0]["viewing"], json!({"page": "usage"}));
    let shown = server.run(&ben, "team here", b"").await;
    assert!(shown.out().contains("The person ana") && shown.out().contains("usage"), "{}", shown.out());
}

#[tokio::test]
async fn unlocking_holds_for_one_connection() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    done(&server.run(&ana, "passphrase", PASSPHRASE).await);
    assert_eq!(
        server.run(&ana, "passphrase", PASSPHRASE).await.status,
        Some(2),
        "the present one is needed too"
    );
    done(&server.run(&ana, "keys add --name vault --service X", b"sk-sealed\n").await);
    let locked = server.run(&ana, "keys get vault --json", b"").await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(locked.err()).unwrap()["code"], "locked");
    let once = server.run(&ana, "keys get vault --passphrase-stdin", PASSPHRASE).await;
    assert_eq!(once.out(), "sk-sealed\n");
    assert_eq!(server.run(&ana, "unlock", b"something else\n").await.status, Some(4));

    let session = server.sign_in(&ana).await;
    let run = async |command: &str, input: &[u8]| run(&session, command, input).await;
    assert_eq!(run("unlock --json", PASSPHRASE).await.json(), json!({"unlocked": true, "expiresIn": 900}));
    assert_eq!(run("keys get vault", b"").await.out(), "sk-sealed\n", "another channel of the connection");
    assert_eq!(server.run(&ana, "keys get vault", b"").await.status, Some(4), "another connection");
    done(&run("lock", b"").await);
    assert_eq!(run("keys get vault", b"").await.status, Some(4));
}

/// Runs a command in a connection that goes on.
async fn run(session: &Handle<Trusting>, command: &str, input: &[u8]) -> Finished {
    let channel = session.channel_open_session().await.unwrap();
    channel.exec(true, command).await.unwrap();
    channel.data(input).await.unwrap();
    channel.eof().await.unwrap();
    finish(channel).await
}

#[tokio::test]
async fn who_is_unlocked_in_an_open_connection_lets_a_newcomer_in_without_doing_anything() {
    let server = Server::start().await;
    let (ana, ben) = two_people(&server).await;
    done(&server.run(&ana, "passphrase", PASSPHRASE).await);
    done(&server.run(&ana, "keys add --name stripe --service Stripe --team Payments", b"sk-sealed\n").await);
    let open = server.sign_in(&ana).await;
    done(&run(&open, "unlock", PASSPHRASE).await);
    done(&server.run(&ben, "passphrase", PASSPHRASE).await);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let got = server.run(&ben, "keys get stripe --passphrase-stdin", PASSPHRASE).await;
        if got.status == Some(0) {
            assert_eq!(got.out(), "sk-sealed\n");
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{got:?}");
    }
}

#[tokio::test]
async fn a_forgotten_passphrase_is_set_anew_and_says_what_it_costs() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    done(&server.run(&ana, "passphrase", PASSPHRASE).await);
    done(&server.run(&ana, "keys add --name vault --service X", b"sk-sealed\n").await);
    let closed = server.run(&ana, "keys get vault", b"").await;
    assert!(closed.status == Some(4) && closed.err().contains("ssh -t asks for"), "{}", closed.err());
    let closed = server.run(&ana, "keys get vault --json", b"").await;
    assert!(closed.status == Some(4) && !closed.err().contains("ssh -t"), "{}", closed.err());
    let input = format!("{PASSWORD}\na newer vault\n");
    let unsaid = server.run(&ana, "passphrase --forgotten", input.as_bytes()).await;
    assert_eq!(unsaid.status, Some(5), "{unsaid:?}");
    assert!(unsaid.err().contains("Nobody can open vault any more"), "{unsaid:?}");
    assert_eq!(server.run(&ana, "unlock", b"a newer vault\n").await.status, Some(4));
    let wrong = server.run(&ana, "passphrase --forgotten --lose", b"not it\na newer vault\n").await;
    assert_eq!(wrong.status, Some(4));
    let set = server.run(&ana, "passphrase --forgotten --lose --json", input.as_bytes()).await;
    assert_eq!(set.json()["lost"][0]["name"], "vault");
    done(&server.run(&ana, "unlock", b"a newer vault\n").await);

    done(&server.run(&ana, "keys add --name second --service X", b"sk-2\n").await);
    let session = server.sign_in(&ana).await;
    let mut tty = Tty::open(session, "xterm", (80, 24), Some("passphrase --forgotten")).await;
    tty.until("Lose them?").await;
    tty.type_in("n\r").await;
    tty.until_end().await;
    assert_eq!(tty.status, Some(130));
}

#[tokio::test]
async fn a_dashboard_asks_once_and_a_removed_member_s_shows_nothing_within_a_second() {
    let server = Server::start().await;
    let (ana, ben) = two_people(&server).await;
    done(&server.run(&ana, "passphrase", PASSPHRASE).await);
    done(&server.run(&ben, "passphrase", PASSPHRASE).await);
    done(
        &server.run(&ana, "keys add --name stripe-eu --service Stripe --team Payments", b"sk-sealed\n").await,
    );
    let mut tty = Tty::open(server.sign_in(&ben).await, "xterm-256color", (80, 24), None).await;
    tty.until("Needs attention").await;
    tty.type_in("2").await;
    tty.until("stripe-eu").await;
    tty.type_in("\rv").await;
    tty.until("Your unlock passphrase").await;
    tty.type_in("open the vault\r").await;
    tty.until("sk-sealed").await;

    // Not by a command, whose connection and login would count into the second.
    let team = server.service.teams(&ana.caller).await.unwrap()[0].id;
    let ben_id = ben.caller.account().unwrap();
    let started = std::time::Instant::now();
    let removed = server.service.remove_member(&ana.caller, team, ben_id).await.unwrap();
    assert_eq!(removed.rotate_now[0].name, "stripe-eu");
    tty.until_that("a screen without the key", |tty| {
        let screen = tty.emulator.screen().contents();
        !screen.contains("sk-sealed") && !screen.contains("Stripe ")
    })
    .await;
    assert!(started.elapsed() < std::time::Duration::from_secs(1), "{:?}", started.elapsed());
    tty.type_in("q").await;
}

#[tokio::test]
async fn a_key_is_edited_moved_and_asked_about_by_commands() {
    let server = Server::start().await;
    let (ana, ben) = two_people(&server).await;
    done(&server.run(&ana, "keys add --name stripe --service Stripe --tag old", b"sk-1\n").await);
    assert_eq!(server.run(&ben, "keys access stripe", b"").await.status, Some(3));
    let edit = "keys edit stripe --team payments --env production --tag new --monthly-limit 10 --status inactive --json";
    let edited = server.run(&ana, edit, b"").await.json();
    assert_eq!((&edited["environment"], &edited["tags"]), (&json!("production"), &json!(["new"])));
    assert_eq!((&edited["monthlyLimit"], &edited["status"]), (&json!(10), &json!("inactive")));
    assert!(edited["team"].is_string() && edited["service"] == "Stripe", "{edited}");
    let cleared = server.run(&ana, "keys edit stripe --monthly-limit none --tag '' --json", b"").await.json();
    assert_eq!((&cleared["monthlyLimit"], &cleared["tags"]), (&json!(null), &json!([])));
    for wrong in
        ["keys edit stripe", "keys edit stripe --own --team payments", "keys edit stripe --monthly-limit x"]
    {
        assert_eq!(server.run(&ana, wrong, b"").await.status, Some(2), "{wrong}");
    }

    done(&server.run(&ana, "team role ben --role viewer", b"").await);
    assert_eq!(server.run(&ben, "keys edit stripe --own", b"").await.status, Some(4));
    let why = server.run(&ben, "keys access stripe --action reveal", b"").await;
    let viewer = "because revealing its value is for members, admins and owners, and";
    assert_eq!(why.out(), format!("you may not, {viewer} you are a viewer of Payments\n"));
    let about = server.run(&ana, "keys access stripe --action reveal --member ben --json", b"").await.json();
    assert_eq!(
        about["why"],
        json!(format!("The person {} may not, {viewer} they are a viewer of Payments", ben.login))
    );
    let whole = server.run(&ana, "keys access stripe", b"").await;
    assert!(whole.out().contains("the daemon") && whole.out().contains("viewer"), "{whole:?}");
    done(&server.run(&ana, "keys edit stripe --own", b"").await);
    assert_eq!(server.run(&ben, "keys show stripe", b"").await.status, Some(3));
}
