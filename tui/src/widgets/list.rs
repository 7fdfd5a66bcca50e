//! A list or table of rows that are all in memory: which row is selected and which are in view, which columns fit, and
//! how it is drawn. The selection is a row's id, not its place: what comes or goes above it moves neither the selection
//! nor the row on screen. It knows no row's content: pages draw each cell.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::keymap::Command;
use crate::term::input::{Button, Mouse, MouseKind};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at};

/// Columns between two of them.
const GAP: u16 = 2;
/// The selection's marker and a space.
const LEAD: u16 = 2;
/// Rows a turn of the mouse's wheel moves.
const WHEEL: usize = 3;
/// From this height on, a table has titles.
const TITLED: u16 = 4;

/// Which row is selected, by its id, and which are in view.
#[derive(Debug)]
pub(crate) struct List<I> {
    ids: Vec<I>,
    selected: usize,
    offset: usize,
}

impl<I> Default for List<I> {
    fn default() -> Self {
        Self { ids: Vec::new(), selected: 0, offset: 0 }
    }
}

impl<I: Copy + PartialEq> List<I> {
    /// A list whose rows are still to come, with the selection on that one of them, below so many rows of the window.
    pub(crate) fn on(left: Option<(I, usize)>) -> Self {
        let (ids, selected) = left.map_or((Vec::new(), 0), |(row, above)| (vec![row], above));
        Self { ids, selected, offset: 0 }
    }

    /// The selected row, and how many rows of the window are above it.
    pub(crate) fn left(&self) -> Option<(I, usize)> {
        Some((self.current()?, self.selected.saturating_sub(self.offset)))
    }

    /// Takes the rows as they are now, for a window `height` rows high. The selection stays on its row if that is still
    /// there, else it goes to the next that is, or the one before.
    pub(crate) fn renew(&mut self, ids: impl IntoIterator<Item = I>, height: usize) {
        let before = std::mem::replace(&mut self.ids, ids.into_iter().collect());
        let (above, below) = before.split_at(self.selected.min(before.len()));
        let row = |id: &I| self.ids.iter().position(|one| one == id);
        let row = below.iter().find_map(row).or_else(|| above.iter().rev().find_map(row)).unwrap_or(0);
        self.offset = (self.offset + row).saturating_sub(self.selected);
        self.select(row, height);
    }

    /// Some of its rows, from the first on, as a list of their own; the selection is in it if it is on one of them.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        let rows = rows.start.min(self.ids.len())..rows.end.min(self.ids.len());
        let selected = rows.contains(&self.selected).then(|| self.selected - rows.start);
        Self { ids: self.ids[rows].to_vec(), selected: selected.unwrap_or(usize::MAX), offset: 0 }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// There is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The selected row's number, from 0.
    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    /// The selected row's id.
    pub(crate) fn current(&self) -> Option<I> {
        self.ids.get(self.selected).copied()
    }

    /// Selects a row, or the last if there are fewer, and scrolls as little as it takes to see it.
    pub(crate) fn select(&mut self, row: usize, height: usize) {
        self.selected = row.min(self.ids.len().saturating_sub(1));
        self.reveal(height);
    }

    /// Scrolls so that the selection is in a window of `height` rows, and no row of it stays empty without need.
    pub(crate) fn reveal(&mut self, height: usize) {
        let height = height.max(1);
        let lowest = (self.selected + 1).saturating_sub(height);
        let highest = self.ids.len().saturating_sub(height);
        self.offset = self.offset.clamp(lowest, self.selected.max(lowest)).min(highest.max(lowest));
    }

    /// The rows in a window of `height`.
    pub(crate) fn visible(&self, height: usize) -> Range<usize> {
        self.offset..(self.offset + height).min(self.ids.len())
    }

    /// Moves the selection as a command says; whether it was one that moves.
    pub(crate) fn command(&mut self, command: Command, height: usize) -> bool {
        let (at, half) = (self.selected, height.max(2) / 2);
        let row = match command {
            Command::Up => at.saturating_sub(1),
            Command::Down => at + 1,
            Command::HalfUp => at.saturating_sub(half),
            Command::HalfDown => at + half,
            Command::PageUp => at.saturating_sub(height),
            Command::PageDown => at + height,
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => return false,
        };
        self.select(row, height);
        true
    }

    /// Takes the mouse over a window of rows: the wheel moves, a press selects. Whether a row was pressed.
    pub(crate) fn mouse(&mut self, mouse: Mouse, rows: Rect) -> bool {
        let height = usize::from(rows.height);
        match mouse.kind {
            MouseKind::ScrollUp => self.select(self.selected.saturating_sub(WHEEL), height),
            MouseKind::ScrollDown => self.select(self.selected + WHEEL, height),
            MouseKind::Press(Button::Left) if rows.contains(Position::new(mouse.column, mouse.row)) => {
                let row = self.offset + usize::from(mouse.row - rows.y);
                if row < self.ids.len() {
                    self.select(row, height);
                    return true;
                }
            }
            _ => {}
        }
        false
    }
}

/// A column of a table; `C` is what its page calls it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<C> {
    pub(crate) id: C,
    pub(crate) title: &'static str,
    /// Columns it needs, and may grow to.
    pub(crate) least: u16,
    pub(crate) most: u16,
    /// The lowest gives way first, the highest grows first and always stays.
    pub(crate) priority: u8,
    /// Figures stand at its right end.
    pub(crate) right: bool,
}

impl<C> Column<C> {
    /// A column that is filled from the left.
    pub(crate) const fn new(id: C, title: &'static str, least: u16, most: u16, priority: u8) -> Self {
        Self { id, title, least, most, priority, right: false }
    }

    /// A column of figures.
    pub(crate) const fn figures(id: C, title: &'static str, width: u16, priority: u8) -> Self {
        Self { id, title, least: width, most: width, priority, right: true }
    }
}

/// The columns that fit into `width`, with their widths.
pub(crate) fn fit<C: Copy>(columns: &[Column<C>], width: u16) -> Vec<(Column<C>, u16)> {
    let room = width.saturating_sub(LEAD);
    let needed = |shown: &[(Column<C>, u16)]| shown.iter().map(|(_, w)| w + GAP).sum::<u16>() - GAP;
    let mut shown: Vec<_> = columns.iter().map(|column| (*column, column.least)).collect();
    while shown.len() > 1 && needed(&shown) > room {
        let least = shown.iter().map(|(column, _)| column.priority).min();
        shown.retain(|(column, _)| Some(column.priority) != least);
    }
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(shown[*at].0.priority));
    for at in order {
        let spare = room.saturating_sub(needed(&shown));
        let (column, width) = &mut shown[at];
        *width += spare.min(column.most.saturating_sub(*width));
    }
    shown
}

/// The window of rows of a table in `area`: what is below its titles.
pub(crate) fn rows(area: Rect) -> Rect {
    let titles = u16::from(area.height >= TITLED);
    Rect { y: area.y + titles, height: area.height - titles, ..area }
}

/// Draws a table. `cell` draws one cell with a pen at its left end, and must keep within the width it is given. The
/// selection is tinted only where `focused`; answers where the cursor belongs.
pub(crate) fn table<I: Copy + PartialEq, C: Copy>(
    list: &List<I>,
    columns: &[Column<C>],
    area: Rect,
    buf: &mut Buffer,
    ui: &Ui,
    focused: bool,
    mut cell: impl FnMut(&mut Pen<'_>, usize, C, u16),
) -> Option<Position> {
    let shown = fit(columns, area.width);
    let window = rows(area);
    if window.y > area.y {
        let mut pen = Pen::new(buf, area, 0);
        pen.skip(LEAD);
        for (column, width) in &shown {
            match column.right {
                true => pen.cell_right(column.title, *width, ui.style(Tone::Dim)),
                false => pen.cell(column.title, *width, ui.style(Tone::Dim)),
            };
            pen.skip(GAP);
        }
    }
    for (line, row) in (0u16..).zip(list.visible(usize::from(window.height))) {
        let mut x = window.x.saturating_add(LEAD);
        for (column, width) in &shown {
            let right = window.right().min(x.saturating_add(*width));
            let place =
                Rect { x: x.min(right), y: window.y + line, width: right.saturating_sub(x), height: 1 };
            cell(&mut Pen::new(buf, place, 0), row, column.id, place.width);
            x = right.saturating_add(GAP);
        }
        if row == list.selected() {
            let place = Rect { y: window.y + line, height: 1, ..window };
            let tone = if focused { Tone::Accent } else { Tone::Faint };
            Pen::new(buf, place, 0).text(ui.glyphs.marker, ui.style(tone));
            if focused {
                ui.theme.select(buf, place);
            }
        }
    }
    let row = list.selected().saturating_sub(list.offset);
    u16::try_from(row).ok().filter(|_| !list.is_empty()).and_then(|row| at(window, 0, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::input::Mods;

    fn list(ids: Range<u32>, height: usize) -> List<u32> {
        let mut list = List::default();
        list.renew(ids, height);
        list
    }

    #[test]
    fn the_selection_stays_on_its_row_and_in_its_place() {
        let mut list = list(0..100, 10);
        list.select(40, 10);
        let place = list.selected() - list.visible(10).start;
        list.renew((200..230).chain(0..100), 10);
        assert_eq!(list.current(), Some(40));
        assert_eq!(list.selected() - list.visible(10).start, place, "not even on screen");
        list.renew((0..100).filter(|id| *id != 40), 10);
        assert_eq!(list.current(), Some(41), "the next one");
        list.renew(0..3, 10);
        assert_eq!((list.current(), list.visible(10)), (Some(2), 0..3));
        list.renew([], 10);
        assert_eq!((list.current(), list.visible(10)), (None, 0..0));
    }

    #[test]
    fn a_list_comes_back_with_the_same_row_in_the_same_place() {
        let mut before = list(0..50, 7);
        before.select(30, 7);
        before.select(26, 7);
        let mut after = List::on(before.left());
        after.renew(0..60, 7);
        assert_eq!((after.current(), after.visible(7)), (Some(26), before.visible(7)));
        let mut gone = List::on(before.left());
        gone.renew(0..20, 7);
        assert_eq!(gone.current(), Some(0));
    }

    #[test]
    fn a_part_has_the_selection_where_it_is_on_one_of_its_rows() {
        let mut list = list(10..20, 10);
        list.select(6, 10);
        let [above, below] = [list.part(0..4), list.part(4..30)];
        assert_eq!((above.len(), above.current()), (4, None));
        assert_eq!((below.len(), below.current(), below.selected()), (6, Some(16), 2));
        assert!(list.part(12..14).is_empty());
    }

    #[test]
    fn the_selection_is_always_in_view() {
        let mut list = list(0..50, 7);
        for command in [Command::Bottom, Command::PageUp, Command::Up, Command::Top, Command::HalfDown] {
            for height in [7, 3, 1, 0, 12] {
                assert!(list.command(command, height));
                assert!(list.visible(height.max(1)).contains(&list.selected()), "{command:?} at {height}");
            }
        }
        assert!(!list.command(Command::Open, 7));
    }

    #[test]
    fn the_mouse_selects_what_it_points_at() {
        let mut list = list(0..20, 5);
        let press = |row| Mouse { kind: MouseKind::Press(Button::Left), column: 3, row, mods: Mods::NONE };
        let rows = Rect::new(0, 4, 20, 5);
        assert!(list.mouse(press(6), rows));
        assert_eq!(list.current(), Some(2));
        assert!(!list.mouse(press(3), rows) && !list.mouse(press(9), rows));
        list.mouse(Mouse { kind: MouseKind::ScrollDown, ..press(0) }, rows);
        assert_eq!(list.current(), Some(5));
    }

    #[test]
    fn columns_give_way_by_priority_and_never_take_more_than_there_is() {
        let columns = [
            Column::new('n', "NAME", 10, 30, 9),
            Column::new('m', "MAIL", 14, 40, 3),
            Column::figures('k', "KEYS", 5, 1),
            Column::new('r', "ROLE", 8, 8, 6),
        ];
        for width in 0..200 {
            let shown = fit(&columns, width);
            let used = shown.iter().map(|(_, w)| w + GAP).sum::<u16>() - GAP + LEAD;
            assert!(used <= width || shown.len() == 1, "{used} of {width}");
            assert_eq!(shown[0].0.id, 'n', "the most important one stays");
        }
        let ids = |width| fit(&columns, width).iter().map(|(column, _)| column.id).collect::<String>();
        assert_eq!([ids(20), ids(24), ids(40), ids(60)], ["n", "nr", "nmr", "nmkr"]);
    }
}
