//! When a session wakes, and what it does then: an Escape that was waited on, the screens' clock, and the end of a session
//! that is idle or has lasted its time, which is told before it comes.

use std::time::Duration;

use tokio::time::Instant;

use super::{Engine, now_ms};
use crate::app::{AppEvent, Ends};
use crate::notice::{Notice, NoticeKind};
use crate::session::ExitReason;

/// How long before the end of an idle or long session its person is warned.
const WARNING: Duration = Duration::from_secs(60);
/// The screens' clock ticks at most so often.
const SHORTEST_TICK: Duration = Duration::from_millis(16);

impl Engine {
    /// The next moment something is to be done. There always is one (the end of an idle session), but on a quiet
    /// screen it is far away.
    pub(super) fn wake_at(&self) -> Instant {
        let (_, end) = self.last_call();
        let frame = (self.old && self.writing.is_none()).then(|| self.pace.next());
        let sooner = [self.escape_at, self.tick_at(Instant::now()), frame, self.lock_at()];
        sooner.into_iter().flatten().fold(end, Instant::min)
    }

    /// The moment of the next tick, seen from `now`: whoever asks whether it has come must compare with the same.
    fn tick_at(&self, now: Instant) -> Option<Instant> {
        let clock = now_ms();
        let wait =
            Duration::from_millis(self.app.next_tick(clock)?.saturating_sub(clock).max(0).unsigned_abs());
        Some((now + wait).max(self.ticked + SHORTEST_TICK))
    }

    /// When the screen is locked; none while it is, or where it never is.
    fn lock_at(&self) -> Option<Instant> {
        self.limits.lock.filter(|_| !self.app.is_locked()).map(|lock| self.pressed + lock)
    }

    /// The moment of the warning or, once that was given, of the end; and for which limit.
    fn last_call(&self) -> (ExitReason, Instant) {
        let idle = (ExitReason::Idle, self.pressed + self.limits.idle);
        let total = (ExitReason::TooLong, self.started + self.limits.total);
        let (reason, end) = if idle.1 <= total.1 { idle } else { total };
        (
            reason,
            if self.warned == Some(reason) {
                end
            } else {
                end.checked_sub(WARNING).map_or(end, |at| at.max(self.started))
            },
        )
    }

    pub(super) fn awake(&mut self) {
        let now = Instant::now();
        if self.escape_at.is_some_and(|at| at <= now) {
            self.escape_at = None;
            let mut inputs = Vec::new();
            self.decoder.timeout(&mut |input| inputs.push(input));
            inputs.into_iter().for_each(|input| self.on_input(input));
        }
        if self.tick_at(now).is_some_and(|at| at <= now) {
            self.ticked = now;
            self.tell(AppEvent::Tick);
        }
        if self.lock_at().is_some_and(|at| at <= now) {
            self.tell(AppEvent::Lock);
        }
        let (reason, at) = self.last_call();
        if at > now {
            return;
        }
        if self.warned.replace(reason) == Some(reason) {
            self.ending = Some(reason.into());
        } else {
            self.ring();
            let (why, left) = match reason {
                ExitReason::Idle => (Ends::Idle, self.pressed + self.limits.idle),
                _ => (Ends::TooLong, self.started + self.limits.total),
            };
            let left = i64::try_from(left.saturating_duration_since(now).as_millis()).unwrap_or(i64::MAX);
            self.tell(AppEvent::Ends { why, at_ms: now_ms().saturating_add(left) });
            self.tell(AppEvent::Notice(Notice::new(
                NoticeKind::Warning,
                match reason {
                    ExitReason::Idle => "No key for a while: press one, or this session ends in a minute.",
                    _ => "This session has lasted as long as one may: it ends in a minute.",
                },
            )));
        }
    }
}
