//! A key's totals: what limits and lists ask for all the time. Small and always in memory.

use super::calendar::month_of;
use super::codec::{Input, Read, put_varint};
use super::event::Stored;

/// Months counted apart: the current one, the one before, and the next (a caller's clock may be ahead).
const MONTHS: usize = 3;

/// What a key was used, all told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// All calls ever.
    pub count: u64,
    /// Those answered with a status of 400 or above.
    pub errors: u64,
    /// When the newest call was made, ms since the epoch; `None` before the first.
    pub last_used_ms: Option<i64>,
    /// Calls of one month (UTC), the one asked about.
    pub month_used: u64,
}

/// The sums behind [`Totals`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sums {
    pub(super) count: u64,
    pub(super) errors: u64,
    pub(super) newest_ms: i64,
    /// Month number and calls, by falling month.
    months: [(u32, u64); MONTHS],
}

impl Sums {
    pub(super) fn add(&mut self, event: &Stored) {
        self.count += 1;
        self.errors += u64::from(event.is_error());
        self.newest_ms = self.newest_ms.max(event.at_ms);
        self.add_month(month_of(event.at_ms));
    }

    fn add_month(&mut self, month: u32) {
        match self.months.iter().position(|entry| entry.0 <= month) {
            Some(place) if self.months[place].0 == month => self.months[place].1 += 1,
            Some(place) => {
                self.months[place..].rotate_right(1);
                self.months[place] = (month, 1);
            }
            None => {}
        }
    }

    pub(super) fn month_used(&self, month: u32) -> u64 {
        self.months.iter().find(|entry| entry.0 == month).map_or(0, |entry| entry.1)
    }

    pub(super) fn report(&self, now_ms: i64) -> Totals {
        Totals {
            count: self.count,
            errors: self.errors,
            last_used_ms: (self.count > 0).then_some(self.newest_ms),
            month_used: self.month_used(month_of(now_ms)),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.count);
        put_varint(out, self.errors);
        put_varint(out, self.newest_ms as u64);
        for (month, calls) in self.months {
            put_varint(out, u64::from(month));
            put_varint(out, calls);
        }
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        let mut sums = Self {
            count: input.varint()?,
            errors: input.varint()?,
            newest_ms: input.narrow()?,
            ..Self::default()
        };
        for entry in &mut sums.months {
            *entry = (input.narrow()?, input.varint()?);
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_three_months_are_counted() {
        let mut sums = Sums::default();
        for month in [10, 12, 11, 12, 9, 13, 11, 10] {
            sums.add_month(month);
        }
        assert_eq!([13, 12, 11, 10, 9].map(|month| sums.month_used(month)), [1, 2, 2, 0, 0]);
    }
}
