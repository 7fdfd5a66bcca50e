//! Why a value is an anomaly, in words that a person can check against a chart.

use std::fmt;

use super::season::Usual;

/// One reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// Compared with what is usual at the hour, or by and large.
    Times {
        /// The value.
        value: f64,
        /// What is usual.
        usual: f64,
        /// The day from Monday, when the hour of the week is known well enough, and the hour.
        hour: Option<(Option<u8>, u8)>,
    },
    /// The value, or a mean of several, left the range that it had kept to.
    Range {
        /// Of how many readings it is the mean; 1 is the value itself.
        of: u16,
        /// The value or mean.
        value: f64,
        /// The lowest and the highest before.
        range: (f64, f64),
    },
    /// It changed by more than ever.
    Jump {
        /// From this short mean.
        from: f64,
        /// To this value.
        to: f64,
    },
    /// It stays away from its level by more than ever.
    Shift {
        /// The short mean.
        now: f64,
        /// The level.
        level: f64,
    },
    /// Each value is usual, but not after what came before.
    Course,
    /// More calls failed than ever.
    Errors {
        /// The share of calls, percent.
        percent: f64,
        /// The lowest and the highest before.
        range: (f64, f64),
    },
    /// Calls took longer than ever.
    Slow {
        /// The mean response time, ms.
        ms: f64,
        /// The lowest and the highest before.
        range: (f64, f64),
    },
}

impl Reason {
    pub(super) fn times(value: f64, usual: Option<Usual>, level: f64) -> Self {
        match usual {
            Some(usual) => Self::Times { value, usual: usual.mean, hour: Some((usual.weekday, usual.hour)) },
            None => Self::Times { value, usual: level, hour: None },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Times { value, usual, hour } => times(f, value, usual, hour),
            Self::Range { of: 1, value, range: (low, high) } => {
                write!(f, "{} where {} to {} was usual", Number(value), Number(low), Number(high))
            }
            Self::Range { of, value, range: (low, high) } => {
                let (value, low, high) = (Number(value), Number(low), Number(high));
                write!(f, "{value} on average of the last {of}, where {low} to {high} was usual")
            }
            Self::Jump { from, to } => write!(f, "a jump from {} to {}", Number(from), Number(to)),
            Self::Shift { now, level } => {
                write!(f, "a shift from about {} to {}", Number(level), Number(now))
            }
            Self::Course => write!(f, "a course not seen before"),
            Self::Errors { percent, range: (low, high) } => {
                let (percent, low, high) = (percent.round(), low.max(0.0).round(), high.round());
                write!(f, "{percent} % of the calls failed where {low} to {high} % was usual")
            }
            Self::Slow { ms, range: (low, high) } => {
                write!(f, "a response time of {} where ", Millis(ms))?;
                match high {
                    ..1_000.0 => write!(f, "{} to {} was usual", Number(low), Millis(high)),
                    _ => write!(f, "{} to {} was usual", Millis(low), Millis(high)),
                }
            }
        }
    }
}

fn times(f: &mut fmt::Formatter<'_>, value: f64, usual: f64, hour: Option<(Option<u8>, u8)>) -> fmt::Result {
    // Sums that came and went leave a trace of themselves.
    let usual = if usual.abs() <= value.abs() * 1e-6 { 0.0 } else { usual };
    let ratio = value / usual;
    if usual.abs() < 1e-9 || !(0.0..1e6).contains(&ratio) {
        write!(f, "{} instead of the usual {}", Number(value), Number(usual))?;
    } else if ratio >= 0.095 {
        write!(f, "{ratio:.1}x the usual")?;
    } else {
        write!(f, "{:.0} % of the usual", ratio * 100.0)?;
    }
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    match hour {
        Some((Some(day), hour)) => write!(f, " {} {hour:02}:00", DAYS[usize::from(day) % 7]),
        Some((None, hour)) => write!(f, " at {hour:02}:00"),
        None => Ok(()),
    }
}

/// Three digits, and no more zeros than needed.
struct Number(f64);

/// A response time, ms, as people read it: `914 ms`, `14.5 s`.
pub(crate) struct Millis(pub(crate) f64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..1_000.0 => write!(f, "{} ms", Number(self.0)),
            ms => write!(f, "{} s", Number((ms / 100.0).round() / 10.0)),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size >= 1e9 || (size > 0.0 && size < 1e-3) {
            return write!(f, "{:.2e}", self.0);
        }
        let digits = [100.0, 10.0, 1.0].iter().position(|limit| size >= *limit).unwrap_or(3);
        let text = format!("{:.digits$}", self.0);
        let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        f.write_str(if text == "-0" { "0" } else { text })
    }
}
