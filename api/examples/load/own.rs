//! A server of our own to measure: a fresh store in a temporary folder, in this process, on threads of its own.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use keyward_api::{ApiSettings, serve};
use keyward_config::{Config, Sources};
use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::{Clock, Door, Plan, Service, ServiceOptions, ServiceSettings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::Result;

/// The account that the server starts with.
pub(crate) const EMAIL: &str = "load@example.com";
pub(crate) const PASSWORD: &str = "load test only";

pub(crate) struct OwnServer {
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    folder: TempDir,
}

impl OwnServer {
    /// Starts it; with `discard_usage` it acknowledges events and stores none.
    pub(crate) fn start(discard_usage: bool) -> Result<Self> {
        Self::on_threads(async |folder| open(folder, discard_usage).await)
    }

    /// Starts one that has a single answer, and none of ours.
    pub(crate) fn start_hello() -> Result<Self> {
        Self::on_threads(async |_| {
            let hello = Router::new().route("/", get(async || "hello"));
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            tokio::spawn(async { axum::serve(listener, hello).await });
            Ok(address)
        })
    }

    fn on_threads(open: impl AsyncFnOnce(&TempDir) -> Result<SocketAddr>) -> Result<Self> {
        let folder = TempDir::new()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let address = runtime.block_on(open(&folder))?;
        Ok(Self { address, runtime, folder })
    }

    /// Ends it and removes its folder.
    pub(crate) fn stop(self) -> Result<()> {
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        Ok(self.folder.close()?)
    }
}

async fn open(folder: &TempDir, discard_usage: bool) -> Result<SocketAddr> {
    let overrides = vec![
        ("data_dir".to_owned(), folder.path().display().to_string()),
        ("limits.exempt".to_owned(), r#"["127.0.0.0/8"]"#.to_owned()),
    ];
    let config = Config::load(&Sources { overrides, ..Sources::default() })?;
    let options = ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::generate()?,
        settings: ServiceSettings::new(Clock::system()),
        password_cost: PasswordCost::default(),
    };
    let service = if discard_usage {
        Service::open_discarding_usage(options).await?
    } else {
        Service::open(options).await?
    };
    let account = NewAccount {
        name: "Load".into(),
        email: EMAIL.into(),
        password: PASSWORD.into(),
        code: None,
        ssh_key: None,
    };
    let added = AddedAccount { account, operator: false, plan: Plan::Enterprise };
    service.add_account(&service.system_caller("load", Door::Local), added).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let settings = ApiSettings { api: config.api, limits: config.limits };
    tokio::spawn(serve(listener, service, settings, None, CancellationToken::new()));
    Ok(address)
}
