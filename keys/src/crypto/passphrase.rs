//! Locks that a passphrase opens: PBKDF2-HMAC-SHA512 (RFC 8018) gives 64 bytes, of which the first 32 are the very
//! AES key the specification derives and the last 32 authenticate. Slow on purpose: run it on the
//! [`super::KdfPool`], never on a thread that serves connections.

use pbkdf2::{Algorithm, Params, pbkdf2_hmac_with_params};
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::aead;
use super::context::Context;
use super::envelope::{Envelope, MAX_PLAINTEXT, SeedParts, passphrase_head};
use super::error::{Error, Result};
use super::random::random_array;
use super::secret::{ContentKey, SecretBytes};

/// How often a passphrase is stretched. Never below the specification's count, and never so high that a stored
/// number could keep a core busy for minutes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Iterations(u32);

impl Iterations {
    /// The specification's count, and the floor.
    pub const SPECIFICATION: Self = Self(100_000);
    /// The count for new locks (OWASP's advice for PBKDF2-HMAC-SHA512, 2026).
    pub const RECOMMENDED: Self = Self(220_000);
    /// The highest count that is accepted.
    pub const CAP: Self = Self(5_000_000);

    /// A count within the bounds; [`Error::Refused`] outside them.
    pub fn new(count: u32) -> Result<Self> {
        if (Self::SPECIFICATION.0..=Self::CAP.0).contains(&count) {
            Ok(Self(count))
        } else {
            Err(Error::Refused)
        }
    }

    /// The count.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// Locks `plain` with a passphrase, bound to `context`.
pub fn seal_with_passphrase(
    passphrase: &SecretString,
    context: &Context,
    iterations: Iterations,
    plain: &[u8],
) -> Result<Vec<u8>> {
    if plain.len() > MAX_PLAINTEXT {
        return Err(Error::TooLong);
    }
    let (salt, iv) = (random_array()?, random_array()?);
    let key = content_key(&normal_form(passphrase), &salt, iterations)?;
    let head = passphrase_head(iterations);
    let (ciphertext, tag) = aead::seal(&key, &iv, &[&head, &salt, context.as_bytes()], plain)?;
    Ok([head.as_slice(), &tag, SeedParts::text(&salt, &iv, &ciphertext).as_bytes()].concat())
}

/// Opens a passphrase lock.
pub fn open_with_passphrase(
    passphrase: &SecretString,
    context: &Context,
    envelope: &[u8],
) -> Result<SecretBytes> {
    let Envelope::Passphrase { iterations, text, .. } = Envelope::parse(envelope)? else {
        return Err(Error::Refused);
    };
    let key = content_key(&normal_form(passphrase), &SeedParts::parse(text)?.salt, iterations)?;
    open_with_key(&key, context, envelope)
}

fn open_with_key(key: &ContentKey, context: &Context, envelope: &[u8]) -> Result<SecretBytes> {
    let Envelope::Passphrase { head, text, tag, .. } = Envelope::parse(envelope)? else {
        return Err(Error::Refused);
    };
    let parts = SeedParts::parse(text)?;
    aead::open(key, &parts.iv, &[head, &parts.salt, context.as_bytes()], &parts.ciphertext, tag)
}

/// Whether a passphrase lock was made with fewer iterations than new ones get. Lock it again when it was opened.
pub fn needs_upgrade(envelope: &[u8]) -> bool {
    matches!(Envelope::parse(envelope), Ok(Envelope::Passphrase { iterations, .. }) if iterations < Iterations::RECOMMENDED)
}

/// The specification's `salt:iv:ciphertext` inside a passphrase lock; [`Error::Refused`] for other envelopes.
pub fn seed_text(envelope: &[u8]) -> Result<&str> {
    match Envelope::parse(envelope)? {
        Envelope::Passphrase { text, .. } => Ok(text),
        Envelope::Wrap { .. } | Envelope::Box { .. } => Err(Error::Refused),
    }
}

/// One PBKDF2 block, authenticating half first.
fn content_key(passphrase: &[u8], salt: &[u8; 32], iterations: Iterations) -> Result<ContentKey> {
    let stretched = stretch(passphrase, salt, iterations)?;
    let mut key = Zeroizing::new([0; ContentKey::LEN]);
    key[..32].copy_from_slice(&stretched[32..]);
    key[32..].copy_from_slice(&stretched[..32]);
    Ok(ContentKey::from_kdf(key))
}

/// PBKDF2-HMAC-SHA512: one block of 64 bytes, the first 32 of which are the specification's AES key.
pub(super) fn stretch(
    passphrase: &[u8],
    salt: &[u8; 32],
    iterations: Iterations,
) -> Result<Zeroizing<[u8; 64]>> {
    let mut out = Zeroizing::new([0; 64]);
    let params = Params::new(iterations.get()).map_err(|_| Error::Refused)?;
    pbkdf2_hmac_with_params(passphrase, salt, Algorithm::Pbkdf2Sha512, params, out.as_mut_slice());
    Ok(out)
}

/// A passphrase as it is stretched: UTF-8 in Unicode's composed form (NFC), so that two keyboards agree.
pub(super) fn normal_form(passphrase: &SecretString) -> Zeroizing<Vec<u8>> {
    let text = passphrase.expose_secret();
    // Three times the length holds every composed form, so the buffer never grows and leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 3));
    let mut utf8 = Zeroizing::new([0; 4]);
    for character in text.nfc() {
        bytes.extend_from_slice(character.encode_utf8(utf8.as_mut_slice()).as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::{
        Iterations, content_key, needs_upgrade, normal_form, open_with_key, open_with_passphrase,
        passphrase_head, seal_with_passphrase, seed_text,
    };
    use crate::crypto::envelope::SeedParts;
    use crate::crypto::{Context, Error};

    const FAST: Iterations = Iterations::SPECIFICATION;

    fn context() -> Context {
        Context::of(&[b"test", b"one"]).unwrap()
    }

    #[test]
    fn iterations_keep_their_bounds() {
        for wrong in [0, 1, 99_999, 5_000_001, u32::MAX] {
            assert_eq!(Iterations::new(wrong), Err(Error::Refused));
        }
        assert_eq!(Iterations::new(100_000), Ok(Iterations::SPECIFICATION));
        assert_eq!(Iterations::new(5_000_000), Ok(Iterations::CAP));
    }

    /// The derived key is the right one throughout, so what refuses here is the tag, never the passphrase: salt
    /// and iteration count are authenticated like the rest.
    #[test]
    fn every_flipped_bit_is_refused() {
        let passphrase = SecretString::from("correct horse");
        let sealed = seal_with_passphrase(&passphrase, &context(), FAST, b"value").unwrap();
        let salt = SeedParts::parse(seed_text(&sealed).unwrap()).unwrap().salt;
        let key = content_key(&normal_form(&passphrase), &salt, FAST).unwrap();
        assert_eq!(open_with_key(&key, &context(), &sealed).unwrap().expose(), b"value");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open_with_key(&key, &context(), &flipped).unwrap_err(), Error::Refused, "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(open_with_key(&key, &context(), &sealed[..length]).unwrap_err(), Error::Refused);
        }
        let other = Context::of(&[b"test", b"two"]).unwrap();
        assert_eq!(open_with_key(&key, &other, &sealed).unwrap_err(), Error::Refused);
    }

    #[test]
    fn a_lower_count_is_refused_even_with_its_own_key() {
        let passphrase = SecretString::from("correct horse");
        let count = Iterations::new(100_001).unwrap();
        let mut sealed = seal_with_passphrase(&passphrase, &context(), count, b"value").unwrap();
        assert!(open_with_passphrase(&passphrase, &context(), &sealed).is_ok());
        sealed[..8].copy_from_slice(&passphrase_head(FAST));
        assert_eq!(open_with_passphrase(&passphrase, &context(), &sealed).unwrap_err(), Error::Refused);
    }

    #[test]
    fn the_passphrase_decides() {
        let sealed =
            seal_with_passphrase(&SecretString::from("caf\u{e9} 🔐"), &context(), FAST, b"value").unwrap();
        let open = |text: &str| open_with_passphrase(&SecretString::from(text), &context(), &sealed);
        assert_eq!(open("cafe\u{301} 🔐").unwrap().expose(), b"value");
        for wrong in ["", "cafe 🔐", "caf\u{e9} 🔐 ", "CAF\u{c9} 🔐"] {
            assert_eq!(open(wrong).unwrap_err(), Error::Refused, "{wrong}");
        }
    }

    #[test]
    fn old_locks_ask_to_be_raised() {
        let passphrase = SecretString::from("correct horse");
        let old = seal_with_passphrase(&passphrase, &context(), FAST, b"value").unwrap();
        assert!(needs_upgrade(&old));
        let new = seal_with_passphrase(&passphrase, &context(), Iterations::RECOMMENDED, b"value").unwrap();
        assert!(!needs_upgrade(&new));
        assert!(!needs_upgrade(b"something else"));
    }
}
