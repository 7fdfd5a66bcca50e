//! The specification's real-time example with the real `socket.io-client`, over each of its transports. Without Node.js
//! the test passes without a word, unless `KEYWARD_TEST_REAL_CLIENTS=1` says that it has to be there.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::harness::real::node_available;
use crate::harness::{Daemon, within};

/// The client with its package, installed once in the build's own folder.
async fn installed() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/socket_io");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("socket_io");
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["package.json", "package-lock.json", "client.mjs"] {
        std::fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    let stamp = folder.join("node_modules/.package-lock.json");
    if !stamp.exists() {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder);
        let output = npm.output().await.unwrap();
        assert!(output.status.success(), "npm: {}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_specification_s_example_runs_with_its_own_client_over_every_transport() {
    if !node_available() {
        return;
    }
    let folder = installed().await;
    let daemon = Daemon::start().await;
    let (ana, bob) = (daemon.person("ana@example.com").await, daemon.person("bob@example.com").await);
    let (http, other) = (daemon.http().login(&ana).await, daemon.http().login(&bob).await);
    let new =
        json!({ "name": "Billing", "service": "OpenAI", "apiKey": "sk-1", "passphrase": "open sesame" });
    let key = http.post("/api/keys", &new).await.expect(201);
    let given = json!({ "token": http.bearer, "other": other.bearer, "key": key["_id"] });

    let mut node = Command::new("node");
    node.args(["client.mjs", &http.base, &given.to_string()]).current_dir(&folder);
    let mut child =
        node.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("node starts");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            said.push(line);
            if said.last().is_some_and(|line| line == "ready for the end") {
                return true;
            }
        }
        false
    };
    // Some twelve hundred connections, on a machine that may be busy.
    let ready = tokio::time::timeout(std::time::Duration::from_secs(120), ready).await;
    if ready == Ok(true) {
        daemon.stop().await;
    }
    let output = within("the client ends", child.wait_with_output()).await.unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said:?}\n{complaint}");
}
