//! A short form on a page of its own: a few fields and one question to the core. Pages say what the fields are, what is
//! asked and what follows; this keeps what was typed until the core has taken it.

mod field;
mod paint;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::{Page, Step};
use crate::term::input::{Button, Key, Mouse, MouseKind, Paste};
use crate::widgets::pen::Ui;

pub(crate) use field::{Field, Kind, Values};

/// What is asked when the sheet is sent.
type Ask = Box<dyn Fn(&Values) -> Query + Send>;
/// What follows once it was done.
type Then = Box<dyn FnMut(Answer, &mut Cx<'_>) -> Step + Send>;

/// A sheet's page.
pub(crate) struct Sheet {
    title: &'static str,
    /// What this is, safe to show.
    lead: String,
    values: Values,
    focus: usize,
    /// What the core had against it, by field.
    refused: Vec<(usize, String)>,
    banner: Option<Notice>,
    sending: Option<Pending>,
    ask: Ask,
    then: Then,
}

impl Sheet {
    /// A sheet with these fields; there is at least one.
    pub(crate) fn page(
        title: &'static str,
        lead: impl Into<String>,
        fields: Vec<Field>,
        ask: impl Fn(&Values) -> Query + Send + 'static,
        then: impl FnMut(Answer, &mut Cx<'_>) -> Step + Send + 'static,
    ) -> Box<dyn Page> {
        Box::new(Self {
            title,
            lead: lead.into(),
            values: Values::new(fields),
            focus: 0,
            refused: Vec::new(),
            banner: None,
            sending: None,
            ask: Box::new(ask),
            then: Box::new(then),
        })
    }

    fn fault(&self, field: usize) -> Option<String> {
        let refused = self.refused.iter().find(|(at, _)| *at == field).map(|(_, text)| text.clone());
        refused.or_else(|| self.values.was_left(field).then(|| self.values.fault(field)).flatten())
    }

    fn go(&mut self, forward: bool) {
        self.values.leave(self.focus);
        let count = self.values.len();
        let next = if forward { self.focus + 1 } else { self.focus + count - 1 };
        self.focus = next % count;
    }

    fn changed(&mut self) {
        let focus = self.focus;
        self.refused.retain(|(field, _)| *field != focus);
        self.banner = None;
    }

    fn send(&mut self, cx: &mut Cx<'_>) {
        if self.sending.is_some() {
            return;
        }
        (0..self.values.len()).for_each(|field| self.values.leave(field));
        if let Some(first) = (0..self.values.len()).find(|field| self.values.fault(*field).is_some()) {
            self.focus = first;
            return;
        }
        self.refused.clear();
        self.banner = None;
        self.values.now_ms = cx.now_ms;
        self.sending = Some(cx.ask((self.ask)(&self.values)));
    }

    fn refuse(&mut self, notice: Notice) {
        let place = |fault: &keyward_keys::Fault| {
            self.values.named(&fault.field).map(|field| (field, fault.detail.clone()))
        };
        self.refused = notice.faults.iter().filter_map(place).collect();
        let unplaced = notice.faults.len() > self.refused.len();
        if let Some((field, _)) = self.refused.first() {
            self.focus = *field;
        }
        let text = match notice.faults.first().filter(|_| unplaced) {
            Some(fault) => format!("{} {}", fault.field, fault.detail),
            None => notice.text.clone(),
        };
        self.banner = Some(Notice { text, ..notice });
    }
}

impl Page for Sheet {
    fn place(&self) -> Place {
        Place::Form
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        match command {
            Command::Next | Command::Previous => self.values.len() < 2,
            command => command == Command::Generate,
        }
    }

    fn crumb(&self) -> String {
        self.title.to_owned()
    }

    fn unsaved(&self) -> bool {
        self.values.touched()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Next => self.go(true),
            Command::Previous => self.go(false),
            Command::Accept if self.values.new_line(self.focus) => self.changed(),
            Command::Accept if self.focus + 1 == self.values.len() => self.send(cx),
            Command::Accept => self.go(true),
            Command::Save => self.send(cx),
            Command::Cancel if self.unsaved() => {
                let text = "Discard what you typed?".to_owned();
                cx.open(Dialog::confirm(Subject::Discard, "Leave the form", text, false));
            }
            Command::Cancel => return Step::Back,
            _ => {}
        }
        Step::Stay
    }

    fn typed(&mut self, key: Key, _cx: &mut Cx<'_>) {
        if self.values.key(self.focus, key) {
            self.changed();
        }
    }

    fn pasted(&mut self, paste: &Paste, cx: &mut Cx<'_>) {
        if paste.truncated || !self.values.paste(self.focus, &paste.text) {
            cx.say(NoticeKind::Warning, "That paste is too long for this field; nothing was put in.");
        } else {
            self.changed();
        }
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        if mouse.kind == MouseKind::Press(Button::Left)
            && let Some(field) = self.field_at(cx.area, Position::new(mouse.column, mouse.row))
        {
            self.values.leave(self.focus);
            self.focus = field;
        }
        Step::Stay
    }

    fn verdict(&mut self, _subject: Subject, _verdict: Verdict, _cx: &mut Cx<'_>) -> Step {
        Step::Back
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.sending, id)
    }

    fn answer(&mut self, _id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        self.sending = None;
        match result {
            Ok(answer) => {
                self.values.forget();
                (self.then)(answer, cx)
            }
            Err(notice) => {
                self.refuse(notice);
                Step::Stay
            }
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.sending.and_then(|pending| pending.long_from(now_ms))
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
