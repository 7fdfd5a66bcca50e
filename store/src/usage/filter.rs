//! A Bloom filter of fingerprints, one cache line a question: says "surely not here" for 99 in 100 of those that are
//! not. Never wrong about those that are.

const LINE_WORDS: usize = 8;
const BITS_PER_ID: usize = 12;
const PROBES: u32 = 6;

#[derive(Debug)]
pub(super) struct Filter(Vec<[u64; LINE_WORDS]>);

impl Filter {
    pub(super) fn new(ids: usize) -> Self {
        Self(vec![[0; LINE_WORDS]; (ids * BITS_PER_ID).div_ceil(LINE_WORDS * 64).max(1)])
    }

    /// The memory a filter for so many ids takes.
    pub(super) fn bytes(ids: usize) -> usize {
        (ids * BITS_PER_ID).div_ceil(8)
    }

    pub(super) fn add(&mut self, fingerprint: u64) {
        let line = self.line(fingerprint);
        for bit in bits(fingerprint) {
            self.0[line][bit / 64] |= 1 << (bit % 64);
        }
    }

    pub(super) fn may_hold(&self, fingerprint: u64) -> bool {
        let line = &self.0[self.line(fingerprint)];
        bits(fingerprint).all(|bit| line[bit / 64] & 1 << (bit % 64) != 0)
    }

    fn line(&self, fingerprint: u64) -> usize {
        ((u128::from(fingerprint) * self.0.len() as u128) >> 64) as usize
    }
}

fn bits(fingerprint: u64) -> impl Iterator<Item = usize> {
    let mixed = fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..PROBES).map(move |probe| (mixed >> (probe * 9 + 9)) as usize % (LINE_WORDS * 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_held_and_most_others_are_not() {
        let ids =
            |from: u64| (from..from + 10_000).map(|n| n.wrapping_add(1).wrapping_mul(0xd134_2543_de82_ef95));
        let mut filter = Filter::new(10_000);
        ids(0).for_each(|id| filter.add(id));
        assert!(ids(0).all(|id| filter.may_hold(id)));
        let wrong = ids(1 << 40).filter(|id| filter.may_hold(*id)).count();
        assert!(wrong < 300, "{wrong}");
    }
}
