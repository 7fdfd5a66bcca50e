//! What is over since lately: on a large screen a second list below the open alerts, which one walks on into. It is read
//! with them, and there only; what became of each is told beside it as of any other.

use keyward_keys::Id;
use keyward_keys::input::AlertQuery;
use keyward_keys::view::{AlertPage as Alerts, AlertView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{MOST, words};
use crate::app::cx::Cx;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::read::Read;
use crate::pages::sooner;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Ui, frame};

/// So long something counts as lately over, ms.
const LATELY_MS: i64 = 7 * 24 * 3_600_000;

#[derive(Clone, Copy)]
enum Cell {
    Severity,
    Key,
    What,
    Ended,
    Lasted,
    Over,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Severity, "", 1, 10, 4),
    Column::new(Cell::Key, "KEY", 12, 20, 9),
    Column::new(Cell::What, "WHAT CROSSED", 16, 41, 7),
    Column::new(Cell::Ended, "ENDED", 9, 9, 5),
    Column::new(Cell::Lasted, "LASTED", 6, 6, 6),
    Column::new(Cell::Over, "OVER", 6, 6, 8),
];

/// Alerts that are over, the latest first.
#[derive(Default)]
pub(super) struct Lately {
    read: Read<Alerts>,
    asked: bool,
    me: Option<Id>,
}

impl Lately {
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>) {
        (self.asked, self.me) = (true, Some(cx.user.id));
        let resolved_after = jiff::Timestamp::from_millisecond(cx.now_ms - LATELY_MS).ok();
        let query = AlertQuery { page: 1, limit: MOST, resolved_after, ..AlertQuery::default() };
        self.read.ask(cx, Query::Alerts(AlertAsk::List(query)));
    }

    /// It was asked for once.
    pub(super) fn asked(&self) -> bool {
        self.asked
    }

    pub(super) fn awaits(&self, id: RequestId) -> bool {
        self.read.awaits(id)
    }

    pub(super) fn took(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        self.read.take(result, cx, |answer| match answer {
            Answer::Alerts(AlertAnswer::List(page)) => Some(page),
            _ => None,
        });
    }

    pub(super) fn alerts(&self) -> &[AlertView] {
        self.read.get().map(|page| page.alerts.as_slice()).unwrap_or_default()
    }

    /// When an age in it reads otherwise.
    pub(super) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let over = self.alerts().iter().filter_map(|alert| alert.resolved_at);
        let age = over.map(|at| format::age_changes_at(now_ms, at.as_millisecond())).min();
        sooner(age, self.read.next_tick(now_ms))
    }

    /// Draws the rows that are in `list`, within `outer`; answers where the cursor belongs if it is on one of them.
    pub(super) fn draw(
        &self,
        list: &List<Id>,
        [outer, inner]: [Rect; 2],
        buf: &mut Buffer,
        ui: &Ui,
    ) -> Option<Position> {
        let total = self.read.get().map_or(0, |page| page.pagination.total);
        let title = match total > list.len() as u64 {
            true => format!("{} over in the last 7 days, {} shown", format::count(total), list.len()),
            false => "Over in the last 7 days".to_owned(),
        };
        frame(buf, outer, &title, ui.style(Tone::Faint), ui);
        let (dim, text) = (ui.style(Tone::Dim), ui.style(Tone::Text));
        list::table(list, COLUMNS, inner, buf, ui, true, |pen, row, cell, width| {
            let Some(alert) = self.alerts().get(row) else { return };
            let over_ms = alert.resolved_at.unwrap_or(alert.last_seen).as_millisecond();
            match cell {
                Cell::Severity => {
                    let (mark, word, _) = words::severity(alert.severity, ui);
                    pen.text(mark, dim);
                    if width >= 8 {
                        pen.skip(1).text(word, dim);
                    }
                }
                Cell::Key => {
                    pen.cell(words::key(alert), width, text);
                }
                Cell::What => {
                    pen.cell(words::what(alert), width, dim);
                }
                Cell::Ended => {
                    let by = match alert.resolved_by {
                        None => "by itself",
                        by if by == self.me => "by you",
                        Some(_) => "by hand",
                    };
                    pen.cell(by, width, if alert.resolved_by.is_some() { text } else { dim });
                }
                Cell::Lasted => {
                    let lasted_ms = over_ms - alert.first_seen.as_millisecond();
                    pen.cell(format::span(lasted_ms.max(1)), width, dim);
                }
                Cell::Over => {
                    pen.cell(format::age(ui.now_ms, over_ms), width, dim);
                }
            }
        })
    }
}
