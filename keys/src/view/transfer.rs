//! What bringing keys in and out answers.

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Environment, Id};

/// What became of keys that were brought in, or what would.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Nothing was done.
    pub dry_run: bool,
    /// Keys that were made.
    pub new: usize,
    /// Keys that are there already, with the same value.
    pub same: usize,
    /// Keys that are there with another value; they are left as they are.
    pub conflicting: usize,
    /// Names without a value in a `.env` text: no key is made of them, and they stop nothing.
    pub empty: usize,
    /// Keys that cannot be brought in.
    pub invalid: usize,
    /// Each of them.
    pub keys: Vec<ImportLine>,
}

/// One key of an import.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportLine {
    /// Its line in a text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Its place in a list, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// What it is.
    pub result: ImportResult,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The key that is there, or was made.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its `keyId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// What a key of an import is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportResult {
    /// Not there yet.
    New,
    /// There, with this value.
    Same,
    /// There, with another value, or one that cannot be compared.
    Conflicting,
    /// A name without a value in a `.env` text.
    Empty,
    /// It cannot be a key.
    Invalid,
}

/// Keys on their way out.
#[derive(Debug)]
pub struct Exported {
    /// The text in the form that was asked for. It holds values.
    pub text: SecretString,
    /// How many keys are in it.
    pub count: usize,
    /// Keys that are not in it.
    pub left_out: Vec<LeftOut>,
}

/// A key that could not be opened for going out.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// Why.
    pub reason: String,
}
