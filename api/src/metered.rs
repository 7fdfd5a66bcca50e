//! The counters of each route, found again without a lock: a table that is filled as routes are first asked for, and
//! never grows. What has no place any more is counted as one.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::time::Duration;

use foldhash::fast::FixedState;
use keyward_keys::meters::{Meters, RouteMeters};

use crate::HttpDoor;

/// Routes and methods that are told apart; there are some hundred routes.
const PLACES: usize = 1024;

/// What requests that fit no route are counted under.
const NONE: &str = "none";

struct Place {
    route: Box<str>,
    method: &'static str,
    meters: RouteMeters,
}

/// The counters by route and method.
pub(crate) struct MeteredRoutes {
    places: Box<[OnceLock<Place>]>,
    rest: RouteMeters,
}

impl MeteredRoutes {
    pub(crate) fn new(meters: &Meters) -> Self {
        Self { places: (0..PLACES).map(|_| OnceLock::new()).collect(), rest: meters.route(NONE, "other") }
    }

    /// Counts an answer. `route` is a template of ours, or none when the request fitted no route.
    pub(crate) fn answered(
        &self,
        meters: &Meters,
        route: Option<&str>,
        method: &'static str,
        status: u16,
        took: Duration,
    ) {
        // Methods that a route has not would let callers fill the table.
        let method = if status == 405 { "other" } else { method };
        match route {
            Some(route) => self.of(meters, route, method).answered(status, took),
            None => self.rest.answered(status, took),
        }
    }

    fn of(&self, meters: &Meters, route: &str, method: &'static str) -> &RouteMeters {
        let mut hasher = FixedState::with_seed(0).build_hasher();
        hasher.write(route.as_bytes());
        hasher.write(method.as_bytes());
        let start = hasher.finish() as usize;
        for step in 0..PLACES {
            let made = || Place { route: route.into(), method, meters: meters.route(route, method) };
            let place = self.places[start.wrapping_add(step) % PLACES].get_or_init(made);
            if place.method == method && *place.route == *route {
                return &place.meters;
            }
        }
        &self.rest
    }
}

/// A request that is being answered, or was given up.
pub(crate) struct UnderWay(HttpDoor);

impl UnderWay {
    pub(crate) fn new(door: HttpDoor) -> Self {
        door.service.meters().in_flight.inc();
        Self(door)
    }

    pub(crate) fn door(&self) -> &HttpDoor {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.service.meters().in_flight.dec();
    }
}
