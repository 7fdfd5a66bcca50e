//! How much titles are like what somebody typed: each word's letters come in their order, and the nearer together the
//! better. It must not know where titles come from.

mod alphabet;
mod first_fit;
mod kind;

use std::cmp::Reverse;

use keyward_store::model::Id;
use nucleo_matcher::chars::normalize;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::service::mirror::Letters;

use alphabet::{Alphabet, stands_alone};
use first_fit::FirstFit;

/// Of so many titles the best fit of each is scored. Of more, where a few letters are in nearly all, the first fit: that
/// takes a third of the time.
const FEW: usize = 10_000;

/// What was typed. No character of it is special.
pub(super) struct Like {
    pattern: Pattern,
}

impl Like {
    pub(super) fn new(text: &str) -> Self {
        let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        Self { pattern }
    }

    fn words(&self) -> impl Iterator<Item = Utf32Str<'_>> {
        self.pattern.atoms.iter().map(|word| word.needle_text())
    }

    /// What a title must hold.
    pub(super) fn letters(&self) -> Letters {
        Letters::asked(self.words().flat_map(Utf32Str::chars))
    }

    /// The titles (UTF-8 in lower case) that are like it, each with its score; the best comes first when they are sorted.
    pub(super) fn score<'a, T: AsRef<[u8]> + 'a>(
        &'a self,
        titles: impl Iterator<Item = (T, Id)> + 'a,
    ) -> impl Iterator<Item = (Reverse<u32>, Id)> + 'a {
        self.score_more_than(FEW, titles)
    }

    /// The same by the first fit if there are more than this to be scored.
    fn score_more_than<'a, T: AsRef<[u8]> + 'a>(
        &'a self,
        few: usize,
        mut titles: impl Iterator<Item = (T, Id)> + 'a,
    ) -> impl Iterator<Item = (Reverse<u32>, Id)> + 'a {
        let mut groups: Vec<_> =
            [true, false].into_iter().filter_map(|folds| Group::of(self, folds)).collect();
        let may_fit = |(title, _): &(T, Id)| groups.iter_mut().all(|group| group.may_fit(title.as_ref()));
        let fitting: Vec<_> = titles.by_ref().filter(may_fit).take(few + 1).collect();
        let first_fit = fitting.len() > few;
        let (mut matcher, mut room) = (Matcher::new(Config::DEFAULT), Vec::new());
        let mut score = move |title: &[u8]| {
            if first_fit {
                return groups.iter_mut().map(|group| group.first_fit(title, &mut matcher, &mut room)).sum();
            }
            self.pattern.score(characters(title, &mut room)?, &mut matcher)
        };
        // Whether it fits at all shows as it is scored.
        fitting
            .into_iter()
            .chain(titles)
            .filter_map(move |(title, id)| Some((Reverse(score(title.as_ref())?), id)))
    }
}

/// Words that are compared with titles in the same way.
struct Group<'a> {
    words: Vec<(FirstFit, Utf32Str<'a>)>,
    alphabet: Alphabet,
    room: Vec<u8>,
}

/// Whether the marks on a title's letters do not count for a word: where it has none.
fn folds(word: Utf32Str<'_>) -> bool {
    word.chars().all(|letter| normalize(letter) == letter)
}

impl<'a> Group<'a> {
    /// Those of the words that fold, or those that do not, if there are any.
    fn of(like: &'a Like, folding: bool) -> Option<Self> {
        let words: Vec<_> = like.words().filter(|word| folds(*word) == folding).collect();
        if words.is_empty() {
            return None;
        }
        let alphabet = Alphabet::of(words.iter().flat_map(|word| word.chars()), folding);
        let fit = |word: Utf32Str<'_>| FirstFit::of(alphabet.word(word.chars()));
        let words = words.into_iter().map(|word| (fit(word), word)).collect();
        Some(Self { words, alphabet, room: Vec::new() })
    }

    /// Whether each word's letters come in their order. What cannot be written is left to be scored.
    fn may_fit(&mut self, title: &[u8]) -> bool {
        let title = self.alphabet.title(title, &mut self.room);
        title.is_none_or(|title| self.words.iter_mut().all(|(fit, _)| fit.fits(title)))
    }

    /// What the words' first fits score in a title, if all fit.
    fn first_fit(&mut self, title: &[u8], matcher: &mut Matcher, room: &mut Vec<char>) -> Option<u32> {
        if let Some(title) = self.alphabet.title(title, &mut self.room) {
            return self.words.iter_mut().map(|(fit, _)| fit.score(title)).sum();
        }
        let title = characters(title, room)?;
        matcher.config.normalize = self.alphabet.folds();
        let mut score = |word| Some(u32::from(matcher.fuzzy_match_greedy(title, word)?));
        self.words.iter().map(|(_, word)| score(*word)).sum()
    }
}

/// A title as the matcher takes it. To tell letters apart takes longer than all else, and is left out where each is a character.
fn characters<'t>(title: &'t [u8], room: &'t mut Vec<char>) -> Option<Utf32Str<'t>> {
    let text = std::str::from_utf8(title).ok()?;
    if text.is_ascii() || !text.chars().all(stands_alone) {
        return Some(Utf32Str::new(text, room));
    }
    room.clear();
    room.extend(text.chars());
    Some(Utf32Str::Unicode(room))
}

#[cfg(test)]
mod tests;
