//! `keyward verify FILE`: reads a backup, every row of it, with no daemon and no database. It writes nothing.

use std::path::Path;

use keyward_config::{Config, MasterKeySource};
use keyward_keys::crypto::MasterKey;
use keyward_keys::inspect_backup;
use keyward_keys::view::BackupContents;
use secrecy::ExposeSecret;

use crate::admin::Verified;
use crate::args::Common;
use crate::error::{Error, Result};
use crate::output;

/// Reads the whole of a backup and says what was found.
///
/// # Errors
/// The file is none of this master key's, or a part of it is not as it was written.
pub async fn verify(common: &Common, file: &Path, given: Option<&str>) -> Result<()> {
    let config = common.load()?;
    let (contents, verified) = read(&config, file, given).await?;
    if common.json {
        let mut found = serde_json::to_value(&contents).map_err(|error| Error::Output(error.into()))?;
        found["audit"] = serde_json::to_value(&verified).map_err(|error| Error::Output(error.into()))?;
        output::json(&found);
    }
    whole(file, &contents, &verified)?;
    if !common.json {
        let moment = contents.at.map_or_else(|| "no backup, but a database".to_owned(), |at| at.to_string());
        output::result(&format!(
            "{} is whole: as of {moment}, {} rows in {} tables; the audit chain is whole: {} records, {} checkpoints",
            file.display(),
            contents.rows,
            contents.tables.len(),
            verified.records,
            verified.checkpoints,
        ));
    }
    Ok(())
}

/// What is in a file.
pub(super) async fn read(
    config: &Config,
    file: &Path,
    given: Option<&str>,
) -> Result<(BackupContents, Verified)> {
    let key = master_key(config, file)?;
    let (contents, audit) = inspect_backup(file.to_owned(), key, given).await?;
    Ok((contents, audit.into()))
}

/// Nothing in it is other than it was written.
pub(super) fn whole(file: &Path, contents: &BackupContents, verified: &Verified) -> Result<()> {
    let fault = match (&contents.damaged, &verified.fault) {
        (Some(table), _) => {
            format!("table {table} cannot be read to its end: the file was altered or damaged there")
        }
        (None, Some(fault)) => format!("in the audit chain, {}", fault.text),
        (None, None) => return Ok(()),
    };
    Err(Error::BackupDamaged { file: file.to_owned(), fault })
}

/// The master key; none is made.
pub(super) fn master_key(config: &Config, sealed: &Path) -> Result<MasterKey> {
    let source = config.master_key_source();
    let text = config.read_master_key()?;
    match (text, source) {
        (Some(text), source) => MasterKey::parse(text.expose_secret().as_bytes())
            .map_err(|_| Error::NotAMasterKey(source.path().to_owned())),
        (None, MasterKeySource::File(key)) => {
            Err(Error::MasterKeyMissing { key, database: sealed.to_owned() })
        }
        (None, source) => Err(Error::NotAMasterKey(source.path().to_owned())),
    }
}
