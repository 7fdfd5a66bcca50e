//! Where the parts of the list go at each size, and which columns fit. The mouse reads the same places.

use ratatui::layout::Rect;

/// The parts of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) summary: Rect,
    /// The row of counters, where there is room for one.
    pub(crate) counters: Rect,
    pub(crate) titles: Rect,
    pub(crate) table: Rect,
    /// One line on the selected key.
    pub(crate) line: Rect,
    /// A pane on the selected key.
    pub(crate) detail: Rect,
    /// A pane on what goes on.
    pub(crate) activity: Rect,
}

impl Layout {
    /// The parts within the page's place. Those there is no room for are empty.
    pub(crate) fn of(area: Rect) -> Self {
        let pane = match area.width {
            160.. => 68,
            110.. => 42,
            _ => 0,
        };
        let beside = Rect { x: area.right() - pane, width: pane, ..area };
        let list = Rect { width: area.width - pane - if pane > 0 { 2 } else { 0 }, ..area };
        let busy = pane > 0 && area.width >= 160 && area.height >= 40;
        let detail_height = if busy { 27 } else { beside.height };
        // Titles, and the counters above them where there is room.
        let titled = u16::from(area.height >= 9) + u16::from(area.height >= 18);
        let lined = u16::from(pane == 0 && area.height >= 14) * 2;
        let part = |from: u16, height: u16| Rect { y: list.y + from.min(list.height), height, ..list };
        let table = list.height.saturating_sub(1 + titled + lined);
        Self {
            summary: part(0, 1.min(list.height)),
            counters: part(1, u16::from(titled > 1)),
            titles: part(titled, u16::from(titled > 0)),
            table: part(1 + titled, table),
            line: part(list.height.saturating_sub(1), lined.min(1)),
            detail: Rect { height: detail_height.min(beside.height), ..beside },
            activity: Rect {
                y: beside.y + detail_height.min(beside.height),
                height: if busy { beside.height - detail_height } else { 0 },
                ..beside
            },
        }
    }

    /// Rows of the table.
    pub(crate) fn height(&self) -> usize {
        usize::from(self.table.height)
    }
}

/// A column of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    Name,
    Service,
    Environment,
    Status,
    Used,
    Rate,
    Month,
    Rotation,
    Calls,
    /// When it came to the bin.
    Deleted,
    /// How long it stays there.
    Left,
}

/// Columns between two of them.
pub(crate) const GAP: u16 = 2;
/// The selection's marker, the sign of a marked key, the status' mark, a space.
pub(crate) const LEAD: u16 = 4;

/// The columns from left to right with the least width each needs.
const COLUMNS: [(Column, u16); 9] = [
    (Column::Name, 14),
    (Column::Service, 9),
    (Column::Environment, 6),
    (Column::Status, 8),
    (Column::Used, 6),
    (Column::Rate, 10),
    (Column::Month, 13),
    (Column::Rotation, 12),
    (Column::Calls, 6),
];

/// The same in the bin.
const BIN: [(Column, u16); 5] = [
    (Column::Name, 14),
    (Column::Service, 9),
    (Column::Environment, 6),
    (Column::Deleted, 8),
    (Column::Left, 8),
];

/// Those to give up first.
const GIVE_UP: [Column; 10] = [
    Column::Calls,
    Column::Status,
    Column::Rotation,
    Column::Deleted,
    Column::Service,
    Column::Used,
    Column::Month,
    Column::Rate,
    Column::Left,
    Column::Environment,
];

/// Where spare room goes, in order: a column and the width it may grow to.
const GROW: [(Column, u16); 8] = [
    (Column::Name, 22),
    (Column::Service, 12),
    (Column::Rate, 20),
    (Column::Month, 17),
    (Column::Name, 28),
    (Column::Environment, 13),
    (Column::Month, 23),
    (Column::Name, 48),
];

/// The columns that fit, with their widths: of the list, or of the bin.
pub(crate) fn columns(width: u16, bin: bool) -> Vec<(Column, u16)> {
    let room = width.saturating_sub(LEAD);
    let mut columns = if bin { BIN.to_vec() } else { COLUMNS.to_vec() };
    let needed = |columns: &[(Column, u16)]| columns.iter().map(|(_, w)| w + GAP).sum::<u16>() - GAP;
    for column in GIVE_UP {
        if needed(&columns) <= room {
            break;
        }
        columns.retain(|(c, _)| *c != column);
    }
    for (column, most) in GROW {
        let spare = room.saturating_sub(needed(&columns));
        if let Some((_, width)) = columns.iter_mut().find(|(c, _)| *c == column) {
            *width += spare.min(most.saturating_sub(*width));
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_take_more_than_there_is() {
        for (width, bin) in (20..=300).flat_map(|width| [(width, false), (width, true)]) {
            let columns = columns(width, bin);
            let used: u16 = columns.iter().map(|(_, w)| w + GAP).sum::<u16>() - GAP + LEAD;
            assert!(used <= width || columns.len() == 1, "{used} of {width}");
            assert_eq!(columns[0].0, Column::Name);
        }
    }
}
