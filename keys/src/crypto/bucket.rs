//! Lengths that say little: a plaintext is prefixed with its length and filled with zeros up to a bucket, so that
//! the size of an envelope does not tell one provider's key from another's.

use zeroize::Zeroizing;

use super::error::{Error, Result};
use super::secret::SecretBytes;

/// Length of the length prefix in bytes.
const PREFIX: usize = 4;
/// The smallest bucket in bytes.
const SMALLEST: usize = 64;
/// Above this, buckets grow by this much instead of doubling.
const STEP: usize = 4096;

/// The bucket for a plaintext of `length` bytes: 64, 128 … 4096, then multiples of 4096.
fn size(length: usize) -> usize {
    let needed = length + PREFIX;
    if needed <= STEP { needed.next_power_of_two().max(SMALLEST) } else { needed.next_multiple_of(STEP) }
}

/// Prefixes and fills a plaintext.
pub(super) fn fill(plain: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let length = u32::try_from(plain.len()).map_err(|_| Error::TooLong)?;
    // Allocated at its full size: a vector that grows leaves copies behind.
    let mut filled = Zeroizing::new(vec![0; size(plain.len())]);
    filled[..PREFIX].copy_from_slice(&length.to_be_bytes());
    filled[PREFIX..PREFIX + plain.len()].copy_from_slice(plain);
    Ok(filled)
}

/// Takes prefix and filling off; refuses all but the one form that [`fill`] makes.
pub(super) fn strip(filled: &SecretBytes) -> Result<SecretBytes> {
    let (prefix, rest) = filled.expose().split_first_chunk::<PREFIX>().ok_or(Error::Refused)?;
    let length = u32::from_be_bytes(*prefix) as usize;
    if length > rest.len()
        || size(length) != filled.expose().len()
        || rest[length..].iter().any(|byte| *byte != 0)
    {
        return Err(Error::Refused);
    }
    Ok(SecretBytes::new(rest[..length].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::{fill, size, strip};
    use crate::crypto::SecretBytes;

    #[test]
    fn buckets_double_and_then_grow_by_pages() {
        for (length, bucket) in [
            (0, 64),
            (60, 64),
            (61, 128),
            (124, 128),
            (4092, 4096),
            (4093, 8192),
            (8188, 8192),
            (8189, 12288),
        ] {
            assert_eq!(size(length), bucket, "{length}");
        }
    }

    #[test]
    fn only_the_one_form_is_accepted() {
        let filled = fill(b"value").unwrap();
        let strip =
            |bytes: &[u8]| strip(&SecretBytes::new(bytes.to_vec())).map(|plain| plain.expose().to_vec());
        assert_eq!(strip(&filled).unwrap(), b"value");
        let mut stray = filled.to_vec();
        stray[63] = 1;
        assert!(strip(&stray).is_err());
        let mut longer = filled.to_vec();
        longer.resize(128, 0);
        assert!(strip(&longer).is_err());
        let mut beyond = filled.to_vec();
        beyond[3] = 61;
        assert!(strip(&beyond).is_err());
        assert!(strip(&filled[..3]).is_err());
    }
}
