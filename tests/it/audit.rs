//! The audit chain as its operator and an outsider check it: with a daemon and without, on a file that was altered, and
//! with the script that needs no Keyward.

use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use serde_json::{Value, json};

use crate::daemon::{PASSWORD, add_user, command, place, serve, text};
use crate::harness::http::Http;

#[test]
fn the_audit_chain_is_verified_with_and_without_a_daemon() {
    let (_folder, data) = place();
    let none = command(&data, &["verify"], "");
    assert_eq!(none.status.code(), Some(3), "{}", text(&none.stderr));
    assert!(!data.exists(), "looking makes nothing");
    assert!(add_user(&data, "ana@example.com", &[]).status.success());
    let records = || {
        let output = command(&data, &["verify", "--json"], "");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["records"].as_u64().unwrap()
    };
    let offline = records();
    assert!(offline >= 1);
    let _daemon = serve(&data);
    assert!(add_user(&data, "ben@example.com", &[]).status.success());
    assert!(records() > offline);
}

#[test]
fn a_checkpoint_that_was_kept_elsewhere_is_compared() {
    let (folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &[]).status.success());
    let (code, _) = serve(&data).terminate();
    assert_eq!(code, Some(0));
    let kept = command(&data, &["verify", "--checkpoints"], "");
    assert!(text(&kept.stdout).starts_with("keyward/audit/"), "{}", text(&kept.stdout));
    let file = folder.path().join("kept");
    fs::write(&file, &kept.stdout).unwrap();
    let with = |json: &[&str]| {
        command(&data, &[&["verify", "--checkpoint", file.to_str().unwrap()], json].concat(), "")
    };
    let whole: Value = serde_json::from_slice(&with(&["--json"]).stdout).unwrap();
    assert!(whole["checkpoints"].as_u64() >= Some(2) && whole["fault"].is_null(), "{whole}");
    fs::write(&file, text(&kept.stdout).replace("/audit/", "/other/")).unwrap();
    let other = with(&[]);
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("not signed by this instance"), "{}", text(&other.stderr));
    let other: Value = serde_json::from_slice(&with(&["--json"]).stdout).unwrap();
    assert!(other["fault"]["text"].is_string(), "{other}");
}

#[tokio::test]
async fn the_script_checks_an_export_and_names_what_was_altered() {
    let (folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let daemon = serve(&data);
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    for number in 0..3 {
        let key = json!({ "name": format!("k{number}"), "service": "S", "apiKey": "sk-1" });
        http.post("/api/keys", &key).await.expect(201);
    }
    let export = http.get("/api/audit/export").await;
    let lines: Vec<&str> = export.text.lines().collect();
    let (code, _) = daemon.terminate();
    assert_eq!(code, Some(0));
    let checkpoints = folder.path().join("checkpoints");
    fs::write(&checkpoints, command(&data, &["verify", "--checkpoints"], "").stdout).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify-audit.py");
    let check = |lines: &[&str], more: &[&str]| {
        let file = folder.path().join("export.ndjson");
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        Command::new("python3").arg(script).arg(&file).args(more).output()
    };
    let whole = match check(&lines, &[]) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return eprintln!("skipped: there is no python3");
        }
        output => output.unwrap(),
    };
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    assert_eq!(text(&whole.stdout), format!("the audit chain is whole: {} records\n", lines.len()));
    let altered = lines[2].replace("session.manage", "session.ending").replace("key.create", "key.reveal");
    let softened = lines[2].replace(r#""outcome":"done""#, r#""outcome":"refused""#);
    let mut dropped = lines.clone();
    dropped.remove(2);
    let cut = &lines[..2];
    let checkpoints = checkpoints.to_str().unwrap();
    for (lines, more, named) in [
        (
            [&lines[..2], &[altered.as_str()], &lines[3..]].concat(),
            &[][..],
            "record 3 is shown as something else",
        ),
        (
            [&lines[..2], &[softened.as_str()], &lines[3..]].concat(),
            &[],
            "record 3 is shown as something else",
        ),
        (dropped, &[], "record 3 is missing: record 4 does not follow from record 2"),
        (cut.to_vec(), &[checkpoints], "the export ends with record 2, and a checkpoint was signed for"),
    ] {
        let output = check(&lines, more).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(named), "{}", text(&output.stderr));
    }
}
