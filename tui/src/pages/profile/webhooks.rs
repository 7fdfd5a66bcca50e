//! Where one's notifications, and those of one's teams, are sent besides: listed, added, tried, turned off and on,
//! removed. What came of each message is `deliveries`'.

use keyward_keys::Id;
use keyward_keys::view::WebhookView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId, WebhookAnswer, WebhookAsk};
use crate::notice::Notice;
use crate::pages::once::OncePage;
use crate::pages::profile::deliveries::DeliveriesPage;
use crate::pages::profile::forms;
use crate::pages::profile::listed::{Listed, Row, Words};
use crate::pages::{Page, Step};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::list::Column;
use crate::widgets::pen::{Ui, safe};

#[derive(Clone, Copy)]
enum Cell {
    Name,
    State,
    Format,
    Url,
    When,
    Events,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Name, "NAME", 14, 28, 9),
    Column::new(Cell::State, "SENDS", 8, 10, 7),
    Column::new(Cell::Format, "AS", 8, 10, 5),
    Column::new(Cell::Url, "TO", 20, 44, 8),
    Column::new(Cell::When, "WHEN", 14, 30, 4),
    Column::new(Cell::Events, "TELLS OF", 14, 40, 3),
];

const WORDS: Words = Words {
    what: "your webhooks",
    none: "Nothing is sent elsewhere",
    then: "Press n to have what you are told sent to an address as well: to a program of yours, signed, to \
           Slack, Discord or ntfy, or as e-mail.",
};

impl Row for WebhookView {
    fn id(&self) -> Id {
        self.id
    }

    fn full(&self) -> String {
        format!("{}, {}; tells of {}", self.url, when(self), events(self))
    }
}

/// The page.
#[derive(Default)]
pub(super) struct WebhooksPage {
    rows: Listed<WebhookView>,
    /// Whose secret is to be replaced, once that is agreed to.
    chosen: Option<Id>,
    replacing: Option<Pending>,
    /// The log to open once a test is on its way.
    testing: Option<(Pending, Id, String)>,
    covered: bool,
}

impl WebhooksPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        self.rows.read(Query::Webhooks(WebhookAsk::All), cx);
    }

    fn cover(&mut self, page: Box<dyn Page>) -> Step {
        self.covered = true;
        Step::Open(page)
    }

    fn act(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let Some(WebhookView { id, name, disabled, .. }) = self.rows.current().cloned() else {
            return Step::Stay;
        };
        match command {
            Command::Open => return self.cover(Box::new(DeliveriesPage::new(id, &name))),
            Command::Test => {
                self.testing = Some((cx.ask(Query::Webhooks(WebhookAsk::Test(id))), id, name));
            }
            Command::Rotate => {
                let text = format!(
                    "What goes to {} is signed with another secret, and for a day with the one before too.",
                    safe(&name)
                );
                self.chosen = Some(id);
                cx.open(Dialog::confirm(Subject::Rotate, "Make another secret", text, false));
            }
            Command::Switch => {
                let ask = WebhookAsk::Turn { id, off: !disabled };
                self.rows.change(Query::Webhooks(ask), cx);
            }
            _ => {
                let text =
                    format!("{} gets nothing any more, also of what is still to be sent.", safe(&name));
                cx.open(Dialog::confirm(Subject::Remove(id), "Remove the webhook", text, true));
            }
        }
        Step::Stay
    }
}

impl Page for WebhooksPage {
    fn place(&self) -> Place {
        Place::Webhooks
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        use Command as C;
        matches!(command, C::Open | C::Test | C::Switch | C::Rotate | C::Delete) && self.rows.all().is_empty()
    }

    fn crumb(&self) -> String {
        "Webhooks".to_owned()
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
            Command::New => return self.cover(forms::webhook()),
            Command::Open | Command::Test | Command::Switch | Command::Rotate | Command::Delete => {
                return self.act(command, cx);
            }
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        if self.rows.mouse(mouse, cx) && double { self.act(Command::Open, cx) } else { Step::Stay }
    }

    fn verdict(&mut self, subject: Subject, _verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        if let Subject::Remove(id) = subject {
            self.rows.change(Query::Webhooks(WebhookAsk::Remove(id)), cx);
        }
        if let (Subject::Rotate, Some(id)) = (subject, self.chosen.take()) {
            self.replacing = Some(cx.ask(Query::Webhooks(WebhookAsk::ReplaceSecret(id))));
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let testing = self.testing.as_ref().map(|(pending, ..)| *pending);
        self.rows.awaits(id) || [self.replacing, testing].into_iter().any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if let Some((_, hook, name)) = self.testing.take_if(|(pending, ..)| Pending::is(Some(*pending), id)) {
            match result {
                Ok(_) => return self.cover(Box::new(DeliveriesPage::new(hook, &name))),
                Err(notice) => cx.tell(notice),
            }
            return Step::Stay;
        }
        if Pending::is(self.replacing, id) {
            self.replacing = None;
            match result {
                Ok(Answer::Webhooks(WebhookAnswer::Replaced(secret))) => {
                    let lead = "What is sent is signed with this secret from now on. It is shown only now."
                        .to_owned();
                    return self.cover(Box::new(OncePage::new("Webhook", lead, vec![secret])));
                }
                Ok(_) => {}
                Err(notice) => cx.tell(notice),
            }
            return Step::Stay;
        }
        let again = self.rows.answer(id, result, "Done.", cx, |answer| match answer {
            Answer::Webhooks(WebhookAnswer::All(webhooks)) => Some(webhooks),
            _ => None,
        });
        if again {
            self.read(cx);
        }
        Step::Stay
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
        self.rows.paint(&WORDS, COLUMNS, area, buf, ui, |pen, hook, cell, width| {
            match cell {
                Cell::Name => pen.cell(safe(&hook.name), width, ui.style(Tone::Strong)),
                Cell::State if hook.disabled => {
                    pen.text(ui.glyphs.inactive, ui.style(Tone::Dim)).text(" off", ui.style(Tone::Dim))
                }
                Cell::State => {
                    pen.text(ui.glyphs.check, ui.style(Tone::Good)).text(" on", ui.style(Tone::Good))
                }
                Cell::Format => pen.cell(safe(&hook.format), width, ui.style(Tone::Text)),
                Cell::Url => pen.cell(safe(&hook.url), width, ui.style(Tone::Text)),
                Cell::When => pen.cell(safe(&when(hook)), width, ui.style(Tone::Dim)),
                Cell::Events => pen.cell(safe(&events(hook)), width, ui.style(Tone::Dim)),
            };
        })
    }
}

fn when(hook: &WebhookView) -> String {
    let quiet = hook.timing.quiet_hours.as_ref().map(|hours| format!("not {hours}"));
    let said: Vec<String> = hook.timing.digest.iter().cloned().chain(quiet).collect();
    if said.is_empty() { "at once".to_owned() } else { said.join(", ") }
}

fn events(hook: &WebhookView) -> String {
    let of = if hook.team.is_some() { "the team: " } else { "" };
    let kinds = if hook.events.is_empty() { "everything".to_owned() } else { hook.events.join(", ") };
    format!("{of}{kinds}")
}
