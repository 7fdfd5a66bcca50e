//! What one was told: unread ones marked, each with the key it is about. New ones come in while one looks, and never move
//! the selection.

use keyward_keys::input::NotificationQuery;
use keyward_keys::view::NotificationView;
use keyward_keys::{Event, Id, NoticeKind as Told};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::follow::About;
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, InboxAnswer, InboxQuery, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::alerts::AlertPage;
use crate::pages::key::KeyPage;
use crate::pages::profile::told;
use crate::pages::read::Read;
use crate::pages::{Page, Step, about_notices, sooner};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, safe, wrap};

/// Notifications read at a time.
const PAGE: u32 = 100;

#[derive(Clone, Copy)]
enum Cell {
    Mark,
    When,
    About,
    Message,
}

const COLUMNS: [Column<Cell>; 4] = [
    Column::new(Cell::Mark, "", 1, 1, 9),
    Column::new(Cell::When, "WHEN", 10, 11, 7),
    Column::new(Cell::About, "ABOUT", 19, 19, 3),
    Column::new(Cell::Message, "MESSAGE", 24, 160, 8),
];

/// Below this width, the message itself says best what it is about.
const WIDE: u16 = 100;
const NARROW: [Column<Cell>; 3] = [COLUMNS[0], COLUMNS[1], COLUMNS[3]];

/// The page.
#[derive(Default)]
pub(crate) struct NoticesPage {
    /// Newest first.
    notices: Vec<NotificationView>,
    /// How many are unread and how many there are; the first page of them.
    first: Read<(u64, u64)>,
    more: Option<Pending>,
    list: List<Id>,
    unread_only: bool,
    changing: Option<Pending>,
    opening: Option<Pending>,
    paused: bool,
    covered: bool,
}

/// The parts of the page.
struct Parts {
    summary: Rect,
    table: Rect,
    /// The selected one in full.
    full: Rect,
}

impl Parts {
    fn of(area: Rect) -> Self {
        let full = if area.height >= 14 { 4 } else { 0 };
        let top = 1.min(area.height);
        let table = area.height.saturating_sub(top + full);
        let part = |from: u16, height: u16| Rect { y: area.y + from.min(area.height), height, ..area };
        Self {
            summary: part(0, top),
            table: part(top, table),
            full: part(top + table + 1, full.saturating_sub(1)),
        }
    }
}

impl NoticesPage {
    fn query(&self, page: u32) -> Query {
        let query = NotificationQuery { page, limit: PAGE, unread: self.unread_only };
        Query::Inbox(InboxQuery::Notices(query))
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        let query = self.query(1);
        self.first.ask(cx, query);
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(list::rows(Parts::of(cx.area).table).height)
    }

    fn current(&self) -> Option<&NotificationView> {
        self.notices.get(self.list.selected())
    }

    fn renew(&mut self, cx: &Cx<'_>) {
        self.list.renew(self.notices.iter().map(|notice| notice.id), Self::height(cx));
    }

    fn ask(&mut self, query: InboxQuery, cx: &mut Cx<'_>) {
        self.changing = Some(cx.ask(Query::Inbox(query)));
    }

    /// Opens the alert or the key it is about; seen it is in any case.
    fn open(&mut self, cx: &mut Cx<'_>) -> Step {
        let Some(notice) = self.current() else { return Step::Stay };
        let (id, unread, about) = (notice.id, !notice.read, About::of(notice));
        if unread {
            self.ask(InboxQuery::Read(id), cx);
        }
        match about {
            Some(About::Alert(alert)) => {
                self.covered = true;
                return Step::Open(Box::new(AlertPage::new(alert)));
            }
            Some(About::Key(key)) => self.opening = Some(cx.ask(Query::Key(key))),
            None => {}
        }
        Step::Stay
    }

    fn took(&mut self, result: Result<Answer, Notice>, first: bool, cx: &mut Cx<'_>) {
        let mut page = None;
        self.first.take(result, cx, |answer| match answer {
            Answer::Inbox(InboxAnswer::Notices(answer)) => {
                let counts = (answer.unread, answer.pagination.total);
                page = Some(answer);
                Some(counts)
            }
            _ => None,
        });
        let Some(page) = page else { return };
        if first {
            self.notices = page.notifications;
        } else {
            let known: Vec<Id> = self.notices.iter().map(|notice| notice.id).collect();
            self.notices.extend(page.notifications.into_iter().filter(|notice| !known.contains(&notice.id)));
        }
        // There are at most two hundred: two pages hold them all.
        if first && page.pagination.pages > 1 {
            let query = self.query(2);
            self.more = Some(cx.ask(query));
        }
        self.renew(cx);
    }
}

impl Page for NoticesPage {
    fn place(&self) -> Place {
        Place::Notices
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let notice = self.current();
        let unread = self.first.get().is_some_and(|(unread, _)| *unread > 0);
        match command {
            Command::Open => notice.is_none_or(|notice| notice.read && About::of(notice).is_none()),
            Command::Read => notice.is_none_or(|notice| notice.read),
            Command::ReadAll => !unread,
            Command::Unread => !unread && !self.unread_only,
            Command::Delete => notice.is_none(),
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Notifications".to_owned()
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn again(&self) -> Option<Again> {
        let (unread_only, row) = (self.unread_only, self.list.left());
        Again::page(move || Self { unread_only, list: List::on(row), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, Self::height(cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back if self.unread_only => {
                self.unread_only = false;
                self.read(cx);
            }
            Command::Back => return Step::Back,
            Command::Open => return self.open(cx),
            Command::Read => {
                if let Some(id) = self.current().filter(|notice| !notice.read).map(|notice| notice.id) {
                    self.ask(InboxQuery::Read(id), cx);
                }
            }
            Command::ReadAll => self.ask(InboxQuery::ReadAll, cx),
            Command::Delete => {
                if let Some(id) = self.list.current() {
                    self.ask(InboxQuery::Delete(id), cx);
                }
            }
            Command::Unread => {
                self.unread_only = !self.unread_only;
                self.read(cx);
            }
            Command::Pause => {
                self.paused = !self.paused;
                if !self.paused {
                    self.read(cx);
                }
            }
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        if self.list.mouse(mouse, list::rows(Parts::of(cx.area).table)) && double {
            return self.open(cx);
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        [self.more, self.changing, self.opening].into_iter().any(|pending| Pending::is(pending, id))
            || self.first.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.opening, id) {
            self.opening = None;
            match result {
                Ok(Answer::Key(key)) => {
                    self.covered = true;
                    return Step::Open(Box::new(KeyPage::new(*key)));
                }
                Err(notice) if notice.kind == NoticeKind::Gone => {
                    cx.say(NoticeKind::Info, "The key it is about is gone, or no longer yours to see.");
                }
                Err(notice) => cx.tell(notice),
                Ok(_) => {}
            }
        } else if Pending::is(self.changing, id) {
            self.changing = None;
            if let Err(notice) = result {
                cx.tell(notice);
            }
            self.read(cx);
        } else {
            let first = self.first.awaits(id);
            self.more = self.more.filter(|_| first);
            self.took(result, first, cx);
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if about_notices(event) {
            if cx.front && !self.paused {
                self.read(cx);
            } else {
                self.covered = true;
            }
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(Self::height(cx));
        if cx.front && !self.paused && std::mem::take(&mut self.covered) {
            self.read(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let ages = self.list.visible(60).filter_map(|row| self.notices.get(row));
        let age = ages.map(|notice| format::age_changes_at(now_ms, notice.created_at.as_millisecond())).min();
        sooner(age, self.first.next_tick(now_ms))
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some((unread, total)) = self.first.get() else {
            return self.first.paint_absence("your notifications", area, buf, ui);
        };
        let parts = Parts::of(area);
        let mut pen = Pen::new(buf, parts.summary, 0);
        pen.text(format!("{unread} unread"), ui.style(Tone::Strong));
        if self.unread_only {
            pen.text(" of these, the rest hidden: Esc shows all", ui.style(Tone::Dim));
        } else {
            pen.text(format!(" of {total}"), ui.style(Tone::Dim));
        }
        if self.notices.is_empty() {
            let (title, line) = match self.unread_only {
                true => ("Nothing unread.", "Esc shows what was read too."),
                false => (
                    "Nothing to tell.",
                    "What your keys, teams and sign-ins bring about is told here. Your profile says what of it.",
                ),
            };
            return blank(parts.table, buf, title, &[line], ui);
        }
        if let Some(notice) = self.current() {
            for (row, line) in (0u16..).zip(wrap(&safe(&notice.message), area.width)) {
                Pen::new(buf, parts.full, row).text(line, ui.style(Tone::Text));
            }
        }
        let columns: &[Column<Cell>] = if parts.table.width < WIDE { &NARROW } else { &COLUMNS };
        list::table(&self.list, columns, parts.table, buf, ui, true, |pen, row, cell, width| {
            let notice = &self.notices[row];
            let tone = if notice.read { Tone::Dim } else { Tone::Text };
            match cell {
                Cell::Mark if notice.read => pen.text(ui.glyphs.dot, ui.style(Tone::Faint)),
                Cell::Mark => pen.text(ui.glyphs.active, ui.style(Tone::Accent)),
                Cell::When => {
                    let at = notice.created_at.as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(tone))
                }
                Cell::About => {
                    let kind = Told::ALL.into_iter().find(|kind| kind.name() == notice.kind);
                    let word = kind.map_or_else(|| safe(&notice.kind), |kind| told(kind).into());
                    pen.cell(word, width, ui.style(Tone::Dim))
                }
                Cell::Message => {
                    let tone = if notice.read { Tone::Dim } else { Tone::Strong };
                    pen.cell(safe(&notice.message), width, ui.style(tone))
                }
            };
        })
    }
}
