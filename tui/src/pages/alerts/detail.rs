//! All there is to know of one alert: what crossed, how the value went against the threshold, what became of it and by
//! whom. It is read for the alert at hand, and again when that changes; the same beside a list and on a page of its own.

use jiff::tz::TimeZone;
use keyward_keys::view::{AlertCourse, AlertHistory, AlertView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::layout::cut;
use super::words;
use crate::app::cx::Cx;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::marks;
use crate::pages::read::Read;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, at, safe, wrap};
use crate::widgets::plot::{Line, Plot};
use crate::widgets::ticks::ticks;

/// Calls make it be read again at most this often, ms.
const REST_MS: i64 = 15_000;

/// Rows of the chart, with its axis.
const CHART: (u16, u16) = (5, 14);

/// What is known of an alert.
#[derive(Default)]
pub(super) struct Detail {
    of: Option<Id>,
    read: Read<Box<AlertHistory>>,
    wanted: bool,
    asked_ms: i64,
    zone: Option<TimeZone>,
}

impl Detail {
    /// Tells of this alert from now on.
    pub(super) fn turn_to(&mut self, alert: Option<Id>, cx: &mut Cx<'_>) {
        if self.of != alert {
            self.of = alert;
            self.read = Read::default();
            self.ask(cx);
        }
    }

    /// Reads it again.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>) {
        // A zone that this machine does not know is told in UTC.
        self.zone = TimeZone::get(&cx.user.time_zone).ok();
        (self.wanted, self.asked_ms) = (false, cx.now_ms);
        if let Some(id) = self.of {
            self.read.ask(cx, Query::Alerts(AlertAsk::History(id)));
        }
    }

    /// Reads it again when it is time.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>) {
        if self.wanted && cx.front && cx.now_ms >= self.asked_ms + REST_MS {
            self.ask(cx);
        }
    }

    pub(super) fn get(&self) -> Option<&AlertHistory> {
        self.read.get().map(Box::as_ref)
    }

    pub(super) fn awaits(&self, id: RequestId) -> bool {
        self.read.awaits(id)
    }

    pub(super) fn took(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        self.read.take(result, cx, |answer| match answer {
            Answer::Alerts(AlertAnswer::History(history)) => Some(history),
            _ => None,
        });
    }

    /// Something happened: at once when it is about this alert or its key, a while later when the key was called.
    pub(super) fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        let key = self.get().and_then(|history| history.alert.api_key_id);
        match event {
            Event::AlertChanged { alert, .. } if alert.is_some() && *alert == self.of => self.ask(cx),
            Event::KeyChanged { api_key, .. } if Some(*api_key) == key => self.ask(cx),
            Event::Usage { api_key, .. } if Some(*api_key) == key => self.wanted = true,
            _ => {}
        }
    }

    pub(super) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let wanted = self.wanted.then_some(self.asked_ms + REST_MS);
        crate::pages::sooner(wanted, self.read.next_tick(now_ms))
    }

    /// Draws it, scrolled down by so many rows of what became of it.
    pub(super) fn draw(&self, area: Rect, scroll: usize, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let Some(history) = self.get() else {
            return self.read.paint_absence("the alert", area, buf, ui);
        };
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let (head, rest) = cut(area, head(history, area, buf, ui));
        let turns = u16::try_from(history.turns.len()).unwrap_or(u16::MAX).saturating_add(2);
        let spare = rest.height.saturating_sub(turns.min(rest.height / 2));
        let mut rest = rest;
        if let Some(course) = &history.course
            && spare > CHART.0
        {
            // Where there is room for more, it takes up to half of it.
            let (chart, below) = cut(rest, spare.min((area.height / 2).max(CHART.1 + 2)));
            draw_course(history, course, &zone, chart, buf, ui);
            rest = below;
        }
        draw_turns(history, &zone, scroll, rest, buf, ui);
        at(head, 0, 0)
    }

    /// Rows that what became of it takes.
    pub(super) fn turns(&self) -> usize {
        self.get().map_or(0, |history| history.turns.len())
    }
}

/// What crossed, where, and what the rule says; answers how many rows that took.
fn head(history: &AlertHistory, area: Rect, buf: &mut Buffer, ui: &Ui) -> u16 {
    let alert = &history.alert;
    let (dim, strong) = (ui.style(Tone::Dim), ui.style(Tone::Strong));
    let (severity, word, tone) = words::severity(alert.severity, ui);
    let (state, stands, state_tone) = words::state(alert.state, ui);
    let mut pen = Pen::new(buf, area, 0);
    pen.end(since(alert, ui.now_ms), dim);
    pen.text(severity, ui.style(tone)).skip(1).text(word, ui.style(tone)).skip(2);
    pen.text(state, ui.style(state_tone)).skip(1).text(stands, ui.style(state_tone));
    let mut pen = Pen::new(buf, area, 1);
    if let Some(key) = &history.key {
        let (mark, _, place, tone) = marks::environment(key.environment, ui);
        pen.end(format!("{mark} {place}"), ui.style(tone));
        if key.frozen {
            let (mark, word, tone) = marks::standing(key, ui);
            pen.end(format!("{mark} {word}"), ui.style(tone));
        }
    }
    pen.text(words::key(alert), strong);
    let mut row = 2;
    for line in wrap(&words::what(alert), area.width) {
        Pen::new(buf, area, row).text(line, ui.style(Tone::Text));
        row += 1;
    }
    // On a low screen the figures say enough.
    let told = history.rule_in_words.as_deref().filter(|_| area.height >= 12);
    if let Some(told) = told {
        let name = alert.rule_name.as_deref().map(|name| format!("{}: ", safe(name))).unwrap_or_default();
        for line in wrap(&format!("{name}{}", safe(told)), area.width) {
            Pen::new(buf, area, row).text(line, dim);
            row += 1;
        }
    }
    if let Some(handled) = handled(history, ui.now_ms) {
        Pen::new(buf, area, row).text(handled, ui.style(Tone::Accent));
        row += 1;
    }
    let key = history.key.as_ref();
    if let Some(key) = key.filter(|key| !key.networks.is_empty()) {
        let networks: Vec<_> = key.networks.iter().map(ToString::to_string).collect();
        Pen::new(buf, area, row)
            .text(format!("Fetched from {} only", networks.join(", ")), ui.style(Tone::Warn));
        row += 1;
    }
    if let Some(undo) = &history.undo {
        let mut pen = Pen::new(buf, area, row);
        pen.text("z", ui.style(Tone::Accent))
            .text(" takes back: ", dim)
            .text(safe(undo), ui.style(Tone::Text));
        row += 1;
    }
    row + u16::from(area.height >= 12)
}

/// Since when, until when.
fn since(alert: &AlertView, now_ms: i64) -> String {
    let from_ms = alert.first_seen.as_millisecond();
    match (alert.resolved_at, alert.snoozed_until) {
        (Some(over), _) => {
            let over_ms = over.as_millisecond();
            format!("{}, lasted {}", format::ago(now_ms, from_ms), format::span((over_ms - from_ms).max(1)))
        }
        (None, Some(until)) => format!("sleeps for {}", format::span(until.as_millisecond() - now_ms)),
        (None, None) => format!("since {}", format::age(now_ms, from_ms).replace("now", "just now")),
    }
}

/// Who looks after it, or has settled it.
fn handled(history: &AlertHistory, now_ms: i64) -> Option<String> {
    let alert = &history.alert;
    let name = |id: Id| {
        let turn = history.turns.iter().rev().find(|turn| turn.by == Some(id));
        turn.and_then(|turn| turn.by_name.as_deref()).map_or_else(|| "somebody".into(), safe)
    };
    if let Some(by) = alert.resolved_by {
        return Some(format!("Settled by {}", name(by)));
    }
    let by = alert.acknowledged_by.filter(|_| alert.resolved_at.is_none())?;
    let at = alert.acknowledged_at?.as_millisecond();
    Some(format!("{} looks after it, since {}", name(by), format::age(now_ms, at).replace("now", "just now")))
}

/// The value against the threshold, and how it went.
fn draw_course(
    history: &AlertHistory,
    course: &AlertCourse,
    zone: &TimeZone,
    area: Rect,
    buf: &mut Buffer,
    ui: &Ui,
) {
    let alert = &history.alert;
    let (dim, strong) = (ui.style(Tone::Dim), ui.style(Tone::Strong));
    let mut pen = Pen::new(buf, area, 0);
    let over = alert.resolved_at.is_some();
    pen.end(span_of(course), dim);
    pen.text(if over { "came to " } else { "now " }, dim);
    let tone = if over { Tone::Strong } else { Tone::Bad };
    pen.text(words::value(alert.value, alert.unit), ui.style(tone)).text("  fires at ", dim);
    pen.text(words::value(alert.threshold, alert.unit), strong);
    let values: Vec<Option<f64>> = course.values.iter().map(|one| one.map(|value| value as f64)).collect();
    let (_, chart) = cut(area, 1);
    let chart = Rect { height: chart.height.saturating_sub(1), ..chart };
    if values.iter().all(Option::is_none) {
        Pen::new(buf, chart, 0).text("No calls in this time to tell it by.", dim);
        return;
    }
    let from_s = course.from.as_second();
    let moment = |step: usize| {
        let seconds = from_s + i64::try_from(step).unwrap_or(0) * i64::from(course.step);
        jiff::Timestamp::from_second(seconds).unwrap_or(course.from)
    };
    let starts: Vec<_> = (0..values.len()).map(moment).collect();
    let threshold = vec![Some(alert.threshold as f64); values.len()];
    let plot = Plot {
        lines: vec![
            Line { values, style: ui.style(Tone::Accent), mark: "", dotted: false },
            Line { values: threshold, style: ui.style(Tone::Bad), mark: "fires", dotted: true },
        ],
        filled: false,
        ticks: ticks(&starts, zone, chart.width.saturating_sub(12)),
        whole: true,
        figure: match alert.unit {
            "ms" => format::millis,
            "%" => |value| format!("{value:.0} %"),
            _ => |value| format::brief(value as u64),
        },
        cursor: None,
    };
    plot.paint(chart, buf, ui);
}

/// How long a stretch the chart shows.
fn span_of(course: &AlertCourse) -> String {
    let seconds = i64::from(course.step) * i64::try_from(course.values.len()).unwrap_or(0);
    format!("{} shown", format::span(seconds * 1_000))
}

/// What became of it, oldest first.
fn draw_turns(history: &AlertHistory, zone: &TimeZone, scroll: usize, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let mut row = 0;
    if area.height >= 5 {
        let mut pen = Pen::new(buf, area, 0);
        pen.text("What became of it ", dim);
        let rest = usize::from(pen.left());
        pen.text(ui.glyphs.rule.repeat(rest), ui.style(Tone::Faint));
        row = 1;
    }
    let today = at_zone(ui.now_ms, zone).date();
    // The newest matter most where there is little room.
    let room = usize::from(area.height.saturating_sub(row)).max(1);
    let first = history.turns.len().saturating_sub(room).saturating_sub(scroll);
    for turn in history.turns.iter().skip(first).take(room) {
        let at = at_zone(turn.at.as_millisecond(), zone);
        let when = |at: &jiff::Zoned| {
            let form = if at.date() == today { "%H:%M" } else { "%-d %b %H:%M" };
            at.strftime(form).to_string()
        };
        let (mark, tone) = words::turn_mark(turn.turn, ui);
        let mut pen = Pen::new(buf, area, row);
        pen.text(mark, ui.style(tone)).skip(1).cell(when(&at), 13, dim);
        pen.text(words::turn(turn), ui.style(Tone::Text));
        use keyward_keys::AlertTurnKind as T;
        // The words of these say it already.
        if !turn.detail.is_empty() && !matches!(turn.turn, T::Fired | T::Responded) {
            let between = if turn.turn == T::Undone { " " } else { ": " };
            // Of a moment, only its reader's clock can tell.
            let until = turn.detail.strip_prefix("until ").and_then(|at| at.parse::<jiff::Timestamp>().ok());
            let until = until.map(|at| format!("until {}", when(&at.to_zoned(zone.clone()))));
            pen.text(between, dim).text(until.as_deref().unwrap_or(&safe(&turn.detail)), dim);
        }
        row += 1;
    }
}

fn at_zone(ms: i64, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}
