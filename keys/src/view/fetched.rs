//! What an app is given of a key it fetches.

use secrecy::SecretString;

use keyward_store::model::{Environment, Id};

use super::MonthLimit;
use crate::error::Error;

/// A key among many that an app was not given.
#[derive(Debug)]
pub struct NotFetched {
    /// Which, with its name; none when the app may not know that there is one.
    pub key: Option<(Id, String)>,
    /// Why.
    pub error: Error,
}

/// A key, as an app fetched it. Doors write the value out and drop it.
pub struct Fetched {
    /// The key.
    pub id: Id,
    /// The key's `ak_…` id.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Its environment.
    pub environment: Environment,
    /// The number of its current version.
    pub version: u32,
    /// The value; none when the app said that it has this version already.
    pub value: Option<SecretString>,
    /// The version before it and its value, while that is still fetchable and when the app got the value.
    pub previous: Option<(u32, SecretString)>,
    /// The key's month against its limit.
    pub limit: MonthLimit,
}
