//! How long the writer lets a group grow. Callers who report at the same time have some work to do for each request; the more
//! of them one commit serves, the less each pays for it. But when all of them wait for the commit, nobody works. So a group
//! waits for a share of them that leaves the others enough to do while it is written, also when that takes long. It must not
//! sleep or look at a queue itself.

use std::time::{Duration, Instant};

/// Fewer callers than this are never waited for.
const SEVERAL: usize = 4;
/// A group waits for these percent of the callers.
const PERCENT: usize = 40;
/// Callers are as many as were seen waiting at once in so many groups, or in as many before them. The first of these groups is
/// let grow until nobody comes any more.
const WINDOW: u32 = 64;
/// Nobody has come for this long: those who are missing do not come.
const STILL: Duration = Duration::from_micros(150);
/// A group grows no longer than this.
const MOST: Duration = Duration::from_millis(2);
/// From one request to the next when there are many; with longer ones there is no rush.
const MOST_BETWEEN: Duration = Duration::from_micros(60);

/// How the groups grow.
pub(crate) struct Pace {
    /// The most who waited at once, in this window and in the one before.
    most: [usize; 2],
    /// Groups of this window so far.
    groups: u32,
    /// From one request to the next, of late.
    between: Duration,
    last_group: Instant,
    last_size: usize,
    /// Of the group that grows: how long it was let at most, and what waited when it was looked at last.
    grown: Duration,
    seen: Option<usize>,
}

/// How a group is let grow.
pub(crate) struct Growth {
    /// Until so many requests wait.
    pub(crate) until: usize,
    /// No longer than this; then it is looked at again.
    pub(crate) time: Duration,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            most: [0; 2],
            groups: 0,
            between: MOST_BETWEEN / 2,
            last_group: now,
            last_size: 0,
            grown: Duration::ZERO,
            seen: None,
        }
    }

    /// How the group may still grow; not at all when it is to be written. `waiting` requests are in it so far.
    pub(crate) fn grow(&mut self, waiting: usize) -> Option<Growth> {
        let (counts, wanted) = (self.groups == 0, self.wanted());
        if self.callers().max(waiting) < SEVERAL || (!counts && waiting >= wanted) {
            return None;
        }
        let left = MOST.saturating_sub(self.grown);
        let nobody_came = self.seen.replace(waiting) == Some(waiting);
        if nobody_came || left.is_zero() {
            // While some still come there are more than wait: as many again, about.
            self.most[0] = self.most[0].max(if nobody_came { waiting } else { 2 * waiting });
            return None;
        }
        let missing = u32::try_from(wanted.saturating_sub(waiting)).unwrap_or(u32::MAX);
        let growth = match counts {
            true => Growth { until: usize::MAX, time: STILL.min(left) },
            false => Growth { until: wanted, time: (self.between * missing + STILL).min(left) },
        };
        self.grown += growth.time;
        Some(growth)
    }

    /// Requests that a group waits for.
    fn wanted(&self) -> usize {
        (self.callers() * PERCENT).div_ceil(100)
    }

    fn callers(&self) -> usize {
        self.most[0].max(self.most[1])
    }

    /// Notes that the group was taken, with so many requests.
    pub(crate) fn took(&mut self, requests: usize, now: Instant) {
        let between = (now - self.last_group) / u32::try_from(self.last_size.max(1)).unwrap_or(u32::MAX);
        self.between = average(self.between, between.min(MOST_BETWEEN));
        (self.last_group, self.last_size) = (now, requests);
        (self.grown, self.seen) = (Duration::ZERO, None);
    }

    /// Notes that the group is about to be answered, and that so many more wait by now.
    pub(crate) fn wrote(&mut self, waiting: usize) {
        self.most[0] = self.most[0].max(self.last_size + waiting);
        self.groups += 1;
        if self.groups == WINDOW {
            (self.most, self.groups) = ([0, self.most[0]], 0);
        }
    }
}

/// Of late.
fn average(before: Duration, last: Duration) -> Duration {
    (before * 7 + last) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one core gets done for a request, and what a commit takes of the disk and of that core.
    const REQUEST: Duration = Duration::from_micros(30);
    const COMMIT: Duration = Duration::from_micros(300);
    const COMMIT_WORK: Duration = Duration::from_micros(70);
    /// What it takes of that core to wake the writer.
    const WAKING: Duration = Duration::from_micros(6);

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

        /// Lets a group grow; answers how long that took.
        fn pass_until(&mut self, growth: &Growth) -> Duration {
            const STEP: Duration = Duration::from_micros(5);
            let began = self.now;
            while self.waiting < growth.until && self.now < began + growth.time {
                self.pass(STEP, Duration::ZERO);
            }
            self.pass(WAKING, WAKING);
            self.now - began
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
            while paced && let Some(growth) = pace.grow(world.waiting) {
                grown += world.pass_until(&growth);
            }
            while world.waiting == 0 {
                world.pass(REQUEST, Duration::ZERO);
            }
            let group = std::mem::take(&mut world.waiting);
            pace.took(group, world.now);
            world.pass(COMMIT, COMMIT_WORK);
            pace.wrote(world.waiting);
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
    fn most_of_many_callers_make_a_group_and_get_more_done() {
        for (callers, percent) in [(8, 95), (16, 95), (32, 105), (64, 115), (256, 115)] {
            let ((done, group, longest), (alone, ..)) = (run(callers, true), run(callers, false));
            assert!(done * 100 >= alone * percent, "{callers}: {done} {alone}");
            assert!((callers / 3).min(40) <= group && group <= callers * 3 / 4, "{callers}: {group}");
            assert!(longest <= MOST * 2);
        }
    }

    #[test]
    fn whoever_is_left_of_many_is_soon_not_waited_for() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let slept = |pace: &mut Pace| {
            let slept = std::iter::from_fn(|| pace.grow(4)).map(|growth| growth.time).sum::<Duration>();
            pace.took(4, now);
            pace.wrote(0);
            slept
        };
        pace.took(40, now);
        pace.wrote(24);
        let groups = (0..1000).take_while(|_| slept(&mut pace) > Duration::ZERO).count();
        assert!(groups > 0, "there were more");
        assert!(groups <= 2 * WINDOW as usize, "{groups}");
    }

    #[test]
    fn one_who_dawdles_does_not_hide_how_many_there_are() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.took(64, now);
        pace.wrote(0);
        assert!(pace.grow(2).is_some_and(|growth| growth.until == 26));
        // Nobody came.
        assert!(pace.grow(2).is_none());
        pace.took(2, now);
        pace.wrote(0);
        assert!(pace.grow(2).is_some_and(|growth| growth.until == 26), "they are still there");
    }
}
