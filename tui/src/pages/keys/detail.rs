//! The panes beside the list: the selected key in full, and what goes on.

use keyward_keys::view::KeyView;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::pages::keys::KeysPage;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, frame, safe, width, wrap};
use crate::widgets::ring::Ring;
use crate::widgets::{chart, format};

/// Columns of a fact's label.
const LABEL: u16 = 10;

/// The selected key.
pub(super) fn detail(area: Rect, buf: &mut Buffer, key: &KeyView, ring: Option<&Ring>, ui: &Ui) {
    let inner = frame(buf, area, &safe(&key.name), ui.style(Tone::Faint), ui);
    let dim = ui.style(Tone::Dim);
    let (environment_mark, _, environment, environment_tone) = marks::environment(key.environment, ui);
    let (status_mark, status, status_tone) = marks::standing(key, ui);
    Pen::new(buf, inner, 0)
        .text(format!("{environment_mark} {environment}"), ui.style(environment_tone))
        .skip(3)
        .text(format!("{status_mark} {status}"), ui.style(status_tone));
    let mut row = 1;
    for line in wrap(&safe(&key.description), inner.width).iter().filter(|line| !line.is_empty()).take(3) {
        Pen::new(buf, inner, row).text(line, dim);
        row += 1;
    }
    row += 1;
    let now_s = ui.now_s();
    let calls = ring.map_or(0, |ring| ring.sum(now_s, 5));
    Pen::new(buf, inner, row)
        .text(format::rate(calls, 5), ui.style(Tone::Strong))
        .text(" requests a second", dim)
        .end("last minute", dim);
    row += 1;
    let height = if inner.height >= 24 { 4 } else { 3 };
    let values = ring.map(|ring| ring.buckets(now_s, 60, 1)).unwrap_or_else(|| vec![0.0]);
    let max = values.iter().copied().fold(1.0, f64::max);
    let place = Rect { y: inner.y + row, height: height.min(inner.height.saturating_sub(row)), ..inner };
    chart::area(buf, place, &values, max, ui);
    row += height + 1;
    for (label, text, tone) in facts(key, ui) {
        if row >= inner.height {
            return;
        }
        let lines = wrap(&text, inner.width.saturating_sub(LABEL));
        for (at, line) in lines.iter().enumerate() {
            let mut pen = Pen::new(buf, inner, row);
            pen.cell(if at == 0 { label } else { "" }, LABEL, dim);
            if label == "Month" && key.monthly_limit.is_some() {
                month_bar(&mut pen, key, ui);
            } else {
                pen.text(line, tone);
            }
            row += 1;
        }
    }
}

fn month_bar(pen: &mut Pen<'_>, key: &KeyView, ui: &Ui) {
    let limit = key.monthly_limit.unwrap_or(0);
    let figures = format!(" {} of {}", format::short(key.current_month_usage), format::short(limit));
    let columns = pen.left().saturating_sub(width(&figures)).min(24);
    chart::bar(pen, columns, key.current_month_usage, limit, ui);
    pen.text(figures, ui.style(Tone::Text));
}

fn facts(key: &KeyView, ui: &Ui) -> Vec<(&'static str, String, Style)> {
    let text = ui.style(Tone::Text);
    let (custody, why) = marks::custody(key.custody);
    let (rotation, rotation_tone) = marks::rotation(key, ui.now_ms);
    let used = key.last_used.map_or("never".to_owned(), |at| format::ago(ui.now_ms, at.as_millisecond()));
    let bin = key.deleted_at.map_or_else(String::new, |at| {
        let left = marks::left_in_bin(key, ui.now_ms);
        format!("since {}, for {left} more", format::ago(ui.now_ms, at.as_millisecond()))
    });
    let mut facts = vec![
        ("Last use", used, text),
        ("In bin", bin, text),
        ("Month", format!("{}, no limit", format::calls(key.current_month_usage)), text),
        ("In all", format::calls(key.usage_count), text),
        ("Service", safe(&key.service).into_owned(), text),
        ("Id", safe(&key.key_id).into_owned(), text),
        ("Opens", format!("{custody}: {why}"), text),
        ("Rotation", rotation, ui.style(rotation_tone)),
    ];
    facts.retain(|(_, fact, _)| !fact.is_empty());
    if let Some(at) = key.expires_at {
        facts.push(("Expires", format::due(ui.now_ms, at.as_millisecond()), text));
    }
    if !key.tags.is_empty() {
        facts.push(("Tags", safe(&key.tags.join(", ")).into_owned(), text));
    }
    facts.push(("Version", key.version.to_string(), text));
    facts.push(("Made", format::ago(ui.now_ms, key.created_at.as_millisecond()), text));
    facts
}

/// Who is busy now, and what changed since one came.
pub(super) fn activity(page: &KeysPage, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let inner = frame(buf, area, "Activity", ui.style(Tone::Faint), ui);
    let dim = ui.style(Tone::Dim);
    let now_s = ui.now_s();
    let mut busy: Vec<(u64, &KeyView, &Ring)> = page
        .rows
        .visible(page.rows.total().min(200))
        .filter_map(|key| page.rates.get(&key.id).map(|ring| (ring.sum(now_s, 60), key, ring)))
        .filter(|(calls, ..)| *calls > 0)
        .collect();
    busy.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let mut row = 0;
    Pen::new(buf, inner, row).text("Busiest in view", dim).end("calls, last minute", dim);
    row += 1;
    for (calls, key, ring) in busy.iter().take(usize::from(inner.height / 2)) {
        let values = ring.buckets(now_s, 30, 2);
        let max = values.iter().copied().fold(1.0, f64::max);
        let mut pen = Pen::new(buf, inner, row);
        let name = pen.left().saturating_sub(40);
        pen.cell(safe(&key.name), name, ui.style(Tone::Text)).skip(2);
        chart::sparkline(&mut pen, &values, max, ui);
        pen.cell_right(format::short(*calls), 8, ui.style(Tone::Strong));
        row += 1;
    }
    if busy.is_empty() {
        Pen::new(buf, inner, row).text("No call in the last minute.", ui.style(Tone::Text));
        row += 1;
    }
    row += 1;
    Pen::new(buf, inner, row).text("Changed since you came", dim);
    row += 1;
    for (at_ms, name) in &page.changes {
        Pen::new(buf, inner, row)
            .cell(format::age(ui.now_ms, *at_ms), 8, dim)
            .text(safe(name), ui.style(Tone::Text));
        row += 1;
    }
    if page.changes.is_empty() {
        Pen::new(buf, inner, row).text("Nothing.", ui.style(Tone::Text));
    }
}
