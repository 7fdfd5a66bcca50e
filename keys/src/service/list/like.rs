//! How much titles are like what somebody typed: each word's letters come in their order, and the nearer together the
//! better. It must not know where titles come from.

mod first_fit;

use std::cmp::Reverse;

use keyward_store::model::Id;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::service::mirror::Letters;

use first_fit::FirstFit;

/// Of so many titles the best fit of each is scored. Of more, where a few letters are in nearly all, the first fit: that
/// takes a third of the time.
const FEW: usize = 10_000;

/// What was typed. No character of it is special.
pub(super) struct Like {
    pattern: Pattern,
    words: Vec<String>,
}

impl Like {
    pub(super) fn new(text: &str) -> Self {
        let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let words = pattern.atoms.iter().map(|word| word.needle_text().to_string()).collect();
        Self { pattern, words }
    }

    /// What a title must hold.
    pub(super) fn letters(&self) -> Letters {
        Letters::of(self.words.concat().as_bytes())
    }

    /// The titles (UTF-8 in lower case) that are like it, each with its score; the best comes first when they are sorted.
    pub(super) fn score<'a, T: AsRef<[u8]> + 'a>(
        &'a self,
        mut titles: impl Iterator<Item = (T, Id)> + 'a,
    ) -> impl Iterator<Item = (Reverse<u32>, Id)> + 'a {
        let may_fit = move |(title, _): &(T, Id)| self.may_be_in(title.as_ref());
        let few: Vec<_> = titles.by_ref().filter(may_fit).take(FEW + 1).collect();
        let first_fit = few.len() > FEW && self.words.iter().all(|word| word.is_ascii());
        let mut words: Vec<_> = self.words.iter().map(|word| FirstFit::of(word)).collect();
        let (mut matcher, mut buffer) = (Matcher::new(Config::DEFAULT), Vec::new());
        let mut score = move |title: &[u8]| {
            if !title.is_ascii() {
                let title = Utf32Str::new(std::str::from_utf8(title).ok()?, &mut buffer);
                if !first_fit {
                    return self.pattern.score(title, &mut matcher);
                }
                let words = self.words.iter().map(|word| Utf32Str::Ascii(word.as_bytes()));
                return words.map(|word| Some(u32::from(matcher.fuzzy_match_greedy(title, word)?))).sum();
            }
            match first_fit {
                true => words.iter_mut().map(|word| word.score(title)).sum(),
                false => self.pattern.score(Utf32Str::Ascii(title), &mut matcher),
            }
        };
        // To look for a first fit is to look whether its letters come in order.
        let rest = titles.filter(move |title| first_fit || may_fit(title));
        few.into_iter().chain(rest).filter_map(move |(title, id)| Some((Reverse(score(title.as_ref())?), id)))
    }

    /// Whether each word's letters come in their order. What is not ASCII is left to be scored.
    fn may_be_in(&self, title: &[u8]) -> bool {
        let holds = |word: &String| {
            let mut rest = title.iter();
            word.bytes().all(|letter| rest.any(|byte| *byte == letter))
        };
        !title.is_ascii() || self.words.iter().all(holds)
    }
}

#[cfg(test)]
mod tests;
