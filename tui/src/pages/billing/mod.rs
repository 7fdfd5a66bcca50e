//! A person's plan: what it allows, what is used of it, where the month is going, what another plan would change, where
//! budgets stand, and which keys and models cost the most. Nothing is paid here; what a tag may cost is set here.

mod costs;
mod layout;
mod paint;
mod tag;

use std::cmp::Reverse;

use keyward_keys::input::{KeyQuery, KeySort};
use keyward_keys::prices::Money;
use keyward_keys::view::{BillingView, CostLine, KeyView, UsageSeries};
use keyward_keys::{Environment, Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::days;
use crate::pages::key::KeyPage;
use crate::pages::usage::UsagePage;
use crate::pages::{Page, Step, about_people, sooner};
use crate::term::input::{Button, Mouse, MouseKind};
use crate::widgets::pen::Ui;

/// It is read again at most this often, ms.
const EVERY_MS: i64 = 10_000;
/// Busy keys that are named.
const BUSIEST: u32 = 20;

/// The page.
#[derive(Default)]
pub(crate) struct BillingPage {
    billing: Option<Box<BillingView>>,
    keys: Vec<KeyView>,
    /// The last days, where there is room for them.
    days: Option<Box<UsageSeries>>,
    selected: Option<Id>,
    offset: usize,
    /// The model that the selection is on, while it is among the models.
    model: Option<String>,
    reading: Option<Pending>,
    keys_pending: Option<Pending>,
    days_pending: Option<Pending>,
    /// The key that is to be opened.
    opening: Option<Pending>,
    /// The teams that a tag's budget could be of.
    teams_pending: Option<Pending>,
    wanted: bool,
    asked_ms: i64,
    failed: Option<Notice>,
    paused: bool,
}

/// A key and what its month came to.
struct Spender<'p> {
    id: Id,
    name: &'p str,
    /// Where it is used, as far as that was read.
    environment: Option<Environment>,
    calls: u64,
    cost: Option<Money>,
}

impl BillingPage {
    /// The dearest keys, and the busiest of those whose price is not known.
    fn spenders(&self) -> Vec<Spender<'_>> {
        let lines = self.billing.iter().flat_map(|billing| &billing.costs.keys);
        let dearest = lines.filter_map(|line| {
            let environment = self.keys.iter().find(|key| Some(key.id) == line.id).map(|key| key.environment);
            Some(Spender {
                id: line.id?,
                name: &line.name,
                environment,
                calls: line.requests,
                cost: line.cost,
            })
        });
        let mut spenders: Vec<_> = dearest.collect();
        for key in &self.keys {
            if !spenders.iter().any(|known| known.id == key.id) {
                spenders.push(Spender {
                    id: key.id,
                    name: &key.name,
                    environment: Some(key.environment),
                    calls: key.current_month_usage,
                    cost: None,
                });
            }
        }
        spenders.sort_by_key(|one| (Reverse(one.cost), Reverse(one.calls)));
        spenders
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        (self.wanted, self.failed, self.asked_ms) = (false, None, cx.now_ms);
        self.reading = Some(cx.ask(Query::Billing));
        let query = KeyQuery { page: 1, limit: BUSIEST, sort: KeySort::Usage, ..KeyQuery::default() };
        self.keys_pending = Some(cx.ask(Query::List(query)));
        self.days_pending = layout::has_days(cx.area).then(|| cx.ask(days::query(None)));
    }

    fn pump(&mut self, cx: &mut Cx<'_>) {
        let rested = cx.now_ms >= self.asked_ms + EVERY_MS;
        if self.wanted
            && !self.paused
            && rested
            && cx.front
            && self.reading.is_none()
            && self.keys_pending.is_none()
        {
            self.read(cx);
        }
    }

    fn row(&self) -> usize {
        self.spenders().iter().position(|key| Some(key.id) == self.selected).unwrap_or(0)
    }

    fn select(&mut self, row: usize, area: Rect) {
        let spenders = self.spenders();
        let row = row.min(spenders.len().saturating_sub(1));
        self.selected = spenders.get(row).map(|key| key.id);
        self.reveal(area);
    }

    fn reveal(&mut self, area: Rect) {
        let height = usize::from(layout::Layout::of(self, area).rows.height).max(1);
        let row = self.row();
        self.offset = self.offset.min(row).max((row + 1).saturating_sub(height));
    }

    /// The models, from the dearest on.
    fn models(&self) -> &[CostLine] {
        self.billing.as_ref().map_or(&[], |billing| &billing.costs.models)
    }

    /// Where the selection is among the models; none while it is among the keys, or no models are drawn.
    fn model_row(&self, area: Rect) -> Option<usize> {
        let (name, drawn) = (self.model.as_ref()?, layout::Layout::of(self, area).models.height > 1);
        self.models().iter().position(|line| line.name == *name).filter(|_| drawn)
    }

    fn select_model(&mut self, row: usize) {
        let last = self.models().len().saturating_sub(1);
        self.model = self.models().get(row.min(last)).map(|line| line.name.clone());
    }

    /// To the models, or back to the keys.
    fn turn(&mut self) {
        if self.model.take().is_none() {
            self.select_model(0);
        }
    }

    /// Moves the selection to a row of the list that it is in.
    fn go(&mut self, row: usize, area: Rect) {
        match self.model_row(area) {
            Some(_) => self.select_model(row),
            None => self.select(row, area),
        }
    }

    fn open(&mut self, cx: &mut Cx<'_>) -> Step {
        if self.model_row(cx.area).is_some()
            && let Some(model) = self.model.clone()
        {
            return Step::Open(Box::new(UsagePage::of_model(model)));
        }
        let id = self.spenders().get(self.row()).map(|key| key.id);
        self.opening = id.map(|id| cx.ask(Query::Key(id)));
        Step::Stay
    }
}

impl Page for BillingPage {
    fn place(&self) -> Place {
        Place::Billing
    }

    fn refuses(&self, command: Command, area: Rect) -> bool {
        match command {
            Command::Open => self.spenders().is_empty(),
            Command::Next => self.models().is_empty() || layout::Layout::of(self, area).models.height < 2,
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Billing".to_owned()
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn again(&self) -> Option<Again> {
        let (selected, model) = (self.selected, self.model.clone());
        Again::page(move || Self { selected, model, ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let row = self.model_row(cx.area).unwrap_or_else(|| self.row());
        let page = usize::from(layout::Layout::of(self, cx.area).rows.height).max(2);
        match command {
            Command::Back => return Step::Back,
            Command::Open => return self.open(cx),
            Command::New => self.teams_pending = Some(cx.ask(Query::Teams)),
            Command::Refresh => {
                self.paused = false;
                self.read(cx);
            }
            Command::Pause => {
                self.paused = !self.paused;
                self.pump(cx);
            }
            Command::Next | Command::Previous => self.turn(),
            Command::Up => self.go(row.saturating_sub(1), cx.area),
            Command::Down => self.go(row + 1, cx.area),
            Command::HalfUp | Command::PageUp => self.go(row.saturating_sub(page / 2), cx.area),
            Command::HalfDown | Command::PageDown => self.go(row + page / 2, cx.area),
            Command::Top => self.go(0, cx.area),
            Command::Bottom => self.go(usize::MAX, cx.area),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let layout::Layout { rows, models, .. } = layout::Layout::of(self, cx.area);
        let (at, row) = (Position::new(mouse.column, mouse.row), self.model_row(cx.area));
        let row = row.unwrap_or_else(|| self.row());
        match mouse.kind {
            MouseKind::ScrollUp => self.go(row.saturating_sub(1), cx.area),
            MouseKind::ScrollDown => self.go(row + 1, cx.area),
            MouseKind::Press(Button::Left) if rows.contains(at) => {
                let row = self.offset + usize::from(mouse.row - rows.y);
                if row < self.spenders().len() {
                    self.model = None;
                    self.select(row, cx.area);
                    return if double { self.open(cx) } else { Step::Stay };
                }
            }
            MouseKind::Press(Button::Left) if models.contains(at) && mouse.row > models.y => {
                let first = costs::first_model(self.model_row(cx.area), models);
                let row = first + usize::from(mouse.row - models.y - 1);
                if row < self.models().len() {
                    self.select_model(row);
                    return if double { self.open(cx) } else { Step::Stay };
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let pending = [self.reading, self.keys_pending, self.days_pending, self.opening, self.teams_pending];
        pending.into_iter().any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        let opening = self.opening.take_if(|pending| Pending::is(Some(*pending), id)).is_some();
        let setting = self.teams_pending.take_if(|pending| Pending::is(Some(*pending), id)).is_some();
        for pending in [&mut self.reading, &mut self.keys_pending, &mut self.days_pending] {
            pending.take_if(|pending| Pending::is(Some(*pending), id));
        }
        match result {
            Ok(Answer::Billing(billing)) => self.billing = Some(billing),
            Ok(Answer::Series(series)) => self.days = Some(series),
            Ok(Answer::Keys(page)) => {
                self.keys = page.keys;
                self.keys.retain(|key| key.current_month_usage > 0);
            }
            Ok(Answer::Key(key)) if opening => return Step::Open(Box::new(KeyPage::new(*key))),
            Ok(Answer::Teams(teams)) if setting => return Step::Open(tag::form(teams)),
            Ok(_) => {}
            Err(notice) if opening || setting => cx.tell(notice),
            Err(notice) => self.failed = Some(notice),
        }
        // Which key is the first is known once both are there.
        if self.billing.is_some() && self.reading.is_none() && self.keys_pending.is_none() {
            self.select(self.row(), cx.area);
        }
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        let counts = matches!(event, Event::Usage { .. } | Event::KeyChanged { .. });
        self.wanted |= about_people(event) || (counts && self.failed.is_none());
        // What they may not see any more must not stay on the screen.
        self.paused &= !about_people(event);
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.reveal(cx.area);
        self.wanted |= self.days.is_none() && self.billing.is_some() && layout::has_days(cx.area);
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let idle = self.reading.is_none() && self.keys_pending.is_none() && !self.paused;
        let long = self.reading.and_then(|pending| pending.long_from(now_ms));
        sooner((self.wanted && idle).then_some(self.asked_ms + EVERY_MS), long)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
