//! Rotation by a program that does as it should, and by programs that do not.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use keyward_store::model::Environment;
use secrecy::{ExposeSecret, SecretString};

use crate::clock::Clock;
use crate::outbound::command::group;
use crate::outbound::{CallError, Class, Outbound, OutboundSettings, Step, Subject};

const SECRET: &str = "sk-very-secret";

struct Place {
    folder: tempfile::TempDir,
    outbound: Outbound,
}

/// A data folder with one command `c`, which runs this script.
fn place(script: &str, timeout_seconds: u32) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let file = folder.path().join("commands.toml");
    let program = program.display();
    std::fs::write(&file, format!("[c]\npath = \"{program}\"\narguments = [\"a b\", \"$HOME\"]\ntimeout_seconds = {timeout_seconds}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = OutboundSettings { folder: Some(folder.path().to_owned()), ..OutboundSettings::default() };
    Place { outbound: Outbound::new(settings, Clock::system()), folder }
}

fn subject() -> Subject {
    Subject {
        request_id: "rot_7".to_owned(),
        key_id: "ak_prod_x".to_owned(),
        name: "pay".to_owned(),
        environment: Environment::Production,
        version: 4,
    }
}

async fn step(place: &Place) -> Result<(), CallError> {
    place.outbound.command_step("c", Step::Set, &subject(), &SecretString::from(SECRET), Some("p7")).await
}

/// What the program wrote into a file beside it.
fn noted(place: &Place) -> String {
    std::fs::read_to_string(place.folder.path().join("note")).unwrap()
}

#[tokio::test]
async fn a_program_gets_the_step_on_its_input_and_nothing_of_ours() {
    let place =
        place("cd \"$(dirname \"$0\")\"; { cat; echo; echo \"$# $1 $2\"; env | sort; } > note; pwd", 20);
    step(&place).await.unwrap();
    let noted = noted(&place);
    let (told, rest) = noted.split_once('\n').unwrap();
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    let expected = serde_json::json!({ "step": "set", "requestId": "rot_7", "keyId": "ak_prod_x", "name": "pay",
        "environment": "production", "version": 4, "apiKey": SECRET, "providerId": "p7" });
    assert_eq!(told, expected);
    assert!(rest.starts_with("2 a b $HOME\n"), "no shell read its arguments: {rest}");
    assert!(
        !rest.contains("HOME=")
            && !rest.contains("CARGO")
            && rest.contains("PATH=/usr/local/bin:/usr/bin:/bin"),
        "{rest}"
    );
}

#[tokio::test]
async fn create_takes_the_value_that_is_printed() {
    let printing = place(r#"cat > /dev/null; echo '{"apiKey":"sk-new","providerId":"p8"}'"#, 20);
    let made = printing.outbound.command_create("c", &subject()).await.unwrap();
    assert_eq!((made.value.expose_secret(), made.provider_id.as_deref()), ("sk-new", Some("p8")));
    for garbage in ["echo garbage", "true", "echo '{}'", "echo '{\"apiKey\":\"\"}'"] {
        let error = place(garbage, 20).outbound.command_create("c", &subject()).await.unwrap_err();
        assert!(error.class == Class::Config && error.maybe_done, "{garbage}: {error}");
    }
}

#[tokio::test]
async fn exit_statuses_have_their_classes() {
    for (code, class) in [
        (65, Class::Refused),
        (75, Class::Transient),
        (77, Class::Auth),
        (78, Class::Config),
        (1, Class::Config),
    ] {
        let error = step(&place(&format!("exit {code}"), 20)).await.unwrap_err();
        assert_eq!(error.class, class, "{code}");
        assert!(error.detail.contains(&code.to_string()));
    }
    assert_eq!(step(&place("kill -9 $$", 20)).await.unwrap_err().class, Class::Config);
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_all_it_started() {
    let started = Instant::now();
    let place = place("cd \"$(dirname \"$0\")\"; sleep 300 & echo $! > note; wait", 1);
    let error = step(&place).await.unwrap_err();
    assert_eq!(error.class, Class::Transient, "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
    wait_until_gone(&noted(&place)).await;
}

#[tokio::test]
async fn one_that_leaves_a_process_behind_is_done_and_that_is_ended() {
    let place = place("cd \"$(dirname \"$0\")\"; sleep 300 & echo $! > note", 60);
    let started = Instant::now();
    step(&place).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(20), "its outputs were waited for");
    wait_until_gone(&noted(&place)).await;
}

#[tokio::test]
async fn one_that_leaves_the_group_is_found_by_its_mark() {
    for script in [
        "cd \"$(dirname \"$0\")\"; setsid sh -c 'echo $$ > note.new; mv note.new note; exec sleep 300' & while ! test -e note; do :; done",
        "cd \"$(dirname \"$0\")\"; setsid setsid sh -c 'echo $$ > note.new; mv note.new note; exec sleep 300 >&- 2>&-' & sleep 300",
    ] {
        let place = place(script, 2);
        let started = Instant::now();
        let _ = step(&place).await;
        assert!(started.elapsed() < Duration::from_secs(20), "its outputs were waited for");
        wait_until_gone(&noted(&place)).await;
    }
}

#[tokio::test]
async fn what_a_killed_daemon_has_left_is_ended_by_the_next_and_nothing_of_another_s() {
    let (place, other) = (place("true", 20), tempfile::tempdir().unwrap());
    // As a daemon that was killed leaves them: in a group with somebody who has lost the mark, and apart from it.
    let left = |folder: &std::path::Path| {
        let note = folder.join("left");
        let script = "env -i sleep 300 & a=$!; setsid sleep 300 & echo $$ $a $! > \"$1.new\"; mv \"$1.new\" \"$1\"; wait";
        let mut command = std::process::Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&note).env("KEYWARD_RUN", group::of_folder(folder) + "x");
        let child = command.process_group(0).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !note.exists() {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
        (child, std::fs::read_to_string(note).unwrap())
    };
    let ((mut ours, ids), (mut theirs, their_ids)) = (left(place.folder.path()), left(other.path()));
    place.outbound.end_leftovers().await;
    assert!(!ours.wait().unwrap().success());
    for id in ids.split_whitespace() {
        wait_until_gone(id).await;
    }
    for id in their_ids.split_whitespace() {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        assert!(!status.contains("State:\tZ"), "{id} is another daemon's");
    }
    group::end_all(&group::of_folder(other.path()));
    theirs.wait().unwrap();
}

#[tokio::test]
async fn one_that_nobody_waits_for_any_more_is_ended() {
    let place = place("cd \"$(dirname \"$0\")\"; echo $$ > note; sleep 300", 60);
    let deadline = Instant::now() + Duration::from_secs(20);
    tokio::select! {
        ended = step(&place) => panic!("{ended:?}"),
        () = async {
            while std::fs::read_to_string(place.folder.path().join("note")).unwrap_or_default().trim().is_empty() {
                assert!(Instant::now() < deadline);
                tokio::task::yield_now().await;
            }
        } => {}
    }
    wait_until_gone(&noted(&place)).await;
}

/// A process that has ended and was not waited for by its new parent is gone as well.
async fn wait_until_gone(pid: &str) {
    let status = format!("/proc/{}/status", pid.trim());
    let deadline = Instant::now() + Duration::from_secs(10);
    while let Ok(text) = std::fs::read_to_string(&status) {
        if text.contains("State:\tZ") {
            return;
        }
        assert!(Instant::now() < deadline, "it lives");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_flood_is_cut_off_and_says_nothing() {
    for flood in ["yes SECRET", "yes SECRET >&2", "head -c 1000000000 /dev/zero"] {
        let error = step(&place(flood, 60)).await.unwrap_err();
        assert!(
            error.class == Class::Config && error.detail.contains("printed more than"),
            "{flood}: {error}"
        );
        assert!(!error.detail.contains("SECRET"));
    }
}

#[tokio::test]
async fn what_it_prints_of_the_secret_is_not_repeated() {
    for script in ["cat; cat >&2; exit 1", "cat; exit 65"] {
        let error = step(&place(script, 20)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
    step(&place("cat", 20)).await.unwrap();
}

#[tokio::test]
async fn only_what_the_operator_s_file_names_is_run() {
    let place = place("true", 20);
    let subject = subject();
    let value = SecretString::from(SECRET);
    let unknown =
        place.outbound.command_step("/bin/true", Step::Set, &subject, &value, None).await.unwrap_err();
    assert!(unknown.class == Class::Config && unknown.detail.contains("there is no command"), "{unknown}");
    let file = place.folder.path().join("commands.toml");
    for (text, part) in [
        ("[c]\npath = \"true\"", "does not begin with /"),
        ("[c]\npath = \"/bin/true\"\ntimeout_seconds = 0", "timeout_seconds"),
        ("[c]\npath = \"/bin/true\"\nshell = true", "unknown field"),
        ("[c]\npath = \"/nowhere\"", "there is no such program"),
        ("[c", "is no TOML"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = step(&place).await.unwrap_err();
        assert!(error.class == Class::Config && error.detail.contains(part), "{part}: {error}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(step(&place).await.unwrap_err().detail.contains("chmod"));
}
