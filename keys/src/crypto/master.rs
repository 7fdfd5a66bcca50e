//! The master key and what is derived from it. This file reads no file: where the key lies is the daemon's matter.

use std::fmt;

use hmac::Hmac;
use secrecy::SecretString;
use sha2::Sha512;
use zeroize::Zeroizing;

use super::derive::hkdf;
use super::error::{Error, Result};
use super::mark::MarkKey;
use super::page::FilePageSealer;
use super::secret::{ContentKey, PrivateKey, PublicKey};
use super::{random, token};

const SALT: &[u8] = b"keyward1 master";

/// The 32-byte key of an instance. Losing it loses everything that it sealed.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new key.
    pub fn generate() -> Result<Self> {
        random::secret_array().map(Self)
    }

    /// Reads a key file's content: 64 hexadecimal digits (white space around them is ignored), or 32 raw bytes.
    pub fn parse(content: &[u8]) -> Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        if content.len() == key.len() {
            key.copy_from_slice(content);
        } else {
            hex::decode_to_slice(content.trim_ascii(), key.as_mut_slice()).map_err(|_| Error::Refused)?;
        }
        Ok(Self(key))
    }

    /// The key as 64 hexadecimal digits, to be written to its file.
    pub fn to_hex(&self) -> SecretString {
        SecretString::from(hex::encode(self.0.as_slice()))
    }

    /// The sealer of one database file's pages. `file_id` is random and drawn when the file is made; it is not
    /// secret and must be known before the file is opened, so the daemon keeps it beside the file. A file that is
    /// written afresh (a rekey, a purge) gets a new id and with it a new key.
    pub fn page_sealer(&self, file_id: [u8; 16]) -> Result<FilePageSealer> {
        FilePageSealer::new(&ContentKey::derive(self.0.as_slice(), SALT, &[b"page", &file_id])?, file_id)
    }

    /// The daemon's own pair, for keys in automation custody.
    pub fn system_keys(&self) -> Result<SystemKeys> {
        let private = PrivateKey::from_array(&*self.derive(b"system")?);
        let public = private.public();
        Ok(SystemKeys { private, public })
    }

    /// The key that service tokens' verifiers are made under.
    pub fn pepper(&self) -> Result<Pepper> {
        self.derive(b"pepper").map(Pepper)
    }

    /// The key that marks of values are made under.
    pub fn mark_key(&self) -> Result<MarkKey> {
        self.derive(b"mark").map(MarkKey::from_kdf)
    }

    /// The secret of the pair that signs access tokens, for [`super::JwtKeys::new`].
    pub fn signing_seed(&self) -> Result<Zeroizing<[u8; 32]>> {
        self.derive(b"signing")
    }

    /// The secret of the pair that signs checkpoints of the audit chain, for [`super::CheckpointKey::new`].
    pub fn checkpoint_seed(&self) -> Result<Zeroizing<[u8; 32]>> {
        self.derive(b"checkpoint")
    }

    fn derive(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
        hkdf(self.0.as_slice(), SALT, &[purpose])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The daemon's own X25519 pair.
#[derive(Debug)]
pub struct SystemKeys {
    private: PrivateKey,
    public: PublicKey,
}

impl SystemKeys {
    /// What system locks are sealed to.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// What opens system locks.
    pub fn private(&self) -> &PrivateKey {
        &self.private
    }
}

/// The key that verifiers of service tokens are made under: without it, a stolen verifier proves nothing.
pub struct Pepper(Zeroizing<[u8; 32]>);

impl Pepper {
    pub(super) fn mac(&self) -> Hmac<Sha512> {
        token::mac_under(&self.0)
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::MasterKey;

    #[test]
    fn a_key_file_is_digits_or_raw_bytes() {
        let text = MasterKey::parse(&[0x5a; 32]).unwrap().to_hex();
        assert_eq!(text.expose_secret(), "5a".repeat(32));
        for content in ["5a".repeat(32), "5A".repeat(32) + "\n", format!("  {}\r\n", "5a".repeat(32))] {
            let key = MasterKey::parse(content.as_bytes()).unwrap();
            assert_eq!(key.to_hex().expose_secret(), text.expose_secret());
        }
        for wrong in ["", "5a", &"5a".repeat(31), &"5a".repeat(33), &"zz".repeat(32)] {
            assert!(MasterKey::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
