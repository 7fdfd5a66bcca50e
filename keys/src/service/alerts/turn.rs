//! The turns of an alert: it fires, wakes from its snooze, recovers, or ends with its rule or key. Each is one row in one
//! commit with the notices that tell of it, so that a restart neither repeats nor loses one.

use keyward_store::Op;
use keyward_store::model::{Alert, AlertCondition, AlertRule, AlertTurn, AlertTurnKind, ApiKey, Id, Role};

use crate::caller::Caller;
use crate::crypto;
use crate::error::Result;
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::alerts::condition::words;
use crate::service::alerts::look::limits_of;
use crate::service::alerts::reading::Reading;
use crate::service::alerts::wording::severity;
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify, notify_team, people_of};
use crate::thresholds::Thresholds;
use crate::view::AlertSeverity;

/// What becomes of an alert.
pub(crate) enum Turn {
    /// A rule's condition holds for a key, and did not.
    Fires(Shared<AlertRule>, Shared<ApiKey>, Reading),
    /// A snoozed one goes on.
    Wakes(Id),
    /// The condition holds no more.
    Recovers(Id),
    /// Its rule or key is gone, or is no matter of the other any more.
    Ends(Id),
    /// Over for so long that it is kept no more.
    Forgotten(Id),
    /// A rule whose space is gone.
    Orphaned(Id),
}

impl Service {
    /// Makes these turns in one commit. What has changed meanwhile so that a turn is none any more is left as it is.
    pub(crate) async fn turn_alerts(&self, caller: &Caller, turns: &[Turn]) -> Result<()> {
        let ids: std::result::Result<Vec<Id>, _> = turns.iter().map(|_| crypto::random_id()).collect();
        let ids = ids?;
        let mut old = Vec::new();
        for turn in turns {
            if let Turn::Forgotten(id) = turn {
                old.extend(self.turn_keys(*id).await?);
            }
        }
        let told = &self.0.settings.thresholds;
        self.change(caller, Permission::AlertRaise, Target::Instance, |tables, draft| {
            for (turn, new) in turns.iter().zip(&ids) {
                match turn {
                    Turn::Fires(rule, key, reading) => {
                        fire((tables, told), draft, (rule, key, reading), *new)?;
                    }
                    Turn::Wakes(id) => wake(tables, draft, *id)?,
                    Turn::Recovers(id) => recover((tables, told), draft, *id)?,
                    Turn::Ends(id) => end(tables, draft, *id)?,
                    Turn::Forgotten(id) => forget(tables, draft, *id),
                    Turn::Orphaned(id) => orphaned(tables, draft, *id),
                }
            }
            for (table, key) in &old {
                draft.batch.op(Op::Del(*table, key.clone()));
            }
            Ok(())
        })
        .await
    }
}

fn fire(
    (tables, told): (&Tables, &Thresholds),
    draft: &mut Draft,
    (rule, key, reading): (&Shared<AlertRule>, &Shared<ApiKey>, &Reading),
    id: Id,
) -> Result<()> {
    let (rule, api_key, value) = (&rule.record, key.record.id, reading.value);
    let why = reading.why.clone().unwrap_or_else(|| words(&limits_of(rule), value));
    // Looked at before: the rule, the key and what holds may be other ones by now.
    let same = tables.alert_rules.get(&rule.id).is_some_and(|row| row.record == *rule);
    let there = tables.keys.get(api_key).is_some_and(|row| row.record.space == rule.space);
    if !same || !there || tables.alerts.held(rule.id, api_key).is_some() {
        return Ok(());
    }
    let alert = Alert {
        id,
        rule: rule.id,
        api_key,
        space: rule.space,
        condition: rule.condition,
        value,
        threshold: rule.threshold,
        message: format!("{}: {why}", key.record.name),
        first_ms: draft.now_ms,
        last_ms: draft.now_ms,
        acknowledged: None,
        snoozed_until_ms: None,
        resolved_ms: None,
        resolved_by: None,
        cleared_ms: None,
    };
    draft.batch.create(&alert)?;
    note(draft, &alert, AlertTurnKind::Fired, None, alert.message.clone())?;
    draft.did(id, rule.space, format!("fires: {}", rule.name));
    if told_otherwise(&alert, told) {
        return Ok(());
    }
    let text = format!("{}: {}", rule.name, alert.message);
    tell(tables, draft, &alert, NoticeKind::AlertFiring, text)
}

fn wake(tables: &Tables, draft: &mut Draft, id: Id) -> Result<()> {
    let Some(old) = tables.alerts.get(id).filter(|row| row.record.resolved_ms.is_none()) else {
        return Ok(());
    };
    if old.record.snoozed_until_ms.is_none_or(|until_ms| until_ms > draft.now_ms) {
        return Ok(());
    }
    draft.batch.replace(old, &Alert { snoozed_until_ms: None, ..old.record.clone() })?;
    note(draft, &old.record, AlertTurnKind::Woke, None, String::new())?;
    draft.did(id, old.record.space, "snoozed no more".to_owned());
    let text = format!("Still, after a snooze: {}", old.record.message);
    tell(tables, draft, &old.record, NoticeKind::AlertFiring, text)
}

fn recover((tables, told): (&Tables, &Thresholds), draft: &mut Draft, id: Id) -> Result<()> {
    let Some(old) = clear(tables, draft, id, AlertTurnKind::Recovered)? else { return Ok(()) };
    // Whoever settled or snoozed it, or was told of it otherwise, does not want to hear that it is over.
    if old.resolved_ms.is_some() || old.snoozed_until_ms.is_some() || told_otherwise(old, told) {
        return Ok(());
    }
    let text = format!("Recovered: {}", old.message);
    tell(tables, draft, old, NoticeKind::AlertRecovered, text)
}

fn end(tables: &Tables, draft: &mut Draft, id: Id) -> Result<()> {
    clear(tables, draft, id, AlertTurnKind::Ended).map(|_| ())
}

/// Ends what a rule has raised, quietly.
pub(crate) fn end_of_rule(tables: &Tables, draft: &mut Draft, rule: Id) -> Result<()> {
    for old in tables.alerts.holding().filter(|row| row.record.rule == rule) {
        draft.batch.replace(old, &cleared(&old.record, draft.now_ms))?;
        note(draft, &old.record, AlertTurnKind::Ended, None, String::new())?;
    }
    Ok(())
}

fn clear<'a>(tables: &'a Tables, draft: &mut Draft, id: Id, how: AlertTurnKind) -> Result<Option<&'a Alert>> {
    let Some(old) = tables.alerts.get(id).filter(|row| row.record.cleared_ms.is_none()) else {
        return Ok(None);
    };
    draft.batch.replace(old, &cleared(&old.record, draft.now_ms))?;
    note(draft, &old.record, how, None, String::new())?;
    let how =
        if how == AlertTurnKind::Recovered { "recovered" } else { "ended with its rule, key or budget" };
    draft.did(id, old.record.space, how.to_owned());
    Ok(Some(&old.record))
}

fn cleared(old: &Alert, now_ms: i64) -> Alert {
    let resolved_ms = old.resolved_ms.or(Some(now_ms));
    Alert { cleared_ms: Some(now_ms), resolved_ms, last_ms: now_ms, ..old.clone() }
}

fn forget(tables: &Tables, draft: &mut Draft, id: Id) {
    if let Some(old) = tables.alerts.get(id) {
        draft.batch.remove(old);
        draft.did(id, old.record.space, "kept no more".to_owned());
    }
}

fn orphaned(tables: &Tables, draft: &mut Draft, id: Id) {
    if let Some(old) = tables.alert_rules.get(&id) {
        draft.batch.remove(old);
        draft.did(id, old.record.space, "its place is gone".to_owned());
    }
}

/// Writes down what becomes of an alert, and lets those know who look at it.
pub(super) fn note(
    draft: &mut Draft,
    alert: &Alert,
    kind: AlertTurnKind,
    by: Option<Id>,
    detail: String,
) -> Result<()> {
    draft.put(&AlertTurn { alert: alert.id, at_ms: draft.now_ms, kind, by, detail })?;
    draft.events.push(Event::AlertChanged { space: alert.space, alert: Some(alert.id) });
    Ok(())
}

/// A key's month tells by itself that it has come so far of its limit or budget: that is told once.
fn told_otherwise(alert: &Alert, told: &Thresholds) -> bool {
    !alert.is_of_budget()
        && matches!(alert.condition, AlertCondition::MonthlyLimit | AlertCondition::Budget)
        && told.has(alert.threshold)
}

fn tell(tables: &Tables, draft: &mut Draft, alert: &Alert, kind: NoticeKind, message: String) -> Result<()> {
    let people = people_of(tables, alert.space, Role::Member, None);
    let api_key = (!alert.is_of_no_key()).then_some(alert.api_key);
    let environment = tables.keys.get(alert.api_key).map(|key| key.record.environment);
    let minor = severity(alert.condition, environment) == AlertSeverity::Notice;
    let notice = Notice { kind, api_key, alert: Some(alert.id), message, until_ms: None, minor };
    match api_key {
        Some(_) => notify(tables, draft, people, &notice),
        None => notify_team(tables, draft, alert.space, people, &notice),
    }
}
