//! Cryptography and nothing else: sealing, locks, tokens, passwords, the page sealer. Pure functions of their
//! arguments and of the system's randomness: no files, no clock, no records, no policy.
//!
//! How the parts stand on each other:
//!
//! ```text
//! MasterKey ─ HKDF ─▶ page sealer · system pair · pepper · marks of values · signing seeds (tokens, checkpoints)
//! passphrase / member / service token / system   (locks)
//!        └─▶ private key of an API key ─ HPKE ─▶ ContentKey ─ A256CBC-HS512 ─▶ value (a version)
//! ```
//!
//! Everything sealed is one [`Envelope`], and says its own version and suite. Whatever does not open gives
//! [`Error::Refused`], whatever the reason was.

mod aead;
mod boxes;
mod bucket;
mod chain;
mod checkpoint;
mod context;
mod derive;
mod envelope;
mod error;
mod join_code;
mod jwt;
mod jwt_provider;
mod kdf_pool;
mod lock;
mod mark;
mod master;
mod named;
mod page;
mod passphrase;
mod password;
mod random;
mod refresh;
mod remembered;
mod replay;
mod secret;
mod seed;
mod token;
mod token_text;
mod totp;
mod unlock;
mod verified;
mod version;
mod webhook;
mod wrap;

pub use boxes::{content_key_of, open_box, open_with_content_key, seal_to};
pub use chain::Sha256Chain;
pub use checkpoint::{CheckpointKey, Head, notes};
pub use context::Context;
pub use envelope::{Envelope, MAX_PLAINTEXT, Sealed};
pub use error::{Error, Result};
pub use join_code::JoinCode;
pub use jwt::{Claims, JwtKeys};
pub use kdf_pool::{KdfLoad, KdfPool};
pub use lock::{
    lock_to_public, lock_to_system, lock_to_token, lock_with_passphrase, unlock_with_passphrase,
    unlock_with_private, unlock_with_system, unlock_with_token,
};
pub use mark::MarkKey;
pub use master::{MasterKey, Pepper, SystemKeys};
pub use named::id_of_name;
pub use page::FilePageSealer;
pub use passphrase::{Iterations, needs_upgrade, open_with_passphrase, seal_with_passphrase, seed_text};
pub use password::{PasswordCost, Passwords};
pub use random::{random_array, random_batch_id, random_id};
pub use refresh::RefreshToken;
pub use remembered::{Remembered, TextHash};
pub use replay::ReplayKeys;
pub use secret::{ContentKey, PrivateKey, PublicKey, SecretBytes};
pub use seed::{SeedSystemKey, export_seed, export_seed_system, import_seed, import_seed_system};
pub use token::{NewServiceToken, ServiceTokenSecret, TokenKeys};
pub use totp::TotpSecret;
pub use unlock::UnlockToken;
pub use verified::VerifiedTokens;
pub use version::{
    open_version, open_version_with, open_warm, seal_version, version_content_key, warm_version,
};
pub use webhook::webhook_secret;
pub use wrap::{unwrap, wrap};
