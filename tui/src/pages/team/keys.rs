//! The keys of a team that are used most, below its people where there is room. Nothing is selected there: the list of keys
//! is a section of its own.

use keyward_keys::Id;
use keyward_keys::input::{KeyQuery, KeySort};
use keyward_keys::view::KeyView;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Query;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe};
use crate::widgets::{chart, format};

/// Keys that are read.
const MOST: u32 = 40;
/// Columns of a bar.
const BAR: u16 = 16;

/// What is asked of the core.
pub(super) fn query(team: Id) -> Query {
    let (team, sort) = (Some(team), KeySort::Usage);
    Query::List(KeyQuery { page: 1, limit: MOST, team, sort, ..KeyQuery::default() })
}

/// A heading, and a row for each as far as there are rows.
pub(super) fn draw(keys: &[KeyView], area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let name = area.width.saturating_sub(2 + 12 + 14 + 12 + BAR + 16).clamp(14, 40);
    Pen::new(buf, area, 0)
        .skip(2)
        .cell("BUSIEST KEYS", name - 1, dim)
        .skip(1)
        .cell("SERVICE", 12, dim)
        .cell("FOR", 14, dim)
        .cell("USED", 12, dim)
        .text("THIS MONTH", dim);
    if keys.is_empty() {
        Pen::new(buf, area, 1).skip(2).text("It has no keys yet: n among the keys adds one.", dim);
    }
    for (row, key) in (1..area.height).zip(keys) {
        let (mark, _, environment, tone) = marks::environment(key.environment, ui);
        let used = key.last_used.map(|at| format::ago(ui.now_ms, at.as_millisecond()));
        let mut pen = Pen::new(buf, area, row);
        pen.skip(2).cell(safe(&key.name), name - 1, ui.style(Tone::Text)).skip(1);
        pen.cell(safe(&key.service), 11, dim).skip(1);
        pen.cell(mark, 2, ui.style(tone)).cell(environment, 12, ui.style(tone));
        pen.cell(used.as_deref().unwrap_or("never"), 12, dim);
        match key.monthly_limit {
            Some(limit) => {
                chart::bar(&mut pen, BAR, key.current_month_usage, limit, ui);
                pen.cell_right(
                    format::whole_percent(key.current_month_usage, limit),
                    6,
                    ui.style(Tone::Text),
                );
            }
            None => {
                pen.skip(BAR + 6);
            }
        }
        pen.cell_right(format::short(key.current_month_usage), 8, ui.style(Tone::Text));
    }
}
