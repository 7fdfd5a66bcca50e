//! A piece of a text that is shared: events come and go by the thousand, and to allocate what each tells further, and to free
//! it, takes longer than to count it. It must not change, nor know what it says.

use std::ops::Deref;
use std::sync::Arc;

/// A longer text is not shared: it would stay in memory for the short ones around it.
const SHARED: usize = 256;

/// An immutable text, part of a longer one.
#[derive(Clone, Default)]
pub(super) struct Piece {
    /// None for an empty one.
    whole: Option<Arc<str>>,
    start: u32,
    end: u32,
}

impl Piece {
    /// This part of a text; none where a character would be cut, or beyond its end.
    pub(super) fn of(whole: &Arc<str>, start: usize, end: usize) -> Option<Self> {
        let part = whole.get(start..end)?;
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
        Some(Self { whole: (!part.is_empty()).then(|| Arc::clone(whole)), start, end })
    }

    /// Its length, without a look at the text: that may lie far off, and to wait for it takes longer than to count an event.
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// A copy of each of these texts; the short ones of them share one.
    pub(super) fn copies<'a>(
        texts: impl ExactSizeIterator<Item = &'a str> + Clone,
    ) -> impl Iterator<Item = Self> {
        let longest = if texts.len() > 1 { SHARED } else { 0 };
        let short: String = texts.clone().filter(|text| text.len() <= longest).collect();
        // Of one event alone there is nothing to share.
        let short = (!short.is_empty()).then(|| Arc::from(short));
        let mut next = 0;
        texts.map(move |text| match &short {
            Some(short) if text.len() <= longest => {
                let start = next;
                next += text.len();
                Self::of(short, start, next).unwrap_or_default()
            }
            _ => text.into(),
        })
    }
}

impl Deref for Piece {
    type Target = str;

    fn deref(&self) -> &str {
        self.whole.as_ref().and_then(|whole| whole.get(self.start as usize..self.end as usize)).unwrap_or("")
    }
}

impl From<&str> for Piece {
    /// A copy of its own.
    fn from(text: &str) -> Self {
        if text.is_empty() {
            Self::default()
        } else {
            Self::of(&Arc::from(text), 0, text.len()).unwrap_or_default()
        }
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn copies_are_the_texts(texts in prop::collection::vec("[aß{}\"]{0,9}|x{250,260}", 0..20)) {
            let copies: Vec<_> = Piece::copies(texts.iter().map(String::as_str)).collect();
            prop_assert_eq!(copies.iter().map(|copy| &**copy).collect::<Vec<_>>(), texts);
        }
    }

    #[test]
    fn short_ones_share_one_text_and_long_ones_do_not() {
        let (short, long) = ("s".repeat(SHARED), "l".repeat(SHARED + 1));
        let copies: Vec<_> = Piece::copies([&*short, &*long, &*short, ""].into_iter()).collect();
        let whole = |place: usize| copies[place].whole.as_ref().map_or(0, |whole| whole.len());
        assert_eq!([0, 1, 2, 3].map(whole), [2 * SHARED, SHARED + 1, 2 * SHARED, 0]);
    }

    #[test]
    fn no_character_is_cut() {
        let whole: Arc<str> = "aß".into();
        assert_eq!(Piece::of(&whole, 1, 3).as_deref(), Some("ß"));
        assert!(Piece::of(&whole, 1, 2).is_none() && Piece::of(&whole, 1, 4).is_none());
    }
}
