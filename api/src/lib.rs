//! The HTTP door: REST, as specified.
//!
//! A handler parses, makes one call of [`keyward_keys::Service`] and shapes the answer. This crate holds no rule of
//! its own about who may do what, never sees a stored record, and writes no path, query, name or value to the log.

mod address;
mod bad_head;
mod connections;
mod deadline;
mod deferred;
mod edge;
mod etag;
mod input;
mod limits;
mod link;
mod listing;
mod live;
mod metered;
mod once;
mod openapi;
mod problem;
mod routes;
mod secure;
mod server;
mod signed;
mod terminal;
mod unread;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use keyward_keys::Service;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

pub use server::serve;
pub use terminal::{Arrival, Opened, TerminalEnd, Terminals};

/// Entrances for the fuzzer.
#[cfg(fuzzing)]
pub mod fuzz {
    /// Takes bytes for a body of many events.
    pub fn bulk(bytes: &[u8]) {
        crate::input::bulk(bytes);
    }
}

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
    /// Clients that hear what happens.
    pub(crate) live: live::Live,
    pub(crate) metered: metered::MeteredRoutes,
    /// Opens dashboards for browsers, where there are to be any.
    pub(crate) terminals: Option<Terminals>,
    /// Browsers that have one open.
    pub(crate) terminal_tasks: TaskTracker,
    /// Places for bodies of many events, each of which has a chunk in memory.
    pub(crate) bulk_bodies: Semaphore,
    /// Places for such chunks on their way into the store.
    pub(crate) bulk_chunks: Semaphore,
    draining: AtomicBool,
}

/// Bodies of many events that may be read at once.
const BULK_BODIES: usize = 256;
/// Chunks of events that may be on their way at once: more would only wait in the store's queue.
const BULK_CHUNKS: usize = 16;

impl HttpDoor {
    fn new(service: Service, settings: ApiSettings, terminals: Option<Terminals>) -> Self {
        Self(Arc::new(Shared {
            limits: limits::RequestLimits::new(&settings.limits),
            live: live::Live::new(service.clone(), &settings),
            metered: metered::MeteredRoutes::new(service.meters()),
            terminals,
            terminal_tasks: TaskTracker::new(),
            service,
            settings,
            bulk_bodies: Semaphore::new(BULK_BODIES),
            bulk_chunks: Semaphore::new(BULK_CHUNKS),
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

    /// How long a request may take.
    pub(crate) fn request_time(&self) -> Duration {
        Duration::from_secs(self.settings.api.request_timeout_seconds.get().into())
    }

    fn router(&self) -> Router {
        let requests = edge::wrap(routes::all(self), self, Some(self.request_time()));
        // A stream has no end, so no request's time applies to it.
        requests.merge(edge::wrap(live::routes(self), self, None)).with_state(self.clone())
    }
}

impl std::ops::Deref for HttpDoor {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
