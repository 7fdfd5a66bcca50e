//! What is watched of one key, all together: its calls, the share of them that fails, and how long they take. It joins
//! what [`Detector`] and `rise` say; what to do about it is the caller's.

use serde::{Deserialize, Serialize};

use super::rise::{Rise, Risen};
use super::{Detector, Reason};

/// A range of calls narrower than this is taken for so wide: some ten calls more or less in ten minutes are no news.
const CALLS: f64 = 50.0;

/// The same of the share of calls that fail, percent.
const ERRORS: f64 = 25.0;

/// The same of the response time: by how many doublings it may differ. Twice the time is news in any unit.
const DOUBLINGS: f64 = 2.0;

/// Shares and means of fewer calls say nothing.
const FEW: f64 = 20.0;

/// One reading of a key: what it did in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Calls.
    pub calls: f64,
    /// Those of them that failed.
    pub errors: f64,
    /// Those of them that reported a response time.
    pub timed: f64,
    /// The sum of these response times, ms.
    pub response_ms: f64,
}

/// What there is to say about a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// From 0 to 1, where an anomaly begins.
    pub score: f64,
    /// How far the reading itself leaves what is known, also while an anomaly lasts: 1 and above is far.
    pub strange: f64,
    /// Whether an anomaly begins with it.
    pub begins: bool,
    /// Why, when one does.
    pub reasons: Vec<Reason>,
}

impl Judgement {
    fn join(&mut self, risen: &Risen, why: Reason) {
        self.strange = self.strange.max(risen.surprise);
        if risen.begins {
            self.begins = true;
            self.score = self.score.max(risen.surprise / (1.0 + risen.surprise));
            self.reasons.push(why);
        }
    }
}

/// The memory of one key. It is at most four kilobytes, and goes on where it was when it was stored and read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    calls: Detector,
    errors: Rise,
    response: Rise,
}

impl Default for Watch {
    fn default() -> Self {
        Self { calls: Detector::new(CALLS), errors: Rise::default(), response: Rise::default() }
    }
}

impl Watch {
    /// Takes a reading in and judges it by those before. `at` is as for [`Detector::observe`].
    pub fn observe(&mut self, at: i64, reading: &Reading) -> Judgement {
        let calls = self.calls.observe(at, reading.calls);
        let mut judged = Judgement {
            score: calls.score,
            strange: calls.strange,
            begins: calls.begins,
            reasons: calls.reasons,
        };
        if reading.calls >= FEW {
            let percent = 100.0 * reading.errors / reading.calls;
            let risen = self.errors.push(percent, ERRORS);
            judged.join(&risen, Reason::Errors { percent, range: risen.range });
        }
        if reading.timed >= FEW && reading.response_ms > 0.0 {
            let ms = reading.response_ms / reading.timed;
            let risen = self.response.push(ms.log2(), DOUBLINGS);
            judged.join(&risen, Reason::Slow { ms, range: (risen.range.0.exp2(), risen.range.1.exp2()) });
        }
        judged
    }

    /// Bytes that it takes up now.
    pub fn size(&self) -> usize {
        size_of::<Self>() - size_of::<Detector>() + self.calls.size()
    }
}
