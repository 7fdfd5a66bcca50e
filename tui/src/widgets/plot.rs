//! Lines over time with their axes: braille dots, or a letter for each line where there are none. Lines are told apart by
//! the mark at their right end, not by colour alone. Pure; figures and times come as text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, width};

/// Dots of a braille cell from the bottom up, left and right.
pub(crate) const DOTS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];

/// One line.
pub(crate) struct Line {
    /// A value for each point, oldest first; none where nothing is known.
    pub(crate) values: Vec<Option<f64>>,
    pub(crate) style: Style,
    /// What stands at its right end; it also draws the line where there is no braille.
    pub(crate) mark: &'static str,
    /// A dot in each cell and no more: it stands for another time.
    pub(crate) dotted: bool,
}

/// A chart.
pub(crate) struct Plot {
    /// The last is drawn on top.
    pub(crate) lines: Vec<Line>,
    /// The area under the last line is filled.
    pub(crate) filled: bool,
    /// Points that have a name under the chart, by rising point.
    pub(crate) ticks: Vec<(usize, String)>,
    /// Values are whole numbers: so are the figures beside the chart.
    pub(crate) whole: bool,
    /// How a value is written.
    pub(crate) figure: fn(f64) -> String,
    /// A point that is pointed at.
    pub(crate) cursor: Option<usize>,
}

/// Where the parts of a chart go.
pub(crate) struct Frame {
    /// The lines' place.
    pub(crate) canvas: Rect,
    /// The row under it, with the ticks; empty when there is no room.
    base: Rect,
    /// The ticks' names.
    names: Rect,
    /// The value at the canvas' top, and from figure to figure.
    top: f64,
    step: f64,
}

/// A cell of the canvas: its dots, and the line that drew it last.
#[derive(Clone, Copy, Default)]
struct Ink {
    dots: u32,
    line: usize,
}

impl Plot {
    /// The parts of this chart in `area`.
    pub(crate) fn frame(&self, area: Rect) -> Frame {
        let below = match area.height {
            0..3 => 0,
            3..6 => 1,
            _ => 2,
        };
        let rows = area.height - below;
        let values = self.lines.iter().flat_map(|line| line.values.iter().flatten());
        let max = values.copied().fold(0.0, f64::max);
        let (top, step) = scale(max, usize::from(rows / 3).clamp(1, 6), self.whole);
        let left = figures(top, step).map(|value| width(&(self.figure)(value)) + 1).max().unwrap_or(0);
        let marks = self.lines.iter().map(|line| width(line.mark)).max().unwrap_or(0);
        let right = if marks > 0 { marks + 1 } else { 0 };
        let canvas = Rect {
            x: area.x + left.min(area.width),
            width: area.width.saturating_sub(left + right),
            height: rows,
            ..area
        };
        Frame {
            canvas,
            base: Rect { y: canvas.bottom(), height: u16::from(below > 1), ..canvas },
            names: Rect {
                y: area.bottom().saturating_sub(1),
                height: u16::from(below > 0),
                width: canvas.width + right,
                ..canvas
            },
            top,
            step,
        }
    }

    /// Draws it.
    pub(crate) fn paint(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let area = area.intersection(buf.area);
        let frame = self.frame(area);
        let canvas = frame.canvas;
        if canvas.is_empty() {
            return;
        }
        self.paint_figures(&frame, area, buf, ui);
        self.paint_names(&frame, buf, ui);
        if let Some(column) = self.cursor.and_then(|point| self.column(point, canvas.width)) {
            for row in 0..canvas.height {
                let place = Rect { x: canvas.x + column, width: 1, ..canvas };
                Pen::new(buf, place, row).text(ui.glyphs.border.vertical_left, ui.style(Tone::Accent));
            }
        }
        let mut inks = vec![Ink::default(); usize::from(canvas.width) * usize::from(canvas.height)];
        let mut taken = Vec::new();
        for number in 0..self.lines.len() {
            self.trace(number, &frame, &mut inks, ui);
        }
        self.paint_inks(canvas, &inks, buf, ui);
        // The line on top has the first choice of where its mark goes.
        for line in self.lines.iter().rev() {
            self.paint_mark(line, &frame, &mut taken, buf);
        }
    }

    fn paint_figures(&self, frame: &Frame, area: Rect, buf: &mut Buffer, ui: &Ui) {
        for value in figures(frame.top, frame.step) {
            let row = frame.row(value);
            let figure = (self.figure)(value);
            let place = Rect { width: (frame.canvas.x - area.x).saturating_sub(1), ..area };
            Pen::new(buf, place, row).cell_right(figure, place.width, ui.style(Tone::Dim));
            if value > 0.0 {
                let dots = ui.glyphs.dot.repeat(usize::from(frame.canvas.width));
                Pen::new(buf, frame.canvas, row).text(dots, ui.style(Tone::Faint));
            }
        }
    }

    fn paint_names(&self, frame: &Frame, buf: &mut Buffer, ui: &Ui) {
        let mut pen = Pen::new(buf, frame.base, 0);
        pen.text(ui.glyphs.rule.repeat(usize::from(frame.base.width)), ui.style(Tone::Faint));
        let mut free = 0;
        for (point, name) in &self.ticks {
            let Some(column) = self.column(*point, frame.canvas.width) else { continue };
            // A name at the end moves left so far that it is whole.
            let from = column.min(frame.names.width.saturating_sub(width(name)));
            if from < free {
                continue;
            }
            free = from + width(name) + 1;
            Pen::new(buf, frame.base, 0).skip(column).text(ui.glyphs.tick, ui.style(Tone::Dim));
            Pen::new(buf, frame.names, 0).skip(from).text(name, ui.style(Tone::Dim));
        }
    }

    /// The column of a point.
    fn column(&self, point: usize, columns: u16) -> Option<u16> {
        let last = self.points().checked_sub(1).filter(|last| point <= *last)?;
        let across = usize::from(columns.max(1) - 1);
        u16::try_from((point * across).checked_div(last).unwrap_or(0)).ok()
    }

    /// The point that a column shows.
    pub(crate) fn point(&self, column: u16, columns: u16) -> usize {
        let last = self.points().saturating_sub(1);
        let across = usize::from(columns.max(2) - 1);
        ((usize::from(column) * last + across / 2) / across).min(last)
    }

    fn points(&self) -> usize {
        self.lines.iter().map(|line| line.values.len()).max().unwrap_or(0)
    }

    /// Lights the dots of a line.
    fn trace(&self, number: usize, frame: &Frame, inks: &mut [Ink], ui: &Ui) {
        let line = &self.lines[number];
        let (canvas, (per_column, per_row)) = (frame.canvas, grid(ui));
        let across = usize::from(canvas.width) * per_column;
        let up = usize::from(canvas.height) * per_row;
        let fills = self.filled && number + 1 == self.lines.len();
        let mut before: Option<usize> = None;
        for x in 0..across {
            let dot = value_at(&line.values, x, across)
                .map(|value| ((value / frame.top).clamp(0.0, 1.0) * (up - 1) as f64).round() as usize);
            let Some(dot) = dot else {
                before = None;
                continue;
            };
            let joined = before.unwrap_or(dot);
            before = Some(dot);
            let (mut low, mut high) = (dot.min(joined), dot.max(joined));
            if line.dotted {
                // A dot a cell: joined, steep parts of it would hide what it is compared with.
                if x % per_column > 0 {
                    continue;
                }
                (low, high) = (dot, dot);
            } else if joined < dot {
                low += usize::from(low < high);
            } else if joined > dot {
                high -= usize::from(low < high);
            }
            for y in if fills { 0 } else { low }..=high {
                let row = usize::from(canvas.height) - 1 - y / per_row;
                let ink = &mut inks[row * usize::from(canvas.width) + x / per_column];
                *ink = Ink { dots: ink.dots | DOTS[x % per_column][y % per_row], line: number };
            }
        }
    }

    fn paint_inks(&self, canvas: Rect, inks: &[Ink], buf: &mut Buffer, ui: &Ui) {
        let columns = usize::from(canvas.width);
        for (at, ink) in inks.iter().enumerate().filter(|(_, ink)| ink.dots > 0) {
            let (row, column) = (at / columns, at % columns);
            let line = &self.lines[ink.line];
            let share = 1.0 - row as f64 / f64::from(canvas.height.max(2) - 1);
            let fills = self.filled && ink.line + 1 == self.lines.len();
            let style = if fills { ui.theme.gradient(share) } else { line.style };
            let cell = &mut buf[(canvas.x + column as u16, canvas.y + row as u16)];
            match char::from_u32(0x2800 + ink.dots).filter(|_| ui.glyphs.braille) {
                Some(symbol) => cell.set_char(symbol),
                None if line.dotted => cell.set_symbol(ui.glyphs.dot),
                None if line.mark.is_empty() => cell.set_symbol(ui.glyphs.active),
                None => cell.set_symbol(&line.mark[..1]),
            }
            .set_style(style);
        }
    }

    fn paint_mark(&self, line: &Line, frame: &Frame, taken: &mut Vec<u16>, buf: &mut Buffer) {
        let Some(value) = line.values.iter().rev().find_map(|value| *value) else { return };
        let row = frame.row(value);
        let rows = frame.canvas.height;
        let nearest = (0..rows).flat_map(|away| [row.checked_add(away), row.checked_sub(away)]).flatten();
        let Some(row) = nearest.into_iter().find(|row| *row < rows && !taken.contains(row)) else { return };
        taken.push(row);
        let place = Rect { x: frame.canvas.right() + 1, width: width(line.mark), ..frame.canvas };
        Pen::new(buf, place, row).text(line.mark, line.style);
    }
}

impl Frame {
    /// The row of a value.
    fn row(&self, value: f64) -> u16 {
        let rows = self.canvas.height.max(1) - 1;
        rows - ((value / self.top).clamp(0.0, 1.0) * f64::from(rows)).round() as u16
    }
}

/// Dots a cell, across and up.
fn grid(ui: &Ui) -> (usize, usize) {
    if ui.glyphs.braille { (2, 4) } else { (1, 1) }
}

/// The value in a column of dots: between two points on the straight line between them; of several points the highest, so
/// that no peak is lost.
fn value_at(values: &[Option<f64>], x: usize, across: usize) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    if values.len() > across {
        let from = x * values.len() / across;
        let to = ((x + 1) * values.len() / across).max(from + 1);
        return values[from..to].iter().flatten().copied().reduce(f64::max);
    }
    let place = (x * last) as f64 / (across.max(2) - 1) as f64;
    let (point, rest) = (place.floor() as usize, place.fract());
    match (values[point], values.get(point + 1).copied().flatten()) {
        (Some(a), Some(b)) => Some(a + (b - a) * rest),
        (Some(a), None) if rest < 0.5 => Some(a),
        (None, Some(b)) if rest >= 0.5 => Some(b),
        _ => None,
    }
}

/// The value at the top and the step between figures: 1, 2 or 5 times a power of ten, at most so many of them.
fn scale(max: f64, most: usize, whole: bool) -> (f64, f64) {
    if max <= 0.0 {
        return (1.0, 1.0);
    }
    let least = max / most as f64;
    let unit = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * unit)
        .find(|step| *step >= least * (1.0 - 1e-9));
    let step = step.unwrap_or(unit * 10.0).max(if whole { 1.0 } else { 0.0 });
    ((max / step - 1e-9).ceil().max(1.0) * step, step)
}

/// The values that have a figure, from 0 up.
fn figures(top: f64, step: f64) -> impl Iterator<Item = f64> {
    let steps = (top / step).round().clamp(1.0, 20.0) as u32;
    (0..=steps).map(move |at| f64::from(at) * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_round_and_reach_over_the_highest_value() {
        assert_eq!(scale(0.0, 4, true), (1.0, 1.0));
        assert_eq!(scale(3.0, 5, true), (3.0, 1.0));
        assert_eq!(scale(97.0, 5, true), (100.0, 20.0));
        assert_eq!(scale(1_000.0, 4, true), (1_000.0, 500.0));
        let (top, step) = scale(0.7, 4, false);
        assert!((top - 0.8).abs() < 1e-9 && (step - 0.2).abs() < 1e-9);
        for max in (1..4_000).map(f64::from) {
            let (top, step) = scale(max, 5, true);
            assert!(
                top >= max && top < max + step * 1.001 && (top / step).round() <= 5.0,
                "{max}: {top} by {step}"
            );
        }
    }

    #[test]
    fn a_value_is_found_in_every_column_and_no_peak_is_lost() {
        let few = [Some(0.0), Some(10.0), None, Some(4.0)];
        let seen: Vec<_> = (0..7).map(|x| value_at(&few, x, 7)).collect();
        assert_eq!(seen, [Some(0.0), Some(5.0), Some(10.0), None, None, Some(4.0), Some(4.0)]);
        let many: Vec<_> = (0..100).map(|n| Some(if n == 57 { 9.0 } else { 1.0 })).collect();
        let highest = (0..8).filter_map(|x| value_at(&many, x, 8)).fold(0.0, f64::max);
        assert_eq!(highest, 9.0);
        assert_eq!(value_at(&[], 0, 8), None);
        assert_eq!(value_at(&[Some(3.0)], 5, 8), Some(3.0));
    }
}
