//! How often one may ask: a token bucket for each address that is not signed in (or is signing in), for each person,
//! and, when the settings say so, for each service token. Asked before anything costs time.
//!
//! Buckets are told apart by a keyed hash of some 17 bits, not by the address itself: so their memory is bounded
//! however many addresses a flood comes from, and nobody outside can work out who shares a bucket.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use keyward_config::{Limits, Networks};
use keyward_keys::{Id, Identity};

/// Buckets of one kind at most.
const BUCKETS: u64 = 1 << 17;
/// Full buckets are forgotten once in so many questions: no timer runs while nobody asks.
const PRUNE_EVERY: u32 = 1 << 13;

/// The three limits.
pub(crate) struct RequestLimits {
    strangers: Option<Limit>,
    people: Option<Limit>,
    tokens: Option<Limit>,
    exempt: Networks,
}

impl RequestLimits {
    pub(crate) fn new(limits: &Limits) -> Self {
        let window = Duration::from_secs(limits.stranger_window_seconds.get().into());
        let minute = Duration::from_secs(60);
        Self {
            strangers: Limit::new("stranger", limits.stranger_requests, window),
            people: Limit::new("person", limits.person_per_minute, minute),
            tokens: Limit::new("token", limits.token_per_minute, minute),
            exempt: limits.exempt.clone(),
        }
    }

    /// Counts a request of somebody who is not signed in, or is signing in.
    pub(crate) fn stranger(&self, address: IpAddr) -> Option<Standing> {
        let limit = self.strangers.as_ref()?;
        (!self.exempt.contains(address)).then(|| limit.count(&network(address)))
    }

    /// Counts a request of somebody who is signed in.
    pub(crate) fn caller(&self, who: Identity, address: IpAddr) -> Option<Standing> {
        match who {
            Identity::Account(id) => self.person(id, address),
            Identity::Token(id) => self.token(id, address),
            Identity::System(_) => None,
        }
    }

    /// Counts a person's request.
    fn person(&self, account: Id, address: IpAddr) -> Option<Standing> {
        let limit = self.people.as_ref()?;
        (!self.exempt.contains(address)).then(|| limit.count(account.as_bytes()))
    }

    /// Counts a service token's request.
    fn token(&self, token: Id, address: IpAddr) -> Option<Standing> {
        let limit = self.tokens.as_ref()?;
        (!self.exempt.contains(address)).then(|| limit.count(token.as_bytes()))
    }
}

/// Whoever holds an IPv6 address holds its /64.
fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            octets
        }
    }
}

type Buckets = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>;

struct Limit {
    name: &'static str,
    requests: u32,
    window: Duration,
    buckets: Buckets,
    hasher: RandomState,
    asked: AtomicU32,
}

impl Limit {
    /// A limit of `requests` per `window`, all of which may come at once; none when `requests` is 0.
    fn new(name: &'static str, requests: u32, window: Duration) -> Option<Self> {
        let burst = NonZeroU32::new(requests)?;
        let quota = Quota::with_period(window / requests)?.allow_burst(burst);
        Some(Self {
            name,
            requests,
            window,
            buckets: RateLimiter::dashmap(quota).with_middleware(),
            hasher: RandomState::new(),
            asked: AtomicU32::new(0),
        })
    }

    fn count(&self, who: &[u8]) -> Standing {
        if self.asked.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY == PRUNE_EVERY - 1 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        let bucket = self.hasher.hash_one(who) % BUCKETS;
        let (remaining, wait) = match self.buckets.check_key(&bucket) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(refused) => (0, Some(refused.wait_time_from(self.buckets.clock().now()))),
        };
        Standing { name: self.name, requests: self.requests, window: self.window, remaining, wait }
    }
}

/// Where somebody stands with a limit after a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    name: &'static str,
    requests: u32,
    window: Duration,
    remaining: u32,
    /// How long to wait; the request is refused when there is one.
    wait: Option<Duration>,
}

impl Standing {
    /// Whole seconds to wait, when the request is refused.
    pub(crate) fn refused(&self) -> Option<Duration> {
        self.wait
    }

    /// Adds the fields of draft-ietf-httpapi-ratelimit-headers and the older trio that most clients read. The trio's
    /// reset is the Unix second at which the limit is whole again.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        let Self { name, requests, window, remaining, .. } = self;
        let used = requests - remaining.min(requests);
        let one = window.as_secs_f64() / f64::from(*requests);
        let whole_again = (one * f64::from(used)).ceil() as u64;
        let next = self.wait.map_or(whole_again, crate::problem::whole_seconds);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut insert = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        insert("ratelimit-policy", format!("\"{name}\";q={requests};w={}", window.as_secs()));
        insert("ratelimit", format!("\"{name}\";r={remaining};t={next}"));
        insert("x-ratelimit-limit", requests.to_string());
        insert("x-ratelimit-remaining", remaining.to_string());
        insert("x-ratelimit-reset", (now + whole_again).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(requests: u32, seconds: u64) -> Limit {
        Limit::new("stranger", requests, Duration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn a_burst_passes_and_the_next_one_waits() {
        let limit = limit(100, 900);
        for left in (0..100).rev() {
            let standing = limit.count(b"somebody");
            assert_eq!((standing.remaining, standing.wait), (left, None));
        }
        let wait = limit.count(b"somebody").refused().unwrap();
        assert!(wait <= Duration::from_secs(9), "one comes back every nine seconds, not after {wait:?}");
        assert_eq!(limit.count(b"somebody else").refused(), None);
    }

    #[test]
    fn zero_is_no_limit() {
        assert!(Limit::new("token", 0, Duration::from_secs(60)).is_none());
    }

    #[test]
    fn one_ipv6_network_is_one_caller() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn memory_is_bounded_whoever_asks() {
        let limit = limit(100, 900);
        for number in 0..400_000_u32 {
            limit.count(&number.to_be_bytes());
        }
        assert!(limit.buckets.len() <= BUCKETS as usize);
    }

    #[test]
    fn headers_tell_the_limit_in_both_spellings() {
        let limit = limit(2, 60);
        let mut headers = HeaderMap::new();
        limit.count(b"a").add_headers(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"stranger\";q=2;w=60");
        assert_eq!(headers["ratelimit"], "\"stranger\";r=1;t=30");
        assert_eq!(headers["x-ratelimit-limit"], "2");
        assert_eq!(headers["x-ratelimit-remaining"], "1");
        limit.count(b"a");
        limit.count(b"a").add_headers(&mut headers);
        assert_eq!(headers["x-ratelimit-remaining"], "0");
    }
}
