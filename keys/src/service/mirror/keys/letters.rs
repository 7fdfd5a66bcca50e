//! Which letters a text has, in four bytes: most of what cannot match is left out by them, without a look at the text.

use nucleo_matcher::chars::{normalize, to_lower_case};

/// The letters `a` to `z`, the digits two by two, and whether anything lies outside ASCII.
#[derive(Clone, Copy, Default)]
pub(crate) struct Letters(u32);

/// Set where there is more than ASCII.
const MORE: u32 = 1 << 31;

impl Letters {
    /// Those that a text in lower case (UTF-8) may be asked for: of a letter with marks, the one without as well.
    pub(crate) fn of(text: &[u8]) -> Self {
        if text.is_ascii() {
            return Self(text.iter().fold(0, |letters, byte| letters | bit(*byte)));
        }
        let letters = text.utf8_chunks().flat_map(|chunk| chunk.valid().chars());
        let plain =
            letters.flat_map(|letter| [letter, to_lower_case(letter), to_lower_case(normalize(letter))]);
        Self::asked(plain)
    }

    /// These letters themselves.
    pub(crate) fn asked(letters: impl Iterator<Item = char>) -> Self {
        let bits = letters.map(|letter| if letter.is_ascii() { bit(letter as u8) } else { MORE });
        Self(bits.fold(0, |letters, bit| letters | bit))
    }

    /// Whether a text with these letters can hold all of the others. It may answer yes where the text does not.
    pub(crate) fn may_hold(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }
}

fn bit(byte: u8) -> u32 {
    match byte {
        b'a'..=b'z' => 1 << (byte - b'a'),
        b'0'..=b'9' => 1 << (26 + (byte - b'0') / 2),
        _ => 0,
    }
}
