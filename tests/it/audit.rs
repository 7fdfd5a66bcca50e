//! The audit chain as its operator and an outsider check it: with a daemon and without, on a file that was altered, and
//! with the script that needs no Keyward.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::daemon::{PASSWORD, add_user, command, place, serve, text};
use crate::harness::http::Http;
use crate::harness::process::wait_until;

/// Many times what the store waits with its last commit after changes in a row; no usage is reported here, which waits longer.
const RESTED: Duration = Duration::from_secs(1);

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

#[tokio::test]
async fn one_altered_byte_of_the_file_is_found_with_and_without_a_daemon() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let daemon = serve(&data);
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let key = json!({ "name": "k", "service": "S", "apiKey": "sk-1" });
    let path =
        format!("/api/keys/{}", http.post("/api/keys", &key).await.expect(201)["_id"].as_str().unwrap());
    for number in 0..120 {
        http.patch(&path, &json!({ "description": number.to_string() })).await.expect(200);
    }
    // A page that is written between altering a byte of it and altering it back would stay altered.
    wait_until("a store that rests", || {
        let written = fs::metadata(data.join("keyward.redb")).and_then(|file| file.modified()).unwrap();
        written.elapsed().is_ok_and(|rest| rest > RESTED).then_some(())
    });
    let flip = |at: u64| {
        let file = fs::File::options().read(true).write(true).open(data.join("keyward.redb")).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    };
    let head = &fs::read(data.join("keyward.redb")).unwrap()[..64];
    let ring = u64::from(u32::from_le_bytes(head[40..44].try_into().unwrap())) * 4096;
    // Somewhere among the first pages of the tables lie records.
    let named = (0..200).map(|page| 12_288 + ring + 4096 + 100 + page * 4096).find(|at| {
        flip(*at);
        let asked = command(&data, &["verify", "--json"], "");
        let answer: Value = serde_json::from_slice(&asked.stdout).unwrap_or_default();
        let found = answer["fault"]["record"].as_u64() > Some(1) && answer["beyond"][0]["to"].is_u64();
        flip(*at);
        assert!(!(found && asked.status.success()));
        found
    });
    let at = named.expect("a page of records, with others after it");
    assert!(command(&data, &["verify"], "").status.success(), "the byte is as it was");
    assert_eq!(daemon.terminate().0, Some(0));
    // Whatever was written last may lie elsewhere now; so every page is tried until one is of records.
    let named = (0..200).map(|page| at + page * 4096).find_map(|at| {
        flip(at);
        let asked = command(&data, &["verify"], "");
        flip(at);
        let said = text(&asked.stderr).to_owned();
        (asked.status.code() == Some(1) && said.contains("these can be read")).then_some(said)
    });
    let said = named.expect("a page of records");
    assert!(said.contains("cannot be read: the file was altered or damaged there"), "{said}");
    assert!(said.contains("1 to ") && said.contains("Keep this data folder as it is"), "{said}");
    let last = command(&data, &["verify"], "");
    assert!(last.status.success(), "the bytes are as they were: {}", text(&last.stderr));
}
