//! How long the writer lets a group grow. Callers who report at the same time have some work to do for each request; the more
//! of them one commit serves, the less each pays for it. But when all of them wait for the commit, nobody works. So a group
//! waits for half of the callers there are: while it is written, the other half comes. It must not sleep or look at a queue
//! itself.

use std::time::{Duration, Instant};

/// Fewer callers than this are never waited for.
const SEVERAL: usize = 4;
/// How many callers there are shows in a group that is let grow until nobody comes any more: one of so many.
const COUNT_EVERY: u32 = 64;
/// Nobody has come for this long: everybody waits.
const STILL: Duration = Duration::from_micros(150);
/// A group grows no longer than this.
const MOST: Duration = Duration::from_millis(2);
/// Whoever sleeps is woken so much later than asked for, as a rule.
const LATE: Duration = Duration::from_micros(50);
/// From one request to the next when there are many; with longer ones there is no rush.
const MOST_BETWEEN: Duration = Duration::from_micros(60);

/// How the groups grow.
pub(crate) struct Pace {
    /// Requests that a group waits for.
    wanted: usize,
    /// Groups until callers are counted again.
    until_count: u32,
    /// From one request to the next, of late.
    between: Duration,
    last_group: Instant,
    last_size: usize,
    /// Of the group that grows: how long it was let, and what waited when it was looked at last.
    grown: Duration,
    seen: Option<usize>,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            wanted: 0,
            until_count: 0,
            between: MOST_BETWEEN / 2,
            last_group: now,
            last_size: 0,
            grown: Duration::ZERO,
            seen: None,
        }
    }

    /// How long the group may still grow before it is looked at again; not at all when it is to be written. `waiting` requests
    /// are in it so far.
    pub(crate) fn rest(&mut self, waiting: usize) -> Option<Duration> {
        if self.last_size.max(waiting) < SEVERAL {
            return None;
        }
        let left = MOST.saturating_sub(self.grown);
        let nobody_came = self.seen.replace(waiting) == Some(waiting);
        let missing = self.wanted.saturating_sub(waiting);
        let rest = if self.until_count > 0 && missing > 0 && nobody_came {
            // There are fewer than there were.
            self.until_count = 0;
            STILL
        } else if self.until_count > 0 {
            (self.between * u32::try_from(missing).unwrap_or(u32::MAX)).saturating_sub(LATE)
        } else if nobody_came || left.is_zero() {
            (self.wanted, self.until_count) = (waiting / 2, COUNT_EVERY);
            return None;
        } else {
            STILL
        };
        let rest = rest.min(left);
        self.grown += rest;
        (!rest.is_zero()).then_some(rest)
    }

    /// Notes that the group was taken, with so many requests.
    pub(crate) fn took(&mut self, requests: usize, now: Instant) {
        let between = (now - self.last_group) / u32::try_from(self.last_size.max(1)).unwrap_or(u32::MAX);
        self.between = (self.between * 7 + between.min(MOST_BETWEEN)) / 8;
        (self.last_group, self.last_size) = (now, requests);
        (self.grown, self.seen) = (Duration::ZERO, None);
        self.until_count = self.until_count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one core gets done for a request, and what a commit takes of the disk and of that core.
    const REQUEST: Duration = Duration::from_micros(30);
    const COMMIT: Duration = Duration::from_micros(300);
    const COMMIT_WORK: Duration = Duration::from_micros(70);

    /// Callers that report again as soon as they are answered, all on one core.
    struct World {
        now: Instant,
        /// Requests that wait for the core.
        ready: usize,
        worked: Duration,
        /// Requests that wait for the writer.
        waiting: usize,
    }

    impl World {
        fn pass(&mut self, time: Duration, of_it_not_theirs: Duration) {
            self.now += time;
            let mut left = time.saturating_sub(of_it_not_theirs);
            while self.ready > 0 && self.worked + left >= REQUEST {
                left -= REQUEST - self.worked;
                self.worked = Duration::ZERO;
                self.ready -= 1;
                self.waiting += 1;
            }
            self.worked += if self.ready > 0 { left } else { Duration::ZERO };
        }
    }

    /// Requests a second and a group, in a second; the most that a group was let grow.
    fn run(callers: usize, paced: bool) -> (usize, usize, Duration) {
        let began = Instant::now();
        let mut world = World { now: began, ready: callers, worked: Duration::ZERO, waiting: 0 };
        let mut pace = Pace::new(began);
        let (mut done, mut groups, mut longest) = (0, 0, Duration::ZERO);
        while world.now < began + Duration::from_secs(1) {
            let mut grown = Duration::ZERO;
            while paced && let Some(rest) = pace.rest(world.waiting) {
                world.pass(rest + LATE, Duration::from_micros(6));
                grown += rest;
            }
            while world.waiting == 0 {
                world.pass(REQUEST, Duration::ZERO);
            }
            let group = std::mem::take(&mut world.waiting);
            pace.took(group, world.now);
            world.pass(COMMIT, COMMIT_WORK);
            world.ready += group;
            (done, groups, longest) = (done + group, groups + 1, longest.max(grown));
        }
        (done, done / groups, longest)
    }

    #[test]
    fn few_callers_are_never_waited_for() {
        for callers in 1..SEVERAL {
            assert_eq!(run(callers, true).2, Duration::ZERO, "{callers}");
        }
    }

    #[test]
    fn half_of_many_callers_make_a_group_and_get_more_done() {
        for (callers, percent) in [(8, 95), (16, 95), (32, 105), (64, 115), (256, 115)] {
            let ((done, group, longest), (alone, ..)) = (run(callers, true), run(callers, false));
            assert!(done * 100 >= alone * percent, "{callers}: {done} {alone}");
            assert!((callers / 3).min(40) <= group && group <= callers * 2 / 3, "{callers}: {group}");
            assert!(longest <= MOST);
        }
    }

    #[test]
    fn whoever_is_left_of_many_is_soon_not_waited_for() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..10 {
            now += Duration::from_millis(2);
            while pace.rest(64).is_some() {}
            pace.took(64, now);
        }
        assert!(pace.rest(4).is_some(), "there were more");
        let slept = |pace: &mut Pace| std::iter::from_fn(|| pace.rest(4)).sum::<Duration>();
        slept(&mut pace);
        pace.took(4, now);
        assert!(slept(&mut pace) <= STILL + LATE);
    }
}
