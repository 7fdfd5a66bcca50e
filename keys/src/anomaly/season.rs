//! What is usual at an hour of the day and, once enough weeks were seen, at an hour of the week. Hours are the caller's:
//! it hands in a clock that reads as the people concerned read it.

use serde::{Deserialize, Serialize};

use super::MEMORY;
use super::mean::Mean;

const HOUR: i64 = 3600;
const DAY_HOURS: usize = 24;
const WEEK_HOURS: usize = 7 * DAY_HOURS;

/// Days or weeks after which an hour's mean has mostly forgotten.
const SPAN: f32 = 5.0;

/// An hour says something once it was seen so often.
const ENOUGH: u8 = 2;

/// What is usual at an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    /// The mean of that hour.
    pub(super) mean: f64,
    /// The day, from Monday, when the hour is one of the week.
    pub(super) weekday: Option<u8>,
    /// The hour of the day.
    pub(super) hour: u8,
}

/// The means of the hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Season {
    /// Hours of the day, then hours of the week from Monday.
    means: Vec<f32>,
    seen: Vec<u8>,
    /// The hour that is open, since 1970, and the values in it.
    hour: i64,
    open: Mean,
    /// Squares of what the hours leave unexplained, and of what the mean alone does.
    left: Mean,
    whole: Mean,
    mean: Mean,
}

impl Default for Season {
    fn default() -> Self {
        let slots = DAY_HOURS + WEEK_HOURS;
        Self {
            means: vec![0.0; slots],
            seen: vec![0; slots],
            hour: i64::MIN,
            open: Mean::default(),
            left: Mean::default(),
            whole: Mean::default(),
            mean: Mean::default(),
        }
    }
}

impl Season {
    /// What was usual at this hour, before `value` is taken in. A clock that jumps closes the hour that was open.
    pub(super) fn push(&mut self, at: i64, value: f64) -> Option<Usual> {
        let hour = at.div_euclid(HOUR);
        if hour != self.hour {
            if self.open.any() {
                self.close();
            }
            self.hour = hour;
            self.open = Mean::default();
        }
        let usual = self.usual();
        self.open.push(value, f32::MAX);
        if let Some(usual) = usual {
            self.left.push((value - usual.mean).powi(2), f32::from(MEMORY));
            self.whole.push((value - self.mean.value()).powi(2), f32::from(MEMORY));
        }
        self.mean.push(value, f32::from(MEMORY));
        usual
    }

    /// How much of the spread the hours explain, from 0 to 1. Where they explain little, what differs from them says
    /// nothing of its own.
    pub(super) fn explains(&self) -> f64 {
        let whole = self.whole.value();
        if whole > 0.0 { (1.0 - self.left.value() / whole).clamp(0.0, 1.0) } else { 0.0 }
    }

    fn usual(&self) -> Option<Usual> {
        let (day, week) = slots(self.hour);
        let hour = day as u8;
        let known = |slot: usize| self.seen[slot] >= ENOUGH;
        let mean = |slot: usize| f64::from(self.means[slot]);
        if known(week) {
            let weekday = ((week - DAY_HOURS) / DAY_HOURS) as u8;
            Some(Usual { mean: mean(week), weekday: Some(weekday), hour })
        } else {
            known(day).then(|| Usual { mean: mean(day), weekday: None, hour })
        }
    }

    fn close(&mut self) {
        let (day, week) = slots(self.hour);
        for slot in [day, week] {
            self.seen[slot] = self.seen[slot].saturating_add(1);
            let weight = f32::from(self.seen[slot]).min(SPAN);
            self.means[slot] += (self.open.value() as f32 - self.means[slot]) / weight;
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        4 * self.means.capacity() + self.seen.capacity()
    }
}

/// Where the means of an hour since 1970 are.
fn slots(hour: i64) -> (usize, usize) {
    // 1970 began on a Thursday.
    let of_week = (hour + 3 * DAY_HOURS as i64).rem_euclid(WEEK_HOURS as i64) as usize;
    (of_week % DAY_HOURS, DAY_HOURS + of_week)
}
