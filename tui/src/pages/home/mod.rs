//! Home: what wants attention now, how busy the keys are, and what was told lately. It is read when something happened;
//! calls move it by themselves, and nothing else does.

mod items;
mod layout;
mod leads;
mod paint;
mod start;

use std::collections::HashMap;

use keyward_keys::input::NotificationQuery;
use keyward_keys::view::{HomeView, NotificationPage, RotationSummary, UsageOverview};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, InboxAnswer, InboxQuery, Query, RequestId, RotationAnswer, RotationAsk};
use crate::notice::Notice;
use crate::pages::form::FormPage;
use crate::pages::form::import::ImportPage;
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step, sooner, word};
use crate::term::input::{Button, Mouse, MouseKind};
use crate::widgets::format;
use crate::widgets::pen::Ui;
use crate::widgets::ring::Ring;

use items::Item;

/// What wants attention is read again at most this often, ms; among many keys more seldom, a second for each thousand.
const REST_MS: i64 = 2_000;
/// The last day is read again at most this often, ms: until then, calls are added to it as they come.
const DAY_REST_MS: i64 = 10 * 60_000;
/// The busiest keys that are told at most: whoever is called and is not among fewer, is one of them.
const BUSIEST: usize = 10;
/// Notifications that are read.
const TOLD: u32 = 20;
/// Rotations that are read, those that are overdue among them.
const COMING: u32 = 20;

/// The page.
#[derive(Default)]
pub(crate) struct HomePage {
    home: Option<HomeView>,
    day: Option<UsageOverview>,
    told: Option<NotificationPage>,
    coming: Option<Vec<RotationSummary>>,
    failed: Option<Notice>,
    requests: Ring,
    errors: Ring,
    rates: HashMap<Id, Ring>,
    selected: Option<Item>,
    /// How this person reaches this host, while that is shown.
    ssh: Option<Box<str>>,
    paused_ms: Option<i64>,
    asked: Asked,
}

/// What was asked, what is wanted, and when it was asked last.
#[derive(Default)]
struct Asked {
    home: Option<Pending>,
    day: Option<Pending>,
    told: Option<Pending>,
    rates: Option<Pending>,
    coming: Option<Pending>,
    /// The key that is to be opened.
    key: Option<Pending>,
    home_wanted: bool,
    told_wanted: bool,
    /// Once with each reading of `home`, where there is room for it.
    coming_wanted: bool,
    day_wanted: bool,
    /// Before its long rest is over, for a key is busy that was not.
    day_soon: bool,
    /// Once with each reading of the day; from then on, calls are added as they come.
    rates_wanted: bool,
    home_ms: i64,
    day_ms: i64,
}

impl HomePage {
    fn rest_ms(&self) -> i64 {
        let keys = self.home.as_ref().map_or(0, |home| home.keys);
        REST_MS.saturating_add(i64::try_from(keys).unwrap_or(i64::MAX))
    }

    /// The moment from which on the last day may be read again.
    fn day_at(&self) -> i64 {
        self.asked.day_ms + if self.asked.day_soon { self.rest_ms() } else { DAY_REST_MS }
    }

    /// Asks for what is wanted and was not asked for just now.
    fn pump(&mut self, cx: &mut Cx<'_>) {
        if !cx.front || self.paused_ms.is_some() {
            return;
        }
        let now_ms = cx.now_ms;
        let (rest_ms, day_at) = (self.rest_ms(), self.day_at());
        let asked = &mut self.asked;
        if asked.home_wanted && asked.home.is_none() && now_ms >= asked.home_ms + rest_ms {
            (asked.home_wanted, asked.home_ms) = (false, now_ms);
            asked.home = Some(cx.ask(Query::Home));
            asked.coming_wanted = true;
        }
        if asked.coming_wanted && asked.coming.is_none() && layout::coming(cx.area) > 0 {
            asked.coming_wanted = false;
            asked.coming = Some(cx.ask(Query::Rotation(RotationAsk::All(COMING))));
        }
        if asked.day_wanted && asked.day.is_none() && now_ms >= day_at {
            (asked.day_wanted, asked.day_soon, asked.day_ms) = (false, false, now_ms);
            asked.day = Some(cx.ask(Query::Day));
        }
        if asked.told_wanted && asked.told.is_none() {
            asked.told_wanted = false;
            let newest = NotificationQuery { page: 1, limit: TOLD, unread: false };
            asked.told = Some(cx.ask(Query::Inbox(InboxQuery::Notices(newest))));
        }
        if asked.rates_wanted && asked.rates.is_none() {
            asked.rates_wanted = false;
            let busiest = self.day.iter().flat_map(|day| &day.top_keys).map(|key| key.id);
            let ids: Vec<Id> = busiest.collect();
            asked.rates = (!ids.is_empty()).then(|| cx.ask(Query::Rates(ids)));
        }
    }

    /// Everything is to be read again, now.
    fn read(&mut self, cx: &mut Cx<'_>) {
        let far = i64::MIN / 2;
        let asked = &mut self.asked;
        (asked.home_wanted, asked.day_wanted, asked.told_wanted) = (true, true, true);
        (asked.home_ms, asked.day_ms) = (far, far);
        self.pump(cx);
    }

    /// The lines that can be selected, in their order.
    fn selectable(&self, area: Rect, ui: &Ui) -> Vec<Item> {
        self.parts(area, ui).items()
    }

    /// The selected line; the first one while none was chosen, or the one chosen is gone.
    fn current(&self, area: Rect, ui: &Ui) -> Option<Item> {
        self.chosen(&self.selectable(area, ui))
    }

    fn chosen(&self, all: &[Item]) -> Option<Item> {
        self.selected.filter(|item| all.contains(item)).or_else(|| all.first().copied())
    }

    fn step(&mut self, command: Command, cx: &Cx<'_>) {
        let ui = cx.ui();
        let all = self.selectable(cx.area, &ui);
        let now = self.chosen(&all).and_then(|item| all.iter().position(|one| *one == item)).unwrap_or(0);
        let page = usize::from(cx.area.height / 2).max(1);
        let to = match command {
            Command::Up => now.saturating_sub(1),
            Command::Down => now + 1,
            Command::HalfUp | Command::PageUp => now.saturating_sub(page),
            Command::HalfDown | Command::PageDown => now + page,
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => now,
        };
        self.selected = all.get(to.min(all.len().saturating_sub(1))).copied();
    }

    /// Calls were made: they are added to what is shown.
    fn called(&mut self, key: Id, requests: u32, errors: u32, now_ms: i64) {
        let now_s = now_ms.div_euclid(1_000);
        self.requests.add(now_s, requests);
        self.errors.add(now_s, errors);
        if let Some(rate) = self.rates.get_mut(&key) {
            rate.add(now_s, requests);
        }
        self.asked.day_wanted = true;
        if let Some(UsageOverview { summary, top_keys, .. }) = &mut self.day {
            summary.total_requests += u64::from(requests);
            summary.failed_requests += u64::from(errors);
            match top_keys.iter_mut().find(|busy| busy.id == key) {
                Some(busy) => busy.requests += u64::from(requests),
                None => self.asked.day_soon |= top_keys.len() < BUSIEST,
            }
            top_keys.sort_by_key(|busy| std::cmp::Reverse(busy.requests));
        }
    }
}

impl Page for HomePage {
    fn place(&self) -> Place {
        Place::Home
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let told = matches!(self.selected, Some(Item::Instance | Item::Told(_, None)));
        command == Command::Open && (told || self.is_quiet())
    }

    fn crumb(&self) -> String {
        "Home".to_owned()
    }

    fn operand(&self) -> Option<String> {
        let id = self.selected?.key()?;
        let wanting =
            self.home.iter().flat_map(|home| &home.attention).flat_map(|attention| &attention.first);
        let busy = self.day.iter().flat_map(|day| &day.top_keys);
        let coming = self.coming.iter().flatten().map(|key| (key.id, &key.name));
        let named = wanting.map(|key| (key.id, &key.name)).chain(busy.map(|key| (key.id, &key.name)));
        named.chain(coming).find(|(known, _)| *known == id).map(|(_, name)| word(name))
    }

    fn paused(&self) -> bool {
        self.paused_ms.is_some()
    }

    fn again(&self) -> Option<Again> {
        let selected = self.selected;
        Again::page(move || Self { selected, ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Open => return self.open(cx),
            Command::New => return Step::Open(Box::new(FormPage::new())),
            Command::Import => return Step::Open(Box::new(ImportPage::new())),
            Command::Refresh => {
                self.paused_ms = None;
                self.read(cx);
            }
            Command::Pause if self.paused_ms.is_some() => {
                self.paused_ms = None;
                self.read(cx);
            }
            Command::Pause => self.paused_ms = Some(cx.now_ms),
            command => self.step(command, cx),
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseKind::ScrollUp => self.step(Command::Up, cx),
            MouseKind::ScrollDown => self.step(Command::Down, cx),
            MouseKind::Press(Button::Left) => {
                let at = Position::new(mouse.column, mouse.row);
                if let Some(item) = self.item_at(cx.area, at, &cx.ui()) {
                    self.selected = Some(item);
                    if double {
                        return self.open(cx);
                    }
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let Asked { home, day, told, rates, coming, key, .. } = self.asked;
        [home, day, told, rates, coming, key].into_iter().any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        let asked = &mut self.asked;
        let Asked { home, day, told, rates, coming, .. } = asked;
        for pending in [home, day, told, rates, coming] {
            pending.take_if(|pending| Pending::is(Some(*pending), id));
        }
        let opening = asked.key.take_if(|pending| Pending::is(Some(*pending), id)).is_some();
        match result {
            Ok(Answer::Home(home)) => {
                self.failed = None;
                self.requests = Ring::new(home.ends_at, home.requests.clone());
                self.errors = Ring::new(home.ends_at, home.errors.clone());
                self.ssh = (home.keys == 0).then(|| cx.host.ssh_command.as_str().into());
                self.home = Some(*home);
            }
            Ok(Answer::Day(day)) => {
                self.day = Some(*day);
                self.asked.rates_wanted = true;
            }
            Ok(Answer::Inbox(InboxAnswer::Notices(told))) => self.told = Some(told),
            Ok(Answer::Rotation(RotationAnswer::All(all))) => self.coming = Some(all.calendar),
            Ok(Answer::Rates(rates)) => {
                let now_s = cx.now_ms.div_euclid(1_000);
                self.rates = rates.into_iter().map(|(id, counts)| (id, Ring::new(now_s, counts))).collect();
            }
            Ok(Answer::Key(key)) if opening => return Step::Open(Box::new(KeyPage::new(*key))),
            Ok(_) => {}
            Err(notice) if self.home.is_none() => self.failed = Some(notice),
            Err(notice) => cx.tell(notice),
        }
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        match event {
            Event::Usage { .. } if self.paused_ms.is_some() => {}
            Event::Usage { api_key, requests, errors, .. } => {
                self.called(*api_key, *requests, *errors, cx.now_ms);
            }
            Event::KeyChanged { api_key, .. } => {
                self.asked.home_wanted = true;
                let day = self.day.iter().flat_map(|day| &day.top_keys);
                if day.into_iter().any(|key| key.id == *api_key) {
                    (self.asked.day_wanted, self.asked.day_ms) = (true, i64::MIN / 2);
                }
            }
            // What they may not see any more must not stay on the screen.
            Event::AccountChanged { .. } | Event::Lagged => {
                self.paused_ms = None;
                self.read(cx);
            }
            // What is told of is mostly what wants attention, too.
            Event::Notified { .. } => (self.asked.told_wanted, self.asked.home_wanted) = (true, true),
            Event::AlertChanged { .. } => self.asked.home_wanted = true,
            Event::SessionsEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::Announced { .. }
            | Event::Draining { .. } => {}
        }
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        if self.paused_ms.is_some() {
            return None;
        }
        let asked = &self.asked;
        let told = self.told.iter().flat_map(|told| &told.notifications);
        let ages = told.map(|one| format::age_changes_at(now_ms, one.created_at.as_millisecond())).min();
        let when = |wanted: bool, pending: Option<Pending>, at_ms: i64| {
            (wanted && pending.is_none()).then_some(at_ms)
        };
        let reads = sooner(
            when(asked.home_wanted, asked.home, asked.home_ms + self.rest_ms()),
            when(asked.day_wanted, asked.day, self.day_at()),
        );
        let long = asked.home.filter(|_| self.home.is_none()).and_then(|pending| pending.long_from(now_ms));
        sooner(ages, sooner(reads, long))
    }

    fn slides(&self, now_ms: i64) -> bool {
        let now_s = now_ms.div_euclid(1_000);
        let moves = self.requests.moves(now_s) || self.rates.values().any(|ring| ring.moves(now_s));
        self.paused_ms.is_none() && moves
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
