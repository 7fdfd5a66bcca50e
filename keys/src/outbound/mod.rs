//! Calls to the outside, for rotation and for notifications. The only place of the core that opens a connection or starts
//! a program; it decides nothing about keys, stores nothing, and knows no stored record. What it is given and gives back
//! is plain, with secrets in types that cannot be printed.

mod client;
mod command;
mod connect;
mod error;
mod github_app;
mod mail;
mod message;
mod network;
mod recipe;
mod retry_after;
mod signature;
mod sigv4;
mod step;
mod target;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;
mod value;
mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;

use crate::clock::Clock;
use client::Client;
use mail::Mailer;

pub use client::CallLimits;
pub use command::{CommandEntry, adopt_orphans};
pub use error::{CallError, CallResult, Class};
pub use mail::{Letter, MailSettings, MailTls};
pub use message::{Message, MessageFormat};
pub use recipe::{Listed, Mode, Parameter, Recipe, RecipeEntry, RecipeRun, Tried};
pub use signature::WebhookSecret;
pub use step::{Created, Step, Subject};
pub use target::Target;
pub use webhook::Webhook;

/// What calls to the outside are made with.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Networks that may be called although they are not public.
    pub allow: Vec<IpNet>,
    /// The folder with the operator's `recipes/` and `commands.toml`; without one there are the built-in recipes and no
    /// command.
    pub folder: Option<PathBuf>,
    /// The mail server; without one no mail is sent.
    pub mail: Option<MailSettings>,
    /// How long and how large a call may be.
    pub limits: CallLimits,
}

impl OutboundSettings {
    /// The public internet, and nothing of the operator's own.
    pub fn new() -> Self {
        Self { allow: Vec::new(), folder: None, mail: None, limits: CallLimits::default() }
    }
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes the calls. Cheap to clone; all clones share the limit on how many are under way.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    client: Client,
    mailer: Option<Mailer>,
    folder: Option<PathBuf>,
}

impl Outbound {
    /// Opens nothing yet: who is trusted is looked up at the first call that needs it.
    pub fn new(settings: OutboundSettings, clock: Clock) -> Self {
        let OutboundSettings { allow, folder, mail, limits } = settings;
        let client = Client::new(allow, limits, clock);
        Self(Arc::new(Inner { client, mailer: mail.map(Mailer::new), folder }))
    }

    /// What is wrong with an address that somebody wants called, to follow the name of its field.
    ///
    /// # Errors
    /// A text that says what is wrong and what would be right.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        Target::parse(url, self.client().allow()).map(drop)
    }

    fn client(&self) -> &Client {
        &self.0.client
    }

    fn mailer(&self) -> Option<&Mailer> {
        self.0.mailer.as_ref()
    }

    fn folder(&self) -> Option<&Path> {
        self.0.folder.as_deref()
    }

    /// Where the operator's own recipes are.
    fn recipe_folder(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("recipes"))
    }

    /// The file that names the programs which may be run.
    fn command_file(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("commands.toml"))
    }
}
