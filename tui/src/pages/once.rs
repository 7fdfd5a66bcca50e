//! What is shown this once: a code, or a set of them. It can be copied; leaving without that asks whether it was kept.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::app::Effect;
use crate::app::cx::Cx;
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::notice::NoticeKind;
use crate::pages::{Page, Step, scrolled};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, width, wrap};

/// Columns of the text above.
const COLUMNS: u16 = 72;

/// The page. The lines are safe to show.
pub(crate) struct OncePage {
    title: &'static str,
    lead: String,
    lines: Vec<SecretString>,
    copied: bool,
    scroll: usize,
}

impl OncePage {
    /// Shows these, with a word on what they are, which is safe to show.
    pub(crate) fn new(title: &'static str, lead: String, lines: Vec<SecretString>) -> Self {
        Self { title, lead, lines, copied: false, scroll: 0 }
    }

    fn text(&self) -> SecretString {
        let lines: Vec<&str> = self.lines.iter().map(ExposeSecret::expose_secret).collect();
        let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
        for (at, line) in lines.into_iter().enumerate() {
            text.push_str(if at > 0 { "\n" } else { "" });
            text.push_str(line);
        }
        SecretString::from(text.as_str())
    }

    fn lead(&self, columns: u16) -> Vec<String> {
        wrap(&self.lead, columns.min(COLUMNS))
    }

    /// Codes beside one another where that saves scrolling.
    fn columns(&self, area: Rect) -> (usize, u16) {
        let longest = self.lines.iter().map(|line| width(line.expose_secret())).max().unwrap_or(1) + 4;
        let fit = usize::from((area.width / longest.max(1)).max(1));
        (if self.lines.len() > 4 { fit.min(2) } else { 1 }, longest)
    }

    fn rows(&self, area: Rect) -> usize {
        self.lead(area.width).len() + 2 + self.lines.len().div_ceil(self.columns(area).0)
    }
}

impl Page for OncePage {
    fn place(&self) -> Place {
        Place::Once
    }

    fn crumb(&self) -> String {
        self.title.to_owned()
    }

    fn unsaved(&self) -> bool {
        !self.copied
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let last = self.rows(cx.area).saturating_sub(usize::from(cx.area.height));
        self.scroll = scrolled(self.scroll, command, cx.area.height, last);
        match command {
            Command::Copy => {
                self.copied = true;
                cx.effect(Effect::Copy(self.text()));
                cx.say(NoticeKind::Done, "Sent to your terminal's clipboard, if it takes such.");
            }
            Command::Back if self.copied => return Step::Back,
            Command::Back => {
                let text = "It is not shown again. Have you kept it?".to_owned();
                cx.open(Dialog::confirm(Subject::Discard, "Leave", text, false));
            }
            _ => {}
        }
        Step::Stay
    }

    fn verdict(&mut self, _subject: Subject, _verdict: Verdict, _cx: &mut Cx<'_>) -> Step {
        Step::Back
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let (across, pitch) = self.columns(area);
        let lead = self.lead(area.width);
        let first = lead.len() + 1;
        for row in 0..area.height {
            let line = usize::from(row) + self.scroll;
            if let Some(text) = lead.get(line) {
                Pen::new(buf, area, row).text(text, ui.style(Tone::Text));
            } else if let Some(at) = line.checked_sub(first) {
                let mut pen = Pen::new(buf, area, row);
                let codes = self.lines.iter().skip(at * across).take(across);
                for code in codes {
                    pen.skip(2).cell(code.expose_secret(), pitch.saturating_sub(2), ui.style(Tone::Strong));
                }
            }
        }
        let row = first.checked_sub(self.scroll).and_then(|row| u16::try_from(row).ok()).unwrap_or(0);
        at(area, 2, row).or_else(|| at(area, 0, 0))
    }
}
