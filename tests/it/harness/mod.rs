//! The one harness: the real daemon in this process, on free ports and a folder of its own, with clients that wait for
//! conditions and never sleep a fixed time. Nothing is left behind.
//!
//! ```ignore
//! let daemon = Daemon::start().await;
//! let ana = daemon.person("ana@example.com").await;       // an account, its password and SSH key
//! let http = daemon.http().login(&ana).await;             // `http`: requests with a bearer token
//! let mut ssh = daemon.ssh(&ana).await;                   // `ssh`: signed in by key
//! let mut screen = ssh.dashboard(80, 24).await;           // `screen`: a terminal emulator
//! screen.wait_for("the list", |screen| screen.contents().contains("API keys")).await;
//! ```

pub(crate) mod chromium;
pub(crate) mod crash;
pub(crate) mod house;
pub(crate) mod http;
pub(crate) mod neighbour;
pub(crate) mod process;
pub(crate) mod real;
pub(crate) mod screen;
pub(crate) mod slow_link;
pub(crate) mod ssh;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use keyward::{Folder, Listeners, Shutdown};
use keyward_config::{Config, Environment, Sources};
use keyward_keys::crypto::PasswordCost;
use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::view::UserView;
use keyward_keys::{Door, Plan, Service};
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use http::Http;
use ssh::Ssh;

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Password hashes that cost nothing, for tests that are not about them.
pub(crate) const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };

/// A running daemon.
pub(crate) struct Daemon {
    /// Its data folder is `folder/data`.
    pub(crate) folder: TempDir,
    pub(crate) ssh: SocketAddr,
    pub(crate) api: SocketAddr,
    pub(crate) service: Service,
    pub(crate) shutdown: Shutdown,
    settings: Vec<(String, String)>,
    running: Option<JoinHandle<keyward::Result<()>>>,
}

/// A person with an account.
pub(crate) struct Person {
    pub(crate) user: UserView,
    pub(crate) password: String,
    pub(crate) key: PrivateKey,
}

impl Daemon {
    /// A daemon with no rate limits for this machine, and a short drain.
    pub(crate) async fn start() -> Self {
        Self::with(&[("limits.exempt", "[\"127.0.0.0/8\"]")]).await
    }

    /// A daemon with these settings; they win over the harness's.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self::in_folder(folder, own.collect()).await
    }

    async fn in_folder(folder: TempDir, settings: Vec<(String, String)>) -> Self {
        let config = config(&folder.path().join("data"), &settings);
        let held = Folder::make(&config).expect("the data folder");
        let listeners = Listeners::bind(&config).await.expect("free ports");
        let daemon = keyward::Daemon::open(config, held, listeners, CHEAP).await.expect("the daemon opens");
        let (addresses, service) = (daemon.addresses(), daemon.service().clone());
        let shutdown = Shutdown::default();
        let running = tokio::spawn(daemon.run(shutdown.clone()));
        Self {
            folder,
            ssh: addresses.ssh,
            api: addresses.api,
            service,
            shutdown,
            settings,
            running: Some(running),
        }
    }

    /// Stops it as a signal would, and waits until its database is closed.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.end().await;
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a temporary folder"))
    }

    /// Stops it, and starts it again on the same data.
    pub(crate) async fn restart(self) -> Self {
        let settings = self.settings.clone();
        Self::in_folder(self.stop().await, settings).await
    }

    async fn end(&mut self) {
        self.shutdown.drain.cancel();
        if let Some(running) = self.running.take() {
            let ended = within("the daemon stops", running).await;
            ended.expect("the daemon does not panic").expect("the daemon stops well");
        }
    }

    /// Makes an account on a plan without limits.
    pub(crate) async fn person(&self, email: &str) -> Person {
        self.account(email, false).await
    }

    /// Makes an operator's account.
    pub(crate) async fn operator(&self, email: &str) -> Person {
        self.account(email, true).await
    }

    async fn account(&self, email: &str, operator: bool) -> Person {
        let key = ssh_key();
        let password = format!("the password of {email}");
        let account = NewAccount {
            name: email.split('@').next().unwrap_or_default().to_owned(),
            email: email.to_owned(),
            password: SecretString::from(password.clone()),
            code: None,
            ssh_key: Some(key.public_key().to_openssh().expect("a public key line")),
        };
        let system = self.service.system_caller("test", Door::Local);
        let added = AddedAccount { account, operator, plan: Plan::Enterprise };
        let user = self.service.add_account(&system, added).await.expect("the account is made");
        Person { user, password, key }
    }

    /// An HTTP client that nobody has signed in with.
    pub(crate) fn http(&self) -> Http {
        Http::new(&format!("http://{}", self.api))
    }

    /// An SSH connection, signed in by key.
    pub(crate) async fn ssh(&self, person: &Person) -> Ssh {
        Ssh::with_key(self.ssh, &person.user.login, &person.key).await.expect("signed in by key")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.shutdown.drain.cancel();
        self.shutdown.now.cancel();
    }
}

/// Settings for a daemon under test.
pub(crate) fn config(data_dir: &Path, settings: &[(String, String)]) -> Config {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut overrides = vec![
        set("data_dir", &data_dir.to_string_lossy()),
        set("ssh.listen", "127.0.0.1:0"),
        set("api.listen", "127.0.0.1:0"),
        set("limits.drain_seconds", "1"),
    ];
    overrides.extend(settings.iter().cloned());
    let sources = Sources { environment: Environment::default(), config_file: None, overrides };
    Config::load(&sources).expect("the settings are fine")
}

/// A fresh SSH key.
pub(crate) fn ssh_key() -> PrivateKey {
    let seed: [u8; 32] = std::array::from_fn(|_| fastrand::u8(..));
    PrivateKey::from(Ed25519Keypair::from_seed(&seed))
}

/// Waits for something that must come; says what did not.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} in vain: {what}"),
    }
}
