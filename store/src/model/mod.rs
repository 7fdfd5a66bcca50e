//! The persisted records, one noun a file. Secrets appear here only as sealed bytes and hashes: the store cannot
//! leak what it cannot open. Records never leave the core as JSON; `keys::view` makes what doors show.

mod account;
mod api_key;
mod audit;
mod custody;
mod id;
mod space;
mod token;

pub use account::{Account, Invitation, Plan, Security, Session, SshKey};
pub use api_key::{ApiKey, Custody, Environment, Status};
pub use audit::{AuditRecord, Door, Outcome};
pub use custody::{Holder, Lock, LockTarget, Version, label};
pub use id::{Id, IdError};
pub use space::{Member, Role, Space, SpaceKind};
pub use token::{Scope, ServiceToken};
