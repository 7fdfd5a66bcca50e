//! The core: cryptography, the key domain, policy, and [`Service`], the one guarded way in.
//!
//! Every operation is a method of [`Service`] that takes a [`Caller`]; only `service::authn` makes one. Nothing
//! here returns the store, a transaction or a stored record.

pub mod anomaly;
pub mod caller;
mod clock;
pub mod crypto;
pub mod dotenv;
pub mod due;
pub mod error;
pub mod event;
pub mod generate;
pub mod input;
pub mod meters;
pub mod outbound;
mod plans;
pub mod policy;
pub mod prices;
pub mod providers;
mod reader;
mod rotation;
pub mod service;
pub mod table;
mod thresholds;
mod timing;
pub mod view;

pub use caller::{Caller, Identity, Origin, RequestId};
pub use clock::Clock;
pub use error::{Error, Fault, Locked, Result};
pub use event::{Call, Event};
pub use keyward_store::model::{
    AlertCondition, AlertTurnKind, Custody, Door, Environment, FailureClass, Id, Outcome, Plan, Role,
    RotationCause, RotationHealth, RotationOutcome, RotationPhase, RotationStep, Scope,
};
pub use plans::Plans;
pub use service::{
    AuditExport, AuditFault, AuditRun, AuditSummary, Gatherer, Health, NoticeKind, OpenError, People,
    Presence, Process, Registration, Relay, Service, ServiceOptions, ServiceSettings, StoreHealth,
    Subscription, Watching, WholeBackup, alert_condition_names, alert_conditions, fingerprint_text,
    inspect_audit, inspect_backup, ssh_fingerprint,
};
pub use thresholds::Thresholds;
