//! The data folder: made on the first start, for its owner alone, and held by one process at a time. It must not know
//! what is in the files.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use keyward_config::Config;
use nix::unistd::{AccessFlags, access};

use crate::error::{Error, Result};

/// The data folder, held for as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    database: PathBuf,
    /// The lock is on the folder itself, so that holding it adds no file.
    lock: File,
}

impl Folder {
    /// Makes the folder when there is none, and takes hold of it.
    ///
    /// # Errors
    /// It cannot be made or written, or another process holds it.
    pub fn make(config: &Config) -> Result<Self> {
        let path = config.data_dir.path();
        let failed = |doing| move |source| Error::Folder { path: path.to_owned(), doing, source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("made"))?;
        access(path, AccessFlags::R_OK | AccessFlags::W_OK | AccessFlags::X_OK)
            .map_err(|error| failed("written to")(error.into()))?;
        let lock = hold(path)?;
        let folder = Self { path: path.to_owned(), database: config.store.url.file(&config.data_dir), lock };
        folder.close_to_others()?;
        Ok(folder)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file, whether or not it exists.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Whether there is a database, which only its own keys open.
    pub fn has_database(&self) -> bool {
        self.database.exists()
    }

    /// A folder that was made by hand is closed before secrets go in; one that is in use is left as it is.
    fn close_to_others(&self) -> Result<()> {
        let failed = |source| Error::Folder { path: self.path.clone(), doing: "closed to others", source };
        let mode = fs::metadata(&self.path).map_err(failed)?.mode() & 0o777;
        if mode & 0o077 == 0 {
            return Ok(());
        }
        if self.has_database() {
            tracing::warn!("other users can look into the data folder; run chmod 700 on it");
            return Ok(());
        }
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o700)).map_err(failed)
    }
}

impl Drop for Folder {
    /// To close the file is not enough: a child process that another thread starts at this moment has it too, until it
    /// has become its program.
    fn drop(&mut self) {
        // A file system that refuses gives the lock back when the last such child has.
        let _ = self.lock.unlock();
    }
}

/// Locks a folder. File systems that cannot lock one leave it to the database's own lock.
fn hold(path: &Path) -> Result<File> {
    let failed = |source| Error::Folder { path: path.to_owned(), doing: "opened", source };
    let folder = File::open(path).map_err(failed)?;
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::AlreadyRunning { folder: path.to_owned(), pid: None }),
        Err(TryLockError::Error(error)) if !unsupported(&error) => Err(failed(error)),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(folder),
    }
}

fn unsupported(error: &io::Error) -> bool {
    use nix::libc::{EBADF, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP};
    error.raw_os_error().is_some_and(|code| [EBADF, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP].contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_let_go_of_can_be_held_again_while_a_child_of_ours_begins() {
        let place = tempfile::tempdir().unwrap();
        let overrides = vec![("data_dir".to_owned(), place.path().display().to_string())];
        let config = Config::load(&keyward_config::Sources { overrides, ..Default::default() }).unwrap();
        let held = Folder::make(&config).unwrap();
        assert!(matches!(Folder::make(&config), Err(Error::AlreadyRunning { .. })));
        let as_a_child_has_it = held.lock.try_clone().unwrap();
        drop(held);
        Folder::make(&config).unwrap();
        drop(as_a_child_has_it);
    }
}
