//! What a byte of a title is, and what a matched letter earns by the one before it: nucleo's figures. It must not know words.

/// What a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Space,
    Other,
    Delimiter,
    Letter,
    Number,
}

/// What a letter earns by the kind of the one before it, from this on as the start of a word.
pub(super) const BOUNDARY: u32 = 8;
const AFTER_DELIMITER: u32 = 9;
const AFTER_SPACE: u32 = 10;
const NUMBER_AFTER_LETTER: u32 = 5;

impl Kind {
    /// Each at its own number.
    pub(super) const ALL: [Self; 5] = [Self::Space, Self::Other, Self::Delimiter, Self::Letter, Self::Number];

    /// That of a byte, which stands for itself in ASCII and for any of its kind outside.
    pub(super) const fn of(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' | 0xa0.. => Self::Letter,
            b'0'..=b'9' | 0x90..=0x9f => Self::Number,
            b'/' | b',' | b':' | b';' | b'|' => Self::Delimiter,
            0x88..=0x8f => Self::Space,
            byte if byte.is_ascii_whitespace() => Self::Space,
            _ => Self::Other,
        }
    }

    /// The bytes outside ASCII that are of this kind; the last of all is left to others.
    pub(super) fn outside_ascii(self) -> impl Iterator<Item = u8> + use<> {
        (0x80..u8::MAX).filter(move |byte| Self::of(*byte) == self)
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
pub(super) fn earned(title: &[u8], at: usize) -> u32 {
    let before = at.checked_sub(1).map_or(Kind::Space, |before| KINDS[usize::from(title[before])]);
    EARNED[before as usize][KINDS[usize::from(title[at])] as usize]
}
