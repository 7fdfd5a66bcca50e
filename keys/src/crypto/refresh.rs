//! The refresh token of a session. It names its session, so that one that was replaced long ago is still known for
//! what it is; and each has one successor, so that asking twice gives the same answer.

use hmac::Mac;
use keyward_store::model::Id;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::Result;
use super::master::Pepper;
use super::{random, token_text};

/// A refresh token (`kwr_…`): 12 bytes of session id, then 20 secret bytes. Kept as its hash.
pub struct RefreshToken(Zeroizing<[u8; 32]>);

impl RefreshToken {
    const PREFIX: &str = "kwr_";
    /// Where the secret starts, after the session's id.
    const SECRET: usize = 12;

    /// The first token of a session.
    pub fn generate(session: Id) -> Result<Self> {
        let mut token = Self(random::secret_array()?);
        token.0[..Self::SECRET].copy_from_slice(session.as_bytes());
        Ok(token)
    }

    /// Reads a token; [`super::Error::Refused`] when it is mistyped or something else.
    pub fn parse(text: &str) -> Result<Self> {
        token_text::read(Self::PREFIX, text).map(Self)
    }

    /// The token's text.
    pub fn text(&self) -> SecretString {
        token_text::write(Self::PREFIX, &self.0)
    }

    /// The session it claims to belong to.
    pub fn session(&self) -> Id {
        Id::from_bytes(std::array::from_fn(|i| self.0[i]))
    }

    /// The token that replaces this one: HMAC-SHA-512 under the daemon's own key, so nobody else can work it out.
    pub fn successor(&self, pepper: &Pepper) -> Self {
        let mut mac = pepper.mac();
        mac.update(b"keyward1 refresh successor");
        mac.update(self.0.as_slice());
        let full = mac.finalize().into_bytes();
        let mut next = Self(self.0.clone());
        next.0[Self::SECRET..].copy_from_slice(&full[..32 - Self::SECRET]);
        next
    }

    /// The hash to keep. The secret has 160 random bits, so a plain hash hides it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"keyward1 refresh").chain_update(self.0.as_slice()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::master::MasterKey;
    use super::*;

    #[test]
    fn a_token_names_its_session_and_has_one_successor() {
        let pepper = MasterKey::generate().unwrap().pepper().unwrap();
        let session = Id::from_bytes([9; 12]);
        let first = RefreshToken::generate(session).unwrap();
        let read = RefreshToken::parse(first.text().expose_secret()).unwrap();
        assert_eq!((read.session(), read.hash()), (session, first.hash()));
        let (next, again) = (first.successor(&pepper), read.successor(&pepper));
        assert_eq!((next.hash(), next.session()), (again.hash(), session));
        assert_ne!(next.hash(), first.hash());
        let other = MasterKey::generate().unwrap().pepper().unwrap();
        assert_ne!(first.successor(&other).hash(), next.hash());
    }
}
