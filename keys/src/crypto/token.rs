//! Service tokens: 256 random bits that an app holds. The daemon keeps a verifier and a public key; the private
//! key that opens the token's locks comes out of the token itself, at each request.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha512;
use zeroize::Zeroizing;

use super::derive::hkdf;
use super::error::Result;
use super::master::Pepper;
use super::secret::{ContentKey, PrivateKey, PublicKey};
use super::{random, token_text};

const SALT: &[u8] = b"keyward1 token";

/// A new service token.
#[derive(Debug)]
pub struct NewServiceToken {
    /// The token, to be shown once.
    pub text: SecretString,
    /// What is kept to know it again.
    pub verifier: [u8; 32],
    /// What locks for it are sealed to.
    pub public_key: PublicKey,
}

/// The secret inside a service token.
pub struct ServiceTokenSecret(Zeroizing<[u8; 32]>);

impl ServiceTokenSecret {
    /// How a service token's text starts.
    pub const PREFIX: &str = "kw_";

    /// Makes a token.
    pub fn generate(pepper: &Pepper) -> Result<NewServiceToken> {
        let secret = Self(random::secret_array()?);
        Ok(NewServiceToken {
            text: token_text::write(Self::PREFIX, &secret.0),
            verifier: secret.verifier(pepper)?,
            public_key: secret.keys()?.private.public(),
        })
    }

    /// Reads a token; a typing error is noticed here, without looking anything up.
    pub fn parse(text: &str) -> Result<Self> {
        token_text::read(Self::PREFIX, text).map(Self)
    }

    /// What the token is looked up by: HMAC-SHA-512 of a value derived from the secret, under a key of the
    /// daemon's, cut to 32 bytes.
    pub fn verifier(&self, pepper: &Pepper) -> Result<[u8; 32]> {
        let auth = hkdf::<32>(self.0.as_slice(), SALT, &[b"auth"])?;
        let mut mac = pepper.mac();
        mac.update(auth.as_slice());
        let full = mac.finalize().into_bytes();
        Ok(std::array::from_fn(|i| full[i]))
    }

    /// The keys that open what the token was granted.
    pub fn keys(&self) -> Result<TokenKeys> {
        let private = hkdf(self.0.as_slice(), SALT, &[b"x25519"])?;
        Ok(TokenKeys {
            private: PrivateKey::from_array(&private),
            wrap: ContentKey::derive(self.0.as_slice(), SALT, &[b"wrap"])?,
        })
    }
}

impl fmt::Debug for ServiceTokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTokenSecret(..)")
    }
}

/// The keys derived from a service token.
#[derive(Debug)]
pub struct TokenKeys {
    private: PrivateKey,
    wrap: ContentKey,
}

impl TokenKeys {
    /// Opens the token's locks.
    pub fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// Wraps what only this token may open again.
    pub fn wrap(&self) -> &ContentKey {
        &self.wrap
    }
}

/// An HMAC-SHA-512 state under a 32-byte key.
pub(super) fn mac_under(key: &[u8; 32]) -> Hmac<Sha512> {
    let mut block = Zeroizing::new([0; 128]);
    block[..32].copy_from_slice(key);
    Hmac::new((&*block).into())
}
