//! Where the parts of a team's page go at each size. The mouse reads the same places.

use ratatui::layout::Rect;

use crate::pages::team::people::Pane;

/// From this width on, the panes are beside the list.
const WIDE: u16 = 110;
const PANE: u16 = 46;
/// From this height on, the team's keys are shown below its people.
const KEYS: u16 = 24;
/// Rows of a chart, at least.
const CHART: u16 = 9;
/// From this width on, two charts stand beside one another.
const TWO: u16 = 100;
/// Columns between them.
const GAP: u16 = 4;
/// From this height on, both lists are shown below one another.
const TALL: u16 = 17;

/// The parts of the page; those there is no room for are empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Who one is here, and how many.
    pub(super) summary: Rect,
    pub(super) people: Rect,
    /// A line on who is selected, or two where there is room.
    pub(super) line: Rect,
    /// The title of the invitations where they are below the people.
    pub(super) heading: Rect,
    pub(super) invitations: Rect,
    /// Frames beside the list: invitations, and who is selected.
    pub(super) beside: [Rect; 2],
    /// The team's keys, below the people.
    pub(super) keys: Rect,
    /// Charts of its last days, below the keys.
    pub(super) days: [Rect; 2],
}

/// How many there are of what is listed.
pub(super) struct Counts {
    pub(super) members: usize,
    pub(super) invited: usize,
    pub(super) keys: usize,
}

/// Two charts below the list, or one.
fn charts(area: Rect) -> [Rect; 2] {
    let area = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    if area.width < TWO {
        return [area, Rect { width: 0, height: 0, ..area }];
    }
    let width = (area.width - GAP) / 2;
    [Rect { width, ..area }, Rect { x: area.right() - width, width, ..area }]
}

impl Layout {
    /// The parts within the page's place, for the pane with the keys and so many rows; `invites` says whether one may see
    /// who is invited.
    pub(super) fn of(area: Rect, pane: Pane, invites: bool, counts: &Counts) -> Self {
        let Counts { members, invited, .. } = *counts;
        let nothing = Rect { width: 0, height: 0, ..area };
        let row = |from: u16, height: u16, of: Rect| {
            let from = from.min(of.height);
            Rect { y: of.y + from, height: height.min(of.height - from), ..of }
        };
        let wide = area.width >= WIDE;
        let left = Rect { width: area.width - if wide { PANE + 2 } else { 0 }, ..area };
        let summary = row(0, 1, area);
        let below = row(if area.height >= 12 { 2 } else { 1 }, area.height, left);
        let lines = if wide || below.height < 8 { 0 } else { 1 + u16::from(area.height >= TALL) };
        let lined = lines + u16::from(lines > 0);
        let line = row(below.height.saturating_sub(lines), lines, below);
        let room = row(0, below.height - lined, below);
        let none = Self {
            summary,
            people: room,
            line,
            heading: nothing,
            invitations: nothing,
            beside: [nothing; 2],
            keys: nothing,
            days: [nothing; 2],
        };
        if wide {
            let listed = u16::try_from(members).unwrap_or(u16::MAX).saturating_add(2).max(8);
            let listed = if room.height >= KEYS { listed.min(room.height / 2) } else { room.height };
            let under = row(listed + 1, room.height, room);
            // The keys leave room for a chart, where it is high enough for one.
            let all = u16::try_from(counts.keys.max(1)).unwrap_or(u16::MAX).saturating_add(1);
            let most = if under.height >= 3 * CHART { under.height - CHART - 1 } else { under.height };
            let keys = row(0, all.min(most), under);
            let chart = row(keys.height + 1, under.height, under);
            let days = if chart.height >= CHART { charts(chart) } else { [nothing; 2] };
            let x = area.right() - PANE;
            let side = Rect { x, width: PANE, ..row(below.y - area.y, area.height, area) };
            let rows =
                u16::try_from(invited).unwrap_or(u16::MAX).saturating_add(3).max(5).min(side.height / 2);
            let first = if invites { row(0, rows, side) } else { nothing };
            let second = row(first.height, side.height, side);
            let inner = |frame: Rect| Rect {
                x: frame.x + 2,
                y: frame.y + 1,
                width: frame.width.saturating_sub(4),
                height: frame.height.saturating_sub(2),
            };
            let people = row(0, listed, room);
            return Self { people, keys, days, invitations: inner(first), beside: [first, second], ..none };
        }
        if !invites {
            return none;
        }
        if area.height < TALL {
            return match pane {
                Pane::People => none,
                Pane::Invitations => Self { people: nothing, invitations: room, ..none },
            };
        }
        let rows = u16::try_from(invited).unwrap_or(u16::MAX).saturating_add(2).max(2).min(room.height / 3);
        let people = row(0, room.height - rows, room);
        let invitations = row(people.height + 1, rows.saturating_sub(1), room);
        Self { people, heading: row(people.height, 1, room), invitations, ..none }
    }
}
