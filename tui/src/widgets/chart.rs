//! Charts in character cells: a sparkline of one row, an area of braille dots, a horizontal bar, columns a day.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, width};
use crate::widgets::plot::DOTS;

/// One row of columns, as high as their share of `max`; never quite full, so that rows stay apart.
pub(crate) fn sparkline(pen: &mut Pen<'_>, values: &[f64], max: f64, ui: &Ui) {
    for value in values {
        let share = share(*value, max);
        let level = if *value > 0.0 { ((share * 7.0).round() as usize).clamp(1, 7) } else { 0 };
        match level {
            0 => pen.text(ui.glyphs.dot, ui.style(Tone::Faint)),
            _ => pen.text(ui.glyphs.levels[level], ui.theme.gradient(share)),
        };
    }
}

/// An area under the values, oldest left, as wide and high as `area`; its colour rises with its height.
pub(crate) fn area(buf: &mut Buffer, area: Rect, values: &[f64], max: f64, ui: &Ui) {
    let area = area.intersection(buf.area);
    let per_cell = if ui.glyphs.braille { (2, 4) } else { (1, 8) };
    let (across, up) = (usize::from(area.width) * per_cell.0, usize::from(area.height) * per_cell.1);
    if values.is_empty() || across == 0 {
        return;
    }
    let height = |dot: usize| {
        let value = values[dot * values.len() / across];
        let dots = (share(value, max) * up as f64).round() as usize;
        if value > 0.0 { dots.max(1) } else { 0 }
    };
    for (column, x) in (area.left()..area.right()).enumerate() {
        let heights = [height(column * per_cell.0), height(column * per_cell.0 + per_cell.0 - 1)];
        for (row, y) in (area.top()..area.bottom()).rev().enumerate() {
            let style = ui.theme.gradient(row as f64 / usize::from(area.height.max(2) - 1) as f64);
            let below = row * per_cell.1;
            let cell = &mut buf[(x, y)];
            if heights == [0, 0] {
                if row == 0 {
                    cell.set_symbol(if ui.glyphs.braille { "⣀" } else { "_" })
                        .set_style(ui.style(Tone::Faint));
                }
            } else if ui.glyphs.braille {
                let lit: u32 = (0..2)
                    .flat_map(|side| (0..4).map(move |dot| (side, dot)))
                    .filter(|(side, dot)| below + dot < heights[*side])
                    .map(|(side, dot)| DOTS[side][dot])
                    .sum();
                if let Some(symbol) = char::from_u32(0x2800 + lit).filter(|_| lit > 0) {
                    cell.set_char(symbol).set_style(style);
                }
            } else {
                let level = heights[0].saturating_sub(below).min(8);
                if level > 0 {
                    cell.set_symbol(ui.glyphs.levels[level]).set_style(style);
                }
            }
        }
    }
}

/// A bar of `columns`, filled by the share of `part` in `whole`: calm, then a warning from 80 %, then full.
pub(crate) fn bar(pen: &mut Pen<'_>, columns: u16, part: u64, whole: u64, ui: &Ui) {
    let share = if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    let tone = limit_style(share, ui);
    let [full, half, empty] = ui.glyphs.bar;
    let halves = ((share.min(1.0) * f64::from(columns) * 2.0).round() as usize).max(usize::from(part > 0));
    let (cells, rest) = (halves / 2, halves % 2);
    pen.text(full.repeat(cells), tone).text(half.repeat(rest), tone);
    let blank = usize::from(columns).saturating_sub(cells + rest);
    pen.text(empty.repeat(blank), ui.style(Tone::Faint));
}

/// How a share of a limit is coloured.
pub(crate) fn limit_style(share: f64, ui: &Ui) -> Style {
    match share {
        s if s >= 1.0 => ui.style(Tone::Bad),
        s if s >= 0.8 => ui.style(Tone::Warn),
        _ => ui.theme.gradient(0.7),
    }
}

/// A column for each value with its figure above and its label below. Needs three rows.
pub(crate) fn columns(buf: &mut Buffer, area: Rect, values: &[(String, u64)], ui: &Ui) {
    let area = area.intersection(buf.area);
    let Ok(n) = u16::try_from(values.len()) else { return };
    if n == 0 || area.height < 3 || area.width < n * 4 {
        return;
    }
    let pitch = (area.width / n).min(12);
    let thick = pitch.saturating_sub(2).clamp(1, 7);
    let rows = area.height - 2;
    let max = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
    for (i, (label, value)) in (0u16..).zip(values) {
        let slot = Rect { x: area.x + i * pitch, width: pitch, ..area };
        let share = *value as f64 / max as f64;
        let eighths = ((share * f64::from(rows) * 8.0).round() as usize).max(usize::from(*value > 0));
        let today = i + 1 == n;
        for row in 0..rows {
            let level = eighths.saturating_sub(usize::from(row) * 8).min(8);
            let style = ui.theme.gradient(if today { 0.9 } else { 0.35 });
            let mut pen = Pen::new(buf, slot, area.height - 2 - row);
            match (level, row) {
                (0, 0) => pen.text(ui.glyphs.rule.repeat(usize::from(thick)), ui.style(Tone::Faint)),
                _ => pen.text(ui.glyphs.levels[level].repeat(usize::from(thick)), style),
            };
        }
        let top = u16::try_from(eighths.div_ceil(8)).unwrap_or(rows).clamp(1, rows);
        let figure = format::short(*value);
        let centre = |text: &str| thick.saturating_sub(width(text)) / 2;
        let tone = if today { Tone::Strong } else { Tone::Dim };
        let (above, below) = (area.height - 2 - top, area.height - 1);
        Pen::new(buf, slot, above).skip(centre(&figure)).text(&figure, ui.style(tone));
        Pen::new(buf, slot, below).skip(centre(label)).text(label, ui.style(tone));
    }
}

fn share(value: f64, max: f64) -> f64 {
    if max > 0.0 { (value / max).clamp(0.0, 1.0) } else { 0.0 }
}
