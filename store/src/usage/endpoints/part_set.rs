//! Which parts of a row there are or are wanted: days of a month, hours of a day, quarters or minutes of an hour. It knows
//! nothing of what is in them.

use std::ops::Range;

use crate::usage::codec::{Input, Malformed, Read, put_varint};
use crate::usage::grain::Grain;

/// So many parts are named one by one; of more there is a bit each.
const NAMED_PARTS: u8 = 4;

/// Parts of a row, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::usage) struct Parts(pub(super) u64);

impl Parts {
    /// Those of a row that begin in a stretch of time.
    pub(in crate::usage) fn within(grain: Grain, row: u32, stretch: &Range<i64>) -> Self {
        let rows = grain.rows();
        if !rows.are_whole() {
            let begins_in = |part: &u8| {
                let start_ms = rows.slot_start(row, *part);
                stretch.start < start_ms + grain.length_ms() && start_ms < stretch.end
            };
            return Self((0..64).filter(begins_in).fold(0, |bits, part| bits | 1 << part));
        }
        let from_ms = stretch.start.max(rows.row_start(row));
        let to_ms = stretch.end.min(rows.row_start(row + 1));
        if from_ms >= to_ms {
            return Self::default();
        }
        let part = |at_ms| u32::from(rows.place_of(at_ms).1);
        Self(u64::MAX << part(from_ms) & u64::MAX >> (u64::BITS - 1 - part(to_ms - 1)))
    }

    #[cfg(test)]
    pub(in crate::usage) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn has(self, part: u32) -> bool {
        self.0 >> part & 1 != 0
    }

    pub(super) fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    #[inline]
    pub(super) fn rising(self) -> impl Iterator<Item = u32> + use<> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let part = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (part < u64::BITS).then_some(part)
        })
    }
}

/// Appends which parts a list has.
pub(super) fn put_parts<T>(out: &mut Vec<u8>, list: &[(u8, T)]) {
    if list.len() <= usize::from(NAMED_PARTS) {
        out.push(list.len() as u8);
        out.extend(list.iter().map(|(part, _)| *part));
    } else {
        out.push(NAMED_PARTS + 1);
        put_varint(out, list.iter().fold(0, |bits, (part, _)| bits | 1 << part));
    }
}

/// The parts that are there, rising.
#[inline]
pub(super) fn parts(input: &mut Input<'_>) -> Read<impl Iterator<Item = u32> + use<>> {
    Ok(read_parts(input)?.rising())
}

#[inline]
pub(super) fn read_parts(input: &mut Input<'_>) -> Read<Parts> {
    let bits = match input.byte()? {
        named @ ..=NAMED_PARTS => {
            let named = input.take(usize::from(named))?;
            named
                .iter()
                .try_fold(0, |bits, part| Some(bits | 1u64.checked_shl(u32::from(*part))?))
                .ok_or(Malformed)?
        }
        _ => input.wide_varint()?,
    };
    Ok(Parts(bits))
}
