//! What the lists of the profile have in common: rows that the core told, the one that is selected, and a change of one of
//! them that is under way. What a row says, and what is done with it, is each page's.

use keyward_keys::Id;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::Command;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::read::Read;
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, safe, wrap};

/// A row, which stays the same while what it says changes.
pub(super) trait Row {
    fn id(&self) -> Id;

    /// What columns may cut short of it, to its end.
    fn full(&self) -> String;
}

/// From this height on, the selected row is told in full below the others, in so many rows.
const TALL: u16 = 14;
const FULL: u16 = 3;

/// Where the rows are, and where the selected one is in full.
fn parts(area: Rect) -> (Rect, Rect) {
    let below = if area.height >= TALL { FULL } else { 0 };
    let table = Rect { height: area.height - below - below.min(1), ..area };
    (table, Rect { y: area.bottom() - below, height: below, ..area })
}

/// The rows of a page.
pub(super) struct Listed<T> {
    rows: Read<Vec<T>>,
    list: List<Id>,
    changing: Option<Pending>,
}

/// What a list is called, and what is said when it is empty.
pub(super) struct Words {
    /// `your SSH keys`.
    pub(super) what: &'static str,
    pub(super) none: &'static str,
    /// The one thing to do then.
    pub(super) then: &'static str,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { rows: Read::default(), list: List::default(), changing: None }
    }
}

impl<T: Row> Listed<T> {
    /// Rows that are still to come, with the selection on this one of them.
    pub(super) fn on(row: Option<(Id, usize)>) -> Self {
        Self { list: List::on(row), ..Self::default() }
    }

    /// The selected one's id and place.
    pub(super) fn left(&self) -> Option<(Id, usize)> {
        self.list.left()
    }

    /// Asks for the rows.
    pub(super) fn read(&mut self, query: Query, cx: &mut Cx<'_>) {
        self.rows.ask(cx, query);
    }

    /// Asks for a change.
    pub(super) fn change(&mut self, query: Query, cx: &mut Cx<'_>) {
        self.changing = Some(cx.ask(query));
    }

    /// All that are known.
    pub(super) fn all(&self) -> &[T] {
        self.rows.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// The selected one.
    pub(super) fn current(&self) -> Option<&T> {
        self.all().get(self.list.selected())
    }

    /// Moves the selection as a command says; whether it was one that moves.
    pub(super) fn command(&mut self, command: Command, cx: &Cx<'_>) -> bool {
        self.list.command(command, height(cx))
    }

    /// Takes the mouse; whether a row was pressed.
    pub(super) fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> bool {
        self.list.mouse(mouse, list::rows(parts(cx.area).0))
    }

    pub(super) fn awaits(&self, id: RequestId) -> bool {
        self.rows.awaits(id) || Pending::is(self.changing, id)
    }

    /// Takes the rows in, or says what came of a change; whether the rows are to be read again.
    pub(super) fn answer(
        &mut self,
        id: RequestId,
        result: Result<Answer, Notice>,
        done: &str,
        cx: &mut Cx<'_>,
        pick: impl FnOnce(Answer) -> Option<Vec<T>>,
    ) -> bool {
        if self.changing.take_if(|pending| Pending::is(Some(*pending), id)).is_some() {
            match result {
                Ok(_) => cx.say(NoticeKind::Done, done),
                Err(notice) => cx.tell(notice),
            }
            return true;
        }
        self.rows.take(result, cx, pick);
        self.list.renew(self.rows.get().into_iter().flatten().map(Row::id), height(cx));
        false
    }

    pub(super) fn tick(&mut self, cx: &Cx<'_>) {
        self.list.reveal(height(cx));
    }

    pub(super) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.rows.next_tick(now_ms)
    }

    /// Draws the rows, or what stands in their place.
    pub(super) fn paint<C: Copy>(
        &self,
        words: &Words,
        columns: &[Column<C>],
        area: Rect,
        buf: &mut Buffer,
        ui: &Ui,
        mut cell: impl FnMut(&mut Pen<'_>, &T, C, u16),
    ) -> Option<Position> {
        match self.rows.get() {
            None => self.rows.paint_absence(words.what, area, buf, ui),
            Some(rows) if rows.is_empty() => blank(area, buf, words.none, &[words.then], ui),
            Some(rows) => {
                let (table, below) = parts(area);
                let full = self.current().map(Row::full).unwrap_or_default();
                for (row, line) in (0..below.height).zip(wrap(&safe(&full), below.width)) {
                    Pen::new(buf, below, row).text(line, ui.style(Tone::Dim));
                }
                list::table(&self.list, columns, table, buf, ui, true, |pen, row, column, width| {
                    cell(pen, &rows[row], column, width);
                })
            }
        }
    }
}

fn height(cx: &Cx<'_>) -> usize {
    usize::from(list::rows(parts(cx.area).0).height)
}
