//! Wrapping under a symmetric key that is already at hand: an app's token key, a person's unlock token.

use hmac::Mac;

use super::context::Context;
use super::envelope::{Envelope, MAX_PLAINTEXT, assemble, wrap_head};
use super::error::{Error, Result};
use super::random::random_array;
use super::secret::{ContentKey, SecretBytes};
use super::{aead, bucket};

const KEY_ID: &[u8] = b"keyward1 key id";

/// Wraps `plain` under `key`, bound to `context`.
pub fn wrap(key: &ContentKey, context: &Context, plain: &[u8]) -> Result<Vec<u8>> {
    if plain.len() > MAX_PLAINTEXT {
        return Err(Error::TooLong);
    }
    let head = wrap_head(&key_id(key));
    let iv = random_array()?;
    let (ciphertext, tag) = aead::seal(key, &iv, &[&head, context.as_bytes()], &bucket::fill(plain)?)?;
    Ok(assemble(head, &iv, &ciphertext, &tag))
}

/// Opens a wrap.
pub fn unwrap(key: &ContentKey, context: &Context, envelope: &[u8]) -> Result<SecretBytes> {
    let Envelope::Wrap { head, sealed, .. } = Envelope::parse(envelope)? else { return Err(Error::Refused) };
    let filled = aead::open(key, sealed.iv, &[head, context.as_bytes()], sealed.ciphertext, sealed.tag)?;
    bucket::strip(&filled)
}

/// Names a key without telling anything of it. Its input cannot be that of a tag, which begins with the
/// envelope's version byte.
fn key_id(key: &ContentKey) -> [u8; 8] {
    let mut mac = aead::keyed_mac(key);
    mac.update(KEY_ID);
    let full = mac.finalize().into_bytes();
    std::array::from_fn(|i| full[i])
}
