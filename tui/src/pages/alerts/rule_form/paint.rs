//! The form for a rule as it is drawn: fields, what they mean, and what became of the trial. It changes nothing.

use super::*;

impl RuleForm {
    /// What it would have done, in words.
    pub(super) fn past(&self, now_ms: i64) -> (String, Tone) {
        if let Some(why) = self.fields.kind().why_not_replayable {
            return (format!("It cannot be tried on the past: {why}."), Tone::Dim);
        }
        match &self.tried {
            None if self.trying.is_some_and(|pending| pending.is_long(now_ms)) => {
                ("Trying it on the past 30 days…".to_owned(), Tone::Dim)
            }
            None => (String::new(), Tone::Dim),
            Some(Err(why)) => (why.clone(), Tone::Warn),
            Some(Ok(tried)) => {
                (self.tried_in_words(tried), if tried.count > 30 { Tone::Warn } else { Tone::Good })
            }
        }
    }

    pub(super) fn tried_in_words(&self, tried: &AlertTrialView) -> String {
        let keys = match (tried.api_key_id, tried.keys) {
            (Some(_), _) => String::new(),
            (None, 0) => return "No key is there to try it on.".to_owned(),
            (None, 1) => " on 1 key".to_owned(),
            (None, keys) => {
                format!(" on {}{} keys", if tried.more { "the newest " } else { "" }, format::count(keys))
            }
        };
        let Some(last) = tried.firings.last() else {
            return format!("It would not have fired in the past 30 days{keys}.");
        };
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let at = last.from.to_zoned(zone).strftime("%-d %b %H:%M").to_string();
        let times = if tried.count == 1 {
            "once".to_owned()
        } else {
            format!("{} times", format::count(tried.count))
        };
        format!("It would have fired {times} in the past 30 days{keys}, last on {at}.")
    }

    /// The rows of the fields: where each stands, remarks below where the screen is narrow.
    pub(super) fn slots(&self, area: Rect, room: u16) -> Vec<(Field, u16)> {
        let mut row = if area.height >= 14 { 3 } else { 0 };
        let shown = self.fields.shown();
        let airy = usize::from(area.height) >= shown.len() * 2 + 10;
        let mut slots = Vec::new();
        for field in shown {
            slots.push((field, row));
            let below = if area.width < WIDE { self.said(field, area).len() } else { 0 };
            row += 1 + u16::try_from(below).unwrap_or(1).max(u16::from(airy));
        }
        // On a low screen the fields above the cursor make way.
        let focus = slots.iter().position(|(field, _)| *field == self.focus).unwrap_or(0);
        let said = u16::try_from(self.said(self.focus, area).len()).unwrap_or(1).max(1);
        let hidden = slots.get(focus).map_or(0, |(_, row)| (row + 1 + said).saturating_sub(room).min(*row));
        slots.into_iter().filter_map(|(field, row)| Some((field, row.checked_sub(hidden)?))).collect()
    }

    pub(super) fn draw_field(&self, field: Field, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
        let focused = field == self.focus;
        let label = LABEL.min(area.width * 2 / 5);
        let tone = ui.style(if focused { Tone::Accent } else { Tone::Dim });
        let mut pen = Pen::new(buf, area, 0);
        pen.cell(if focused { ui.glyphs.marker } else { " " }, 2, tone);
        pen.cell(field.label(), label.saturating_sub(2), tone);
        let place = Rect { x: area.x + label, width: area.width.saturating_sub(label).min(FIELD), ..area };
        if field.is_choice() {
            let (words, chosen) = self.fields.choices(field);
            let word = words.get(chosen).cloned().unwrap_or_default();
            let count = format!("{} of {}", chosen + 1, words.len());
            let mut pen = Pen::new(buf, place, 0);
            pen.end(count, ui.style(Tone::Faint));
            pen.text(" ", tone).text(&word, ui.style(Tone::Strong)).text(" ", tone);
            ui.theme.select(buf, Rect { width: (width(&word) + 2).min(place.width), ..place });
            return Position::new(place.x, place.y);
        }
        buf.set_style(place, ui.theme.field());
        let inner = Rect { x: place.x + 1, width: place.width.saturating_sub(2), ..place };
        let ghost = match field {
            Field::Name if self.fields.text(field).is_empty() => self.fields.suggested(),
            Field::Threshold => {
                self.fields.kind().threshold.map(|usual| usual.to_string()).unwrap_or_default()
            }
            Field::Window => self.fields.kind().window.map(|usual| usual.to_string()).unwrap_or_default(),
            Field::Key => "all keys".to_owned(),
            _ => String::new(),
        };
        let cursor = self.fields.edit(field).paint(inner, buf, false, ui);
        let rest = Rect { x: cursor.x, width: inner.right().saturating_sub(cursor.x), ..inner };
        if self.fields.text(field).is_empty() {
            Pen::new(buf, rest, 0).text(ghost, ui.style(Tone::Dim));
        } else if let Some((_, completes)) =
            self.fields.completion().filter(|_| field == Field::Key && focused)
        {
            Pen::new(buf, rest, 0).text(safe(completes), ui.style(Tone::Dim));
        }
        cursor
    }

    /// What is wrong with a field, or a word of help where the cursor is, in rows as they fit on this page.
    pub(super) fn said(&self, field: Field, area: Rect) -> Vec<String> {
        let room = area.width.saturating_sub(beside(area).0);
        match self.fault(field) {
            Some(fault) => wrap(&safe(&fault), room.saturating_sub(2)),
            None if field == self.focus => wrap(&self.fields.hint(field), room.saturating_sub(1)),
            None => Vec::new(),
        }
    }

    pub(super) fn draw_remark(&self, field: Field, line: Rect, window: u16, buf: &mut Buffer, ui: &Ui) {
        let (x, below) = beside(line);
        let wrong = self.fault(field).is_some();
        let style = ui.style(if wrong { Tone::Bad } else { Tone::Dim });
        for (row, text) in (below..window).zip(self.said(field, line)) {
            let place =
                Rect { x: line.x + x, y: line.y + row, width: line.width.saturating_sub(x), height: 1 };
            let mark = if wrong && row == below { ui.glyphs.cross } else { "" };
            Pen::new(buf, place, 0).cell(mark, 1 + u16::from(wrong), style).text(text, style);
        }
    }

    /// What it will do, and what it would have done, in lines: at most half of the page.
    pub(super) fn meaning(&self, area: Rect, now_ms: i64) -> Vec<(String, Tone)> {
        let (new, _) = self.fields.new_rule();
        let says = new.in_words(&self.fields.whose());
        let says = says.unwrap_or_else(|| "Something above is still wrong.".to_owned());
        let (past, past_tone) = self.past(now_ms);
        let columns = area.width.min(LABEL + FIELD + 30);
        let line = |tone| move |line| (line, tone);
        let mut rows: Vec<_> = wrap(&says, columns).into_iter().map(line(Tone::Strong)).collect();
        rows.extend(wrap(&past, columns).into_iter().map(line(past_tone)));
        rows.truncate(usize::from(area.height / 2));
        rows
    }

    /// Rows that are left for the fields: below them come a gap, the meaning, and the row of what went wrong.
    pub(super) fn room(&self, area: Rect, now_ms: i64) -> u16 {
        let meaning = u16::try_from(self.meaning(area, now_ms).len()).unwrap_or(area.height);
        area.height.saturating_sub(meaning + 1 + u16::from(area.height >= 14)).max(2)
    }
}

/// From which column on something is said of a field, and how many rows below it.
fn beside(area: Rect) -> (u16, u16) {
    let label = LABEL.min(area.width * 2 / 5);
    if area.width >= WIDE { (label + FIELD + 2, 0) } else { (label, 1) }
}
