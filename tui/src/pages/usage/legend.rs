//! The legend of the charts: the total and each line with its mark and figures, or the endpoints.

use keyward_keys::Id;
use keyward_keys::input::Breakdown;
use keyward_keys::view::{EndpointUse, UsageLine, UsageSeries};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::usage::UsagePage;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, safe};
use keyward_keys::table::{Line, Metric};

/// The marks of lines, busiest first.
pub(super) const MARKS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
/// Their tones.
pub(super) const TONES: [Tone; 8] = [
    Tone::Accent,
    Tone::Good,
    Tone::Production,
    Tone::Staging,
    Tone::Bad,
    Tone::Development,
    Tone::Strong,
    Tone::Warn,
];

/// What tells a line from the others, also after it was read again.
pub(super) type LineName = (Option<Id>, String);

pub(super) fn name_of(line: Line<'_>) -> LineName {
    (line.id(), line.name().to_owned())
}

/// The selection's marker, the mark, a space each.
const LEAD: u16 = 4;

/// A column of figures: its title, its width, the width of the legend from which it is there.
const COLUMNS: [(&str, u16, u16); 4] =
    [("CALLS", 9, 0), ("ERRORS", 8, 36), ("P95", 8, 44), ("CHANGE", 9, 54)];

/// Those for which there is room; without errors of `statuses`, each of which is one or none.
fn columns(width: u16, statuses: bool) -> impl Iterator<Item = (usize, &'static str, u16)> {
    let shown = COLUMNS.into_iter().enumerate();
    let shown = shown.filter(move |(at, (_, _, least))| width >= *least && !(statuses && *at == 2));
    shown.map(|(at, (title, columns, _))| (at, title, columns))
}

/// Draws it, as far as it is in view.
pub(super) fn draw(
    page: &UsagePage,
    series: &UsageSeries,
    titles: Rect,
    rows: Rect,
    buf: &mut Buffer,
    ui: &Ui,
) {
    let endpoints = page.choice.by == Some(Breakdown::Endpoint);
    let counted = !series.kinds.is_empty();
    let statuses = page.choice.by == Some(Breakdown::Status);
    let taken: u16 = columns(rows.width, statuses).map(|(_, _, columns)| columns).sum();
    let name = rows.width.saturating_sub(LEAD + taken);
    let mut pen = Pen::new(buf, titles, 0);
    let what = match page.choice.by {
        Some(Breakdown::Endpoint) => "ENDPOINT",
        Some(Breakdown::Method) => "METHOD",
        Some(Breakdown::Status) => "STATUS",
        Some(Breakdown::Token) => "SERVICE TOKEN",
        _ => "LINE",
    };
    pen.skip(if endpoints { 2 } else { LEAD }).cell(
        what,
        name + if endpoints { 2 } else { 0 },
        ui.style(Tone::Dim),
    );
    for (at, title, columns) in columns(rows.width, statuses) {
        let title = match (at, page.choice.metric) {
            (1, _) if statuses => "SHARE",
            (2, _) if counted => "SHARE",
            (2, _) if endpoints => "MEAN",
            (2, Metric::Cost) => "COST",
            (2, Metric::Tokens) => "TOKENS",
            (2, _) if page.choice.by == Some(Breakdown::Model) => "TOKENS",
            _ => title,
        };
        pen.cell_right(title, columns, ui.style(Tone::Dim));
    }
    let selected = page.place_selected();
    let lines: Vec<_> = page.lines().collect();
    for row in 0..rows.height {
        let number = page.offset + usize::from(row);
        let place = Rect { y: rows.y + row, height: 1, ..rows };
        if endpoints {
            let Some(endpoint) = series.endpoints.get(number) else { break };
            endpoint_row(endpoint, place, name, buf, ui);
        } else {
            let (line, mark, tone) = match number.checked_sub(1) {
                None => (Line::Whole(&series.total), "", Tone::Strong),
                Some(at) => match lines.get(at).copied() {
                    Some(line) if page.is_hidden(line) => (line, ui.glyphs.inactive, Tone::Dim),
                    Some(line) => (line, MARKS[at % MARKS.len()], TONES[at % TONES.len()]),
                    None => break,
                },
            };
            let mut pen = Pen::new(buf, place, 0);
            pen.skip(2).cell(mark, 2, ui.style(tone)).cell(safe(line.name()), name, ui.style(tone));
            match line {
                Line::Whole(line) if !counted => figures(pen, line, page, place.width, ui),
                _ => counts(pen, line, (series, statuses), place.width, ui),
            }
        }
        if number == selected && page.rows() > 1 {
            Pen::new(buf, place, 0).text(ui.glyphs.marker, ui.style(Tone::Accent));
            ui.theme.select(buf, place);
        }
    }
}

/// Calls that are only counted: how many, how many of them failed, their share of all, the change.
fn counts(mut pen: Pen<'_>, line: Line<'_>, (series, statuses): (&UsageSeries, bool), width: u16, ui: &Ui) {
    let ((now, before), errors, text) = (line.requests(), line.errors(), ui.style(Tone::Text));
    let (all, warn) =
        (series.total.summary.total_requests, if errors > 0 { ui.style(Tone::Warn) } else { text });
    for (at, _, columns) in columns(width, statuses) {
        match at {
            0 => pen.cell_right(format::short(now), columns, text),
            1 if statuses => pen.cell_right(format::percent(now, all), columns, text),
            1 => pen.cell_right(format::percent(errors, now), columns, warn),
            2 => pen.cell_right(format::percent(now, all), columns, text),
            _ => pen.cell_right(change(now, before), columns, ui.style(Tone::Dim)),
        };
    }
}

/// All that is known of a line's calls.
fn figures(mut pen: Pen<'_>, line: &UsageLine, page: &UsagePage, width: u16, ui: &Ui) {
    let (summary, text) = (&line.summary, ui.style(Tone::Text));
    let warn = if summary.failed_requests > 0 { ui.style(Tone::Warn) } else { text };
    for (at, _, columns) in columns(width, false) {
        match at {
            0 => pen.cell_right(format::short(summary.total_requests), columns, text),
            1 => pen.cell_right(
                format::percent(summary.failed_requests, summary.total_requests),
                columns,
                warn,
            ),
            2 => {
                let figure = match (page.choice.metric, page.choice.by) {
                    (Metric::Cost, _) => summary.cost.map_or("-".to_owned(), format::money),
                    (Metric::Tokens, _) | (_, Some(Breakdown::Model)) => format::short(summary.tokens),
                    _ => format::millis(summary.p95),
                };
                pen.cell_right(figure, columns, text)
            }
            _ => {
                let before = line.previous.map(|previous| previous.total_requests);
                pen.cell_right(change(summary.total_requests, before), columns, ui.style(Tone::Dim))
            }
        };
    }
}

fn endpoint_row(of: &EndpointUse, place: Rect, name: u16, buf: &mut Buffer, ui: &Ui) {
    let text = ui.style(Tone::Text);
    let mut pen = Pen::new(buf, place, 0);
    pen.skip(2).cell(safe(&of.endpoint), name + 2, ui.style(Tone::Strong));
    let warn = if of.errors > 0 { ui.style(Tone::Warn) } else { text };
    for (at, _, columns) in columns(place.width, false) {
        match at {
            0 => pen.cell_right(format::short(of.requests), columns, text),
            1 => pen.cell_right(format::percent(of.errors, of.requests), columns, warn),
            2 => {
                pen.cell_right(of.average_response_time.map_or("-".to_owned(), format::millis), columns, text)
            }
            _ => pen.cell_right(change(of.requests, of.previous_requests), columns, ui.style(Tone::Dim)),
        };
    }
}

/// A change in a few letters: `+12 %`, `x 14`, `new`.
fn change(now: u64, then: Option<u64>) -> String {
    let Some(then) = then else { return String::new() };
    let change = (now as f64 - then as f64) / then.max(1) as f64;
    match (now, then) {
        (0, 0) => "-".to_owned(),
        (_, 0) => "new".to_owned(),
        _ if change >= 9.0 => format!("x {:.0}", change + 1.0),
        // No sign before what is none.
        _ if change.abs() < 0.005 => "0 %".to_owned(),
        _ => format!("{:+.0} %", change * 100.0),
    }
}
