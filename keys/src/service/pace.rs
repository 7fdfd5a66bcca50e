//! Where a month (UTC) leads if it goes on as it went so far: what it will come to, and when something is used up. One
//! straight line for calls and money, plans, limits and budgets.

use jiff::Timestamp;

use crate::clock::{month_around, timestamp};

/// Before so much of a month has passed, its pace is taken as if it had, ms.
const LEAST_MS: i64 = 3_600_000;

/// A month's pace.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    used: u64,
    first_ms: i64,
    passed: u128,
    whole: u128,
}

impl Pace {
    /// Of a month that has used so much by now.
    pub(crate) fn of(used: u64, now_ms: i64) -> Self {
        let (first, next) = month_around(now_ms);
        let first_ms = first.as_millisecond();
        Self {
            used,
            first_ms,
            passed: (now_ms - first_ms).max(LEAST_MS) as u128,
            whole: (next.as_millisecond() - first_ms) as u128,
        }
    }

    /// What it will have used at its end.
    pub(crate) fn at_end(self) -> u64 {
        let at_end = u128::from(self.used) * self.whole / self.passed;
        u64::try_from(at_end).unwrap_or(u64::MAX).max(self.used)
    }

    /// When so much is used up; none when that is not this month, or was before.
    pub(crate) fn reaches(self, allowed: u64) -> Option<Timestamp> {
        if self.used > allowed || self.at_end() <= allowed {
            return None;
        }
        let after = u128::from(allowed) * self.passed / u128::from(self.used.max(1));
        Some(timestamp(self.first_ms + i64::try_from(after).unwrap_or(0)))
    }
}
