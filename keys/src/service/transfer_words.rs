//! Keys in and out on a command line: names instead of ids, and secrets that come in with the text.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::model::Id;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::input::{
    Export, ExportFormat, ExportWords, FirstLine, Import, ImportDefaults, ImportWords, SeedKey,
    TransferFormat, import_env, import_json,
};
use crate::service::Service;
use crate::view::{Exported, ImportReport};

impl Service {
    /// Brings in the keys of a text, before which stands what [`ImportWords::first_line`] says.
    pub async fn import_in_words(
        &self,
        caller: &Caller,
        words: ImportWords,
        input: &SecretString,
    ) -> Result<ImportReport> {
        let (first, text) = match words.first_line {
            Some(_) => input.expose_secret().split_once('\n').unwrap_or((input.expose_secret(), "")),
            None => ("", input.expose_secret()),
        };
        let opens = words.first_line.map(|what| opener(what, first)).transpose()?;
        let passphrase = match (&opens, words.format) {
            (Some(SeedKey::System(_)), TransferFormat::Env | TransferFormat::Json) => return Err(no_blobs()),
            (Some(SeedKey::Passphrase(passphrase)), _) => Some(passphrase.clone()),
            (Some(SeedKey::System(_)) | None, _) => None,
        };
        let all = ImportDefaults {
            service: words.service,
            environment: words.environment,
            team: self.team_meant(caller, words.team.as_deref()).await?,
            custody: words.custody,
            passphrase,
        };
        let keys = match words.format {
            TransferFormat::Env => import_env(text, &all),
            format => import_json(text, format, &all, opens.as_ref())?,
        };
        let import = Import { keys, skip_conflicts: words.skip_conflicts, dry_run: words.dry_run };
        self.import_keys(caller, import).await
    }

    /// Sends out the keys that these words describe; `input` is what [`ExportWords::first_line`] says.
    pub async fn export_in_words(
        &self,
        caller: &Caller,
        words: ExportWords,
        input: Option<SecretString>,
    ) -> Result<Exported> {
        let input = input.unwrap_or_default();
        let first = input.expose_secret().lines().next().unwrap_or_default();
        let opens = words.first_line.map(|what| opener(what, first)).transpose()?;
        let passphrase = match &opens {
            Some(SeedKey::Passphrase(passphrase)) => Some(passphrase.clone()),
            Some(SeedKey::System(_)) | None => None,
        };
        let format = match (words.format, opens) {
            (TransferFormat::Seed, Some(key)) => ExportFormat::Seed(key),
            (TransferFormat::Seed, None) => {
                return Err(Error::invalid("format", "seed needs what to seal the blobs under"));
            }
            (_, Some(SeedKey::System(_))) => return Err(no_blobs()),
            (TransferFormat::Env, _) => ExportFormat::Env,
            (TransferFormat::Json, _) => ExportFormat::Json,
        };
        let export = Export {
            format,
            keys: Vec::new(),
            environment: words.environment,
            team: self.team_meant(caller, words.team.as_deref()).await?,
            tag: words.tag,
            passphrase,
        };
        self.export_keys(caller, &export).await
    }

    async fn team_meant(&self, caller: &Caller, name: Option<&str>) -> Result<Option<Id>> {
        match name {
            Some(name) => self.team_named(caller, name).await.map(Some),
            None => Ok(None),
        }
    }
}

fn opener(what: FirstLine, line: &str) -> Result<SeedKey> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let (field, key) = match what {
        FirstLine::Passphrase => ("passphrase", SeedKey::Passphrase(line.into())),
        FirstLine::SystemKey => ("systemKey", SeedKey::System(line.into())),
    };
    if line.is_empty() {
        return Err(Error::invalid(field, "is missing: it is the first line of the input"));
    }
    Ok(key)
}

fn no_blobs() -> Error {
    Error::invalid("systemKey", "is for the blobs of the format seed")
}
