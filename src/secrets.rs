//! The master key and the instance's id, in files of their own. Made once, on the first start; never made, and nothing
//! else touched, when there is a database that other ones sealed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use keyward_config::{Config, MasterKeySource};
use keyward_keys::crypto::MasterKey;
use secrecy::ExposeSecret;

use crate::error::{Error, Result};
use crate::folder::Folder;

/// Reads the master key, or makes it when this is the first start.
///
/// # Errors
/// It is missing beside a database, is no key, is open to others, or cannot be written. Nothing was changed then.
pub fn master_key(config: &Config, folder: &Folder) -> Result<MasterKey> {
    let source = config.master_key_source();
    if let Some(text) = config.read_master_key()? {
        return MasterKey::parse(text.expose_secret().as_bytes())
            .map_err(|_| Error::NotAMasterKey(source.path().to_owned()));
    }
    let MasterKeySource::File(path) = source else {
        return Err(Error::NotAMasterKey(source.path().to_owned()));
    };
    if folder.has_database() {
        return Err(Error::MasterKeyMissing { key: path, database: folder.database().to_owned() });
    }
    let key = MasterKey::generate().map_err(|_| Error::Random)?;
    write_new(&path, key.to_hex().expose_secret().as_bytes()).map_err(|source| Error::File {
        path: path.clone(),
        doing: "written",
        source,
    })?;
    tracing::info!(
        "made the master key; keep a copy of it apart from the database, nothing opens without it"
    );
    Ok(key)
}

/// Writes a file that is not there yet: for its owner alone, whole or not at all, and durable.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // Unlike a rename, a link never replaces a key that appeared meanwhile.
        fs::hard_link(&fresh, path)?;
        File::open(folder)?.sync_all()
    })();
    // Gone already when it was never made; the first error is the one to report.
    let _ = fs::remove_file(&fresh);
    written
}
