//! A log-linear histogram of response times: 32 buckets an octave, so that a quantile is at most 1.6 % off. It keeps
//! only buckets that were hit; it must not grow with the number of values.

mod stored;

use super::codec::{Input, Read, put_varint};

pub(super) use stored::StoredSketch;
use stored::each_bucket;

/// Buckets an octave, as a power of two.
const OCTAVE_BITS: u32 = 5;
/// Values below this have a bucket each.
const LINEAR: u32 = 1 << (OCTAVE_BITS + 1);
/// One more than the highest bucket of a 32-bit value.
const BUCKETS: u16 = (LINEAR + (31 - OCTAVE_BITS) * (1 << OCTAVE_BITS)) as u16;

/// A mergeable summary of many values (µs), from which quantiles are read within 2 %.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sketch {
    /// Bucket and count, by rising bucket.
    counts: Vec<(u16, u64)>,
}

impl Sketch {
    /// Counts one value.
    pub fn add(&mut self, value: u32) {
        let bucket = bucket_of(value);
        match self.counts.binary_search_by_key(&bucket, |entry| entry.0) {
            Ok(place) => self.counts[place].1 += 1,
            Err(place) => self.counts.insert(place, (bucket, 1)),
        }
    }

    /// Forgets what was counted, and keeps the room.
    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    /// Counts everything another sketch has counted.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
            return;
        }
        let mut merged = Vec::with_capacity(self.counts.len() + other.counts.len());
        let (mut left, mut right) = (self.counts.iter().peekable(), other.counts.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (a, b) = (**a, **b);
            if a.0 <= b.0 {
                left.next();
            }
            if b.0 <= a.0 {
                right.next();
            }
            merged.push(match a.0.cmp(&b.0) {
                std::cmp::Ordering::Less => a,
                std::cmp::Ordering::Equal => (a.0, a.1.saturating_add(b.1)),
                std::cmp::Ordering::Greater => b,
            });
        }
        merged.extend(left.chain(right));
        self.counts = merged;
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, entry| sum.saturating_add(entry.1))
    }

    /// The value that the share `q` (0 to 1) of all values does not exceed; `None` when nothing was counted.
    pub fn quantile(&self, q: f64) -> Option<u32> {
        let rank = ((self.count() as f64 * q).ceil() as u64).max(1);
        let mut passed = 0u64;
        for (bucket, count) in &self.counts {
            passed = passed.saturating_add(*count);
            if passed >= rank {
                return Some(middle_of(*bucket));
            }
        }
        self.counts.last().map(|(bucket, _)| middle_of(*bucket))
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.counts.len() as u64);
        self.put_buckets(out);
    }

    fn put_buckets(&self, out: &mut Vec<u8>) {
        let mut previous = 0;
        for (bucket, count) in &self.counts {
            put_varint(out, u64::from(bucket - previous));
            put_varint(out, *count);
            previous = *bucket;
        }
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        let mut counts: Vec<(u16, u64)> = Vec::with_capacity(Input(input.0).count()?);
        each_bucket(input, |bucket, count| counts.push((bucket, count)))?;
        Ok(Self { counts })
    }

    /// In the shorter of two forms: few values are mostly each in a bucket of its own, so they are listed one by one.
    pub(super) fn encode_short(&self, out: &mut Vec<u8>) {
        let (values, buckets) = (self.count(), self.counts.len() as u64);
        if values >= 2 * buckets {
            put_varint(out, buckets << 1);
            return self.put_buckets(out);
        }
        put_varint(out, values << 1 | stored::LISTED);
        let mut previous = 0;
        for (bucket, count) in self.counts.iter().filter(|entry| entry.1 > 0) {
            put_varint(out, u64::from(bucket - previous));
            out.extend(std::iter::repeat_n(0, *count as usize - 1));
            previous = *bucket;
        }
    }
}

/// A sketch that many are added to: counters side by side, from the first octave that was hit through the last.
#[derive(Clone, Debug, Default)]
pub(super) struct SketchSum {
    /// The first counter's bucket.
    first: usize,
    counts: Vec<u64>,
}

impl SketchSum {
    #[inline]
    fn count(&mut self, bucket: u16, count: u64) {
        let sum = self.at(bucket);
        *sum = sum.saturating_add(count);
    }

    #[inline]
    fn discount(&mut self, bucket: u16, count: u64) {
        let sum = self.at(bucket);
        *sum = sum.saturating_sub(count);
    }

    #[inline]
    fn at(&mut self, bucket: u16) -> &mut u64 {
        let bucket = usize::from(bucket);
        // Below the first one the difference is enormous.
        let place = bucket.wrapping_sub(self.first);
        if place < self.counts.len() { &mut self.counts[place] } else { self.open(bucket) }
    }

    #[cold]
    fn open(&mut self, bucket: usize) -> &mut u64 {
        let octave = bucket - bucket % (1 << OCTAVE_BITS);
        if self.counts.is_empty() {
            self.first = octave;
        }
        if octave < self.first {
            let more = self.first - octave;
            self.counts.splice(..0, std::iter::repeat_n(0, more));
            self.first = octave;
        }
        let end = octave + (1 << OCTAVE_BITS) - self.first;
        self.counts.resize(self.counts.len().max(end), 0);
        &mut self.counts[bucket - self.first]
    }

    pub(super) fn add(&mut self, sketch: &Sketch) {
        sketch.counts.iter().for_each(|(bucket, count)| self.count(*bucket, *count));
    }

    /// Adds a sketch that is still encoded.
    #[inline]
    pub(super) fn add_stored(&mut self, stored: &StoredSketch<'_>) -> Read<()> {
        stored.each(|bucket, count| self.count(bucket, count))
    }

    /// Takes away what was added before.
    pub(super) fn remove(&mut self, sketch: &Sketch) {
        sketch.counts.iter().for_each(|(bucket, count)| self.discount(*bucket, *count));
    }

    /// The same of a sketch that is still encoded.
    #[inline]
    pub(super) fn remove_stored(&mut self, stored: &StoredSketch<'_>) -> Read<()> {
        stored.each(|bucket, count| self.discount(bucket, count))
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.hit().for_each(|(bucket, count)| self.count(bucket, count));
    }

    pub(super) fn sum(&self) -> Sketch {
        Sketch { counts: self.hit().collect() }
    }

    fn hit(&self) -> impl Iterator<Item = (u16, u64)> {
        let buckets = (self.first as u16..).zip(&self.counts);
        buckets.filter(|(_, count)| **count > 0).map(|(bucket, count)| (bucket, *count))
    }
}

fn bucket_of(value: u32) -> u16 {
    if value < LINEAR {
        return value as u16;
    }
    let octave = 31 - value.leading_zeros();
    let within = (value >> (octave - OCTAVE_BITS)) & ((1 << OCTAVE_BITS) - 1);
    (LINEAR + (octave - OCTAVE_BITS - 1) * (1 << OCTAVE_BITS) + within) as u16
}

/// The middle of a bucket, so that the error is half its width.
fn middle_of(bucket: u16) -> u32 {
    let bucket = u32::from(bucket);
    if bucket < LINEAR {
        return bucket;
    }
    let above = bucket - LINEAR;
    let octave = above / (1 << OCTAVE_BITS) + OCTAVE_BITS + 1;
    let within = above % (1 << OCTAVE_BITS);
    let width = 1u32 << (octave - OCTAVE_BITS);
    (1 << octave) + within * width + (width - 1) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch_of(values: &[u32]) -> Sketch {
        let mut sketch = Sketch::default();
        values.iter().for_each(|value| sketch.add(*value));
        sketch
    }

    proptest! {
        #[test]
        fn quantiles_are_within_two_percent(
            mut values in prop::collection::vec(prop_oneof![any::<u32>(), 0u32..200, 1_000u32..2_000_000], 1..400),
            q in 0.0f64..=1.0,
        ) {
            let sketch = sketch_of(&values);
            values.sort_unstable();
            let rank = ((values.len() as f64 * q).ceil() as usize).clamp(1, values.len());
            let exact = f64::from(values[rank - 1]);
            let read = f64::from(sketch.quantile(q).unwrap());
            prop_assert!((read - exact).abs() <= exact * 0.02, "{read} for {exact}");
        }

        #[test]
        fn merging_is_counting_both(a in prop::collection::vec(any::<u32>(), 0..200), b in prop::collection::vec(0u32..5_000, 0..200)) {
            let mut merged = sketch_of(&a);
            merged.merge(&sketch_of(&b));
            prop_assert_eq!(merged, sketch_of(&[a, b].concat()));
        }

        #[test]
        fn a_sum_is_what_merging_makes(
            parts in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u32>(), 0..40),
                // Near one another, and some often.
                prop::collection::vec(1_000u32..20_000, 0..40),
                prop::collection::vec(0u32..20, 0..40),
            ], 0..8),
        ) {
            let (mut merged, mut sum) = (Sketch::default(), SketchSum::default());
            for (place, part) in parts.iter().map(|part| sketch_of(part)).enumerate() {
                merged.merge(&part);
                let (mut out, mut short) = (Vec::new(), Vec::new());
                part.encode(&mut out);
                part.encode_short(&mut short);
                [&mut out, &mut short].into_iter().for_each(|out| out.extend([7, 7]));
                let mut shown = SketchSum::default();
                for stored in [StoredSketch::at(Input(&out)), StoredSketch::short_at(Input(&short))] {
                    prop_assert_eq!(stored.rest().map(|rest| rest.0), Ok(&[7, 7][..]), "passed over");
                    shown.add_stored(&stored).unwrap();
                    prop_assert_eq!(stored.rest().map(|rest| rest.0), Ok(&[7, 7][..]), "read");
                    prop_assert_eq!(stored.decode(), Ok(part.clone()));
                    match place % 3 {
                        0 if !stored.short => sum.add(&part),
                        1 if stored.short => sum.add_stored(&stored).unwrap(),
                        2 if !stored.short => sum.add_stored(&stored).unwrap(),
                        _ => {}
                    }
                }
                let mut twice = part.clone();
                twice.merge(&part);
                prop_assert_eq!(shown.sum(), twice);
            }
            prop_assert_eq!(sum.sum(), merged.clone());
            let mut without = sum.clone();
            let mut kept = Sketch::default();
            for (place, part) in parts.iter().map(|part| sketch_of(part)).enumerate() {
                let mut short = Vec::new();
                part.encode_short(&mut short);
                match place % 3 {
                    0 => without.remove(&part),
                    1 => without.remove_stored(&StoredSketch::short_at(Input(&short))).unwrap(),
                    _ => kept.merge(&part),
                }
            }
            prop_assert_eq!(without.sum(), kept);
            let half = sum.clone();
            sum.merge(&half);
            let half = merged.clone();
            merged.merge(&half);
            prop_assert_eq!(sum.sum(), merged);
        }

        #[test]
        fn encoding_comes_back(values in prop::collection::vec(any::<u32>(), 0..300)) {
            let sketch = sketch_of(&values);
            let mut out = Vec::new();
            sketch.encode(&mut out);
            let mut input = Input(&out);
            prop_assert_eq!(Sketch::decode(&mut input), Ok(sketch));
            prop_assert_eq!(input.end(), Ok(()));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(sketch) = Sketch::decode(&mut Input(&bytes)) {
                sketch.quantile(0.99);
            }
            for stored in [StoredSketch::at(Input(&bytes)), StoredSketch::short_at(Input(&bytes))] {
                let _ = stored.rest();
                let added = SketchSum::default().add_stored(&stored).is_ok();
                prop_assert_eq!(stored.decode().map(|sketch| sketch.encode_short(&mut Vec::new())).is_ok(), added);
            }
        }
    }

    #[test]
    fn the_extremes_have_buckets() {
        assert_eq!(bucket_of(u32::MAX), BUCKETS - 1);
        assert_eq!(Sketch::default().quantile(0.5), None);
    }
}
