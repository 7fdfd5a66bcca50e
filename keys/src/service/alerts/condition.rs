//! The conditions: of each its unit, what its threshold may be, how its value comes of what is known of a key, and the
//! words for it. Every value is the worse the larger it is. It reads nothing and decides nothing else.

use keyward_store::model::{AlertCondition, ApiKey, Status};
use keyward_store::usage::Cell;

use crate::anomaly::Millis;
use crate::service::alerts::wording::counted;
use crate::service::report::quantile_ms;
use crate::service::text::Faults;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Minutes of a window when nothing is said.
pub(crate) const WINDOW: u32 = 5;

/// Minutes of the longest window.
pub(crate) const LONGEST_WINDOW: u32 = 1440;

/// How old a month is before it is told where it leads, ms.
const YOUNG_MS: i64 = DAY_MS;

/// What one condition is.
pub(crate) struct Kind {
    /// The unit of its values.
    pub(crate) unit: &'static str,
    /// The threshold when none is given.
    pub(super) usual: Option<u64>,
    /// The least and the most that a threshold may be.
    pub(super) bounds: (u64, u64),
    /// It looks back over a window.
    pub(crate) windowed: bool,
}

/// The row of a condition.
pub(crate) fn kind(condition: AlertCondition) -> Kind {
    use AlertCondition as C;
    let row = |unit, usual, bounds, windowed| Kind { unit, usual, bounds, windowed };
    match condition {
        C::ErrorRate => row("%", Some(5), (1, 100), true),
        C::RequestRate => row("calls/min", Some(600), (1, 1_000_000_000), true),
        C::LatencyP95 => row("ms", None, (1, 3_600_000), true),
        C::NoTraffic => row("min", Some(60), (1, 43_200), false),
        C::MonthlyLimit => row("%", Some(80), (1, 1_000), false),
        C::Forecast => row("%", Some(100), (1, 10_000), false),
        C::Unused => row("days", Some(90), (1, 3_650), false),
        C::RotationOverdue => row("days", Some(0), (0, 3_650), false),
        C::FrozenUse | C::RotationFailed => row("", Some(1), (1, 1), false),
        C::MonthlyCost => row("money", None, (1, 1_000_000_000), false),
        C::Budget => row("%", Some(80), (1, 1_000), false),
        C::NewEndpoint => row("endpoints", Some(1), (1, 1_000), false),
        C::OddHour => row("calls", Some(1), (1, 1_000_000_000), false),
        C::NewNetwork => row("networks", Some(1), (1, 64), false),
        // The first use says all that there is to say.
        C::DecoyUse => row("uses", Some(1), (1, 1), false),
        C::Anomaly => row("%", Some(60), (50, 100), false),
    }
}

/// What a rule asks of its condition, checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    pub(crate) condition: AlertCondition,
    pub(crate) threshold: u64,
    pub(crate) recovery: Option<u64>,
    /// 0 without a window.
    pub(crate) window_minutes: u32,
}

impl Limits {
    /// With every fault noted; what could not be used is replaced by what is usual. None without a condition.
    pub(crate) fn checked(
        faults: &mut Faults,
        condition: Option<AlertCondition>,
        threshold: Option<u64>,
        recovery: Option<u64>,
        window: Option<u32>,
    ) -> Option<Self> {
        let Some(condition) = condition else {
            faults.add("condition", "is missing");
            return None;
        };
        let Kind { unit, usual, bounds: (least, most), windowed, .. } = kind(condition);
        match threshold {
            None if usual.is_none() => faults.add("threshold", format!("is missing: give it in {unit}")),
            Some(given) if !(least..=most).contains(&given) && least == most => {
                let why = match condition {
                    AlertCondition::DecoyUse => {
                        "does not go with this condition, which fires at the first use; leave it out"
                    }
                    _ => "does not go with this condition; leave it out",
                };
                faults.add("threshold", why);
            }
            Some(given) if !(least..=most).contains(&given) => {
                faults.add("threshold", format!("is between {least} and {most} {unit}"));
            }
            _ => {}
        }
        let threshold = threshold.or(usual).unwrap_or(least);
        let recoveries = least.max(1)..=most;
        match recovery {
            // Nothing is below 0.
            Some(given) if !recoveries.contains(&given) => {
                faults.add("recovery", format!("is between {} and {most} {unit}", recoveries.start()));
            }
            Some(given) if given > threshold && (least..=most).contains(&threshold) => {
                let detail = format!("is below the recovery of {given}: it would fire and recover at once");
                faults.add("threshold", detail);
            }
            _ => {}
        }
        match window {
            Some(_) if !windowed => {
                faults.add("window", "does not go with this condition; leave it out");
            }
            Some(given) if !(1..=LONGEST_WINDOW).contains(&given) => {
                faults.add("window", format!("is between 1 and {LONGEST_WINDOW} minutes"));
            }
            _ => {}
        }
        let window_minutes = if windowed { window.unwrap_or(WINDOW) } else { 0 };
        Some(Self { condition, threshold, recovery, window_minutes })
    }

    /// Whether a value crosses.
    pub(crate) fn crosses(&self, value: Option<u64>) -> bool {
        value.is_some_and(|value| value >= self.threshold)
    }

    /// Whether what held before holds with this value.
    pub(crate) fn holds(&self, value: Option<u64>) -> bool {
        value.is_some_and(|value| value >= self.recovery.unwrap_or(self.threshold))
    }
}

/// What is known of a key at a moment.
pub(crate) struct Facts<'a> {
    pub(crate) now_ms: i64,
    pub(crate) key: &'a ApiKey,
    pub(crate) last_used_ms: Option<i64>,
    /// Calls of the month.
    pub(crate) month_used: u64,
    /// The month's first moment, and the first after it.
    pub(crate) month_ms: (i64, i64),
    /// Its rotation stopped.
    pub(crate) rotation_failed: bool,
}

impl Facts<'_> {
    /// The value of a condition, with the calls of its window; none when there is nothing to tell it by.
    pub(crate) fn value(&self, limits: &Limits, window: &Cell) -> Option<u64> {
        let key = self.key;
        let since =
            |then_ms: i64, unit_ms: i64| u64::try_from((self.now_ms - then_ms) / unit_ms).unwrap_or(0);
        let in_use = key.status == Status::Active && key.frozen_ms.is_none();
        let used_ms = self.last_used_ms.unwrap_or(key.created_ms).max(key.created_ms);
        match limits.condition {
            AlertCondition::ErrorRate => share(window.errors().into(), window.requests.into()),
            AlertCondition::RequestRate => Some(window.requests / u64::from(limits.window_minutes.max(1))),
            AlertCondition::LatencyP95 => quantile_ms(window, 0.95).map(|ms| ms as u64),
            // What is switched off need not be called.
            AlertCondition::NoTraffic | AlertCondition::Unused if !in_use => None,
            AlertCondition::NoTraffic => Some(since(used_ms, MINUTE_MS)),
            AlertCondition::Unused => Some(since(used_ms, DAY_MS)),
            AlertCondition::MonthlyLimit => share(self.month_used.into(), key.monthly_limit?.into()),
            AlertCondition::Forecast => self.forecast(),
            AlertCondition::RotationOverdue => {
                let due_ms = key.next_rotation_ms.filter(|due_ms| *due_ms < self.now_ms)?;
                Some(since(due_ms, DAY_MS))
            }
            AlertCondition::FrozenUse => {
                let frozen_ms = key.frozen_ms?;
                self.last_used_ms.filter(|used_ms| *used_ms > frozen_ms).map(|_| 1)
            }
            AlertCondition::RotationFailed => Some(u64::from(self.rotation_failed)),
            // What takes more than is known here is `reading`'s.
            AlertCondition::MonthlyCost
            | AlertCondition::Budget
            | AlertCondition::NewEndpoint
            | AlertCondition::OddHour
            | AlertCondition::NewNetwork
            | AlertCondition::DecoyUse
            | AlertCondition::Anomaly => None,
        }
    }

    /// Where the month leads if it goes on as it went so far, percent of the limit.
    fn forecast(&self) -> Option<u64> {
        let (first_ms, next_ms) = self.month_ms;
        let (gone, all) = (self.now_ms - first_ms, next_ms - first_ms);
        if gone < YOUNG_MS {
            return None;
        }
        let (gone, all) = (u128::try_from(gone).ok()?, u128::try_from(all).ok()?);
        let limit = u128::from(self.key.monthly_limit?).max(1);
        share(u128::from(self.month_used) * all, limit * gone)
    }
}

/// A part of a whole, percent, rounded down; of nothing there is no part. A limit of 0 counts as 1.
pub(crate) fn share(part: u128, whole: u128) -> Option<u64> {
    let whole = if part > 0 { whole.max(1) } else { whole };
    (part * 100).checked_div(whole).map(|percent| u64::try_from(percent).unwrap_or(u64::MAX))
}

/// A value in words, after the key's name.
pub(crate) fn words(limits: &Limits, value: u64) -> String {
    let window = limits.window_minutes;
    match limits.condition {
        AlertCondition::ErrorRate => format!("{value} % of its calls failed within {window} min"),
        AlertCondition::RequestRate => format!("{} a minute within {window} min", counted(value, "call")),
        AlertCondition::LatencyP95 => {
            format!("a p95 response time of {} within {window} min", Millis(value as f64))
        }
        AlertCondition::NoTraffic => format!("no call for {value} min"),
        AlertCondition::MonthlyLimit => format!("{value} % of its monthly limit is used"),
        AlertCondition::Forecast => format!("on the way to {value} % of its monthly limit"),
        AlertCondition::Unused => format!("not used for {}", counted(value, "day")),
        AlertCondition::RotationOverdue if value == 0 => "its rotation is overdue".to_owned(),
        AlertCondition::RotationOverdue => format!("its rotation is {} overdue", counted(value, "day")),
        AlertCondition::FrozenUse => "it is frozen, and was used since".to_owned(),
        AlertCondition::MonthlyCost => format!("its calls of this month cost {value} or more"),
        AlertCondition::Budget => format!("{value} % of its monthly budget is spent"),
        AlertCondition::RotationFailed => "its rotation stopped; a person has to look".to_owned(),
        AlertCondition::NewEndpoint if value == 1 => "an endpoint was called that is new to it".to_owned(),
        AlertCondition::NewEndpoint => format!("{value} endpoints were called that are new to it"),
        AlertCondition::OddHour => {
            format!("{} in an hour of the day in which it is never called", counted(value, "call"))
        }
        AlertCondition::NewNetwork if value == 1 => "used from a network that is new to it".to_owned(),
        AlertCondition::NewNetwork => format!("used from {value} networks that are new to it"),
        AlertCondition::DecoyUse => "it is a decoy, and was used".to_owned(),
        AlertCondition::Anomaly => format!("its usage is unusual, {value} %"),
    }
}
