//! What one has open, in apps, browsers and terminals: listed, ended one by one, or all but this one.

use keyward_keys::view::{SessionKind, SessionView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::Cx;
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AccountAnswer, AccountQuery, Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::profile::listed::{Listed, Row, Words};
use crate::pages::{Page, Step, about_people, marks};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::Column;
use crate::widgets::pen::{Ui, safe};

#[derive(Clone, Copy)]
enum Cell {
    Kind,
    Door,
    From,
    Program,
    Since,
    Seen,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Kind, "WHAT", 13, 18, 9),
    Column::new(Cell::Door, "BY", 5, 8, 5),
    Column::new(Cell::From, "FROM", 15, 24, 8),
    Column::new(Cell::Program, "PROGRAM", 18, 48, 4),
    Column::new(Cell::Since, "SINCE", 9, 10, 3),
    Column::new(Cell::Seen, "LAST USED", 10, 12, 7),
];

const WORDS: Words = Words { what: "your sessions", none: "Nothing is open", then: "r looks again." };

/// The page.
#[derive(Default)]
pub(super) struct SessionsPage {
    rows: Listed<SessionView>,
}

impl Row for SessionView {
    fn id(&self) -> Id {
        self.id
    }

    fn full(&self) -> String {
        let from = self.address.as_deref().unwrap_or("this machine");
        format!("from {from} with {}", self.user_agent.as_deref().unwrap_or("no word on what it is"))
    }
}

impl SessionsPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        self.rows.read(Query::Account(AccountQuery::Sessions), cx);
    }

    fn end(&self, cx: &mut Cx<'_>) {
        match self.rows.current() {
            Some(session) if session.current => {
                cx.say(NoticeKind::Info, "This is the session you look from: q leaves it.");
            }
            Some(session) => {
                let from = session.address.as_deref().unwrap_or("this machine");
                let text = format!("The {} from {} ends at once.", session.kind.name(), safe(from));
                cx.open(Dialog::confirm(Subject::Remove(session.id), "End the session", text, false));
            }
            None => {}
        }
    }
}

impl Page for SessionsPage {
    fn place(&self) -> Place {
        Place::Sessions
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        match command {
            Command::Delete => self.rows.current().is_none_or(|session| session.current),
            Command::EndOthers => !self.rows.all().iter().any(|session| !session.current),
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Sessions".to_owned()
    }

    fn again(&self) -> Option<Again> {
        let row = self.rows.left();
        Again::page(move || Self { rows: Listed::on(row) })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.rows.command(command, cx) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Delete => self.end(cx),
            Command::EndOthers => {
                let text =
                    "Every app, browser and terminal you are signed in from ends at once, but for this one.";
                cx.open(Dialog::confirm(Subject::Others, "Sign out everywhere else", text.to_owned(), true));
            }
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        self.rows.mouse(mouse, cx);
        Step::Stay
    }

    fn verdict(&mut self, subject: Subject, _verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        let query = match subject {
            Subject::Remove(id) => AccountQuery::EndSession(id),
            Subject::Others => AccountQuery::EndOthers,
            _ => return Step::Stay,
        };
        self.rows.change(Query::Account(query), cx);
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.rows.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        let again = self.rows.answer(id, result, "Ended.", cx, |answer| match answer {
            Answer::Account(AccountAnswer::Sessions(sessions)) => Some(sessions),
            _ => None,
        });
        if again {
            self.read(cx);
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if cx.front && about_people(event) {
            self.read(cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.rows.tick(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.rows.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.rows.paint(&WORDS, COLUMNS, area, buf, ui, |pen, session, cell, width| {
            let age = |at: jiff::Timestamp| format::ago(ui.now_ms, at.as_millisecond());
            match cell {
                Cell::Kind if session.current => {
                    pen.text(ui.glyphs.active, ui.style(Tone::Good)).text(" this one", ui.style(Tone::Strong))
                }
                Cell::Kind => {
                    let open = session.kind != SessionKind::App;
                    let (mark, tone) = match open {
                        true => (ui.glyphs.active, Tone::Good),
                        false => (ui.glyphs.inactive, Tone::Dim),
                    };
                    pen.text(mark, ui.style(tone)).skip(1).text(session.kind.name(), ui.style(Tone::Text))
                }
                Cell::Door => pen.cell(marks::door(session.door), width, ui.style(Tone::Dim)),
                Cell::From => {
                    let from = session.address.as_deref().unwrap_or("this machine");
                    pen.cell(safe(from), width, ui.style(Tone::Text))
                }
                Cell::Program => {
                    let program = session.user_agent.as_deref().unwrap_or_default();
                    pen.cell(safe(program), width, ui.style(Tone::Dim))
                }
                Cell::Since => pen.cell(age(session.created_at), width, ui.style(Tone::Dim)),
                Cell::Seen => pen.cell(age(session.last_seen), width, ui.style(Tone::Text)),
            };
        })
    }
}
