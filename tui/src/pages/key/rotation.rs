//! The panel of rotation and versions: when it is due and how it is rotated, the steps under way, what failed and what to
//! do, who still uses an old version, and the versions with their labels.

use jiff::tz::TimeZone;
use keyward_keys::input::RotationMethodName;
use keyward_keys::view::{RotationFaultView, RotationView, VersionLabel, VersionView};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::key::KeyPage;
use crate::pages::key::panels::LABEL;
use crate::pages::{marks, track};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::{Pen, Ui, safe, wrap};

/// A row of the panel.
enum Row<'a> {
    /// A label and what it says.
    Fact(&'static str, String, Tone),
    /// The steps of what is under way.
    Track(&'a RotationView),
    Version(&'a VersionView),
    Gap,
}

impl KeyPage {
    /// Rows the panel takes.
    pub(super) fn version_rows(&self, columns: u16, now_ms: i64) -> u16 {
        // Which marks are drawn changes no row.
        u16::try_from(self.rows(columns, now_ms, Glyphs::of(false)).len()).unwrap_or(u16::MAX)
    }

    pub(super) fn draw_versions(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        for (row, what) in (0..area.height).zip(self.rows(area.width, ui.now_ms, ui.glyphs)) {
            let place = Rect { y: area.y + row, height: 1, ..area };
            match what {
                Row::Fact(label, text, tone) => {
                    Pen::new(buf, place, 0).cell(label, LABEL, dim).text(text, ui.style(tone));
                }
                Row::Track(view) => {
                    let leaving = view.retiring.first().map(|old| old.state);
                    let run = view.run.as_ref();
                    let method = run.map_or(view.rotation.method, |run| run.method);
                    let done = run.map(|run| run.steps.as_slice()).unwrap_or_default();
                    let mut pen = Pen::new(buf, place, 0);
                    pen.cell("Steps", LABEL, dim);
                    let columns = pen.left();
                    track::draw(&mut pen, &track::steps(done, leaving, method), columns, ui);
                }
                Row::Version(version) => self.version(place, buf, version, ui),
                Row::Gap => {}
            }
        }
    }

    fn rows(&self, columns: u16, now_ms: i64, glyphs: &Glyphs) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        let (due, tone) = marks::rotation(&self.key, now_ms);
        fact(&mut rows, columns, "Rotation", &due, tone);
        match self.rotation.value() {
            Some(view) => standing(&mut rows, view, columns, now_ms, glyphs),
            None => fact(&mut rows, columns, "", self.rotation.excuse(now_ms), Tone::Dim),
        }
        rows.push(Row::Gap);
        match self.versions.value() {
            Some(versions) => rows.extend(versions.iter().map(Row::Version)),
            None => fact(&mut rows, columns, "Versions", self.versions.excuse(now_ms), Tone::Dim),
        }
        rows
    }

    fn version(&self, area: Rect, buf: &mut Buffer, version: &VersionView, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let (mark, label, tone) = match version.labels.first() {
            Some(VersionLabel::Current) => (ui.glyphs.active, "current", Tone::Good),
            Some(VersionLabel::Previous) => (ui.glyphs.frozen, "previous", Tone::Warn),
            Some(VersionLabel::Pending) => (ui.glyphs.inactive, "pending", Tone::Accent),
            None => (ui.glyphs.dot, "", Tone::Faint),
        };
        let mut pen = Pen::new(buf, area, 0);
        pen.text(mark, ui.style(tone))
            .skip(1)
            .cell(format!("v{}", version.version), 6, ui.style(Tone::Strong))
            .cell(label, 10, ui.style(tone))
            .cell(format::ago(ui.now_ms, version.created_at.as_millisecond()), 11, ui.style(Tone::Text));
        // Until when it is fetched matters more than who set it.
        if let Some(until) = version.fetchable_until {
            let left = track::left(ui.now_ms, until.as_millisecond());
            pen.text(format!("{left} more"), ui.style(Tone::Warn)).text(", ", dim);
        }
        pen.text(self.named(version.created_by), dim);
    }
}

/// Where the rotation stands: how, when, how well, what is under way, what leaves.
fn standing<'a>(rows: &mut Vec<Row<'a>>, view: &'a RotationView, columns: u16, now_ms: i64, glyphs: &Glyphs) {
    let settings = &view.rotation;
    let zone = TimeZone::get(&settings.timezone).unwrap_or(TimeZone::UTC);
    let when = |at: &jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%-d %b %H:%M").to_string();
    let upcoming: Vec<_> = settings.upcoming.iter().map(when).collect();
    if !upcoming.is_empty() {
        fact(rows, columns, "Next", &upcoming.join(", "), Tone::Text);
    }
    let quiet = settings.quiet_hours.as_ref().or(settings.team_quiet_hours.as_ref());
    let quiet = quiet.map(|quiet| format!("; quiet {}", safe(quiet)));
    let how = format!("{}{}", track::method_in_words(settings.method), quiet.unwrap_or_default());
    fact(rows, columns, "How", &how, Tone::Text);
    if let Some(url) = &settings.url {
        fact(rows, columns, "", &safe(url), Tone::Accent);
    }
    if let (RotationMethodName::Remind, Some(recipe)) = (settings.method, &settings.recipe) {
        fact(rows, columns, "", &format!("what you paste is tried by {}", safe(recipe)), Tone::Text);
    }
    let keeps = if settings.evidence { " and while used" } else { "" };
    fact(rows, columns, "Overlap", &format!("{}{keeps}", format::told_span(&settings.overlap)), Tone::Text);
    health(rows, view, columns, now_ms, glyphs);
    if view.run.is_some() || !view.retiring.is_empty() {
        rows.push(Row::Gap);
        rows.push(Row::Track(view));
    }
    if let Some(run) = &view.run {
        if run.phase == keyward_keys::RotationPhase::Waiting {
            let text = format!("{} waits for the new value: R takes it", glyphs.paused);
            fact(rows, columns, "Now", &text, Tone::Warn);
        } else if let Some(last) = run.log.last() {
            fact(rows, columns, "Now", &last.text, Tone::Text);
        }
        if let Some(seen) = &run.fault {
            fault(rows, columns, seen, glyphs);
        }
        if let Some(at) = run.next_try {
            let text = format!("in {}, try {}", track::left(now_ms, at.as_millisecond()), run.attempts + 1);
            fact(rows, columns, "Again", &text, Tone::Warn);
        }
    }
    for old in &view.retiring {
        let (text, tone) = track::leaving(old.state, old.overlap_ends.as_millisecond(), now_ms);
        fact(rows, columns, "Leaving", &format!("v{} {text}", old.version), tone);
        if !old.used_by.is_none() {
            fact(rows, columns, "Used by", &old.used_by.in_words(), Tone::Warn);
            let at = when(&old.latest);
            fact(rows, columns, "", &format!("goes on {at} whatever uses it"), Tone::Dim);
        }
        if let Some(seen) = &old.fault {
            fault(rows, columns, seen, glyphs);
        }
    }
}

fn health(rows: &mut Vec<Row<'_>>, view: &RotationView, columns: u16, now_ms: i64, glyphs: &Glyphs) {
    let (mark, word, tone) = track::health(view.health, glyphs);
    let last = match view.last_success {
        Some(at) => format!("last done {}", format::ago(now_ms, at.as_millisecond())),
        None => "not rotated here yet".to_owned(),
    };
    fact(rows, columns, "Health", &format!("{mark} {word}, {last}"), tone);
}

/// What failed, and what to do.
fn fault(rows: &mut Vec<Row<'_>>, columns: u16, seen: &RotationFaultView, glyphs: &Glyphs) {
    let text = format!("{} {}: {}", glyphs.cross, track::step(seen.step), safe(&seen.text));
    fact(rows, columns, "Failed", &text, Tone::Bad);
    fact(rows, columns, "To do", seen.advice, Tone::Text);
}

/// Adds a fact, on as many rows as it takes.
fn fact(rows: &mut Vec<Row<'_>>, columns: u16, label: &'static str, text: &str, tone: Tone) {
    for (row, line) in wrap(text, columns.saturating_sub(LABEL)).into_iter().enumerate() {
        rows.push(Row::Fact(if row == 0 { label } else { "" }, line, tone));
    }
}
