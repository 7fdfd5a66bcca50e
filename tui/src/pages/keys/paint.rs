//! Draws the list: the summary, the table, the line on the selected key, and what an empty list says.

use keyward_keys::view::KeyView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::keys::layout::{Column, GAP, LEAD, Layout, columns};
use crate::pages::keys::reading::failure;
use crate::pages::keys::{KeysPage, counters, search};
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Parts, Pen, Ui, at, safe, wrap};
use crate::widgets::ring::Ring;
use crate::widgets::{chart, format};

/// Seconds a row's sparkline covers.
const SECONDS: usize = 60;

impl KeysPage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let layout = Layout::of(area);
        let typing = self.summary(layout.summary, layout.height(), buf, ui);
        if !self.choice.bin {
            self.counts.paint(self.choice.hygiene, layout.counters, buf, ui);
        }
        if self.rows.total() == 0 {
            let top = 1 + layout.counters.height;
            let below = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
            return typing.or(self.nothing(below, buf, ui));
        }
        let columns = columns(layout.table.width, self.choice.bin);
        titles(layout.titles, buf, &columns, ui);
        for row in 0..layout.table.height {
            let number = self.rows.offset() + usize::from(row);
            if number >= self.rows.total() {
                break;
            }
            let place = Rect { y: layout.table.y + row, height: 1, ..layout.table };
            match self.rows.get(number) {
                Some(key) => self.row(place, buf, key, &columns, ui),
                None => {
                    Pen::new(buf, place, 0).skip(LEAD).text(ui.glyphs.dot.repeat(8), ui.style(Tone::Faint));
                }
            }
            if number == self.rows.selected() {
                Pen::new(buf, place, 0).text(ui.glyphs.marker, ui.style(Tone::Accent));
                ui.theme.select(buf, place);
            }
        }
        if let Some(key) = self.rows.current() {
            one_line(layout.line, buf, key, ui);
            let ring = self.rates.get(&key.id);
            if layout.detail.width > 0 {
                super::detail::detail(layout.detail, buf, key, ring, ui);
            }
        }
        if layout.activity.height > 0 {
            super::detail::activity(self, layout.activity, buf, ui);
        }
        let row = u16::try_from(self.rows.selected() - self.rows.offset()).unwrap_or(0);
        typing.or(at(layout.table, 0, row))
    }

    /// How many, of what, in which order; or the search line.
    fn summary(&self, area: Rect, height: usize, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let (dim, total) = (ui.style(Tone::Dim), self.rows.total());
        let mut cursor = None;
        let mut pen = Pen::new(buf, area, 0);
        if total > 0 {
            let last = (self.rows.offset() + height).min(total);
            let place = if area.width >= 60 {
                format!("{} to {} of ", self.rows.offset() + 1, format::count(last as u64))
            } else {
                String::new()
            };
            pen.end(format!("{place}{}", format::count(total as u64)), dim);
        }
        if self.searching || !self.search.is_empty() {
            let left = pen.left();
            pen.text("/ ", ui.style(Tone::Accent));
            let field = Rect { x: area.x + 2, width: left.saturating_sub(3).min(40), height: 1, ..area };
            if self.searching {
                buf.set_style(field, ui.theme.field());
            }
            let place = self.search.paint(field, buf, false, ui);
            cursor = self.searching.then_some(place);
            if self.search.is_empty() {
                let beside = Rect { x: field.x + 1, width: field.width.saturating_sub(1), ..field };
                Pen::new(buf, beside, 0).text(search::TERMS, dim);
            }
            let rest = Rect { x: field.right() + 2, width: left.saturating_sub(field.width + 4), ..area };
            pen = Pen::new(buf, rest, 0);
        } else if self.loaded {
            let word = match (self.choice.bin, total) {
                (true, _) => "In the bin",
                (false, 1) => "1 key",
                (false, _) => "Keys",
            };
            pen.text(word, ui.style(Tone::Strong)).skip(1);
        }
        if self.loaded && total > 0 {
            let mut words = Vec::new();
            if self.many.count() > 0 {
                let marked =
                    format!("{} {} marked", ui.glyphs.check, format::count(self.many.count() as u64));
                words.push((marked, ui.style(Tone::Accent)));
            }
            if let Some(environment) = self.choice.environment {
                let (mark, _, word, tone) = marks::environment(environment, ui);
                words.push((format!("{mark} {word}"), ui.style(tone)));
            }
            if let Some(status) = self.choice.status {
                let (mark, word, tone) = marks::status(status, ui);
                words.push((format!("{mark} {word}"), ui.style(tone)));
            }
            if let Some(way) = self.choice.hygiene {
                words.push((counters::name(way).to_owned(), ui.style(Tone::Strong)));
            }
            words.extend(counters::note(self.choice.hygiene).map(|note| (note.to_owned(), dim)));
            words.push((self.choice.sort_name().to_owned(), dim));
            for (word, tone) in words {
                pen.text(format!("{} ", ui.glyphs.dot), ui.style(Tone::Faint)).text(word, tone).skip(1);
            }
        }
        cursor
    }

    fn row(&self, area: Rect, buf: &mut Buffer, key: &KeyView, columns: &[(Column, u16)], ui: &Ui) {
        let (dim, text) = (ui.style(Tone::Dim), ui.style(Tone::Text));
        let (mark, status, tone) = marks::standing(key, ui);
        let sign = if self.many.is_marked(key.id) { ui.glyphs.check } else { " " };
        let mut pen = Pen::new(buf, area, 0);
        pen.skip(1).text(sign, ui.style(Tone::Accent)).text(mark, ui.style(tone)).skip(1);
        for (at, (column, width)) in columns.iter().enumerate() {
            pen.skip(if at > 0 { GAP } else { 0 });
            match column {
                Column::Name => pen.cell(safe(&key.name), *width, ui.style(Tone::Strong)),
                Column::Service => pen.cell(safe(&key.service), *width, dim),
                Column::Environment => {
                    let (mark, short, long, tone) = marks::environment(key.environment, ui);
                    let word = if *width >= 13 { long } else { short };
                    pen.cell(format!("{mark} {word}"), *width, ui.style(tone))
                }
                Column::Status => pen.cell(status, *width, ui.style(tone)),
                Column::Used => match key.last_used {
                    Some(at) => pen.cell(format::age(ui.now_ms, at.as_millisecond()), *width, text),
                    None => pen.cell("never", *width, ui.style(Tone::Dim)),
                },
                Column::Rate => {
                    spark(&mut pen, self.rates.get(&key.id), *width, ui);
                    &mut pen
                }
                Column::Month => {
                    month(&mut pen, key, *width, ui);
                    &mut pen
                }
                Column::Rotation => {
                    let (due, tone) = marks::rotation_due(key, ui.now_ms);
                    pen.cell(due, *width, ui.style(tone))
                }
                Column::Calls => pen.cell_right(format::short(key.usage_count), *width, dim),
                Column::Deleted => {
                    let at_ms = key.deleted_at.map_or(0, |at| at.as_millisecond());
                    pen.cell(format::age(ui.now_ms, at_ms), *width, text)
                }
                Column::Left => pen.cell(marks::left_in_bin(key, ui.now_ms), *width, text),
            };
        }
    }

    fn nothing(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let (title, lines): (&str, Vec<String>) = if let Some(notice) = &self.failed {
            let (title, text) = failure(notice);
            (title, vec![text.to_owned(), "r tries again.".to_owned()])
        } else if !self.loaded {
            if !self.loading.is_some_and(|(pending, ..)| pending.is_long(ui.now_ms)) {
                return at(area, 0, 0);
            }
            ("Reading the keys…", Vec::new())
        } else if self.narrowed() {
            let note = counters::note(self.choice.hygiene).map(|note| format!("This tells {note} alone."));
            (
                "No key matches.",
                note.into_iter().chain(["Esc clears search and filters.".to_owned()]).collect(),
            )
        } else if self.choice.bin {
            ("The bin is empty.", vec!["Deleted keys stay here for 30 days. Esc goes back.".to_owned()])
        } else {
            let command = safe(&self.ssh_command);
            let lines = [
                "Press n to add the first one: its value is sealed before it is stored.".to_owned(),
                String::new(),
                "Or from a shell:".to_owned(),
                format!("{command} keys add --name NAME --service SERVICE < value.txt"),
            ];
            ("No API keys yet", lines.to_vec())
        };
        let columns = area.width.min(70);
        let lines: Vec<String> = lines
            .iter()
            .flat_map(|line| if line.is_empty() { vec![String::new()] } else { wrap(line, columns) })
            .collect();
        let top = area.height.saturating_sub(lines.len() as u16 + 2) / 3;
        let inner = Rect { x: area.x + (area.width - columns) / 2, width: columns, ..area };
        Pen::new(buf, inner, top).text(title, ui.style(Tone::Strong));
        for (row, line) in (top + 2..).zip(&lines) {
            Pen::new(buf, inner, row).text(line, ui.style(Tone::Dim));
        }
        at(inner, 0, top)
    }
}

fn titles(area: Rect, buf: &mut Buffer, columns: &[(Column, u16)], ui: &Ui) {
    let mut pen = Pen::new(buf, area, 0);
    pen.skip(LEAD);
    for (at, (column, width)) in columns.iter().enumerate() {
        let name = match column {
            Column::Name => "NAME",
            Column::Service => "SERVICE",
            Column::Environment if *width < 13 => "ENV",
            Column::Environment => "ENVIRONMENT",
            Column::Status => "STATUS",
            Column::Used => "USED",
            Column::Rate if *width < 11 => "ONE MINUTE",
            Column::Rate => "LAST MINUTE",
            Column::Month => "THIS MONTH",
            Column::Rotation => "ROTATION",
            Column::Calls => "CALLS",
            Column::Deleted => "DELETED",
            Column::Left => "STAYS",
        };
        pen.skip(if at > 0 { GAP } else { 0 });
        match column {
            Column::Calls => pen.cell_right(name, *width, ui.style(Tone::Dim)),
            _ => pen.cell(name, *width, ui.style(Tone::Dim)),
        };
    }
}

/// The last minute of a key in one row.
fn spark(pen: &mut Pen<'_>, ring: Option<&Ring>, width: u16, ui: &Ui) {
    let seconds = SECONDS.div_ceil(usize::from(width));
    let cells = SECONDS.div_ceil(seconds);
    match ring {
        Some(ring) => {
            let values = ring.buckets(ui.now_s(), cells, seconds);
            let max = values.iter().copied().fold(1.0, f64::max);
            chart::sparkline(pen, &values, max, ui);
        }
        None => {
            pen.skip(cells as u16);
        }
    }
    pen.skip(width.saturating_sub(cells as u16));
}

/// The month: against its limit, or only its calls.
fn month(pen: &mut Pen<'_>, key: &KeyView, width: u16, ui: &Ui) {
    match key.monthly_limit {
        Some(limit) => {
            let share = key.current_month_usage as f64 / limit.max(1) as f64;
            chart::bar(pen, width.saturating_sub(6), key.current_month_usage, limit, ui);
            let percent = format::whole_percent(key.current_month_usage, limit);
            pen.cell_right(
                percent,
                6,
                if share >= 0.8 { chart::limit_style(share, ui) } else { ui.style(Tone::Text) },
            );
        }
        None => {
            let used = key.current_month_usage;
            let calls = format!("{} {}", format::short(used), format::unit(used, "calls"));
            pen.cell_right(calls, width, ui.style(Tone::Dim));
        }
    }
}

/// The selected key in one line, for windows without a pane.
fn one_line(area: Rect, buf: &mut Buffer, key: &KeyView, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let mut parts = Parts::new(Pen::new(buf, area, 0), false, ui);
    parts.add(&[(&safe(&key.key_id), dim)]);
    if key.deleted_at.is_some() {
        parts.add(&[(&format!("stays in the bin for {}", marks::left_in_bin(key, ui.now_ms)), dim)]);
        return;
    }
    let (rotation, tone) = marks::rotation(key, ui.now_ms);
    let (_, status, status_tone) = marks::standing(key, ui);
    parts.add(&[(status, ui.style(status_tone))]).add(&[(marks::custody(key.custody).0, dim)]);
    parts.add(&[("rotation ", dim), (&rotation, if tone == Tone::Text { dim } else { ui.style(tone) })]);
    if !key.tags.is_empty() {
        parts.add(&[(&safe(&key.tags.join(", ")), dim)]);
    }
}
