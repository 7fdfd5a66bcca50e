//! The steps of a rotation as the outside sees them, and what it is told of the key. Which step comes when is decided
//! elsewhere.

use jiff::Timestamp;
use keyward_store::model::Environment;
use secrecy::SecretString;
use serde::Serialize;

/// What is asked of the other side. Each may be asked again, and does then what it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Make a new value.
    Create,
    /// Put it where it is used.
    Set,
    /// Try it.
    Test,
    /// It is the current one now.
    Finish,
}

impl Step {
    /// Its name, as sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Set => "set",
            Self::Test => "test",
            Self::Finish => "finish",
        }
    }
}

/// What the other side is told of the key. No secret is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The same for all steps and all tries of one rotation: `[A-Za-z0-9_-]`, at most 64 characters.
    pub request_id: String,
    /// The key's public id (`ak_…`).
    pub key_id: String,
    /// The key's name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// The number of the new version.
    pub version: u32,
}

/// A [`Subject`] and the step, as JSON under the names that receivers know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told<'a> {
    step: Step,
    request_id: &'a str,
    key_id: &'a str,
    name: &'a str,
    environment: Environment,
    version: u32,
}

impl<'a> Told<'a> {
    pub(super) fn new(step: Step, subject: &'a Subject) -> Self {
        let Subject { request_id, key_id, name, environment, version } = subject;
        Self { step, request_id, key_id, name, environment: *environment, version: *version }
    }
}

/// A new value, and what the other side calls it.
#[derive(Debug)]
pub struct Created {
    /// The value.
    pub value: SecretString,
    /// Its id at the provider, with which it is retired; none when it has none.
    pub provider_id: Option<String>,
    /// When it ends by itself; none when it does not, or was not told.
    pub expires_at: Option<Timestamp>,
}
