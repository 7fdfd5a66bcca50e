//! Which slots of a row there are or are wanted: days of a month, hours of a day, quarters or minutes of an hour. It knows
//! nothing of what is in them.

use std::ops::Range;

use super::rows::Rows;

/// Slots of a row, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Slots(pub(super) u64);

impl Slots {
    /// All that a row can have.
    pub(super) const ALL: Self = Self(u64::MAX);

    /// Those of a row whose cells lie in a stretch of time, or around its beginning.
    pub(super) fn within(rows: Rows, row: u32, stretch: &Range<i64>) -> Self {
        if !rows.are_whole() {
            let begins_in = |slot: &u8| {
                let start_ms = rows.slot_start(row, *slot);
                stretch.start < start_ms + rows.grain().length_ms() && start_ms < stretch.end
            };
            return Self((0..64).filter(begins_in).fold(0, |bits, slot| bits | 1 << slot));
        }
        let from_ms = stretch.start.max(rows.row_start(row));
        let to_ms = stretch.end.min(rows.row_start(row + 1));
        if from_ms >= to_ms {
            return Self::default();
        }
        let slot = |at_ms| u32::from(rows.place_of(at_ms).1);
        Self(u64::MAX << slot(from_ms) & u64::MAX >> (u64::BITS - 1 - slot(to_ms - 1)))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(super) fn has(self, slot: impl Into<u32>) -> bool {
        self.0 >> slot.into() & 1 != 0
    }

    pub(super) fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    #[inline]
    pub(super) fn rising(self) -> impl Iterator<Item = u32> + use<> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let slot = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (slot < u64::BITS).then_some(slot)
        })
    }
}
