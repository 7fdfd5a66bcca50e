//! Draws the daemon's figures: a line for each where it is narrow, charts side by side where there is room; below them
//! sessions, jobs and what the instance holds.

use keyward_keys::view::MonitorView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::pages::monitor::{MonitorPage, Sample};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, more_below, safe, width, wrap};
use crate::widgets::{chart, format};

/// From this width on, figures have charts.
const CHARTS: u16 = 60;
/// A backup from before that is no comfort, ms.
const STALE_MS: i64 = 7 * 24 * 3_600_000;
/// Columns of a figure's name in a line.
const LABEL: u16 = 14;

/// A figure, its last two minutes, and the least that its chart reaches up to.
struct Figure {
    name: &'static str,
    text: String,
    line: Vec<f64>,
    least: f64,
    tone: Tone,
}

/// A row of a list: what it is, what there is to say, how it is written.
type Row = (String, String, Tone);

impl MonitorPage {
    fn figures(&self, view: &MonitorView) -> Vec<Figure> {
        let now = self.samples.front().copied();
        let told = |text: &dyn Fn(&Sample) -> String| now.as_ref().map_or("measuring…".to_owned(), text);
        let rate = |value: f64| format::rate((value * 10.0).round() as u64, 10);
        let time = |ms: Option<f64>| ms.map_or("-".to_owned(), format::millis);
        let figure = |name, text, line, least| Figure { name, text, line, least, tone: Tone::Strong };
        let failing = now.is_some_and(|now| now.errors > 0.0);
        vec![
            Figure {
                tone: if failing { Tone::Warn } else { Tone::Strong },
                ..figure(
                    "Requests",
                    told(&|now| format!("{}/s, {}/s failed", rate(now.requests), rate(now.errors))),
                    self.line(|sample| sample.requests),
                    1.0,
                )
            },
            figure(
                "Response time",
                told(&|now| format!("p50 {}, p99 {}", time(now.answer_p50), time(now.answer_p99))),
                self.line(|sample| sample.answer_p99.unwrap_or(0.0)),
                1.0,
            ),
            figure(
                "Store commits",
                told(&|now| format!("{}/s, p99 {}", rate(now.commits), time(now.commit_p99))),
                self.line(|sample| sample.commits),
                1.0,
            ),
            figure(
                "Reported calls",
                told(&|now| format!("{}/s", rate(now.calls))),
                self.line(|sample| sample.calls),
                1.0,
            ),
            figure(
                "Processor",
                told(&|now| format!("{:.0} % of one core", now.cpu * 100.0)),
                self.line(|sample| sample.cpu),
                1.0,
            ),
            figure(
                "Memory",
                view.process.map_or("not told here".to_owned(), |process| bytes(process.resident_bytes)),
                self.line(|sample| sample.memory),
                64e6,
            ),
            figure(
                "Waiting",
                format!(
                    "{} {}, {}",
                    format::count(view.store.waiting),
                    if view.store.waiting == 1 { "request" } else { "requests" },
                    bytes(view.store.waiting_bytes)
                ),
                self.line(|sample| sample.waiting),
                1.0,
            ),
        ]
    }

    /// Rows the page takes.
    pub(super) fn height(&self, area: Rect) -> u16 {
        let Some(view) = &self.latest else { return 1 };
        let lists = lists(view, 0, area.width).into_iter().map(|(_, rows)| rows.len() as u16 + 2);
        if area.width < CHARTS {
            return 1 + 7 + 1 + lists.sum::<u16>();
        }
        let charts = chart_rows(area);
        2 + charts.0 * (charts.1 + 1) + lists.max().unwrap_or(0)
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let view = match (&self.failed, &self.latest) {
            (Some(notice), _) => {
                said(
                    area,
                    buf,
                    "The daemon could not be read.",
                    &format!("{} Esc goes back, r tries again.", safe(&notice.text)),
                    ui,
                );
                return at(area, 0, 0);
            }
            (None, None) => {
                if self.reading.is_some_and(|pending| pending.is_long(ui.now_ms)) {
                    said(area, buf, "Reading the counters…", "", ui);
                }
                return at(area, 0, 0);
            }
            (None, Some(view)) => view,
        };
        let height = self.height(area);
        if height <= area.height {
            self.draw_all(view, area, buf, ui);
            return at(area, 0, 0);
        }
        // Drawn whole beside the screen, then the rows in view are copied.
        let whole = Rect { x: 0, y: 0, width: area.width, height };
        let mut page = Buffer::empty(whole);
        self.draw_all(view, whole, &mut page, ui);
        let scroll = u16::try_from(self.scroll).unwrap_or(u16::MAX).min(height - area.height);
        for row in 0..area.height {
            for column in 0..area.width {
                buf[(area.x + column, area.y + row)] = page[(column, row + scroll)].clone();
            }
        }
        if scroll + area.height < height {
            more_below(area, buf, ui);
        }
        at(area, 0, 0)
    }

    fn draw_all(&self, view: &MonitorView, area: Rect, buf: &mut Buffer, ui: &Ui) {
        head(view, area, buf, ui);
        let below = |from: u16| Rect { y: area.y + from, height: area.height.saturating_sub(from), ..area };
        let figures = self.figures(view);
        // Side by side where there are charts.
        let column = if area.width < CHARTS { area.width } else { (area.width + 3) / 3 - 3 };
        let lists = lists(view, ui.now_ms, column);
        if area.width < CHARTS {
            for (row, figure) in (1u16..).zip(&figures) {
                line(figure, area, row, buf, ui);
            }
            let mut from = 2 + figures.len() as u16;
            for (title, rows) in lists {
                list(title, &rows, below(from), buf, ui);
                from += rows.len() as u16 + 2;
            }
            return;
        }
        let (down, rows) = chart_rows(area);
        let across = figures.len().min(6).div_ceil(usize::from(down)) as u16;
        let column = (area.width + 3) / across;
        // What waits is told in the head where there are charts.
        for (place, figure) in (0u16..).zip(figures.iter().take(6)) {
            let panel = Rect {
                x: area.x + place % across * column,
                y: area.y + 2 + place / across * (rows + 1),
                width: column - 3,
                height: rows,
            };
            chart_panel(figure, panel, buf, ui);
        }
        let from = 2 + down * (rows + 1);
        let column = (area.width + 3) / lists.len() as u16;
        for (place, (title, rows)) in (0u16..).zip(lists) {
            list(
                title,
                &rows,
                Rect { x: area.x + place * column, width: column - 3, ..below(from) },
                buf,
                ui,
            );
        }
    }
}

/// Rows of charts, and how many rows each takes.
fn chart_rows(area: Rect) -> (u16, u16) {
    let down = if area.width >= 90 { 2 } else { 3 };
    (down, (area.height.saturating_sub(14) / down).clamp(3, 14) - 1)
}

fn said(area: Rect, buf: &mut Buffer, title: &str, text: &str, ui: &Ui) {
    Pen::new(buf, area, 1).text(title, ui.style(Tone::Strong));
    for (row, line) in (3u16..).zip(wrap(text, area.width.min(64))) {
        Pen::new(buf, area, row).text(line, ui.style(Tone::Dim));
    }
}

/// How it is, and since when.
fn head(view: &MonitorView, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (mark, text, tone) = if view.store.writable {
        (ui.glyphs.check, "the store takes writes", Tone::Good)
    } else {
        (ui.glyphs.cross, "the store takes no writes", Tone::Bad)
    };
    let mut pen = Pen::new(buf, area, 0);
    pen.text(format!("{mark} {text}"), ui.style(tone));
    let mut words = vec![format!("up {}", long(view.uptime))];
    words.push(format!("{} in flight", format::count(view.requests.in_flight)));
    words.push(format!("{} waiting for the store", format::count(view.store.waiting)));
    if view.store.failed_commits > 0 {
        words.push(format!("{} commits failed", format::count(view.store.failed_commits)));
    }
    for word in words {
        pen.text(format!(" {} ", ui.glyphs.dot), ui.style(Tone::Faint)).text(word, ui.style(Tone::Dim));
    }
}

fn line(figure: &Figure, area: Rect, row: u16, buf: &mut Buffer, ui: &Ui) {
    let mut pen = Pen::new(buf, area, row);
    pen.cell(figure.name, LABEL + 1, ui.style(Tone::Dim)).text(&figure.text, ui.style(figure.tone));
}

fn chart_panel(figure: &Figure, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let mut pen = Pen::new(buf, area, 0);
    pen.cell(figure.name, LABEL + 1, ui.style(Tone::Dim)).text(&figure.text, ui.style(figure.tone));
    let place = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let max = figure.line.iter().copied().fold(figure.least, f64::max);
    chart::area(buf, place, &figure.line, max, ui);
}

fn list(title: &str, rows: &[Row], area: Rect, buf: &mut Buffer, ui: &Ui) {
    Pen::new(buf, area, 0).text(title, ui.style(Tone::Dim));
    for (row, (name, text, tone)) in (1u16..).zip(rows) {
        let style: Style = ui.style(*tone);
        let mut pen = Pen::new(buf, area, row);
        // In a narrow column the name matters more than what follows a comma.
        let wide = width(name) + width(text) < area.width;
        pen.end(if wide { text } else { text.split(',').next().unwrap_or(text) }, style);
        pen.text(safe(name), ui.style(Tone::Text));
    }
}

/// Sessions, jobs, and the instance, each in so many columns.
fn lists(view: &MonitorView, now_ms: i64, width: u16) -> [(&'static str, Vec<Row>); 3] {
    let plain = |name: &str, text: String| (name.to_owned(), text, Tone::Strong);
    let sessions =
        view.sessions.iter().map(|session| plain(&session.kind, format::count(session.open))).collect();
    let jobs = view.jobs.iter().map(|job| {
        let ran = format::age(now_ms, job.last_run.as_millisecond());
        let text = if job.failures > 0 { format!("{} failed, {ran}", job.failures) } else { ran };
        let tone = if job.failures > 0 { Tone::Warn } else { Tone::Dim };
        (job.job.replace('_', " "), text, tone)
    });
    let instance = vec![
        plain("people", format::count(view.people)),
        plain("teams", format::count(view.teams)),
        plain("API keys", format::count(view.keys)),
        plain("service tokens", format::count(view.tokens)),
        plain("open files", view.process.map_or("-".to_owned(), |process| format::count(process.open_files))),
        plain("derivations", format!("{}, {} wait", view.derivations_running, view.derivations_waiting)),
        backup(view, now_ms, width),
    ];
    [("SESSIONS", none_yet(sessions)), ("JOBS", none_yet(jobs.collect())), ("INSTANCE", instance)]
}

/// When the last backup was made, and as much of it as there is room for; in words, and not in colour alone, when that is no
/// comfort.
fn backup(view: &MonitorView, now_ms: i64, width: u16) -> Row {
    const NAME: &str = "last backup";
    let failed = view.failed_backup.as_ref().map_or("", |_| ", then failed");
    let (mut texts, old) = match &view.last_backup {
        None => (vec![format!("never{failed}"), "never".to_owned()], true),
        Some(made) => {
            let at_ms = made.at.as_millisecond();
            let age = format::age(now_ms, at_ms);
            let old = now_ms - at_ms > STALE_MS;
            let age = if old { format!("{age}, old{failed}") } else { format!("{age}{failed}") };
            let size = format!("{age}, {} in {:.0} s", bytes(made.bytes), made.seconds.ceil());
            (vec![format!("{size}, verified, by {}", safe(&made.by)), size, age], old)
        }
    };
    if view.failed_backup.is_some() {
        texts.push("then failed".to_owned());
    }
    let room = usize::from(width).saturating_sub(NAME.len() + 1);
    let fits = texts.iter().position(|text| text.chars().count() <= room).unwrap_or(texts.len() - 1);
    let tone = if old || view.failed_backup.is_some() { Tone::Warn } else { Tone::Strong };
    (NAME.to_owned(), texts[fits].clone(), tone)
}

fn none_yet(rows: Vec<Row>) -> Vec<Row> {
    if rows.is_empty() { vec![("none yet".to_owned(), String::new(), Tone::Dim)] } else { rows }
}

/// `84 MB`.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// `3 d 4 h`, `12 min`.
fn long(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
