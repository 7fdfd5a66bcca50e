//! Rotation through `Service` against providers that are local, whole or broken, with the daemon gone at every moment. What
//! single calls are like is `outbound`'s matter, and what the decisions are `crate::rotation`'s.

mod commands;
mod faults;
mod hours;
mod kills;
mod remind;
mod shipped;
mod vendor;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use keyward_store::model::{Custody, Door, Id, Plan};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use crate::caller::{Caller, Origin};
use crate::clock::Clock;
use crate::crypto::{MasterKey, PasswordCost};
use crate::input::{
    AddedAccount, AuditQuery, KeyRef, NewAccount, NewKey, Reveal, Rotate, RotationMethodName, RotationPatch,
};
use crate::outbound::CallLimits;
use crate::service::{Registration, Service, ServiceOptions, ServiceSettings};
use crate::view::{RetiringState, RotationState, RotationView, VersionLabel};

/// 2026-11-26T00:00:00Z, at which providers of tests expect to be called.
const NOW: i64 = 1_795_651_200_000;

/// How often a person asks for what has stopped, until they do what they were told instead.
const ASKED: u32 = 3;

/// The time after which nothing may be waited for, ms.
const PATIENCE_MS: i64 = 2_000 * 86_400_000;

/// The value that a key has before its first rotation.
const FIRST: &str = "first-value";

const ORIGIN: Origin = Origin { door: Door::Rest, address: None, request: None };

/// A service with one person, who can open what they have.
struct World {
    service: Service,
    clock: Clock,
    folder: TempDir,
    master_key: SecretString,
    patience: Duration,
    ana: Caller,
    /// Values that a person has revoked where they were made, as they were told.
    revoked: Mutex<Vec<String>>,
}

impl World {
    async fn open() -> Self {
        Self::patient(Duration::from_secs(10)).await
    }

    /// One that waits for an answer for so long.
    async fn patient(patience: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let master_key = MasterKey::generate().unwrap().to_hex();
        let clock = Clock::fixed(NOW);
        let service = start(&folder, &master_key, &clock, patience).await;
        let account = NewAccount {
            name: "Ana".to_owned(),
            email: "ana@example.com".to_owned(),
            password: SecretString::from("correct horse"),
            code: None,
            ssh_key: None,
        };
        let added = AddedAccount { account, operator: false, plan: Plan::Enterprise };
        service.add_account(&service.system_caller("test", Door::Local), added).await.unwrap();
        let ana = service.sign_in(ORIGIN, "ana", SecretString::from("correct horse")).await.unwrap();
        Self { service, clock, folder, master_key, patience, ana, revoked: Mutex::default() }
    }

    /// The daemon is gone, and started again on what it has left.
    async fn reopen(self) -> Self {
        self.service.close().await.unwrap();
        let service = start(&self.folder, &self.master_key, &self.clock, self.patience).await;
        Self { service, ..self }
    }

    fn system(&self) -> Caller {
        self.service.system_caller("test", Door::Local)
    }

    async fn key(&self, name: &str, value: &str, rotation: Option<RotationPatch>) -> Id {
        let new = NewKey {
            name: name.to_owned(),
            service: "Vendor".to_owned(),
            value: SecretString::from(value),
            custody: Some(Custody::Automation),
            rotation_interval: Some(0),
            rotation,
            ..NewKey::default()
        };
        self.service.create_key(&self.ana, new).await.unwrap().id
    }

    /// A key whose values a recipe makes; the provider is shown another one.
    async fn by_recipe(
        &self,
        recipe: &str,
        parameters: BTreeMap<String, String>,
        credential: &str,
        value: &str,
    ) -> Id {
        let shown = self.key(&format!("admin of {recipe}"), credential, None).await;
        let rotation = RotationPatch {
            recipe: Some(recipe.to_owned()),
            parameters: Some(parameters),
            credential: Some(shown.to_string()),
            ..at_once(RotationMethodName::Recipe)
        };
        self.key(recipe, value, Some(rotation)).await
    }

    async fn ask(&self, key: Id) {
        self.service.rotate(&self.ana, &by_id(key), Rotate::default()).await.unwrap();
    }

    async fn turn(&self) {
        self.service.rotate_due(&self.system()).await.unwrap();
    }

    /// The daemon's part, until there is nothing to do, it has made so many commits, or a call is broken off by `cut`. Answers
    /// how many commits it has made, and whether it was killed.
    async fn turn_until(&self, key: Id, most: u32, cut: impl Future<Output = ()>) -> (u32, bool) {
        let system = self.system();
        let (mut turning, mut cut) = (pin!(self.service.rotate_due(&system)), pin!(cut));
        let seen = || self.service.mirror().read().rotations.state(key).map(|row| row.version);
        let (mut last, mut commits) = (seen(), 0);
        poll_fn(|cx| {
            let now = seen();
            commits += u32::from(now != last);
            last = now;
            if commits >= most || cut.as_mut().poll(cx).is_ready() {
                return Poll::Ready((commits, true));
            }
            turning.as_mut().poll(cx).map(|done| {
                done.unwrap();
                (commits + u32::from(seen() != last), false)
            })
        })
        .await
    }

    async fn seen(&self, key: Id) -> RotationView {
        self.service.rotation(&self.ana, &by_id(key)).await.unwrap()
    }

    /// Numbers of the versions, with what each bears; newest first.
    async fn versions(&self, key: Id) -> Vec<(u32, Vec<VersionLabel>)> {
        let versions = self.service.versions(&self.ana, &by_id(key)).await.unwrap();
        versions.into_iter().map(|one| (one.version, one.labels)).collect()
    }

    /// The value that is in use.
    async fn current(&self, key: Id) -> String {
        let revealed = self.service.reveal(&self.ana, &by_id(key), Reveal::default()).await.unwrap();
        revealed.value.expose_secret().to_owned()
    }

    /// The value of a version, whatever became of it.
    async fn value(&self, key: Id, version: u32) -> String {
        let row = self.service.mirror().read().keys.get(key).map(|row| row.record.clone()).unwrap();
        self.service.value_of(&row, version).await.unwrap().expose_secret().to_owned()
    }

    /// What the audit chain has about a key's rotation, oldest first.
    async fn audited(&self, key: Id) -> Vec<String> {
        let mut query = AuditQuery { page: 1, limit: 100, object: Some(key), ..AuditQuery::default() };
        let mut told = Vec::new();
        loop {
            let records = self.service.audit(&self.ana, &query).await.unwrap().records;
            let last = records.len() < 100;
            let of_rotation = records
                .into_iter()
                .filter(|one| ["rotation.run", "key.rotate", "key.rollback"].contains(&&*one.action));
            told.extend(of_rotation.map(|one| one.detail));
            if last {
                told.reverse();
                return told;
            }
            query.page += 1;
        }
    }

    /// Goes on as the daemon does when time passes, and as a person who asks again whatever has stopped, until there is
    /// nothing to do.
    async fn heal(&self, key: Id) -> RotationView {
        let mut asked = 0;
        loop {
            self.clock.set(self.clock.now_ms() + 600_000);
            self.turn().await;
            let seen = self.seen(key).await;
            match seen.state {
                RotationState::Idle => return seen,
                RotationState::Stopped if seen.run.is_some() && asked == ASKED => return seen,
                RotationState::Stopped if seen.run.is_some() => {
                    asked += 1;
                    self.ask(key).await;
                }
                _ => self.tick_off(key, &seen).await,
            }
            assert!(self.clock.now_ms() < NOW + PATIENCE_MS, "it never ends: {seen:#?}");
        }
    }

    /// A person says that they have revoked what nobody else can.
    async fn tick_off(&self, key: Id, seen: &RotationView) {
        for old in &seen.retiring {
            if matches!(old.state, RetiringState::ToRevoke | RetiringState::Stopped) {
                let value = self.value(key, old.version).await;
                self.revoked.lock().unwrap().push(value);
                self.service.retire_version(&self.ana, &by_id(key), old.version).await.unwrap();
            }
        }
    }

    /// What holds at every moment.
    async fn holds(&self, key: Id, when: &str) {
        let versions = self.versions(key).await;
        let bearing = |label| versions.iter().filter(|(_, labels)| labels.contains(&label)).count();
        assert_eq!(bearing(VersionLabel::Current), 1, "{when}: {versions:?}");
        assert!(bearing(VersionLabel::Pending) <= 1, "{when}: {versions:?}");
        let numbers: Vec<u32> = versions.iter().rev().map(|(number, _)| *number).collect();
        assert_eq!(
            numbers,
            (1..=versions.len() as u32).collect::<Vec<_>>(),
            "{when}: no number twice, none left out"
        );
        // Each version that there is was told of once, and the one in use as that.
        let audited = self.audited(key).await;
        for (number, labels) in versions.iter().filter(|(number, _)| *number > 1) {
            let told = |begin: &str| {
                let by_hand = format!("version {number}, set by hand");
                let here = |one: &&String| {
                    one.starts_with(&format!("{begin}: version {number} ")) || **one == by_hand
                };
                audited.iter().filter(here).count()
            };
            assert_eq!(told("create"), 1, "{when}: {number} in {audited:#?}");
            if labels.contains(&VersionLabel::Current) {
                assert_eq!(told("finish"), 1, "{when}: {number} in {audited:#?}");
            }
        }
    }
}

async fn start(folder: &TempDir, master_key: &SecretString, clock: &Clock, patience: Duration) -> Service {
    let mut settings =
        ServiceSettings { registration: Registration::Open, ..ServiceSettings::new(clock.clone()) };
    settings.outbound.allow = vec!["127.0.0.0/8".parse().unwrap()];
    settings.outbound.folder = Some(folder.path().to_owned());
    settings.outbound.limits =
        CallLimits { connect: patience, total: patience, answer: 64 * 1024, polling: patience };
    let options = ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::parse(master_key.expose_secret().as_bytes()).unwrap(),
        settings,
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    };
    Service::open(options).await.unwrap()
}

fn by_id(id: Id) -> KeyRef {
    KeyRef::Id(id.to_string())
}

/// A method whose old values go as soon as there is a new one.
fn at_once(method: RotationMethodName) -> RotationPatch {
    RotationPatch {
        method: Some(method),
        overlap: Some(Duration::ZERO),
        evidence: Some(false),
        ..RotationPatch::default()
    }
}
