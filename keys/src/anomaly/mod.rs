//! Anomalies in a series of readings: one pass, constant memory, each with a score and its reasons. Pure: no clock, no
//! I/O, no store; what to do about an anomaly is the caller's.
//!
//! A reading is surprising by how far it leaves what the series has been seen to do:
//!
//! - **Records** ([`record`]): the value, its distance from the short mean, the mean of a while, the distance of the
//!   short mean from the level, and the distance from what is usual at that hour, as far as hours explain the series
//!   ([`season`]). Each is measured by the range that it has kept to.
//! - **Situations** ([`plane`]): pairs of a short and a longer mean, at three lengths, measured by how far they are from
//!   every pair seen before.
//!
//! The largest surprise is the score. An anomaly begins once: what follows within [`REST`] readings belongs to it, as a
//! fault is not one thing more at each reading of its duration.
//!
//! Nothing depends on the unit or the spread of the values, or on how many are to come. The constants are round numbers
//! from the middle of wide plateaus on public data (`examples/anomaly.rs` measures them): none is a fine adjustment.

mod mean;
mod plane;
mod reason;
mod record;
mod rise;
mod season;
#[cfg(test)]
mod test;
mod watch;

use serde::{Deserialize, Serialize};

pub(crate) use reason::Millis;
pub use reason::Reason;
pub use watch::{Judgement, Reading, Watch};

use mean::Mean;
use plane::Plane;
use record::Record;
use season::{Season, Usual};

/// Readings after which what does not come again is mostly forgotten: four weeks of one in ten minutes. What comes once a
/// week must be remembered well.
const MEMORY: u16 = 4032;

/// Readings before anything is said.
const WARM: u16 = 50;

/// Readings that an anomaly lasts at least, before another may begin: two thirds of a day of one in ten minutes.
pub const REST: u16 = 100;

/// The score from which on a reading begins an anomaly.
pub const ALARM: f64 = 0.5;

/// How far beyond its range a quantity begins an anomaly, as a share of the range.
const RECORD_ALARM: f64 = 0.2;

/// How far a situation is from all that are known, averaged over the three lengths. It is less, as the ranges of two
/// means bound a plane, most of which no series ever visits.
const PLANE_ALARM: f64 = 0.16;

/// Readings of the short mean, of the mean of a while, and of the level.
const SHORT: u16 = 6;
const WHILE: u16 = 30;
const LEVEL: u16 = 300;

/// Readings of the two means of each plane: from half an hour to most of a day of one in ten minutes.
const PLANES: [(u16, u16); 3] = [(3, 30), (6, 60), (12, 120)];

/// Larger values are taken for this one, so that squares stay finite.
const LARGEST: f64 = 1e30;

/// A value further beyond its range than this, as a share of the range, is taken for one that far: it is as strange, but no
/// single reading, however wild, makes the detector blind to all that is less wild.
const REACH: f64 = 3.0;

/// What there is to say about a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// From 0 to 1; [`ALARM`] and above where an anomaly begins, 0 while one lasts.
    pub score: f64,
    /// How far the value itself leaves what is known, whatever came before it, also while an anomaly lasts: 1 and above is
    /// far.
    pub strange: f64,
    /// Whether an anomaly begins with this reading.
    pub begins: bool,
    /// Why, when it does: the comparison with what is usual first, then what gave it away.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    fn nothing(strange: f64) -> Self {
        Self { score: 0.0, strange, begins: false, reasons: Vec::new() }
    }
}

/// The memory of one series. It is at most four kilobytes, and goes on where it was when it was stored and read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    grain: f64,
    /// The first value: means are kept relative to it, so that small changes of large values are not rounded away.
    origin: Option<f64>,
    short: Mean,
    a_while: Mean,
    level: Mean,
    means: [[Mean; 2]; PLANES.len()],
    mean_ranges: [[Record; 2]; PLANES.len()],
    planes: [Plane; PLANES.len()],
    records: [Record; 5],
    season: Season,
    rest: u16,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new(0.0)
    }
}

impl Detector {
    /// A detector that has seen nothing. A range narrower than `grain` is taken for that wide: for counts, what is too
    /// little to be worth a word.
    pub fn new(grain: f64) -> Self {
        Self {
            grain: grain.clamp(0.0, LARGEST),
            origin: None,
            short: Mean::default(),
            a_while: Mean::default(),
            level: Mean::default(),
            means: Default::default(),
            mean_ranges: Default::default(),
            planes: Default::default(),
            records: Default::default(),
            season: Season::default(),
            rest: 0,
        }
    }

    /// Takes a reading in and judges it by those before. `at` is in seconds since 1970, as a clock on the wall of the
    /// people concerned would be read; it serves the hour alone, so gaps, repetitions and readings that come late do no
    /// harm. What is not a number is no reading: it scores 0 and leaves no trace.
    pub fn observe(&mut self, at: i64, value: f64) -> Verdict {
        if !value.is_finite() {
            return Verdict::nothing(0.0);
        }
        let value = value.clamp(-LARGEST, LARGEST);
        let origin = *self.origin.get_or_insert(value);
        let x = self.records[0].within_reach(value - origin, self.grain);
        let before = if self.short.any() { self.short.value() } else { x };
        let usual = self.season.push(at, x);
        let short = self.short.push(x, f32::from(SHORT));
        let a_while = self.a_while.push(x, f32::from(WHILE));
        let level = self.level.push(x, f32::from(LEVEL));

        let ranges = self.records.each_ref().map(Record::range);
        let quantities = [
            Some(x),
            Some(x - before),
            Some(a_while),
            Some(short - level),
            usual.map(|usual| x - usual.mean),
        ];
        let mut surprises = [0.0; 6];
        for (i, quantity) in quantities.into_iter().enumerate() {
            if let Some(quantity) = quantity {
                surprises[i] = self.records[i].push(quantity, self.grain) / RECORD_ALARM;
            }
        }
        surprises[4] *= self.season.explains().powi(2);
        surprises[5] = self.situation(x) / PLANE_ALARM;

        let surprise = surprises.iter().copied().fold(0.0, f64::max);
        let strange = surprises[0].max(surprises[4]);
        let resting = self.rest > 0;
        self.rest = self.rest.saturating_sub(1);
        if resting {
            return Verdict::nothing(strange);
        }
        let begins = surprise >= 1.0;
        let mut reasons = Vec::new();
        if begins {
            self.rest = REST - 1;
            let plain = |range: (f64, f64)| (range.0 + origin, range.1 + origin);
            let usual = usual.map(|usual| Usual { mean: usual.mean + origin, ..usual });
            reasons.push(Reason::times(value, usual, level + origin));
            let all = [
                Reason::Range { of: 1, value, range: plain(ranges[0]) },
                Reason::Jump { from: before + origin, to: value },
                Reason::Range { of: WHILE, value: a_while + origin, range: plain(ranges[2]) },
                Reason::Shift { now: short + origin, level: level + origin },
            ];
            // The hour is said already.
            reasons.extend(all.into_iter().zip(surprises).filter(|(_, by)| *by >= 1.0).map(|(why, _)| why));
            if reasons.len() == 1 && surprises[5] >= 1.0 {
                reasons.push(Reason::Course);
            }
        }
        Verdict { score: surprise / (1.0 + surprise), strange, begins, reasons }
    }

    /// The mean distance of this moment's situations from those known.
    fn situation(&mut self, x: f64) -> f64 {
        let mut sum = 0.0;
        for (i, spans) in PLANES.into_iter().enumerate() {
            let spans = [spans.0, spans.1];
            let mut at = [0.0; 2];
            let mut widths = [0.0; 2];
            for side in 0..2 {
                let range = &mut self.mean_ranges[i][side];
                at[side] = self.means[i][side].push(x, f32::from(spans[side]));
                widths[side] = range.width(self.grain);
                range.push(at[side], self.grain);
            }
            sum += self.planes[i].push(at, widths);
        }
        sum / PLANES.len() as f64
    }

    /// Bytes that it takes up now.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.season.heap() + self.planes.iter().map(Plane::heap).sum::<usize>()
    }
}
