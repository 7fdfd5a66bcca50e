//! The panel of what was done to the key: its audit records; and people by their names.

use keyward_keys::view::AuditView;
use keyward_keys::{Id, Outcome};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::key::KeyPage;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, safe};

impl KeyPage {
    /// Rows the panel of audit records takes.
    pub(super) fn audit_rows(&self) -> u16 {
        let rows = self.trail.value().map_or(1, |trail| trail.len().max(1));
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    pub(super) fn draw_audit(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        match self.trail.value() {
            None => self.trail.draw_excuse(area, buf, ui),
            Some(trail) if trail.is_empty() => {
                Pen::new(buf, area, 0).text("Nothing that you may see.", ui.style(Tone::Text));
            }
            Some(trail) => {
                for (row, record) in (0..area.height).zip(trail) {
                    self.record(Rect { y: area.y + row, height: 1, ..area }, buf, record, ui);
                }
            }
        }
    }

    fn record(&self, area: Rect, buf: &mut Buffer, record: &AuditView, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let refused = record.outcome == Outcome::Refused;
        let (mark, tone) =
            if refused { (ui.glyphs.cross, Tone::Bad) } else { (ui.glyphs.check, Tone::Faint) };
        let who = match record.actor {
            Some(actor) => self.named(actor),
            None => record.actor_kind.clone(),
        };
        let verb = record.action.strip_prefix("key.").unwrap_or(&record.action);
        let mut pen = Pen::new(buf, area, 0);
        pen.text(mark, ui.style(tone)).skip(1);
        pen.cell(format::age(ui.now_ms, record.timestamp.as_millisecond()), 7, dim);
        pen.cell(safe(verb), 9, ui.style(Tone::Strong)).skip(1);
        pen.cell(safe(&who), if area.width < 60 { 10 } else { 16 }, ui.style(Tone::Text)).skip(1);
        let detail = if refused { "refused" } else { &record.detail };
        pen.text(safe(detail), dim);
    }

    /// Somebody, by the name that the panel of access knows them by.
    pub(super) fn named(&self, id: Id) -> String {
        let access = self.access.value();
        let person = access.and_then(|access| access.people.iter().find(|person| person.user_id == id));
        let token = || access.and_then(|access| access.tokens.iter().find(|token| token.id == id));
        let name = person.map(|person| &person.name).or_else(|| token().map(|token| &token.name));
        name.map_or_else(|| id.to_string()[..8].to_owned(), |name| safe(name).into_owned())
    }
}
