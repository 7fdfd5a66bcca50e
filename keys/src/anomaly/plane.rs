//! The situations that a series has been in, and how far a new one is from all of them. It judges nothing.
//!
//! A situation is a point: a short mean and a longer one of the same moment. Together they tell where the series is and
//! whence it came, so a value that is usual by itself is told apart when it comes at the wrong time: a peak that does
//! not end, a fall that is too slow. Few points are kept; a point near one that is kept only confirms it.

use serde::{Deserialize, Serialize};

use super::{MEMORY, WARM};

/// How many points are kept. With fewer than about forty, a series of many levels has forgotten the first when it is
/// back at it; more change little.
const POINTS: usize = 60;

/// Two situations are the same when they differ by no more than this share of the range, in both means.
const SAME: f32 = 0.1;

/// A situation, and the row that saw it last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    short: f32,
    long: f32,
    seen: u32,
}

/// Situations of two means of fixed lengths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Plane {
    points: Vec<Point>,
    row: u32,
}

impl Plane {
    /// The distance to the nearest situation, as a share of the two widths, of which the larger counts; then the new
    /// one is taken in. Zero while too little was seen.
    pub(super) fn push(&mut self, at: [f64; 2], widths: [f64; 2]) -> f64 {
        self.row = self.row.wrapping_add(1);
        let new = Point { short: at[0] as f32, long: at[1] as f32, seen: self.row };
        let [by_short, by_long] = widths.map(|width| width.recip() as f32);
        let mut nearest = (f32::MAX, None);
        for (i, point) in self.points.iter().enumerate() {
            let short = (point.short - new.short).abs() * by_short;
            let distance = short.max((point.long - new.long).abs() * by_long);
            if distance < nearest.0 {
                nearest = (distance, Some(i));
            }
        }
        let judged = !self.points.is_empty() && self.row >= u32::from(WARM);
        match nearest {
            (distance, Some(i)) if distance <= SAME => self.points[i].seen = self.row,
            _ => self.keep(new),
        }
        self.forget();
        if judged { f64::from(nearest.0) } else { 0.0 }
    }

    fn keep(&mut self, new: Point) {
        let age = |point: &Point| new.seen.wrapping_sub(point.seen);
        if self.points.len() < POINTS {
            if self.points.len() == self.points.capacity() {
                // No more than all: a restart leaves a list of any length, which would double.
                let more = self.points.len().max(4).min(POINTS - self.points.len());
                self.points.reserve_exact(more);
            }
            self.points.push(new);
        } else if let Some(oldest) = self.points.iter_mut().max_by_key(|point| age(point)) {
            *oldest = new;
        }
    }

    /// Looks at one point a row, in turn, which is soon enough.
    fn forget(&mut self) {
        let i = self.row as usize % self.points.len().max(1);
        if self.points.get(i).is_some_and(|point| self.row.wrapping_sub(point.seen) > u32::from(MEMORY)) {
            self.points.swap_remove(i);
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        self.points.capacity() * size_of::<Point>()
    }
}
