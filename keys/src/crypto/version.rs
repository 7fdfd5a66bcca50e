//! Versions: values sealed to an API key's public half, bound to the key's id and the version's number. Whoever
//! knows the public half can add one; only a lock leads to reading it.

use keyward_store::model::Id;
use zeroize::Zeroizing;

use super::boxes::{content_key_of, open_box, open_with_content_key, seal_to};
use super::context::Context;
use super::error::{Error, Result};
use super::secret::{ContentKey, PrivateKey, PublicKey, SecretBytes};
use super::token::TokenKeys;
use super::wrap::{unwrap, wrap};

/// Seals version `number` of a key.
pub fn seal_version(key_public: &PublicKey, api_key: Id, number: u32, value: &[u8]) -> Result<Vec<u8>> {
    seal_to(key_public, &context(key_public, api_key, number)?, value)
}

/// Opens a version with the key's private half.
pub fn open_version(
    private: &PrivateKey,
    key_public: &PublicKey,
    api_key: Id,
    number: u32,
    sealed: &[u8],
) -> Result<SecretBytes> {
    open_box(private, &context(key_public, api_key, number)?, sealed)
}

/// The content key inside a version: what [`open_version_with`] needs in place of the private half.
pub fn version_content_key(
    private: &PrivateKey,
    key_public: &PublicKey,
    api_key: Id,
    number: u32,
    sealed: &[u8],
) -> Result<ContentKey> {
    content_key_of(private, &context(key_public, api_key, number)?, sealed)
}

/// Opens a version with its content key, without public-key work.
pub fn open_version_with(
    key: &ContentKey,
    key_public: &PublicKey,
    api_key: Id,
    number: u32,
    sealed: &[u8],
) -> Result<SecretBytes> {
    open_with_content_key(key, &context(key_public, api_key, number)?, sealed)
}

/// Wraps a version's content key under a token's own symmetric key, so that the next fetch by this token is two
/// symmetric openings. What is kept opens with the token alone; the daemon cannot read it.
pub fn warm_version(
    keys: &TokenKeys,
    token: Id,
    api_key: Id,
    number: u32,
    content_key: &ContentKey,
) -> Result<Vec<u8>> {
    wrap(keys.wrap(), &warm_context(token, api_key, number)?, content_key.expose())
}

/// Opens what [`warm_version`] made.
pub fn open_warm(keys: &TokenKeys, token: Id, api_key: Id, number: u32, sealed: &[u8]) -> Result<ContentKey> {
    let opened = unwrap(keys.wrap(), &warm_context(token, api_key, number)?, sealed)?;
    let bytes: &[u8; ContentKey::LEN] = opened.expose().try_into().map_err(|_| Error::Refused)?;
    Ok(ContentKey::from_kdf(Zeroizing::new(*bytes)))
}

fn context(key_public: &PublicKey, api_key: Id, number: u32) -> Result<Context> {
    Context::of(&[b"keyward1 version", api_key.as_bytes(), &number.to_be_bytes(), &key_public.0])
}

fn warm_context(token: Id, api_key: Id, number: u32) -> Result<Context> {
    Context::of(&[b"keyward1 warm", token.as_bytes(), api_key.as_bytes(), &number.to_be_bytes()])
}
