//! Where the parts of the page go: the list alone, the list above what there is to say of the selected one, or both beside
//! one another in frames.

use ratatui::layout::{Position, Rect};

use crate::widgets::pen::width;

/// From this width on, both stand beside one another.
const WIDE: u16 = 104;
/// From this height on, the selected one is told below the list.
const TALL: u16 = 13;
/// From this height on, there may be room for what is over below what is open.
const HIGH: u16 = 45;
/// Rows that the list of what is over takes at least, with its frame and titles.
const OVER: u16 = 7;

/// What is listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Tab {
    /// Alerts that are not over.
    #[default]
    Open,
    /// All of them.
    All,
    /// Those that the person looks after or has settled.
    Mine,
    /// The rules.
    Rules,
}

impl Tab {
    pub(super) const ALL: [Self; 4] = [Self::Open, Self::All, Self::Mine, Self::Rules];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::All => "All",
            Self::Mine => "Mine",
            Self::Rules => "Rules",
        }
    }

    pub(super) fn next(self, forward: bool) -> Self {
        let step = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL[(self as usize + step) % Self::ALL.len()]
    }
}

/// The parts. One that is not in view has no room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    pub(super) tabs: Rect,
    /// What frames stand around list and detail, where they are beside one another.
    pub(super) frames: Option<[Rect; 2]>,
    pub(super) list: Rect,
    /// The frame around what is over, and its list.
    pub(super) over: Option<[Rect; 2]>,
    pub(super) detail: Rect,
}

impl Layout {
    /// Whether what is over may have room here.
    pub(super) fn is_high(area: Rect) -> bool {
        area.width >= WIDE && area.height >= HIGH
    }

    /// For a list of so many rows, and so many of what is over.
    pub(super) fn of(area: Rect, rows: usize, over: usize) -> Self {
        let head = u16::from(area.height >= 4);
        let (tabs, rest) = cut(area, head);
        if area.width >= WIDE && area.height >= 16 {
            let columns = rest.width * 11 / 20;
            let left = Rect { width: columns, ..rest };
            let right = Rect { x: rest.x + columns + 1, width: rest.width - columns - 1, ..rest };
            // All that is open is in view, and has room to grow.
            let open = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(3).max(left.height * 2 / 5);
            let below = left.height.saturating_sub(open);
            let (left, over) = match over > 0 && Self::is_high(area) && below >= OVER {
                true => {
                    let (left, over) = cut(left, open);
                    (left, Some([over, inner(over)]))
                }
                false => (left, None),
            };
            return Self { tabs, frames: Some([left, right]), list: inner(left), over, detail: inner(right) };
        }
        let (_, rest) = cut(rest, u16::from(area.height >= TALL));
        // The list's titles, and a row between.
        let all = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2);
        let list = if area.height >= TALL { all.min(rest.height * 9 / 20).max(4) } else { rest.height };
        let (list, detail) = cut(rest, list);
        Self { tabs, frames: None, list, over: None, detail }
    }

    /// The tab at a cell of the screen.
    pub(super) fn tab_at(&self, at: Position) -> Option<Tab> {
        let column = self.tabs.contains(at).then(|| at.x - self.tabs.x)?;
        let mut x = 0;
        Tab::ALL.into_iter().find(|tab| {
            let from = x;
            x += width(tab.title()) + 3;
            (from..x).contains(&column)
        })
    }
}

fn inner(frame: Rect) -> Rect {
    Rect {
        x: frame.x + 2,
        y: frame.y + 1,
        width: frame.width.saturating_sub(4),
        height: frame.height.saturating_sub(2),
    }
}

/// The first rows of an area, and the others.
pub(super) fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_always_has_room_and_nothing_leaves_the_page() {
        for (columns, rows) in [(1, 1), (38, 9), (78, 20), (118, 36), (198, 56), (300, 5)] {
            let area = Rect::new(1, 3, columns, rows);
            for many in [0, 3, 500] {
                let layout = Layout::of(area, many, 20);
                let parts = [layout.tabs, layout.list, layout.detail]
                    .into_iter()
                    .chain(layout.over.into_iter().flatten());
                for part in parts.filter(|one| !one.is_empty()) {
                    assert_eq!(area.union(part), area, "{columns}x{rows}: {part:?}");
                }
                // What is over has room only below all that is open.
                assert!(layout.over.is_none() || usize::from(layout.list.height) > many, "{columns}x{rows}");
                assert_eq!(
                    layout.over.is_some(),
                    rows > 45 && many < 500 && columns > 104,
                    "{columns}x{rows}"
                );
                assert!(rows < 9 || layout.list.height >= 4, "{columns}x{rows}");
            }
        }
    }
}
