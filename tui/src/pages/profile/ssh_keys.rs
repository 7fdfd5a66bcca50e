//! One's SSH keys: listed, added, removed.

use keyward_keys::view::SshKeyView;
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::Cx;
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AccountAnswer, AccountQuery, Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::profile::forms;
use crate::pages::profile::listed::{Listed, Row, Words};
use crate::pages::{Page, Step, about_people};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::Column;
use crate::widgets::pen::{Ui, safe};

#[derive(Clone, Copy)]
enum Cell {
    Name,
    Kind,
    Fingerprint,
    Used,
    Added,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Name, "NAME", 14, 24, 9),
    Column::new(Cell::Kind, "TYPE", 8, 20, 3),
    Column::new(Cell::Fingerprint, "FINGERPRINT", 22, 50, 5),
    Column::new(Cell::Used, "LAST USED", 10, 12, 8),
    Column::new(Cell::Added, "ADDED", 8, 10, 4),
];

const WORDS: Words = Words {
    what: "your SSH keys",
    none: "No SSH key yet",
    then: "Press n and paste the line of a .pub file: it then opens this without a password.",
};

/// The page.
#[derive(Default)]
pub(super) struct SshKeysPage {
    rows: Listed<SshKeyView>,
    covered: bool,
}

impl Row for SshKeyView {
    fn id(&self) -> Id {
        self.id
    }

    fn full(&self) -> String {
        let kind = self.key.split(' ').next().unwrap_or_default();
        format!("{kind} {}", self.fingerprint)
    }
}

impl SshKeysPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        self.rows.read(Query::Account(AccountQuery::SshKeys), cx);
    }

    fn remove(&self, cx: &mut Cx<'_>) {
        if let Some(key) = self.rows.current() {
            let text = format!("{} opens nothing any more, and what it opened ends now.", safe(&key.name));
            cx.open(Dialog::confirm(Subject::Remove(key.id), "Remove the SSH key", text, true));
        }
    }
}

impl Page for SshKeysPage {
    fn place(&self) -> Place {
        Place::SshKeys
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Delete && self.rows.all().is_empty()
    }

    fn crumb(&self) -> String {
        "SSH keys".to_owned()
    }

    fn again(&self) -> Option<Again> {
        let row = self.rows.left();
        Again::page(move || Self { rows: Listed::on(row), ..Self::default() })
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
            Command::New => {
                self.covered = true;
                return Step::Open(forms::ssh_key());
            }
            Command::Delete => self.remove(cx),
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
        if let Subject::Remove(id) = subject {
            self.rows.change(Query::Account(AccountQuery::RemoveSshKey(id)), cx);
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.rows.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        let again = self.rows.answer(id, result, "The SSH key is removed.", cx, |answer| match answer {
            Answer::Account(AccountAnswer::SshKeys(keys)) => Some(keys),
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
        if cx.front && std::mem::take(&mut self.covered) {
            self.read(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.rows.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.rows.paint(&WORDS, COLUMNS, area, buf, ui, |pen, key, cell, width| {
            match cell {
                Cell::Name => pen.cell(safe(&key.name), width, ui.style(Tone::Strong)),
                Cell::Kind => {
                    let kind = key.key.split(' ').next().unwrap_or_default();
                    let kind = kind.trim_start_matches("ssh-").trim_start_matches("ecdsa-sha2-");
                    pen.cell(safe(kind), width, ui.style(Tone::Dim))
                }
                Cell::Fingerprint => pen.cell(safe(&key.fingerprint), width, ui.style(Tone::Text)),
                Cell::Used => match key.last_used {
                    Some(at) => {
                        pen.cell(format::ago(ui.now_ms, at.as_millisecond()), width, ui.style(Tone::Text))
                    }
                    None => pen.cell("never", width, ui.style(Tone::Dim)),
                },
                Cell::Added => {
                    let at = key.created_at.as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(Tone::Dim))
                }
            };
        })
    }
}
