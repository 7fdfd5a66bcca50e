//! The list of keys: search, filters, order, any number of rows, live rates. It asks for what is in view and no more.

mod counters;
mod detail;
pub(crate) mod layout;
mod many;
mod paint;
mod reading;
pub(crate) mod rows;
mod search;

use std::collections::{HashMap, VecDeque};

use keyward_keys::input::KeySort;
use keyward_keys::view::{KeyStatus, KeyView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::form::FormPage;
use crate::pages::form::import::ImportPage;
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step, word};
use crate::term::input::{Button, Key, Mouse, MouseKind, Paste};
use crate::widgets::edit::Edit;
use crate::widgets::pen::Ui;
use crate::widgets::ring::Ring;

use counters::Counters;
use layout::Layout;
use many::Many;
use rows::Rows;
use search::Choice;

/// The list's page.
pub(crate) struct KeysPage {
    rows: Rows,
    choice: Choice,
    search: Edit,
    /// What was searched for when it was opened.
    origin: String,
    searching: bool,
    /// A page of rows is being read: its number, and whether the list starts over with it.
    loading: Option<(Pending, usize, bool)>,
    /// The list must start over: what is being read is of no use any more.
    restart: bool,
    /// Starting over, the selection stays if it can.
    keep: bool,
    /// Opened again: the key that was selected, and the row it was in.
    left: Option<(Id, usize)>,
    /// At least one answer came.
    loaded: bool,
    failed: Option<Notice>,
    rates: HashMap<Id, Ring>,
    rates_pending: Option<Pending>,
    views_pending: Option<Pending>,
    figures_wanted: bool,
    figures_asked_ms: i64,
    changes: VecDeque<(i64, String)>,
    many: Many,
    counts: Counters,
    /// The person's teams and their names, for `team:`.
    teams: Vec<(Id, String)>,
    teams_pending: Option<Pending>,
    /// How this person reaches this host, for hints.
    ssh_command: String,
    /// It stands as it was at this moment.
    paused_ms: Option<i64>,
    /// Something happened since.
    missed: bool,
}

impl Default for KeysPage {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            choice: Choice::default(),
            search: Edit::new(200),
            origin: String::new(),
            searching: false,
            loading: None,
            restart: true,
            keep: true,
            left: None,
            loaded: false,
            failed: None,
            rates: HashMap::new(),
            rates_pending: None,
            views_pending: None,
            figures_wanted: false,
            figures_asked_ms: 0,
            changes: VecDeque::new(),
            many: Many::default(),
            counts: Counters::default(),
            teams: Vec::new(),
            teams_pending: None,
            ssh_command: String::new(),
            paused_ms: None,
            missed: false,
        }
    }
}

impl KeysPage {
    /// The list, narrowed by a search.
    pub(crate) fn found(text: &str) -> Self {
        let mut page = Self::default();
        page.search.insert(text);
        text.clone_into(&mut page.origin);
        page
    }

    /// The list, in another order.
    pub(crate) fn sorted(sort: KeySort) -> Self {
        Self { choice: Choice { sort, ..Choice::default() }, ..Self::default() }
    }

    /// The keys in the bin.
    fn bin() -> Self {
        Self { choice: Choice { bin: true, ..Choice::default() }, ..Self::default() }
    }

    fn height(cx: &Cx<'_>) -> usize {
        Layout::of(cx.area).height()
    }

    fn select(&mut self, row: usize, cx: &mut Cx<'_>) {
        let height = Self::height(cx);
        let before = self.rows.offset();
        self.rows.select(row, height);
        self.figures_wanted |= self.rows.offset() != before;
        self.pump(cx);
    }

    fn narrowed(&self) -> bool {
        !self.search.is_empty() || self.choice.narrows()
    }

    /// It shows what it was opened for: nothing is left to be cleared.
    fn as_opened(&self) -> bool {
        !self.narrowed() || (!self.choice.narrows() && self.search.text() == self.origin)
    }

    fn edit(&self) -> Step {
        match self.rows.current().filter(|_| !self.choice.bin) {
            Some(key) => Step::Open(Box::new(FormPage::edit(key.clone()))),
            None => Step::Stay,
        }
    }

    fn open(&self) -> Step {
        match self.rows.current().filter(|_| !self.choice.bin) {
            Some(key) => Step::Open(Box::new(KeyPage::new(key.clone()))),
            None => Step::Stay,
        }
    }
}

impl Page for KeysPage {
    fn place(&self) -> Place {
        match (self.searching, self.choice.bin) {
            (true, _) => Place::Search,
            (false, true) => Place::Bin,
            (false, false) => Place::Keys,
        }
    }

    fn crumb(&self) -> String {
        if self.choice.bin { "Bin" } else { "Keys" }.to_owned()
    }

    fn operand(&self) -> Option<String> {
        self.rows.current().map(|key| word(&key.name))
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        use Command as C;
        let nothing = self.loaded && self.rows.total() == 0;
        let expired = |key: &KeyView| key.status == KeyStatus::Expired;
        match command {
            C::Switch if self.many.count() == 0 && self.rows.current().is_some_and(expired) => true,
            C::Open | C::Mark | C::Sort | C::Switch | C::Delete | C::Edit | C::Restore => nothing,
            C::Search | C::Environment | C::Status | C::Hygiene | C::Pause => nothing && !self.narrowed(),
            _ => false,
        }
    }

    fn paused(&self) -> bool {
        self.paused_ms.is_some()
    }

    fn again(&self) -> Option<Again> {
        let (choice, search, origin) = (self.choice, self.search.text().to_owned(), self.origin.clone());
        let left = self.rows.place().or(self.left);
        Again::page(move || {
            let mut page = Self { choice, origin, left, ..Self::default() };
            page.search.insert(&search);
            page
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.ssh_command.clone_from(&cx.host.ssh_command);
        self.teams_pending = Some(cx.ask(Query::Teams));
        self.counts.want();
        self.pump(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let height = Self::height(cx);
        let at = self.rows.selected();
        let row = match command {
            Command::Open => return self.open(),
            Command::New => return Step::Open(Box::new(FormPage::new())),
            Command::Import => return Step::Open(Box::new(ImportPage::new())),
            Command::Edit => return self.edit(),
            Command::Search => {
                self.searching = true;
                return Step::Stay;
            }
            Command::Accept => {
                self.searching = false;
                return Step::Stay;
            }
            Command::Back if self.many.count() > 0 => {
                self.many.clear();
                return Step::Stay;
            }
            Command::Back if !self.searching && self.as_opened() => return Step::Back,
            Command::Cancel | Command::Back if self.searching || self.narrowed() => {
                self.searching = false;
                self.search.clear();
                self.choice = self.choice.widened();
                self.start_over(true, cx);
                return Step::Stay;
            }
            Command::Mark => {
                self.mark(cx);
                return Step::Stay;
            }
            Command::Delete => {
                self.ask_delete(cx);
                return Step::Stay;
            }
            Command::Switch => {
                self.ask_switch(cx);
                return Step::Stay;
            }
            Command::Restore => {
                self.restore(cx);
                return Step::Stay;
            }
            Command::Bin => return Step::Open(Box::new(Self::bin())),
            Command::Hygiene => {
                self.choice.next_hygiene(&self.counts.ways());
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
            Command::Pause => {
                self.pause(cx);
                return Step::Stay;
            }
            Command::Refresh => {
                (self.failed, self.paused_ms) = (None, None);
                self.rows.doubt();
                self.restart |= !self.loaded;
                self.figures_wanted = true;
                self.counts.want();
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
        let Layout { table, counters, .. } = Layout::of(cx.area);
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
            MouseKind::Press(Button::Left) => {
                let position = Position::new(mouse.column, mouse.row);
                if let Some(way) = self.counts.at(self.choice.hygiene, counters, position) {
                    self.choice.hygiene = Some(way).filter(|_| self.choice.hygiene != Some(way));
                    self.start_over(true, cx);
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn verdict(&mut self, subject: Subject, verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        self.decided(subject, &verdict, cx);
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.pending().into_iter().any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        self.took(id, result, cx);
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        self.heard(event, cx);
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.rows.reveal(Self::height(cx));
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.moves_at(now_ms)
    }

    fn slides(&self, now_ms: i64) -> bool {
        self.moves(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let now_ms = self.paused_ms.unwrap_or(ui.now_ms);
        self.draw(area, buf, &Ui { now_ms, ..*ui })
    }
}
