//! The dashboard while it is locked: nothing of what was on the screen, and the way back in. What lies under it stays as it
//! was; whether a password is right is the core's to say.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;

use crate::app::cx::Pending;
use crate::term::input::{Input, KeyCode};
use crate::theme::Tone;
use crate::widgets::edit::Edit;
use crate::widgets::pen::{Pen, Ui, centred, frame, wrap};

/// Bytes a password may have.
const PASSWORD: usize = 1_024;

const TEXT: &str =
    "No key was pressed for a while. Your password opens the screen as it was; what was unlocked is locked.";

/// A locked screen.
pub(super) struct Lock {
    typed: Edit,
    /// A password is being looked at.
    pub(super) asked: Option<Pending>,
    /// What came of the last one.
    pub(super) told: Option<String>,
}

impl Default for Lock {
    fn default() -> Self {
        Self { typed: Edit::new(PASSWORD), asked: None, told: None }
    }
}

impl Lock {
    /// Takes an input; answers a password to be looked at.
    pub(super) fn on(&mut self, input: &Input) -> Option<SecretString> {
        match input {
            Input::Key(key) if key.code == KeyCode::Enter => {
                if self.typed.is_empty() || self.asked.is_some() {
                    return None;
                }
                let typed = self.typed.secret();
                self.typed.clear();
                return Some(typed);
            }
            Input::Key(key) if key.code == KeyCode::Esc => self.typed.clear(),
            Input::Key(key) => {
                self.typed.key(*key);
                self.told = None;
            }
            Input::Paste(paste) => {
                let text = paste.text.trim_end_matches('\n');
                if paste.truncated || text.contains('\n') || !self.typed.insert(text) {
                    self.told = Some("That paste is no password.".to_owned());
                }
            }
            Input::Mouse(_) | Input::Focus(_) | Input::Reply(_) => {}
        }
        None
    }

    /// Draws it in the place of everything.
    pub(super) fn paint(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let columns = 56.min(area.width);
        let text = wrap(TEXT, columns.saturating_sub(4));
        let told = match (&self.told, self.asked) {
            (Some(told), _) => wrap(told, columns.saturating_sub(6)),
            (None, Some(asked)) if asked.is_long(ui.now_ms) => vec!["One moment…".to_owned()],
            (None, _) => Vec::new(),
        };
        let rows = text.len() + 7 + told.len();
        let tone = ui.style(Tone::Accent);
        let inner = frame(buf, centred(area, columns, rows as u16), "Locked", tone, ui);
        // On a very low screen the field matters more than the explanation.
        let room = usize::from(inner.height.saturating_sub(4 + told.len() as u16));
        let mut row = 0;
        for line in text.iter().take(room) {
            Pen::new(buf, inner, row).text(line, ui.style(Tone::Text));
            row += 1;
        }
        row += u16::from(usize::from(inner.height) + 2 >= rows);
        let field = Rect { y: inner.y + row.min(inner.height.saturating_sub(1)), height: 1, ..inner };
        buf.set_style(field, ui.theme.field());
        let cursor = self.typed.paint(field, buf, true, ui);
        row += 1;
        for line in &told {
            Pen::new(buf, inner, row)
                .text(ui.glyphs.warning, ui.style(Tone::Warn))
                .skip(1)
                .text(line, ui.style(Tone::Warn));
            row += 1;
        }
        row += u16::from(usize::from(inner.height) + 2 >= rows);
        let mut pen = Pen::new(buf, inner, row);
        pen.text("Enter", tone).text(" opens", ui.style(Tone::Dim)).skip(3);
        pen.text("Ctrl-C", tone).text(" twice leaves", ui.style(Tone::Dim));
        Some(cursor)
    }
}
