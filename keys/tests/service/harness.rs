//! One service on a real file, with a clock that the test sets and passwords that cost little.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keyward_keys::crypto::{MasterKey, PasswordCost, Sha256Chain};
use keyward_keys::input::{AddedAccount, KeyRef, NewAccount, NewKey, NewToken};
use keyward_keys::outbound::MailSettings;
use keyward_keys::prices::Prices;
use keyward_keys::view::{KeyView, UserView};
use keyward_keys::{
    Caller, Clock, Door, Event, Id, Origin, Plan, Registration, Scope, Service, ServiceOptions,
    ServiceSettings, Subscription,
};
use keyward_store::{Batch, OpenOptions, Redb, SealerFor, Store};
use secrecy::SecretString;
use tempfile::TempDir;

/// 2026-03-10T12:00:00Z
pub(crate) const NOON: i64 = 1_773_144_000_000;

pub(crate) const ORIGIN: Origin =
    Origin { door: Door::Rest, address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), request: None };

/// Another network.
pub(crate) const ELSEWHERE: Origin =
    Origin { address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))), ..ORIGIN };

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Keys that the largest plan has.
const MOST_KEYS: u64 = 1_000_000;

pub(crate) struct Instance {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    pub(crate) folder: TempDir,
    master_key: SecretString,
    newcomers: AtomicU32,
}

impl Instance {
    pub(crate) async fn open() -> Self {
        Self::with(Registration::Open).await
    }

    pub(crate) async fn with(registration: Registration) -> Self {
        Self::made(registration, MOST_KEYS).await
    }

    /// With room for so many keys in the largest plan.
    pub(crate) async fn with_room(keys: u64) -> Self {
        Self::made(Registration::Open, keys).await
    }

    async fn made(registration: Registration, keys: u64) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let master_key = MasterKey::generate().expect("a key").to_hex();
        let clock = Clock::fixed(NOON);
        let service = start(&folder, &master_key, &clock, registration, keys, None).await;
        Self { service, clock, folder, master_key, newcomers: AtomicU32::new(0) }
    }

    pub(crate) async fn reopen(self) -> Self {
        self.reopen_with(None).await
    }

    /// With a mail server, from now on.
    pub(crate) async fn reopen_with(self, mail: Option<MailSettings>) -> Self {
        self.service.close().await.expect("closes");
        let (open, most) = (Registration::Open, MOST_KEYS);
        let service = start(&self.folder, &self.master_key, &self.clock, open, most, mail).await;
        Self { service, ..self }
    }

    /// With another price book.
    pub(crate) async fn reopen_with_book(self, book: &str) -> Self {
        let prices = Arc::new(Prices::own(book).expect("a book"));
        self.reopen_set(|settings| settings.prices = prices).await
    }

    /// With other settings.
    pub(crate) async fn reopen_set(self, set: impl FnOnce(&mut ServiceSettings)) -> Self {
        self.service.close().await.expect("closes");
        let mut settings = settings(&self.clock, Registration::Open, MOST_KEYS, None);
        set(&mut settings);
        let service = started(&self.folder, &self.master_key, settings).await;
        Self { service, ..self }
    }

    /// Changes rows behind the service's back, as somebody with the file and the master key could.
    pub(crate) async fn tamper(self, batch: Batch) -> Self {
        self.service.close().await.expect("closes");
        let store = Redb::open(self.store(&self.database())).expect("opens");
        store.commit(batch).await.expect("commits");
        store.close();
        self.reopen().await
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("keyward.redb")
    }

    pub(crate) fn master_key(&self) -> MasterKey {
        use secrecy::ExposeSecret;
        MasterKey::parse(self.master_key.expose_secret().as_bytes()).expect("a key")
    }

    /// A file of this instance, for whoever goes behind the service's back.
    pub(crate) fn store(&self, file: &Path) -> OpenOptions {
        let master_key = self.master_key();
        let sealer: SealerFor =
            Box::new(move |file| Ok(Arc::new(master_key.page_sealer(*file).expect("a sealer"))));
        OpenOptions::file(file, sealer, Arc::new(Sha256Chain))
    }

    pub(crate) fn system(&self) -> Caller {
        self.service.system_caller("test", Door::Local)
    }

    /// Adds a person with the password `correct horse`, signed in.
    pub(crate) async fn person(&self, login: &str, plan: Plan) -> (Caller, UserView) {
        let added = AddedAccount { account: new_account(login), operator: false, plan };
        let view = self.service.add_account(&self.system(), added).await.expect("added");
        let caller = self.service.sign_in(ORIGIN, login, secret("correct horse")).await.expect("signed in");
        (caller, view)
    }

    pub(crate) async fn ana(&self) -> Caller {
        self.person("ana", Plan::Pro).await.0
    }

    /// What this caller hears of what is done from now on. Changes are told after they are answered, so those from
    /// before are waited for: by a newcomer's key, which is made after them.
    pub(crate) async fn hears(&self, caller: &Caller) -> Subscription {
        let mut relay = self.service.relay(&self.system()).expect("hears everything");
        let login = format!("newcomer-{}", self.newcomers.fetch_add(1, Ordering::Relaxed));
        let (newcomer, _) = self.person(&login, Plan::Free).await;
        let last = self.add_key(&newcomer, "Last").await.id;
        let told = async {
            while !matches!(relay.next().await, Some(Event::KeyChanged { api_key, .. }) if api_key == last) {}
        };
        tokio::time::timeout(DEADLINE, told).await.expect("told in time");
        self.service.subscribe(caller).expect("hears")
    }

    /// A token with which an app fetches this key.
    pub(crate) async fn fetch_token(&self, caller: &Caller, key: Id) -> SecretString {
        let new = NewToken {
            name: "app".to_owned(),
            keys: vec![key.to_string()],
            scopes: vec![Scope::Fetch],
            ..NewToken::default()
        };
        self.service.create_token(caller, new).await.expect("a token").1
    }

    pub(crate) async fn add_key(&self, caller: &Caller, name: &str) -> KeyView {
        self.service.create_key(caller, new_key(name)).await.expect("a key")
    }
}

async fn start(
    folder: &TempDir,
    master_key: &SecretString,
    clock: &Clock,
    registration: Registration,
    most_keys: u64,
    mail: Option<MailSettings>,
) -> Service {
    started(folder, master_key, settings(clock, registration, most_keys, mail)).await
}

fn settings(
    clock: &Clock,
    registration: Registration,
    most_keys: u64,
    mail: Option<MailSettings>,
) -> ServiceSettings {
    let mut settings = ServiceSettings {
        registration,
        refresh_lifetime: Duration::from_secs(7 * 24 * 3600),
        session_lifetime: Duration::from_secs(10 * 24 * 3600),
        ..ServiceSettings::new(clock.clone())
    };
    settings.plans.enterprise.api_keys = most_keys;
    settings.outbound.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.outbound.mail = mail;
    settings
}

async fn started(folder: &TempDir, master_key: &SecretString, settings: ServiceSettings) -> Service {
    use secrecy::ExposeSecret;
    let options = ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::parse(master_key.expose_secret().as_bytes()).expect("a key"),
        settings,
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    };
    Service::open(options).await.expect("opens")
}

/// Waits for what somebody else does, some seconds at the most.
pub(crate) async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !done().await {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

pub(crate) fn new_account(login: &str) -> NewAccount {
    NewAccount {
        name: login.to_owned(),
        email: format!("{login}@example.com"),
        password: secret("correct horse"),
        code: None,
        ssh_key: None,
    }
}

pub(crate) fn new_key(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        service: "OpenAI".to_owned(),
        value: secret("sk-test-0123456789"),
        ..NewKey::default()
    }
}

pub(crate) fn by_id(id: Id) -> KeyRef {
    KeyRef::Id(id.to_string())
}
