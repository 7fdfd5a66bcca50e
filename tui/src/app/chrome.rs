//! What stands around every page: the header with the way back, the footer with the keys that work here, passing
//! messages, and the word to a window that is too small.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::widgets::{Clear, Widget};

use crate::app::App;
use crate::app::keymap::{Binding, Command, Place, bindings, label};
use crate::app::toast::Toasts;
use crate::notice::NoticeKind;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, frame, rule, safe, width, wrap};

/// Columns and rows below which no page can be drawn.
pub(super) const LEAST: (u16, u16) = (20, 5);
/// From this height on, there is room for a rule under the header.
const AIRY: u16 = 16;
/// From this width on, there is room for a margin.
const WIDE: u16 = 60;

/// The page's place.
pub(super) fn body(area: Rect) -> Rect {
    let top = if area.height >= AIRY { 2 } else { 1 };
    let side = u16::from(area.width >= WIDE);
    Rect {
        x: area.x + side,
        y: area.y.saturating_add(top),
        width: area.width.saturating_sub(2 * side),
        height: area.height.saturating_sub(top + 1),
    }
}

fn line(area: Rect, row: u16) -> Rect {
    let side = u16::from(area.width >= WIDE);
    Rect { x: area.x + side, y: area.y + row, width: area.width.saturating_sub(2 * side), height: 1 }
}

/// The product, the way here, whether it is live, who and where.
pub(super) fn header(app: &App, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (dim, accent) = (ui.style(Tone::Dim), ui.style(Tone::Accent));
    let mut pen = Pen::new(buf, line(area, 0), 0);
    if area.width >= WIDE {
        pen.end(app.address(), dim);
        pen.skip(0);
    }
    let seconds = app.closes_ms.map(|at| (at - ui.now_ms).max(0).unsigned_abs().div_ceil(1_000));
    let (mark, word, tone) = match seconds {
        Some(seconds) => (ui.glyphs.warning, format!("closing in {seconds} s"), Tone::Warn),
        None if app.page().paused() => (ui.glyphs.paused, "paused".to_owned(), Tone::Warn),
        None => (ui.glyphs.live, "live".to_owned(), Tone::Good),
    };
    pen.end(format!("{mark} {word} "), ui.style(tone));
    pen.text(ui.glyphs.brand, accent).text(" Keyward", accent.add_modifier(Modifier::BOLD));
    let last = app.pages.len() - 1;
    // In a narrow window the page at hand matters more than the way to it.
    let first = if area.width >= WIDE { 0 } else { last };
    for (at, page) in app.pages.iter().enumerate().skip(first) {
        let tone = ui.style(if at == last { Tone::Strong } else { Tone::Dim });
        pen.text(format!(" {} ", ui.glyphs.crumb), ui.style(Tone::Dim)).text(page.crumb(), tone);
    }
    if area.height >= AIRY {
        rule(buf, area, 1, ui);
    }
}

/// The hints that fit: column, columns, and what they do. Those of least priority give way first.
fn hints(place: Place, columns: u16) -> Vec<(u16, u16, &'static Binding)> {
    let mut shown: Vec<_> = bindings(place).filter(|binding| binding.priority > 0).collect();
    let columns_of = |binding: &Binding| width(&label(binding.keys[0])) + 1 + width(binding.hint);
    loop {
        let needed: u16 = shown.iter().map(|binding| columns_of(binding) + 2).sum();
        if needed <= columns + 2 {
            break;
        }
        let least = shown.iter().map(|binding| binding.priority).min();
        shown.retain(|binding| Some(binding.priority) != least);
    }
    let mut x = 0;
    shown
        .into_iter()
        .map(|binding| {
            let at = (x, columns_of(binding), binding);
            x += at.1 + 2;
            at
        })
        .collect()
}

/// The keys that work here.
pub(super) fn footer(place: Place, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let row = line(area, area.height - 1);
    for (x, columns, binding) in hints(place, row.width) {
        let slot = Rect { x: row.x + x, width: columns, ..row };
        Pen::new(buf, slot, 0)
            .text(label(binding.keys[0]), ui.style(Tone::Accent))
            .skip(1)
            .text(binding.hint, ui.style(Tone::Dim));
    }
}

/// What the hint at this cell of the screen does.
pub(super) fn hint_at(place: Place, area: Rect, at: Position) -> Option<Command> {
    let row = line(area, area.height.checked_sub(1)?);
    let column = at.x.checked_sub(row.x).filter(|_| at.y == row.y)?;
    let hit = |(x, columns, binding): (u16, u16, &Binding)| {
        (x..x + columns).contains(&column).then_some(binding.command)
    };
    hints(place, row.width).into_iter().find_map(hit)
}

/// How a message is marked.
pub(crate) fn notice_mark(kind: NoticeKind, ui: &Ui) -> (&'static str, Tone) {
    match kind {
        NoticeKind::Info => (ui.glyphs.info, Tone::Accent),
        NoticeKind::Done => (ui.glyphs.check, Tone::Good),
        NoticeKind::Warning | NoticeKind::Stale | NoticeKind::Locked | NoticeKind::Unlock => {
            (ui.glyphs.warning, Tone::Warn)
        }
        NoticeKind::Failure
        | NoticeKind::Invalid
        | NoticeKind::Gone
        | NoticeKind::WrongPassphrase
        | NoticeKind::SignedOut => (ui.glyphs.cross, Tone::Bad),
    }
}

/// Messages at the bottom right, the newest lowest.
pub(super) fn toasts(toasts: &Toasts, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let framed = area.height >= AIRY;
    let columns = area.width.saturating_sub(2).min(52);
    let mut bottom = area.bottom().saturating_sub(1);
    let shown: Vec<_> = toasts.shown(ui.now_ms).collect();
    for notice in shown.into_iter().rev() {
        let (mark, tone) = notice_mark(notice.kind, ui);
        let text = wrap(&safe(&notice.text), columns.saturating_sub(6));
        let longest = text.iter().map(|row| width(row)).max().unwrap_or(0);
        let rows = text.len() as u16 + 2 * u16::from(framed);
        let Some(top) = bottom.checked_sub(rows).filter(|top| *top > area.y) else {
            return;
        };
        let wide = longest + 2 + 4 * u16::from(framed);
        let x = area.right().saturating_sub(wide + 1).max(area.x);
        let place = Rect { x, y: top, width: wide.min(area.width), height: rows };
        let inner = if framed {
            frame(buf, place, "", ui.style(tone), ui)
        } else {
            Clear.render(place, buf);
            buf.set_style(place, ui.theme.field());
            place
        };
        Pen::new(buf, inner, 0).text(mark, ui.style(tone));
        for (row, line) in (0u16..).zip(&text) {
            Pen::new(buf, inner, row).skip(2).text(line, ui.style(Tone::Text));
        }
        bottom = top;
    }
}

/// In the place of everything when there is no room.
pub(super) fn too_small(area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
    let text = format!("Too small: {}x{} needed", LEAST.0, LEAST.1);
    for (row, line) in (0u16..).zip(wrap(&text, area.width)).take(usize::from(area.height)) {
        Pen::new(buf, area, row).text(line, ui.style(Tone::Warn));
    }
    None
}
