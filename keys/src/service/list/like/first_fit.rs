//! How a word's first fit in a title scores, with the figures of nucleo's greedy matching: the same score for what is in lower
//! case and a byte a letter, without a step for each letter that lies between. It must not answer anything else than nucleo does.

use super::kind::{BOUNDARY, earned};

const MATCH: u32 = 16;
/// For the first letter that lies between two that are matched, and for each further one.
const GAP: u32 = 3;
const LONGER_GAP: u32 = 1;
/// The least that a letter earns which follows on a matched one.
const CONSECUTIVE: u32 = 4;
/// What a letter earns at the start of a word counts more for the first letter.
const FIRST: u32 = 2;

/// A word that is looked for, of at least one letter, with room for where its letters are found.
pub(super) struct FirstFit {
    word: Vec<u8>,
    places: Vec<usize>,
}

impl FirstFit {
    pub(super) fn of(word: Vec<u8>) -> Self {
        Self { places: vec![0; word.len()], word }
    }

    /// Whether its letters come in a title in their order.
    pub(super) fn fits(&mut self, title: &[u8]) -> bool {
        self.place(title, 0).is_some()
    }

    /// The score of its first fit in a title, if it fits at all.
    pub(super) fn score(&mut self, title: &[u8]) -> Option<u32> {
        self.place(title, 0)?;
        let first = self.nearest_first(title)?;
        if first > self.places[0] {
            self.place(title, first)?;
        }
        let mut last = self.places[0];
        // What the first letter of those that follow on one another has earned, each of them earns.
        let mut of_run = earned(title, last);
        let mut score = MATCH + FIRST * of_run;
        for place in &self.places[1..] {
            let (gap, own) = ((place - last - 1) as u32, earned(title, *place));
            last = *place;
            if gap > 0 {
                score = score.saturating_sub(GAP + LONGER_GAP * (gap - 1)) + MATCH + own;
                of_run = own;
            } else {
                of_run = if own >= BOUNDARY { of_run.max(own) } else { of_run };
                score += MATCH + own.max(of_run).max(CONSECUTIVE);
            }
        }
        Some(score)
    }

    /// Finds each letter as early as it comes after the one before, the first not before `from`.
    fn place(&mut self, title: &[u8], from: usize) -> Option<()> {
        let mut rest = title.iter().enumerate().skip(from);
        for (place, letter) in self.places.iter_mut().zip(&self.word) {
            *place = rest.find(|(_, byte)| *byte == letter)?.0;
        }
        Some(())
    }

    /// Where the first letter lies when each is taken as late as it comes before the next one, the last as it was found.
    fn nearest_first(&self, title: &[u8]) -> Option<usize> {
        let mut next = *self.places.last()?;
        for (place, letter) in self.places.iter().zip(&self.word).rev().skip(1) {
            next = place + title[*place..next].iter().rposition(|byte| byte == letter)?;
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use nucleo_matcher::{Config, Matcher, Utf32Str};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn it_scores_what_nucleo_scores_of_the_first_fit(
            title in "[abc019/,:;|._\\-\n \t]{0,24}",
            word in "[abc01/._ ]{1,5}",
        ) {
            let greedily = Matcher::new(Config::DEFAULT)
                .fuzzy_match_greedy(Utf32Str::Ascii(title.as_bytes()), Utf32Str::Ascii(word.as_bytes()));
            prop_assert_eq!(FirstFit::of(word.into_bytes()).score(title.as_bytes()), greedily.map(u32::from));
        }
    }

    #[test]
    fn what_lies_between_never_takes_more_than_there_is() {
        let title = format!("a{}b{}c", "x".repeat(90), "x".repeat(400));
        let greedily = Matcher::new(Config::DEFAULT)
            .fuzzy_match_greedy(Utf32Str::Ascii(title.as_bytes()), Utf32Str::Ascii(b"abc"));
        assert_eq!(FirstFit::of(b"abc".to_vec()).score(title.as_bytes()), greedily.map(u32::from));
        assert!(greedily.is_some());
    }
}
