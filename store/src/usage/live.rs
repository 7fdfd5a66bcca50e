//! The last two minutes of a key, second by second, for the live line. In memory alone; only seconds with traffic take
//! room.

use smallvec::SmallVec;

use super::calendar::SECOND_MS;
use super::event::Stored;

/// Seconds a live line shows.
pub const LIVE_SECONDS: usize = 120;
/// Seconds kept before the newest: a caller's clock may be five minutes ahead and must not push out the present.
const KEPT_SECONDS: i64 = LIVE_SECONDS as i64 + 300;

/// Calls and errors in each of the last 120 seconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Live {
    /// The second the last entry stands for, since the epoch.
    pub ends_at_second: i64,
    /// Calls, oldest second first.
    pub requests: [u32; LIVE_SECONDS],
    /// Those answered with a status of 400 or above.
    pub errors: [u32; LIVE_SECONDS],
}

/// Seconds with traffic, by rising time. Most keys are quiet: one second needs no room of its own.
#[derive(Debug, Default)]
pub(super) struct Recent(SmallVec<[(i64, u32, u32); 1]>);

impl Recent {
    pub(super) fn add(&mut self, event: &Stored) {
        let second = event.at_ms / SECOND_MS;
        let newest = self.0.last().map_or(second, |last| last.0);
        if second <= newest - KEPT_SECONDS {
            return;
        }
        let place = self.0.partition_point(|entry| entry.0 < second);
        match self.0.get_mut(place) {
            Some(entry) if entry.0 == second => {
                entry.1 = entry.1.saturating_add(1);
                entry.2 = entry.2.saturating_add(event.is_error().into());
            }
            _ => self.0.insert(place, (second, 1, event.is_error().into())),
        }
        self.forget_before(newest.max(second) - KEPT_SECONDS + 1);
    }

    /// Gives back the room of seconds that no live line will show from `now_second` on.
    pub(super) fn expire(&mut self, now_second: i64) {
        self.forget_before(now_second - LIVE_SECONDS as i64);
    }

    fn forget_before(&mut self, second: i64) {
        let old = self.0.partition_point(|entry| entry.0 < second);
        self.0.drain(..old);
        if self.0.is_empty() {
            self.0 = SmallVec::new();
        }
    }

    pub(super) fn report(&self, now_ms: i64) -> Live {
        let ends_at_second = now_ms.div_euclid(SECOND_MS);
        let mut live = Live { ends_at_second, requests: [0; LIVE_SECONDS], errors: [0; LIVE_SECONDS] };
        for (second, requests, errors) in &self.0 {
            let place = second - ends_at_second + LIVE_SECONDS as i64 - 1;
            if let Some(place) = usize::try_from(place).ok().filter(|place| *place < LIVE_SECONDS) {
                (live.requests[place], live.errors[place]) = (*requests, *errors);
            }
        }
        live
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    proptest! {
        #[test]
        fn the_line_is_what_was_called(
            sample in stored(false),
            steps in prop::collection::vec((-400i64..300, 200u16..500), 1..300),
        ) {
            let now = 1_790_000_000;
            let mut recent = Recent::default();
            let mut expected = ([0; LIVE_SECONDS], [0; LIVE_SECONDS]);
            for (offset, status) in steps {
                recent.add(&Stored { at_ms: (now + offset) * 1_000 + 999, status, ..sample.clone() });
                if (-119..=0).contains(&offset) {
                    let place = (offset + 119) as usize;
                    expected.0[place] += 1;
                    expected.1[place] += u32::from(status >= 400);
                }
            }
            let live = recent.report(now * 1_000);
            prop_assert_eq!((live.requests, live.errors, live.ends_at_second), (expected.0, expected.1, now));
            prop_assert!(recent.0.len() <= KEPT_SECONDS as usize);
        }
    }
}
