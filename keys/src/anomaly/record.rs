//! The range that one quantity has kept to, and by how much a value leaves it. It judges nothing: what is much, the
//! detector decides.
//!
//! Measuring a value by the range of what was seen makes quantities of any unit and any spread comparable, and makes
//! each surprise rarer than the last: the range has grown by it. No shape of distribution is assumed.

use serde::{Deserialize, Serialize};

use super::{MEMORY, REACH, WARM};

/// A value counts as seen between one and two times so many values later. Else a slow fall would widen the range just
/// ahead of itself, step by step, and never leave it.
const DELAY: u16 = 25;

/// The lowest and the highest of some values, in single precision, which is enough for what is not in the range yet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Span {
    low: f32,
    high: f32,
}

impl Span {
    const NONE: Self = Self { low: f32::MAX, high: f32::MIN };

    fn take(&mut self, value: f64) {
        self.low = self.low.min(value as f32);
        self.high = self.high.max(value as f32);
    }
}

/// The range of a quantity, which slowly forgets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    low: f64,
    high: f64,
    /// The values of the last full delay, and those since, which the range does not have yet.
    waiting: Span,
    latest: Span,
    filled: u16,
    seen: u16,
}

impl Default for Record {
    fn default() -> Self {
        Self { low: f64::MAX, high: f64::MIN, waiting: Span::NONE, latest: Span::NONE, filled: 0, seen: 0 }
    }
}

impl Record {
    /// By how much a value leaves the range, as a share of it, where the range is at least `grain` wide; then it is
    /// taken in. Zero while too little was seen.
    pub(super) fn push(&mut self, value: f64, grain: f64) -> f64 {
        let beyond = (value - self.high).max(self.low - value).max(0.0);
        let share = if self.warm() { beyond / self.width(grain) } else { 0.0 };
        self.take(value);
        share
    }

    /// The value, or how far one may be beyond all that was seen, when it is further. What comes again is soon within reach,
    /// for each time it may be further. A range without any width tells nothing of how far is far.
    pub(super) fn within_reach(&self, value: f64, grain: f64) -> f64 {
        let seen = [self.waiting, self.latest];
        let low = seen.iter().fold(self.low, |low, span| low.min(span.low.into()));
        let high = seen.iter().fold(self.high, |high, span| high.max(span.high.into()));
        let width = (high - low).max(grain);
        if !self.warm() || width <= 0.0 {
            return value;
        }
        value.clamp(low - REACH * width, high + REACH * width)
    }

    fn take(&mut self, value: f64) {
        if self.warm() {
            self.latest.take(value);
            self.filled += 1;
            if self.filled == DELAY {
                self.widen(f64::from(self.waiting.low), f64::from(self.waiting.high));
                self.waiting = std::mem::replace(&mut self.latest, Span::NONE);
                self.filled = 0;
            }
        } else {
            self.seen += 1;
            self.widen(value, value);
        }
        // What does not come again is forgotten from both ends alike.
        let step = (self.high - self.low) / (2.0 * f64::from(MEMORY));
        self.low += step;
        self.high -= step;
    }

    fn widen(&mut self, low: f64, high: f64) {
        // Nothing waits yet at first.
        if low <= high {
            self.low = self.low.min(low);
            self.high = self.high.max(high);
        }
    }

    fn warm(&self) -> bool {
        self.seen >= WARM
    }

    /// How wide the range is, and never nothing, so that one may divide by it.
    pub(super) fn width(&self, grain: f64) -> f64 {
        // Below a millionth of the values themselves there is only the noise of their representation.
        let noise = 1e-6 * self.high.abs().max(self.low.abs());
        (self.high - self.low).max(noise).max(grain).max(1e-9)
    }

    /// The lowest and the highest value of the range.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}
