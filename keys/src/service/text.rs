//! Checks on text that people hand in: lengths, and characters that would harm whoever is shown it.

use unicode_normalization::UnicodeNormalization;

use crate::error::Fault;

/// Gathers every fault of an input, so that one answer lists them all.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Fault { field: field.into(), detail: detail.into() });
    }

    /// A line of text, normalised (NFC) and trimmed, of `least` to `most` characters.
    pub(crate) fn line(&mut self, field: impl Into<String>, text: &str, least: usize, most: usize) -> String {
        let field = field.into();
        let text: String = text.trim().nfc().collect();
        let length = text.chars().count();
        if length < least {
            self.add(
                field,
                if least == 1 {
                    "is empty; give one".to_owned()
                } else {
                    format!("needs {least} characters")
                },
            );
        } else if length > most {
            self.add(field, format!("has {length} characters; {most} is the most"));
        } else if let Some(bad) = text.chars().find(|c| is_harmful(*c)) {
            self.add(
                field,
                format!("holds the character U+{:04X}, which terminals misread; leave it out", bad as u32),
            );
        }
        text
    }

    /// A page's number, and how many a page holds.
    pub(crate) fn page(&mut self, page: u32, limit: u32) {
        if page == 0 {
            self.add("page", "starts at 1");
        }
        if !(1..=100).contains(&limit) {
            self.add("limit", "is between 1 and 100");
        }
    }

    /// Those of a page, where there is nothing else.
    pub(crate) fn of_page(page: u32, limit: u32) -> Vec<Fault> {
        let mut faults = Self::default();
        faults.page(page, limit);
        faults.0
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// Those of something that was checked.
    pub(crate) fn of<T>(checked: crate::Result<T>) -> Vec<Fault> {
        match checked {
            Err(crate::Error::Invalid(faults)) => faults,
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    pub(crate) fn check(self) -> crate::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(crate::Error::Invalid(self.0)) }
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        Self(faults)
    }
}

/// Control characters, bidirectional overrides, invisible and private-use characters: text that holds them can
/// move a terminal's cursor or hide what it says.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x061C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x2069 | 0xFEFF | 0xFFF9..=0xFFFB
            | 0xE000..=0xF8FF | 0xE0000..=0xE0FFF | 0xF0000..=0x10FFFF)
}

/// A number as people read it: `60,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text from an app, which is not refused for its characters but must not do harm: harmful characters become
/// U+FFFD, and it is cut at `most` bytes, at a character's end.
pub(crate) fn harmless(text: &str, most: usize) -> Box<str> {
    if text.len() <= most && !text.chars().any(is_harmful) {
        return text.into();
    }
    let mut clean = String::with_capacity(most);
    for c in text.chars().map(|c| if is_harmful(c) { char::REPLACEMENT_CHARACTER } else { c }) {
        if clean.len() + c.len_utf8() > most {
            break;
        }
        clean.push(c);
    }
    clean.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let told = [0, 999, 1_000, 60_000, 1_234_567].map(grouped);
        assert_eq!(told, ["0", "999", "1,000", "60,000", "1,234,567"]);
    }

    #[test]
    fn escape_sequences_and_overrides_are_refused_in_names_and_replaced_in_reports() {
        for bad in ["\u{1b}[2J", "a\u{9b}31m", "x\u{202e}y", "a\u{200b}b", "tag\u{e0041}", "nul\0"] {
            let mut faults = Faults::default();
            faults.line("name", bad, 1, 100);
            assert!(faults.check().is_err(), "{bad:?} was let through");
            assert!(!harmless(bad, 100).chars().any(is_harmful));
        }
        assert_eq!(&*harmless("ab\u{1b}ü", 5), "ab\u{fffd}");
    }

    #[test]
    fn lengths_count_characters() {
        let mut faults = Faults::default();
        assert_eq!(faults.line("name", "  Zu\u{308}rich ", 1, 6), "Zürich");
        assert!(faults.check().is_ok());
        let mut faults = Faults::default();
        faults.line("name", "", 1, 6);
        faults.line("tags/1", "1234567", 1, 6);
        let Err(crate::Error::Invalid(all)) = faults.check() else { panic!("both are wrong") };
        assert_eq!(all.len(), 2);
    }
}
