//! Text that other people wrote, made safe and honest to show: on screens, in titles, in the output of commands.
//! It changes what is shown, never what is stored.

use std::borrow::Cow;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Combining marks kept on one character.
const MAX_MARKS: usize = 8;
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// The text with everything replaced by U+FFFD that could steer a terminal, hide, or reorder what is read: controls
/// (line ends and tabs too: split lines before), bidi controls, invisible and private-use characters, tags, and
/// marks piled up beyond eight. Applying it twice changes nothing more.
pub fn term_safe(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    // A mark needs a character to sit on.
    let mut marks = MAX_MARKS;
    for c in text.chars() {
        if is_unsafe(c) {
            safe.push(REPLACEMENT);
            marks = 0;
        } else if c.width() != Some(0) {
            safe.push(c);
            marks = 0;
        } else if marks < MAX_MARKS {
            safe.push(c);
            marks += 1;
        } else if !safe.ends_with(REPLACEMENT) {
            // Further marks would sit on the replacement: they go with it.
            safe.push(REPLACEMENT);
        }
    }
    if safe == text { Cow::Borrowed(text) } else { Cow::Owned(safe) }
}

/// The text cut to `columns`, with `…` for what is missing. Never cuts inside a cluster.
pub fn truncate_to_width(text: &str, columns: usize) -> Cow<'_, str> {
    let width = |cluster: &str| usize::from(cluster.cell_width());
    // Each cluster takes at least a byte and none more columns than bytes.
    if text.len() <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    if is_plain(text) {
        return match (text.char_indices().nth(columns), text.char_indices().nth(columns - 1)) {
            (Some(_), Some((end, _))) => Cow::Owned(format!("{}…", &text[..end])),
            _ => Cow::Borrowed(text),
        };
    }
    if text.graphemes(true).map(width).sum::<usize>() <= columns {
        return Cow::Borrowed(text);
    }
    let mut room = columns - 1;
    let kept = text.graphemes(true).take_while(|cluster| {
        let fits = width(cluster) <= room;
        room = room.saturating_sub(width(cluster));
        fits
    });
    let end = kept.map(str::len).sum::<usize>();
    Cow::Owned(format!("{}…", &text[..end]))
}

/// Each of its characters is one column wide and a cluster by itself, whatever stands beside it: so is most of what is
/// drawn, and need not be taken apart by the rules for all of Unicode.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |c| matches!(c, ' '..='~' | '·' | '\u{c0}'..='\u{24f}' | '…' | '›' | '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}');
    text.chars().all(plain)
}

/// Characters that act on a terminal or a reader instead of being seen.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, grapheme joiner, Arabic letter mark, fillers, Khmer and Mongolian invisibles.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
            // Zero-width characters, line and paragraph separators, bidi controls, invisible operators.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            // Annotations, shorthand and musical format characters.
            | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // Private use, non-characters, tags and the selectors beside them.
            | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn honest_text_stays() {
        for text in
            ["", "prod key #1", "Schlüssel", "ключ", "鍵 🔑", "é e\u{301}", "⚠\u{fe0f} careful", "a…b"]
        {
            assert_eq!(term_safe(text), text);
            assert!(matches!(term_safe(text), Cow::Borrowed(_)), "{text:?} was copied");
        }
    }

    #[test]
    fn what_acts_on_a_terminal_or_a_reader_becomes_visible() {
        for c in [
            '\u{1b}',
            '\u{7}',
            '\n',
            '\t',
            '\u{7f}',
            '\u{9b}',
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{200d}',
            '\u{feff}',
            '\u{2028}',
            '\u{e0041}',
            '\u{e000}',
            '\u{ad}',
            '\u{3164}',
            '\u{10fffd}',
            '\u{ffff}',
        ] {
            assert_eq!(term_safe(&format!("a{c}b")), "a\u{fffd}b", "{c:?}");
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let tower = format!("a{}b", "\u{301}".repeat(500));
        let safe = term_safe(&tower);
        assert_eq!(safe.chars().filter(|c| *c == '\u{301}').count(), MAX_MARKS);
        assert!(safe.ends_with("\u{fffd}b"));
        assert_eq!(term_safe("\u{301}x"), "\u{fffd}x", "a mark without a base would sit on its neighbour");
    }

    #[test]
    fn cuts_to_the_width_between_clusters() {
        let table = [
            ("keyward", 7, "keyward"),
            ("keyward", 6, "keywa…"),
            ("keyward", 1, "…"),
            ("keyward", 0, ""),
            ("鍵鍵鍵", 6, "鍵鍵鍵"),
            ("鍵鍵鍵", 5, "鍵鍵…"),
            ("鍵鍵鍵", 4, "鍵…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ];
        for (text, columns, cut) in table {
            assert_eq!(truncate_to_width(text, columns), cut, "{text} to {columns}");
        }
    }

    proptest! {
        #[test]
        fn twice_is_once(text in ".{0,80}|(\\PC|[\u{300}-\u{36f}\u{200b}-\u{206f}]){0,80}") {
            let once = term_safe(&text).into_owned();
            prop_assert_eq!(term_safe(&once), once.as_str());
            prop_assert!(!once.chars().any(is_unsafe));
        }

        #[test]
        fn never_wider_than_asked(text in "[a-z語é🔑\u{301}]{0,30}", columns in 0usize..20) {
            let cut = truncate_to_width(&text, columns);
            let width: usize = cut.graphemes(true).map(|g| usize::from(g.cell_width())).sum();
            prop_assert!(width <= columns, "{cut:?} is {width} wide");
        }
    }
}
