//! Two brakes: how long an account's passwords are refused after too many wrong ones, and how many refusals a
//! second are worth a record.

use std::sync::Mutex;
use std::sync::PoisonError;

use keyward_store::model::Security;

/// Wrong passwords before the account's passwords are refused for a while.
const FREE_ATTEMPTS: u32 = 5;

/// The first lock, ms; each further wrong password doubles it.
const FIRST_LOCK_MS: i64 = 60_000;

/// The longest lock, ms.
const LONGEST_LOCK_MS: i64 = 3_600_000;

/// Whether passwords are refused now. SSH keys and open sessions go on.
pub(crate) fn locked(security: &Security, now_ms: i64) -> bool {
    security.lock_until_ms.is_some_and(|until| now_ms < until)
}

/// The sign-in state after one more wrong password.
pub(crate) fn after_failure(security: &Security, now_ms: i64) -> Security {
    let attempts = security.login_attempts.saturating_add(1);
    let lock_until_ms = (attempts >= FREE_ATTEMPTS).then(|| {
        let doublings = (attempts - FREE_ATTEMPTS).min(16);
        now_ms + (FIRST_LOCK_MS << doublings).min(LONGEST_LOCK_MS)
    });
    Security { login_attempts: attempts, lock_until_ms, ..security.clone() }
}

/// The sign-in state after the right password or key.
pub(crate) fn after_success(security: &Security, now_ms: i64) -> Security {
    Security { login_attempts: 0, lock_until_ms: None, last_login_ms: Some(now_ms), ..security.clone() }
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
    fn the_fifth_wrong_password_locks_and_each_further_one_locks_longer() {
        let mut security = Security::default();
        let mut locks = Vec::new();
        for _ in 0..12 {
            security = after_failure(&security, 1_000);
            locks.push(security.lock_until_ms.map(|until| (until - 1_000) / 60_000));
        }
        let expected = [
            None,
            None,
            None,
            None,
            Some(1),
            Some(2),
            Some(4),
            Some(8),
            Some(16),
            Some(32),
            Some(60),
            Some(60),
        ];
        assert_eq!(locks, expected);
        assert!(locked(&security, 1_000) && !locked(&security, 1_000 + LONGEST_LOCK_MS));
        assert_eq!(after_success(&security, 7), Security { last_login_ms: Some(7), ..Security::default() });
    }

    #[test]
    fn refusals_are_recorded_up_to_a_rate() {
        let refusals = Refusals::default();
        assert_eq!((0..500).filter(|_| refusals.admit(1_000_000)).count(), 100);
        assert_eq!((0..500).filter(|_| refusals.admit(1_001_000)).count(), 10);
    }
}
