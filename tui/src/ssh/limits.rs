//! How many strangers may knock at once, and how fast: a rate and a number of slots for each source, and a number
//! for all. Pure bookkeeping over an injected clock; knows no socket and no SSH.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections of all sources that wait for their turn.
const WAITING: usize = 1024;
/// Wrong passwords of one source before its next answers are held back.
const FREE_FAILURES: u32 = 4;
/// Wrong passwords of one source after which it gets no more tries for a while.
const MAX_FAILURES: u32 = 30;
/// How long a source is remembered for its wrong passwords.
const COOL_DOWN: Duration = Duration::from_secs(600);
/// Above this many remembered sources, those with nothing to remember are dropped.
const REMEMBERED: usize = 4096;

/// How many connections strangers may make. A source is one IPv4 address, or one IPv6 /64.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections a source may open at once before its rate counts; at least 1.
    pub burst: u32,
    /// Connections a second of one source after that; at least 1.
    pub per_second: u32,
    /// Connections of one source that wait for their turn; more are closed.
    pub waiting: u32,
    /// Connections that have not signed in, of all sources.
    pub logins: usize,
    /// Connections that have not signed in, of one source.
    pub logins_per_source: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { burst: 10, per_second: 10, waiting: 32, logins: 256, logins_per_source: 16 }
    }
}

/// What connections are counted under: an IPv4 address, or the /64 of an IPv6 address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        })
    }
}

#[derive(Default)]
struct Record {
    /// When the source's next connection would be on time (a leaky bucket's only state).
    due: Option<Instant>,
    pre_auth: usize,
    failures: u32,
    last_failure: Option<Instant>,
}

#[derive(Default)]
struct Counts {
    sources: HashMap<Source, Record>,
    pre_auth: usize,
    waiting: usize,
}

/// Counts strangers. Shared by the accept loop and every connection.
#[derive(Default)]
pub(super) struct Gate {
    limits: ConnectionLimits,
    counts: Mutex<Counts>,
}

impl Gate {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self { limits, counts: Mutex::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Plain counters: a panic between two of them cannot leave anything worse than a number off by one.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long this connection's banner is held back; none when too many of its source wait already.
    pub(super) fn knock(self: &Arc<Self>, source: Source, now: Instant) -> Option<Turn> {
        let limits = self.limits;
        // Time that one connection of a source takes up.
        let interval = Duration::from_secs(1) / limits.per_second.max(1);
        let mut counts = self.counts();
        if counts.sources.len() > REMEMBERED {
            counts.sources.retain(|_, record| record.is_worth_keeping(now));
        }
        let waiting = counts.waiting;
        let record = counts.sources.entry(source).or_default();
        let due = record.due.map_or(now, |due| due.max(now));
        let wait = (due - now).saturating_sub(interval * limits.burst.saturating_sub(1));
        if wait > interval * limits.waiting || (!wait.is_zero() && waiting >= WAITING) {
            return None;
        }
        record.due = Some(due + interval);
        counts.waiting += 1;
        Some(Turn { gate: Arc::clone(self), wait })
    }

    /// A slot for a connection that has not signed in; none when they are used up. `chance` (0 to 255, random)
    /// decides who is turned away once half of them are taken, so that a flood cannot keep everybody out.
    pub(super) fn pre_auth(self: &Arc<Self>, source: Source, chance: u8) -> Option<Slot> {
        let limits = self.limits;
        let half = (limits.logins / 2).max(1);
        let mut counts = self.counts();
        let crowding = counts.pre_auth.saturating_sub(half) * 256 / half;
        if counts.pre_auth >= limits.logins || usize::from(chance) < crowding {
            return None;
        }
        let record = counts.sources.entry(source).or_default();
        if record.pre_auth >= limits.logins_per_source {
            return None;
        }
        record.pre_auth += 1;
        counts.pre_auth += 1;
        Some(Slot { gate: Arc::clone(self), source })
    }

    /// How long the answer to a password of this source is held back; none when it gets no answer at all.
    pub(super) fn password_delay(&self, source: Source, now: Instant) -> Option<Duration> {
        let mut counts = self.counts();
        let Some(record) = counts.sources.get_mut(&source) else { return Some(Duration::ZERO) };
        if record.last_failure.is_some_and(|last| now.duration_since(last) > COOL_DOWN) {
            record.failures = 0;
        }
        match record.failures {
            0..FREE_FAILURES => Some(Duration::ZERO),
            FREE_FAILURES..MAX_FAILURES => {
                Some(Duration::from_millis(125 << (record.failures - FREE_FAILURES).min(5)))
            }
            _ => None,
        }
    }

    /// Remembers a wrong password. Offered keys are not counted: clients try all they have.
    pub(super) fn password_failed(&self, source: Source, now: Instant) {
        let mut counts = self.counts();
        let record = counts.sources.entry(source).or_default();
        record.failures = record.failures.saturating_add(1);
        record.last_failure = Some(now);
    }
}

impl Record {
    fn is_worth_keeping(&self, now: Instant) -> bool {
        self.pre_auth > 0
            || self.due.is_some_and(|due| due > now)
            || self.last_failure.is_some_and(|last| now.duration_since(last) <= COOL_DOWN)
    }
}

/// A connection's place in the line; dropped when its turn has come.
pub(super) struct Turn {
    gate: Arc<Gate>,
    pub(super) wait: Duration,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.gate.counts().waiting -= 1;
    }
}

/// A place among the connections that have not signed in; given back when dropped.
pub(super) struct Slot {
    gate: Arc<Gate>,
    source: Source,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        counts.pre_auth -= 1;
        if let Some(record) = counts.sources.get_mut(&self.source) {
            record.pre_auth -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        IpAddr::from([192, 0, 2, last]).into()
    }

    #[test]
    fn a_burst_passes_the_rest_waits_and_the_line_has_an_end() {
        let gate = Arc::new(Gate::default());
        let now = Instant::now();
        let turns: Vec<_> = (0..60).map_while(|_| gate.knock(source(1), now)).collect();
        assert_eq!(turns.iter().filter(|turn| turn.wait.is_zero()).count(), 10);
        assert_eq!(turns.len(), 42);
        assert!(turns.windows(2).all(|pair| pair[0].wait <= pair[1].wait));
        assert!(gate.knock(source(2), now).is_some_and(|turn| turn.wait.is_zero()));
        let later = now + Duration::from_secs(6);
        assert!(gate.knock(source(1), later).is_some_and(|turn| turn.wait.is_zero()));
        drop(turns);
        assert_eq!(gate.counts().waiting, 0);
    }

    #[test]
    fn one_source_cannot_take_every_slot_and_slots_come_back() {
        let gate = Arc::new(Gate::default());
        let slots: Vec<_> = (0..40).map_while(|_| gate.pre_auth(source(1), 255)).collect();
        assert_eq!(slots.len(), 16);
        assert!(gate.pre_auth(source(2), 255).is_some());
        drop(slots);
        assert!(gate.pre_auth(source(1), 255).is_some());
        assert_eq!(gate.counts().pre_auth, 0);
    }

    #[test]
    fn a_crowd_is_thinned_by_chance_and_has_an_upper_bound() {
        let gate = Arc::new(Gate::default());
        let mut slots = Vec::new();
        for last in 0..=255 {
            slots.extend((0..2).map_while(|_| gate.pre_auth(source(last), 255)));
        }
        assert!(slots.len() <= 256, "{}", slots.len());
        slots.truncate(192);
        assert!(gate.pre_auth(source(254), 0).is_none());
        assert!(gate.pre_auth(source(254), 255).is_some());
    }

    #[test]
    fn neighbours_in_a_v6_network_and_mapped_addresses_count_as_one() {
        let parse = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(parse("2001:db8::1"), parse("2001:db8::ffff"));
        assert_ne!(parse("2001:db8::1"), parse("2001:db8:0:1::1"));
        assert_eq!(parse("::ffff:192.0.2.7"), parse("192.0.2.7"));
    }

    #[test]
    fn wrong_passwords_slow_a_source_down_then_stop_it_for_a_while() {
        let gate = Arc::new(Gate::default());
        let now = Instant::now();
        let mut delays = Vec::new();
        for _ in 0..MAX_FAILURES {
            delays.extend(gate.password_delay(source(1), now));
            gate.password_failed(source(1), now);
        }
        assert!(delays[..FREE_FAILURES as usize].iter().all(Duration::is_zero));
        assert!(delays.last().is_some_and(|delay| *delay >= Duration::from_secs(1)));
        assert_eq!(gate.password_delay(source(1), now), None);
        assert_eq!(gate.password_delay(source(2), now), Some(Duration::ZERO));
        assert_eq!(gate.password_delay(source(1), now + COOL_DOWN * 2), Some(Duration::ZERO));
    }
}
