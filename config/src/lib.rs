//! Settings: the only place that reads settings files and the environment.
//!
//! Values come in layers, later wins: the documented defaults (`default.toml`), `keyward.toml`, the environment with
//! its `_FILE` names and systemd credentials, flags. Every fault of every layer is told at once, with its place. This
//! crate reads and checks; it must not act on a setting, write a file, or know who uses a value.

mod api;
mod auth;
mod data;
mod environment;
mod error;
mod file;
mod layers;
mod limits;
mod log;
mod master_key;
mod network;
mod origin;
mod outbound;
mod plans;
mod private;
mod schema;
mod secret_setting;
mod settings;
mod show;
mod smtp;
mod ssh;
mod store;
mod usage;

pub use api::{Api, WebOrigin};
pub use auth::{Auth, Registration};
pub use data::DataDir;
pub use environment::Environment;
pub use error::{Error, Fault, PrivateFault, Result};
pub use limits::Limits;
pub use log::{Log, LogFormat, LogLevel};
pub use master_key::{MasterKey, MasterKeySource};
pub use network::Networks;
pub use origin::Origin;
pub use outbound::Outbound;
pub use plans::{PLANS_TOML, PlanLimits, Plans};
pub use private::read_private;
pub use secrecy::SecretString as SecretText;
pub use secret_setting::SecretSetting;
pub use settings::{Config, Overrides, Sources};
pub use show::{Shown, ShownSetting};
pub use smtp::{MailAddress, MailHost, Smtp, SmtpTls};
pub use ssh::Ssh;
pub use store::{Store, StoreUrl};
pub use usage::Usage;

/// Every setting with its default and a sentence about it, as TOML.
pub const DEFAULT_TOML: &str = include_str!("../default.toml");
