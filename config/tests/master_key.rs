//! Where the master key is found, and how a file that others could read or change is refused.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use keyward_config::{Config, Environment, Error, MasterKeySource, PrivateFault, Sources, read_private};
use secrecy::ExposeSecret;
use tempfile::TempDir;

fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn config(dir: &Path, more: &[(&str, &Path)]) -> Config {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut variables = vec![("KEYWARD_DATA_DIR".to_owned(), text(dir))];
    variables.extend(more.iter().map(|(name, path)| ((*name).to_owned(), text(path))));
    Config::load(&Sources { environment: Environment::from(variables), ..Sources::default() }).unwrap()
}

fn key(config: &Config) -> Option<String> {
    config.read_master_key().unwrap().map(|text| text.expose_secret().to_owned())
}

#[test]
fn it_is_in_the_data_folder_unless_said_otherwise() {
    let dir = TempDir::new().unwrap();
    let plain = config(dir.path(), &[]);
    assert_eq!(plain.master_key_source(), MasterKeySource::File(dir.path().join("master.key")));
    assert_eq!(key(&plain), None);
    assert_eq!(plain.show().master_key.value.as_str(), Some("(not set)"));

    write(&dir.path().join("master.key"), "planted-secret\n", 0o600);
    assert_eq!(key(&plain).as_deref(), Some("planted-secret"));
    let shown = plain.show();
    assert_eq!(shown.master_key.value.as_str(), Some("(set)"));
    assert!(!format!("{shown} {shown:?} {plain:?} {:?}", plain.read_master_key()).contains("planted"));

    write(&dir.path().join("other"), "other", 0o400);
    assert_eq!(
        key(&config(dir.path(), &[("KEYWARD_MASTER_KEY__FILE", Path::new("other"))])).as_deref(),
        Some("other")
    );
}

#[test]
fn a_credential_is_used_instead_of_the_file() {
    let dir = TempDir::new().unwrap();
    let credentials = TempDir::new().unwrap();
    write(&dir.path().join("master.key"), "from the file", 0o600);
    let config = config(dir.path(), &[("CREDENTIALS_DIRECTORY", credentials.path())]);
    assert_eq!(key(&config).as_deref(), Some("from the file"));
    // systemd grants its readers by an access list, which shows as a wider mode.
    write(&credentials.path().join("keyward-master-key"), "from systemd\n", 0o440);
    assert_eq!(key(&config).as_deref(), Some("from systemd"));
    assert!(matches!(config.master_key_source(), MasterKeySource::Credential(_)));
}

#[test]
fn a_file_that_is_not_kept_private_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("key");
    let fault = || match read_private(&path) {
        Err(Error::Private { fault, .. }) => fault,
        other => panic!("a refusal was expected: {other:?}"),
    };
    for mode in [0o644, 0o660, 0o640, 0o700, 0o4600, 0o604] {
        write(&path, "key", mode);
        assert_eq!(fault(), PrivateFault::Mode(mode), "{mode:o}");
    }
    write(&path, "k".repeat(64 * 1024 + 1), 0o600);
    assert_eq!(fault(), PrivateFault::TooLarge);
    write(&path, [0xff, 0x00], 0o600);
    assert_eq!(fault(), PrivateFault::NotText);

    let target = dir.path().join("target");
    write(&target, "key", 0o600);
    fs::remove_file(&path).unwrap();
    symlink(&target, &path).unwrap();
    assert_eq!(fault(), PrivateFault::Link);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(fault(), PrivateFault::NotAFile);
    fs::remove_dir(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    assert_eq!(fault(), PrivateFault::NotAFile);
}

#[test]
fn a_file_of_another_user_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("key");
    write(&path, "key", 0o600);
    // Only root can give a file away; anyone else meets somebody else's file in /etc/passwd.
    let (path, owner) = match std::os::unix::fs::chown(&path, Some(65_534), None) {
        Ok(()) => (path, 65_534),
        Err(_) => (Path::new("/etc/passwd").to_owned(), 0),
    };
    let refused = read_private(&path).unwrap_err();
    assert!(
        matches!(refused, Error::Private { fault: PrivateFault::Owner(uid), .. } if uid == owner),
        "{refused}"
    );
    assert!(refused.to_string().contains("chown"), "{refused}");
}
