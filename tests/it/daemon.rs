//! The program as its operator meets it: first start, ready file, the commands beside a running daemon, the end.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::http::Http;
use crate::harness::process::{Process, keyward, run};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_keyward");
pub(crate) const PASSWORD: &str = "a fine password";

pub(crate) fn command(data: &Path, args: &[&str], stdin: &str) -> Output {
    run(keyward(Path::new(BINARY), data, args), stdin)
}

pub(crate) fn serve(data: &Path) -> Process {
    Process::serve(Path::new(BINARY), data, &["limits.exempt=[\"127.0.0.0/8\"]"])
}

/// A temporary folder, and the data folder in it.
pub(crate) fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    (folder, data)
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Adds an account on the command line; answers what it prints.
pub(crate) fn add_user(data: &Path, email: &str, more: &[&str]) -> Output {
    let args = [&["user", "add", "--email", email, "--name", "Ana", "--password-stdin"], more].concat();
    command(data, &args, PASSWORD)
}

/// The mode of each file in a folder, by name; sockets apart.
fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        let about = entry.metadata().unwrap();
        let name = entry.file_name().into_string().unwrap();
        (!about.file_type().is_socket()).then(|| (name, about.permissions().mode() & 0o7777))
    };
    fs::read_dir(folder).unwrap().filter_map(entry).collect()
}

#[test]
fn a_first_start_makes_the_folder_and_says_where_to_go() {
    let (folder, data) = place();
    let daemon = serve(&data);
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o7777, 0o700);
    let made = modes(&data);
    assert!(made.values().all(|mode| *mode == 0o600), "{made:?}");
    for name in ["keyward.redb", "master.key", "ssh_host_ed25519_key"] {
        assert!(made.contains_key(name), "{name} is missing among {made:?}");
    }
    let socket = fs::metadata(data.join("admin.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let (ssh, api) = (daemon.ssh(), daemon.api());
    assert_eq!(daemon.ready["pid"], daemon.pid());
    let ready_file = daemon.ready_file.clone();
    let (code, stdout) = daemon.terminate();
    assert_eq!(code, Some(0), "SIGTERM drains and exits 0");
    for said in [&format!("ssh -p {} join@localhost", ssh.port()), &api, "SHA256:", "code:"] {
        assert!(stdout.contains(said), "{said:?} is not in: {stdout}");
    }
    assert!(!ready_file.exists(), "a ready file that stays would be taken for the next start's");
    assert!(!data.join("admin.sock").exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the data folder and the log alone are left");
}

#[test]
fn the_code_is_printed_only_while_there_is_no_operator() {
    let (_folder, data) = place();
    assert_eq!(add_user(&data, "ana@example.com", &["--operator"]).status.code(), Some(0));
    let (_, stdout) = serve(&data).terminate();
    assert!(!stdout.contains("code:"), "{stdout}");
}

#[test]
fn a_second_daemon_fails_at_once_and_names_the_first() {
    let (_folder, data) = place();
    let daemon = serve(&data);
    let second = command(&data, &["serve"], "");
    assert_eq!(second.status.code(), Some(5));
    let said = text(&second.stderr);
    assert!(said.contains("already running") && said.contains(&daemon.pid().to_string()), "{said}");
    let added = add_user(&data, "ana@example.com", &[]);
    assert!(added.status.success(), "the first goes on working: {}", text(&added.stderr));
    assert_eq!(daemon.terminate().0, Some(0));
}

#[test]
fn the_process_gives_up_what_it_does_not_need() {
    let (_folder, data) = place();
    let daemon = serve(&data);
    let proc = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", daemon.pid())).unwrap();
    let limits = proc("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    assert!(proc("status").contains("NoNewPrivs:\t1"));
}

#[tokio::test]
async fn an_account_is_added_with_and_without_a_daemon() {
    let (_folder, data) = place();
    let first = add_user(&data, "ana@example.com", &["--operator"]);
    assert_eq!(text(&first.stdout).trim().len(), 24, "an id: {}", text(&first.stderr));
    let daemon = serve(&data);
    let second = add_user(&data, "ben@example.com", &["--json"]);
    let ben: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!((&ben["login"], &ben["operator"]), (&json!("ben"), &json!(false)));
    for email in ["ana@example.com", "ben@example.com"] {
        Http::new(&daemon.api()).login_as(email, PASSWORD).await;
    }
    let again = add_user(&data, "ben@example.com", &[]);
    assert_eq!(again.status.code(), Some(5), "{}", text(&again.stderr));
    let wrong = add_user(&data, "no address", &["--json"]);
    assert_eq!(wrong.status.code(), Some(2));
    let error: Value = serde_json::from_slice(&wrong.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().contains("e-mail"), "{error}");
}

#[test]
fn settings_are_shown_and_an_unknown_one_names_the_nearest() {
    let (folder, data) = place();
    let shown = command(&data, &["config", "show", "--json"], "");
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["settings"]["ssh.listen"]["value"], "127.0.0.1:2222");
    assert!(!data.exists(), "showing makes nothing");
    let file = folder.path().join("keyward.toml");
    fs::write(&file, "[ssh]\nlisten_on = \"127.0.0.1:22\"\n").unwrap();
    for args in [["config", "check"].as_slice(), &["serve"]] {
        let args = [args, &["--config", file.to_str().unwrap()]].concat();
        let output = command(&data, &args, "");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("ssh.listen"), "{}", text(&output.stderr));
    }
    assert!(command(&data, &["config", "check"], "").status.success());
}

#[test]
fn the_command_line_helps() {
    let (_folder, data) = place();
    for args in
        [["--help"].as_slice(), &["serve", "--help"], &["user", "add", "--help"], &["completions", "bash"]]
    {
        let output = command(&data, args, "");
        assert!(output.status.success() && !output.stdout.is_empty(), "{args:?}");
    }
    for args in [["no-such-command"].as_slice(), &["serve", "--no-such-flag"], &["--set", "ssh.listen"]] {
        assert_eq!(command(&data, args, "").status.code(), Some(2), "{args:?}");
    }
    assert_eq!(command(&data, &["console"], "").status.code(), Some(2), "there is no terminal");
}
