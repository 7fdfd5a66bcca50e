//! What a new value must look like, wherever it came from. Whether it works is found out by trying it.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::{CallError, CallResult};

/// The longest value, in bytes: what a key may hold.
const LONGEST: usize = 65_536;

/// The value, when it is text that can be one. A fault means that something was made that nobody can use.
pub(super) fn checked(value: SecretString, host: &str) -> CallResult<SecretString> {
    let text = value.expose_secret();
    let what = if text.trim().is_empty() {
        "an empty value"
    } else if text.len() > LONGEST {
        "a value of more than 65,536 bytes"
    } else if text.contains('\0') {
        "a value with a zero byte in it"
    } else {
        return Ok(value);
    };
    Err(CallError::config(format!("{host} answers create with {what}")).maybe_done(true))
}

/// Reads a text of JSON as a secret.
pub(super) fn secret<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<SecretString, D::Error> {
    String::deserialize(reader).map(SecretString::from)
}
