//! Types that hold secrets: wiped when dropped, never printed, never serialised, not cloned. Text secrets are
//! `secrecy::SecretString`.

use std::fmt;

use secrecy::SecretString;
use subtle::ConstantTimeEq;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::error::{Error, Result};
use super::{derive, random};

/// Secret bytes of any length: what an envelope held.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes bytes into care. The vector itself is kept, so nothing is copied.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn from_zeroizing(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, for as long as they are needed.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; [`Error::Refused`] when they are not UTF-8.
    pub fn to_text(&self) -> Result<SecretString> {
        std::str::from_utf8(&self.0).map(SecretString::from).map_err(|_| Error::Refused)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// The public half of an X25519 pair (RFC 7748): what something is sealed to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PublicKey(pub [u8; 32]);

/// The private half of an X25519 pair (RFC 7748).
pub struct PrivateKey(StaticSecret);

impl PrivateKey {
    /// A new pair's private half.
    pub fn generate() -> Result<Self> {
        Ok(Self::from_array(&*random::secret_array()?))
    }

    pub(super) fn from_array(bytes: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    /// The private key that an envelope held; [`Error::Refused`] unless it is 32 bytes.
    pub fn from_secret(bytes: &SecretBytes) -> Result<Self> {
        bytes.expose().try_into().map(Self::from_array).map_err(|_| Error::Refused)
    }

    /// The public half. Costs one scalar multiplication.
    pub fn public(&self) -> PublicKey {
        PublicKey(x25519_dalek::PublicKey::from(&self.0).to_bytes())
    }

    /// Whether this is the private half of `public`. Check it when a lock was opened: a lock made by somebody
    /// else can hold any key.
    pub fn matches(&self, public: &PublicKey) -> bool {
        self.public().0.ct_eq(&public.0).into()
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A key for A256CBC-HS512: 32 bytes that authenticate, then 32 that encrypt.
///
/// Both halves come out of one call of one key-derivation function, which is what ties a ciphertext to a single
/// key; so there is no way to make one from bytes of the caller's choice.
pub struct ContentKey(Zeroizing<[u8; 64]>);

impl ContentKey {
    /// Length in bytes.
    pub(super) const LEN: usize = 64;

    /// Takes one output of a key-derivation function.
    pub(super) fn from_kdf(output: Zeroizing<[u8; 64]>) -> Self {
        Self(output)
    }

    /// HKDF-SHA-512 over a secret of full entropy.
    pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Result<Self> {
        derive::hkdf(secret, salt, info).map(Self)
    }

    pub(super) fn mac_half(&self) -> &[u8] {
        &self.0[..32]
    }

    pub(super) fn cipher_half(&self) -> &[u8] {
        &self.0[32..]
    }

    pub(super) fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}
