//! Alerts of the sample keys in each of the states there are, the rules that raised them, and what the core would say to
//! questions about them. Everything follows from the arguments.

use keyward_keys::input::{AlertQuery, NewAlertRule};
use keyward_keys::view::{
    AlertCourse, AlertFiring, AlertHistory, AlertPage, AlertRulePage, AlertRuleView, AlertSeverity,
    AlertState, AlertTrialView, AlertTurnView, AlertView, KeyView, Pagination,
};
use keyward_keys::{AlertCondition, AlertTurnKind, Id};
use keyward_tui::app::{AlertAnswer, AlertAsk};

use super::people::{DAY, HOUR, MINUTE, ago};
use super::{NOW_MS, id, moment};

/// Key, rule, condition, value, threshold, unit, what crossed, severity, state, since.
type Row =
    (usize, usize, AlertCondition, u64, u64, &'static str, &'static str, AlertSeverity, AlertState, i64);

use AlertCondition as C;
use AlertSeverity::{Critical, Notice, Warning};
use AlertState::{Acknowledged, Firing, Resolved, Snoozed};

const ROWS: [Row; 7] = [
    (0, 0, C::ErrorRate, 12, 5, "%", "12 % of its calls failed within 10 min", Critical, Firing, 14 * MINUTE),
    (2, 2, C::MonthlyLimit, 102, 90, "%", "90 % of its monthly limit is used", Warning, Firing, 5 * HOUR),
    (
        1,
        1,
        C::LatencyP95,
        2_140,
        1_500,
        "ms",
        "a p95 response time of 1.8 s within 5 min",
        Warning,
        Acknowledged,
        50 * MINUTE,
    ),
    (9, 3, C::RotationOverdue, 3, 0, "days", "its rotation is overdue", Notice, Snoozed, 3 * DAY),
    (5, 4, C::NoTraffic, 61, 30, "min", "no call for 30 min", Critical, Resolved, 9 * HOUR),
    (0, 0, C::ErrorRate, 7, 5, "%", "7 % of its calls failed within 10 min", Critical, Resolved, 2 * DAY),
    (
        11,
        1,
        C::LatencyP95,
        1_620,
        1_500,
        "ms",
        "a p95 response time of 1.6 s within 5 min",
        Warning,
        Resolved,
        6 * DAY,
    ),
];

fn alert(n: usize, keys: &[KeyView]) -> AlertView {
    let (key, rule, condition, value, threshold, unit, what, severity, state, age) = ROWS[n];
    let name = keys.get(key).map(|key| key.name.clone());
    let handled = state == Acknowledged;
    AlertView {
        id: id(500 + n),
        state,
        severity,
        rule: Some(id(520 + rule)),
        rule_name: Some(rules()[rule].name.clone()),
        budget_of: None,
        tag: None,
        api_key_id: Some(id(key)),
        message: format!("{}: {what}", name.as_deref().unwrap_or("gone")),
        key_name: name,
        team: None,
        team_name: None,
        condition,
        value,
        threshold,
        unit,
        first_seen: ago(age),
        last_seen: ago(MINUTE),
        acknowledged_by: handled.then(|| id(901)),
        acknowledged_at: handled.then(|| ago(40 * MINUTE)),
        snoozed_until: (state == Snoozed).then(|| moment(NOW_MS + 3 * HOUR)),
        resolved_at: (state == Resolved).then(|| ago(age - 40 * MINUTE)),
        resolved_by: (state == Resolved && n == 5).then(|| id(900)),
    }
}

/// Name, condition, key, threshold, unit, window, what it does, firing, last fired, on.
type RuleRow =
    (&'static str, C, Option<usize>, u64, &'static str, Option<u32>, &'static str, u64, Option<i64>, bool);

pub(super) fn rules() -> Vec<AlertRuleView> {
    let rows: [RuleRow; 6] = [
        (
            "Errors of stripe-live",
            C::ErrorRate,
            Some(0),
            5,
            "%",
            Some(10),
            "Fires when 5 % or more of the calls of stripe-live fail within 10 minutes; recovers below 2 %.",
            1,
            Some(14 * MINUTE),
            true,
        ),
        (
            "Slow answers",
            C::LatencyP95,
            None,
            1_500,
            "ms",
            Some(5),
            "Fires when 5 % of the calls of a key of Payments take 1.5 s or longer within 5 minutes.",
            1,
            Some(50 * MINUTE),
            true,
        ),
        (
            "Nearly at the limit",
            C::MonthlyLimit,
            None,
            90,
            "%",
            None,
            "Fires when one of your own keys has used 90 % of its monthly limit.",
            1,
            Some(5 * HOUR),
            true,
        ),
        (
            "Overdue",
            C::RotationOverdue,
            None,
            0,
            "days",
            None,
            "Fires when the rotation of one of your own keys is overdue.",
            1,
            Some(3 * DAY),
            true,
        ),
        (
            "Silence of maps-web",
            C::NoTraffic,
            Some(5),
            30,
            "min",
            None,
            "Fires when maps-web is not called for 30 minutes.",
            0,
            Some(9 * HOUR),
            true,
        ),
        (
            "Forgotten keys",
            C::Unused,
            None,
            90,
            "days",
            None,
            "Fires when one of your own keys is not used for 90 days.",
            0,
            None,
            false,
        ),
    ];
    let rule = |(n, row): (usize, RuleRow)| {
        let (name, condition, key, threshold, unit, window, words, firing, last, enabled) = row;
        AlertRuleView {
            id: id(520 + n),
            name: name.to_owned(),
            in_words: words.to_owned(),
            condition,
            api_key_id: key.map(id),
            key_name: key.map(|key| super::key(key).name),
            key_in_bin: false,
            team: (n == 1).then(|| id(300)),
            team_name: (n == 1).then(|| "Payments EU".to_owned()),
            threshold,
            unit,
            recovery: (n == 0).then_some(2),
            window,
            enabled,
            firing,
            last_fired: last.map(ago),
            created_by: id(900),
            created_at: ago(20 * DAY),
            updated_at: ago(20 * DAY),
        }
    };
    rows.into_iter().enumerate().map(rule).collect()
}

fn page<T>(items: &[T]) -> Pagination {
    Pagination { page: 1, limit: 100, total: items.len() as u64, pages: 1 }
}

fn list(keys: &[KeyView], query: &AlertQuery) -> AlertPage {
    let all: Vec<AlertView> =
        (0..ROWS.len()).filter(|n| keys.len() > ROWS[*n].0).map(|n| alert(n, keys)).collect();
    let firing = all.iter().filter(|alert| alert.state == Firing).count() as u64;
    let fits = |alert: &AlertView| {
        query.open.is_none_or(|open| open == (alert.state != Resolved))
            && query.resolved_after.is_none_or(|after| alert.resolved_at.is_some_and(|at| at > after))
            && query.mine.is_none_or(|mine| mine == (alert.resolved_by == Some(id(900))))
            && query
                .api_key_id
                .as_ref()
                .is_none_or(|key| alert.api_key_id.is_some_and(|id| *key == id.to_string()))
    };
    let alerts: Vec<_> = all.into_iter().filter(fits).collect();
    AlertPage { pagination: page(&alerts), alerts, firing }
}

fn history(keys: &[KeyView], wanted: Id) -> Option<AlertHistory> {
    let n = (0..ROWS.len()).find(|n| id(500 + n) == wanted)?;
    let alert = alert(n, keys);
    let turn = |age: i64, turn, by: Option<(usize, &str)>, detail: &str| AlertTurnView {
        at: ago(age),
        turn,
        by: by.map(|(by, _)| id(by)),
        by_name: by.map(|(_, name)| name.to_owned()),
        detail: detail.to_owned(),
    };
    let age = ROWS[n].9;
    let mut turns = vec![turn(age, AlertTurnKind::Fired, None, &alert.message)];
    match alert.state {
        Acknowledged => {
            turns.push(turn(
                age - 4 * MINUTE,
                AlertTurnKind::Snoozed,
                Some((902, "Mei Tanaka")),
                "until 2026-11-22T13:30:00Z",
            ));
            turns.push(turn(age - 9 * MINUTE, AlertTurnKind::Woke, None, ""));
            turns.push(turn(40 * MINUTE, AlertTurnKind::Acknowledged, Some((901, "Bo Lindqvist")), ""));
            turns.push(turn(
                35 * MINUTE,
                AlertTurnKind::Responded,
                Some((901, "Bo Lindqvist")),
                "lowered its limit",
            ));
        }
        Snoozed => turns.push(turn(HOUR, AlertTurnKind::Snoozed, Some((900, "Ana Ruiz")), "until tomorrow")),
        Resolved if alert.resolved_by.is_some() => {
            turns.push(turn(age - 40 * MINUTE, AlertTurnKind::Settled, Some((900, "Ana Ruiz")), ""));
        }
        Resolved => turns.push(turn(age - 40 * MINUTE, AlertTurnKind::Recovered, None, "")),
        Firing => {}
    }
    let coarse = alert.unit == "%" && alert.condition == C::MonthlyLimit;
    let (step, count) = if coarse { (21_600, 120) } else { (300, 72) };
    let value = |at: usize| {
        let near = at * 10 / count;
        let wave = (at * 7919 % 13) as u64;
        Some(match coarse {
            true => alert.value * at as u64 / count as u64,
            false if near >= 9 => alert.value - alert.value * (wave % 4) / 20,
            false => alert.threshold * (3 + wave % 5) / 12,
        })
    };
    let from = moment(NOW_MS - i64::from(step) * count as i64 * 1_000);
    let course = (alert.condition != C::RotationOverdue).then(|| AlertCourse {
        from,
        step,
        values: (0..count).map(value).collect(),
    });
    let rule_in_words = Some(rules()[ROWS[n].1].in_words.clone());
    Some(AlertHistory {
        undo: (n == 2).then(|| "lowered its limit".to_owned()),
        rule_in_words,
        key: keys.get(ROWS[n].0).cloned(),
        turns,
        course,
        alert,
    })
}

fn tried(rule: &keyward_keys::input::AlertTrial) -> AlertTrialView {
    let firing = |age: i64| AlertFiring {
        api_key_id: id(0),
        key_name: super::key(0).name,
        from: ago(age),
        until: Some(ago(age - HOUR)),
        value: 9,
    };
    let firings: Vec<_> = if rule.threshold == Some(99) {
        Vec::new()
    } else {
        [19 * DAY, 12 * DAY + 7 * HOUR, 3 * DAY + 2 * HOUR].into_iter().map(firing).collect()
    };
    AlertTrialView {
        api_key_id: rule.api_key_id.as_ref().map(|_| id(0)),
        keys: if rule.api_key_id.is_some() { 1 } else { 14 },
        more: false,
        condition: rule.condition.unwrap_or(C::ErrorRate),
        threshold: rule.threshold.unwrap_or(5),
        unit: "%",
        from: ago(30 * DAY),
        to: ago(0),
        count: firings.len() as u64,
        firings,
    }
}

fn made(new: &NewAlertRule) -> AlertRuleView {
    AlertRuleView { name: new.name.clone(), ..rules().remove(0) }
}

pub(super) fn answer(keys: &[KeyView], ask: AlertAsk) -> Option<AlertAnswer> {
    let changed = |wanted: Id, state| {
        let n = (0..ROWS.len()).find(|n| id(500 + n) == wanted)?;
        Some(AlertAnswer::Changed(Box::new(AlertView { state, ..alert(n, keys) })))
    };
    Some(match ask {
        AlertAsk::List(query) => AlertAnswer::List(list(keys, &query)),
        AlertAsk::History(id) => AlertAnswer::History(Box::new(history(keys, id)?)),
        AlertAsk::Acknowledge(id) => changed(id, Acknowledged)?,
        AlertAsk::Snooze(id, snooze) => {
            let AlertAnswer::Changed(alert) = changed(id, Snoozed)? else { return None };
            let until = moment(NOW_MS + i64::from(snooze.minutes.unwrap_or(60)) * MINUTE);
            AlertAnswer::Changed(Box::new(AlertView { snoozed_until: Some(until), ..*alert }))
        }
        AlertAsk::Resolve(id) => changed(id, Resolved)?,
        AlertAsk::Respond(alert, respond) => {
            let mut history = history(keys, alert)?;
            let back = respond.action == keyward_keys::input::AlertAction::Undo;
            history.turns.push(AlertTurnView {
                at: ago(0),
                turn: if back { AlertTurnKind::Undone } else { AlertTurnKind::Responded },
                by: Some(id(900)),
                by_name: Some("Ana Ruiz".to_owned()),
                detail: "froze the key".to_owned(),
            });
            history.undo = (!back).then(|| "froze the key".to_owned());
            AlertAnswer::History(Box::new(history))
        }
        AlertAsk::Rules(_) => {
            let rules = if keys.is_empty() { Vec::new() } else { rules() };
            AlertAnswer::Rules(AlertRulePage { pagination: page(&rules), rules })
        }
        AlertAsk::Make(new) => AlertAnswer::Rule(Box::new(made(&new))),
        AlertAsk::Change(wanted, patch) => {
            let mut rule = rules().into_iter().find(|rule| rule.id == wanted)?;
            rule.enabled = patch.enabled.unwrap_or(rule.enabled);
            rule.name = patch.name.unwrap_or(rule.name);
            AlertAnswer::Rule(Box::new(rule))
        }
        AlertAsk::Remove(_) => AlertAnswer::Removed,
        AlertAsk::Try(trial) => AlertAnswer::Tried(Box::new(tried(&trial))),
    })
}
