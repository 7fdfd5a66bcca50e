//! What people do about alerts: see them, say that they look after one, put it off, settle it.

use jiff::tz::TimeZone;
use keyward_store::model::{Alert, AlertTurnKind, Environment, Id};

use crate::caller::Caller;
use crate::clock::{in_words, timestamp};
use crate::error::{Error, Fault, Result};
use crate::input::{AlertQuery, AlertSnooze, KeyRef};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::alerts::condition::kind;
use crate::service::alerts::rules::sees;
use crate::service::alerts::turn::note;
use crate::service::alerts::wording::severity;
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;
use crate::view::{AlertPage, AlertState, AlertView, BudgetOwner, Pagination};

const MINUTE_MS: i64 = 60_000;

/// How long a snooze is when nothing is said, and at the most, ms.
const SNOOZE_MS: i64 = 60 * MINUTE_MS;
const LONGEST_SNOOZE_MS: i64 = 30 * 24 * 60 * MINUTE_MS;

impl AlertQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(self.page, self.limit)
    }
}

impl Service {
    /// Alerts of the places that the caller belongs to: those that want somebody first, then the newest.
    pub async fn alerts(&self, caller: &Caller, query: &AlertQuery) -> Result<AlertPage> {
        let mut faults = Faults::from(query.faults());
        let account = caller.person()?;
        let key = query.api_key_id.as_ref().and_then(|key| {
            let found = self.resolve(caller, &KeyRef::Id(key.clone()));
            found.inspect_err(|error| faults.add("apiKeyId", error.to_string())).ok()
        });
        faults.check()?;
        let now_ms = self.now_ms();
        let after_ms = query.resolved_after.map(|after| after.as_millisecond());
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let seen = tables.alerts.rows().filter(|row| sees(&tables, caller, row.record.space));
        let mut found: Vec<(AlertState, &Shared<Alert>)> =
            seen.map(|row| (state_of(&row.record, now_ms), row)).collect();
        let firing = found.iter().filter(|(state, _)| *state == AlertState::Firing).count() as u64;
        found.retain(|(state, row)| {
            query.state.is_none_or(|wanted| wanted == *state)
                && query.open.is_none_or(|open| open == (*state != AlertState::Resolved))
                && query.mine.is_none_or(|mine| mine == is_handled_by(&row.record, account))
                && key.is_none_or(|key| key == row.record.api_key)
                && after_ms.is_none_or(|after| row.record.resolved_ms.is_some_and(|at| at > after))
        });
        found.sort_by_key(|(state, row)| {
            let latest = row.record.resolved_ms.filter(|_| after_ms.is_some()).unwrap_or(row.record.first_ms);
            (*state as u8, std::cmp::Reverse(latest), row.record.id)
        });
        let total = found.len() as u64;
        let start = (query.page as usize - 1).saturating_mul(query.limit as usize);
        let page = found.into_iter().skip(start).take(query.limit as usize);
        let alerts = page.map(|(_, row)| self.alert_view(&tables, &row.record, now_ms)).collect();
        Ok(AlertPage { alerts, firing, pagination: Pagination::of(query.page, query.limit, total) })
    }

    /// One alert.
    pub async fn alert(&self, caller: &Caller, id: Id) -> Result<AlertView> {
        let tables = self.mirror().read();
        let row = visible(&tables, caller, id)?;
        Ok(self.alert_view(&tables, &row.record, self.now_ms()))
    }

    /// Says that the caller looks after it.
    pub async fn acknowledge_alert(&self, caller: &Caller, id: Id) -> Result<AlertView> {
        let account = caller.person()?;
        self.handle(caller, id, AlertTurnKind::Acknowledged, |draft, old| {
            draft.detail = "acknowledged".to_owned();
            let acknowledged = old.acknowledged.or(Some((account, draft.now_ms)));
            Ok(Alert { acknowledged, snoozed_until_ms: None, ..old.clone() })
        })
        .await
    }

    /// Puts it off: until then nobody hears of it.
    pub async fn snooze_alert(&self, caller: &Caller, id: Id, snooze: &AlertSnooze) -> Result<AlertView> {
        let until_ms = self.snoozed_until(snooze)?;
        self.handle(caller, id, AlertTurnKind::Snoozed, |draft, old| {
            draft.detail = format!("snoozed until {}", in_words(until_ms, &TimeZone::UTC));
            Ok(Alert { snoozed_until_ms: Some(until_ms), ..old.clone() })
        })
        .await
    }

    /// Settles it. It comes again only after its condition has been over in between.
    pub async fn resolve_alert(&self, caller: &Caller, id: Id) -> Result<AlertView> {
        let account = caller.person()?;
        self.handle(caller, id, AlertTurnKind::Settled, |draft, old| {
            draft.detail = "settled".to_owned();
            let (resolved_ms, resolved_by) = (Some(draft.now_ms), Some(account));
            Ok(Alert { resolved_ms, resolved_by, snoozed_until_ms: None, ..old.clone() })
        })
        .await
    }

    async fn handle(
        &self,
        caller: &Caller,
        id: Id,
        kind: AlertTurnKind,
        work: impl Fn(&mut Draft, &Alert) -> Result<Alert>,
    ) -> Result<AlertView> {
        let account = caller.person()?;
        let space = visible(&self.mirror().read(), caller, id)?.record.space;
        self.change(caller, Permission::AlertHandle, Target::Space(space), |tables, draft| {
            let old = tables.alerts.get(id).ok_or(Error::NotFound("alert"))?;
            if old.record.resolved_ms.is_some() {
                return Err(Error::Conflict("the alert is resolved already".to_owned()));
            }
            (draft.object, draft.space) = (Some(id), Some(space));
            let new = work(draft, &old.record)?;
            draft.batch.replace(old, &new)?;
            let detail = new.snoozed_until_ms.filter(|_| kind == AlertTurnKind::Snoozed);
            let detail = detail.map_or_else(String::new, |until_ms| format!("until {}", timestamp(until_ms)));
            note(draft, &new, kind, Some(account), detail)
        })
        .await?;
        self.alert(caller, id).await
    }

    fn snoozed_until(&self, snooze: &AlertSnooze) -> Result<i64> {
        let now_ms = self.now_ms();
        let mut faults = Faults::default();
        if snooze.until.is_some() && snooze.minutes.is_some() {
            faults.add("minutes", "does not go with until; leave one of them out");
        }
        let minutes = snooze.minutes.map(|minutes| i64::from(minutes) * MINUTE_MS);
        let until = snooze.until.map(|until| until.as_millisecond().saturating_sub(now_ms));
        for (field, length_ms) in [("minutes", minutes), ("until", until)] {
            if length_ms.is_some_and(|length_ms| !(1..=LONGEST_SNOOZE_MS).contains(&length_ms)) {
                faults.add(field, "is ahead, by 30 days at the most");
            }
        }
        faults.check()?;
        Ok(now_ms + minutes.or(until).unwrap_or(SNOOZE_MS))
    }

    pub(super) fn alert_view(&self, tables: &Tables, alert: &Alert, now_ms: i64) -> AlertView {
        let latest = if alert.is_of_budget() { &self.0.latest_budgets } else { &self.0.latest };
        let latest = alert.cleared_ms.is_none().then(|| latest.of(alert.id)).flatten();
        let (last_ms, value) = latest.unwrap_or((alert.last_ms, alert.value));
        let key = tables.keys.get(alert.api_key).map(|row| &row.record);
        let team = tables.team_of(alert.space).and_then(|team| tables.spaces.get(&team));
        // Money of several keys matters as much as a key's that is used in production.
        let environment =
            if alert.is_of_no_key() { Some(Environment::Production) } else { key.map(|key| key.environment) };
        AlertView {
            id: alert.id,
            state: state_of(alert, now_ms),
            severity: severity(alert.condition, environment),
            rule: (!alert.is_of_budget()).then_some(alert.rule),
            rule_name: tables.alert_rules.get(&alert.rule).map(|row| row.record.name.clone()),
            budget_of: alert.is_of_budget().then(|| match alert.is_of_no_key() {
                false => BudgetOwner::Key,
                true if alert.rule == alert.space => BudgetOwner::Team,
                true => BudgetOwner::Tag,
            }),
            tag: tables.tag_budgets.get(&alert.rule).map(|row| row.record.tag.clone()),
            api_key_id: (!alert.is_of_no_key()).then_some(alert.api_key),
            key_name: key.map(|key| key.name.clone()),
            team: team.map(|row| row.record.id),
            team_name: team.map(|row| row.record.name.clone()),
            condition: alert.condition,
            value,
            threshold: alert.threshold,
            unit: kind(alert.condition).unit,
            message: alert.message.clone(),
            first_seen: timestamp(alert.first_ms),
            last_seen: timestamp(last_ms),
            acknowledged_by: alert.acknowledged.map(|(account, _)| account),
            acknowledged_at: alert.acknowledged.map(|(_, at_ms)| timestamp(at_ms)),
            snoozed_until: alert.snoozed_until_ms.filter(|until_ms| *until_ms > now_ms).map(timestamp),
            resolved_at: alert.resolved_ms.map(timestamp),
            resolved_by: alert.resolved_by,
        }
    }
}

pub(super) fn visible<'a>(tables: &'a Tables, caller: &Caller, id: Id) -> Result<&'a Shared<Alert>> {
    caller.person()?;
    let row = tables.alerts.get(id).filter(|row| sees(tables, caller, row.record.space));
    row.ok_or(Error::NotFound("alert"))
}

/// Whether this person said that they look after it, or settled it.
fn is_handled_by(alert: &Alert, account: Id) -> bool {
    alert.acknowledged.is_some_and(|(by, _)| by == account) || alert.resolved_by == Some(account)
}

/// Where an alert stands.
pub(crate) fn state_of(alert: &Alert, now_ms: i64) -> AlertState {
    if alert.resolved_ms.is_some() {
        AlertState::Resolved
    } else if alert.snoozed_until_ms.is_some_and(|until_ms| until_ms > now_ms) {
        AlertState::Snoozed
    } else if alert.acknowledged.is_some() {
        AlertState::Acknowledged
    } else {
        AlertState::Firing
    }
}
