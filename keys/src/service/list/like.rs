//! How much titles are like what somebody typed: each word's letters come in their order, and the nearer together the
//! better. It must not know where titles come from.

use std::cmp::Reverse;

use keyward_store::model::Id;
use memchr::memchr;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::service::mirror::Letters;

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
    pub(super) fn score<'a, T: AsRef<[u8]>>(
        &'a self,
        titles: impl Iterator<Item = (T, Id)> + Clone + 'a,
    ) -> impl Iterator<Item = (Reverse<u32>, Id)> + 'a {
        let mut fitting = titles.clone().filter(|(title, _)| self.may_be_in(title.as_ref()));
        let first_fit = self.words.iter().all(|word| word.is_ascii()) && fitting.nth(FEW).is_some();
        // To look for one word's first fit is to look whether its letters come in order.
        let scored_at_once = first_fit && self.words.len() == 1;
        let (mut matcher, mut buffer) = (Matcher::new(Config::DEFAULT), Vec::new());
        let mut score = move |title: &[u8]| {
            let title = if title.is_ascii() {
                Utf32Str::Ascii(title)
            } else {
                Utf32Str::new(std::str::from_utf8(title).ok()?, &mut buffer)
            };
            if !first_fit {
                return self.pattern.score(title, &mut matcher);
            }
            let words = self.words.iter().map(|word| Utf32Str::Ascii(word.as_bytes()));
            words.map(|word| Some(u32::from(matcher.fuzzy_match_greedy(title, word)?))).sum()
        };
        titles
            .filter(move |(title, _)| scored_at_once || self.may_be_in(title.as_ref()))
            .filter_map(move |(title, id)| Some((Reverse(score(title.as_ref())?), id)))
    }

    /// Whether each word's letters come in their order. What is not ASCII is left to be scored.
    fn may_be_in(&self, title: &[u8]) -> bool {
        let follows = |rest: &mut &[u8], letter| match memchr(letter, rest) {
            Some(at) => {
                *rest = &rest[at + 1..];
                true
            }
            None => false,
        };
        !title.is_ascii()
            || self.words.iter().all(|word| {
                let mut rest = title;
                word.bytes().all(|letter| follows(&mut rest, letter))
            })
    }
}

#[cfg(test)]
mod tests;
