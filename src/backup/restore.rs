//! `keyward restore`: a backup becomes the database of a data folder that has none. It is read whole, and made ready, before
//! it gets the database's name.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use keyward_keys::crypto::PasswordCost;
use keyward_keys::view::RestoredView;
use keyward_keys::{Clock, Door, Service};
use tempfile::NamedTempFile;

use super::verify::{master_key, read, whole};
use super::{beside, put};
use crate::args::{Common, Restore};
use crate::daemon::service_options;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::output;

/// Bytes copied at a time; such a piece of zeros is left out.
const PIECE: usize = 64 * 1024;

/// Restores.
///
/// # Errors
/// There is a database already, a daemon runs, the master key is missing or another one, or the backup is not whole.
pub async fn restore(common: &Common, how: Restore) -> Result<()> {
    let config = common.load()?;
    let database = config.store.url.file(&config.data_dir);
    if database.symlink_metadata().is_ok() {
        return Err(Error::DatabaseThere(database));
    }
    let key = master_key(&config, &how.file)?;
    let folder = Folder::make(&config)?;
    let fresh = beside(&database)?;
    copy(&how.file, &fresh)?;
    let (contents, verified) =
        read(&config, fresh.path(), None).await.map_err(|error| named(error, &how.file))?;
    whole(&how.file, &contents, &verified)?;
    let options = service_options(&config, fresh.path(), key, PasswordCost::default(), Clock::system())?;
    let service = Service::open(options).await?;
    let restored = service.restored(&service.system_caller("restore", Door::Local), &contents).await;
    service.close().await?;
    let restored = restored?;
    fresh.as_file().sync_all().map_err(|source| written(&database, source))?;
    put(fresh, &database)?;
    drop(folder);
    if common.json {
        let mut answer = serde_json::to_value(&contents).map_err(|error| Error::Output(error.into()))?;
        answer["restored"] = serde_json::to_value(&restored).map_err(|error| Error::Output(error.into()))?;
        answer["auditRecords"] = verified.records.into();
        output::json(&answer);
    } else {
        let moment = contents.at.map_or_else(|| "an unknown moment".to_owned(), |at| at.to_string());
        output::result(&format!(
            "{} holds everything as of {moment}: {} rows, an audit chain of {} records",
            database.display(),
            contents.rows,
            verified.records,
        ));
    }
    warn(&restored);
    Ok(())
}

/// What came after the backup is not known any more, and may have happened outside.
fn warn(restored: &RestoredView) {
    let RestoredView { sessions_ended, tokens, rotations } = restored;
    output::talk(&format!("Sessions that were ended: {sessions_ended}. Everybody signs in again."));
    output::talk(&format!(
        "Good again as of the backup, whatever was done since: service tokens ({tokens}), members, SSH keys and passwords. \
         Revoke and remove again what had been."
    ));
    output::talk(&format!(
        "Values are those of the backup: where a key was rotated since, a provider may refuse them, and {rotations} rotations \
         go on from where they were. Rotate such keys anew, and restart apps that keep values."
    ));
}

fn copy(from: &Path, to: &NamedTempFile) -> Result<()> {
    let failed = |source| Error::File { path: from.to_owned(), doing: "read", source };
    let source = File::open(from).map_err(failed)?;
    let len = source.metadata().map_err(failed)?.len();
    let (mut at, mut buffer) = (0, vec![0; PIECE]);
    while at < len {
        let piece = &mut buffer[..(len - at).min(PIECE as u64) as usize];
        source.read_exact_at(piece, at).map_err(failed)?;
        if piece.iter().any(|byte| *byte != 0) {
            to.as_file().write_all_at(piece, at).map_err(|source| written(to.path(), source))?;
        }
        at += piece.len() as u64;
    }
    to.as_file().set_len(len).map_err(|source| written(to.path(), source))
}

fn written(path: &Path, source: io::Error) -> Error {
    Error::File { path: path.to_owned(), doing: "written", source }
}

/// A failure of the copy is one of the backup that it is of.
fn named(error: Error, file: &Path) -> Error {
    match error {
        Error::Open(keyward_keys::OpenError::Store { source, .. }) => {
            Error::Open(keyward_keys::OpenError::Store { path: file.to_owned(), source })
        }
        error => error,
    }
}
