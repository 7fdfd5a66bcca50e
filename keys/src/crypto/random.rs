//! Random bytes, always fresh from the operating system. No generator of our own, so there is no state to leak
//! or to share across a fork.

use keyward_store::BatchId;
use keyward_store::model::Id;
use zeroize::Zeroizing;

use super::error::{Error, Result};

/// Fills `out` with random bytes.
pub(super) fn fill(out: &mut [u8]) -> Result<()> {
    getrandom::fill(out).map_err(|_| Error::Randomness)
}

/// `N` random bytes that are not secret: a salt, an initialisation vector, an id.
pub fn random_array<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// `N` random bytes that are secret, wiped when dropped.
pub(super) fn secret_array<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

/// A new record's id.
pub fn random_id() -> Result<Id> {
    random_array().map(Id::from_bytes)
}

/// A new batch's id.
pub fn random_batch_id() -> Result<BatchId> {
    random_array().map(BatchId)
}
