//! What one cell puts on the screen: its text, its width, and how far terminals agree about that width.
//! The last guard against control characters, and the stand-ins for terminals without UTF-8.

use ratatui::{
    buffer::{Cell, CellWidth},
    style::Modifier,
};

/// The text of one cell, made safe to write.
pub(super) struct Glyph<'a> {
    text: &'a str,
    width: usize,
    certain: bool,
}

impl<'a> Glyph<'a> {
    /// The glyph of a cell with `room` columns left to the edge, at least 1.
    pub(super) fn of(cell: &'a Cell, room: usize, utf8: bool) -> Self {
        let text = cell.symbol();
        if let [byte] = text.as_bytes() {
            let shown = (b' '..=b'~').contains(byte) && !cell.modifier.contains(Modifier::HIDDEN);
            return Self { text: if shown { text } else { " " }, width: 1, certain: true };
        }
        if is_certain(text) && !cell.modifier.contains(Modifier::HIDDEN) {
            return Self { text: if utf8 { text } else { stand_in(text, 1) }, width: 1, certain: true };
        }
        if text.chars().any(char::is_control) {
            return Self { text: if utf8 { "\u{fffd}" } else { "?" }, width: 1, certain: false };
        }
        let width = usize::from(text.cell_width());
        if width == 0 || width > room || cell.modifier.contains(Modifier::HIDDEN) {
            return Self { text: " ", width: 1, certain: true };
        }
        if !utf8 {
            return Self { text: stand_in(text, width), width, certain: true };
        }
        Self { text, width, certain: false }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Columns it takes, at least 1.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Whether every terminal moves its cursor by [`Glyph::width`].
    pub(super) fn is_certain(&self) -> bool {
        self.certain
    }

    /// Whether a terminal may draw it narrower than we think: wide clusters of several characters.
    pub(super) fn may_be_narrow(&self) -> bool {
        self.width > 1 && !self.certain && self.text.chars().nth(1).is_some()
    }
}

/// ASCII, Latin letters, lines, blocks and Braille are one column wide everywhere.
fn is_certain(text: &str) -> bool {
    let mut chars = text.chars();
    let one = chars.next().filter(|_| chars.next().is_none());
    one.is_some_and(
        |c| matches!(c, ' '..='~' | '\u{c0}'..='\u{24f}' | '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}'),
    )
}

/// ASCII of the same width for the glyphs our pages draw with; `?` for letters.
fn stand_in(text: &str, width: usize) -> &'static str {
    let one = match text.chars().next().unwrap_or(' ') {
        '─' | '━' | '═' | '╌' | '╍' | '┄' | '┅' | '┈' | '┉' | '–' | '—' | '▔' => "-",
        '│' | '┃' | '║' | '╎' | '╏' | '┆' | '┇' | '┊' | '┋' | '▏' | '▎' | '▍' | '▌' | '▐' | '▕' => {
            "|"
        }
        '\u{2500}'..='\u{257f}' => "+",
        '▁' | '▂' => "_",
        '▃' | '▄' => "-",
        '▅' | '▆' => "=",
        '▇' | '█' | '▉' | '▊' | '▋' | '▓' | '▀' => "#",
        '▒' => ":",
        '░' | '…' | '·' | '⋯' => ".",
        '\u{2800}' => " ",
        '\u{2801}'..='\u{28ff}' => ":",
        '•' | '●' | '◆' | '★' | '◉' | '■' | '▪' => "*",
        '○' | '◯' | '◌' | '◇' | '□' | '☆' => "o",
        '▶' | '▸' | '►' | '❯' | '›' | '→' | '»' | '⏵' => ">",
        '◀' | '◂' | '◄' | '❮' | '‹' | '←' | '«' => "<",
        '▲' | '▴' | '↑' | '⇡' => "^",
        '▼' | '▾' | '↓' | '⇣' => "v",
        '✓' | '✔' => "+",
        '✗' | '✘' | '✕' | '×' => "x",
        '⚠' => "!",
        '\u{2018}' | '\u{2019}' => "'",
        '\u{201c}' | '\u{201d}' => "\"",
        _ => "?",
    };
    if width == 2 { "??" } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(symbol: &str, room: usize, utf8: bool) -> (String, usize) {
        let mut cell = Cell::default();
        cell.set_symbol(symbol);
        let glyph = Glyph::of(&cell, room, utf8);
        (glyph.text().to_owned(), glyph.width())
    }

    #[test]
    fn nothing_that_controls_a_terminal_gets_through() {
        for symbol in ["\u{1b}", "\u{1b}[2J", "\n", "\u{7f}", "\u{9b}31m", "a\u{8}"] {
            let (text, width) = shown(symbol, 10, true);
            assert!(text == "\u{fffd}" || text == " ", "{symbol:?} gave {text:?}");
            assert_eq!(width, 1);
        }
    }

    #[test]
    fn a_wide_character_with_no_room_becomes_a_blank() {
        assert_eq!(shown("語", 2, true), ("語".to_owned(), 2));
        assert_eq!(shown("語", 1, true), (" ".to_owned(), 1));
        assert_eq!(shown("", 1, true), (" ".to_owned(), 1));
        assert_eq!(shown("\u{301}", 1, true), (" ".to_owned(), 1));
    }

    #[test]
    fn without_utf8_only_ascii_of_the_same_width_is_written() {
        for symbol in ["─", "┼", "█", "⣿", "…", "é", "語", "e\u{301}", "👩\u{200d}👧", "\u{1b}[m"]
        {
            let (text, width) = shown(symbol, 10, false);
            assert!(text.is_ascii(), "{symbol}");
            assert_eq!(text.len(), width, "{symbol}");
        }
    }

    #[test]
    fn hidden_text_is_not_sent() {
        let mut cell = Cell::default();
        cell.set_symbol("s").modifier = Modifier::HIDDEN;
        assert_eq!(Glyph::of(&cell, 1, true).text(), " ");
    }
}
