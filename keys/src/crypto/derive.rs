//! Key derivation from secrets of full entropy: HKDF-SHA-512 (RFC 5869). Passphrases go through
//! [`super::passphrase`] instead.

use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroizing;

use super::error::{Error, Result};

/// `N` bytes from a secret, a salt and what they are for. The parts of `info` are joined as they stand, so all
/// but the last must have a fixed length or an end of their own.
pub(super) fn hkdf<const N: usize>(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>> {
    let mut out = Zeroizing::new([0; N]);
    Hkdf::<Sha512>::new(Some(salt), secret)
        .expand_multi_info(info, out.as_mut_slice())
        .map_err(|_| Error::TooLong)?;
    Ok(out)
}
