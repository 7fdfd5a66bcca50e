//! What stands in the way of a start: each says what to do, and nothing is touched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::daemon::{add_user, command, place, serve, text};

/// Every file of a folder with its content, mode and time of change.
fn everything(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32, std::time::SystemTime)> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        let about = entry.metadata().unwrap();
        let content = fs::read(entry.path()).unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, (content, about.permissions().mode(), about.modified().unwrap()))
    };
    fs::read_dir(folder).unwrap().map(entry).collect()
}

/// Starts on this folder, expects a refusal that says all of this, and that not a byte changed.
#[track_caller]
fn refused(data: &Path, said: &[&str]) {
    refused_to(data, &[SERVE, &["verify"], ADD], said);
}

const SERVE: &[&str] = &["serve"];
const ADD: &[&str] = &["user", "add", "--email", "a@b.c", "--name", "A", "--password-stdin"];

#[track_caller]
fn refused_to(data: &Path, commands: &[&[&str]], said: &[&str]) {
    let before = everything(data);
    for args in commands {
        let free = ["--set", "ssh.listen=127.0.0.1:0", "--set", "api.listen=127.0.0.1:0"];
        let output = command(data, &[*args, &free].concat(), "a fine password");
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output.stderr));
        let errors = text(&output.stderr);
        for words in said {
            assert!(errors.contains(words), "{args:?}: {words:?} is not in: {errors}");
        }
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
        assert!(everything(data) == before, "{args:?} changed a file");
    }
}

/// A data folder that was used and left.
fn used() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &[]).status.success());
    (folder, data)
}

#[test]
fn a_missing_master_key_is_never_replaced() {
    let (folder, data) = used();
    fs::rename(data.join("master.key"), folder.path().join("kept")).unwrap();
    refused(&data, &["master.key", "missing", "put the key back"]);
    fs::rename(folder.path().join("kept"), data.join("master.key")).unwrap();
    assert_eq!(serve(&data).terminate().0, Some(0), "with the key it opens again");
}

#[test]
fn a_wrong_master_key_is_refused() {
    let (_folder, data) = used();
    fs::write(data.join("master.key"), "5a".repeat(32)).unwrap();
    refused(&data, &["does not open with this master key"]);
    fs::write(data.join("master.key"), "not a key").unwrap();
    refused(&data, &["is not a master key"]);
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    let (_folder, data) = used();
    fs::set_permissions(data.join("master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    refused(&data, &["0644", "chmod 600"]);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (_folder, data) = used();
    fs::write(data.join("keyward.redb"), vec![7; 100_000]).unwrap();
    refused(&data, &["not a keyward database"]);
}

#[test]
fn a_database_of_which_a_part_is_missing_is_refused() {
    let (_folder, data) = used();
    let path = data.join("keyward.redb");
    for length in [fs::metadata(&path).unwrap().len() - 5_000, 1_000_000, 12_288] {
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        // `verify` reads what there still is, and says that.
        refused_to(&data, &[SERVE, ADD], &["a part of it is missing", "restore a backup"]);
    }
}

#[test]
fn a_database_from_a_newer_version_is_refused() {
    let (_folder, data) = used();
    let path = data.join("keyward.redb");
    let mut file = fs::read(&path).unwrap();
    // The schema's number in the header, as the store's documentation places it.
    file[32..36].copy_from_slice(&4_000_u32.to_le_bytes());
    fs::write(&path, file).unwrap();
    refused(&data, &["schema 4000", "newer keyward"]);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let (folder, data) = place();
    fs::write(&data, "a file").unwrap();
    let output = command(&data, &["serve"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("data folder"), "{}", text(&output.stderr));
    assert_eq!(fs::read(&data).unwrap(), b"a file");
    if !nix::unistd::geteuid().is_root() {
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        let output = command(&closed, &["serve"], "");
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("cannot be written to"), "{}", text(&output.stderr));
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let (_folder, data) = place();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("api.listen={}", taken.local_addr().unwrap());
    let args = ["serve", "--set", "ssh.listen=127.0.0.1:0", "--set", &listen];
    let output = command(&data, &args, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("api.listen"), "{}", text(&output.stderr));
}
