//! Unlock tokens: what a person gets for their unlock passphrase. The opened account key is kept wrapped under the
//! token's own bits, so the daemon alone, and whoever reads its memory without a token, cannot open it.

use std::fmt;

use keyward_store::model::Id;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::context::Context;
use super::error::Result;
use super::secret::{ContentKey, PrivateKey};
use super::wrap::{unwrap, wrap};
use super::{random, token_text};

const SALT: &[u8] = b"keyward1 unlock";

/// An unlock token (`kwu_…`): 32 secret bytes.
pub struct UnlockToken(Zeroizing<[u8; 32]>);

impl UnlockToken {
    const PREFIX: &str = "kwu_";

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

    /// What the wrapped key is looked up by. The token has 256 random bits, so a plain hash hides it.
    pub fn name(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"keyward1 unlock name").chain_update(self.0.as_slice()).finalize().into()
    }

    /// Wraps an account's private key.
    pub fn wrap(&self, account: Id, private: &PrivateKey) -> Result<Vec<u8>> {
        wrap(&self.key()?, &context(account)?, private.expose())
    }

    /// Opens what [`Self::wrap`] made.
    pub fn unwrap(&self, account: Id, wrapped: &[u8]) -> Result<PrivateKey> {
        PrivateKey::from_secret(&unwrap(&self.key()?, &context(account)?, wrapped)?)
    }

    fn key(&self) -> Result<ContentKey> {
        ContentKey::derive(self.0.as_slice(), SALT, &[b"wrap"])
    }
}

impl fmt::Debug for UnlockToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnlockToken(..)")
    }
}

fn context(account: Id) -> Result<Context> {
    Context::of(&[b"keyward1 unlocked", account.as_bytes()])
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::crypto::Error;

    #[test]
    fn only_the_token_opens_what_it_wrapped_and_only_for_its_account() {
        let (ana, ben) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let private = PrivateKey::generate().unwrap();
        let token = UnlockToken::generate().unwrap();
        let wrapped = token.wrap(ana, &private).unwrap();
        let read = UnlockToken::parse(token.text().expose_secret()).unwrap();
        assert_eq!(read.name(), token.name());
        assert!(read.unwrap(ana, &wrapped).unwrap().matches(&private.public()));
        assert_eq!(read.unwrap(ben, &wrapped).unwrap_err(), Error::Refused);
        let other = UnlockToken::generate().unwrap();
        assert_ne!(other.name(), token.name());
        assert_eq!(other.unwrap(ana, &wrapped).unwrap_err(), Error::Refused);
    }

    #[test]
    fn other_tokens_are_no_unlock_tokens() {
        let text = UnlockToken::generate().unwrap().text();
        let text = text.expose_secret();
        assert!(text.starts_with("kwu_"));
        for wrong in ["", "kwu_", &text.replacen("kwu_", "kw_", 1), &text[..text.len() - 1]] {
            assert!(UnlockToken::parse(wrong).is_err(), "{wrong}");
        }
    }
}
