//! Titles with letters outside ASCII, written as one byte a letter: they are then compared with words as fast as any other. Of
//! such letters a byte tells which one of the words' it is, or that it is none of them, and its kind. It must not decide what
//! matches what: letters are folded as nucleo does.

use nucleo_matcher::chars::{is_upper_case, normalize, to_lower_case};

use super::kind::Kind;

/// How some words are compared with titles.
pub(super) struct Alphabet {
    /// Whether marks on a letter of a title do not count, for there are none on those of the words.
    folds: bool,
    /// The letters of the words outside ASCII, and what stands for each; all that there was a byte for.
    letters: Vec<(char, u8)>,
    is_complete: bool,
    /// By character, what stands for it, or one of the two below.
    known: Vec<u8>,
}

const NOT_KNOWN_YET: u8 = 0;
/// It is in no title, and stands for nothing.
const NOTHING: u8 = u8::MAX;
/// Below are the letters of most scripts but the ideographs.
const KNOWN: usize = 0x3000;

impl Alphabet {
    /// That of words whose letters have marks that count, or of words without.
    pub(super) fn of(words: impl Iterator<Item = char>, folds: bool) -> Self {
        let known = vec![NOT_KNOWN_YET; KNOWN];
        let mut alphabet = Self { folds, letters: Vec::new(), is_complete: true, known };
        // The first of each kind stands for those that are in no word.
        let mut free = Kind::ALL.map(|kind| kind.outside_ascii().skip(1));
        for letter in words.filter(|letter| !letter.is_ascii()) {
            if alphabet.byte_of(letter) == NOTHING {
                match Kind::of_letter(letter).and_then(|kind| free[kind as usize].next()) {
                    Some(byte) => alphabet.letters.push((letter, byte)),
                    None => alphabet.is_complete = false,
                }
            }
        }
        alphabet
    }

    pub(super) fn folds(&self) -> bool {
        self.folds
    }

    /// Writes a word.
    pub(super) fn word(&self, word: impl Iterator<Item = char>) -> Vec<u8> {
        word.map(|letter| if letter.is_ascii() { letter as u8 } else { self.byte_of(letter) }).collect()
    }

    /// A title (UTF-8 in lower case, without control characters but for what parts its lines) as it is written; nothing where
    /// that cannot tell what matches it.
    pub(super) fn title<'t>(&mut self, title: &'t [u8], room: &'t mut Vec<u8>) -> Option<&'t [u8]> {
        if title.is_ascii() {
            return Some(title);
        }
        if !self.is_complete {
            return None;
        }
        room.clear();
        let mut rest = title;
        loop {
            let (ascii, other) = rest.split_at_checked(ascii_length(rest))?;
            room.extend_from_slice(ascii);
            let Some(first) = other.first() else { return Some(room) };
            let (letter, after) = other.split_at_checked(length(*first))?;
            room.push(self.letter(std::str::from_utf8(letter).ok()?.chars().next()?)?);
            rest = after;
        }
    }

    #[inline]
    fn letter(&mut self, letter: char) -> Option<u8> {
        let known = self.known.get(letter as usize).copied().unwrap_or(NOT_KNOWN_YET);
        let byte = if known == NOT_KNOWN_YET { self.find(letter) } else { known };
        (byte != NOTHING).then_some(byte)
    }

    /// What stands for a letter of a title.
    #[cold]
    fn find(&mut self, letter: char) -> u8 {
        let byte = self.written(letter).unwrap_or(NOTHING);
        self.known.get_mut(letter as usize).into_iter().for_each(|known| *known = byte);
        byte
    }

    fn written(&self, letter: char) -> Option<u8> {
        if !stands_alone(letter) || (!self.folds && to_lower_case(letter) != letter) {
            return None;
        }
        let folded = if self.folds { to_lower_case(normalize(letter)) } else { letter };
        let kind = Kind::of_letter(letter)?;
        let byte = match self.byte_of(folded) {
            _ if folded.is_ascii() => folded as u8,
            NOTHING => kind.outside_ascii().next()?,
            byte => byte,
        };
        (Kind::of(byte) == kind).then_some(byte)
    }

    /// What stands for a letter of the words outside ASCII.
    fn byte_of(&self, letter: char) -> u8 {
        self.letters.iter().find(|(known, _)| *known == letter).map_or(NOTHING, |(_, byte)| *byte)
    }
}

/// How many bytes of ASCII a text begins with; eight are looked at together.
fn ascii_length(text: &[u8]) -> usize {
    let (eights, rest) = text.as_chunks();
    for (number, eight) in eights.iter().enumerate() {
        let others = u64::from_le_bytes(*eight) & 0x8080_8080_8080_8080;
        if others != 0 {
            return number * 8 + others.trailing_zeros() as usize / 8;
        }
    }
    text.len() - rest.len() + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

/// How many bytes begin with this one (UTF-8, RFC 3629).
fn length(first: u8) -> usize {
    match first {
        ..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

impl Kind {
    /// That of a character outside ASCII; none of an upper-case one.
    fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            letter if letter.is_lowercase() => Self::Letter,
            letter if is_upper_case(letter) => return None,
            letter if letter.is_numeric() => Self::Number,
            letter if letter.is_alphabetic() => Self::Letter,
            letter if letter.is_whitespace() => Self::Space,
            _ => Self::Other,
        })
    }
}

/// Whether a character is a letter or sign of its own whatever lies beside it (grapheme clusters, UAX #29). It may say no of one
/// that is: then it is looked at more closely.
pub(super) fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\0'..='\u{c}' | '\u{e}'..='\u{7f}' |
        // Latin, with phonetic letters
        '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{1e00}'..='\u{1eff}'
        // Greek, Cyrillic, Armenian
        | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{58f}' | '\u{1f00}'..='\u{1fff}'
        // dashes, quotes, currencies
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{203b}' | '\u{20a0}'..='\u{20bf}'
        // kana, ideographs, whole syllables of Hangul
        | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use nucleo_matcher::chars::graphemes;

    use super::*;

    #[test]
    fn what_stands_alone_is_a_letter_of_its_own_beside_any_other() {
        let alone: Vec<char> = ('\0'..='\u{ffff}').filter(|letter| stands_alone(*letter)).collect();
        assert!(alone.len() > 30_000);
        let mut beside = vec!['a', '\n', ' ', '9', 'ä', '漢', '각', '\u{1f1e6}', '👍'];
        beside.extend(alone.iter().step_by(997));
        for letter in &alone {
            for other in &beside {
                for text in [[*letter, *other], [*other, *letter], [*letter; 2]] {
                    let text: String = text.iter().collect();
                    assert!(graphemes(&text).eq(text.chars()), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn marks_count_where_a_word_has_some() {
        let written = |word: &str, title: &str, folds| {
            let mut alphabet = Alphabet::of(word.chars(), folds);
            let (word, mut room) = (alphabet.word(word.chars()), Vec::new());
            Some((word, alphabet.title(title.as_bytes(), &mut room)?.to_vec()))
        };
        let (word, title) = written("auf", "aufträge", true).unwrap();
        assert_eq!((word.as_slice(), title.as_slice()), (&b"auf"[..], &b"auftrage"[..]));
        let (word, title) = written("äö", "aäöü", false).unwrap();
        assert_eq!(word, title[1..3]);
        assert!(title[0] == b'a' && !word.contains(&title[3]));
        assert_eq!(written("a", "e\u{301}", true), None, "two characters that are one letter");
        let many: String = ('\u{4e00}'..='\u{4eff}').collect();
        assert_eq!(written(&many, "ä", true), None, "more letters than bytes");
    }
}
