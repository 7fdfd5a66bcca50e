//! Where the parts of the page go: one at a time behind tabs, two columns, or three.

use ratatui::layout::{Position, Rect};

use crate::widgets::pen::width;

/// From this width on, all lists are in view: in two columns, and from the next on in three.
const WIDE: u16 = 104;
const WIDER: u16 = 170;
/// Columns of the calendar where it stands beside the others.
const CALENDAR: u16 = 50;
/// From this width on, the days stand beside the keys.
const BESIDE: u16 = 76;
/// Columns of the months' names, and of a day.
pub(super) const MONTH: u16 = 4;
pub(super) const DAY: u16 = 5;

/// One of the lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Pane {
    #[default]
    Calendar,
    Queue,
    Past,
}

impl Pane {
    pub(super) const ALL: [Self; 3] = [Self::Calendar, Self::Queue, Self::Past];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Calendar => "Calendar",
            Self::Queue => "Under way",
            Self::Past => "History",
        }
    }

    pub(super) fn next(self, forward: bool) -> Self {
        match (self, forward) {
            (Self::Calendar, true) | (Self::Past, false) => Self::Queue,
            (Self::Queue, true) | (Self::Calendar, false) => Self::Past,
            (Self::Past, true) | (Self::Queue, false) => Self::Calendar,
        }
    }
}

/// The parts. One that is not in view has no room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    pub(super) head: Rect,
    pub(super) tabs: Rect,
    /// What frames stand around the lists, where they all are in view.
    pub(super) frames: Option<[Rect; 3]>,
    pub(super) calendar: Rect,
    pub(super) queue: Rect,
    /// What there is to say of the selected one.
    pub(super) told: Rect,
    pub(super) past: Rect,
    /// The same of one that has ended.
    pub(super) log: Rect,
}

impl Layout {
    /// For a page with so many rows under way, and of the past.
    pub(super) fn of(area: Rect, pane: Pane, rows: (usize, usize)) -> Self {
        if area.width >= WIDE && area.height >= 20 {
            Self::framed(area, rows)
        } else {
            Self::one(area, pane, rows)
        }
    }

    fn one(area: Rect, pane: Pane, rows: (usize, usize)) -> Self {
        let (head, rest) = cut(area, u16::from(area.height >= 9));
        let (tabs, rest) = cut(rest, u16::from(area.height >= 4));
        let (_, rest) = cut(rest, u16::from(area.height >= 14));
        let mut layout = Self { head, tabs, ..Self::default() };
        match pane {
            Pane::Calendar => layout.calendar = rest,
            Pane::Queue => (layout.queue, layout.told) = split(rest, rows.0),
            Pane::Past => (layout.past, layout.log) = split(rest, rows.1),
        }
        layout
    }

    fn framed(area: Rect, rows: (usize, usize)) -> Self {
        let (head, rest) = cut(area, 1);
        let left = Rect { width: CALENDAR, ..rest };
        let right = Rect { x: rest.x + CALENDAR + 1, width: rest.width - CALENDAR - 1, ..rest };
        let (queue, past) = if area.width >= WIDER {
            let columns = right.width * 3 / 5;
            let past = Rect { x: right.x + columns + 1, width: right.width - columns - 1, ..right };
            (Rect { width: columns, ..right }, past)
        } else {
            cut(right, right.height * 11 / 20)
        };
        let inner = |frame: Rect| Rect {
            x: frame.x + 2,
            y: frame.y + 1,
            width: frame.width.saturating_sub(4),
            height: frame.height.saturating_sub(2),
        };
        let (queue_rows, told) = split(inner(queue), rows.0);
        let (past_rows, log) = split(inner(past), rows.1);
        Self {
            head,
            frames: Some([left, queue, past]),
            calendar: inner(left),
            queue: queue_rows,
            told,
            past: past_rows,
            log,
            ..Self::default()
        }
    }

    /// The days.
    pub(super) fn grid(&self) -> Rect {
        let area = self.calendar;
        if area.width >= BESIDE {
            return Rect { width: MONTH + 7 * DAY, ..area };
        }
        // Below them there is room for some keys at least.
        let rows = if area.height < 5 { 0 } else { 2 + (area.height - 5) / 4 };
        Rect { height: rows.min(14), ..area }
    }

    /// The keys that are due.
    pub(super) fn agenda(&self) -> Rect {
        let (area, grid) = (self.calendar, self.grid());
        if area.width >= BESIDE {
            let left = grid.width + 3;
            return Rect { x: area.x + left, width: area.width - left, ..area };
        }
        let gap = u16::from(area.height >= 12);
        cut(area, grid.height + gap).1
    }

    /// The list at a cell of the screen, or that whose tab is there.
    pub(super) fn pane_at(&self, at: Position) -> Option<Pane> {
        if let Some(frames) = self.frames {
            let found = frames.iter().position(|frame| frame.contains(at))?;
            return Pane::ALL.get(found).copied();
        }
        let column = self.tabs.contains(at).then(|| at.x - self.tabs.x)?;
        let mut x = 0;
        Pane::ALL.into_iter().find(|pane| {
            let from = x;
            x += width(pane.title()) + 2;
            (from..x).contains(&column)
        })
    }
}

/// The first rows of an area, and the others.
pub(super) fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// A list of so many rows, and close below it what there is to say of the selected one.
fn split(area: Rect, rows: usize) -> (Rect, Rect) {
    let told = match area.height {
        0..=7 => 0,
        8..=11 => 3,
        12..=17 => 6,
        rows => (rows / 2).min(12),
    };
    // Its titles, and a row between.
    let all = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2);
    let list = area.height - told;
    cut(area, if told > 0 { list.min(all) } else { list })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_room_or_a_tab_and_nothing_leaves_the_page() {
        for (columns, rows) in [(1, 1), (38, 9), (78, 20), (118, 36), (198, 56), (300, 5)] {
            let area = Rect::new(1, 3, columns, rows);
            for pane in Pane::ALL {
                let layout = Layout::of(area, pane, (6, 200));
                let parts = [layout.head, layout.tabs, layout.calendar, layout.queue, layout.told];
                let parts =
                    parts.into_iter().chain([layout.past, layout.log, layout.grid(), layout.agenda()]);
                for part in parts.filter(|part| !part.is_empty()) {
                    assert_eq!(area.union(part), area, "{pane:?} at {columns}x{rows}: {part:?}");
                }
                let list = [layout.agenda(), layout.queue, layout.past][pane as usize];
                assert!(rows < 9 || list.height >= 3, "{pane:?} at {columns}x{rows}");
            }
        }
    }
}
