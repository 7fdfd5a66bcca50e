//! A running mean. It knows nothing of time: one value is one step.

use serde::{Deserialize, Serialize};

/// The plain mean of the first values, and from `span` values on one in which each new value weighs one in `span`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Mean {
    value: f64,
    seen: f32,
}

impl Mean {
    /// Takes a value in and answers the new mean.
    pub(super) fn push(&mut self, value: f64, span: f32) -> f64 {
        self.seen = (self.seen + 1.0).min(span);
        self.value += (value - self.value) / f64::from(self.seen);
        self.value
    }

    /// The mean; zero before the first value.
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// Whether there was a value.
    pub(super) fn any(&self) -> bool {
        self.seen > 0.0
    }
}
