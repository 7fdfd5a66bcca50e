//! The demo's keys, and the person who made them. The values are random letters behind a fitting prefix; they open nothing anywhere.

use std::iter::repeat_with;

use jiff::{SignedDuration, Timestamp};
use keyward_config::Config;
use keyward_keys::Environment::{Development, Production, Staging};
use keyward_keys::crypto::PasswordCost;
use keyward_keys::input::RotationMethodName::{self, Generate, Remind};
use keyward_keys::input::{AddedAccount, KeyPatch, KeyRef, NewAccount, NewKey, RotationPatch};
use keyward_keys::view::KeyStatus;
use keyward_keys::{Caller, Clock, Door, Environment, Id, Plan, Service};
use secrecy::SecretString;

use super::people::{self, TEAMS};
use crate::daemon::open_service;
use crate::error::Result;
use crate::folder::Folder;

pub(super) const EMAIL: &str = "ana@example.com";
const NAME: &str = "Ana Ruiz";
/// The one key with a passphrase of its own says it in its description.
const PASSPHRASE: &str = "correct horse";

/// Who signs in to the demo.
pub(super) struct Person {
    pub(super) login: &'static str,
    pub(super) ssh_key: String,
}

/// What a key of the demo is, and what its days look like.
pub(super) struct Sample {
    name: &'static str,
    service: &'static str,
    prefix: &'static str,
    environment: Environment,
    tags: &'static [&'static str],
    monthly_limit: Option<u64>,
    special: Special,
    /// After how many days a new value is due, and who makes it.
    rotation: Option<(u32, RotationMethodName)>,
    /// The models that are asked, the busiest first.
    pub(super) models: &'static [&'static str],
    /// Made so many days ago.
    pub(super) age_days: i64,
    /// Calls a day, today; fewer before.
    pub(super) per_day: f64,
    /// The usual share of failures.
    pub(super) errors: f64,
    /// Half of all calls are faster.
    pub(super) median_ms: f64,
    pub(super) endpoints: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, PartialEq)]
enum Special {
    None,
    /// Expires in a few days.
    Expiring,
    /// Switched off.
    Inactive,
    /// Opened by its own passphrase alone.
    Private,
    /// Production and development have one value, as they should not.
    Shared,
}

/// A sample that has been made.
#[derive(Clone, Copy)]
pub(super) struct SampleKey {
    pub(super) id: Id,
    pub(super) sample: &'static Sample,
}

impl SampleKey {
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.sample.name == name
    }
}

const fn sample(
    name: &'static str,
    service: &'static str,
    prefix: &'static str,
    environment: Environment,
    tags: &'static [&'static str],
) -> Sample {
    Sample {
        name,
        service,
        prefix,
        environment,
        tags,
        monthly_limit: None,
        special: Special::None,
        rotation: None,
        models: &[],
        age_days: 0,
        per_day: 0.0,
        errors: 0.0,
        median_ms: 0.0,
        endpoints: CHAT,
    }
}

impl Sample {
    const fn calls(
        mut self,
        age_days: i64,
        per_day: f64,
        errors: f64,
        median_ms: f64,
        endpoints: Endpoints,
    ) -> Self {
        self.age_days = age_days;
        self.per_day = per_day;
        self.errors = errors;
        self.median_ms = median_ms;
        self.endpoints = endpoints;
        self
    }

    const fn limit(mut self, monthly: u64) -> Self {
        self.monthly_limit = Some(monthly);
        self
    }

    const fn special(mut self, special: Special) -> Self {
        self.special = special;
        self
    }

    const fn rotates(mut self, days: u32, method: RotationMethodName) -> Self {
        self.rotation = Some((days, method));
        self
    }

    const fn asks(mut self, models: &'static [&'static str]) -> Self {
        self.models = models;
        self
    }

    /// The team that it belongs to, by its place; none for what is Ana's own.
    fn team(&self) -> Option<usize> {
        TEAMS.iter().position(|(_, tag)| self.tags.contains(tag))
    }

    /// Whether calls go on.
    pub(super) fn in_use(&self) -> bool {
        self.special != Special::Inactive
    }
}

type Endpoints = &'static [(&'static str, &'static str)];

const CHAT: Endpoints = &[
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/images/generations"),
    ("GET", "/v1/models"),
];
const MESSAGES: Endpoints =
    &[("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens"), ("POST", "/v1/messages/batches")];
const PAYMENTS: Endpoints = &[
    ("POST", "/v1/payment_intents"),
    ("GET", "/v1/customers"),
    ("POST", "/v1/refunds"),
    ("GET", "/v1/balance"),
    ("POST", "/v1/checkout/sessions"),
];
const OBJECTS: Endpoints = &[
    ("GET", "/bucket/object"),
    ("PUT", "/bucket/object"),
    ("POST", "/bucket?delete"),
    ("GET", "/bucket?list"),
];
const REPOSITORIES: Endpoints = &[
    ("GET", "/repos/pulls"),
    ("POST", "/repos/statuses"),
    ("GET", "/repos/contents"),
    ("POST", "/graphql"),
    ("POST", "/repos/dispatches"),
];
const MAIL: Endpoints =
    &[("POST", "/v3/mail/send"), ("GET", "/v3/suppression/bounces"), ("GET", "/v3/stats")];
const TEXTS: Endpoints = &[("POST", "/Messages.json"), ("GET", "/Messages.json"), ("POST", "/Verifications")];
const SERIES: Endpoints = &[("POST", "/api/v2/series"), ("POST", "/api/v2/logs"), ("GET", "/api/v1/query")];
const MAPS: Endpoints =
    &[("GET", "/maps/api/geocode"), ("GET", "/maps/api/directions"), ("GET", "/maps/api/place")];
const HOOKS: Endpoints = &[("POST", "/api/chat.postMessage"), ("POST", "/api/files.upload")];
const SEARCH: Endpoints = &[("POST", "/indexes/products/query"), ("POST", "/indexes/products/batch")];

const GPT: &[&str] = &["gpt-4.1-mini", "gpt-4.1", "text-embedding-3-small"];
const CLAUDE: &[&str] = &["claude-sonnet-4-5", "claude-haiku-4-5"];

/// Two teams' worth of keys, the shop's and the assistant's, and the platform's, which are Ana's own.
#[rustfmt::skip]
const SAMPLES: [Sample; 24] = [
    sample("checkout-payments", "Stripe", "sk-", Production, &["shop", "pci"]).calls(365, 3_750.0, 0.008, 210.0, PAYMENTS).limit(250_000).special(Special::Private),
    sample("checkout-payments-test", "Stripe", "sk-", Staging, &["shop"]).calls(361, 300.0, 0.03, 230.0, PAYMENTS),
    sample("payments-local", "Stripe", "sk-", Development, &["shop"]).calls(300, 75.0, 0.09, 240.0, PAYMENTS),
    sample("assistant-chat", "OpenAI", "sk-", Production, &["assistant", "llm"]).calls(340, 4_000.0, 0.015, 890.0, CHAT).limit(150_000).asks(GPT),
    sample("assistant-chat-eval", "OpenAI", "sk-", Staging, &["assistant", "llm"]).calls(210, 450.0, 0.03, 940.0, CHAT).limit(25_000).asks(GPT),
    sample("prompt-lab", "OpenAI", "sk-", Development, &["assistant", "llm"]).calls(120, 525.0, 0.05, 1_010.0, CHAT).limit(20_000).asks(GPT),
    sample("support-summaries", "Anthropic", "sk-", Production, &["assistant", "llm"]).calls(280, 2_250.0, 0.006, 1_240.0, MESSAGES).limit(100_000).asks(CLAUDE).rotates(281, Remind),
    sample("agent-experiments", "Anthropic", "sk-", Development, &["assistant", "llm"]).calls(90, 950.0, 0.04, 1_400.0, MESSAGES).asks(CLAUDE),
    sample("media-bucket", "AWS S3", "AK", Production, &["shop", "storage"]).calls(365, 3_000.0, 0.002, 42.0, OBJECTS).rotates(371, Remind),
    sample("media-bucket-staging", "AWS S3", "AK", Staging, &["shop", "storage"]).calls(355, 225.0, 0.004, 45.0, OBJECTS),
    sample("nightly-backups", "AWS S3", "AK", Production, &["platform", "storage"]).calls(330, 150.0, 0.001, 120.0, OBJECTS).special(Special::Expiring),
    sample("ci-bot", "GitHub", "gh-", Production, &["platform", "ci"]).calls(365, 1_750.0, 0.01, 130.0, REPOSITORIES).limit(375_000),
    sample("release-notes", "GitHub", "gh-", Production, &["platform", "ci"]).calls(160, 375.0, 0.01, 150.0, REPOSITORIES).rotates(163, Generate),
    sample("fork-sandbox", "GitHub", "gh-", Development, &["platform"]).calls(250, 50.0, 0.06, 150.0, REPOSITORIES).special(Special::Inactive),
    sample("order-mails", "SendGrid", "SG-", Production, &["shop", "mail"]).calls(365, 1_550.0, 0.012, 95.0, MAIL).limit(125_000),
    sample("order-mails-staging", "SendGrid", "SG-", Staging, &["shop", "mail"]).calls(310, 112.5, 0.02, 98.0, MAIL).limit(5_000),
    sample("login-codes", "Twilio", "tw-", Production, &["shop", "sms"]).calls(320, 825.0, 0.02, 310.0, TEXTS).limit(50_000).rotates(340, Remind),
    sample("login-codes-dev", "Twilio", "tw-", Development, &["shop", "sms"]).calls(200, 30.0, 0.05, 330.0, TEXTS).limit(1_250),
    sample("metrics-intake", "Datadog", "dd-", Production, &["platform"]).calls(345, 2_750.0, 0.001, 28.0, SERIES).rotates(357, Generate),
    sample("metrics-staging", "Datadog", "dd-", Staging, &["platform"]).calls(345, 275.0, 0.002, 29.0, SERIES),
    sample("store-locator", "Google Maps", "gm-", Production, &["shop", "maps"]).calls(270, 1_025.0, 0.004, 64.0, MAPS).limit(75_000).rotates(269, Remind),
    sample("incident-channel", "Slack", "sl-", Production, &["platform"]).calls(230, 175.0, 0.003, 140.0, HOOKS).rotates(230, Generate),
    sample("product-search", "Algolia", "al-", Production, &["shop", "search"]).calls(190, 2_450.0, 0.001, 12.0, SEARCH).limit(200_000).special(Special::Shared),
    sample("product-search-dev", "Algolia", "al-", Development, &["shop", "search"]).calls(185, 300.0, 0.01, 13.0, SEARCH).special(Special::Shared),
];

/// Makes the person and the keys, each at its time; answers the password and the keys.
pub(super) async fn fill(
    config: &Config,
    folder: &Folder,
    person: &Person,
) -> Result<(SecretString, Vec<SampleKey>)> {
    let now = Timestamp::now();
    let clock = Clock::fixed(days_before(now, 366).as_millisecond());
    let service = open_service(config, folder, PasswordCost::default(), clock.clone()).await?;
    let (password, filled) = (
        SecretString::from(random(20)),
        Filling { service: &service, clock: &clock, now, shared: random(40) },
    );
    let keys = filled.all(person, &password).await;
    service.close().await?;
    Ok((password, keys?))
}

struct Filling<'a> {
    service: &'a Service,
    clock: &'a Clock,
    now: Timestamp,
    /// The letters of the value that two keys share.
    shared: String,
}

impl Filling<'_> {
    async fn all(&self, person: &Person, password: &SecretString) -> Result<Vec<SampleKey>> {
        let system = self.service.system_caller("demo", Door::Local);
        let account = NewAccount {
            name: NAME.to_owned(),
            email: EMAIL.to_owned(),
            password: password.clone(),
            code: None,
            ssh_key: Some(person.ssh_key.clone()),
        };
        let added = AddedAccount { account, operator: true, plan: Plan::Enterprise };
        self.service.add_account(&system, added).await?;
        let ana = self.service.account_caller(&system, person.login)?;
        let teams = people::gather(self.service, &system, &ana).await?;
        let mut oldest_first: Vec<&'static Sample> = SAMPLES.iter().collect();
        oldest_first.sort_by_key(|sample| -sample.age_days);
        let mut keys = Vec::with_capacity(SAMPLES.len());
        for sample in oldest_first {
            let team = sample.team().map(|at| teams[at]);
            keys.push(self.one(&ana, sample, team).await?);
        }
        self.clock.set(days_before(self.now, 2).as_millisecond());
        people::latest(self.service, &ana, teams).await?;
        Ok(keys)
    }

    async fn one(&self, ana: &Caller, sample: &'static Sample, team: Option<Id>) -> Result<SampleKey> {
        self.clock.set(days_before(self.now, sample.age_days).as_millisecond());
        let private = sample.special == Special::Private;
        let description = match sample.special {
            Special::None | Special::Shared => String::new(),
            Special::Expiring => "Ask the platform team for the next one.".to_owned(),
            Special::Inactive => "Switched off after the audit in spring.".to_owned(),
            Special::Private => format!("Private: in this demo its passphrase is `{PASSPHRASE}`."),
        };
        let letters = if sample.special == Special::Shared { self.shared.clone() } else { random(40) };
        let (days, method) = sample.rotation.unzip();
        let made = self.service.create_key(
            ana,
            NewKey {
                name: sample.name.to_owned(),
                service: sample.service.to_owned(),
                value: SecretString::from(format!("{}{letters}", sample.prefix)),
                passphrase: private.then(|| SecretString::from(PASSPHRASE)),
                description,
                environment: Some(sample.environment),
                monthly_limit: sample.monthly_limit,
                tags: sample.tags.iter().map(|tag| (*tag).to_owned()).collect(),
                expires_at: (sample.special == Special::Expiring).then(|| days_before(self.now, -5)),
                team,
                // What is old and not to be rotated must not look overdue.
                rotation_interval: days.or((sample.age_days >= 90).then_some(0)),
                rotation: method
                    .map(|method| RotationPatch { method: Some(method), ..RotationPatch::default() }),
                ..NewKey::default()
            },
        );
        let id = made.await?.id;
        if sample.special == Special::Inactive {
            self.clock.set(days_before(self.now, 40).as_millisecond());
            let patch = KeyPatch { status: Some(KeyStatus::Inactive), ..KeyPatch::default() };
            self.service.update_key(ana, &KeyRef::Id(id.to_string()), patch, None).await?;
        }
        Ok(SampleKey { id, sample })
    }
}

/// A time some days of 24 hours before another; negative is after.
pub(super) fn days_before(time: Timestamp, days: i64) -> Timestamp {
    time.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(time)
}

fn random(len: usize) -> String {
    repeat_with(fastrand::alphanumeric).take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_of_everything_a_tour_needs() {
        for special in [Special::Expiring, Special::Inactive, Special::Private] {
            assert_eq!(SAMPLES.iter().filter(|sample| sample.special == special).count(), 1);
        }
        for environment in [Production, Staging, Development] {
            assert!(SAMPLES.iter().any(|sample| sample.environment == environment));
        }
        assert!(SAMPLES.iter().all(|sample| sample.age_days <= 365 && !sample.endpoints.is_empty()));
    }
}
