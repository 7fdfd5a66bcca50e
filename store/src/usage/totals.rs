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
    /// Month numbers, falling.
    months: [u32; MONTHS],
    /// The calls of each of them.
    calls: [u64; MONTHS],
}

impl Sums {
    pub(super) fn add(&mut self, event: &Stored) {
        self.count += 1;
        self.errors += u64::from(event.is_error());
        self.newest_ms = self.newest_ms.max(event.at_ms);
        self.add_month(month_of(event.at_ms));
    }

    fn add_month(&mut self, month: u32) {
        let Some(place) = self.months.iter().position(|known| *known <= month) else { return };
        if self.months[place] != month {
            self.months[place..].rotate_right(1);
            self.calls[place..].rotate_right(1);
            (self.months[place], self.calls[place]) = (month, 0);
        }
        self.calls[place] += 1;
    }

    pub(super) fn month_used(&self, month: u32) -> u64 {
        self.months.iter().position(|known| *known == month).map_or(0, |place| self.calls[place])
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
        for (month, calls) in self.months.into_iter().zip(self.calls) {
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
        for (month, calls) in sums.months.iter_mut().zip(&mut sums.calls) {
            (*month, *calls) = (input.narrow()?, input.varint()?);
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
