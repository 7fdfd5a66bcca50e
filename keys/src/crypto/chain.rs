//! The hash that links audit records: `SHA-256(0x00 ‖ previous ‖ number ‖ body)`, the number as a big-endian
//! `u64`. The leading zero byte keeps a record's hash apart from any hash of hashes that may come later (RFC 6962
//! does the same for its leaves). All parts but the last have a fixed length, so there is one way to read them.

use keyward_store::ChainHasher;
use sha2::{Digest, Sha256};

/// Links audit records with SHA-256.
#[derive(Clone, Copy, Default, Debug)]
pub struct Sha256Chain;

impl ChainHasher for Sha256Chain {
    fn link(&self, previous: &[u8; 32], number: u64, body: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update([0])
            .chain_update(previous)
            .chain_update(number.to_be_bytes())
            .chain_update(body)
            .finalize()
            .into()
    }
}
