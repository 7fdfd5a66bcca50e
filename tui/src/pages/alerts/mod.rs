//! The centre of alerts: what holds that should not, what people do about it, and the rules. It is read again when the core
//! says that an alert changed; the selection stays on its alert.

mod act;
mod detail;
mod lately;
mod layout;
mod one;
mod paint;
mod rule_fields;
mod rule_form;
mod rules;
mod words;

use keyward_keys::input::AlertQuery;
use keyward_keys::view::{AlertPage as Alerts, AlertState, AlertView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::Cx;
use crate::app::dialog::{Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::read::Read;
use crate::pages::{Page, Step, sooner, word};
use crate::term::input::{Button, Mouse, MouseKind};
use crate::widgets::format;
use crate::widgets::list::{self, List};
use crate::widgets::pen::Ui;

use act::Hands;
use detail::Detail;
use lately::Lately;
use layout::{Layout, Tab};
pub(crate) use one::AlertPage;
use rule_form::RuleForm;
use rules::Rules;

/// It is read again at most this often, ms.
const EVERY_MS: i64 = 1_000;
/// Alerts that are read: the most that the core gives.
const MOST: u32 = 100;

/// The page.
#[derive(Default)]
pub(crate) struct AlertsPage {
    tab: Tab,
    alerts: Read<Alerts>,
    lately: Lately,
    /// What is open, and then, where there is room for it, what is over.
    list: List<Id>,
    rules: Rules,
    detail: Detail,
    hands: Hands,
    wanted: bool,
    asked_ms: i64,
    paused: bool,
}

impl AlertsPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        (self.wanted, self.asked_ms) = (false, cx.now_ms);
        let of = |open, mine| AlertQuery { page: 1, limit: MOST, open, mine, ..AlertQuery::default() };
        let query = match self.tab {
            Tab::Rules => return self.rules.ask(cx),
            Tab::Open => of(Some(true), None),
            Tab::All => of(None, None),
            Tab::Mine => of(None, Some(true)),
        };
        self.alerts.ask(cx, Query::Alerts(AlertAsk::List(query)));
        if self.tab == Tab::Open && Layout::is_high(cx.area) {
            self.lately.ask(cx);
        }
    }

    fn pump(&mut self, cx: &mut Cx<'_>) {
        let rested = cx.now_ms >= self.asked_ms + EVERY_MS;
        if self.wanted && rested && cx.front && !self.paused {
            self.read(cx);
        }
        if !self.paused && self.tab != Tab::Rules {
            self.detail.pump(cx);
        }
    }

    fn layout(&self, area: Rect) -> Layout {
        let rows = if self.tab == Tab::Rules { self.rules.len() } else { self.read_in().len() };
        let over = if self.tab == Tab::Open { self.lately.alerts().len() } else { 0 };
        Layout::of(area, rows, over)
    }

    fn height(&self, area: Rect) -> usize {
        let layout = self.layout(area);
        match layout.over {
            // All rows are in view.
            Some(_) => self.list.len(),
            None => usize::from(list::rows(layout.list).height),
        }
    }

    /// The alerts of the tab.
    fn read_in(&self) -> &[AlertView] {
        self.alerts.get().map(|page| page.alerts.as_slice()).unwrap_or_default()
    }

    fn current(&self) -> Option<&AlertView> {
        let (alerts, at) = (self.read_in(), self.list.selected());
        alerts
            .get(at)
            .or_else(|| self.lately.alerts().get(at - alerts.len()).filter(|_| at < self.list.len()))
    }

    /// Puts into the list what there is, and is room for. From one that is not open any more the selection goes to the
    /// next that is, and not along to what is over.
    fn fill(&mut self, was_open: usize, area: Rect) {
        let layout = self.layout(area);
        let room = layout.over.map_or(0, |[_, over]| usize::from(list::rows(over).height));
        let open: Vec<Id> = self.read_in().iter().map(|alert| alert.id).collect();
        let height = usize::from(list::rows(layout.list).height);
        if self.list.selected() < was_open {
            self.list.renew(open.iter().copied(), height);
        }
        let over = self.lately.alerts().iter().take(room).map(|alert| alert.id);
        let ids: Vec<Id> = open.into_iter().chain(over).collect();
        let height = if room > 0 { ids.len() } else { height };
        self.list.renew(ids, height);
    }

    /// Takes the mouse; whether a row was pressed.
    fn pressed(&mut self, mouse: Mouse, layout: &Layout) -> bool {
        let Some([_, over]) = layout.over else { return self.list.mouse(mouse, list::rows(layout.list)) };
        let (open, all) = (self.read_in().len(), self.list.len());
        let at = Position::new(mouse.column, mouse.row);
        for (rows, first, end) in [(list::rows(layout.list), 0, open), (list::rows(over), open, all)] {
            if rows.contains(at) && mouse.kind == MouseKind::Press(Button::Left) {
                let row = first + usize::from(mouse.row - rows.y);
                if row < end {
                    self.list.select(row, all);
                }
                return row < end;
            }
        }
        // The wheel moves through both, all of whose rows are in view.
        let whole = Rect { height: u16::try_from(all).unwrap_or(u16::MAX), ..Rect::default() };
        self.list.mouse(mouse, whole)
    }

    /// The selected alert is told of; what can be done about it needs its key, also where there is no room to tell of it.
    fn follow(&mut self, cx: &mut Cx<'_>) {
        let id = self.current().map(|alert| alert.id).filter(|_| self.tab != Tab::Rules);
        self.detail.turn_to(id, cx);
    }

    fn turn(&mut self, tab: Tab, cx: &mut Cx<'_>) {
        if self.tab != tab {
            self.tab = tab;
            (self.alerts, self.list) = (Read::default(), List::default());
            self.read(cx);
            self.follow(cx);
        }
    }

    fn took(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        let was_open = self.read_in().len();
        self.alerts.take(result, cx, |answer| match answer {
            Answer::Alerts(AlertAnswer::List(page)) => Some(page),
            _ => None,
        });
        self.fill(was_open, cx.area);
        self.follow(cx);
    }

    fn open(&self) -> Step {
        self.current().map_or(Step::Stay, |alert| Step::Open(Box::new(AlertPage::new(alert.id))))
    }
}

impl Page for AlertsPage {
    fn place(&self) -> Place {
        if self.tab == Tab::Rules { Place::AlertRules } else { Place::Alerts }
    }

    fn crumb(&self) -> String {
        "Alerts".to_owned()
    }

    fn operand(&self) -> Option<String> {
        let alert = self.current().filter(|_| self.tab != Tab::Rules);
        Some(word(alert?.key_name.as_deref()?))
    }

    fn alert(&self) -> Option<Id> {
        self.current().map(|alert| alert.id).filter(|_| self.tab != Tab::Rules)
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        use Command as C;
        if self.tab == Tab::Rules {
            let about_one = matches!(command, C::Edit | C::Switch | C::Delete);
            return about_one && self.rules.is_empty();
        }
        match self.current() {
            Some(alert) => act::refuses(command, alert, self.detail.get()),
            None => matches!(
                command,
                C::Acknowledge
                    | C::Snooze
                    | C::Settle
                    | C::Open
                    | C::Freeze
                    | C::Narrow
                    | C::Lower
                    | C::Rotate
            ),
        }
    }

    fn takes_back(&self) -> bool {
        self.tab != Tab::Rules && self.detail.get().is_some_and(|history| history.undo.is_some())
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn again(&self) -> Option<Again> {
        let (tab, alert, rule) = (self.tab, self.list.left(), self.rules.left());
        Again::page(move || Self { tab, list: List::on(alert), rules: Rules::on(rule), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Back => return Step::Back,
            Command::Next | Command::Previous => self.turn(self.tab.next(command == Command::Next), cx),
            Command::New => return Step::Open(Box::new(RuleForm::new())),
            Command::Pause => {
                self.paused = !self.paused;
                self.wanted = !self.paused;
                self.pump(cx);
            }
            Command::Refresh => self.read(cx),
            command if self.tab == Tab::Rules => {
                let height = self.height(cx.area);
                return self.rules.command(command, height, cx);
            }
            Command::Open => return self.open(),
            command => {
                let height = self.height(cx.area);
                if self.list.command(command, height) {
                    self.follow(cx);
                } else if let Some(alert) = self.current().cloned() {
                    self.hands.command(command, &alert, self.detail.get(), cx);
                }
            }
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let layout = self.layout(cx.area);
        let tab = layout.tab_at(Position::new(mouse.column, mouse.row));
        if let Some(tab) = tab.filter(|_| mouse.kind == MouseKind::Press(Button::Left)) {
            self.turn(tab, cx);
        } else if self.tab == Tab::Rules {
            let pressed = self.rules.mouse(mouse, list::rows(layout.list));
            return if pressed && double { self.rules.open() } else { Step::Stay };
        } else {
            let pressed = self.pressed(mouse, &layout);
            self.follow(cx);
            if pressed && double {
                return self.open();
            }
        }
        Step::Stay
    }

    fn verdict(&mut self, subject: Subject, verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        match subject {
            Subject::Remove(id) => self.rules.remove(id, cx),
            subject => self.hands.verdict(subject, &verdict, self.detail.get(), cx),
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let read = self.alerts.awaits(id) || self.lately.awaits(id);
        read || self.rules.awaits(id) || self.detail.awaits(id) || self.hands.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if self.alerts.awaits(id) {
            self.took(result, cx);
        } else if self.lately.awaits(id) {
            self.lately.took(result, cx);
            self.fill(self.read_in().len(), cx.area);
            self.follow(cx);
        } else if self.detail.awaits(id) {
            self.detail.took(result, cx);
        } else if self.hands.awaits(id) {
            self.hands.took(result, cx);
        } else {
            let height = self.height(cx.area);
            self.rules.took(id, result, height, cx);
        }
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        match event {
            Event::AlertChanged { .. } | Event::AccountChanged { .. } | Event::Lagged => self.wanted = true,
            Event::KeyChanged { .. }
            | Event::Usage { .. }
            | Event::SessionsEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::Notified { .. }
            | Event::Announced { .. }
            | Event::Draining { .. } => {}
        }
        if cx.front && !self.paused && self.tab != Tab::Rules {
            self.detail.domain(event, cx);
        }
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.tab == Tab::Open && cx.front && !self.lately.asked() && Layout::is_high(cx.area) {
            self.lately.ask(cx);
        }
        if self.alerts.get().is_some() {
            // The window may be another one.
            self.fill(self.read_in().len(), cx.area);
        }
        self.rules.reveal(self.height(cx.area));
        if cx.front {
            self.follow(cx);
        }
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let wanted = (self.wanted && !self.paused).then_some(self.asked_ms + EVERY_MS);
        let open = self.list.visible(60).filter_map(|row| self.alerts.get()?.alerts.get(row));
        let open = open.filter(|alert| alert.state != AlertState::Resolved || self.tab != Tab::Open);
        let age = open.map(|alert| format::age_changes_at(now_ms, alert.first_seen.as_millisecond())).min();
        let detail = self.detail.next_tick(now_ms).filter(|_| !self.paused && self.tab != Tab::Rules);
        let lately = self.lately.next_tick(now_ms).filter(|_| self.tab == Tab::Open);
        let reads = sooner(self.alerts.next_tick(now_ms), sooner(lately, self.rules.next_tick(now_ms)));
        sooner(sooner(wanted, age), sooner(detail, reads))
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
