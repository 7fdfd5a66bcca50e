//! One alert on a page of its own: from Home, from a message, from the list.

use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::act::{self, Hands};
use super::detail::Detail;
use super::words;
use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::billing::BillingPage;
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step, scrolled, word};
use crate::widgets::pen::Ui;

/// The page.
pub(crate) struct AlertPage {
    id: Id,
    detail: Detail,
    hands: Hands,
    opening: Option<Pending>,
    scroll: usize,
    covered: bool,
}

impl AlertPage {
    /// Of this alert.
    pub(crate) fn new(id: Id) -> Self {
        let (detail, hands) = (Detail::default(), Hands::default());
        Self { id, detail, hands, opening: None, scroll: 0, covered: false }
    }
}

impl Page for AlertPage {
    fn place(&self) -> Place {
        Place::Alert
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let Some(history) = self.detail.get() else {
            use Command as C;
            return !matches!(command, C::Refresh | C::Back | C::Palette | C::Help | C::Messages | C::Quit);
        };
        let to_budget = words::of_several(&history.alert);
        match command {
            Command::Open => history.alert.api_key_id.is_none() && !to_budget,
            command => act::refuses(command, &history.alert, Some(history)),
        }
    }

    fn crumb(&self) -> String {
        let key = self.detail.get().map(|history| words::key(&history.alert));
        key.map_or_else(|| "Alert".to_owned(), |key| format!("Alert: {key}"))
    }

    fn operand(&self) -> Option<String> {
        Some(word(self.detail.get()?.alert.key_name.as_deref()?))
    }

    fn takes_back(&self) -> bool {
        self.detail.get().is_some_and(|history| history.undo.is_some())
    }

    fn alert(&self) -> Option<Id> {
        Some(self.id)
    }

    fn again(&self) -> Option<Again> {
        Again::after(Query::Alerts(AlertAsk::History(self.id)), |answer| match answer {
            Answer::Alerts(AlertAnswer::History(history)) => Some(Self::new(history.alert.id)),
            _ => None,
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.detail.turn_to(Some(self.id), cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let history = self.detail.get();
        let alert = history.map(|history| history.alert.clone());
        if alert.as_ref().is_some_and(|alert| self.hands.command(command, alert, history, cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => match alert {
                Some(alert) if words::of_several(&alert) => {
                    return Step::Open(Box::new(BillingPage::default()));
                }
                alert => self.opening = alert.and_then(|one| Some(cx.ask(Query::Key(one.api_key_id?)))),
            },
            Command::Refresh => self.detail.ask(cx),
            command => {
                // Down is towards the newest, which stand below.
                let command = match command {
                    Command::Up => Command::Down,
                    Command::Down => Command::Up,
                    command => command,
                };
                self.scroll = scrolled(self.scroll, command, cx.area.height, self.detail.turns());
            }
        }
        Step::Stay
    }

    fn verdict(&mut self, subject: Subject, verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        self.hands.verdict(subject, &verdict, self.detail.get(), cx);
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.detail.awaits(id) || self.hands.awaits(id) || Pending::is(self.opening, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if self.detail.awaits(id) {
            self.detail.took(result, cx);
        } else if self.hands.awaits(id) {
            self.hands.took(result, cx);
        } else {
            self.opening = None;
            match result {
                Ok(Answer::Key(key)) => return Step::Open(Box::new(KeyPage::new(*key))),
                Ok(_) => {}
                Err(notice) => cx.tell(notice),
            }
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if matches!(event, Event::AccountChanged { .. } | Event::Lagged) || !cx.front {
            self.covered = true;
        } else {
            self.detail.domain(event, cx);
        }
        self.tick(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if cx.front && std::mem::take(&mut self.covered) {
            self.detail.ask(cx);
        }
        self.detail.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.detail.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.detail.draw(area, self.scroll, buf, ui)
    }
}
