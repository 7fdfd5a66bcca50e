//! Keys in and out in the words of a command line: names instead of ids, and secrets in the first line of the input.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Custody, Environment};

/// How keys come and go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransferFormat {
    /// `.env` text.
    #[default]
    Env,
    /// JSON.
    Json,
    /// The specification's blobs, in JSON.
    Seed,
}

/// What the first line of a command's input is, before the keys if there are any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstLine {
    /// The passphrase of private keys, and of blobs.
    Passphrase,
    /// The system key of blobs.
    SystemKey,
}

/// What to do with the keys of a text.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct ImportWords {
    /// The form of the text.
    pub format: TransferFormat,
    /// The service of keys that name none.
    pub service: Option<String>,
    /// The environment of keys that name none.
    pub environment: Option<Environment>,
    /// The team they are for, by name or `_id`.
    pub team: Option<String>,
    /// Who can open those that do not say so.
    pub custody: Option<Custody>,
    /// What stands before them.
    pub first_line: Option<FirstLine>,
    /// Leaves keys as they are that are there with another value.
    pub skip_conflicts: bool,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// Which keys go out, and how.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct ExportWords {
    /// The form.
    pub format: TransferFormat,
    /// Only keys used there.
    pub environment: Option<Environment>,
    /// Only keys of this team, by name or `_id`.
    pub team: Option<String>,
    /// Only keys with this tag.
    pub tag: Option<String>,
    /// What comes in: it opens private keys, and seals blobs.
    pub first_line: Option<FirstLine>,
}
