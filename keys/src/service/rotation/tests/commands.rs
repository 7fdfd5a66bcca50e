//! Rotation by a program of the operator's: one that works, and those that hang, fork, print garbage or the secret, do not
//! listen, or say that the value is of no use.

use std::os::unix::fs::PermissionsExt;

use keyward_store::model::{FailureClass, Id};

use super::{World, at_once};
use crate::input::{NotificationQuery, RotationMethodName, RotationPatch};
use crate::view::RotationState;

/// A program that makes another value for each request, and the same one for the same request.
const GOOD: &str = r#"
place=$(dirname "$0"); input=$(cat)
request=$(printf %s "$input" | sed 's/.*"requestId":"\([^"]*\)".*/\1/')
case "$input" in *'"step":"create"'*)
    printf '%s\n' "$request" >> "$place/made"
    printf '{"apiKey":"made-for-%s","providerId":"p"}' "$request";;
esac
"#;

/// A world with a key that a program rotates, which runs this script.
async fn programmed(script: &str) -> (World, Id) {
    let world = World::open().await;
    let file = world.folder.path().join("commands.toml");
    let program = world.folder.path().join("program");
    std::fs::write(&file, format!("[make]\npath = \"{}\"\ntimeout_seconds = 2\n", program.display()))
        .unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    runs(&world, script);
    let rotation = RotationPatch { command: Some("make".to_owned()), ..at_once(RotationMethodName::Command) };
    let key = world.key("programmed", "first-value", Some(rotation)).await;
    (world, key)
}

fn runs(world: &World, script: &str) {
    let (program, new) = (world.folder.path().join("program"), world.folder.path().join("program.new"));
    std::fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o700)).unwrap();
    // One that runs must not be written to.
    std::fs::rename(new, program).unwrap();
}

#[tokio::test]
async fn whatever_a_program_does_the_value_in_use_stays_until_another_one_works() {
    let (world, key) = programmed(GOOD).await;
    for (script, class) in [
        ("sleep 300", FailureClass::Transient),
        ("setsid sleep 300 & sleep 300", FailureClass::Transient),
        ("sleep 300 & exit 75", FailureClass::Transient),
        ("echo garbage", FailureClass::Config),
        ("exec 0<&- 1>&- 2>&-", FailureClass::Config),
        ("yes", FailureClass::Config),
        ("exit 77", FailureClass::Auth),
        ("kill -9 $$", FailureClass::Config),
        // It makes the value, and says that it is of no use when it is tried.
        (&format!("{GOOD}\ncase \"$input\" in *'\"step\":\"test\"'*) exit 65;; esac"), FailureClass::Refused),
        // It makes the value, and prints it wherever it can.
        (
            &format!(
                "{GOOD}\ncase \"$input\" in *'\"step\":\"set\"'*) echo \"$input\"; echo \"$input\" >&2; exit 1;; esac"
            ),
            FailureClass::Config,
        ),
    ] {
        let before = world.current(key).await;
        runs(&world, script);
        world.ask(key).await;
        world.turn().await;
        let seen = world.seen(key).await;
        let fault = seen
            .run
            .as_ref()
            .and_then(|run| run.fault.clone())
            .unwrap_or_else(|| panic!("{script}: {seen:#?}"));
        assert_eq!(fault.class, class, "{script}: {fault:?}");
        assert_eq!(world.current(key).await, before, "{script}");
        world.holds(key, script).await;
        runs(&world, GOOD);
        let seen = world.heal(key).await;
        assert_eq!(seen.state, RotationState::Idle, "{script}: {seen:#?}");
        assert_ne!(world.current(key).await, before, "{script}");
    }
    // Nothing that was printed or made is anywhere but in the sealed value.
    let query = NotificationQuery { page: 1, limit: 100, unread: false };
    let told = world.service.notifications(&world.ana, &query).await.unwrap();
    let everything = format!(
        "{}{}{:?}",
        serde_json::to_string(&told).unwrap(),
        serde_json::to_string(&world.seen(key).await).unwrap(),
        world.audited(key).await
    );
    assert!(!everything.contains("made-for-") && !everything.contains("garbage"), "{everything}");
}

#[tokio::test]
async fn a_program_is_asked_for_the_same_value_again_after_a_kill() {
    let (mut world, key) = programmed(GOOD).await;
    for commits in 1..12 {
        world.ask(key).await;
        let (_, killed) = world.turn_until(key, commits, std::future::pending()).await;
        world = world.reopen().await;
        world.holds(key, &format!("after commit {commits}")).await;
        assert_eq!(world.heal(key).await.state, RotationState::Idle, "after commit {commits}");
        let made = std::fs::read_to_string(world.folder.path().join("made")).unwrap();
        let last = made.lines().last().unwrap();
        assert_eq!(world.current(key).await, format!("made-for-{last}"));
        if !killed {
            return;
        }
    }
    panic!("one rotation has so many commits?");
}
