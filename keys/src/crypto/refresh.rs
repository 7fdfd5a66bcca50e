//! Random tokens that people's programs hold: the refresh token of a session, and the unlock token that opens a
//! person's account key for a while.

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::Result;
use super::secret::ContentKey;
use super::{random, token_text};

/// A refresh token (`kwr_…`): good for one new access token. Kept as its hash.
pub struct RefreshToken(Zeroizing<[u8; 32]>);

impl RefreshToken {
    const PREFIX: &str = "kwr_";

    /// A new token.
    pub fn generate() -> Result<Self> {
        random::secret_array().map(Self)
    }

    /// Reads a token; [`super::Error::Refused`] when it is mistyped or something else.
    pub fn parse(text: &str) -> Result<Self> {
        token_text::read(Self::PREFIX, text).map(Self)
    }

    /// The token's text.
    pub fn text(&self) -> SecretString {
        token_text::write(Self::PREFIX, &self.0)
    }

    /// The hash to keep. The secret has 256 random bits, so a plain hash hides it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"keyward1 refresh").chain_update(self.0.as_slice()).finalize().into()
    }
}

/// An unlock token (`kwu_…`): opens an account key that the daemon holds only wrapped under it.
pub struct UnlockToken(Zeroizing<[u8; 32]>);

impl UnlockToken {
    const PREFIX: &str = "kwu_";
    const SALT: &[u8] = b"keyward1 unlock";

    /// A new token.
    pub fn generate() -> Result<Self> {
        random::secret_array().map(Self)
    }

    /// Reads a token; [`super::Error::Refused`] when it is mistyped or something else.
    pub fn parse(text: &str) -> Result<Self> {
        token_text::read(Self::PREFIX, text).map(Self)
    }

    /// The token's text.
    pub fn text(&self) -> SecretString {
        token_text::write(Self::PREFIX, &self.0)
    }

    /// The hash to look it up by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"keyward1 unlock").chain_update(self.0.as_slice()).finalize().into()
    }

    /// The key that the account key is wrapped under meanwhile.
    pub fn wrap_key(&self) -> Result<ContentKey> {
        ContentKey::derive(self.0.as_slice(), Self::SALT, &[b"wrap"])
    }
}
