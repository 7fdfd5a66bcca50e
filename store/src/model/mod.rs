//! The persisted records, one noun a file. Secrets appear here only as sealed bytes and hashes: the store cannot
//! leak what it cannot open. Records never leave the core as JSON; `keys::view` makes what doors show.

mod account;
mod alert;
mod api_key;
mod audit;
mod backup;
mod budget;
mod checkpoint;
mod client_networks;
mod custody;
mod decoy;
mod email_proof;
mod fetch;
mod hours;
mod id;
mod invitation;
mod key_networks;
mod notification;
mod replay;
mod rotation;
mod rotation_plan;
mod sharing;
mod space;
mod support;
mod token;
mod value_mark;
mod version_use;
mod watched;
mod webhook;

pub use account::{Account, Plan, Preferences, SecondFactor, Security, Session, SshKey};
pub use alert::{Alert, AlertCondition, AlertDeed, AlertResponse, AlertRule, AlertTurn, AlertTurnKind};
pub use api_key::{ApiKey, Custody, Environment, Previous, Status};
pub use audit::{AuditRecord, Door, Outcome};
pub use backup::{BackupFailed, BackupMade, Backups};
pub use budget::{Budget, BudgetNotice, TagBudget};
pub use checkpoint::Checkpoint;
pub use client_networks::{ClientNetwork, ClientNetworks};
pub use custody::{Holder, Lock, LockTarget, Version, label};
pub use decoy::{Decoy, DecoyUse};
pub use email_proof::EmailProof;
pub use fetch::FetchDay;
pub use hours::{Hours, HoursMove};
pub use id::{Id, IdError};
pub use invitation::{Invitation, Purpose};
pub use key_networks::KeyNetworks;
pub use notification::{KnownAddress, LimitNotice, Notification, NotificationAlert};
pub use replay::{Carried, CarriedAnswer};
pub use rotation::{
    FailureClass, HeldValue, PastRotation, Retiring, Rotation, RotationCause, RotationEntry, RotationFault,
    RotationHealth, RotationOccurrence, RotationOutcome, RotationPhase, RotationRun, RotationStep,
    VersionOrigin,
};
pub use rotation_plan::{QuietHours, RotationMethod, RotationPlan, RotationSigning};
pub use sharing::Sharing;
pub use space::{Departed, Member, Role, Space, SpaceKey, SpaceKind};
pub use support::{Ticket, TicketMessage};
pub use token::{Grant, Network, Scope, ServiceToken, TokenSeen};
pub use value_mark::ValueMark;
pub use version_use::{VersionHolder, VersionUse};
pub use watched::{Unusual, Watched};
pub use webhook::{Delivery, DeliveryAlert, DeliveryState, Digest, Timing, Webhook};
