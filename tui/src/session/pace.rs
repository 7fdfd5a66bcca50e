//! When the next frame may be drawn: never faster than an eye follows, slower when the link is slow, and a moment later when
//! what it is to show is being asked for.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two frames.
const FLOOR: Duration = Duration::from_millis(33);
/// The same while the person looks at another window.
const UNFOCUSED: Duration = Duration::from_millis(100);
/// The longest.
const CEILING: Duration = Duration::from_secs(1);
/// Handing a frame over should take no longer than this.
const SLOW: Duration = Duration::from_millis(200);
/// How long a frame waits for answers at most.
const PATIENCE: Duration = Duration::from_millis(25);

/// Why a frame is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// Somebody pressed a key, or looks at a window of another size: they wait for it.
    Person,
    /// Something happened, or time has passed.
    News,
    /// A question was answered.
    Answer,
}

/// Paces the frames of one session.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    focused: bool,
    next: Instant,
    /// Until then, answers are waited for.
    held: Option<Instant>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { gap: FLOOR, focused: true, next: now, held: None }
    }

    /// The earliest moment of the next frame.
    pub(super) fn next(&self) -> Instant {
        self.held.map_or(self.next, |held| held.max(self.next))
    }

    /// A frame is wanted, and so many questions are open. What news leads to is mostly answered at once: one frame shows
    /// both. `first`: none was wanted before.
    pub(super) fn wanted(&mut self, why: Why, first: bool, questions: usize, now: Instant) {
        if questions == 0 || why == Why::Person {
            self.held = None;
        } else if why == Why::News && first {
            self.held = Some(now + PATIENCE);
        }
    }

    pub(super) fn focus(&mut self, focused: bool) {
        self.focused = focused;
    }

    /// A frame was begun.
    pub(super) fn begun(&mut self, now: Instant) {
        let floor = if self.focused { FLOOR } else { UNFOCUSED };
        self.next = now + self.gap.max(floor);
        self.held = None;
    }

    /// Frames come slower than they could, for the terminal takes them slowly.
    pub(super) fn is_slow(&self) -> bool {
        self.gap > FLOOR
    }

    /// A frame was handed over, which took so long: slow ones double the gap, quick ones halve it again. Answers whether
    /// [`Self::is_slow`] has changed by it.
    pub(super) fn handed_over(&mut self, took: Duration) -> bool {
        let before = self.is_slow();
        self.gap = if took > SLOW { (self.gap * 2).min(CEILING) } else { (self.gap / 2).max(FLOOR) };
        before != self.is_slow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slows_down_with_the_link_and_recovers() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.next(), start, "the first frame comes at once");
        pace.begun(start);
        assert_eq!(pace.next() - start, FLOOR);
        assert!(!pace.handed_over(SLOW), "that is quick enough");
        assert!(pace.handed_over(SLOW * 2) && pace.is_slow());
        for _ in 0..10 {
            pace.handed_over(SLOW * 2);
        }
        pace.begun(start);
        assert_eq!(pace.next() - start, CEILING);
        for _ in 0..10 {
            pace.handed_over(Duration::ZERO);
        }
        pace.focus(false);
        pace.begun(start);
        assert_eq!(pace.next() - start, UNFOCUSED);
    }

    #[test]
    fn waits_for_the_answers_to_news_but_not_for_long() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.wanted(Why::News, true, 2, start);
        pace.wanted(Why::Answer, false, 1, start + PATIENCE / 4);
        pace.wanted(Why::News, false, 2, start + PATIENCE / 2);
        assert_eq!(pace.next(), start + PATIENCE, "what happens meanwhile prolongs nothing");
        pace.wanted(Why::Answer, false, 0, start);
        assert_eq!(pace.next(), start, "all is answered");
        pace.wanted(Why::News, true, 0, start);
        assert_eq!(pace.next(), start, "nothing is asked");
        pace.wanted(Why::News, true, 1, start);
        pace.wanted(Why::Person, false, 2, start);
        assert_eq!(pace.next(), start, "a person waits for it");
        pace.wanted(Why::News, false, 2, start);
        assert_eq!(pace.next(), start, "and still does");
        pace.begun(start);
        pace.wanted(Why::News, true, 1, start);
        assert_eq!(pace.next(), start + FLOOR, "the eye's pace holds as well");
        pace.begun(start + FLOOR);
        assert_eq!(pace.next(), start + FLOOR * 2, "a frame waits once");
    }
}
