//! What doors hand in: plain values, checked by `Service`. Names of fields in faults are the REST schema's, and so are
//! those that the document of the HTTP door shows; the limits it shows are held against the checks by a test.

mod account;
mod alerts;
mod batch;
mod budget;
mod notices;

use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use utoipa::{IntoParams, ToSchema};

use keyward_store::model::{Custody, Environment, Id, Plan};

use crate::prices::Money;
use crate::view::KeyStatus;

pub use notices::{NewTicket, NotificationQuery, TicketQuery};

mod access;
mod audit;
mod costs;
mod fetch;
mod keys;
mod report;
mod rotation;
mod series;
mod team;
mod token;
mod transfer;
mod webhook;
mod what_if;

pub use access::AccessQuery;
pub use account::{
    Announcement, Confirmation, InstanceInvitation, PassphraseReset, PasswordChange, PasswordReset,
    PreferencesChange, ProfileChange, Theme, UserChange, UserQuery,
};
pub use alerts::{
    AlertAction, AlertQuery, AlertRespond, AlertRulePatch, AlertRuleQuery, AlertSnooze, AlertTrial,
    NewAlertRule,
};
pub use audit::{AuditQuery, CheckpointQuery};
pub use batch::{Batch, BatchChange, KeyChange, MOST_CHANGES};
pub use budget::NewBudget;
pub use costs::{CostQuery, CostsBy};
pub use fetch::FetchMany;
pub use keys::{Hygiene, KeyQuery, KeySort};
pub use report::{OverviewQuery, ReportQuery};
pub use rotation::{RollBack, Rotate, RotationMethodName, RotationPatch, RotationQuery, duration};
pub use series::{Breakdown, SeriesQuery, Step};
pub use team::{NewTeam, TeamPatch};
pub use token::{NewToken, TokenWords, network};
pub(crate) use transfer::import_json;
pub use transfer::{
    Export, ExportFormat, ExportWords, FirstLine, Import, ImportDefaults, ImportPlace, ImportWords,
    ImportedKey, MOST_IMPORTED, SeedBlob, SeedKey, TransferFormat, import_env,
};
pub use webhook::{DeliveryQuery, NewWebhook, TimingPatch, WebhookPatch};
pub use what_if::WhatIf;

/// Reads one of a few words, as it stands in JSON.
pub fn word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let reader: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(reader).ok()
}

/// Reads an environment as people write it: any case, and the short names.
pub fn environment(text: &str) -> Option<Environment> {
    match text.to_ascii_lowercase().as_str() {
        "dev" => Some(Environment::Development),
        "stage" => Some(Environment::Staging),
        "prod" => Some(Environment::Production),
        text => word(text),
    }
}

/// Reads how a key stands out as people write it, with hyphens.
pub fn hygiene(text: &str) -> Option<Hygiene> {
    match text {
        "never-rotated" => Some(Hygiene::NeverRotated),
        "no-limit" => Some(Hygiene::NoLimit),
        "idle" => Some(Hygiene::Idle),
        "overdue" => Some(Hygiene::Overdue),
        "rotate-now" => Some(Hygiene::RotateNow),
        "shared-value" => Some(Hygiene::SharedValue),
        _ => None,
    }
}

/// Names a key: `_id`, `keyId`, or (where a person types it) its name, with an environment when several share it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum KeyRef {
    /// `_id` or `keyId`.
    Id(String),
    /// `_id`, `keyId`, or a name that is unique among the caller's keys (in this environment, when given).
    Named(String, Option<Environment>),
    /// A name that is unique among the caller's keys in this environment.
    InEnvironment(Environment, String),
}

/// A person who joins.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewAccount {
    /// The person's name, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("John Doe"))]
    pub name: String,
    /// The e-mail address.
    #[schema(format = "email", min_length = 3, max_length = 254, examples("john@example.com"))]
    pub email: String,
    /// The password, at least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024, examples("securePassword123"))]
    pub password: SecretString,
    /// An invitation's code, of an operator or a team, where one is needed.
    #[schema(value_type = Option<String>, format = Password)]
    pub code: Option<SecretString>,
    /// An SSH public key line to register with the account.
    #[schema(ignore)]
    pub ssh_key: Option<String>,
}

/// An account made by an operator or on the command line.
pub struct AddedAccount {
    /// The account.
    pub account: NewAccount,
    /// May manage the instance.
    pub operator: bool,
    /// The plan.
    pub plan: Plan,
}

/// A new API key.
#[derive(Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewKey {
    /// 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128, examples("OpenAI Development Key"))]
    pub name: String,
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64, examples("OpenAI"))]
    pub service: String,
    /// The value, 1 byte to 64 KiB.
    #[schema(rename = "apiKey", value_type = String, format = Password, min_length = 1, max_length = 65536, examples("sk-1234567890abcdef..."))]
    pub value: SecretString,
    /// Makes it private: only this opens it.
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 1024, examples("mySecurePassphrase123"))]
    pub passphrase: Option<SecretString>,
    /// At most 1,000 characters.
    #[schema(required = false, max_length = 1000, examples("Development environment key for testing"))]
    pub description: String,
    /// Where it is used; development when none.
    pub environment: Option<Environment>,
    /// Requests a month.
    #[schema(examples(5000))]
    pub monthly_limit: Option<u64>,
    /// Whether fetches are refused once the month's requests are over the limit; reports never are.
    #[schema(required = false)]
    pub refuse_over_limit: bool,
    /// What the calls of a month may cost, in the price book's currency: above 0, six decimals at most.
    #[schema(value_type = Option<f64>, maximum = 1000000000, examples(49.9))]
    pub monthly_budget: Option<Money>,
    /// Whether fetches are refused once the month's calls have cost more than the budget; reports never are.
    #[schema(required = false)]
    pub refuse_over_budget: bool,
    /// At most 20, each 1 to 40 characters.
    #[schema(required = false, max_items = 20, examples(json!(["development", "openai", "testing"])))]
    pub tags: Vec<String>,
    /// Who can open it; the default is worked out.
    pub custody: Option<Custody>,
    /// A team; the person's own space when none.
    pub team: Option<Id>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Days between rotations, 0 to 3,650; 90 when none.
    #[schema(maximum = 3650)]
    pub rotation_interval: Option<u32>,
    /// How it is rotated.
    pub rotation: Option<RotationPatch>,
}

/// A new value for a key.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewVersion {
    /// The value, 1 byte to 64 KiB.
    #[schema(rename = "apiKey", value_type = String, format = Password, min_length = 1, max_length = 65536)]
    pub value: SecretString,
    /// For how long the value before it is fetched along with it, such as `1h` or `7d`; a day when none, 90 at most.
    #[schema(value_type = Option<String>, examples("24h"))]
    pub overlap: Option<Duration>,
}

/// A change to a key: only the fields that are given. `Some(None)` clears.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct KeyPatch {
    /// A new name.
    #[schema(min_length = 1, max_length = 128)]
    pub name: Option<String>,
    /// A new service.
    #[schema(min_length = 1, max_length = 64)]
    pub service: Option<String>,
    /// A new description.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// A new environment.
    pub environment: Option<Environment>,
    /// `active` or `inactive`.
    pub status: Option<KeyStatus>,
    /// New tags, all of them.
    #[schema(max_items = 20)]
    pub tags: Option<Vec<String>>,
    /// A new monthly limit.
    #[schema(value_type = Option<u64>)]
    pub monthly_limit: Option<Option<u64>>,
    /// Whether fetches are refused once the month's requests are over the limit; reports never are.
    pub refuse_over_limit: Option<bool>,
    /// A new budget: what the calls of a month may cost, in the price book's currency.
    #[schema(value_type = Option<f64>, maximum = 1000000000)]
    pub monthly_budget: Option<Option<Money>>,
    /// Whether fetches are refused once the month's calls have cost more than the budget; reports never are.
    pub refuse_over_budget: Option<bool>,
    /// Whether the key is frozen: reported on, not fetched.
    pub frozen: Option<bool>,
    /// The networks that apps may fetch it from, all of them; anywhere when empty.
    #[schema(value_type = Option<Vec<String>>, max_items = 64)]
    pub networks: Option<Vec<IpNet>>,
    /// Whether it is a decoy: nobody has a reason to use it, and whoever does is told of at once.
    pub decoy: Option<bool>,
    /// A new expiry.
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<Option<Timestamp>>,
    /// Days between rotations.
    #[schema(maximum = 3650)]
    pub rotation_interval: Option<u32>,
    /// How it is rotated: what is named in it changes; `null` forgets all of it.
    #[schema(value_type = Option<RotationPatch>)]
    pub rotation: Option<Option<RotationPatch>>,
    /// Who can open it.
    pub custody: Option<Custody>,
    /// The passphrase that opens it now, or that opens it from now on: with `custody` alone.
    #[schema(value_type = Option<String>, format = Password)]
    pub passphrase: Option<SecretString>,
    /// The team it moves to; the person's own space for `null`.
    #[schema(value_type = Option<Id>)]
    pub team: Option<Option<Id>>,
}

/// How to open a key.
#[derive(Default, ToSchema)]
pub struct Reveal {
    /// The passphrase, for private keys.
    #[schema(value_type = Option<String>, format = Password)]
    pub passphrase: Option<SecretString>,
    /// A version; the current one when none.
    pub version: Option<u32>,
    /// What for: it is kept in the audit record. 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("The invoice run failed"))]
    pub reason: Option<String>,
}

/// One reported call. `S` is how its texts are held: doors that read many at once borrow them.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TrackEvent<S = String> {
    /// The endpoint that was called, at most 256 bytes.
    #[schema(examples("/v1/chat/completions"))]
    pub endpoint: Option<S>,
    /// The HTTP method.
    #[schema(examples("POST"))]
    pub method: Option<S>,
    /// The HTTP status, 100 to 599; 200 when none.
    #[schema(minimum = 100, maximum = 599, examples(200))]
    pub status_code: Option<u16>,
    /// The response time in ms, may be fractional, 0 to 3,600,000.
    #[schema(minimum = 0, maximum = 3600000, examples(245))]
    pub response_time: Option<f64>,
    /// The request's size in bytes.
    #[schema(examples(1024))]
    pub request_size: Option<u32>,
    /// The response's size in bytes.
    #[schema(examples(2048))]
    pub response_size: Option<u32>,
    /// The version of the key that was used.
    pub version: Option<u32>,
    /// By which a retry within 24 h is recognised, at most 128 bytes.
    #[schema(max_length = 128)]
    pub event_id: Option<S>,
    /// When the call was made: at most 30 days old, 5 minutes ahead; now when none.
    pub timestamp: Option<Timestamp>,
    /// A compact JSON object of at most 2 KiB, or none.
    #[schema(value_type = Option<Object>, examples(json!({"model": "gpt-3.5-turbo", "tokens": 150})))]
    pub metadata: Option<S>,
}

impl<S> Default for TrackEvent<S> {
    fn default() -> Self {
        Self {
            endpoint: None,
            method: None,
            status_code: None,
            response_time: None,
            request_size: None,
            response_size: None,
            version: None,
            event_id: None,
            timestamp: None,
            metadata: None,
        }
    }
}

impl<S> TrackEvent<S> {
    /// The same event with its texts held in another way.
    pub fn with_texts<T>(self, text: impl Fn(S) -> T) -> TrackEvent<T> {
        TrackEvent {
            endpoint: self.endpoint.map(&text),
            method: self.method.map(&text),
            status_code: self.status_code,
            response_time: self.response_time,
            request_size: self.request_size,
            response_size: self.response_size,
            version: self.version,
            event_id: self.event_id.map(&text),
            timestamp: self.timestamp,
            metadata: self.metadata.map(&text),
        }
    }
}

/// One reported call of many, with the key it was made with.
#[derive(Clone, Debug, ToSchema)]
#[schema(as = BulkEvent)]
pub struct ReportedEvent<S = String> {
    /// `_id` or `keyId`.
    pub key: S,
    /// The call.
    #[schema(inline)]
    #[serde(flatten)]
    pub event: TrackEvent<S>,
}

/// Which days a report covers.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct UsageQuery {
    /// `hour`, `day`, `week`, `month`, `year`; `week` when nothing is given.
    pub timeframe: Option<String>,
    /// First day, `2024-01-15` or a full timestamp.
    pub start_date: Option<String>,
    /// Last day, counted.
    pub end_date: Option<String>,
    /// IANA time zone; the person's when none.
    pub timezone: Option<String>,
}
