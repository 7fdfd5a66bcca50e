//! Disks that refuse: one that is full, and one that may not be written to. The door says so, nothing that was
//! acknowledged is lost, and work goes on when there is room again.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::daemon::{BINARY, add_user, command, place, serve, text};
use crate::harness::http::Http;
use crate::harness::process::{Process, keyward, run};
use crate::harness::ssh::Ssh;
use crate::harness::{ssh_key, within};

/// Bytes of the journal's ring in a new database file.
pub(crate) const RING: u64 = 32 * 1024 * 1024;
/// Bytes a file may have here, far below any disk's: the journal's ring, and a little more.
const ROOM: u64 = RING + 3 * 1024 * 1024;

/// The daemon as on a disk of this size: files can grow no further, and the attempt fails as on a full disk.
pub(crate) fn on_a_small_disk(data: &Path) -> Process {
    let mut shell = Command::new("sh");
    // Blocks of 512 bytes; the hard limit stays, so that the room can be given back.
    let script = format!("ulimit -S -f {}; trap '' XFSZ; exec \"$0\" \"$@\"", ROOM / 512);
    shell.env_clear().env("KEYWARD_DATA_DIR", data).args(["-c", &script, BINARY]);
    Process::start(shell, data, &["limits.exempt=[\"127.0.0.0/8\"]"])
}

async fn sign_in(daemon: &Process) -> Http {
    Http::new(&daemon.api()).login_as("ana@example.com", "a fine password").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_loses_nothing_and_is_over_when_there_is_room() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        return;
    }
    let (folder, data) = place();
    let (key, file) = (ssh_key(), folder.path().join("key.pub"));
    fs::write(&file, key.public_key().to_openssh().unwrap()).unwrap();
    let more = ["--operator", "--ssh-key", file.to_str().unwrap()];
    assert!(add_user(&data, "ana@example.com", &more).status.success());
    let daemon = on_a_small_disk(&data);
    let http = sign_in(&daemon).await;
    let ssh = Ssh::with_key(daemon.ssh(), "ana", &key).await.unwrap();
    let mut screen = ssh.key_list(80, 24).await;
    screen.wait_text("No API keys yet").await;
    screen.press("n").await;
    screen.wait_text("New API key").await;
    // As large as those that will find no room: what is small may still find some.
    let value = "v".repeat(60_000);
    screen.press(format!("typed-in-vain\tSendGrid\t\t\x1b[200~{value}\x1b[201~")).await;
    screen.wait_text("SendGrid").await;
    let body = |number: usize| json!({ "name": format!("key-{number}"), "service": "X", "apiKey": format!("{number:060000}"), "environment": "production" });
    let mut kept = 0;
    let refused = loop {
        let reply = http.post("/api/keys", &body(kept)).await;
        if reply.status.as_u16() != 201 {
            break reply;
        }
        kept += 1;
        assert!(kept < 200, "the disk never ran full");
    };
    assert!(kept > 0);
    let problem = refused.expect(503);
    assert_eq!(problem["code"], "disk_full");
    assert!(refused.headers.contains_key("retry-after"));
    assert!(problem["detail"].as_str().unwrap().contains("disk"), "{problem}");
    // Those who read go on, and what was acknowledged is all there.
    let page = http.get("/api/keys?limit=1").await.expect(200);
    assert_eq!(page["pagination"]["total"], kept);
    http.post("/api/keys", &body(kept)).await.expect(503);
    assert_eq!(http.get("/health/live").await.status.as_u16(), 200);
    // A form says so, and keeps what was typed.
    screen.press("\x13").await;
    screen.wait_text("disk").await;
    for kept in ["New API key", "typed-in-vain", "SendGrid"] {
        assert!(screen.text().contains(kept), "{kept}\n{}", screen.text());
    }

    let pid = daemon.pid().to_string();
    let roomy = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).output().unwrap();
    assert!(roomy.status.success(), "{}", text(&roomy.stderr));
    http.post("/api/keys", &body(kept)).await.expect(201);
    assert_eq!(http.get("/api/keys?limit=1").await.expect(200)["pagination"]["total"], kept + 1);
    screen.press("\x13").await;
    let found = async || http.get("/api/keys?search=typed-in-vain").await.expect(200);
    within("the form's key", async { while found().await["pagination"]["total"] != 1 {} }).await;
    assert!(!daemon.stderr().contains("failed inside"), "{}", daemon.stderr());
    daemon.kill();

    let daemon = serve(&data);
    let http = sign_in(&daemon).await;
    for number in [0, kept / 2, kept] {
        let found = http.get(&format!("/api/keys?search=key-{number}&limit=100")).await.expect(200);
        let name = format!("key-{number}");
        let key = found["keys"].as_array().unwrap().iter().find(|key| key["name"] == name.as_str()).unwrap();
        let path = format!("/api/keys/{}/reveal", key["_id"].as_str().unwrap());
        let value = http.post(&path, &json!({})).await.expect(200);
        assert_eq!(value["apiKey"], format!("{number:060000}"));
    }
    assert!(command(&data, &["verify"], "").status.success());
}

#[test]
fn a_folder_that_may_not_be_written_to_is_named() {
    let (folder, data) = place();
    fs::create_dir(&data).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    let free = ["serve", "--set", "ssh.listen=127.0.0.1:0", "--set", "api.listen=127.0.0.1:0"];
    let mut refused = keyward(Path::new(BINARY), &data, &free);
    if nix::unistd::geteuid().is_root() {
        // Root may write anywhere, so nobody tries instead, with a copy that nobody can reach. Another program makes it: a
        // file that is open here to be written, a process that some other test just starts has open too, and then it is busy.
        let binary = folder.path().join("keyward");
        assert!(Command::new("cp").arg(BINARY).arg(&binary).status().unwrap().success());
        refused = keyward(&binary, &data, &free);
        refused.uid(65_534).gid(65_534);
    }
    let output = run(refused, "");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stderr);
    assert!(said.contains("cannot be written to") && said.contains(data.to_str().unwrap()), "{said}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
}
