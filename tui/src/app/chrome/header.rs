//! The first rows: the product, the way here, whether it is live, who and where; and the sections, where they fit.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::{AIRY, TALL, WIDE, line};
use crate::app::sections::{self, SECTIONS, Section};
use crate::app::travel::Destination;
use crate::app::{App, Ends};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, rule, width};

const BRAND: &str = " Keyward";
/// Columns of the mark and the word.
const BRAND_COLUMNS: u16 = 9;

/// Draws it.
pub(in crate::app) fn paint(app: &App, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (dim, accent) = (ui.style(Tone::Dim), ui.style(Tone::Accent));
    let first = line(area, 0);
    let mut pen = Pen::new(buf, first, 0);
    if area.width >= WIDE {
        pen.end(app.address(), dim);
        pen.skip(0);
    }
    let (mark, word, tone) = state(app, ui);
    pen.end(format!("{mark} {word} "), ui.style(tone));
    pen.text(ui.glyphs.brand, accent).text(BRAND, accent.add_modifier(Modifier::BOLD));
    let last = app.pages.len() - 1;
    for (at, page) in app.pages.iter().enumerate().skip(first_crumb(app, area)) {
        let tone = ui.style(if at == last { Tone::Strong } else { Tone::Dim });
        pen.text(format!(" {} ", ui.glyphs.crumb), dim).text(page.crumb(), tone);
    }
    if area.height >= AIRY {
        let row = line(area, 1);
        for Tab { x, columns, title, section } in tabs(app, row.width) {
            let slot = Rect { x: row.x + x, width: columns, ..row };
            let here = section.name == app.section.name;
            let mut pen = Pen::new(buf, slot, 0);
            if let Some(key) = section.key {
                pen.text(key.to_string(), accent).skip(1);
            }
            pen.text(title, ui.style(if here { Tone::Strong } else { Tone::Dim }));
            if here {
                ui.theme.select(buf, slot);
            }
        }
    }
    if area.height >= TALL {
        rule(buf, area, 2, ui);
    }
}

/// That the session ends, at the top right, where nothing else is shown.
pub(in crate::app) fn ending(app: &App, area: Rect, buf: &mut Buffer, ui: &Ui) {
    if app.ends.is_some() {
        let (mark, text, tone) = state(app, ui);
        Pen::new(buf, line(area, 0), 0).end(format!("{mark} {text}"), ui.style(tone));
    }
}

/// Whether what is shown moves.
fn state(app: &App, ui: &Ui) -> (&'static str, String, Tone) {
    let left = |at_ms: i64| (at_ms - ui.now_ms).max(0).unsigned_abs().div_ceil(1_000);
    match app.ends {
        Some((why, at_ms)) => {
            let word = match why {
                Ends::Idle => "idle, ends",
                Ends::TooLong => "ends",
                Ends::Restart => "closing",
            };
            (ui.glyphs.warning, format!("{word} in {} s", left(at_ms)), Tone::Warn)
        }
        None if app.slow => (ui.glyphs.warning, "slow link".to_owned(), Tone::Warn),
        None if app.page().paused() => (ui.glyphs.paused, "paused".to_owned(), Tone::Warn),
        None => (ui.glyphs.live, "live".to_owned(), Tone::Good),
    }
}

/// In a narrow window the page at hand matters more than the way to it.
fn first_crumb(app: &App, area: Rect) -> usize {
    if area.width >= WIDE { 0 } else { app.pages.len() - 1 }
}

/// A section's tab.
struct Tab {
    x: u16,
    columns: u16,
    title: &'static str,
    section: &'static Section,
}

/// The sections that fit, with short titles where the long ones do not. The last give way first, but never the one that is
/// open.
fn tabs(app: &App, columns: u16) -> Vec<Tab> {
    let columns_of = |section: &Section, title: &str| width(title) + 2 * u16::from(section.key.is_some());
    let mut shown: Vec<_> = sections::visible(&app.user).map(|section| (section, section.title)).collect();
    let needed = |shown: &[(&Section, &str)], gap: u16| {
        shown.iter().map(|(section, title)| columns_of(section, title) + gap).sum::<u16>() - gap
    };
    if needed(&shown, 1) > columns {
        shown.iter_mut().for_each(|(section, title)| *title = section.short());
    }
    while shown.len() > 1 && needed(&shown, 1) > columns {
        let last = shown.iter().rposition(|(one, _)| one.name != app.section.name);
        last.map(|at| shown.remove(at));
    }
    let gap = (1..=3).rev().find(|gap| needed(&shown, *gap) <= columns).unwrap_or(1);
    let mut x = 0;
    shown
        .into_iter()
        .map(|(section, title)| {
            let tab = Tab { x, columns: columns_of(section, title), title, section };
            x += tab.columns + gap;
            tab
        })
        .collect()
}

/// What the header has at this cell.
pub(super) fn hit(app: &App, area: Rect, at: Position) -> Option<Destination> {
    let on = |row: u16| Some(at.x.checked_sub(line(area, row).x)?).filter(|_| at.y == area.y + row);
    if let Some(column) = on(1).filter(|_| area.height >= AIRY) {
        let mut tabs = tabs(app, line(area, 1).width).into_iter();
        let tab = tabs.find(|tab| (tab.x..tab.x + tab.columns).contains(&column));
        return tab.map(|tab| Destination::Section(tab.section));
    }
    let column = on(0)?;
    if column < BRAND_COLUMNS {
        return SECTIONS.first().map(Destination::Section);
    }
    let mut x = BRAND_COLUMNS;
    for (index, page) in app.pages.iter().enumerate().skip(first_crumb(app, area)) {
        x += 3;
        let columns = width(&page.crumb());
        if (x..x + columns).contains(&column) {
            return Some(Destination::Page(index));
        }
        x += columns;
    }
    None
}
