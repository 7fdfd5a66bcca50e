//! The sections of a key's page, each drawn into its own place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::pages::key::KeyPage;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, frame, safe, width, wrap};
use crate::widgets::{chart, format};

/// Columns of a label.
pub(super) const LABEL: u16 = 10;
/// Seconds of the live line.
const SECONDS: usize = 120;
/// Rows a revealed value takes at most.
const VALUE_ROWS: usize = 400;

/// A fact: its label, its text, how it is written.
type Fact = (&'static str, String, Style);

impl KeyPage {
    /// The moment of the last call, by whoever knows it best.
    pub(super) fn last_used(&self) -> Option<i64> {
        let live = self.live.as_ref().and_then(|live| live.view.last_used);
        live.or(self.key.last_used).map(|at| at.as_millisecond())
    }

    /// The last second of the live line: it stands still while paused.
    pub(super) fn chart_second(&self, now_ms: i64) -> i64 {
        self.paused_ms.unwrap_or(now_ms).div_euclid(1_000)
    }

    /// Calls failed within the live line.
    pub(super) fn has_errors(&self, now_s: i64) -> bool {
        self.live.as_ref().is_some_and(|live| live.errors.sum(now_s, SECONDS) > 0)
    }

    /// Rows the value takes in this width.
    pub(super) fn value_rows(&self, columns: u16) -> u16 {
        match self.secret.held() {
            Some(value) => self.value_lines(value, columns).len().max(1) as u16 + 1,
            None => 1,
        }
    }

    fn value_lines(&self, value: &str, columns: u16) -> Vec<String> {
        let lines = value
            .lines()
            .flat_map(|line| wrap(&safe(line).replace(' ', "\u{a0}"), columns.saturating_sub(2)));
        lines.take(VALUE_ROWS).collect()
    }

    /// Rows the facts take in this width.
    pub(super) fn fact_rows(&self, columns: u16, with_week: bool) -> u16 {
        let text = columns.saturating_sub(LABEL);
        let rows: usize =
            self.facts(0, Style::new(), Style::new()).iter().map(|(_, fact, _)| wrap(fact, text).len()).sum();
        u16::try_from(rows).unwrap_or(u16::MAX) + u16::from(with_week)
    }

    fn facts(&self, now_ms: i64, text: Style, warn: Style) -> Vec<Fact> {
        let key = &self.key;
        let (custody, why) = marks::custody(key.custody);
        let (rotation, tone) = marks::rotation(key, now_ms);
        let mut facts = vec![
            ("Last use", self.last_used().map_or("never".to_owned(), |at| format::ago(now_ms, at)), text),
            ("Opens", format!("{custody}: {why}"), text),
            ("Rotation", rotation, if tone == Tone::Warn { warn } else { text }),
        ];
        if let Some(at) = key.expires_at {
            facts.push(("Expires", format::due(now_ms, at.as_millisecond()), text));
        }
        if !key.networks.is_empty() {
            let networks: Vec<_> = key.networks.iter().map(ToString::to_string).collect();
            facts.push(("Fetched", format!("from {} only", networks.join(", ")), text));
        }
        if !key.tags.is_empty() {
            facts.push(("Tags", safe(&key.tags.join(", ")).into_owned(), text));
        }
        if !key.description.is_empty() {
            facts.push(("About", safe(&key.description).into_owned(), text));
        }
        facts.push((
            "In all",
            format!(
                "{} since it was made, {}",
                format::calls(key.usage_count),
                format::ago(now_ms, key.created_at.as_millisecond())
            ),
            text,
        ));
        facts
    }
}

/// Name, environment, status; then service, id and version.
pub(super) fn title(page: &KeyPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let key = &page.key;
    let (environment_mark, _, environment, environment_tone) = marks::environment(key.environment, ui);
    let (status_mark, status, status_tone) = marks::standing(key, ui);
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("{status_mark} {status}"), ui.style(status_tone));
    pen.end(format!("{environment_mark} {environment}  "), ui.style(environment_tone));
    pen.text(safe(&key.name), ui.style(Tone::Strong));
    let dim = ui.style(Tone::Dim);
    let sep = format!(" {} ", ui.glyphs.dot);
    Pen::new(buf, area, 1)
        .text(safe(&key.service), dim)
        .text(&sep, ui.style(Tone::Faint))
        .text(safe(&key.key_id), dim)
        .text(&sep, ui.style(Tone::Faint))
        .text(format!("version {}", key.version), dim);
}

/// The value: masked, or for a while not.
pub(super) fn value(page: &KeyPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let mut pen = Pen::new(buf, area, 0);
    match page.secret.visible(ui.now_ms) {
        Some((value, seconds)) => {
            pen.end("v hides it", dim);
            pen.cell("Value", LABEL, dim).text(format!("hides in {seconds} s"), ui.style(Tone::Warn));
            for (row, line) in (1u16..).zip(page.value_lines(value, area.width)) {
                let place = Rect { y: area.y + row, height: 1, ..area };
                if row >= area.height {
                    break;
                }
                buf.set_style(place, ui.theme.field());
                Pen::new(buf, place, 0).skip(1).text(line, ui.style(Tone::Strong));
            }
        }
        None => {
            pen.cell("Value", LABEL, dim).text(ui.glyphs.mask.repeat(16), dim);
            if page.secret.pending().is_some_and(|pending| pending.is_long(ui.now_ms)) {
                pen.skip(2).text("opening…", dim);
            }
        }
    }
}

/// The live line.
pub(super) fn live(page: &KeyPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let now_s = page.chart_second(ui.now_ms);
    let failed = page.has_errors(now_s);
    let chart_rows = area.height.saturating_sub(2 + u16::from(failed));
    let place = Rect { y: area.y + 1, height: chart_rows, ..area };
    let dots = usize::from(area.width) * if ui.glyphs.braille { 2 } else { 1 };
    let seconds = SECONDS.div_ceil(dots.clamp(1, SECONDS));
    let buckets = SECONDS / seconds;
    let ring = page.live.as_ref().map(|live| &live.requests);
    let values = ring.map_or_else(|| vec![0.0], |ring| ring.buckets(now_s, buckets, seconds));
    let peak = values.iter().copied().fold(0.0, f64::max);
    let now = ring.map_or(0, |ring| ring.sum(now_s, 5));
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("peak {}/s", format::rate((peak * 10.0) as u64, 10)), dim);
    pen.text("LIVE  ", ui.style(Tone::Accent));
    pen.text(format::rate(now, 5), ui.style(Tone::Strong)).text(" requests/s", dim);
    chart::area(buf, place, &values, peak.max(1.0), ui);
    if let Some(live) = page.live.as_ref().filter(|_| failed) {
        errors_row(&live.errors.buckets(now_s, buckets, seconds), area, chart_rows + 1, buf, ui);
    }
    let mut pen = Pen::new(buf, area, area.height.saturating_sub(1));
    pen.end("now", dim);
    let middle = area.width / 2;
    pen.text("2 min ago", dim);
    pen.skip(middle.saturating_sub(9 + 3)).text("1 min", dim);
}

/// Marks the moments in which calls failed.
fn errors_row(values: &[f64], area: Rect, row: u16, buf: &mut Buffer, ui: &Ui) {
    if row >= area.height {
        return;
    }
    let width = usize::from(area.width);
    let mark = ui.glyphs.cross;
    for column in 0..width {
        let from = column * values.len() / width;
        let to = ((column + 1) * values.len() / width).max(from + 1);
        if values[from..to.min(values.len())].iter().any(|value| *value > 0.0) {
            let place = Rect { x: area.x + column as u16, width: 1, ..area };
            Pen::new(buf, place, row).text(mark, ui.style(Tone::Bad));
        }
    }
}

/// Today in figures, and the month against its limit.
pub(super) fn figures(page: &KeyPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let today = page.live.as_ref().map(|live| live.view.today).unwrap_or_default();
    let failed = today.failed_requests > 0;
    let tiles = [
        (format::count(today.total_requests), "calls today", Tone::Strong),
        (
            format::percent(today.failed_requests, today.total_requests),
            "errors",
            if failed { Tone::Warn } else { Tone::Strong },
        ),
        (format::millis(today.p50), "median", Tone::Strong),
        (format::millis(today.p95), "p95", Tone::Strong),
    ];
    let month_row = if area.width < 60 {
        for (row, pair) in (0u16..).zip(tiles.chunks(2)) {
            let mut pen = Pen::new(buf, area, row);
            for (figure, label, tone) in pair {
                let left = area.width / 2 - width(figure).min(area.width / 2);
                pen.text(figure, ui.style(*tone)).cell(format!(" {label}"), left, dim);
            }
        }
        2
    } else {
        let mut pen = Pen::new(buf, area, 0);
        for (figure, label, tone) in &tiles {
            pen.text(figure, ui.style(*tone)).skip(1).text(label, dim).skip(3);
        }
        1
    };
    let held = [Some(month(page, area.width < 60)), spent(page, area.width < 60)];
    // Bars below each other are of one length.
    let words = held.iter().flatten().filter(|held| held.whole.is_some()).map(|held| width(&held.words));
    let columns = area.width.saturating_sub(LABEL + words.max().unwrap_or(0)).min(40);
    for (row, Held { label, part, whole, words }) in (month_row..).zip(held.iter().flatten()) {
        let mut pen = Pen::new(buf, area, row);
        pen.cell(label, LABEL, dim);
        let share = whole.map_or(0.0, |whole| *part as f64 / whole.max(1) as f64);
        if let Some(whole) = whole {
            chart::bar(&mut pen, columns, *part, *whole, ui);
        }
        pen.text(words, if share >= 0.8 { chart::limit_style(share, ui) } else { ui.style(Tone::Text) });
    }
}

/// What is held against a limit or a budget, where there is one.
struct Held {
    label: &'static str,
    part: u64,
    whole: Option<u64>,
    words: String,
}

/// The month's calls against the limit.
fn month(page: &KeyPage, narrow: bool) -> Held {
    let live = page.live.as_ref().map(|live| live.view.month);
    let (part, whole) =
        (live.map_or(page.key.current_month_usage, |month| month.used), page.key.monthly_limit);
    let words = match whole {
        Some(limit) if narrow => format!(" {}", format::whole_percent(part, limit)),
        Some(limit) => {
            let (percent, used) = (format::whole_percent(part, limit), format::count(part));
            format!("  {percent}  {used} of {}", format::count(limit))
        }
        None => format!("{}, no limit", format::calls(part)),
    };
    Held { label: "Month", part, whole, words }
}

/// What the month cost, against its budget, and when that is spent; nothing without a budget.
fn spent(page: &KeyPage, narrow: bool) -> Option<Held> {
    let budget = page.key.monthly_budget?;
    let outlook = page.live.as_ref().map(|live| &live.view.outlook);
    let cost = outlook.and_then(|outlook| outlook.cost).unwrap_or_default();
    let mut words = format!(" {}", format::whole_percent(cost.0, budget.0));
    if !narrow {
        words = format!(" {words}  {cost} of {budget}");
    }
    if let Some(at) = outlook.and_then(|outlook| outlook.budget_reached_at) {
        words.push_str(&format!(", spent on {}", at.strftime("%-d %b")));
    }
    Some(Held { label: "Budget", part: cost.0, whole: Some(budget.0), words })
}

/// The rest one wants to know.
pub(super) fn facts(page: &KeyPage, area: Rect, with_week: bool, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let mut row = 0;
    if with_week && !page.week.is_empty() {
        let days = week_values(page);
        let sum: u64 = days.iter().map(|(_, calls)| calls).sum();
        let max = days.iter().map(|(_, calls)| *calls).max().unwrap_or(0) as f64;
        let values: Vec<f64> = days.iter().flat_map(|(_, calls)| [*calls as f64; 2]).collect();
        let mut pen = Pen::new(buf, area, row);
        pen.cell("7 days", LABEL, dim);
        chart::sparkline(&mut pen, &values, max, ui);
        pen.text(format!("  {}", format::calls(sum)), ui.style(Tone::Text));
        row += 1;
    }
    for (label, text, tone) in page.facts(ui.now_ms, ui.style(Tone::Text), ui.style(Tone::Warn)) {
        for (at, line) in wrap(&text, area.width.saturating_sub(LABEL)).iter().enumerate() {
            Pen::new(buf, area, row).cell(if at == 0 { label } else { "" }, LABEL, dim).text(line, tone);
            row += 1;
        }
    }
}

/// The same in a frame, beside the charts.
pub(super) fn facts_framed(page: &KeyPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let inner = frame(buf, area, "Details", ui.style(Tone::Faint), ui);
    facts(page, inner, false, buf, ui);
}

/// The last seven days, today as far as it is known now.
fn week_values(page: &KeyPage) -> Vec<(String, u64)> {
    let mut days = page.week.clone();
    if let (Some(today), Some(live)) = (days.last_mut(), &page.live) {
        today.1 = today.1.max(live.view.today.total_requests);
    }
    days
}

/// Columns a day.
pub(super) fn week(page: &KeyPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    if area.height < 4 || page.week.is_empty() {
        return;
    }
    Pen::new(buf, area, 0).text("LAST 7 DAYS", ui.style(Tone::Dim));
    let place = Rect { y: area.y + 1, height: area.height - 1, ..area };
    chart::columns(buf, place, &week_values(page), ui);
}
