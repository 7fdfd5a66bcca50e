//! The binary form of everything sealed. This file reads and writes bytes; it holds no key and opens nothing.
//!
//! ```text
//! 0  1  version 0x01
//! 1  1  suite   0x01 (A256CBC-HS512; HPKE with X25519; PBKDF2-HMAC-SHA512)
//! 2  1  kind    0x02 wrapped under a symmetric key, 0x03 under a passphrase, 0x04 sealed to a public key
//! 3  1  kind 2 and 4: 0x01, the plaintext is filled up to a bucket; kind 3: 0x01, PBKDF2-HMAC-SHA512
//! kind 2:  key id 8 │ iv 16 │ ciphertext │ tag 32
//! kind 4:  encapsulated key 32 │ iv 16 │ ciphertext │ tag 32
//! kind 3:  iterations 4 (big-endian) │ tag 32 │ text
//! ```
//!
//! The text of kind 3 is the specification's `salt:iv:ciphertext` (lower-case hexadecimal; 32, 16 and n × 16
//! bytes), letter for letter: programs that read the old form read it still, and the tag beside it makes a wrong
//! passphrase always fail. Whatever else is found is refused, never guessed at. All of the head is authenticated.

use super::aead::{BLOCK, IV, TAG};
use super::error::{Error, Result};
use super::passphrase::Iterations;

const VERSION: u8 = 1;
const SUITE: u8 = 1;
const KIND_WRAP: u8 = 2;
const KIND_PASSPHRASE: u8 = 3;
const KIND_BOX: u8 = 4;
const FILLED: u8 = 1;
const PBKDF2_SHA512: u8 = 1;

/// The longest plaintext in bytes.
pub const MAX_PLAINTEXT: usize = 1 << 20;
/// The longest ciphertext in bytes: the plaintext with prefix and bucket, and one block of padding.
const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 4096 + BLOCK;

/// The encrypted part of an envelope.
#[derive(Debug)]
pub struct Sealed<'a> {
    /// The initialisation vector.
    pub iv: &'a [u8; IV],
    /// The ciphertext: at least one block, whole blocks.
    pub ciphertext: &'a [u8],
    /// The tag.
    pub tag: &'a [u8; TAG],
}

/// An envelope, taken apart.
#[derive(Debug)]
pub enum Envelope<'a> {
    /// Wrapped under a symmetric key.
    Wrap {
        /// The bytes before the vector.
        head: &'a [u8],
        /// Tells which key it was wrapped under.
        key_id: &'a [u8; 8],
        /// The rest.
        sealed: Sealed<'a>,
    },
    /// Locked with a passphrase.
    Passphrase {
        /// The bytes before the tag.
        head: &'a [u8],
        /// How often the passphrase was stretched.
        iterations: Iterations,
        /// The specification's `salt:iv:ciphertext`.
        text: &'a str,
        /// The tag.
        tag: &'a [u8; TAG],
    },
    /// Sealed to a public key.
    Box {
        /// The bytes before the vector.
        head: &'a [u8],
        /// What HPKE calls `enc`.
        encapsulated: &'a [u8; 32],
        /// The rest.
        sealed: Sealed<'a>,
    },
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart; [`Error::Refused`] for every form but the ones above.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (start, body) = bytes.split_first_chunk::<4>().ok_or(Error::Refused)?;
        match *start {
            [VERSION, SUITE, KIND_WRAP, FILLED] => {
                let (key_id, rest) = body.split_first_chunk::<8>().ok_or(Error::Refused)?;
                Ok(Self::Wrap { head: &bytes[..12], key_id, sealed: Sealed::parse(rest)? })
            }
            [VERSION, SUITE, KIND_PASSPHRASE, PBKDF2_SHA512] => {
                let (count, rest) = body.split_first_chunk::<4>().ok_or(Error::Refused)?;
                let (tag, text) = rest.split_first_chunk::<TAG>().ok_or(Error::Refused)?;
                let iterations = Iterations::new(u32::from_be_bytes(*count))?;
                let text = std::str::from_utf8(text).map_err(|_| Error::Refused)?;
                SeedParts::parse(text)?;
                Ok(Self::Passphrase { head: &bytes[..8], iterations, text, tag })
            }
            [VERSION, SUITE, KIND_BOX, FILLED] => {
                let (encapsulated, rest) = body.split_first_chunk::<32>().ok_or(Error::Refused)?;
                Ok(Self::Box { head: &bytes[..36], encapsulated, sealed: Sealed::parse(rest)? })
            }
            _ => Err(Error::Refused),
        }
    }
}

impl<'a> Sealed<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (iv, rest) = bytes.split_first_chunk::<IV>().ok_or(Error::Refused)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(Error::Refused)?;
        if whole_blocks(ciphertext.len()) { Ok(Self { iv, ciphertext, tag }) } else { Err(Error::Refused) }
    }
}

/// The specification's `salt:iv:ciphertext`, decoded.
#[derive(Debug)]
pub(super) struct SeedParts {
    pub(super) salt: [u8; 32],
    pub(super) iv: [u8; IV],
    pub(super) ciphertext: Vec<u8>,
}

impl SeedParts {
    /// Reads three lower-case hexadecimal parts; anything else is refused, so each value has one spelling.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (salt, rest) = text.split_once(':').ok_or(Error::Refused)?;
        let (iv, ciphertext) = parse_iv_and_ciphertext(rest)?;
        Ok(Self { salt: lower_hex(salt)?.try_into().map_err(|_| Error::Refused)?, iv, ciphertext })
    }

    /// Writes the three parts.
    pub(super) fn text(salt: &[u8; 32], iv: &[u8; IV], ciphertext: &[u8]) -> String {
        format!("{}:{}:{}", hex::encode(salt), hex::encode(iv), hex::encode(ciphertext))
    }
}

/// Reads `iv:ciphertext`.
pub(super) fn parse_iv_and_ciphertext(text: &str) -> Result<([u8; IV], Vec<u8>)> {
    let (iv, ciphertext) = text.split_once(':').ok_or(Error::Refused)?;
    let iv = lower_hex(iv)?.try_into().map_err(|_| Error::Refused)?;
    if ciphertext.len() > 2 * MAX_CIPHERTEXT {
        return Err(Error::Refused);
    }
    let ciphertext = lower_hex(ciphertext)?;
    if whole_blocks(ciphertext.len()) { Ok((iv, ciphertext)) } else { Err(Error::Refused) }
}

fn lower_hex(text: &str) -> Result<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::Refused);
    }
    hex::decode(text).map_err(|_| Error::Refused)
}

fn whole_blocks(length: usize) -> bool {
    (BLOCK..=MAX_CIPHERTEXT).contains(&length) && length.is_multiple_of(BLOCK)
}

/// The head of a wrap.
pub(super) fn wrap_head(key_id: &[u8; 8]) -> Vec<u8> {
    [[VERSION, SUITE, KIND_WRAP, FILLED].as_slice(), key_id].concat()
}

/// The head of a box.
pub(super) fn box_head(encapsulated: &[u8; 32]) -> Vec<u8> {
    [[VERSION, SUITE, KIND_BOX, FILLED].as_slice(), encapsulated].concat()
}

/// The head of a passphrase lock.
pub(super) fn passphrase_head(iterations: Iterations) -> Vec<u8> {
    [[VERSION, SUITE, KIND_PASSPHRASE, PBKDF2_SHA512].as_slice(), &iterations.get().to_be_bytes()].concat()
}

/// Puts a wrap or a box together.
pub(super) fn assemble(head: Vec<u8>, iv: &[u8; IV], ciphertext: &[u8], tag: &[u8; TAG]) -> Vec<u8> {
    let mut bytes = head;
    bytes.reserve_exact(IV + ciphertext.len() + TAG);
    bytes.extend_from_slice(iv);
    bytes.extend_from_slice(ciphertext);
    bytes.extend_from_slice(tag);
    bytes
}
