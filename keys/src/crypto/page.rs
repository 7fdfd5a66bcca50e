//! The sealer of the database file's pages: A256CBC-HS512 without padding, for a page is whole cipher blocks.
//!
//! A sealed page is `iv 16 │ ciphertext │ tag 32`. The tag is over file id (16), page number (`u64`, big-endian),
//! vector, ciphertext and the number of bits before the vector (`u64`), as RFC 7518 has it; so a page put in
//! another place, or into another file, does not open. What is put back in its own place from an older copy does:
//! that is for the audit chain to find.

use aes::{Aes256Dec, Aes256Enc};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use hmac::{Hmac, Mac};
use keyward_store::PageSealer;
use sha2::Sha512;

use super::aead::{BLOCK, IV, TAG, keyed_mac};
use super::error::{Error, Result};
use super::random;
use super::secret::ContentKey;

/// Bits of file id and page number: what the tag's input ends with.
const AAD_BITS: [u8; 8] = ((16 + 8) * 8_u64).to_be_bytes();

/// Seals pages of one file. The ciphers' key schedules and the HMAC's keyed state are made once.
pub struct FilePageSealer {
    encrypt: Aes256Enc,
    decrypt: Aes256Dec,
    /// The HMAC after the key and the file id.
    mac: Hmac<Sha512>,
}

impl FilePageSealer {
    pub(super) fn new(key: &ContentKey, file_id: [u8; 16]) -> Result<Self> {
        let mut mac = keyed_mac(key);
        mac.update(&file_id);
        Ok(Self {
            encrypt: Aes256Enc::new_from_slice(key.cipher_half()).map_err(|_| Error::Refused)?,
            decrypt: Aes256Dec::new_from_slice(key.cipher_half()).map_err(|_| Error::Refused)?,
            mac,
        })
    }

    fn authenticate(&self, number: u64, iv: &[u8], ciphertext: &[u8]) -> Hmac<Sha512> {
        let mut mac = self.mac.clone();
        mac.update(&number.to_be_bytes());
        mac.update(iv);
        mac.update(ciphertext);
        mac.update(&AAD_BITS);
        mac
    }
}

fn wrong_length() -> keyward_store::Error {
    keyward_store::Error::Io(std::io::Error::new(
        std::io::ErrorKind::InvalidInput,
        "a page of the wrong length",
    ))
}

fn refused<E>(_: E) -> keyward_store::Error {
    keyward_store::Error::Sealed
}

impl PageSealer for FilePageSealer {
    fn overhead(&self) -> usize {
        IV + TAG
    }

    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> keyward_store::Result<()> {
        if !plain.len().is_multiple_of(BLOCK) || out.len() != plain.len() + IV + TAG {
            return Err(wrong_length());
        }
        let (iv, rest) = out.split_at_mut(IV);
        let (ciphertext, tag) = rest.split_at_mut(plain.len());
        random::fill(iv).map_err(|error| keyward_store::Error::Io(std::io::Error::other(error)))?;
        cbc::Encryptor::inner_iv_slice_init(&self.encrypt, iv)
            .map_err(refused)?
            .encrypt_padded_b2b::<NoPadding>(plain, ciphertext)
            .map_err(refused)?;
        tag.copy_from_slice(&self.authenticate(number, iv, ciphertext).finalize().into_bytes()[..TAG]);
        Ok(())
    }

    fn check(&self, number: u64, sealed: &[u8]) -> keyward_store::Result<()> {
        let Some(length) = sealed.len().checked_sub(IV + TAG) else { return Err(wrong_length()) };
        let (iv, rest) = sealed.split_at(IV);
        let (ciphertext, tag) = rest.split_at(length);
        // In constant time.
        self.authenticate(number, iv, ciphertext).verify_truncated_left(tag).map_err(refused)
    }

    fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> keyward_store::Result<()> {
        if !plain.len().is_multiple_of(BLOCK) || sealed.len() != plain.len() + IV + TAG {
            return Err(wrong_length());
        }
        let (iv, rest) = sealed.split_at(IV);
        let (ciphertext, _) = rest.split_at(plain.len());
        cbc::Decryptor::inner_iv_slice_init(&self.decrypt, iv)
            .map_err(refused)?
            .decrypt_padded_b2b::<NoPadding>(ciphertext, plain)
            .map_err(refused)?;
        Ok(())
    }
}
