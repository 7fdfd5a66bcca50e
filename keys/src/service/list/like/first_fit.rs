//! How a word's first fit in a title scores, with the figures of nucleo's greedy matching: the same score for what is ASCII and
//! in lower case, without a step for each letter that lies between. It must not answer anything else than nucleo does.

const MATCH: u32 = 16;
/// For the first letter that lies between two that are matched, and for each further one.
const GAP: u32 = 3;
const LONGER_GAP: u32 = 1;
/// The least that a letter earns which follows on a matched one.
const CONSECUTIVE: u32 = 4;
/// What a letter earns at the start of a word counts more for the first letter.
const FIRST: u32 = 2;

/// What a letter earns by the kind of the one before it, from this on as the start of a word.
const BOUNDARY: u32 = 8;
const AFTER_DELIMITER: u32 = 9;
const AFTER_SPACE: u32 = 10;
const NUMBER_AFTER_LETTER: u32 = 5;

/// What a byte of a title is.
#[derive(Clone, Copy)]
enum Kind {
    Space,
    Other,
    Delimiter,
    Letter,
    Number,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Space, Self::Other, Self::Delimiter, Self::Letter, Self::Number];

    const fn of(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' => Self::Letter,
            b'0'..=b'9' => Self::Number,
            b'/' | b',' | b':' | b';' | b'|' => Self::Delimiter,
            byte if byte.is_ascii_whitespace() => Self::Space,
            _ => Self::Other,
        }
    }

    /// What it earns where it follows on another.
    const fn after(self, before: Self) -> u32 {
        match (before, self) {
            (Self::Space, Self::Letter | Self::Number) | (_, Self::Space) => AFTER_SPACE,
            (Self::Delimiter, Self::Letter | Self::Number) => AFTER_DELIMITER,
            (Self::Other, Self::Letter | Self::Number) | (_, Self::Other) => BOUNDARY,
            (Self::Letter, Self::Number) => NUMBER_AFTER_LETTER,
            (_, Self::Delimiter | Self::Letter | Self::Number) => 0,
        }
    }
}

/// What each byte is, and what each kind earns after each: looked up, for a branch that goes now here, now there takes longer
/// than all else about a title.
static KINDS: [Kind; 256] = {
    let (mut kinds, mut byte) = ([Kind::Other; 256], 0);
    while byte < kinds.len() {
        kinds[byte] = Kind::of(byte as u8);
        byte += 1;
    }
    kinds
};
static EARNED: [[u32; Kind::ALL.len()]; Kind::ALL.len()] = {
    let mut earned = [[0; Kind::ALL.len()]; Kind::ALL.len()];
    let mut before = 0;
    while before < earned.len() {
        let mut this = 0;
        while this < earned.len() {
            earned[before][this] = Kind::ALL[this].after(Kind::ALL[before]);
            this += 1;
        }
        before += 1;
    }
    earned
};

/// What the letter at a place earns by itself.
#[inline]
fn earned(title: &[u8], at: usize) -> u32 {
    let before = at.checked_sub(1).map_or(Kind::Space, |before| KINDS[usize::from(title[before])]);
    EARNED[before as usize][KINDS[usize::from(title[at])] as usize]
}

/// A word that is looked for, of at least one letter, with room for where its letters are found.
pub(super) struct FirstFit<'a> {
    word: &'a [u8],
    places: Vec<usize>,
}

impl<'a> FirstFit<'a> {
    pub(super) fn of(word: &'a str) -> Self {
        Self { word: word.as_bytes(), places: vec![0; word.len()] }
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
        for (place, letter) in self.places.iter_mut().zip(self.word) {
            *place = rest.find(|(_, byte)| *byte == letter)?.0;
        }
        Some(())
    }

    /// Where the first letter lies when each is taken as late as it comes before the next one, the last as it was found.
    fn nearest_first(&self, title: &[u8]) -> Option<usize> {
        let mut next = *self.places.last()?;
        for (place, letter) in self.places.iter().zip(self.word).rev().skip(1) {
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
            prop_assert_eq!(FirstFit::of(&word).score(title.as_bytes()), greedily.map(u32::from));
        }
    }

    #[test]
    fn what_lies_between_never_takes_more_than_there_is() {
        let title = format!("a{}b{}c", "x".repeat(90), "x".repeat(400));
        let greedily = Matcher::new(Config::DEFAULT)
            .fuzzy_match_greedy(Utf32Str::Ascii(title.as_bytes()), Utf32Str::Ascii(b"abc"));
        assert_eq!(FirstFit::of("abc").score(title.as_bytes()), greedily.map(u32::from));
        assert!(greedily.is_some());
    }
}
