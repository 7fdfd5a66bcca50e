//! The ready file: tells whoever started the daemon where its doors are, once both accept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::daemon::Addresses;
use crate::error::{Error, Result};

/// A ready file; removed when this is dropped, so that nobody takes an old one for a new start's.
#[derive(Debug)]
pub struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Takes the path, and removes what an earlier start that was cut short left there.
    ///
    /// # Errors
    /// The old file cannot be removed.
    pub fn clear(path: PathBuf) -> Result<Self> {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::File { path, doing: "removed", source })
            }
            _ => Ok(Self(path)),
        }
    }

    /// Writes the file, all of it at once.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, addresses: Addresses) -> Result<()> {
        let ready = serde_json::json!({
            "pid": std::process::id(),
            "ssh": addresses.ssh.to_string(),
            "api": format!("http://{}", addresses.api),
        });
        replace(&self.0, &format!("{ready}\n")).map_err(|source| Error::File {
            path: self.0.clone(),
            doing: "written",
            source,
        })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Whoever removed it first has done the same.
        let _ = fs::remove_file(&self.0);
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let fresh = PathBuf::from(name);
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, path)).inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })
}
