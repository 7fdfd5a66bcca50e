//! The host key: an Ed25519 key made on first start, kept in one file that only the daemon's user can read. A file
//! that is there but damaged is an error, never replaced: clients would cry foul at a new key.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey};
use zeroize::Zeroizing;

/// The daemon's SSH host key.
#[derive(Clone)]
pub struct HostKey(PrivateKey);

/// The host key could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The file could not be read or written.
    #[error("the SSH host key {} could not be {doing}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not an OpenSSH private key without a passphrase; restore it, or move it away to get a new one", .0.display())]
    Damaged(PathBuf),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for an SSH host key")]
    Random,
}

impl HostKey {
    /// A new key that is kept nowhere.
    pub fn generate() -> Result<Self, HostKeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|_| HostKeyError::Random)?;
        Ok(Self(PrivateKey::from(Ed25519Keypair::from_seed(&seed))))
    }

    /// `SHA256:…`, as `ssh` shows it at the first connection.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The public half as a line for `known_hosts`, without the host's name.
    pub fn public_line(&self) -> String {
        self.0.public_key().to_openssh().unwrap_or_default()
    }

    pub(super) fn private(&self) -> PrivateKey {
        self.0.clone()
    }
}

/// Loads the host key at `path`, or makes one there when the file does not exist.
pub fn load_or_make_host_key(path: &Path) -> Result<HostKey, HostKeyError> {
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(pem) => PrivateKey::from_openssh(&*pem)
            .ok()
            .filter(|key| !key.is_encrypted())
            .map(HostKey)
            .ok_or_else(|| HostKeyError::Damaged(path.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = HostKey::generate()?;
            let pem = key.0.to_openssh(LineEnding::LF).map_err(|_| HostKeyError::Damaged(path.into()))?;
            write_new(path, pem.as_bytes()).map_err(|source| HostKeyError::Io {
                path: path.into(),
                doing: "written",
                source,
            })?;
            Ok(key)
        }
        Err(source) => Err(HostKeyError::Io { path: path.into(), doing: "read", source }),
    }
}

/// Writes beside the target, syncs, then renames: the file is either whole or absent, and never readable by others.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let result = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        File::open(folder)?.sync_all()
    })();
    if result.is_err() {
        // Half a key is of no use to anybody; the first error is the one to report.
        let _ = std::fs::remove_file(&fresh);
    }
    result
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn made_once_private_and_the_same_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ssh_host_ed25519_key");
        let made = load_or_make_host_key(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(load_or_make_host_key(&path).unwrap().fingerprint(), made.fingerprint());
        assert!(made.fingerprint().starts_with("SHA256:"));
        assert!(made.public_line().starts_with("ssh-ed25519 "));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_damaged_key_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(load_or_make_host_key(&path), Err(HostKeyError::Damaged(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"not a key");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = load_or_make_host_key(Path::new("/nonexistent/key")).err().unwrap();
        assert!(error.to_string().contains("/nonexistent/key"), "{error}");
    }
}
