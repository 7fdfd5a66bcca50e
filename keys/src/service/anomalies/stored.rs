//! A detector as it is stored: by postcard, compressed, for that of a quiet key is nearly all zeros, and there are many
//! such keys.

use crate::anomaly::Watch;
use crate::error::{Error, Result};

/// What a zstd frame begins with (RFC 8878, section 3.1.1), and detectors that were stored before they were compressed do not.
const FRAME: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// A frame that says it is longer is no detector.
const LONGEST: usize = 64 * 1024;

pub(super) fn pack(watch: &Watch) -> Result<Vec<u8>> {
    let plain = postcard::to_allocvec(watch).map_err(|error| Error::Internal(Box::new(error)))?;
    zstd::bulk::compress(&plain, 1).map_err(|error| Error::Internal(Box::new(error)))
}

/// None when it is of another form; then the key's past is learnt anew.
pub(super) fn unpack(stored: &[u8]) -> Option<Watch> {
    if !stored.starts_with(&FRAME) {
        return postcard::from_bytes(stored).ok();
    }
    postcard::from_bytes(&zstd::bulk::decompress(stored, LONGEST).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Reading;

    #[test]
    fn a_detector_comes_back_also_from_before_it_was_compressed_and_a_quiet_one_is_small() {
        let mut watch = Watch::default();
        watch.observe(0, &Reading { calls: 3.0, ..Reading::default() });
        let packed = pack(&watch).unwrap();
        assert!(packed.len() < 600, "{}", packed.len());
        assert_eq!(unpack(&packed).as_ref(), Some(&watch));
        assert_eq!(unpack(&postcard::to_allocvec(&watch).unwrap()), Some(watch));
        assert_eq!(unpack(&packed[..packed.len() / 2]), None);
    }
}
