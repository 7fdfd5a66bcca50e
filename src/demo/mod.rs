//! `keyward demo`: a throw-away instance on loopback with sample teams and keys, a year of history and live traffic. Everything
//! goes through the real core and the real doors; only the numbers are made up. Nothing outlives it.
//!
//! `sample` says which keys there are, `people` whose they are, `apps` who calls, `history` what happened to them, `traffic` what
//! happens now.

mod apps;
mod history;
mod numbers;
mod people;
mod sample;
mod traffic;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use keyward_config::{Config, Environment, Sources};
use keyward_keys::crypto::PasswordCost;
use keyward_keys::{Door, Presence};
use keyward_tui::ssh::{Shutdown, load_or_make_host_key};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use self::apps::Apps;
use crate::args::Common;
use crate::daemon::{Addresses, Daemon, Listeners};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::{console, logging, output, serve};

/// Who signs in.
const LOGIN: &str = "ana";

/// Runs the demo until the person leaves its dashboard, or a signal comes.
///
/// # Errors
/// The instance could not be set up, or its dashboard failed.
pub async fn demo(common: &Common) -> Result<()> {
    let shutdown = serve::on_signals()?;
    let place = TempDir::with_prefix("keyward-demo-").map_err(|source| Error::Folder {
        path: std::env::temp_dir(),
        doing: "written to",
        source,
    })?;
    let config = settings(common, place.path())?;
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !common.json;
    if !on_terminal {
        // Lines of a log would be written into the dashboard.
        logging::init(&config.log);
    }
    let ran = Box::pin(run(common, config, place.path(), on_terminal, shutdown)).await;
    let path = place.path().to_owned();
    place.close().map_err(|source| Error::File { path, doing: "removed", source })?;
    ran?;
    output::talk("The demo is over, and everything of it is removed.");
    Ok(())
}

fn settings(common: &Common, place: &Path) -> Result<Config> {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut overrides = vec![
        set("ssh.listen", "127.0.0.1:0"),
        set("api.listen", "127.0.0.1:0"),
        set("limits.drain_seconds", "1"),
    ];
    overrides.extend(common.set.iter().cloned());
    overrides.push(("data_dir".to_owned(), place.join("data").to_string_lossy().into_owned()));
    let environment = Environment::from_process()?;
    Ok(Config::load(&Sources { environment, config_file: common.config.clone(), overrides })?)
}

async fn run(
    common: &Common,
    config: Config,
    place: &Path,
    on_terminal: bool,
    shutdown: Shutdown,
) -> Result<()> {
    let folder = Folder::make(&config)?;
    let listeners = Listeners::bind(&config).await?;
    if on_terminal {
        output::talk("Making sample teams, keys and their history...");
    }
    let key_file = place.join("key");
    let person = sample::Person { login: LOGIN, ssh_key: load_or_make_host_key(&key_file)?.public_line() };
    let (password, keys) = sample::fill(&config, &folder, &person).await?;
    let daemon = Daemon::open(config.clone(), folder, listeners, PasswordCost::default()).await?;
    let addresses = daemon.addresses();
    known_host(&daemon, place)?;
    let service = daemon.service().clone();
    let system = service.system_caller("demo", Door::Local);
    let apps = Arc::new(Apps::made(&service, &service.account_caller(&system, LOGIN)?, &keys).await?);
    history::newest(&service, &keys, &apps).await?;
    let life = Life {
        _connected: people::connected(&service, &system, &keys)?,
        tasks: vec![
            tokio::spawn(history::rest(service.clone(), keys.clone(), Arc::clone(&apps))),
            tokio::spawn(traffic::flow(service, keys, apps)),
        ],
    };
    let mut running = tokio::spawn(daemon.run(shutdown.clone()));
    let line = ssh_line(place, addresses);
    tell(common, &line, addresses, &password);
    let shown = if on_terminal {
        tokio::select! {
            shown = console::open(&config, Some(LOGIN.to_owned())) => shown,
            () = shutdown.drain.cancelled() => Ok(()),
        }
    } else {
        tokio::select! {
            () = shutdown.drain.cancelled() => Ok(()),
            ended = &mut running => return flat(ended),
        }
    };
    drop(life);
    shutdown.drain.cancel();
    shutdown.now.cancel();
    flat(running.await)?;
    shown
}

/// What keeps the demo alive; ends when this is dropped.
struct Life {
    _connected: Vec<Presence>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn flat(ended: std::result::Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| Err(Error::Runtime(io::Error::other(error))))
}

/// Lets the printed line connect without a question, and without a word in the person's own `known_hosts`.
fn known_host(daemon: &Daemon, place: &Path) -> Result<()> {
    let path = place.join("known_hosts");
    let port = daemon.addresses().ssh.port();
    let key = daemon.host_key_line();
    std::fs::write(&path, format!("[127.0.0.1]:{port} {key}\n[localhost]:{port} {key}\n"))
        .map_err(|source| Error::File { path, doing: "written", source })
}

fn ssh_line(place: &Path, addresses: Addresses) -> String {
    let (place, port) = (place.display(), addresses.ssh.port());
    format!(
        "ssh -i {place}/key -o IdentitiesOnly=yes -o UserKnownHostsFile={place}/known_hosts -p {port} {LOGIN}@127.0.0.1"
    )
}

fn tell(common: &Common, line: &str, addresses: Addresses, password: &SecretString) {
    let api = format!("http://{}", addresses.api);
    let password = password.expose_secret();
    if common.json {
        output::json(&serde_json::json!({
            "ssh": line,
            "api": api,
            "login": LOGIN,
            "email": sample::EMAIL,
            "password": password,
        }));
    } else {
        output::result(&format!(
            "\n  keyward demo: sample teams and keys, made-up numbers; gone when you leave.\n\n  \
             {line}\n\n  REST      {api}\n  e-mail    {email}\n  password  {password}\n",
            email = sample::EMAIL,
        ));
    }
}
