//! What an envelope is bound to: the record, the version, the reader. It is authenticated, not stored, so an
//! envelope that was moved elsewhere does not open.

use super::error::{Error, Result};

/// The longest context in bytes. Contexts hold ids and labels; HPKE takes no more than 64 KiB of `info`.
const MAX: usize = 1024;

/// An unambiguous list of fields: for each, its length (`u16`, big-endian), then its bytes.
pub struct Context(Vec<u8>);

impl Context {
    /// Joins fields; the first is a label. [`Error::TooLong`] above 1 KiB.
    pub fn of(fields: &[&[u8]]) -> Result<Self> {
        let mut bytes = Vec::with_capacity(128);
        for field in fields {
            let length = u16::try_from(field.len()).map_err(|_| Error::TooLong)?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field);
        }
        if bytes.len() > MAX { Err(Error::TooLong) } else { Ok(Self(bytes)) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Context;

    #[test]
    fn fields_cannot_run_into_each_other() {
        let bytes = |fields: &[&[u8]]| Context::of(fields).unwrap().as_bytes().to_vec();
        assert_ne!(bytes(&[b"ab", b"c"]), bytes(&[b"a", b"bc"]));
        assert_ne!(bytes(&[b"ab"]), bytes(&[b"ab", b""]));
        assert_eq!(bytes(&[b"lock", b"x"]), b"\0\x04lock\0\x01x");
    }

    #[test]
    fn an_overlong_context_is_an_error() {
        assert!(Context::of(&[&[0; 1022]]).is_ok());
        assert!(Context::of(&[&[0; 1023]]).is_err());
        assert!(Context::of(&[&[0; 70_000]]).is_err());
    }
}
