//! `keyward backup`, `restore` and `verify FILE`: everything there is into one file, and back. A file gets its name only
//! when it is whole: until then it lies beside it, under a name of its own, and goes when something fails.

mod restore;
mod verify;

use std::fs::File;
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::admin;
use crate::args::{Backup, Common};
use crate::error::{Error, Result};
use crate::{output, serve};

pub use restore::restore;
pub use verify::verify;

/// Makes a backup, through the daemon when one runs.
///
/// # Errors
/// There is no database, the file is there already or cannot be written, or what was written is not whole.
pub async fn backup(common: &Common, how: Backup) -> Result<()> {
    let cancelled = serve::on_signals()?.drain;
    let config = common.load()?;
    let database = config.store.url.file(&config.data_dir);
    if !database.exists() {
        return Err(Error::NoDatabase(database));
    }
    let path = how.file;
    if path.symlink_metadata().is_ok() {
        return Err(Error::Exists(path));
    }
    let fresh = beside(&path)?;
    let maker = admin::back_up(&config, fresh.as_file(), cancelled).await?;
    put(fresh, &path)?;
    let mut made = maker.made.clone();
    let recorded = maker.kept().await;
    made["file"] = path.to_string_lossy().into();
    if common.json {
        output::json(&made);
    } else {
        output::result(&line(&path, &made));
    }
    output::talk("The master key is not in it: keep a copy of that apart, nothing else opens the backup.");
    recorded.map_err(|error| Error::NotRecorded(Box::new(error)))
}

fn line(path: &Path, made: &Value) -> String {
    format!(
        "{} holds everything as of {}: {} rows in {} bytes, in {} s; read back whole, with an audit chain of {} records",
        path.display(),
        made["at"].as_str().unwrap_or_default(),
        made["rows"],
        made["bytes"],
        made["seconds"],
        made["auditRecords"],
    )
}

/// A new file beside this one, for its owner alone; gone when it is dropped.
fn beside(path: &Path) -> Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".partial")
        .tempfile_in(folder_of(path))
        .map_err(|source| Error::File { path: path.to_owned(), doing: "written", source })
}

/// Gives the file its name, durably, unless something has that by now.
fn put(fresh: NamedTempFile, path: &Path) -> Result<()> {
    let failed = |source| Error::File { path: path.to_owned(), doing: "written", source };
    fresh.persist_noclobber(path).map_err(|refused| match refused.error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
        _ => failed(refused.error),
    })?;
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
