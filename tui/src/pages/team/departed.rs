//! What somebody who left a team leaves behind: keys whose values they have seen, to be rotated, and what of theirs ended.

use keyward_keys::Id;
use keyward_keys::view::Departure;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, safe, wrap};

#[derive(Clone, Copy)]
enum Cell {
    Name,
    Version,
    Seen,
    KeyId,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Name, "ROTATE NOW", 14, 40, 9),
    Column::figures(Cell::Version, "VERSION", 7, 6),
    Column::new(Cell::Seen, "LAST SEEN", 10, 12, 8),
    Column::new(Cell::KeyId, "ID", 20, 24, 3),
];

/// The page.
pub(crate) struct DepartedPage {
    name: String,
    departure: Departure,
    list: List<Id>,
    opening: Option<Pending>,
}

impl DepartedPage {
    /// What this person leaves behind; there is something.
    pub(super) fn new(name: &str, departure: Departure) -> Self {
        let mut list = List::default();
        list.renew(departure.rotate_now.iter().map(|key| key.id), 1);
        Self { name: safe(name).into_owned(), departure, list, opening: None }
    }

    fn lead(&self, columns: u16) -> Vec<String> {
        let mut text = match self.departure.rotate_now.len() {
            0 => format!("{} has seen no value that is still in use.", self.name),
            1 => format!("{} has seen this value and knows it still. Rotate it now.", self.name),
            n => format!("{} has seen these {n} values and knows them still. Rotate them now.", self.name),
        };
        if !self.departure.tokens.is_empty() {
            let tokens: Vec<_> = self.departure.tokens.iter().map(|token| safe(&token.name)).collect();
            text.push_str(&format!(" Service tokens of theirs that lost keys: {}.", tokens.join(", ")));
        }
        wrap(&text, columns.min(76))
    }

    fn table(&self, area: Rect) -> Rect {
        let rows = u16::try_from(self.lead(area.width).len()).unwrap_or(0) + 1;
        let rows = rows.min(area.height / 2);
        Rect { y: area.y + rows, height: area.height - rows, ..area }
    }

    fn window(&self, cx: &Cx<'_>) -> Rect {
        list::rows(self.table(cx.area))
    }

    fn open(&mut self, cx: &mut Cx<'_>) {
        if let Some(id) = self.list.current() {
            self.opening = Some(cx.ask(Query::Key(id)));
        }
    }
}

impl Page for DepartedPage {
    fn place(&self) -> Place {
        Place::Departed
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Open && self.list.is_empty()
    }

    fn crumb(&self) -> String {
        self.name.clone()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let height = usize::from(self.window(cx).height);
        if self.list.command(command, height) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => self.open(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        if self.list.mouse(mouse, self.window(cx)) && double {
            self.open(cx);
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.opening, id)
    }

    fn answer(&mut self, _id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        self.opening = None;
        match result {
            Ok(Answer::Key(key)) => return Step::Open(Box::new(KeyPage::new(*key))),
            Ok(_) => {}
            Err(notice) => cx.tell(notice),
        }
        Step::Stay
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let height = usize::from(self.window(cx).height);
        self.list.reveal(height);
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let table = self.table(area);
        let above = Rect { height: table.y - area.y, ..area };
        for (row, line) in (0u16..).zip(self.lead(area.width)) {
            Pen::new(buf, above, row).text(line, ui.style(Tone::Text));
        }
        list::table(&self.list, COLUMNS, table, buf, ui, true, |pen, row, cell, width| {
            let key = &self.departure.rotate_now[row];
            match cell {
                Cell::Name => pen.cell(safe(&key.name), width, ui.style(Tone::Strong)),
                Cell::Version => pen.cell_right(key.version.to_string(), width, ui.style(Tone::Text)),
                Cell::Seen => {
                    let at = key.revealed_at.as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(Tone::Text))
                }
                Cell::KeyId => pen.cell(safe(&key.key_id), width, ui.style(Tone::Dim)),
            };
        })
    }
}
