//! Two brakes: how long proofs are refused after too many wrong ones, and how many refusals a second are worth a
//! record. Both live in memory; a restart forgets them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyward_store::model::Id;

/// Wrong proofs before proofs are refused for a while.
const FREE_ATTEMPTS: u32 = 5;

/// The first lock, ms; each further wrong proof doubles it.
const FIRST_LOCK_MS: i64 = 60_000;

/// The longest lock, ms.
const LONGEST_LOCK_MS: i64 = 3_600_000;

/// Wrong proofs are forgotten this long after the last one, ms.
const FORGET_MS: i64 = 24 * 3_600_000;

/// Counts of one half; see [`Lockouts`].
const HALF: usize = 50_000;

/// What wrong proofs are counted for.
#[derive(Clone, Hash)]
pub(crate) enum Counted {
    /// Passwords of an account, from one source: a stranger elsewhere cannot lock its owner out.
    Password(Id, Source),
    /// Passwords of a name that nobody has, from one source: it must look as if somebody had it.
    Unknown(String, Source),
    /// Second factors of an account, from anywhere: whoever comes so far knows the password.
    Code(Id),
}

/// Where somebody comes from, as far as they can choose it: an IPv4 /24 or an IPv6 /64; none on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Source(Option<[u8; 8]>);

impl From<Option<IpAddr>> for Source {
    fn from(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                [0, 0, 0, 0, 4, a, b, c]
            }
            IpAddr::V6(address) => {
                let octets = address.octets();
                std::array::from_fn(|i| octets[i])
            }
        }))
    }
}

/// What came of a password that was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Right,
    /// It is counted.
    Wrong,
    /// Right or wrong, none is accepted for so long.
    Locked(Duration),
}

/// Wrong proofs, each kind under a keyed hash. Bounded: two halves stand in for an order of use, and when the young
/// one is full, the old one is dropped whole. Filling them costs as many password hashes.
#[derive(Default)]
pub(crate) struct Lockouts {
    hasher: RandomState,
    halves: Mutex<[HashMap<u64, Attempts>; 2]>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Attempts {
    count: u32,
    last_ms: i64,
    locked_until_ms: i64,
}

impl Attempts {
    fn one_more(self, now_ms: i64) -> Self {
        // While proofs are refused anyway, more of them do not make it longer.
        if now_ms < self.locked_until_ms {
            return self;
        }
        let count = if now_ms - self.last_ms > FORGET_MS { 1 } else { self.count.saturating_add(1) };
        let doublings = count.saturating_sub(FREE_ATTEMPTS).min(16);
        let lock_ms = (FIRST_LOCK_MS << doublings).min(LONGEST_LOCK_MS);
        let locked_until_ms = if count < FREE_ATTEMPTS { 0 } else { now_ms + lock_ms };
        Self { count, last_ms: now_ms, locked_until_ms }
    }
}

impl Lockouts {
    /// How long proofs are still refused. SSH keys and open sessions go on.
    pub(crate) fn locked(&self, what: &Counted, now_ms: i64) -> Option<Duration> {
        let key = self.hasher.hash_one(what);
        let halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = halves.iter().find_map(|half| half.get(&key))?;
        let left = u64::try_from(attempts.locked_until_ms - now_ms).ok().filter(|left| *left > 0)?;
        Some(Duration::from_millis(left))
    }

    /// Counts a wrong proof.
    pub(crate) fn failed(&self, what: &Counted, now_ms: i64) {
        let key = self.hasher.hash_one(what);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *halves;
        let attempts = young.get(&key).copied().or_else(|| old.remove(&key)).unwrap_or_default();
        if young.len() >= HALF && !young.contains_key(&key) {
            *old = std::mem::take(young);
        }
        young.insert(key, attempts.one_more(now_ms));
    }

    /// What comes of a proof that was compared, and counts a wrong one. Say it where the next comparison waits for this one: of
    /// many guesses at once, each must hear of those that were compared before it.
    pub(crate) fn judge(&self, what: &Counted, right: bool, now_ms: i64) -> Verdict {
        match self.locked(what, now_ms) {
            Some(wait) => Verdict::Locked(wait),
            None if right => Verdict::Right,
            None => {
                self.failed(what, now_ms);
                Verdict::Wrong
            }
        }
    }

    /// Forgets wrong proofs: a right one came.
    pub(crate) fn proved(&self, what: &Counted) {
        let key = self.hasher.hash_one(what);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        for half in halves.iter_mut() {
            half.remove(&key);
        }
    }
}

/// Lets some ten records of refusals a second through, with a burst of a hundred.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<i64>);

const REFUSAL_COST_MS: i64 = 100;
const REFUSAL_BURST_MS: i64 = 10_000;

impl Refusals {
    /// Whether one more may be recorded (a leaky bucket: GCRA with the constants above).
    pub(crate) fn admit(&self, now_ms: i64) -> bool {
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*due).max(now_ms) + REFUSAL_COST_MS;
        if next - now_ms > REFUSAL_BURST_MS {
            return false;
        }
        *due = next;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_proof_locks_and_each_further_one_locks_longer() {
        let mut attempts = Attempts::default();
        let (mut now_ms, mut minutes) = (1_000_000_000, Vec::new());
        for _ in 0..12 {
            attempts = attempts.one_more(now_ms);
            minutes.push((attempts.locked_until_ms - now_ms).max(0) / 60_000);
            if attempts.locked_until_ms > 0 {
                assert_eq!(attempts.one_more(attempts.locked_until_ms - 1), attempts, "not prolonged");
            }
            now_ms = now_ms.max(attempts.locked_until_ms);
        }
        assert_eq!(minutes, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(attempts.one_more(now_ms + FORGET_MS).count, 1, "a day later it begins anew");
    }

    #[test]
    fn accounts_and_sources_are_counted_apart() {
        let lockouts = Lockouts::default();
        let source = |text: &str| Source::from(Some(text.parse().unwrap()));
        let (ana, bob) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let here = Counted::Password(ana, source("192.0.2.7"));
        (0..5).for_each(|_| lockouts.failed(&here, 1_000));
        assert_eq!(lockouts.locked(&here, 1_000), Some(Duration::from_secs(60)));
        assert!(
            lockouts.locked(&Counted::Password(ana, source("192.0.2.99")), 1_000).is_some(),
            "one network"
        );
        for other in [
            Counted::Password(ana, source("192.0.3.7")),
            Counted::Password(bob, source("192.0.2.7")),
            Counted::Unknown("ana".to_owned(), source("192.0.2.7")),
            Counted::Code(ana),
        ] {
            assert_eq!(lockouts.locked(&other, 1_000), None);
        }
        assert_eq!(lockouts.locked(&here, 61_000), None);
        lockouts.proved(&here);
        lockouts.failed(&here, 61_000);
        assert_eq!(lockouts.locked(&here, 61_000), None, "counted from the beginning");
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let lockouts = Lockouts::default();
        let source = Source::from(None);
        let mine = Counted::Unknown("mine".to_owned(), source);
        for number in 0..3 * HALF {
            lockouts.failed(&Counted::Unknown(number.to_string(), source), 1_000);
            if number % HALF == HALF - 1 {
                lockouts.failed(&mine, 1_000);
            }
        }
        (0..2).for_each(|_| lockouts.failed(&mine, 1_000));
        assert!(lockouts.locked(&mine, 1_000).is_some());
        let halves = lockouts.halves.lock().unwrap();
        assert!(halves.iter().map(HashMap::len).sum::<usize>() <= 2 * HALF);
    }

    #[test]
    fn refusals_are_recorded_up_to_a_rate() {
        let refusals = Refusals::default();
        assert_eq!((0..500).filter(|_| refusals.admit(1_000_000)).count(), 100);
        assert_eq!((0..500).filter(|_| refusals.admit(1_001_000)).count(), 10);
    }
}
