//! Marks of values, by which the daemon can tell that two keys of one space have the same value. Under the master key a
//! mark can be held against guesses: whoever keeps one decides of whose values it may be kept.

use std::fmt;

use hmac::Mac;
use keyward_store::model::Id;
use zeroize::Zeroizing;

use super::token::mac_under;

/// The key that marks are made under.
pub struct MarkKey(Zeroizing<[u8; 32]>);

impl MarkKey {
    pub(super) fn from_kdf(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The mark of a value in a space: the first 16 bytes of HMAC-SHA-512 over a label, the space's id and the value. All but
    /// the last have a fixed length; marks of different spaces have nothing in common.
    pub fn mark(&self, space: Id, value: &[u8]) -> [u8; 16] {
        let mut mac = mac_under(&self.0);
        mac.update(b"keyward1 mark");
        mac.update(space.as_bytes());
        mac.update(value);
        let full = Zeroizing::new(<[u8; 64]>::from(mac.finalize().into_bytes()));
        std::array::from_fn(|i| full[i])
    }
}

impl fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarkKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use keyward_store::model::Id;
    use sha2::Sha512;

    use crate::crypto::MasterKey;

    #[test]
    fn a_mark_is_of_one_instance_one_space_and_one_value() {
        let key = |byte| MasterKey::parse(&[byte; 32]).unwrap().mark_key().unwrap();
        let (here, there) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let mark = key(7).mark(here, b"sk_live_1");
        assert_eq!(mark, key(7).mark(here, b"sk_live_1"));
        assert_ne!(mark, key(8).mark(here, b"sk_live_1"), "another instance");
        assert_ne!(mark, key(7).mark(there, b"sk_live_1"), "another space");
        assert_ne!(mark, key(7).mark(here, b"sk_live_2"), "another value");
        assert_eq!(format!("{:?}", key(7)), "MarkKey(..)");
    }

    #[test]
    fn a_mark_is_plain_hmac_of_label_space_and_value() {
        let key = MasterKey::parse(&[7; 32]).unwrap().mark_key().unwrap();
        let mut mac = Hmac::<Sha512>::new_from_slice(&key.0[..]).unwrap();
        mac.update(b"keyward1 mark\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01value");
        assert_eq!(key.mark(Id::from_bytes([1; 12]), b"value"), mac.finalize().into_bytes()[..16]);
    }
}
