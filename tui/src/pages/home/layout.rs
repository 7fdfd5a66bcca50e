//! Where the parts of Home go at each size. The mouse reads the same places as drawing does.

use ratatui::layout::{Position, Rect};

use super::HomePage;
use super::items::{Block, Item};
use crate::widgets::pen::Ui;

/// From this width on, two columns stand side by side.
const TWO: u16 = 104;

/// The parts of the page.
pub(super) struct Layout {
    /// Calls as they come.
    pub(super) traffic: Rect,
    /// What wants attention; in a narrow window, everything.
    pub(super) left: Rect,
    /// The rest, beside it; empty in a narrow window.
    pub(super) right: Rect,
}

impl Layout {
    pub(super) fn of(area: Rect) -> Self {
        let chart = match area.height {
            50.. => 20,
            40.. => 16,
            32.. => 12,
            26.. => 6,
            18.. => 4,
            14.. => 2,
            _ => 1,
        };
        let high = chart.min(area.height);
        let gap = u16::from(area.height >= 18);
        let below = Rect {
            y: area.y + (high + gap).min(area.height),
            height: area.height.saturating_sub(high + gap),
            ..area
        };
        let right = if area.width >= TWO { (area.width * 9 / 20).min(84) } else { 0 };
        let left = if right > 0 { area.width - right - 3 } else { area.width };
        Self {
            traffic: Rect { height: high, ..area },
            left: Rect { width: left, ..below },
            right: Rect { x: area.right() - right, width: right, ..below },
        }
    }
}

/// One row of a column.
pub(super) enum Row<'b> {
    Title(&'b Block),
    Line(&'b super::items::Line),
    None(&'static str),
    Gap,
}

/// The rows of a column.
pub(super) fn rows(blocks: &[Block]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for block in blocks {
        if !rows.is_empty() {
            rows.push(Row::Gap);
        }
        rows.push(Row::Title(block));
        rows.extend(block.lines.iter().map(Row::Line));
        if block.lines.is_empty() {
            rows.push(Row::None(block.none));
        }
    }
    rows
}

/// How far a column is scrolled, so that the selected row is in view.
pub(super) fn scroll(rows: &[Row<'_>], selected: Option<Item>, height: u16) -> usize {
    let at = rows.iter().position(|row| matches!(row, Row::Line(line) if Some(line.item) == selected));
    let height = usize::from(height);
    // One more row than is needed, so that there always is something ahead.
    at.map_or(0, |at| (at + 2).saturating_sub(height)).min(rows.len().saturating_sub(height))
}

impl HomePage {
    /// The columns: where each is, and its blocks.
    pub(super) fn columns(&self, area: Rect, ui: &Ui) -> Vec<(Rect, Vec<Block>)> {
        let layout = Layout::of(area);
        let (first, told) = (self.pressing(ui), self.told(ui));
        if layout.right.width == 0 {
            // One below the other, nobody should have to go far for what was told.
            let busiest = self.busiest(usize::from(area.height / 4).clamp(2, 5), ui);
            return vec![(layout.left, vec![first, busiest, told])];
        }
        vec![(layout.left, vec![first, told]), (layout.right, vec![self.busiest(usize::MAX, ui)])]
    }

    /// The line at a cell.
    pub(super) fn item_at(&self, area: Rect, at: Position, ui: &Ui) -> Option<Item> {
        let selected = self.current(area, ui);
        self.columns(area, ui).iter().find_map(|(place, blocks)| {
            let rows = rows(blocks);
            let row = place.contains(at).then(|| usize::from(at.y - place.y))?;
            match rows.get(scroll(&rows, selected, place.height) + row)? {
                Row::Line(line) => Some(line.item),
                Row::Title(_) | Row::None(_) | Row::Gap => None,
            }
        })
    }
}
