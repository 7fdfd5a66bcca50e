//! A256CBC-HS512 (RFC 7518, section 5.2.5): AES-256-CBC, then HMAC-SHA-512 cut to 32 bytes over the additional
//! data, the vector, the ciphertext and the additional data's length in bits. The tag is checked, in constant
//! time, before anything is decrypted.

use aes::{Aes256Dec, Aes256Enc};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

use super::error::{Error, Result};
use super::secret::{ContentKey, SecretBytes};

/// Length of an initialisation vector in bytes.
pub(super) const IV: usize = 16;
/// Length of a tag in bytes.
pub(super) const TAG: usize = 32;
/// Length of a cipher block in bytes.
pub(super) const BLOCK: usize = 16;

/// Encrypts `plain` and answers ciphertext and tag. `iv` must be random and used once. The parts of `aad` count
/// as one string.
pub(super) fn seal(
    key: &ContentKey,
    iv: &[u8; IV],
    aad: &[&[u8]],
    plain: &[u8],
) -> Result<(Vec<u8>, [u8; TAG])> {
    let cipher =
        cbc::Encryptor::<Aes256Enc>::new_from_slices(key.cipher_half(), iv).map_err(|_| Error::Refused)?;
    let ciphertext = cipher.encrypt_padded_vec::<Pkcs7>(plain);
    let full = authenticate(key, iv, aad, &ciphertext).finalize().into_bytes();
    let mut tag = [0; TAG];
    tag.copy_from_slice(&full[..TAG]);
    Ok((ciphertext, tag))
}

/// Opens what [`seal`] made; [`Error::Refused`] for everything else.
pub(super) fn open(
    key: &ContentKey,
    iv: &[u8; IV],
    aad: &[&[u8]],
    ciphertext: &[u8],
    tag: &[u8; TAG],
) -> Result<SecretBytes> {
    authenticate(key, iv, aad, ciphertext).verify_truncated_left(tag).map_err(|_| Error::Refused)?;
    let cipher =
        cbc::Decryptor::<Aes256Dec>::new_from_slices(key.cipher_half(), iv).map_err(|_| Error::Refused)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| Error::Refused)?.len();
    buffer.truncate(length);
    Ok(SecretBytes::from_zeroizing(buffer))
}

/// The state of an HMAC-SHA-512 under a content key's authenticating half.
pub(super) fn keyed_mac(key: &ContentKey) -> Hmac<Sha512> {
    // RFC 2104 fills a short key with zeros up to one block; doing so here makes the key's length a type.
    let mut block = Zeroizing::new([0; 128]);
    block[..32].copy_from_slice(key.mac_half());
    Hmac::new((&*block).into())
}

fn authenticate(key: &ContentKey, iv: &[u8; IV], aad: &[&[u8]], ciphertext: &[u8]) -> Hmac<Sha512> {
    let mut mac = keyed_mac(key);
    let mut bits = 0_u64;
    for part in aad {
        mac.update(part);
        bits += part.len() as u64 * 8;
    }
    mac.update(iv);
    mac.update(ciphertext);
    mac.update(&bits.to_be_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{open, seal};
    use crate::crypto::{ContentKey, Error};

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text.split_whitespace().collect::<String>()).unwrap()
    }

    /// RFC 7518, appendix B.3.
    #[test]
    fn rfc_7518_b_3() {
        let key: [u8; 64] = std::array::from_fn(|i| i as u8);
        let key = ContentKey::from_kdf(Zeroizing::new(key));
        let iv: [u8; 16] = hex("1af38c2dc2b96ffdd86694092341bc04").try_into().unwrap();
        let plain =
            b"A cipher system must not be required to be secret, and it must be able to fall into the \
                      hands of the enemy without inconvenience";
        let aad = b"The second principle of Auguste Kerckhoffs";
        let expected = hex(
            "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6",
        );
        let expected_tag = hex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5");

        let (ciphertext, tag) = seal(&key, &iv, &[&aad[..10], &aad[10..]], plain).unwrap();
        assert_eq!(ciphertext, expected);
        assert_eq!(tag.as_slice(), expected_tag);
        assert_eq!(open(&key, &iv, &[aad], &ciphertext, &tag).unwrap().expose(), plain);
        assert_eq!(open(&key, &iv, &[&aad[1..]], &ciphertext, &tag).unwrap_err(), Error::Refused);
    }
}
