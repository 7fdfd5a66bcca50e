//! When the next frame may be drawn: never faster than an eye follows, and slower when the link is slow.

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

/// Paces the frames of one session.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    focused: bool,
    next: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { gap: FLOOR, focused: true, next: now }
    }

    /// The earliest moment of the next frame.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    pub(super) fn focus(&mut self, focused: bool) {
        self.focused = focused;
    }

    /// A frame was begun.
    pub(super) fn begun(&mut self, now: Instant) {
        let floor = if self.focused { FLOOR } else { UNFOCUSED };
        self.next = now + self.gap.max(floor);
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
}
