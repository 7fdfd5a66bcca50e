//! The running daemon, for operators: read each second while it is on screen and not paused, never otherwise. Rates are
//! worked out from two readings; what was seen is kept for two minutes and gone with the page.

mod paint;

use std::collections::VecDeque;

use keyward_keys::view::MonitorView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::{Page, Step, scrolled, sooner};
use crate::widgets::pen::Ui;

/// It is read at this pace, ms.
const EVERY_MS: i64 = 1_000;
/// Readings that are kept.
const KEPT: usize = 120;

/// What happened between two readings.
#[derive(Clone, Copy, Default)]
struct Sample {
    /// A second.
    requests: f64,
    errors: f64,
    commits: f64,
    calls: f64,
    /// Milliseconds; none when nothing was answered, or written.
    answer_p50: Option<f64>,
    answer_p99: Option<f64>,
    commit_p99: Option<f64>,
    /// Share of one processor.
    cpu: f64,
    memory: f64,
    waiting: f64,
}

impl Sample {
    fn between(old: &MonitorView, new: &MonitorView) -> Self {
        let seconds = (new.at.as_millisecond() - old.at.as_millisecond()).max(1) as f64 / 1_000.0;
        let rate = |old: u64, new: u64| new.saturating_sub(old) as f64 / seconds;
        let errors = |view: &MonitorView| view.requests.client_errors + view.requests.server_errors;
        let answers = new.requests.times.since(&old.requests.times);
        let commits = new.store.commits.since(&old.store.commits);
        let ms = |seconds: f64| seconds * 1_000.0;
        let cpu = |view: &MonitorView| view.process.map_or(0.0, |process| process.cpu_seconds);
        Self {
            requests: rate(old.requests.answered, new.requests.answered),
            errors: rate(errors(old), errors(new)),
            commits: rate(old.store.commits.count, new.store.commits.count),
            calls: rate(old.store.usage_events, new.store.usage_events),
            answer_p50: answers.quantile(0.5).map(ms),
            answer_p99: answers.quantile(0.99).map(ms),
            commit_p99: commits.quantile(0.99).map(ms),
            cpu: (cpu(new) - cpu(old)).max(0.0) / seconds,
            memory: new.process.map_or(0.0, |process| process.resident_bytes as f64),
            waiting: new.store.waiting as f64,
        }
    }
}

/// The page.
#[derive(Default)]
pub(crate) struct MonitorPage {
    latest: Option<Box<MonitorView>>,
    samples: VecDeque<Sample>,
    reading: Option<Pending>,
    asked_ms: i64,
    failed: Option<Notice>,
    paused: bool,
    scroll: usize,
}

impl MonitorPage {
    fn pump(&mut self, cx: &mut Cx<'_>) {
        let due = cx.now_ms >= self.asked_ms + EVERY_MS;
        if due && cx.front && !self.paused && self.reading.is_none() && self.failed.is_none() {
            self.asked_ms = cx.now_ms;
            self.reading = Some(cx.ask(Query::Monitor));
        }
    }

    fn took(&mut self, view: Box<MonitorView>) {
        if let Some(old) = &self.latest {
            // What lies behind while it was covered is no second: the line would tell a mean of all that.
            if view.at.as_millisecond() - old.at.as_millisecond() > 5 * EVERY_MS {
                self.samples.clear();
            } else {
                self.samples.truncate(KEPT - 1);
                self.samples.push_front(Sample::between(old, &view));
            }
        }
        self.latest = Some(view);
    }

    /// The last two minutes of something, oldest first.
    fn line(&self, of: fn(&Sample) -> f64) -> Vec<f64> {
        let missing = KEPT - self.samples.len();
        std::iter::repeat_n(0.0, missing).chain(self.samples.iter().rev().map(of)).collect()
    }
}

impl Page for MonitorPage {
    fn place(&self) -> Place {
        Place::Monitor
    }

    fn crumb(&self) -> String {
        "Monitor".to_owned()
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.pump(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let last = self.height(cx.area).saturating_sub(cx.area.height);
        self.scroll = scrolled(self.scroll, command, cx.area.height, last.into());
        match command {
            Command::Back => return Step::Back,
            Command::Pause => self.paused = !self.paused,
            Command::Refresh => (self.failed, self.asked_ms) = (None, 0),
            _ => return Step::Stay,
        }
        self.pump(cx);
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.reading, id)
    }

    fn answer(&mut self, _id: RequestId, result: Result<Answer, Notice>, _cx: &mut Cx<'_>) -> Step {
        self.reading = None;
        match result {
            Ok(Answer::Monitor(view)) if !self.paused => self.took(view),
            Ok(_) => {}
            Err(notice) => self.failed = Some(notice),
        }
        Step::Stay
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let last = self.height(cx.area).saturating_sub(cx.area.height);
        self.scroll = self.scroll.min(last.into());
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let long = self.reading.and_then(|pending| pending.long_from(now_ms));
        let again = self.reading.is_none() && !self.paused && self.failed.is_none();
        sooner(again.then_some(self.asked_ms + EVERY_MS), long)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
