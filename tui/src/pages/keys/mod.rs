//! The list of keys: search, filters, order, any number of rows, live rates. It asks for what is in view and no more.

mod detail;
pub(crate) mod layout;
mod paint;
pub(crate) mod rows;
mod search;

use std::collections::{HashMap, VecDeque};

use keyward_keys::view::KeyPage as PageOfKeys;
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::form::FormPage;
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step, sooner, word};
use crate::term::input::{Button, Key, Mouse, MouseKind, Paste};
use crate::widgets::edit::Edit;
use crate::widgets::format;
use crate::widgets::pen::Ui;
use crate::widgets::ring::Ring;

use layout::Layout;
use rows::Rows;
use search::Choice;

/// Figures in view are read again at most this often, ms.
const FIGURES_MS: i64 = 200;
/// Changes the activity pane remembers.
const CHANGES: usize = 40;

/// The list's page.
pub(crate) struct KeysPage {
    rows: Rows,
    choice: Choice,
    search: Edit,
    searching: bool,
    /// A page of rows is being read: its number, and whether the list starts over with it.
    loading: Option<(Pending, usize, bool)>,
    /// The list must start over: what is being read is of no use any more.
    restart: bool,
    /// Starting over, the selection stays if it can.
    keep: bool,
    /// At least one answer came.
    loaded: bool,
    failed: Option<Notice>,
    rates: HashMap<Id, Ring>,
    rates_pending: Option<Pending>,
    views_pending: Option<Pending>,
    figures_wanted: bool,
    figures_asked_ms: i64,
    changes: VecDeque<(i64, String)>,
    /// How this person reaches this host, for hints.
    ssh_command: String,
}

impl Default for KeysPage {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            choice: Choice::default(),
            search: Edit::new(256),
            searching: false,
            loading: None,
            restart: true,
            keep: true,
            loaded: false,
            failed: None,
            rates: HashMap::new(),
            rates_pending: None,
            views_pending: None,
            figures_wanted: false,
            figures_asked_ms: 0,
            changes: VecDeque::new(),
            ssh_command: String::new(),
        }
    }
}

impl KeysPage {
    fn height(cx: &Cx<'_>) -> usize {
        Layout::of(cx.area).height()
    }

    /// Asks for what is missing, one page at a time, and for the figures of the rows in view.
    fn pump(&mut self, cx: &mut Cx<'_>) {
        if !cx.front {
            return;
        }
        let height = Self::height(cx);
        if self.loading.is_none() {
            let page = if self.restart { Some(0) } else { self.rows.wanted(height) };
            if let Some(page) = page.filter(|_| self.restart || (self.failed.is_none() && self.loaded)) {
                let query = self.choice.query(self.search.text(), page);
                self.loading = Some((cx.ask(Query::List(query)), page, self.restart));
                self.restart = false;
            }
        }
        let rested = cx.now_ms >= self.figures_asked_ms + FIGURES_MS;
        let idle = self.rates_pending.is_none() && self.views_pending.is_none();
        if self.figures_wanted && rested && idle {
            let ids: Vec<Id> = self.rows.visible(height).map(|key| key.id).collect();
            self.figures_wanted = false;
            if !ids.is_empty() {
                self.figures_asked_ms = cx.now_ms;
                self.rates_pending = Some(cx.ask(Query::Rates(ids.clone())));
                self.views_pending = Some(cx.ask(Query::Rows(ids)));
            }
        }
    }

    /// Another list from now on.
    fn start_over(&mut self, keep: bool, cx: &mut Cx<'_>) {
        (self.restart, self.keep, self.failed) = (true, keep, None);
        self.pump(cx);
    }

    fn select(&mut self, row: usize, cx: &mut Cx<'_>) {
        let height = Self::height(cx);
        let before = self.rows.offset();
        self.rows.select(row, height);
        self.figures_wanted |= self.rows.offset() != before;
        self.pump(cx);
    }

    fn narrowed(&self) -> bool {
        !self.search.is_empty() || self.choice.environment.is_some() || self.choice.status.is_some()
    }

    fn open(&self) -> Step {
        match self.rows.current() {
            Some(key) => Step::Open(Box::new(KeyPage::new(key.clone()))),
            None => Step::Stay,
        }
    }

    fn arrived(&mut self, number: usize, fresh: bool, page: PageOfKeys, cx: &mut Cx<'_>) {
        (self.loaded, self.failed) = (true, None);
        let height = Self::height(cx);
        if fresh {
            self.rows.restart(page, self.keep, height);
        } else {
            self.rows.put(number, page, height);
        }
        self.figures_wanted = true;
    }
}

impl Page for KeysPage {
    fn place(&self) -> Place {
        if self.searching { Place::Search } else { Place::Keys }
    }

    fn crumb(&self) -> String {
        "Keys".to_owned()
    }

    fn operand(&self) -> Option<String> {
        self.rows.current().map(|key| word(&key.name))
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.ssh_command.clone_from(&cx.host.ssh_command);
        self.pump(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let height = Self::height(cx);
        let at = self.rows.selected();
        let row = match command {
            Command::Open => return self.open(),
            Command::New => return Step::Open(Box::new(FormPage::new())),
            Command::Search => {
                self.searching = true;
                return Step::Stay;
            }
            Command::Accept => {
                self.searching = false;
                return Step::Stay;
            }
            Command::Cancel | Command::Back if self.searching || self.narrowed() => {
                self.searching = false;
                self.search.clear();
                self.choice = Choice { sort: self.choice.sort, ..Choice::default() };
                self.start_over(true, cx);
                return Step::Stay;
            }
            Command::Sort => {
                self.choice.next_sort();
                self.start_over(false, cx);
                return Step::Stay;
            }
            Command::Environment => {
                self.choice.next_environment();
                self.start_over(true, cx);
                return Step::Stay;
            }
            Command::Status => {
                self.choice.next_status();
                self.start_over(true, cx);
                return Step::Stay;
            }
            Command::Refresh => {
                self.failed = None;
                self.rows.doubt();
                self.restart |= !self.loaded;
                self.figures_wanted = true;
                self.pump(cx);
                return Step::Stay;
            }
            Command::Up => at.saturating_sub(1),
            Command::Down => at + 1,
            Command::HalfUp => at.saturating_sub(height / 2),
            Command::HalfDown => at + height / 2,
            Command::PageUp => at.saturating_sub(height),
            Command::PageDown => at + height,
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => return Step::Stay,
        };
        self.select(row, cx);
        Step::Stay
    }

    fn typed(&mut self, key: Key, cx: &mut Cx<'_>) {
        if self.searching && self.search.key(key) {
            self.start_over(false, cx);
        }
    }

    fn pasted(&mut self, paste: &Paste, cx: &mut Cx<'_>) {
        if self.searching && self.search.insert(&paste.text.replace(['\n', '\t'], " ")) {
            self.start_over(false, cx);
        }
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let table = Layout::of(cx.area).table;
        let at = self.rows.selected();
        match mouse.kind {
            MouseKind::ScrollUp => self.select(at.saturating_sub(3), cx),
            MouseKind::ScrollDown => self.select(at + 3, cx),
            MouseKind::Press(Button::Left) if table.contains(Position::new(mouse.column, mouse.row)) => {
                let row = self.rows.offset() + usize::from(mouse.row - table.y);
                if row < self.rows.total() {
                    self.select(row, cx);
                    if double {
                        return self.open();
                    }
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let pages = self.loading.map(|(pending, ..)| pending);
        [pages, self.rates_pending, self.views_pending].into_iter().any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.rates_pending, id) {
            self.rates_pending = None;
            if let Ok(Answer::Rates(rates)) = result {
                let now_s = cx.now_ms.div_euclid(1_000);
                self.rates = rates.into_iter().map(|(id, counts)| (id, Ring::new(now_s, counts))).collect();
            }
        } else if Pending::is(self.views_pending, id) {
            self.views_pending = None;
            if let Ok(Answer::Rows(keys)) = result {
                self.rows.renew(keys);
            }
        } else if let Some((_, number, fresh)) = self.loading.take() {
            match result {
                // Meanwhile another list was asked for.
                _ if self.restart => {}
                Ok(Answer::Keys(page)) => self.arrived(number, fresh, page, cx),
                Ok(_) => {}
                Err(notice) if self.loaded => {
                    self.failed = Some(notice.clone());
                    cx.tell(notice);
                }
                Err(notice) => self.failed = Some(notice),
            }
        }
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        match event {
            Event::Usage { api_key, .. } => {
                let height = Self::height(cx);
                self.figures_wanted |= self.rows.visible(height).any(|key| key.id == *api_key);
            }
            Event::KeyChanged { api_key, .. } => {
                let known = self.rows.visible(rows::SCREEN).find(|key| key.id == *api_key);
                let name = known.map_or_else(|| "another key".to_owned(), |key| key.name.clone());
                self.changes.truncate(CHANGES - 1);
                self.changes.push_front((cx.now_ms, name));
                self.failed = None;
                self.rows.doubt();
            }
            Event::AccountChanged { .. } | Event::Lagged => {
                self.failed = None;
                self.rows.doubt();
                self.figures_wanted = true;
            }
            Event::SessionsEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::Notified { .. }
            | Event::Announced { .. }
            | Event::Draining { .. } => {}
        }
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.rows.reveal(Self::height(cx));
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let seen = || self.rows.visible(rows::SCREEN);
        let now_s = now_ms.div_euclid(1_000);
        let slides = self.rates.values().any(|ring| ring.moves(now_s));
        let used = seen().filter_map(|key| key.last_used);
        let ages = used.map(|at| format::age_changes_at(now_ms, at.as_millisecond())).min();
        let figures = self.figures_wanted.then_some(self.figures_asked_ms + FIGURES_MS);
        let long = self.loading.and_then(|(pending, ..)| pending.long_from(now_ms));
        let waiting = self.rates_pending.is_some() || self.views_pending.is_some();
        sooner(
            sooner(slides.then_some((now_s + 1) * 1_000), ages),
            sooner(figures.filter(|_| !waiting), long),
        )
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}

/// How a failed read is put on the page.
fn failure(notice: &Notice) -> (&'static str, &str) {
    match notice.kind {
        NoticeKind::SignedOut => ("You are no longer signed in.", &notice.text),
        _ => ("The keys could not be read.", &notice.text),
    }
}
