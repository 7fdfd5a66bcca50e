//! The daemon around one `Service`: both doors, the jobs and the admin socket, from the first file to the drained end.
//! What is printed, and when it is told to stop, is `serve`'s.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keyward_api::ApiSettings;
use keyward_config::{Config, Networks, Smtp, SmtpTls};
use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::outbound::{MailSettings, MailTls, OutboundSettings};
use keyward_keys::view::PlanLimits;
use keyward_keys::{Clock, Door, Plans, Registration, Service, ServiceOptions, ServiceSettings, Thresholds};
use keyward_tui::session::{Registry, Spots, TimeLimits};
use keyward_tui::ssh::{ConnectionLimits, HostKey, Shutdown, SshSettings, load_or_make_host_key};
use tokio::net::TcpListener;

use crate::admin;
use crate::browser;
use crate::error::{Error, Result, chain};
use crate::folder::Folder;
use crate::jobs::Jobs;
use crate::memory;
use crate::prices;
use crate::secrets;

/// How long doors may take to leave once they are told to wait no longer.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The doors' listeners. Bound before anything else, so that nothing is announced that cannot be reached.
#[derive(Debug)]
pub struct Listeners {
    /// For SSH.
    pub ssh: TcpListener,
    /// For HTTP.
    pub api: TcpListener,
}

impl Listeners {
    /// Binds what the settings name.
    ///
    /// # Errors
    /// An address is taken or not ours; the door and its setting are named.
    pub async fn bind(config: &Config) -> Result<Self> {
        Ok(Self {
            ssh: bind("SSH", "ssh.listen", config.ssh.listen).await?,
            api: bind("HTTP", "api.listen", config.api.listen).await?,
        })
    }
}

async fn bind(door: &'static str, setting: &'static str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { door, setting, address, source })
}

/// Where both doors are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// SSH.
    pub ssh: SocketAddr,
    /// HTTP.
    pub api: SocketAddr,
}

/// A daemon that is ready to run: everything is open, nobody has been let in yet.
pub struct Daemon {
    config: Config,
    folder: Folder,
    service: Service,
    listeners: Listeners,
    addresses: Addresses,
    host_key: HostKey,
    admin: admin::Listener,
}

impl Daemon {
    /// Opens the keys and the database in a folder that is held. Nothing is made beside a database that does not
    /// open.
    ///
    /// # Errors
    /// A key is missing or wrong, or a file cannot be read or written.
    pub async fn open(
        config: Config,
        folder: Folder,
        listeners: Listeners,
        password_cost: PasswordCost,
    ) -> Result<Self> {
        let service = open_service(&config, &folder, password_cost, Clock::system()).await?;
        // Only now: the master key has proven to be the database's.
        let host_key = load_or_make_host_key(&config.data_dir.host_key())?;
        let admin = admin::Listener::bind(&config)?;
        let unknown = |door, setting, address| move |source| Error::Listen { door, setting, address, source };
        let addresses = Addresses {
            ssh: listeners.ssh.local_addr().map_err(unknown("SSH", "ssh.listen", config.ssh.listen))?,
            api: listeners.api.local_addr().map_err(unknown("HTTP", "api.listen", config.api.listen))?,
        };
        Ok(Self { config, folder, service, listeners, addresses, host_key, admin })
    }

    /// The core, for a test that looks behind the doors, and for sample data.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Where both doors are.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The host key's fingerprint, as `ssh` shows it at the first connection.
    pub fn fingerprint(&self) -> String {
        self.host_key.fingerprint()
    }

    /// The host key as `known_hosts` names it, without the host.
    pub fn host_key_line(&self) -> String {
        self.host_key.public_line()
    }

    /// The data folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Lets people in, until `shutdown` asks for the end; returns when every door is drained and the database closed.
    ///
    /// # Errors
    /// The jobs could not be scheduled, or the database did not close.
    pub async fn run(self, shutdown: Shutdown) -> Result<()> {
        let Self { config, folder, service, listeners, addresses, host_key, admin } = self;
        let drain = Duration::from_secs(config.limits.drain_seconds.into());
        let sessions = Sessions::new(&config, addresses.ssh.port());
        tokio::spawn(memory::give_back(sessions.registry.ended()));
        let ssh = keyward_tui::ssh::serve(
            listeners.ssh,
            service.clone(),
            ssh_settings(&config, &sessions),
            host_key,
            shutdown.clone(),
        );
        let api_settings = ApiSettings { api: config.api.clone(), limits: config.limits.clone() };
        let terminals = config
            .api
            .terminal
            .then(|| browser::terminals(service.clone(), sessions.clone(), drain, &shutdown));
        let api = keyward_api::serve(
            listeners.api,
            service.clone(),
            api_settings,
            terminals,
            shutdown.drain.clone(),
        );
        let serving = admin::Serving { sessions, drain };
        let admin = admin.serve(service.clone(), serving, shutdown.clone());
        let mut doors = tokio::task::JoinSet::new();
        doors.spawn(ssh);
        doors.spawn(api);
        doors.spawn(admin);
        let jobs = Jobs::start(&service).await?;
        tokio::select! {
            () = shutdown.drain.cancelled() => {}
            // A door ends early only when it has panicked. Without it the daemon is no daemon.
            _ = doors.join_next() => {
                tracing::error!("a door failed, so the daemon stops");
                shutdown.drain.cancel();
            }
        }
        tracing::info!("draining: no new work, what is under way may finish");
        let system = service.system_caller("shutdown", Door::System);
        if let Err(error) = service.announce_drain(&system, config.limits.drain_seconds) {
            tracing::warn!(%error, "open sessions were not told of the end");
        }
        jobs.stop().await;
        tokio::select! {
            () = finished(&mut doors) => {}
            () = lingering(&shutdown) => doors.abort_all(),
        }
        // So that all records of a stopped daemon are signed for.
        if let Err(error) = service.sign_audit(&system).await {
            tracing::warn!(error = chain(&error), "the last audit records are not signed");
        }
        service.close().await?;
        drop(folder);
        tracing::info!("stopped");
        Ok(())
    }
}

async fn finished(doors: &mut tokio::task::JoinSet<()>) {
    while let Some(door) = doors.join_next().await {
        if let Err(error) = door {
            tracing::error!(%error, "a door failed");
        }
    }
}

/// Ends some time after the doors were told to wait no longer.
async fn lingering(shutdown: &Shutdown) {
    shutdown.now.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// Opens the core over a folder's files: the daemon's, or a command's when no daemon runs.
///
/// # Errors
/// As for [`Daemon::open`].
pub async fn open_service(
    config: &Config,
    folder: &Folder,
    password_cost: PasswordCost,
    clock: Clock,
) -> Result<Service> {
    let master_key = secrets::master_key(config, folder)?;
    let options = service_options(config, folder.database(), master_key, password_cost, clock)?;
    Ok(Service::open(options).await?)
}

/// What the core is told of the settings, over any file.
///
/// # Errors
/// The price book has faults.
pub(crate) fn service_options(
    config: &Config,
    database: &Path,
    master_key: MasterKey,
    password_cost: PasswordCost,
    clock: Clock,
) -> Result<ServiceOptions> {
    let prices = Arc::new(prices::book(&config.data_dir)?);
    let settings = ServiceSettings { prices, ..service_settings(config, clock) };
    Ok(ServiceOptions { path: database.to_owned(), master_key, settings, password_cost })
}

fn seconds(seconds: std::num::NonZeroU32) -> Duration {
    Duration::from_secs(seconds.get().into())
}

fn registration(config: &Config) -> Registration {
    match config.auth.registration {
        keyward_config::Registration::Open => Registration::Open,
        keyward_config::Registration::Invite => Registration::Invite,
        keyward_config::Registration::Closed => Registration::Closed,
    }
}

fn plans(plans: &keyward_config::Plans) -> Plans {
    let limits = |limits: &keyward_config::PlanLimits| PlanLimits {
        api_keys: limits.api_keys,
        monthly_requests: limits.monthly_requests,
    };
    Plans { free: limits(&plans.free), pro: limits(&plans.pro), enterprise: limits(&plans.enterprise) }
}

/// The mail server, where one is set.
fn mail(smtp: &Smtp) -> Option<MailSettings> {
    if smtp.host.as_str().is_empty() {
        return None;
    }
    let login = smtp.password.get().map(|password| (smtp.user.clone(), password.clone()));
    Some(MailSettings {
        host: smtp.host.as_str().to_owned(),
        port: smtp.port.get(),
        tls: match smtp.tls {
            SmtpTls::Starttls => MailTls::Starttls,
            SmtpTls::Implicit => MailTls::Implicit,
            SmtpTls::None => MailTls::None,
        },
        login,
        from: smtp.from.as_str().to_owned(),
        domains: smtp.domains.iter().map(|domain| domain.as_str().to_owned()).collect(),
        verify: smtp.verify_addresses,
    })
}

fn service_settings(config: &Config, clock: Clock) -> ServiceSettings {
    ServiceSettings {
        registration: registration(config),
        token_lifetime: seconds(config.auth.jwt_lifetime_seconds),
        refresh_lifetime: seconds(config.auth.refresh_lifetime_seconds),
        session_lifetime: seconds(config.auth.session_lifetime_seconds),
        retention_days: config.usage.retention_days.get(),
        thresholds: Thresholds::new(config.usage.thresholds.percents().iter().copied()),
        plans: plans(&config.plans),
        outbound: OutboundSettings {
            allow: config.outbound.allow.iter().copied().collect(),
            folder: Some(config.data_dir.path().to_owned()),
            mail: mail(&config.smtp),
            ..OutboundSettings::default()
        },
        ..ServiceSettings::new(clock)
    }
}

/// What dashboards have in common, whatever carries them.
#[derive(Clone)]
pub(crate) struct Sessions {
    /// How long each may last.
    pub(crate) limits: TimeLimits,
    /// How many there are and may be.
    pub(crate) registry: Registry,
    /// Where people were when their last ones ended.
    pub(crate) spots: Spots,
    /// Networks whose sessions are not limited in number.
    pub(crate) exempt: Networks,
    /// Where the SSH door is, for hints.
    pub(crate) ssh_port: u16,
}

impl Sessions {
    fn new(config: &Config, ssh_port: u16) -> Self {
        let limits = &config.limits;
        Self {
            limits: time_limits(config),
            registry: Registry::new(count(limits.ssh_sessions_per_account), count(limits.ssh_sessions)),
            spots: Spots::default(),
            exempt: limits.exempt.clone(),
            ssh_port,
        }
    }
}

fn time_limits(config: &Config) -> TimeLimits {
    let lock = (config.ssh.lock_seconds > 0).then(|| Duration::from_secs(config.ssh.lock_seconds.into()));
    TimeLimits { idle: seconds(config.ssh.idle_seconds), lock, total: seconds(config.ssh.session_seconds) }
}

fn count(number: std::num::NonZeroU32) -> usize {
    number.get() as usize
}

fn ssh_settings(config: &Config, sessions: &Sessions) -> SshSettings {
    let limits = &config.limits;
    SshSettings {
        password: config.auth.ssh_password,
        registration: registration(config),
        login_deadline: seconds(config.ssh.login_seconds),
        rekey: seconds(config.ssh.rekey_seconds),
        post_quantum_only: config.ssh.post_quantum_only,
        session: sessions.limits,
        connections: ConnectionLimits {
            burst: limits.ssh_burst.get(),
            per_second: limits.ssh_per_second.get(),
            waiting: limits.ssh_waiting,
            logins: count(limits.ssh_logins),
            logins_per_source: count(limits.ssh_logins_per_address),
        },
        channels: count(limits.ssh_channels),
        registry: sessions.registry.clone(),
        spots: sessions.spots.clone(),
        drain: Duration::from_secs(config.limits.drain_seconds.into()),
        exempt: config.limits.exempt.iter().copied().collect(),
        ..SshSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sets_is_the_same_in_the_settings_and_in_the_core() {
        let overrides = vec![("data_dir".to_owned(), "/nowhere".to_owned())];
        let config = Config::load(&keyward_config::Sources { overrides, ..Default::default() }).unwrap();
        let (settings, mut core) =
            (service_settings(&config, Clock::system()), ServiceSettings::new(Clock::system()));
        // The data folder has no default in the core.
        core.outbound.folder = Some("/nowhere".into());
        assert_eq!(format!("{settings:?}"), format!("{core:?}"));
    }
}
