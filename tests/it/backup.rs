//! Backups as an operator makes them: under load, of a daemon that is killed, where there is no room for one; and the way
//! back, into another folder.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::bad_disk::{RING, on_a_small_disk};
use crate::daemon::{BINARY, PASSWORD, add_user, command, place, serve, text};
use crate::harness::http::Http;
use crate::harness::process::{keyward, wait_until};

const EMAIL: &str = "ana@example.com";

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a command prints as JSON, which must have gone well.
#[track_caller]
fn printed(data: &Path, args: &[&str]) -> Value {
    let output = command(data, &[args, &["--json"]].concat(), "");
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// How a command ends that must not go well, and what it says.
#[track_caller]
fn refused(data: &Path, args: &[&str]) -> (i32, String) {
    let output = command(data, args, "");
    (output.status.code().unwrap(), text(&output.stderr).to_owned())
}

/// Another data folder, with this one's master key alone.
fn elsewhere(folder: &Path, data: &Path) -> PathBuf {
    let other = folder.join("other");
    fs::create_dir(&other).unwrap();
    fs::set_permissions(&other, PermissionsExt::from_mode(0o700)).unwrap();
    fs::copy(data.join("master.key"), other.join("master.key")).unwrap();
    other
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn key(http: &Http) -> String {
    let body = json!({ "name": "k", "service": "S", "apiKey": "sk-1", "custody": "automation" });
    http.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned()
}

async fn total(http: &Http, key: &str) -> (u64, u64) {
    let count = http.get(&format!("/api/keys/{key}")).await.expect(200)["usageCount"].as_u64().unwrap();
    let usage = http.get(&format!("/api/usage/{key}?timeframe=week")).await.expect(200);
    (count, usage["summary"]["totalRequests"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_and_opens_elsewhere() {
    let (folder, data) = place();
    assert!(add_user(&data, EMAIL, &["--operator"]).status.success());
    let daemon = serve(&data);
    let http = Http::new(&daemon.api()).login_as(EMAIL, PASSWORD).await;
    let key = key(&http).await;
    assert!(http.get("/api/admin/monitor").await.expect(200)["lastBackup"].is_null());
    assert!(http.get("/metrics").await.text.contains("keyward_last_backup_timestamp_seconds 0\n"));

    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (http, path) = (http.clone(), format!("/api/usage/{key}/track"));
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    http.post(&path, &json!({ "endpoint": "/v1", "statusCode": 200 })).await.expect(201);
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let acknowledged_at = Arc::clone(&acknowledged);
    let loaded = tokio::task::spawn_blocking(move || {
        wait_until("calls", || (acknowledged_at.load(Ordering::Relaxed) > 200).then_some(()));
    });
    loaded.await.unwrap();
    let before = acknowledged.load(Ordering::Relaxed);
    let (file, from) = (folder.path().join("kept"), data.clone());
    let to = file.clone();
    let made = tokio::task::spawn_blocking(move || printed(&from, &["backup", path(&to)])).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    let after = acknowledged.load(Ordering::Relaxed);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(made["bytes"].as_u64().unwrap(), fs::metadata(&file).unwrap().len());
    let shown = http.get("/api/admin/monitor").await.expect(200)["lastBackup"].clone();
    assert_eq!((&shown["at"], &shown["rows"]), (&made["at"], &made["rows"]), "{shown}");
    assert!(shown["by"].is_string() && shown["seconds"].is_number(), "{shown}");
    assert!(!http.get("/metrics").await.text.contains("keyward_last_backup_timestamp_seconds 0\n"));
    let audit = http.get("/api/audit?action=instance.backup").await.expect(200).to_string();
    assert!(audit.contains("instance.backup"), "{audit}");
    let said = refused(&data, &["backup", path(&file)]);
    assert!(said.0 == 5 && said.1.contains("is there already"), "{said:?}");
    let records = printed(&data, &["verify"])["records"].as_u64().unwrap();
    daemon.kill();

    let other = elsewhere(folder.path(), &data);
    let verified = printed(&other, &["verify", path(&file)]);
    assert_eq!((&verified["at"], &verified["rows"]), (&made["at"], &made["rows"]), "{verified}");
    assert_eq!(verified["audit"]["records"], made["auditRecords"]);
    assert!(verified["audit"]["records"].as_u64().unwrap() < records, "its own record came after it");
    assert_eq!(names(&other), ["master.key"], "looking makes nothing");
    let said = printed(&other, &["restore", path(&file)]);
    assert_eq!(said["restored"]["sessionsEnded"], 1, "{said}");
    assert_eq!(names(&other), ["keyward.redb", "master.key"]);
    let said = refused(&other, &["restore", path(&file)]);
    assert!(said.0 == 5 && said.1.contains("there is a database"), "{said:?}");
    let daemon = serve(&other);
    let old = Http::new(&daemon.api()).bearer(http.bearer.as_deref().unwrap());
    assert_eq!(old.get("/api/keys").await.status.as_u16(), 401, "sessions are ended");
    let http = Http::new(&daemon.api()).login_as(EMAIL, PASSWORD).await;
    let (count, rollups) = total(&http, &key).await;
    assert!((before..=after).contains(&count), "{before} <= {count} <= {after}");
    assert_eq!(count, rollups);
    let shown = http.post(&format!("/api/keys/{key}/reveal"), &json!({})).await.expect(200);
    assert_eq!(shown["apiKey"], "sk-1");
    let audit = http.get("/api/audit?action=instance.restore").await.expect(200).to_string();
    assert!(audit.contains("instance.restore"), "{audit}");
    assert!(command(&other, &["verify"], "").status.success());
}

#[test]
fn a_backup_is_made_without_a_daemon_and_only_its_own_key_opens_it() {
    let (folder, data) = place();
    let file = folder.path().join("kept");
    let said = refused(&data, &["backup", path(&file)]);
    assert_eq!(said.0, 3, "{said:?}");
    assert!(add_user(&data, EMAIL, &["--operator"]).status.success());
    let output = command(&data, &["backup", path(&file)], "");
    assert!(output.status.success() && text(&output.stderr).contains("master key is not in it"));
    let other = folder.path().join("other");
    let said = refused(&other, &["restore", path(&file)]);
    assert!(said.0 == 1 && said.1.contains("is missing") && !other.exists(), "{said:?}");
    let other = elsewhere(folder.path(), &data);
    fs::write(other.join("master.key"), "5a".repeat(32)).unwrap();
    for asked in ["verify", "restore"] {
        let said = refused(&other, &[asked, path(&file)]);
        assert!(said.0 == 1 && said.1.contains("does not open with this master key"), "{said:?}");
    }
    assert_eq!(names(&other), ["master.key"]);
}

#[test]
fn a_damaged_backup_is_named_and_not_restored() {
    let (folder, data) = place();
    assert!(add_user(&data, EMAIL, &["--operator"]).status.success());
    let file = folder.path().join("kept");
    let made = printed(&data, &["backup", path(&file)]);
    let other = elsewhere(folder.path(), &data);
    let (handle, len) =
        (fs::File::options().write(true).read(true).open(&file).unwrap(), made["bytes"].as_u64());
    // Every page that has something in it, one at a time: each is needed, or was written ahead and is empty to redb.
    let (mut found, base) = (0, 12_288 + RING + 4096);
    let mut byte = [0; 64];
    for at in (base..len.unwrap()).step_by(4096 + 80) {
        if handle.read_exact_at(&mut byte, at + 100).is_err() || byte == [0; 64] {
            continue;
        }
        handle.write_all_at(&[byte[0] ^ 1], at + 100).unwrap();
        let output = command(&other, &["verify", path(&file)], "");
        if output.status.code() == Some(1) {
            found += 1;
            assert!(text(&output.stderr).contains(path(&file)), "{}", text(&output.stderr));
        }
        if found == 1 {
            let said = refused(&other, &["restore", path(&file)]);
            assert!(said.0 == 1 && said.1.contains("altered"), "{said:?}");
        }
        handle.write_all_at(&byte[..1], at + 100).unwrap();
        if found > 3 {
            break;
        }
    }
    assert!(found > 3, "{found}");
    fs::write(&file, &fs::read(&file).unwrap()[..(len.unwrap() / 2) as usize]).unwrap();
    assert_eq!(refused(&other, &["verify", path(&file)]).0, 1, "cut short");
    assert_eq!(names(&other), ["master.key"]);
}

#[test]
fn a_folder_that_cannot_be_written_and_a_disk_that_is_full_are_told_and_nothing_is_left() {
    let (folder, data) = place();
    assert!(add_user(&data, EMAIL, &["--operator"]).status.success());
    let nowhere = folder.path().join("nowhere").join("kept");
    let said = refused(&data, &["backup", path(&nowhere)]);
    assert!(said.0 == 1 && said.1.contains("could not be written"), "{said:?}");

    if Command::new("prlimit").arg("--version").output().is_err() {
        return;
    }
    let daemon = on_a_small_disk(&data);
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let kept = out.join("kept");
    let room = |bytes: u64| {
        let room = [format!("--pid={}", daemon.pid()), format!("--fsize={bytes}:")];
        assert!(Command::new("prlimit").args(room).status().unwrap().success());
    };
    // For the header, the hole where the journal will be, and little more.
    room(RING + 64 * 1024);
    let said = refused(&data, &["backup", path(&kept)]);
    assert!(said.0 == 75 && said.1.contains("disk is full"), "{said:?}");
    assert!(names(&out).is_empty(), "{:?}", names(&out));
    room(2 * RING);
    printed(&data, &["backup", path(&kept)]);
    assert_eq!(names(&out), ["kept"]);
    assert_eq!(daemon.terminate().0, Some(0));
}

#[test]
fn a_client_that_cancels_and_a_daemon_that_ends_leave_nothing() {
    let (folder, data) = place();
    assert!(add_user(&data, EMAIL, &["--operator"]).status.success());
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let kept = out.join("kept");
    let started = |data: &Path| {
        let mut command = keyward(Path::new(BINARY), data, &["backup", path(&kept)]);
        let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        wait_until("the file that is written", || (!names(&out).is_empty()).then_some(()));
        child
    };
    for end in ["client", "daemon"] {
        let daemon = serve(&data);
        // So that the file cannot be filled before the end.
        daemon.signal(Signal::SIGSTOP);
        let mut child = started(&data);
        match end {
            "client" => {
                kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
                assert_eq!(child.wait().unwrap().code(), Some(130));
                daemon.signal(Signal::SIGCONT);
                let _ = daemon.terminate();
            }
            // A client that did not even knock before finds no daemon, and does it by itself.
            _ => {
                daemon.kill();
                if child.wait().unwrap().success() {
                    assert_eq!(names(&out), ["kept"]);
                    fs::remove_file(&kept).unwrap();
                }
            }
        }
        assert!(names(&out).is_empty(), "{end}: {:?}", names(&out));
    }
    printed(&data, &["backup", path(&kept)]);
}
