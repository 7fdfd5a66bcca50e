//! Draws a sheet: what it is, and a label, a field and a remark for each. Where it is low, it scrolls with the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::banner;
use crate::pages::sheet::{Kind, Sheet};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, width, wrap};

/// Columns of a field, and of the text above.
const FIELD: u16 = 46;
const COLUMNS: u16 = 76;
/// From this width on, remarks stand beside their fields.
const WIDE: u16 = 96;
/// Rows of what is said of a field.
const SAID: u16 = 3;
/// Rows of a field with several lines.
const LINES: u16 = 6;

/// Where a field stands.
struct Slot {
    label: Rect,
    field: Rect,
    remark: Rect,
}

impl Sheet {
    fn label_width(&self, area: Rect) -> u16 {
        let longest = (0..self.values.len()).map(|at| width(self.values.field(at).label)).max().unwrap_or(0);
        (longest + 4).min(area.width * 2 / 5)
    }

    fn lead_rows(&self, area: Rect) -> Vec<String> {
        if area.height < 8 { Vec::new() } else { wrap(&self.lead, area.width.min(COLUMNS)) }
    }

    /// Where each field stands, those scrolled away without height.
    fn slots(&self, area: Rect) -> Vec<Slot> {
        let lead = u16::try_from(self.lead_rows(area).len()).unwrap_or(0);
        let head = lead + 2 * u16::from(area.height >= 8);
        let told = self.banner.as_ref().map_or(1, |told| banner::rows(told, area));
        let foot = u16::from(area.height >= 4) * (told + 1);
        let window = Rect {
            y: area.y + head.min(area.height),
            height: area.height.saturating_sub(head + foot),
            ..area
        };
        let beside = area.width >= WIDE;
        let count = u16::try_from(self.values.len()).unwrap_or(1).max(1);
        let airy = beside || window.height >= count * 2 + 2;
        let low = window.height / 2;
        let rows = |at: usize| match self.values.field(at).kind {
            Kind::Lines => LINES.min(low.max(1)),
            _ => 1,
        };
        let label = self.label_width(area);
        let said = |at: usize| {
            let room = area.width.saturating_sub(if beside { label + FIELD + 2 } else { label });
            u16::try_from(self.said(at, room).len()).unwrap_or(1).min(SAID)
        };
        let below = |at: usize| if beside { 0 } else { said(at) };
        let gap = |at: usize| u16::from(airy && below(at) == 0);
        let top: u16 = (0..self.focus).map(|at| rows(at) + below(at) + gap(at)).sum();
        let needed = top + rows(self.focus) + below(self.focus);
        let hidden = needed.saturating_sub(window.height).min(top);
        let mut y = 0;
        (0..self.values.len())
            .map(|at| {
                let cut = |from: u16, height: u16, x: u16, columns: u16| {
                    let seen = from >= hidden && from - hidden < window.height;
                    let top = from.saturating_sub(hidden);
                    Rect {
                        x: area.x + x.min(area.width),
                        y: window.y + top,
                        width: columns.min(area.width.saturating_sub(x)),
                        height: if seen { height.min(window.height - top) } else { 0 },
                    }
                };
                let columns = match self.values.field(at).kind {
                    Kind::Lines => COLUMNS,
                    _ => FIELD,
                };
                let field = cut(y, rows(at), label, columns);
                let remark = match beside {
                    true => cut(y, said(at), label + field.width + 2, area.width),
                    false => cut(y + rows(at), below(at), label, area.width),
                };
                let slot = Slot { label: cut(y, 1, 0, label), field, remark };
                y += rows(at) + below(at) + gap(at);
                slot
            })
            .collect()
    }

    /// The field at a cell of the screen.
    pub(super) fn field_at(&self, area: Rect, at: Position) -> Option<usize> {
        self.slots(area).iter().position(|slot| slot.label.contains(at) || slot.field.contains(at))
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        if area.height >= 8 {
            Pen::new(buf, area, 0).text(self.title, ui.style(Tone::Strong));
            for (row, line) in (1u16..).zip(self.lead_rows(area)) {
                Pen::new(buf, area, row).text(line, ui.style(Tone::Dim));
            }
        }
        let mut cursor = None;
        for (at, slot) in self.slots(area).iter().enumerate() {
            let focused = at == self.focus;
            let tone = ui.style(if focused { Tone::Accent } else { Tone::Dim });
            Pen::new(buf, slot.label, 0)
                .cell(if focused { ui.glyphs.marker } else { " " }, 2, tone)
                .text(self.values.field(at).label, tone);
            let place = self.field(at, slot.field, buf, ui);
            if focused {
                cursor = place;
            }
            self.remark(at, slot.remark, buf, ui);
        }
        let last = area.height.saturating_sub(1);
        if self.sending.is_some_and(|pending| pending.is_long(ui.now_ms)) {
            Pen::new(buf, area, last).text("Saving…", ui.style(Tone::Dim));
        } else if let Some(banner) = &self.banner {
            banner::draw(banner, "What you typed is kept.", area, buf, ui);
        }
        cursor
    }

    fn field(&self, at: usize, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        if area.height == 0 || area.width == 0 {
            return None;
        }
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        match self.values.field(at).kind {
            Kind::Choice(_) | Kind::Offered => {
                let choices = self.values.field(at).choices();
                Some(choice(&choices, self.values.choice(at), area, buf, ui))
            }
            Kind::Lines => {
                (0..area.height).for_each(|row| {
                    buf.set_style(Rect { y: area.y + row, height: 1, ..area }, ui.theme.field());
                });
                Some(self.values.edit(at).paint_lines(inner, buf, ui))
            }
            kind @ (Kind::Line | Kind::Amount | Kind::Secret | Kind::Again(_)) => {
                buf.set_style(area, ui.theme.field());
                Some(self.values.edit(at).paint(inner, buf, !matches!(kind, Kind::Line | Kind::Amount), ui))
            }
        }
    }

    /// What is wrong, or a word of help where the cursor is, in rows of so many columns.
    fn said(&self, at: usize, columns: u16) -> Vec<String> {
        match self.fault(at) {
            Some(fault) => wrap(&safe(&fault), columns.saturating_sub(2)),
            None if at == self.focus => {
                let hint = match self.values.field(at).kind {
                    Kind::Choice(choices) => choices[self.values.choice(at)].1,
                    _ => self.values.field(at).hint,
                };
                wrap(hint, columns.saturating_sub(1))
            }
            None => Vec::new(),
        }
    }

    fn remark(&self, at: usize, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let wrong = self.fault(at).is_some();
        let style = ui.style(if wrong { Tone::Bad } else { Tone::Dim });
        for (row, line) in (0..area.height).zip(self.said(at, area.width)) {
            let mark = if wrong && row == 0 { ui.glyphs.cross } else { "" };
            Pen::new(buf, area, row).cell(mark, 1 + u16::from(wrong), style).text(line, style);
        }
    }
}

/// Words beside one another, one of which is chosen.
fn choice(choices: &[&str], chosen: usize, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
    let mut cursor = Position::new(area.x, area.y);
    let all: u16 = choices.iter().map(|word| width(word) + 3).sum();
    // Where they do not all fit, the chosen one and those after it are shown.
    let first = if all > area.width { chosen } else { 0 };
    let mut x = area.x;
    for (at, word) in choices.iter().enumerate().skip(first) {
        let rest = Rect { x: x.min(area.right()), width: area.right().saturating_sub(x), ..area };
        let mut pen = Pen::new(buf, rest, 0);
        let tone = ui.style(if at == chosen { Tone::Strong } else { Tone::Dim });
        pen.text(" ", tone).text(*word, tone).text(" ", tone);
        let end = pen.x();
        if at == chosen {
            cursor = Position::new(rest.x.min(area.right().saturating_sub(1)), area.y);
            ui.theme.select(buf, Rect { width: end.saturating_sub(rest.x), height: 1, ..rest });
        }
        x = end + 1;
    }
    cursor
}
