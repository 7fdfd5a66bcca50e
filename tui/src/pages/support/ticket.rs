//! One question with all that was said: read, answer, close.

use std::collections::HashMap;

use keyward_keys::view::{TicketMessageView, TicketStatus, TicketView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, InboxAnswer, InboxQuery, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::read::Read;
use crate::pages::sheet::{Field, Kind, Sheet};
use crate::pages::{Page, Step, about_notices, scrolled};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, at, safe, wrap};

/// Columns a message takes at most: longer lines are hard to read.
const COLUMNS: u16 = 96;

/// The page.
pub(super) struct TicketPage {
    ticket: Read<Box<TicketView>>,
    id: Id,
    subject: String,
    names: HashMap<Id, String>,
    naming: Option<Pending>,
    closing: Option<Pending>,
    scroll: usize,
    /// The newest message is in view as they come in.
    at_end: bool,
    covered: bool,
}

impl TicketPage {
    /// The page of this question, with or without what was said.
    pub(super) fn new(ticket: TicketView) -> Self {
        let (id, subject) = (ticket.id, safe(&ticket.subject).into_owned());
        let known = ticket.messages.is_some();
        Self {
            ticket: if known { Read::of(Box::new(ticket)) } else { Read::default() },
            id,
            subject,
            names: HashMap::new(),
            naming: None,
            closing: None,
            scroll: 0,
            at_end: true,
            covered: false,
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        self.ticket.ask(cx, Query::Inbox(InboxQuery::Ticket(self.id)));
    }

    fn messages(&self) -> &[TicketMessageView] {
        self.ticket.get().and_then(|ticket| ticket.messages.as_deref()).unwrap_or_default()
    }

    fn lines(&self, columns: u16, ui: Option<&Ui>) -> Vec<(String, Tone)> {
        let mut lines = Vec::new();
        for message in self.messages() {
            let name = self.names.get(&message.author).map(|name| safe(name).into_owned());
            let who = match (name, message.operator) {
                (Some(name), true) => format!("{name}, operator"),
                (None, true) => "An operator".to_owned(),
                (Some(name), false) => name,
                (None, false) => "Whoever asked".to_owned(),
            };
            let when = ui.map(|ui| format::ago(ui.now_ms, message.created_at.as_millisecond()));
            let tone = if message.operator { Tone::Accent } else { Tone::Strong };
            lines.push((format!("{who}  {}", when.unwrap_or_default()), tone));
            for line in message.text.lines() {
                let wrapped = wrap(&safe(line), columns.saturating_sub(2).min(COLUMNS));
                let indented = wrapped.into_iter().map(|line| (format!("  {line}"), Tone::Text));
                lines.extend(indented);
                if line.is_empty() {
                    lines.push((String::new(), Tone::Text));
                }
            }
            lines.push((String::new(), Tone::Text));
        }
        lines.pop();
        lines
    }

    /// Where what was said goes: below the subject.
    fn window(area: Rect) -> Rect {
        let head = if area.height >= 8 { 2 } else { 1 };
        Rect { y: area.y + head.min(area.height), height: area.height.saturating_sub(head), ..area }
    }

    fn last(&self, area: Rect) -> usize {
        self.lines(area.width, None).len().saturating_sub(usize::from(Self::window(area).height))
    }

    fn answer_form(&mut self) -> Step {
        self.covered = true;
        let id = self.id;
        let fields =
            vec![Field::new("text", "Message", "Enter begins a new line; Ctrl-S sends it.", Kind::Lines)];
        Step::Open(Sheet::page(
            "Answer",
            self.subject.clone(),
            fields,
            move |values| Query::Inbox(InboxQuery::Answer { ticket: id, text: values.text(0) }),
            |_, cx| {
                cx.say(NoticeKind::Done, "Sent.");
                Step::Back
            },
        ))
    }

    fn take(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        self.ticket.take(result, cx, |answer| match answer {
            Answer::Inbox(InboxAnswer::Ticket(ticket)) => Some(ticket),
            _ => None,
        });
        self.name(cx);
        if self.at_end {
            self.scroll = self.last(cx.area);
        }
    }

    fn name(&mut self, cx: &mut Cx<'_>) {
        let mut unknown: Vec<Id> = self.messages().iter().map(|message| message.author).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|author| !self.names.contains_key(author));
        if !unknown.is_empty() && self.naming.is_none() {
            self.naming = Some(cx.ask(Query::Names(unknown)));
        }
    }
}

impl Page for TicketPage {
    fn place(&self) -> Place {
        Place::Ticket
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let open = self.ticket.get().is_some_and(|ticket| ticket.status == TicketStatus::Open);
        match command {
            Command::Answer => self.ticket.get().is_none(),
            Command::Close => !open,
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        self.subject.clone()
    }

    fn again(&self) -> Option<Again> {
        Again::after(Query::Inbox(InboxQuery::Ticket(self.id)), |answer| match answer {
            Answer::Inbox(InboxAnswer::Ticket(ticket)) => Some(Self::new(*ticket)),
            _ => None,
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        match self.ticket.get() {
            Some(_) => self.name(cx),
            None => self.read(cx),
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let last = self.last(cx.area);
        self.scroll = scrolled(self.scroll, command, Self::window(cx.area).height, last);
        self.at_end = self.scroll == last;
        match command {
            Command::Back => return Step::Back,
            Command::Answer => return self.answer_form(),
            Command::Close => {
                let text = "It counts as settled. A further word opens it again.".to_owned();
                cx.open(Dialog::confirm(Subject::Switch, "Close the question", text, false));
            }
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn verdict(&mut self, _subject: Subject, _verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        self.closing = Some(cx.ask(Query::Inbox(InboxQuery::Close(self.id))));
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        [self.naming, self.closing].into_iter().any(|pending| Pending::is(pending, id))
            || self.ticket.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.naming, id) {
            self.naming = None;
            if let Ok(Answer::Names(names)) = result {
                self.names.extend(names);
            }
        } else if Pending::is(self.closing, id) {
            self.closing = None;
            if result.is_ok() {
                cx.say(NoticeKind::Done, "The question is closed.");
            }
            self.take(result, cx);
        } else {
            self.take(result, cx);
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if cx.front && about_notices(event) {
            self.read(cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let last = self.last(cx.area);
        self.scroll = if self.at_end { last } else { self.scroll.min(last) };
        if cx.front && std::mem::take(&mut self.covered) {
            self.at_end = true;
            self.read(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.ticket.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some(ticket) = self.ticket.get() else {
            return self.ticket.paint_absence("the question", area, buf, ui);
        };
        let (mark, word, tone) = super::status(ticket.status, ui);
        let mut pen = Pen::new(buf, area, 0);
        if ticket.status == TicketStatus::Open && area.width >= 60 {
            pen.end("a answers", ui.style(Tone::Dim));
        }
        pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone)).skip(2);
        pen.text(&self.subject, ui.style(Tone::Strong));
        let window = Self::window(area);
        let lines = self.lines(area.width, Some(ui));
        for (row, (line, tone)) in (0..window.height).zip(lines.iter().skip(self.scroll)) {
            let style: Style = ui.style(*tone);
            Pen::new(buf, window, row).text(line, style);
        }
        at(window, 0, 0).or_else(|| at(area, 0, 0))
    }
}
