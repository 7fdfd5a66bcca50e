//! The shares of a month's limit or budget at which people are told. It tells nobody.

/// The shares that an instance has when nobody set any, percent.
const USUAL: [u8; 4] = [50, 80, 95, 100];

/// Some shares, percent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thresholds {
    /// The highest first.
    falling: Vec<u8>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::new(USUAL)
    }
}

impl Thresholds {
    /// These, in any order.
    pub fn new(percents: impl IntoIterator<Item = u8>) -> Self {
        let mut falling: Vec<u8> = percents.into_iter().collect();
        falling.sort_unstable_by(|a, b| b.cmp(a));
        falling.dedup();
        Self { falling }
    }

    /// The highest one that is reached.
    pub(crate) fn reached(&self, is: impl Fn(u8) -> bool) -> Option<u8> {
        self.falling.iter().copied().find(|percent| is(*percent))
    }

    /// Whether this is one.
    pub(crate) fn has(&self, percent: u64) -> bool {
        self.falling.iter().any(|known| u64::from(*known) == percent)
    }

    /// All of them, the lowest first.
    pub(crate) fn rising(&self) -> impl Iterator<Item = u8> + '_ {
        self.falling.iter().rev().copied()
    }

    /// `50, 80, 95 or 100`.
    pub(crate) fn in_words(&self) -> String {
        let all: Vec<String> = self.rising().map(|percent| percent.to_string()).collect();
        match all.split_last() {
            Some((last, most)) if !most.is_empty() => format!("{} or {last}", most.join(", ")),
            _ => all.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_that_is_reached_is_told_whatever_order_they_were_given_in() {
        let some = Thresholds::new([90, 10, 120, 10]);
        assert_eq!(
            [5, 10, 100, 500].map(|used| some.reached(|percent| used >= u32::from(percent))),
            [None, Some(10), Some(90), Some(120)]
        );
        assert!(some.has(120) && !some.has(100));
        assert_eq!(some.in_words(), "10, 90 or 120");
        assert_eq!(Thresholds::new([75]).in_words(), "75");
        assert_eq!(Thresholds::default().in_words(), "50, 80, 95 or 100");
    }
}
