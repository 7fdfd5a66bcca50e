//! Draws the charts: what is shown in words, the chart of what was chosen, the two others where there is room, and the
//! legend below or beside them.

use jiff::tz::TimeZone;
use keyward_keys::prices::Money;
use keyward_keys::view::{KindUse, UsageLine, UsagePoint, UsageSeries};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::pages::marks;
use crate::pages::usage::UsagePage;
use crate::pages::usage::choice::{breakdown_word, step_word};
use crate::pages::usage::layout::Layout;
use crate::pages::usage::legend::{self, MARKS, TONES};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Parts, Pen, Ui, at, safe, wrap};
use crate::widgets::plot::{Line, Plot};
use crate::widgets::ticks::ticks;
use keyward_keys::table::{self, Metric};

/// The point under a place of the screen.
pub(super) fn point_under(page: &UsagePage, layout: &Layout, place: Position) -> Option<usize> {
    let series = page.series.as_deref()?;
    let plot = page.plot(series, page.choice.metric, layout.chart.width, None);
    let canvas = plot.frame(layout.chart).canvas;
    canvas.contains(place).then(|| plot.point(place.x - canvas.x, canvas.width))
}

impl UsagePage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let layout = Layout::of(self, area);
        let typing = self.searching.then(|| self.draw_search(&layout, buf, ui)).flatten();
        let below = Rect { y: layout.chart.y, height: area.bottom() - layout.chart.y, ..area };
        let Some(series) = self.series.as_deref() else {
            return typing.or(self.draw_nothing(below, buf, ui));
        };
        if !self.searching {
            self.draw_head(series, layout.head, buf, ui);
            self.draw_options(series, layout.options, buf, ui);
        }
        if self.failed.is_some() || self.is_empty(series) {
            return typing.or(self.draw_nothing(below, buf, ui));
        }
        let chosen = self.choice.metric;
        self.plot(series, chosen, layout.chart.width, Some(ui)).paint(layout.chart, buf, ui);
        let others = Metric::ALL.into_iter().filter(|metric| *metric != chosen);
        for (metric, place) in others.zip(layout.others).filter(|(_, place)| place.height > 3) {
            Pen::new(buf, place, 0).text(title(metric), ui.style(Tone::Dim));
            let place = Rect { y: place.y + 1, height: place.height - 1, ..place };
            self.plot(series, metric, place.width, Some(ui)).paint(place, buf, ui);
        }
        legend::draw(self, series, layout.titles, layout.rows, buf, ui);
        let row = u16::try_from(self.place_selected().saturating_sub(self.offset)).unwrap_or(u16::MAX);
        typing.or(at(layout.rows, 0, row)).or(at(area, 0, 0))
    }

    pub(super) fn is_empty(&self, series: &UsageSeries) -> bool {
        let before = series.total.previous.map_or(0, |summary| summary.total_requests);
        series.total.summary.total_requests + before == 0
    }

    /// The chart of a metric. Without `ui` it has no colours, and its places are the same.
    fn plot(&self, series: &UsageSeries, metric: Metric, columns: u16, ui: Option<&Ui>) -> Plot {
        let style = |tone: Tone| ui.map(|ui| ui.style(tone)).unwrap_or_default();
        let values = |points: &[UsagePoint]| points.iter().map(|point| metric.of(point)).collect();
        let mut lines: Vec<Line> = Vec::new();
        let mut alone = true;
        for (number, line) in table::Line::all(series).enumerate().rev() {
            let Some(values) = line.values(metric) else { continue };
            alone = false;
            if self.is_hidden(line) {
                continue;
            }
            let tone = if self.selected.is_some() && !self.is_selected(line) {
                Tone::Dim
            } else {
                TONES[number % TONES.len()]
            };
            let mark = MARKS[number % MARKS.len()];
            lines.push(Line { values, style: style(tone), mark, dotted: false });
        }
        // The one that is pointed out is drawn on top.
        if let Some(at) = table::Line::all(series).position(|line| self.is_selected(line))
            && let Some(drawn) = lines.iter().position(|line| line.mark == MARKS[at % MARKS.len()])
        {
            let line = lines.remove(drawn);
            lines.push(Line { style: line.style.add_modifier(Modifier::BOLD), ..line });
        }
        if alone && metric == Metric::Latency {
            let quantiles = [("p99", Tone::Warn), ("p95", Tone::Accent), ("p50", Tone::Good)];
            lines.extend(quantiles.map(|(mark, tone)| Line {
                values: series.total.points.iter().map(|point| quantile(point, mark)).collect(),
                style: style(tone),
                mark,
                dotted: false,
            }));
        } else if alone {
            if let Some(previous) = &series.previous {
                lines.push(Line {
                    values: values(&previous.points),
                    style: style(Tone::Dim),
                    mark: "",
                    dotted: true,
                });
            }
            let tone = if metric == Metric::Errors { Tone::Bad } else { Tone::Accent };
            lines.push(Line {
                values: values(&series.total.points),
                style: style(tone),
                mark: "",
                dotted: false,
            });
        }
        let starts: Vec<_> = series.total.points.iter().map(|point| point.start).collect();
        let zone = TimeZone::get(&series.timezone).unwrap_or(TimeZone::UTC);
        Plot {
            lines,
            filled: alone && metric == Metric::Requests && series.previous.is_none(),
            ticks: ticks(&starts, &zone, columns.saturating_sub(8)),
            whole: !matches!(metric, Metric::Latency | Metric::Cost),
            figure: match metric {
                Metric::Latency => format::millis,
                Metric::Cost => |value| Money((value * 1e6) as u64).to_string(),
                _ => |value| format::brief(value as u64),
            },
            cursor: self.point,
        }
    }

    /// What is shown, in one line.
    fn draw_head(&self, series: &UsageSeries, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let (dim, strong) = (ui.style(Tone::Dim), ui.style(Tone::Strong));
        let line = self.line().unwrap_or(table::Line::Whole(&series.total));
        let mut pen = Pen::new(buf, area, 0);
        if area.width >= 60 {
            pen.text(title(self.choice.metric), ui.style(Tone::Accent)).skip(2);
        }
        if let Some(name) = self.selected.as_ref().map(|(_, name)| safe(name)) {
            pen.text(name, strong).text(": ", dim);
        }
        if let Some(at) = self.point.filter(|at| *at < series.total.points.len()) {
            let zone = TimeZone::get(&series.timezone).unwrap_or(TimeZone::UTC);
            let start = moment(&series.total.points[at], series, &zone);
            pen.text(start, strong).skip(2).text(self.at_point(line, at, series), ui.style(Tone::Text));
            return;
        }
        let (figure, change) = match line {
            table::Line::Whole(line) => self.words(line, &series.currency),
            table::Line::Kind(kind) => self.words_of_kind(kind, series.total.summary.total_requests),
        };
        pen.text(figure, strong).skip(2).text(change, dim);
    }

    /// The figures of a line at a point.
    fn at_point(&self, line: table::Line<'_>, at: usize, series: &UsageSeries) -> String {
        let point = match line {
            table::Line::Kind(kind) => {
                let [calls, errors] = [&kind.points, &kind.error_points]
                    .map(|points| points.get(at).copied().unwrap_or_default());
                return format!("{}, {} errors", format::calls(calls), format::count(errors));
            }
            table::Line::Whole(line) => line.points.get(at).unwrap_or(&series.total.points[at]),
        };
        match (self.choice.metric, point.p50, point.p95, point.p99) {
            (Metric::Latency, Some(p50), Some(p95), Some(p99)) => {
                let [p50, p95, p99] = [p50, p95, p99].map(format::millis);
                format!("p50 {p50}, p95 {p95}, p99 {p99}")
            }
            (Metric::Tokens | Metric::Cost, ..) => spent(point.tokens, point.cost, &series.currency),
            _ => format!("{}, {} errors", format::calls(point.requests), format::count(point.errors)),
        }
    }

    /// The calls of one kind, and how many they were in the period before; or how many of them failed.
    fn words_of_kind(&self, kind: &KindUse, all: u64) -> (String, String) {
        let before = &self.before;
        let share = format::percent(kind.requests, all);
        if self.choice.metric == Metric::Errors {
            let of_calls = format::percent(kind.errors, kind.requests);
            return (
                format!("{} errors, {of_calls} of its calls", format::count(kind.errors)),
                String::new(),
            );
        }
        let change = kind.previous_requests.map(|then| more(kind.requests, then, before));
        (format!("{}, {share} of all", format::calls(kind.requests)), change.unwrap_or_default())
    }

    /// The figure of a line, and how that was in the period before.
    fn words(&self, line: &UsageLine, currency: &str) -> (String, String) {
        let now = &line.summary;
        let before = &self.before;
        let of_calls = |summary: &keyward_keys::view::UsageSummary| {
            format::percent(summary.failed_requests, summary.total_requests)
        };
        match self.choice.metric {
            Metric::Requests => (
                format::calls(now.total_requests),
                line.previous
                    .map_or(String::new(), |then| more(now.total_requests, then.total_requests, before)),
            ),
            Metric::Errors => (
                format!("{} errors, {} of calls", format::count(now.failed_requests), of_calls(now)),
                line.previous.map_or(String::new(), |then| format!("{} in {before}", of_calls(&then))),
            ),
            Metric::Latency => (
                format!(
                    "median {}, p95 {}, p99 {}",
                    format::millis(now.p50),
                    format::millis(now.p95),
                    format::millis(now.p99)
                ),
                line.previous
                    .filter(|then| then.p95 > 0.0)
                    .map_or(String::new(), |then| format!("p95 {} in {before}", format::millis(then.p95))),
            ),
            Metric::Tokens => (
                spent(now.tokens, now.cost, currency),
                line.previous.map_or(String::new(), |then| more(now.tokens, then.tokens, before)),
            ),
            Metric::Cost => (
                spent(now.tokens, now.cost, currency),
                line.previous
                    .and_then(|then| then.cost)
                    .map_or(String::new(), |then| format!("{then} {currency} in {before}")),
            ),
        }
    }

    /// What can be chosen, and what is.
    fn draw_options(&self, series: &UsageSeries, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let taken = self.draw_picks(series, area, buf, ui);
        let mut pen = Pen::new(buf, area, 0);
        pen.skip(taken);
        if self.choice.dates.is_some() {
            let chosen = ui.style(Tone::Strong).add_modifier(Modifier::UNDERLINED);
            pen.text(self.choice.span_words(), chosen);
        }
        let mut words: Vec<String> = Vec::new();
        words.extend(self.choice.by.map(|by| format!("by {}", breakdown_word(by))));
        words.extend(
            self.choice.environment.map(|environment| marks::environment_word(environment).to_owned()),
        );
        words.extend(self.choice.team.as_ref().map(|(_, name)| safe(name).into_owned()));
        words.extend(self.choice.instance.then(|| "whole instance".to_owned()));
        if !self.choice.keys.is_empty() {
            words.push(safe(&self.choice.keys.join(", ")).into_owned());
        }
        let compared = self.choice.compare && series.previous.is_none();
        words.extend(compared.then(|| "the period before is not kept so finely".to_owned()));
        words.push(format!("a point every {}", step_words(series)));
        let mut parts = Parts::new(pen, true, ui);
        for word in words {
            parts.add(&[(&word, dim)]);
        }
    }

    fn draw_search(&self, layout: &Layout, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let area = layout.head;
        Pen::new(buf, area, 0).text("/ ", ui.style(Tone::Accent));
        let field =
            Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2).min(70), ..area };
        buf.set_style(field, ui.theme.field());
        let place = self.search.paint(field, buf, false, ui);
        let (text, tone) = match &self.mistake {
            Some(mistake) => (safe(mistake).into_owned(), Tone::Bad),
            None => (
                "key:NAME env:production from:2026-11-01 to:2026-11-15 step:day by:key".to_owned(),
                Tone::Dim,
            ),
        };
        Pen::new(buf, layout.options, 0).text(text, ui.style(tone));
        Some(place)
    }

    fn draw_nothing(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let (title, text) = if let Some(notice) = &self.failed {
            (
                "The usage could not be read.".to_owned(),
                format!("{} r tries again; Esc goes back.", safe(&notice.text)),
            )
        } else if self.series.is_none() {
            if !self.reading.is_some_and(|pending| pending.is_long(ui.now_ms)) {
                return at(area, 0, 0);
            }
            ("Reading the usage…".to_owned(), String::new())
        } else if self.choice.narrowed() {
            (
                format!("No calls in {}.", self.choice.span_words()),
                "Esc shows all keys and the usual span.".to_owned(),
            )
        } else {
            let text = "t shows a longer span. Apps report their calls with POST /api/usage/KEY/track, and then they are here.";
            (format!("No calls in {}.", self.choice.span_words()), text.to_owned())
        };
        let columns = area.width.min(64);
        let top = area.height / 4;
        let inner = Rect { x: area.x + (area.width - columns) / 2, width: columns, ..area };
        Pen::new(buf, inner, top).text(title, ui.style(Tone::Strong));
        for (row, line) in (top + 2..).zip(wrap(&text, columns)) {
            Pen::new(buf, inner, row).text(line, ui.style(Tone::Dim));
        }
        at(inner, 0, top)
    }
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Requests => "REQUESTS",
        Metric::Errors => "ERRORS",
        Metric::Latency => "RESPONSE TIME",
        Metric::Tokens => "TOKENS",
        Metric::Cost => "COST",
    }
}

/// Tokens, and what they cost if that is known.
fn spent(tokens: u64, cost: Option<Money>, currency: &str) -> String {
    let tokens = format!("{} tokens", format::count(tokens));
    match cost {
        Some(cost) => format!("{tokens}, {cost} {currency}"),
        None => format!("{tokens}, no price known"),
    }
}

/// The percentile of this name.
fn quantile(point: &UsagePoint, name: &str) -> Option<f64> {
    match name {
        "p50" => point.p50,
        "p99" => point.p99,
        _ => point.p95,
    }
}

fn step_words(series: &UsageSeries) -> &'static str {
    match step_word(series.step) {
        "quarter-hour" => "15 minutes",
        word => word,
    }
}

/// The moment of a point, as finely as the points are.
fn moment(point: &UsagePoint, series: &UsageSeries, zone: &TimeZone) -> String {
    use keyward_keys::input::Step;
    let form = match series.step {
        Step::Minute | Step::QuarterHour | Step::Hour => "%a %-d %b %H:%M",
        Step::Day => "%a %-d %b %Y",
        Step::Week => "week from %-d %b %Y",
        Step::Month => "%B %Y",
        Step::Year => "%Y",
    };
    point.start.to_zoned(zone.clone()).strftime(form).to_string()
}

/// How many more there are now, in words.
fn more(now: u64, then: u64, before: &str) -> String {
    let change = (now as f64 - then as f64) / then.max(1) as f64;
    match (now, then) {
        (0, 0) => format!("none in {before} either"),
        (_, 0) => format!("none in {before}"),
        _ if change.abs() < 0.005 => format!("as many as in {before}"),
        _ if change >= 9.0 => format!("{:.0} times as many as in {before}", change + 1.0),
        _ if change > 0.0 => format!("{:.0} % more than in {before}", change * 100.0),
        _ => format!("{:.0} % fewer than in {before}", -change * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::more;

    #[test]
    fn a_change_is_told_in_words() {
        let told = |now, then| more(now, then, "the 7 days before");
        assert_eq!(told(112, 100), "12 % more than in the 7 days before");
        assert_eq!(told(88, 100), "12 % fewer than in the 7 days before");
        assert_eq!(told(10_004, 10_000), "as many as in the 7 days before");
        assert_eq!(told(5, 0), "none in the 7 days before");
        assert_eq!(told(0, 0), "none in the 7 days before either");
        assert_eq!(told(1_500, 100), "15 times as many as in the 7 days before");
        assert_eq!(told(0, 100), "100 % fewer than in the 7 days before");
    }
}
