//! What the dashboard tells a person in passing: shown for four seconds, kept in a log of this session.

use std::collections::VecDeque;

use crate::notice::{Notice, NoticeKind};

/// How long one is shown, ms.
const SHOWN_MS: i64 = 4_000;
/// How many are shown at a time.
const STACK: usize = 3;
/// How many the log keeps.
const LOG: usize = 200;

/// The messages of one session, oldest first.
#[derive(Default)]
pub(crate) struct Toasts {
    log: VecDeque<(i64, Notice)>,
}

impl Toasts {
    /// Tells something. The same thing again while it is still shown only shows it longer.
    pub(crate) fn push(&mut self, now_ms: i64, notice: Notice) {
        if let Some((at, last)) = self.log.back_mut()
            && *last == notice
            && *at + SHOWN_MS > now_ms
        {
            *at = now_ms;
            return;
        }
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back((now_ms, notice));
    }

    /// Tells a line.
    pub(crate) fn say(&mut self, now_ms: i64, kind: NoticeKind, text: impl Into<String>) {
        self.push(now_ms, Notice::new(kind, text));
    }

    /// Those to show now, oldest first.
    pub(crate) fn shown(&self, now_ms: i64) -> impl Iterator<Item = &Notice> {
        let fresh = self.log.iter().rev().take(STACK).take_while(|(at, _)| at + SHOWN_MS > now_ms).count();
        self.log.iter().skip(self.log.len() - fresh).map(|(_, notice)| notice)
    }

    /// When the next of those shown goes.
    pub(crate) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.log.iter().rev().take(STACK).map(|(at, _)| at + SHOWN_MS).filter(|end| *end > now_ms).min()
    }

    /// All of them, newest first, with the moment.
    pub(crate) fn log(&self) -> impl ExactSizeIterator<Item = &(i64, Notice)> {
        self.log.iter().rev()
    }
}
