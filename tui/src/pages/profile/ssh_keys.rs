//! One's SSH keys: listed, added, removed.

use keyward_keys::view::SshKeyView;
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AccountAnswer, AccountQuery, Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::profile::forms;
use crate::pages::read::Read;
use crate::pages::{Page, Step, about_people};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
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
    Column::new(Cell::Name, "NAME", 14, 32, 9),
    Column::new(Cell::Kind, "TYPE", 8, 20, 3),
    Column::new(Cell::Fingerprint, "FINGERPRINT", 22, 50, 5),
    Column::new(Cell::Used, "LAST USED", 10, 12, 8),
    Column::new(Cell::Added, "ADDED", 8, 10, 4),
];

/// The page.
#[derive(Default)]
pub(super) struct SshKeysPage {
    keys: Read<Vec<SshKeyView>>,
    list: List<Id>,
    removing: Option<Pending>,
    covered: bool,
}

impl SshKeysPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        self.keys.ask(cx, Query::Account(AccountQuery::SshKeys));
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(list::rows(cx.area).height)
    }

    fn remove(&self, cx: &mut Cx<'_>) {
        let key = self.keys.get().and_then(|keys| keys.get(self.list.selected()));
        if let Some(key) = key {
            let text = format!("{} opens nothing any more, and what it opened ends now.", safe(&key.name));
            cx.open(Dialog::confirm(Subject::Remove(key.id), "Remove the SSH key", text, true));
        }
    }
}

impl Page for SshKeysPage {
    fn place(&self) -> Place {
        Place::SshKeys
    }

    fn crumb(&self) -> String {
        "SSH keys".to_owned()
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, Self::height(cx)) {
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
        self.list.mouse(mouse, list::rows(cx.area));
        Step::Stay
    }

    fn verdict(&mut self, subject: Subject, _verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        if let Subject::Remove(id) = subject {
            self.removing = Some(cx.ask(Query::Account(AccountQuery::RemoveSshKey(id))));
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.keys.awaits(id) || Pending::is(self.removing, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.removing, id) {
            self.removing = None;
            match result {
                Ok(_) => cx.say(NoticeKind::Done, "The SSH key is removed."),
                Err(notice) => cx.tell(notice),
            }
            self.read(cx);
            return Step::Stay;
        }
        self.keys.take(result, cx, |answer| match answer {
            Answer::Account(AccountAnswer::SshKeys(keys)) => Some(keys),
            _ => None,
        });
        self.list.renew(self.keys.get().into_iter().flatten().map(|key| key.id), Self::height(cx));
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if cx.front && about_people(event) {
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
        self.keys.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some(keys) = self.keys.get() else {
            return self.keys.paint_absence("your SSH keys", area, buf, ui);
        };
        if keys.is_empty() {
            let lines = ["Press n and paste the line of a .pub file: it then opens this without a password."];
            return blank(area, buf, "No SSH key yet", &lines, ui);
        }
        list::table(&self.list, COLUMNS, area, buf, ui, true, |pen, row, cell, width| {
            let key = &keys[row];
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
