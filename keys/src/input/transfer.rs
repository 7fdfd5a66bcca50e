//! Keys that come from elsewhere, and what is asked for when they go there.

mod words;
mod written;

use secrecy::{ExposeSecret, SecretString};

use super::NewKey;
use crate::dotenv;
use crate::error::Fault;
use crate::{Custody, Environment, Id};

pub use words::{ExportWords, FirstLine, ImportWords, TransferFormat};
pub(crate) use written::import_json;

/// The service of keys from a `.env` text that names none.
const SERVICE: &str = "env";

/// Keys that are brought in at once, at most. Whoever reads them reads no more than one more.
pub const MOST_IMPORTED: usize = 1_000;

/// Keys to bring in: all of them or none.
#[derive(Default)]
pub struct Import {
    /// In their order.
    pub keys: Vec<ImportedKey>,
    /// Leaves keys as they are that are there with another value, instead of refusing the whole.
    pub skip_conflicts: bool,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// One key to bring in.
pub struct ImportedKey {
    /// Where it stands.
    pub at: ImportPlace,
    /// The key; its value is empty when it is sealed.
    pub key: NewKey,
    /// The value as the specification's blob.
    pub blob: Option<SeedBlob>,
    /// What was wrong with it before it came here.
    pub faults: Vec<Fault>,
}

/// Where a key stands in what is brought in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportPlace {
    /// A line of text, from 1.
    Line(usize),
    /// A place in a list, from 0.
    Index(usize),
}

/// A value in the specification's own form.
pub struct SeedBlob {
    /// `salt:iv:ciphertext` or `iv:ciphertext`, hexadecimal.
    pub text: String,
    /// What opens it.
    pub key: SeedKey,
}

/// What opens or makes the specification's blobs.
#[derive(Clone)]
pub enum SeedKey {
    /// A passphrase: `salt:iv:ciphertext`.
    Passphrase(SecretString),
    /// The system key of an installation: `iv:ciphertext`.
    System(SecretString),
}

impl SeedKey {
    /// Of the two that may be given; the system key when both are.
    pub fn of(system: Option<SecretString>, passphrase: Option<SecretString>) -> Option<Self> {
        system.map(Self::System).or(passphrase.map(Self::Passphrase))
    }
}

impl ImportedKey {
    /// A line `NAME=` of a `.env` text. Programs read that as not set, and people keep it as a place to fill in.
    pub(crate) fn is_unset(&self) -> bool {
        let in_text = matches!(self.at, ImportPlace::Line(_)) && self.faults.is_empty();
        in_text && self.key.value.expose_secret().trim().is_empty()
    }

    /// A key whose value is in a blob. What a passphrase opens stays private under it, unless its custody is another.
    pub fn sealed(
        at: ImportPlace,
        mut key: NewKey,
        text: String,
        opens: Option<SeedKey>,
        faults: Vec<Fault>,
    ) -> Self {
        key.passphrase = match &opens {
            Some(SeedKey::Passphrase(passphrase)) => Some(passphrase.clone()),
            Some(SeedKey::System(_)) | None => None,
        };
        match key.custody {
            // It is private by having a passphrase.
            Some(Custody::Private) if key.passphrase.is_some() => key.custody = None,
            Some(_) => key.passphrase = None,
            None => {}
        }
        Self { at, key, blob: opens.map(|key| SeedBlob { text, key }), faults }
    }
}

/// What those of the keys have in common that do not say it themselves.
#[derive(Default)]
pub struct ImportDefaults {
    /// The service; `env` when none, for keys of a `.env` text.
    pub service: Option<String>,
    /// The environment.
    pub environment: Option<Environment>,
    /// A team.
    pub team: Option<Id>,
    /// Who can open them.
    pub custody: Option<Custody>,
    /// Makes them private.
    pub passphrase: Option<SecretString>,
}

/// Reads a `.env` text ([`dotenv`] says how).
pub fn import_env(text: &str, all: &ImportDefaults) -> Vec<ImportedKey> {
    let read = |assignment: dotenv::Assignment| {
        let (value, faults) = match assignment.value {
            Ok(value) => (value, Vec::new()),
            Err(fault) => {
                (SecretString::default(), vec![Fault { field: String::new(), detail: fault.into() }])
            }
        };
        let key = NewKey {
            name: assignment.name,
            service: all.service.clone().unwrap_or_else(|| SERVICE.to_owned()),
            value,
            passphrase: all.passphrase.clone(),
            environment: all.environment,
            team: all.team,
            custody: all.custody,
            ..NewKey::default()
        };
        ImportedKey { at: ImportPlace::Line(assignment.line), key, blob: None, faults }
    };
    dotenv::parse(text).take(MOST_IMPORTED + 1).map(read).collect()
}

/// The form in which keys go out.
#[derive(Clone)]
pub enum ExportFormat {
    /// `.env` text.
    Env,
    /// JSON that can be brought in again.
    Json,
    /// The specification's blobs, in JSON that can be brought in again with what they were sealed under.
    Seed(SeedKey),
}

/// Which keys go out, and how.
pub struct Export {
    /// The form.
    pub format: ExportFormat,
    /// These keys, by `_id` or `keyId`; all that fit the rest when there are none.
    pub keys: Vec<String>,
    /// Only keys used there.
    pub environment: Option<Environment>,
    /// Only keys of this team.
    pub team: Option<Id>,
    /// Only keys with this tag.
    pub tag: Option<String>,
    /// Opens the private keys among them, those that it opens.
    pub passphrase: Option<SecretString>,
}
