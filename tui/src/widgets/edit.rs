//! One line of text being edited. It may hold a secret, so it is wiped when dropped and when it grows. It must not be
//! printed by `Debug`.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;
use unicode_segmentation::UnicodeSegmentation;
use zeroize::Zeroizing;

use crate::term::input::{Key, KeyCode};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, width};

/// A line with a cursor.
#[derive(Default)]
pub(crate) struct Edit {
    text: Zeroizing<String>,
    /// A byte offset on a grapheme's bound.
    cursor: usize,
    /// Bytes it may hold.
    max: usize,
}

impl Edit {
    /// An empty line for at most `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The cursor is behind the text.
    pub(crate) fn at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// Puts this in its place, as far as there is room for it.
    pub(crate) fn set(&mut self, text: &str) {
        self.clear();
        self.insert(text);
    }

    /// A copy in a type that can't be printed.
    pub(crate) fn secret(&self) -> SecretString {
        SecretString::from(self.text.as_str())
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.text = Zeroizing::default();
        self.cursor = 0;
    }

    /// Puts text in at the cursor; false when it was too much and nothing was put in.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let needed = self.text.len() + text.len();
        if needed > self.max {
            return false;
        }
        if needed > self.text.capacity() {
            // Growing in place would leave the old bytes behind in freed memory.
            let mut roomier = Zeroizing::new(String::with_capacity(needed.next_power_of_two().max(64)));
            roomier.push_str(&self.text);
            self.text = roomier;
        }
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        true
    }

    /// Takes a key that edits; false when the key means something else.
    pub(crate) fn key(&mut self, key: Key) -> bool {
        match (key.code, key.mods.ctrl, key.mods.alt) {
            (KeyCode::Char(c), false, false) => {
                let mut bytes = [0; 4];
                if !c.is_control() {
                    self.insert(c.encode_utf8(&mut bytes));
                }
            }
            (KeyCode::Char('u'), true, _) => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            (KeyCode::Char('w'), true, _) => {
                let kept = self.text[..self.cursor].trim_end();
                let begin = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.text.drain(begin..self.cursor);
                self.cursor = begin;
            }
            (KeyCode::Char('a'), true, _) | (KeyCode::Home, ..) => self.cursor = 0,
            (KeyCode::Char('e'), true, _) | (KeyCode::End, ..) => self.cursor = self.text.len(),
            (KeyCode::Left, ..) => self.cursor -= self.before(),
            (KeyCode::Right, ..) => self.cursor += self.after(),
            (KeyCode::Backspace, ..) => {
                let begin = self.cursor - self.before();
                self.text.drain(begin..self.cursor);
                self.cursor = begin;
            }
            (KeyCode::Delete, ..) => {
                let end = self.cursor + self.after();
                self.text.drain(self.cursor..end);
            }
            _ => return false,
        }
        true
    }

    /// Draws it into one row; answers where the cursor is. Long text scrolls so that the cursor stays in view.
    pub(crate) fn paint(&self, area: Rect, buf: &mut Buffer, masked: bool, ui: &Ui) -> Position {
        let show = |part: &str| {
            if masked { ui.glyphs.mask.repeat(part.graphemes(true).count()) } else { safe(part).into_owned() }
        };
        let (before, after) = (show(&self.text[..self.cursor]), show(&self.text[self.cursor..]));
        let room = area.width.saturating_sub(1);
        let hidden = width(&before).saturating_sub(room);
        let mut seen = before.as_str();
        let mut cut = 0;
        for grapheme in before.graphemes(true) {
            if cut >= hidden {
                break;
            }
            cut += width(grapheme);
            seen = &seen[grapheme.len()..];
        }
        let mut pen = Pen::new(buf, area, 0);
        pen.text(seen, ui.style(Tone::Strong));
        let cursor = Position::new(pen.x().min(area.right().saturating_sub(1)), area.y);
        pen.text(after, ui.style(Tone::Strong));
        cursor
    }

    /// Draws it into several rows, broken at spaces; the window follows the cursor, whose place it answers.
    pub(crate) fn paint_lines(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
        let rows = rows(&self.text, area.width.saturating_sub(1).max(1));
        let at = rows.iter().rposition(|row| row.start <= self.cursor).unwrap_or(0);
        let first = (at + 1).saturating_sub(usize::from(area.height.max(1)));
        for (line, row) in (0..area.height).zip(rows.iter().skip(first)) {
            Pen::new(buf, area, line).text(safe(&self.text[row.clone()]), ui.style(Tone::Strong));
        }
        let before = width(&safe(&self.text[rows[at].start..self.cursor]));
        let column = before.min(area.width.saturating_sub(1));
        // It is in the window: the first row was chosen so.
        Position::new(area.x + column, area.y + u16::try_from(at - first).unwrap_or(0))
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].graphemes(true).next_back().map_or(0, str::len)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }
}

/// The bytes of each row of a text of several lines, broken where it is wider than `columns`. There is at least one.
fn rows(text: &str, columns: u16) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used, mut space) = (0, 0, None);
    for (at, grapheme) in text.grapheme_indices(true) {
        if grapheme.ends_with('\n') {
            rows.push(start..at);
            (start, used, space) = (at + grapheme.len(), 0, None);
            continue;
        }
        let wide = width(&safe(grapheme));
        if used + wide > columns && at > start {
            let end = space.take().unwrap_or(at);
            rows.push(start..end);
            start = end;
            used = width(&safe(&text[start..at]));
        }
        used += wide;
        if grapheme == " " {
            space = Some(at + 1);
        }
    }
    rows.push(start..text.len());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_edits_by_what_people_see_as_characters() {
        let mut edit = Edit::new(64);
        assert!(edit.insert("ae\u{301}b"));
        edit.key(Key::plain(KeyCode::Left));
        edit.key(Key::plain(KeyCode::Backspace));
        assert_eq!(edit.text(), "ab");
        edit.key(Key::char('x'));
        assert_eq!(edit.text(), "axb");
        edit.key(Key::ctrl('u'));
        assert_eq!(edit.text(), "b");
    }

    #[test]
    fn several_lines_are_broken_at_spaces_and_lose_nothing() {
        let broken = |text: &str, columns| {
            rows(text, columns).into_iter().map(|row| text[row].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(broken("one two three", 8), ["one two ", "three"]);
        assert_eq!(broken("abcdefgh\n\nx", 4), ["abcd", "efgh", "", "x"]);
        assert_eq!(broken("", 4), [""]);
        for columns in 1..12 {
            let text = "the quick brown\u{301} fox 漢字 jumps";
            assert_eq!(broken(text, columns).concat(), text);
        }
    }

    #[test]
    fn it_refuses_what_is_too_much_as_a_whole() {
        let mut edit = Edit::new(4);
        assert!(edit.insert("1234") && !edit.insert("5"));
        assert_eq!(edit.text(), "1234");
        edit.key(Key::ctrl('w'));
        assert!(edit.is_empty());
    }
}
