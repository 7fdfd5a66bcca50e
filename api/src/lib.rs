//! The HTTP door: REST, as specified.
//!
//! A handler parses, makes one call of [`keyward_keys::Service`] and shapes the answer. This crate holds no rule of
//! its own about who may do what, never sees a stored record, and writes no path, query, name or value to the log.

mod address;
mod connections;
mod edge;
mod etag;
mod input;
mod limits;
mod link;
mod openapi;
mod problem;
mod routes;
mod secure;
mod server;
mod signed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use keyward_keys::Service;

pub use server::serve;

/// What the door reads of the settings.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Addresses, trust and bounds of one request.
    pub api: keyward_config::Api,
    /// How much anyone may do.
    pub limits: keyward_config::Limits,
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct HttpDoor(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) service: Service,
    pub(crate) settings: ApiSettings,
    pub(crate) limits: limits::RequestLimits,
    /// Requests with a large body under way; bounded, for each holds megabytes.
    pub(crate) bulk: Arc<tokio::sync::Semaphore>,
    draining: AtomicBool,
}

/// Large bodies that may be in memory at once.
const BULK_AT_ONCE: usize = 16;

impl HttpDoor {
    fn new(service: Service, settings: ApiSettings) -> Self {
        Self(Arc::new(Shared {
            limits: limits::RequestLimits::new(&settings.limits),
            service,
            settings,
            bulk: Arc::new(tokio::sync::Semaphore::new(BULK_AT_ONCE)),
            draining: AtomicBool::new(false),
        }))
    }

    /// From now on `/health/ready` says no, so that balancers look elsewhere.
    pub(crate) fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    fn router(&self) -> Router {
        edge::wrap(routes::all(self), self).with_state(self.clone())
    }
}

impl std::ops::Deref for HttpDoor {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
