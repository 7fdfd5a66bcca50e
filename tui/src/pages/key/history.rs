//! The panels of what was: rotation and versions, and the audit records of the key.

use keyward_keys::view::{AuditView, VersionLabel, VersionView};
use keyward_keys::{Id, Outcome};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::key::KeyPage;
use crate::pages::key::panels::LABEL;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, safe};

/// Rows above the versions.
const HEAD: u16 = 4;

impl KeyPage {
    /// Rows the panel of versions takes.
    pub(super) fn version_rows(&self) -> u16 {
        rows(HEAD, self.versions.value().map_or(1, Vec::len))
    }

    pub(super) fn draw_versions(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let (due, tone) = marks::rotation(&self.key, ui.now_ms);
        Pen::new(buf, area, 0).cell("Rotation", LABEL, dim).text(due, ui.style(tone));
        let versions = self.versions.value().map_or(&[][..], Vec::as_slice);
        let set = versions.first().map(|version| format::ago(ui.now_ms, version.created_at.as_millisecond()));
        let value = match set {
            Some(set) => format!("version {}, set {set}", self.key.version),
            None => format!("version {}", self.key.version),
        };
        Pen::new(buf, area, 1).cell("Value", LABEL, dim).text(value, ui.style(Tone::Text));
        let overlap = versions.iter().find_map(|version| Some((version.version, version.fetchable_until?)));
        let (overlap, tone) = match overlap {
            Some((number, until)) => {
                let left = format::age(until.as_millisecond(), ui.now_ms);
                let left = if left == "now" { "a moment".to_owned() } else { left };
                (format!("version {number} is fetched along for {left} more"), Tone::Warn)
            }
            None => ("none: the current value alone".to_owned(), Tone::Text),
        };
        Pen::new(buf, area, 2).cell("Overlap", LABEL, dim).text(overlap, ui.style(tone));
        if self.versions.value().is_none() {
            Pen::new(buf, area, HEAD).text(self.versions.excuse(ui.now_ms), dim);
        }
        for (row, version) in (HEAD..area.height).zip(versions) {
            self.version(Rect { y: area.y + row, height: 1, ..area }, buf, version, ui);
        }
    }

    fn version(&self, area: Rect, buf: &mut Buffer, version: &VersionView, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let (mark, label, tone) = match version.labels.first() {
            Some(VersionLabel::Current) => (ui.glyphs.active, "current", Tone::Good),
            Some(VersionLabel::Previous) => (ui.glyphs.inactive, "previous", Tone::Warn),
            None => (ui.glyphs.dot, "", Tone::Faint),
        };
        Pen::new(buf, area, 0)
            .text(mark, ui.style(tone))
            .skip(1)
            .cell(format!("v{}", version.version), 6, ui.style(Tone::Strong))
            .cell(label, 10, ui.style(tone))
            .cell(format::ago(ui.now_ms, version.created_at.as_millisecond()), 11, ui.style(Tone::Text))
            .text(self.named(version.created_by), dim);
    }

    /// Rows the panel of audit records takes.
    pub(super) fn audit_rows(&self) -> u16 {
        rows(0, self.trail.value().map_or(1, |trail| trail.len().max(1)))
    }

    pub(super) fn draw_audit(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        match self.trail.value() {
            None => {
                Pen::new(buf, area, 0).text(self.trail.excuse(ui.now_ms), dim);
            }
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
    fn named(&self, id: Id) -> String {
        let access = self.access.value();
        let person = access.and_then(|access| access.people.iter().find(|person| person.user_id == id));
        let token = || access.and_then(|access| access.tokens.iter().find(|token| token.id == id));
        let name = person.map(|person| &person.name).or_else(|| token().map(|token| &token.name));
        name.map_or_else(|| id.to_string()[..8].to_owned(), |name| safe(name).into_owned())
    }
}

fn rows(head: u16, rows: usize) -> u16 {
    head.saturating_add(u16::try_from(rows).unwrap_or(u16::MAX))
}
