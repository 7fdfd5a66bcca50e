//! The conditions as people are offered them, and a rule in words: what it will do. The doors' forms are made of these, so
//! that a new condition appears in them by itself.

use keyward_store::model::{AlertCondition, Environment};

use crate::anomaly::Millis;
use crate::caller::Caller;
use crate::error::Result;
use crate::input::NewAlertRule;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::alerts::condition::{Kind, LONGEST_WINDOW, Limits, WINDOW, kind};
use crate::service::text::Faults;
use crate::view::{AlertConditionView, AlertSeverity};

/// Every condition, in the order in which people are offered them.
pub fn alert_conditions() -> impl ExactSizeIterator<Item = AlertConditionView> {
    AlertCondition::ALL.iter().map(|condition| {
        let Kind { unit, usual, bounds: (least, most), windowed } = kind(*condition);
        AlertConditionView {
            condition: *condition,
            title: title(*condition),
            about: about(*condition),
            unit,
            threshold: usual,
            least,
            most,
            window: windowed.then_some(WINDOW),
            longest_window: windowed.then_some(LONGEST_WINDOW),
            replayable: untold(*condition).is_none(),
            why_not_replayable: untold(*condition),
        }
    })
}

/// Their names, as people write them: for whoever wrote another.
pub fn alert_condition_names() -> String {
    AlertCondition::ALL.iter().map(|condition| condition.name()).collect::<Vec<_>>().join(", ")
}

impl Service {
    /// What rules can look at.
    pub fn alert_conditions(&self, caller: &Caller) -> Result<Vec<AlertConditionView>> {
        let account = Target::Account(caller.person()?);
        authorise(&self.mirror().read(), caller, Permission::AccountRead, account, None)?;
        Ok(alert_conditions().collect())
    }
}

impl NewAlertRule {
    /// What the rule will do, in one sentence; `whose` names the keys it is for: `stripe-live`, `a key of Payments`. None
    /// while something about its condition is wrong.
    pub fn in_words(&self, whose: &str) -> Option<String> {
        let mut faults = Faults::default();
        let limits =
            Limits::checked(&mut faults, self.condition, self.threshold, self.recovery, self.window)?;
        faults.into_vec().is_empty().then(|| sentence(&limits, whose))
    }
}

/// What a rule does, in one sentence.
pub(super) fn sentence(limits: &Limits, whose: &str) -> String {
    let (threshold, window) = (limits.threshold, span(limits.window_minutes));
    let when = match limits.condition {
        AlertCondition::ErrorRate => {
            format!("{threshold} % or more of the calls of {whose} fail within {window}")
        }
        AlertCondition::RequestRate => {
            format!("{whose} has {threshold} or more calls a minute, over {window}")
        }
        AlertCondition::LatencyP95 => {
            let threshold = Millis(threshold as f64);
            format!("5 % of the calls of {whose} take {threshold} or longer within {window}")
        }
        AlertCondition::NoTraffic => format!("{whose} is not called for {}", minutes(threshold)),
        AlertCondition::MonthlyLimit => format!("{whose} has used {threshold} % of its monthly limit"),
        AlertCondition::Forecast => {
            format!("the month of {whose} is on the way to {threshold} % of its limit")
        }
        AlertCondition::Unused => format!("{whose} is not used for {}", days(threshold)),
        AlertCondition::RotationOverdue if threshold == 0 => format!("the rotation of {whose} is overdue"),
        AlertCondition::RotationOverdue => {
            format!("the rotation of {whose} is {} overdue", days(threshold))
        }
        AlertCondition::FrozenUse => format!("{whose} is asked for or used although it is frozen"),
        AlertCondition::MonthlyCost => {
            format!("the month of {whose} has cost {threshold}, in the price book's currency")
        }
        AlertCondition::Budget => format!("{whose} has spent {threshold} % of its monthly budget"),
        AlertCondition::RotationFailed => {
            format!("the rotation of {whose} has stopped, and a person has to look")
        }
        AlertCondition::NewEndpoint if threshold == 1 => {
            format!("{whose} calls an endpoint that it did not call in the 30 days before")
        }
        AlertCondition::NewEndpoint => {
            format!("{whose} calls {threshold} endpoints in a day that it did not call in the 30 days before")
        }
        AlertCondition::OddHour => {
            let calls =
                if threshold == 1 { "is called".to_owned() } else { format!("is called {threshold} times") };
            format!("{whose} {calls} in an hour of the day in which it was not in the four weeks before")
        }
        AlertCondition::NewNetwork if threshold == 1 => {
            format!("{whose} is used from a network (/24 or /48) from which it never was")
        }
        AlertCondition::NewNetwork => {
            format!("{whose} is used from {threshold} networks within a day from which it never was")
        }
        AlertCondition::DecoyUse => {
            format!("{whose} is a decoy and is fetched, revealed or used, at once")
        }
        AlertCondition::Anomaly => format!("the usage of {whose} is unusual by {threshold} % or more"),
    };
    let unit = kind(limits.condition).unit;
    let over = match limits.recovery {
        Some(recovery) if recovery < threshold => format!("; recovers below {recovery} {unit}"),
        Some(_) | None => String::new(),
    };
    format!("Fires when {when}{over}.")
}

/// How much an alert of this condition matters, for a key that is used there.
pub(super) fn severity(condition: AlertCondition, environment: Option<Environment>) -> AlertSeverity {
    let production = environment == Some(Environment::Production);
    match condition {
        AlertCondition::ErrorRate
        | AlertCondition::NoTraffic
        | AlertCondition::FrozenUse
        | AlertCondition::RotationFailed
            if production =>
        {
            AlertSeverity::Critical
        }
        AlertCondition::DecoyUse => AlertSeverity::Critical,
        AlertCondition::ErrorRate
        | AlertCondition::NoTraffic
        | AlertCondition::FrozenUse
        | AlertCondition::RotationFailed => AlertSeverity::Warning,
        AlertCondition::RequestRate
        | AlertCondition::LatencyP95
        | AlertCondition::MonthlyLimit
        | AlertCondition::MonthlyCost
        | AlertCondition::Budget
        | AlertCondition::NewEndpoint
        | AlertCondition::OddHour
        | AlertCondition::NewNetwork
        | AlertCondition::Anomaly
        | AlertCondition::Forecast
            if production =>
        {
            AlertSeverity::Warning
        }
        AlertCondition::RequestRate
        | AlertCondition::LatencyP95
        | AlertCondition::MonthlyLimit
        | AlertCondition::MonthlyCost
        | AlertCondition::Budget
        | AlertCondition::NewEndpoint
        | AlertCondition::OddHour
        | AlertCondition::NewNetwork
        | AlertCondition::Anomaly
        | AlertCondition::Forecast
        | AlertCondition::Unused
        | AlertCondition::RotationOverdue => AlertSeverity::Notice,
    }
}

/// A condition's name for people.
fn title(condition: AlertCondition) -> &'static str {
    match condition {
        AlertCondition::ErrorRate => "Errors",
        AlertCondition::RequestRate => "Calls",
        AlertCondition::LatencyP95 => "Response time",
        AlertCondition::NoTraffic => "Silence",
        AlertCondition::MonthlyLimit => "Monthly limit",
        AlertCondition::Forecast => "Forecast",
        AlertCondition::Unused => "Unused",
        AlertCondition::RotationOverdue => "Rotation overdue",
        AlertCondition::FrozenUse => "Frozen, yet used",
        AlertCondition::MonthlyCost => "Cost of the month",
        AlertCondition::Budget => "Monthly budget",
        AlertCondition::RotationFailed => "Rotation stopped",
        AlertCondition::NewEndpoint => "New endpoint",
        AlertCondition::OddHour => "Odd hour",
        AlertCondition::NewNetwork => "New network",
        AlertCondition::DecoyUse => "Decoy used",
        AlertCondition::Anomaly => "Unusual usage",
    }
}

/// What it looks at, in a line.
fn about(condition: AlertCondition) -> &'static str {
    match condition {
        AlertCondition::ErrorRate => "The share of calls answered with 400 or above.",
        AlertCondition::RequestRate => "Calls a minute, the mean of the window.",
        AlertCondition::LatencyP95 => "The time within which 95 % of the calls are answered.",
        AlertCondition::NoTraffic => "Minutes since the last call.",
        AlertCondition::MonthlyLimit => "How much of the key's monthly limit is used.",
        AlertCondition::Forecast => "Where the month leads if it goes on so, against its limit.",
        AlertCondition::Unused => "Days since the last call.",
        AlertCondition::RotationOverdue => "Days since the rotation was due.",
        AlertCondition::FrozenUse => {
            "Fetches of a key that is frozen, which are refused, and calls reported with it."
        }
        AlertCondition::MonthlyCost => "What the month's calls cost by the price book, in its currency.",
        AlertCondition::Budget => "How much of the key's monthly budget is spent.",
        AlertCondition::RotationFailed => "A rotation that stopped and waits for a person.",
        AlertCondition::NewEndpoint => "Endpoints called today (UTC) and not in the 30 days before.",
        AlertCondition::OddHour => "Calls at an hour of the day (UTC) without any in four weeks.",
        AlertCondition::NewNetwork => "Networks of the last 24 hours from which the key was never used.",
        AlertCondition::DecoyUse => "Uses of a key that is marked as a decoy.",
        AlertCondition::Anomaly => "How far its calls, errors or response times leave what is usual.",
    }
}

/// Why a rule on it cannot be tried on the past; none where it can.
pub(super) fn untold(condition: AlertCondition) -> Option<&'static str> {
    match condition {
        AlertCondition::RotationOverdue => Some("when rotations were due before is not kept"),
        AlertCondition::FrozenUse => Some("from when to when keys were frozen before is not kept"),
        AlertCondition::RotationFailed => Some("how long rotations stood still before is not kept"),
        AlertCondition::NewNetwork => {
            Some("of a network only its last use is kept, and not when it was new to a key")
        }
        AlertCondition::DecoyUse => Some("the first use of a decoy fires, and its uses are kept for an hour"),
        AlertCondition::ErrorRate
        | AlertCondition::RequestRate
        | AlertCondition::LatencyP95
        | AlertCondition::NoTraffic
        | AlertCondition::MonthlyLimit
        | AlertCondition::Forecast
        | AlertCondition::Unused
        | AlertCondition::MonthlyCost
        | AlertCondition::Budget
        | AlertCondition::NewEndpoint
        | AlertCondition::OddHour
        | AlertCondition::Anomaly => None,
    }
}

/// So many of something.
pub(super) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn days(count: u64) -> String {
    counted(count, "day")
}

fn minutes(count: u64) -> String {
    counted(count, "minute")
}

/// A window.
fn span(count: u32) -> String {
    minutes(count.into())
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn every_condition_is_offered_once() {
        let schema = serde_json::to_value(AlertCondition::schema()).unwrap_or_default();
        let named = schema["enum"].as_array().map_or(0, Vec::len);
        assert_eq!(alert_conditions().len(), named);
        let mut titles: Vec<_> = alert_conditions().map(|condition| condition.title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), named, "each has a title of its own");
    }

    #[test]
    fn a_rule_says_what_it_will_do_once_nothing_is_wrong() {
        let mut rule = NewAlertRule {
            name: String::new(),
            condition: Some(AlertCondition::ErrorRate),
            api_key_id: None,
            team: None,
            threshold: Some(5),
            recovery: Some(2),
            window: Some(10),
            enabled: None,
        };
        assert_eq!(
            rule.in_words("stripe-live").as_deref(),
            Some(
                "Fires when 5 % or more of the calls of stripe-live fail within 10 minutes; recovers below 2 %."
            )
        );
        rule.recovery = Some(6);
        assert_eq!(rule.in_words("stripe-live"), None);
    }
}
