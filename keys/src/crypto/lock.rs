//! Locks: one private key, sealed for one holder. A lock is bound to whose key it opens, of which generation, and
//! to who holds it; so a lock moved to another row does not open.

use keyward_store::model::{Holder, Id, LockTarget};
use secrecy::SecretString;

use super::boxes::{open_box, seal_to};
use super::context::Context;
use super::error::Result;
use super::master::SystemKeys;
use super::passphrase::{Iterations, open_with_passphrase, seal_with_passphrase};
use super::secret::{PrivateKey, PublicKey};
use super::token::TokenKeys;

/// Locks `private` with a passphrase; `id` tells several passphrases of one target apart. Slow on purpose.
pub fn lock_with_passphrase(
    private: &PrivateKey,
    target: LockTarget,
    id: Id,
    passphrase: &SecretString,
    iterations: Iterations,
) -> Result<Vec<u8>> {
    let context = context(target, Holder::Passphrase(id))?;
    seal_with_passphrase(passphrase, &context, iterations, private.expose())
}

/// Opens what [`lock_with_passphrase`] made. Slow on purpose.
pub fn unlock_with_passphrase(
    sealed: &[u8],
    target: LockTarget,
    id: Id,
    passphrase: &SecretString,
) -> Result<PrivateKey> {
    let context = context(target, Holder::Passphrase(id))?;
    PrivateKey::from_secret(&open_with_passphrase(passphrase, &context, sealed)?)
}

/// Locks `private` to the public key of `holder`: a person, or a space.
pub fn lock_to_public(
    private: &PrivateKey,
    target: LockTarget,
    holder: Holder,
    to: &PublicKey,
) -> Result<Vec<u8>> {
    seal_to(to, &context(target, holder)?, private.expose())
}

/// Opens what [`lock_to_public`] made, with the holder's own private key.
pub fn unlock_with_private(
    sealed: &[u8],
    target: LockTarget,
    holder: Holder,
    own: &PrivateKey,
) -> Result<PrivateKey> {
    PrivateKey::from_secret(&open_box(own, &context(target, holder)?, sealed)?)
}

/// Locks `private` to a service token's public key.
pub fn lock_to_token(private: &PrivateKey, target: LockTarget, token: Id, to: &PublicKey) -> Result<Vec<u8>> {
    lock_to_public(private, target, Holder::Token(token), to)
}

/// Opens what [`lock_to_token`] made, with the keys derived from the token.
pub fn unlock_with_token(
    sealed: &[u8],
    target: LockTarget,
    token: Id,
    keys: &TokenKeys,
) -> Result<PrivateKey> {
    unlock_with_private(sealed, target, Holder::Token(token), keys.private())
}

/// Locks `private` to the daemon itself.
pub fn lock_to_system(private: &PrivateKey, target: LockTarget, system: &SystemKeys) -> Result<Vec<u8>> {
    lock_to_public(private, target, Holder::System, system.public())
}

/// Opens what [`lock_to_system`] made.
pub fn unlock_with_system(sealed: &[u8], target: LockTarget, system: &SystemKeys) -> Result<PrivateKey> {
    unlock_with_private(sealed, target, Holder::System, system.private())
}

fn context(target: LockTarget, holder: Holder) -> Result<Context> {
    let (target_kind, target_id, generation) = match target {
        LockTarget::ApiKey(id) => ("key", id, 0),
        LockTarget::Space(id, generation) => ("space", id, generation),
        LockTarget::Account(id) => ("account", id, 0),
    };
    let (holder_kind, holder_id) = match holder {
        Holder::Passphrase(id) => ("passphrase", id),
        Holder::Account(id) => ("account", id),
        Holder::Space(id) => ("space", id),
        Holder::Token(id) => ("token", id),
        Holder::System => ("system", Id::default()),
    };
    Context::of(&[
        b"keyward1 lock",
        target_kind.as_bytes(),
        target_id.as_bytes(),
        &generation.to_be_bytes(),
        holder_kind.as_bytes(),
        holder_id.as_bytes(),
    ])
}
