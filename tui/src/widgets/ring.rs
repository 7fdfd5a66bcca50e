//! A stretch of per-second counts that slides with the time without new data. Pure; the second is an argument.

/// Counts a second, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ring {
    /// Unix second of the last entry.
    ends_at: i64,
    counts: Vec<u32>,
}

impl Ring {
    /// Counts that end with the Unix second `ends_at`.
    pub(crate) fn new(ends_at: i64, counts: Vec<u32>) -> Self {
        Self { ends_at, counts }
    }

    /// Counts so many more in a second; an older one than is held is nothing any more.
    pub(crate) fn add(&mut self, second: i64, count: u32) {
        let ahead = usize::try_from(second - self.ends_at).unwrap_or(0).min(self.counts.len());
        if second > self.ends_at {
            self.counts.rotate_left(ahead);
            let kept = self.counts.len() - ahead;
            self.counts[kept..].fill(0);
            self.ends_at = second;
        }
        let back = usize::try_from(self.ends_at - second).unwrap_or(usize::MAX);
        if let Some(at) = self.counts.len().checked_sub(1).and_then(|last| last.checked_sub(back)) {
            self.counts[at] = self.counts[at].saturating_add(count);
        }
    }

    /// Mean counts a second in `cells` buckets of `width` seconds, the last one still growing. Buckets begin at
    /// multiples of `width`, so that between them only the last one changes.
    pub(crate) fn buckets(&self, now_s: i64, cells: usize, width: usize) -> Vec<f64> {
        let width = width.max(1) as i64;
        let last = now_s.div_euclid(width) * width;
        let bucket = |i: usize| {
            let begin = last - (cells - 1 - i) as i64 * width;
            let end = (begin + width).min(now_s + 1);
            let sum: u64 = (begin..end).map(|second| u64::from(self.at(second))).sum();
            sum as f64 / (end - begin).max(1) as f64
        };
        (0..cells).map(bucket).collect()
    }

    /// Calls within the last `seconds`, the present one included.
    pub(crate) fn sum(&self, now_s: i64, seconds: usize) -> u64 {
        (0..seconds as i64).map(|i| u64::from(self.at(now_s - i))).sum()
    }

    /// It still slides: something other than zero is within its own length of `now_s`.
    pub(crate) fn moves(&self, now_s: i64) -> bool {
        let stale = usize::try_from(now_s - self.ends_at).unwrap_or(0).min(self.counts.len());
        self.counts[stale..].iter().any(|n| *n > 0)
    }

    fn at(&self, second: i64) -> u32 {
        let back = usize::try_from(self.ends_at - second).ok();
        back.and_then(|back| self.counts.len().checked_sub(back + 1))
            .and_then(|i| self.counts.get(i).copied())
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_slides_out_and_comes_to_rest() {
        let ring = Ring::new(100, vec![0, 5, 7]);
        assert_eq!(ring.buckets(100, 5, 1), [0.0, 0.0, 0.0, 5.0, 7.0]);
        assert_eq!(ring.buckets(102, 5, 1), [0.0, 5.0, 7.0, 0.0, 0.0]);
        assert_eq!(ring.buckets(99, 2, 1), [0.0, 5.0]);
        assert_eq!(ring.sum(101, 3), 12);
        assert!(ring.moves(100) && ring.moves(102) && !ring.moves(103) && !ring.moves(1_000));
        assert!(!Ring::default().moves(0));
    }

    #[test]
    fn what_is_added_slides_along() {
        let mut ring = Ring::new(100, vec![1, 2, 3]);
        ring.add(100, 4);
        ring.add(102, 5);
        ring.add(101, 6);
        ring.add(50, 9);
        assert_eq!(ring, Ring::new(102, vec![7, 6, 5]));
        ring.add(1_000, 1);
        assert_eq!(ring, Ring::new(1_000, vec![0, 0, 1]));
        Ring::default().add(5, 1);
    }

    #[test]
    fn full_buckets_stand_still_between_their_bounds() {
        let ring = Ring::new(99, (1..=60).collect());
        let before = ring.buckets(100, 6, 5);
        let after = ring.buckets(104, 6, 5);
        assert_eq!(before[..5], after[..5]);
        assert_eq!(before[4], (56 + 57 + 58 + 59 + 60) as f64 / 5.0);
    }
}
