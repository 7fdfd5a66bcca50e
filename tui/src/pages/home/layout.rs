//! Where the parts of Home go at each size. The mouse reads the same places as drawing does.

use ratatui::layout::{Position, Rect};

use super::HomePage;
use super::items::{Block, Item};
use crate::widgets::pen::Ui;

/// From this width on, two columns stand side by side.
const TWO: u16 = 104;

/// From this width on, lines of a shell fit into half of it.
const HALVES: u16 = 170;

/// The parts of the page.
pub(super) struct Parts {
    /// Calls as they come.
    pub(super) traffic: Rect,
    /// The columns from the left, each with its blocks; in a narrow window there is one.
    pub(super) columns: Vec<(Rect, Vec<Block>)>,
}

impl Parts {
    /// The lines that can be selected, in their order.
    pub(super) fn items(&self) -> Vec<Item> {
        let blocks = self.columns.iter().flat_map(|(_, blocks)| blocks);
        blocks.flat_map(|block| &block.lines).map(|line| line.item).collect()
    }
}

/// How many of the rotations to come there is room for.
pub(super) fn coming(area: Rect) -> usize {
    if area.height < 30 { 0 } else { usize::from(area.height / 5) }
}

/// Rows of the calls: what this many rows of lines leave, within bounds that keep both readable.
fn chart(area: Rect, lines: u16) -> u16 {
    let least = match area.height {
        40.. => 16,
        32.. => 12,
        26.. => 6,
        18.. => 4,
        14.. => 2,
        _ => 1,
    };
    if area.height < 26 {
        return least.min(area.height);
    }
    area.height.saturating_sub(lines + 1).clamp(least, area.height / 2)
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
    /// Where everything is, and what stands there.
    pub(super) fn parts(&self, area: Rect, ui: &Ui) -> Parts {
        let (first, told) = (self.pressing(ui), self.told(ui));
        let to_come = self.to_come(coming(area), ui);
        let columns = if self.is_new() {
            self.beginning(area, first, told, ui)
        } else if area.width < TWO {
            // One below the other, nobody should have to go far for what was told.
            let busiest = self.busiest(usize::from(area.height / 6).clamp(2, 5), ui);
            vec![[Some(first), to_come, Some(busiest), Some(told)].into_iter().flatten().collect()]
        } else {
            let busiest = self.busiest(usize::MAX, ui);
            vec![vec![first, told], [Some(busiest), to_come].into_iter().flatten().collect()]
        };
        let lines = columns.iter().map(|blocks| rows(blocks).len()).max().unwrap_or(0);
        // Without a key there are no calls to look at.
        let high = if self.is_new() { 1 } else { chart(area, u16::try_from(lines).unwrap_or(u16::MAX - 1)) };
        let taken = (high + u16::from(area.height >= 18)).min(area.height);
        let below = Rect { y: area.y + taken, height: area.height - taken, ..area };
        let right = match columns.len() {
            1 => 0,
            _ if self.is_new() => area.width / 2,
            _ => (area.width * 9 / 20).min(84),
        };
        let left = if right > 0 { area.width - right - 3 } else { area.width };
        let places = [Rect { width: left, ..below }, Rect { x: area.right() - right, width: right, ..below }];
        Parts { traffic: Rect { height: high, ..area }, columns: places.into_iter().zip(columns).collect() }
    }

    /// The columns of a new account.
    fn beginning(&self, area: Rect, first: Block, told: Block, ui: &Ui) -> Vec<Vec<Block>> {
        let shell = self.in_a_shell(area.width, ui.glyphs);
        let after = Some(Self::next_steps()).filter(|_| area.height >= 14);
        let told = Some(told).filter(|told| !told.lines.is_empty() || area.height >= 30);
        let steps = [Some(first), after, told].into_iter().flatten();
        if area.width < HALVES {
            vec![steps.chain([shell]).collect()]
        } else {
            vec![steps.collect(), vec![shell]]
        }
    }

    /// The line at a cell.
    pub(super) fn item_at(&self, area: Rect, at: Position, ui: &Ui) -> Option<Item> {
        let parts = self.parts(area, ui);
        let selected = self.chosen(&parts.items());
        parts.columns.iter().find_map(|(place, blocks)| {
            let rows = rows(blocks);
            let row = place.contains(at).then(|| usize::from(at.y - place.y))?;
            match rows.get(scroll(&rows, selected, place.height) + row)? {
                Row::Line(line) => Some(line.item),
                Row::Title(_) | Row::None(_) | Row::Gap => None,
            }
        })
    }
}
