//! Which letters a text has, in four bytes: most of what cannot match is left out by them, without a look at the text.

/// The letters `a` to `z`, the digits two by two, and whether anything lies outside ASCII.
#[derive(Clone, Copy, Default)]
pub(crate) struct Letters(u32);

/// Set where a text holds more than ASCII: what letters that may stand for is not known here.
const MORE: u32 = 1 << 31;

impl Letters {
    /// Those of a text in lower case.
    pub(crate) fn of(text: &[u8]) -> Self {
        Self(text.iter().fold(0, |letters, byte| letters | bit(*byte)))
    }

    /// Whether a text with these letters can hold all of the others. It may answer yes where the text does not.
    pub(crate) fn may_hold(self, others: Self) -> bool {
        self.0 & MORE != 0 || others.0 & !self.0 == 0
    }
}

fn bit(byte: u8) -> u32 {
    match byte {
        b'a'..=b'z' => 1 << (byte - b'a'),
        b'0'..=b'9' => 1 << (26 + (byte - b'0') / 2),
        128.. => MORE,
        _ => 0,
    }
}
