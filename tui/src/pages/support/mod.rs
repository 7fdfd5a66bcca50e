//! Questions to the operators: one's own, and for operators everybody's.

mod ticket;

use std::collections::HashMap;

use keyward_keys::input::{NewTicket, TicketQuery};
use keyward_keys::view::{TicketStatus, TicketView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, InboxAnswer, InboxQuery, Query, RequestId};
use crate::notice::Notice;
use crate::pages::read::Read;
use crate::pages::sheet::{Field, Kind, Sheet};
use crate::pages::{Page, Step, about_notices};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Ui, safe};

use ticket::TicketPage;

/// Questions read at a time.
const PAGE: u32 = 100;

#[derive(Clone, Copy)]
enum Cell {
    Status,
    Subject,
    Asker,
    Updated,
    Opened,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Status, "STATE", 8, 8, 7),
    Column::new(Cell::Subject, "ABOUT", 20, 100, 9),
    Column::new(Cell::Asker, "FROM", 12, 24, 5),
    Column::new(Cell::Updated, "LAST WORD", 10, 12, 8),
    Column::new(Cell::Opened, "ASKED", 10, 12, 3),
];

/// The page.
#[derive(Default)]
pub(crate) struct SupportPage {
    tickets: Read<Vec<TicketView>>,
    list: List<Id>,
    names: HashMap<Id, String>,
    naming: Option<Pending>,
    operator: bool,
    covered: bool,
}

impl SupportPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        let query = TicketQuery { page: 1, limit: PAGE, ..TicketQuery::default() };
        self.tickets.ask(cx, Query::Inbox(InboxQuery::Tickets(query)));
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(list::rows(cx.area).height)
    }

    fn open(&mut self) -> Step {
        match self.tickets.get().and_then(|tickets| tickets.get(self.list.selected())) {
            Some(ticket) => {
                self.covered = true;
                Step::Open(Box::new(TicketPage::new(ticket.clone())))
            }
            None => Step::Stay,
        }
    }

    fn ask(&mut self) -> Step {
        self.covered = true;
        let fields = vec![
            Field::new("subject", "About", "In a few words.", Kind::Line),
            Field::new("text", "Message", "Enter begins a new line. Never paste a key's value.", Kind::Lines),
        ];
        Step::Open(Sheet::page(
            "Ask the operators",
            "They read it here, and you are told when they answer.",
            fields,
            |values| {
                let new = NewTicket { subject: values.text(0), text: values.text(1) };
                Query::Inbox(InboxQuery::Open(new))
            },
            |answer, _| match answer {
                Answer::Inbox(InboxAnswer::Ticket(ticket)) => {
                    Step::Replace(Box::new(TicketPage::new(*ticket)))
                }
                _ => Step::Back,
            },
        ))
    }
}

/// Mark, word and tone of where a question stands.
fn status(status: TicketStatus, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match status {
        TicketStatus::Open => (ui.glyphs.active, "open", Tone::Accent),
        TicketStatus::Closed => (ui.glyphs.check, "closed", Tone::Dim),
    }
}

impl Page for SupportPage {
    fn place(&self) -> Place {
        Place::Support
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Open && self.list.is_empty()
    }

    fn crumb(&self) -> String {
        "Support".to_owned()
    }

    fn again(&self) -> Option<Again> {
        let row = self.list.left();
        Again::page(move || Self { list: List::on(row), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.operator = cx.user.operator;
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, Self::height(cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => return self.open(),
            Command::New => return self.ask(),
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        if self.list.mouse(mouse, list::rows(cx.area)) && double { self.open() } else { Step::Stay }
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.tickets.awaits(id) || Pending::is(self.naming, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.naming, id) {
            self.naming = None;
            if let Ok(Answer::Names(names)) = result {
                self.names.extend(names);
            }
            return Step::Stay;
        }
        self.tickets.take(result, cx, |answer| match answer {
            Answer::Inbox(InboxAnswer::Tickets(page)) => Some(page.tickets),
            _ => None,
        });
        let tickets = self.tickets.get().map(Vec::as_slice).unwrap_or_default();
        self.list.renew(tickets.iter().map(|ticket| ticket.id), Self::height(cx));
        let mut unknown: Vec<Id> = tickets.iter().map(|ticket| ticket.user).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|user| !self.names.contains_key(user));
        if self.operator && !unknown.is_empty() {
            self.naming = Some(cx.ask(Query::Names(unknown)));
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        // Whatever is said here is told to the other side.
        if cx.front && about_notices(event) {
            self.read(cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(Self::height(cx));
        if cx.front && std::mem::take(&mut self.covered) {
            self.read(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.tickets.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some(tickets) = self.tickets.get() else {
            return self.tickets.paint_absence("the questions", area, buf, ui);
        };
        if tickets.is_empty() {
            let lines = ["Press n to ask the people who run this Keyward something. They answer here."];
            return blank(area, buf, "No questions yet", &lines, ui);
        }
        let columns: Vec<Column<Cell>> = COLUMNS
            .iter()
            .filter(|column| self.operator || !matches!(column.id, Cell::Asker))
            .copied()
            .collect();
        list::table(&self.list, &columns, area, buf, ui, true, |pen, row, cell, width| {
            let ticket = &tickets[row];
            match cell {
                Cell::Status => {
                    let (mark, word, tone) = status(ticket.status, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone))
                }
                Cell::Subject => pen.cell(safe(&ticket.subject), width, ui.style(Tone::Strong)),
                Cell::Asker => {
                    let name = self.names.get(&ticket.user).map_or("", String::as_str);
                    pen.cell(safe(name), width, ui.style(Tone::Text))
                }
                Cell::Updated => {
                    let at = ticket.updated_at.as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(Tone::Text))
                }
                Cell::Opened => {
                    let at = ticket.created_at.as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(Tone::Dim))
                }
            };
        })
    }
}
