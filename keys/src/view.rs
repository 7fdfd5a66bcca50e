//! What doors show: public views of records, under the REST schema's names, made once for every door. No view
//! holds a secret value; a revealed value travels alone, in a type that cannot be printed.

mod access;
mod account;
mod alert;
mod alert_more;
mod audit;
mod backup;
mod batch;
mod billing;
mod budget;
mod cost;
mod fetched;
mod home;
mod hygiene;
mod live;
mod monitor;
mod notification;
mod rehearsal;
mod rotation;
mod rotations;
mod series;
mod support;
mod team;
mod token;
mod transfer;
mod usage;
mod version;
mod webhook;
mod what_if;

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Custody, Environment, Id, Plan};

use crate::prices::Money;

pub use access::{AccessAction, AccessAnswer, AppAccess, KeyAccess, PersonAccess, SharedValue};
pub use alert::{
    AlertFiring, AlertPage, AlertRulePage, AlertRuleView, AlertSeverity, AlertState, AlertTrialView,
    AlertView,
};
pub use alert_more::{AlertConditionView, AlertCourse, AlertHistory, AlertTurnView};
pub use audit::{AuditLine, AuditPage, AuditView, CheckpointPage, CheckpointView};
pub use backup::{BackupContents, BackupView, FailedBackupView, RestoredView};
pub use batch::{BatchAction, BatchLine, BatchReport};
pub use billing::{
    BillingCosts, BillingPeriod, BillingView, PlanChange, PlanDifference, PlanUsage, UsageForecast,
};
pub use budget::{BudgetList, BudgetOwner, BudgetView, MonthOutlook};
pub use cost::{CostLine, CostReport, ModelShare};
pub use fetched::{Fetched, NotFetched};
pub use home::{Attention, AttentionKey, AttentionKind, HomeView, InstanceCare};
pub use hygiene::KeyHygiene;
pub use live::{
    KeyAction, KeyUpdate, LiveEvent, Resync, RotationProgress, SystemAlert, UsageDelta, UsageStats,
    UsageUpdate,
};
pub use monitor::{JobView, MonitorView, ProcessView, RequestCounts, SessionCount, StoreCounts, Times};
pub use notification::{NotificationPage, NotificationUpdate, NotificationView};
pub use rehearsal::{RehearsedApp, RotationRehearsal};
pub use rotation::{
    PastRotationView, RetiringState, RetiringView, RotationEntryView, RotationFaultView, RotationRunView,
    RotationSettingsView, RotationState, RotationView, StepState, StepView, StillUsing, VersionApp,
    VersionCalls,
};
pub use rotations::{LeavingVersion, RotationSummary, RotationsView};
pub use series::{EndpointUse, KindUse, PreviousPeriod, UsageLine, UsagePoint, UsageSeries};
pub use support::{TicketMessageView, TicketPage, TicketStatus, TicketView};
pub use team::{
    Departure, EndedToken, ExposedKey, InvitationView, IssuedInvitation, MemberView, PresentView,
    SealedAccess, TeamView, ViewingView,
};
pub use token::TokenView;
pub use transfer::{Exported, ImportLine, ImportReport, ImportResult, LeftOut};
pub use webhook::{DeliveryPage, DeliveryStatus, DeliveryView, TimingView, WebhookView};
pub use what_if::{WhatIfMonth, WhatIfOutcome, WhatIfShare, WhatIfView};

pub use usage::{
    EndpointShare, ErrorClasses, KeyShare, MethodShare, StatusShare, TokenShare, UsageBefore, UsageDay,
    UsageOverview, UsageReport, UsageSummary,
};

pub use version::{VersionLabel, VersionView};

pub use account::{
    InstanceInvitationView, LostKey, ManagedUser, OneTimeCode, PassphraseLoss, PreferencesView, QrModules,
    RegrantedTeam, SecondFactorSetup, SessionKind, SessionView, UserPage,
};

/// Where a key stands today: as its owner set it, or expired.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// In use.
    Active,
    /// Switched off.
    Inactive,
    /// Past its expiry.
    Expired,
}

/// An API key, without its value.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// Stable for ever.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The service it is for.
    pub service: String,
    /// The id shown to people, `ak_prod_…`.
    pub key_id: String,
    /// What it is for.
    pub description: String,
    /// Where it is used.
    pub environment: Environment,
    /// Where it stands.
    pub status: KeyStatus,
    /// Who can open it.
    pub custody: Custody,
    /// The team it belongs to; none for a person's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// Somebody knows the present value who is no longer entitled to it: rotate it now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rotate_now: bool,
    /// Labels for finding it.
    pub tags: Vec<String>,
    /// The last reported call.
    pub last_used: Option<Timestamp>,
    /// Reported calls, all told.
    pub usage_count: u64,
    /// Requests a month it should not exceed.
    pub monthly_limit: Option<u64>,
    /// Fetches are refused once the month's requests are over the limit.
    pub refuse_over_limit: bool,
    /// What the calls of a month may cost, in the price book's currency.
    #[schema(value_type = Option<f64>)]
    pub monthly_budget: Option<Money>,
    /// Fetches are refused once the month's calls have cost more than the budget.
    pub refuse_over_budget: bool,
    /// Frozen: reported on, not fetched.
    pub frozen: bool,
    /// It is a decoy; only those who may change it are told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub decoy: bool,
    /// The networks that apps may fetch it from; anywhere when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub networks: Vec<IpNet>,
    /// Reported calls this month (UTC).
    pub current_month_usage: u64,
    /// Days between rotations; 0 is never.
    pub rotation_interval: u32,
    /// When the next rotation is due.
    pub next_rotation: Option<Timestamp>,
    /// How it is rotated; left out of the rows that each open dashboard holds.
    #[schema(value_type = RotationSettingsView, required)]
    pub rotation: Option<Box<RotationSettingsView>>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The number of the current version of its value.
    pub version: u32,
    /// When it was moved to the bin, where it stays for 30 days; none when it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The record's revision, for `ETag`; not part of the body.
    #[serde(skip)]
    pub revision: u64,
}

/// One page of keys.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct KeyPage {
    /// The keys of this page.
    pub keys: Vec<KeyView>,
    /// Where this page is among all.
    pub pagination: Pagination,
    /// When the newest of all was made: pages of keys as of then do not shift.
    #[serde(skip)]
    pub as_of: Option<Timestamp>,
}

/// Where a page is among all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Pagination {
    /// From 1.
    pub page: u32,
    /// Items a page.
    pub limit: u32,
    /// Items in all.
    pub total: u64,
    /// Pages in all.
    pub pages: u64,
}

impl Pagination {
    /// This page of so many items.
    pub(crate) fn of(page: u32, limit: u32, total: u64) -> Self {
        Self { page, limit, total, pages: total.div_ceil(u64::from(limit)) }
    }
}

/// A person's account, as shown to that person.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// The account's id.
    pub id: Id,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The address is the person's: they have shown it, or are taken at their word.
    pub email_verified: bool,
    /// The name for `ssh LOGIN@host`.
    pub login: String,
    /// May manage the instance.
    pub operator: bool,
    /// The plan and what it allows.
    pub subscription: Subscription,
    /// IANA time zone for reports.
    pub time_zone: String,
    /// How the person wants to see and hear things.
    pub preferences: PreferencesView,
    /// As in `preferences`.
    pub theme: String,
    /// There is an unlock passphrase.
    pub unlock_passphrase: bool,
    /// As in `preferences`.
    pub notifications: bool,
    /// Signing in with a password asks for a second factor.
    pub two_factor_enabled: bool,
    /// The last successful sign-in.
    pub last_login: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A plan and what it allows.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
pub struct Subscription {
    /// The plan.
    pub plan: Plan,
    /// What it allows.
    pub limits: PlanLimits,
}

/// What a plan allows.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanLimits {
    /// API keys.
    pub api_keys: u64,
    /// Reported calls a month.
    pub monthly_requests: u64,
}

/// A person's SSH public key.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SshKeyView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What the person calls it.
    pub name: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// The OpenSSH public key line.
    pub key: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_used: Option<Timestamp>,
}

/// A value that was opened. Doors write it out and drop it.
pub struct Revealed {
    /// The value.
    pub value: SecretString,
    /// Its version.
    pub version: u32,
    /// The key's name.
    pub name: String,
    /// The key's environment.
    pub environment: Environment,
}

/// Tokens of a new session: shown once.
pub struct IssuedTokens {
    /// The bearer token (a JWT).
    pub token: SecretString,
    /// The refresh token.
    pub refresh_token: SecretString,
    /// Seconds until the bearer token ends.
    pub expires_in: u64,
}

/// An opened account key, for a while: shown once.
pub struct IssuedUnlock {
    /// The unlock token.
    pub unlock: SecretString,
    /// Seconds it is good for unless it is used.
    pub expires_in: u64,
}

/// What reporting calls answers, once they are durable.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct Tracked {
    /// Events counted.
    pub accepted: u64,
    /// Events recognised as retries and not counted.
    pub duplicates: u64,
    /// The key's month, with these events.
    pub limit: MonthLimit,
}

/// What reporting many calls answers, once those that were right are durable.
#[derive(Debug, Default)]
pub struct TrackedMany {
    /// Events counted.
    pub accepted: u64,
    /// Events recognised as retries and not counted.
    pub duplicates: u64,
    /// Events that were not stored: their places in what was handed in, rising, and why.
    pub rejected: Vec<(usize, crate::Error)>,
    /// The month of the key that is nearest to its limit, among those reported; none when nothing was stored.
    pub limit: Option<MonthLimit>,
}

/// A key's month against its limit.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
pub struct MonthLimit {
    /// The limit; none is unlimited.
    pub monthly: Option<u64>,
    /// Used this month (UTC).
    pub used: u64,
    /// Left this month.
    pub remaining: Option<u64>,
    /// When the month ends, and counting starts anew.
    pub reset: Timestamp,
    /// Over the limit.
    pub exceeded: bool,
}

impl MonthLimit {
    /// The month that has less left; of two moments of one key's, that is the later one.
    pub fn nearer(self, other: Self) -> Self {
        let left =
            |limit: &Self| (!limit.exceeded, limit.remaining.unwrap_or(u64::MAX), u64::MAX - limit.used);
        if left(&other) <= left(&self) { other } else { self }
    }
}

/// The last two minutes of one key, second by second, and today so far: what a live page shows.
#[derive(Clone, PartialEq, Debug)]
pub struct LiveView {
    /// The key.
    pub id: Id,
    /// Unix second of the last entry of `requests` and `errors`.
    pub ends_at: i64,
    /// Calls a second, oldest first, 120 entries.
    pub requests: Vec<u32>,
    /// Failed calls a second, oldest first, 120 entries.
    pub errors: Vec<u32>,
    /// Today (in the person's time zone) so far.
    pub today: UsageSummary,
    /// The last call.
    pub last_used: Option<Timestamp>,
    /// This month against the limit.
    pub month: MonthLimit,
    /// The month and where it leads, against limit and budget.
    pub outlook: MonthOutlook,
}
