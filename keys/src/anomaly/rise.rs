//! A quantity of which only a rise beyond what it has kept to is worth a word: a share of errors, a response time. It is
//! much less than a detector, so that a key can have several.

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::{RECORD_ALARM, REST};

/// Readings before anything is said: two days of one in ten minutes.
const LEARNING: u16 = 288;

/// The memory of one quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rise {
    range: Record,
    seen: u16,
    rest: u16,
}

/// What there is to say about a value.
pub(super) struct Risen {
    /// By how much it is beyond the range; 1 and above is an anomaly.
    pub(super) surprise: f64,
    /// Whether one begins with it.
    pub(super) begins: bool,
    /// The lowest and the highest before.
    pub(super) range: (f64, f64),
}

impl Rise {
    /// Takes a value in and judges it by those before; a range narrower than `grain` is taken for that wide.
    pub(super) fn push(&mut self, value: f64, grain: f64) -> Risen {
        let range = self.range.range();
        let share = self.range.push(value, grain);
        self.seen = self.seen.saturating_add(1);
        let known = value > range.1 && self.seen > LEARNING;
        let surprise = if known { share / RECORD_ALARM } else { 0.0 };
        let begins = surprise >= 1.0 && self.rest == 0;
        self.rest = if begins { REST - 1 } else { self.rest.saturating_sub(1) };
        Risen { surprise, begins, range }
    }
}
