//! What the dashboard tells a person in passing: shown for some seconds, kept in a log of this session.

use std::collections::VecDeque;

use crate::notice::{Notice, NoticeKind};

/// How long one is shown, ms, unless it says otherwise.
const SHOWN_MS: i64 = 4_000;
/// How many are shown at a time.
const STACK: usize = 3;
/// How many the log keeps.
const LOG: usize = 200;

/// The messages of one session, oldest first.
#[derive(Default)]
pub(crate) struct Toasts {
    log: VecDeque<Told>,
}

/// A message.
pub(crate) struct Told {
    pub(crate) at_ms: i64,
    until_ms: i64,
    pub(crate) notice: Notice,
}

impl Toasts {
    /// Tells something. The same thing again while it is still shown only shows it longer.
    pub(crate) fn push(&mut self, now_ms: i64, notice: Notice) {
        self.show(now_ms, now_ms + SHOWN_MS, notice);
    }

    fn show(&mut self, at_ms: i64, until_ms: i64, notice: Notice) {
        if let Some(last) = self.log.back_mut()
            && last.notice == notice
            && last.until_ms > at_ms
        {
            (last.at_ms, last.until_ms) = (at_ms, until_ms);
            return;
        }
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(Told { at_ms, until_ms, notice });
    }

    /// Tells a line.
    pub(crate) fn say(&mut self, now_ms: i64, kind: NoticeKind, text: impl Into<String>) {
        self.push(now_ms, Notice::new(kind, text));
    }

    /// Tells a line for so many milliseconds.
    pub(crate) fn say_for(&mut self, ms: i64, now_ms: i64, kind: NoticeKind, text: impl Into<String>) {
        self.show(now_ms, now_ms + ms, Notice::new(kind, text));
    }

    /// What was told for longer than usual is not so any more, and goes.
    pub(crate) fn cut(&mut self, now_ms: i64) {
        let long = |told: &&mut Told| told.until_ms - told.at_ms > SHOWN_MS && told.until_ms > now_ms;
        self.log.iter_mut().rev().take(STACK).filter(long).for_each(|told| told.until_ms = now_ms);
    }

    /// Those to show now, oldest first.
    pub(crate) fn shown(&self, now_ms: i64) -> impl Iterator<Item = &Notice> {
        let last = self.log.iter().skip(self.log.len().saturating_sub(STACK));
        last.filter(move |told| told.until_ms > now_ms).map(|told| &told.notice)
    }

    /// When the next of those shown goes.
    pub(crate) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.log.iter().rev().take(STACK).map(|told| told.until_ms).filter(|end| *end > now_ms).min()
    }

    /// All of them, newest first.
    pub(crate) fn log(&self) -> impl ExactSizeIterator<Item = &Told> {
        self.log.iter().rev()
    }
}
