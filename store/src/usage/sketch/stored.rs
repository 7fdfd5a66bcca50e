//! A sketch as it stands in a row: read, or passed over. It must not make a sketch of its own where its buckets are wanted.

use std::cell::Cell;

use super::{BUCKETS, Sketch};
use crate::usage::codec::{Input, Malformed, Read};

/// Of the short form: the values are listed, with how far each is from the one before; else buckets are, with their counts.
pub(super) const LISTED: u64 = 1;

/// A sketch that is still encoded, amid a row. Where it ends is found by whoever reads it, else by passing over it.
pub(in crate::usage) struct StoredSketch<'a> {
    from: Input<'a>,
    pub(super) short: bool,
    /// Its length, once it was read; none is of 0 bytes.
    length: Cell<usize>,
}

impl<'a> StoredSketch<'a> {
    /// What is left of a row begins with it.
    pub(in crate::usage) fn at(from: Input<'a>) -> Self {
        Self { from, short: false, length: Cell::new(0) }
    }

    /// The same in the short form.
    pub(in crate::usage) fn short_at(from: Input<'a>) -> Self {
        Self { short: true, ..Self::at(from) }
    }

    pub(in crate::usage) fn decode(&self) -> Read<Sketch> {
        let mut counts: Vec<(u16, u64)> = Vec::new();
        self.each(|bucket, count| match counts.last_mut() {
            Some((last, sum)) if *last == bucket => *sum += count,
            _ => counts.push((bucket, count)),
        })?;
        Ok(Sketch { counts })
    }

    /// Shows its buckets, rising, with their counts; one may be shown in parts.
    #[inline]
    pub(super) fn each(&self, visit: impl FnMut(u16, u64)) -> Read<()> {
        let mut input = self.from;
        if self.short {
            each_of_short(&mut input, visit)?;
        } else {
            each_bucket(&mut input, visit)?;
        }
        self.length.set(self.from.0.len() - input.0.len());
        Ok(())
    }

    /// What follows it.
    #[inline]
    pub(in crate::usage) fn rest(&self) -> Read<Input<'a>> {
        let mut input = self.from;
        match self.length.get() {
            0 if self.short => {
                let (values, buckets) = short_counts(&mut input)?;
                input.varints(values + buckets * 2)?;
            }
            0 => {
                let buckets = input.count()?;
                input.varints(buckets * 2)?;
            }
            length => {
                input.take(length)?;
            }
        }
        Ok(input)
    }
}

/// How many values are listed, or else buckets.
#[inline]
fn short_counts(input: &mut Input<'_>) -> Read<(usize, usize)> {
    let header = input.varint()?;
    let count = usize::try_from(header >> 1).ok().filter(|count| *count <= input.0.len()).ok_or(Malformed)?;
    Ok(if header & LISTED == 0 { (0, count) } else { (count, 0) })
}

/// Shows the buckets of a sketch in the short form, one that is listed more than once as often.
#[inline]
fn each_of_short(input: &mut Input<'_>, mut visit: impl FnMut(u16, u64)) -> Read<()> {
    let (mut left, buckets) = short_counts(input)?;
    if left == 0 {
        return each_of(buckets, input, visit);
    }
    let mut bucket = 0u64;
    let mut step_by = |step: u64| {
        bucket = bucket.saturating_add(step);
        let known = bucket < u64::from(BUCKETS);
        known.then(|| visit(bucket as u16, 1)).ok_or(Malformed)
    };
    // The first is far from 0, the others are near one another.
    step_by(input.wide_varint()?)?;
    left -= 1;
    while left > 0 {
        let Some((mut steps, many)) = input.small_of_eight(left) else {
            step_by(input.varint()?)?;
            left -= 1;
            continue;
        };
        for _ in 0..many {
            step_by(steps & 0xff)?;
            steps >>= 8;
        }
        left -= many;
    }
    Ok(())
}

/// Shows each bucket of an encoded sketch, by rising bucket, with its count.
#[inline]
pub(super) fn each_bucket(input: &mut Input<'_>, visit: impl FnMut(u16, u64)) -> Read<()> {
    each_of(input.count()?, input, visit)
}

/// The same of so many buckets.
#[inline]
fn each_of(buckets: usize, input: &mut Input<'_>, mut visit: impl FnMut(u16, u64)) -> Read<()> {
    let Some(mut left) = buckets.checked_sub(1) else { return Ok(()) };
    // The first is far from 0, the others are near one another.
    let mut bucket = input.wide_varint()?;
    let mut show = |bucket: u64, count| {
        let known = bucket < u64::from(BUCKETS);
        known.then(|| visit(bucket as u16, count)).ok_or(Malformed)
    };
    show(bucket, input.varint()?)?;
    let mut step_to = |step: u64, count| {
        bucket = bucket.saturating_add(step);
        if step == 0 { Err(Malformed) } else { show(bucket, count) }
    };
    while left > 0 {
        if left >= 4
            && let Some(four) = input.all_small::<8>()
        {
            for [step, count] in four.as_chunks().0 {
                step_to(*step, *count)?;
            }
            left -= 4;
        } else {
            let [step, count] = input.mostly_small()?;
            step_to(step, count)?;
            left -= 1;
        }
    }
    Ok(())
}
