//! What was sent to a webhook, is to be, and what came of it. While something is on its way, it looks again by itself.

use keyward_keys::Id;
use keyward_keys::view::{DeliveryStatus, DeliveryView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::Cx;
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId, WebhookAnswer, WebhookAsk};
use crate::notice::Notice;
use crate::pages::profile::listed::{Listed, Row, Words};
use crate::pages::{Page, Step};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::Column;
use crate::widgets::pen::{Ui, safe};

/// How long between two looks, ms.
const AGAIN_MS: i64 = 1_000;

#[derive(Clone, Copy)]
enum Cell {
    State,
    When,
    Tries,
    Message,
    Answer,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::State, "STATE", 11, 12, 9),
    Column::new(Cell::When, "SINCE", 8, 12, 6),
    Column::new(Cell::Tries, "TRIES", 5, 6, 3),
    Column::new(Cell::Message, "MESSAGE", 24, 60, 8),
    Column::new(Cell::Answer, "ANSWER", 16, 60, 5),
];

const WORDS: Words =
    Words { what: "what was sent", none: "Nothing has been sent yet", then: "t sends a message to try it." };

/// The page.
pub(super) struct DeliveriesPage {
    webhook: Id,
    name: String,
    rows: Listed<DeliveryView>,
    next_look_ms: Option<i64>,
}

impl Row for DeliveryView {
    fn id(&self) -> Id {
        self.id
    }

    fn full(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.message),
            None => self.message.clone(),
        }
    }
}

impl DeliveriesPage {
    pub(super) fn new(webhook: Id, name: &str) -> Self {
        Self { webhook, name: safe(name).into_owned(), rows: Listed::default(), next_look_ms: None }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        self.rows.read(Query::Webhooks(WebhookAsk::Deliveries(self.webhook)), cx);
    }

    fn send(&mut self, ask: WebhookAsk, cx: &mut Cx<'_>) {
        self.rows.change(Query::Webhooks(ask), cx);
    }
}

impl Page for DeliveriesPage {
    fn place(&self) -> Place {
        Place::Deliveries
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Resend && self.rows.all().is_empty()
    }

    fn crumb(&self) -> String {
        self.name.clone()
    }

    fn again(&self) -> Option<Again> {
        let (webhook, name, row) = (self.webhook, self.name.clone(), self.rows.left());
        Again::page(move || Self { rows: Listed::on(row), ..Self::new(webhook, &name) })
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
            Command::Test => self.send(WebhookAsk::Test(self.webhook), cx),
            Command::Resend => {
                if let Some(delivery) = self.rows.current().map(|one| one.id) {
                    self.send(WebhookAsk::Again { webhook: self.webhook, delivery }, cx);
                }
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

    fn awaits(&self, id: RequestId) -> bool {
        self.rows.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        let again = self.rows.answer(id, result, "It is on its way.", cx, |answer| match answer {
            Answer::Webhooks(WebhookAnswer::Deliveries(deliveries)) => Some(deliveries),
            _ => None,
        });
        if again {
            self.read(cx);
            return Step::Stay;
        }
        let mut all = self.rows.all().iter();
        let moves = all.any(|one| one.state == DeliveryStatus::Pending && one.attempts == 0);
        self.next_look_ms = moves.then_some(cx.now_ms + AGAIN_MS);
        Step::Stay
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.rows.tick(cx);
        if cx.front && self.next_look_ms.take_if(|at| *at <= cx.now_ms).is_some() {
            self.read(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.rows.next_tick(now_ms).or(self.next_look_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.rows.paint(&WORDS, COLUMNS, area, buf, ui, |pen, one, cell, width| {
            match cell {
                Cell::State => {
                    let (mark, word, tone) = state(one.state, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone))
                }
                Cell::When => {
                    let at = one.sent_at.unwrap_or(one.created_at).as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(Tone::Dim))
                }
                Cell::Tries => pen.cell(one.attempts.to_string(), width, ui.style(Tone::Text)),
                Cell::Message => {
                    let line = one.message.lines().next().unwrap_or_default();
                    pen.cell(safe(line), width, ui.style(Tone::Text))
                }
                Cell::Answer => {
                    let status = one.status.map(|status| status.to_string()).unwrap_or_default();
                    let said = one.detail.clone().unwrap_or(status);
                    pen.cell(safe(&said), width, ui.style(Tone::Dim))
                }
            };
        })
    }
}

fn state(state: DeliveryStatus, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match state {
        DeliveryStatus::Pending => (ui.glyphs.inactive, "to send", Tone::Text),
        DeliveryStatus::Delivered => (ui.glyphs.check, "arrived", Tone::Good),
        DeliveryStatus::Failed => (ui.glyphs.warning, "given up", Tone::Warn),
        DeliveryStatus::Held => (ui.glyphs.inactive, "waits", Tone::Dim),
        DeliveryStatus::Digested => (ui.glyphs.check, "in digest", Tone::Dim),
    }
}
