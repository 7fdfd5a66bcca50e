//! Draws the page: the tabs, the list, and beside or below it what there is to say of the selected one.

use keyward_keys::view::AlertState;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::layout::{Layout, Tab};
use super::{AlertsPage, words};
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column};
use crate::widgets::pen::{Pen, Ui, at, frame};

#[derive(Clone, Copy)]
enum Cell {
    State,
    Severity,
    Key,
    What,
    Since,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Severity, "", 1, 10, 6),
    Column::new(Cell::Key, "KEY", 12, 20, 9),
    Column::new(Cell::What, "WHAT CROSSED", 16, 43, 7),
    Column::new(Cell::State, "STATE", 14, 14, 8),
    Column::new(Cell::Since, "SINCE", 7, 7, 4),
];

/// From this width on, the list has room for the states' words beside what crossed.
const ROOMY: u16 = 100;

/// The same where it has not: the marks say it, and what is told of the selected one says it in words.
const CLOSE: &[Column<Cell>] = &[
    Column::new(Cell::Severity, "", 1, 1, 6),
    Column::new(Cell::Key, "KEY", 12, 20, 9),
    Column::new(Cell::What, "WHAT CROSSED", 16, 43, 7),
    Column::new(Cell::State, "", 1, 1, 8),
    Column::new(Cell::Since, "SINCE", 7, 7, 4),
];

impl AlertsPage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let layout = self.layout(area);
        self.draw_tabs(&layout, buf, ui);
        if self.tab == Tab::Rules {
            return self.rules.draw(&layout, buf, ui);
        }
        let whole = Rect { y: layout.tabs.bottom(), height: area.height - layout.tabs.height, ..area };
        let Some(page) = self.alerts.get() else {
            return self.alerts.paint_absence("the alerts", whole, buf, ui);
        };
        let nothing = |place: Rect, buf: &mut Buffer| {
            let (title, line) = match self.tab {
                Tab::Open => ("Nothing is firing.", "n makes a rule: what should be looked at every minute?"),
                Tab::Mine => {
                    ("You look after no alert.", "Under Open, a says that you look after the selected one.")
                }
                Tab::All | Tab::Rules => {
                    ("No alert was ever raised.", "n makes a rule: what should be looked at every minute?")
                }
            };
            blank(place, buf, title, &[line], ui)
        };
        if page.alerts.is_empty() && layout.over.is_none() {
            return nothing(whole, buf);
        }
        if let Some([left, right]) = layout.frames {
            let title = match page.pagination.total > page.alerts.len() as u64 {
                true => {
                    format!("{} alerts, {} shown", format::count(page.pagination.total), page.alerts.len())
                }
                false => "Alerts".to_owned(),
            };
            frame(buf, left, &title, ui.style(Tone::Accent), ui);
            frame(buf, right, "The selected one", ui.style(Tone::Faint), ui);
        }
        let told_below = layout.detail.height > 0 && layout.list.width < ROOMY;
        let columns = if told_below { CLOSE } else { COLUMNS };
        let open = page.alerts.len();
        let over = layout.over.and_then(|place| {
            let over = self.list.part(open..self.list.len());
            self.lately.draw(&over, place, buf, ui)
        });
        let list = if layout.over.is_some() { &self.list.part(0..open) } else { &self.list };
        let mut place = layout.list;
        if page.alerts.is_empty() {
            nothing(place, buf);
            place.height = 0;
        }
        let cursor = list::table(list, columns, place, buf, ui, true, |pen, row, cell, width| {
            let alert = &page.alerts[row];
            let over = alert.state == AlertState::Resolved;
            let dim = ui.style(Tone::Dim);
            match cell {
                Cell::State => {
                    let (mark, word, tone) = words::state(alert.state, ui);
                    pen.text(mark, ui.style(tone));
                    if width > 1 {
                        pen.skip(1).text(word, ui.style(tone));
                    }
                }
                Cell::Severity => {
                    let (mark, word, tone) = words::severity(alert.severity, ui);
                    let tone = if over { Tone::Dim } else { tone };
                    pen.text(mark, ui.style(tone));
                    if width >= 8 {
                        pen.skip(1).text(word, ui.style(tone));
                    }
                }
                Cell::Key => {
                    let tone = if over { Tone::Dim } else { Tone::Strong };
                    pen.cell(words::key(alert), width, ui.style(tone));
                }
                Cell::What => {
                    pen.cell(words::what(alert), width, if over { dim } else { ui.style(Tone::Text) });
                }
                Cell::Since => {
                    pen.cell(format::age(ui.now_ms, alert.first_seen.as_millisecond()), width, dim);
                }
            }
        });
        if layout.detail.height > 0 {
            let mut place = layout.detail;
            if layout.frames.is_none() {
                let mut pen = Pen::new(buf, place, 0);
                let rest = usize::from(pen.left());
                pen.text(ui.glyphs.rule.repeat(rest), ui.style(Tone::Faint));
                (place.y, place.height) = (place.y + 1, place.height - 1);
            }
            self.detail.draw(place, 0, buf, ui);
        }
        cursor.or(over).or(at(area, 0, 0))
    }

    fn draw_tabs(&self, layout: &Layout, buf: &mut Buffer, ui: &Ui) {
        let mut pen = Pen::new(buf, layout.tabs, 0);
        if let Some(page) = self.alerts.get().filter(|page| page.firing > 0 && layout.tabs.width >= 50) {
            let (mark, word, tone) = words::state(AlertState::Firing, ui);
            pen.end(format!("{mark} {} {word}", format::count(page.firing)), ui.style(tone));
        }
        for tab in Tab::ALL {
            let here = tab == self.tab;
            let (mark, tone) = if here { (ui.glyphs.marker, Tone::Strong) } else { (" ", Tone::Dim) };
            pen.text(mark, ui.style(Tone::Accent))
                .text(tab.title(), ui.style(tone))
                .text("  ", ui.style(tone));
        }
    }
}
