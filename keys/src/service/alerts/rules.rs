//! Rules for alerts: make, see, change, remove. A rule is for one key or for all keys of a space; that never changes.

use keyward_store::model::{AlertCondition, AlertRule, Id};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{AlertRulePatch, AlertRuleQuery, KeyRef, NewAlertRule};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::accounts::personal_space;
use crate::service::alerts::condition::{Limits, kind};
use crate::service::alerts::look::limits_of;
use crate::service::alerts::turn;
use crate::service::alerts::wording::sentence;
use crate::service::change::Draft;
use crate::service::decoys;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;
use crate::view::{AlertRulePage, AlertRuleView, Pagination};

/// Rules of one space.
const MOST_RULES: usize = 1000;

impl AlertRuleQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(self.page, self.limit)
    }
}

impl NewAlertRule {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.checked(&mut faults);
        faults.into_vec()
    }

    fn checked(&self, faults: &mut Faults) -> (String, Option<Limits>) {
        let name = faults.line("name", &self.name, 1, 100);
        (name, Limits::checked(faults, self.condition, self.threshold, self.recovery, self.window))
    }
}

impl AlertRulePatch {
    /// Every fault that shows without the rule.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.name(&mut faults);
        faults.into_vec()
    }

    fn name(&self, faults: &mut Faults) -> Option<String> {
        self.name.as_ref().map(|name| faults.line("name", name, 1, 100))
    }

    /// What the rule asks of its condition after the change.
    fn limits(&self, faults: &mut Faults, old: &AlertRule) -> Option<Limits> {
        let condition = self.condition.unwrap_or(old.condition);
        let same = condition == old.condition;
        let threshold = self.threshold.or(Some(limits_of(old).threshold).filter(|_| same));
        let recovery = self.recovery.unwrap_or(old.recovery.filter(|_| same));
        let window = self.window.or(Some(old.window_minutes).filter(|minutes| same && *minutes > 0));
        Limits::checked(faults, Some(condition), threshold, recovery, window)
    }
}

impl Service {
    /// Makes a rule.
    pub async fn create_alert_rule(&self, caller: &Caller, new: &NewAlertRule) -> Result<AlertRuleView> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let (name, limits) = new.checked(&mut faults);
        let (api_key, space) = self.place_of_rule(caller, new, account, &mut faults)?;
        faults.check()?;
        let limits = limits.ok_or(Error::NotFound("condition"))?;
        let id = crypto::random_id()?;
        let target = api_key.map_or(Target::Space(space), Target::Key);
        self.change(caller, Permission::AlertRuleManage, target, |tables, draft| {
            let there = || tables.alert_rules.values().map(|row| &row.record).filter(|rule| rule.space == space);
            let same = |rule: &&AlertRule| {
                (&rule.name, rule.api_key, limits_of(rule)) == (&name, api_key, limits)
            };
            if let Some(first) = there().find(same) {
                let id = first.id;
                return Err(Error::Conflict(format!(
                    "{name} is there already and does the same (rule {id}): change that one, or give this one another name"
                )));
            }
            if there().count() >= MOST_RULES {
                return Err(Error::Conflict(format!(
                    "{MOST_RULES} rules are the most of one place; remove some"
                )));
            }
            let now_ms = draft.now_ms;
            (draft.object, draft.space) = (Some(id), Some(space));
            draft.detail = format!("made: {name}");
            draft.batch.create(&AlertRule {
                id,
                space,
                api_key,
                name: name.clone(),
                condition: limits.condition,
                threshold: limits.threshold,
                recovery: limits.recovery,
                window_minutes: limits.window_minutes,
                enabled: new.enabled.unwrap_or(true),
                created_by: account,
                created_ms: now_ms,
                updated_ms: now_ms,
            })?;
            announce(draft, space);
            Ok(())
        })
        .await?;
        self.alert_rule(caller, id).await
    }

    /// The rules of the places that the caller belongs to, by name.
    pub async fn alert_rules(&self, caller: &Caller, query: &AlertRuleQuery) -> Result<AlertRulePage> {
        let AlertRuleQuery { page, limit } = *query;
        Faults::from(query.faults()).check()?;
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let mut found: Vec<&Shared<AlertRule>> =
            tables.alert_rules.values().filter(|row| knows(&tables, caller, &row.record)).collect();
        found.sort_by(|a, b| a.record.name.cmp(&b.record.name).then(a.record.id.cmp(&b.record.id)));
        let total = found.len() as u64;
        let start = (page as usize - 1).saturating_mul(limit as usize);
        let rules = found.into_iter().skip(start).take(limit as usize);
        let rules = rules.map(|row| rule_view(&tables, &row.record)).collect();
        Ok(AlertRulePage { rules, pagination: Pagination::of(page, limit, total) })
    }

    /// One rule.
    pub async fn alert_rule(&self, caller: &Caller, id: Id) -> Result<AlertRuleView> {
        let rule = self.visible_rule(caller, id)?;
        Ok(rule_view(&self.mirror().read(), &rule.record))
    }

    /// Changes what is given of a rule. What holds by another measure from then on is looked at anew.
    pub async fn update_alert_rule(
        &self,
        caller: &Caller,
        id: Id,
        patch: &AlertRulePatch,
    ) -> Result<AlertRuleView> {
        let space = self.visible_rule(caller, id)?.record.space;
        self.change(caller, Permission::AlertRuleManage, Target::Space(space), |tables, draft| {
            let old = tables.alert_rules.get(&id).ok_or(Error::NotFound("rule"))?;
            let mut faults = Faults::default();
            let name = patch.name(&mut faults).unwrap_or_else(|| old.record.name.clone());
            let limits = patch.limits(&mut faults, &old.record);
            faults.check()?;
            let limits = limits.ok_or(Error::NotFound("condition"))?;
            (draft.object, draft.space) = (Some(id), Some(space));
            draft.detail = format!("changed: {name}");
            let new = AlertRule {
                name,
                condition: limits.condition,
                threshold: limits.threshold,
                recovery: limits.recovery,
                window_minutes: limits.window_minutes,
                enabled: patch.enabled.unwrap_or(old.record.enabled),
                updated_ms: draft.now_ms,
                ..old.record.clone()
            };
            decoys::stay_guarded(tables, &old.record, Some(&new))?;
            if !new.enabled || new.condition != old.record.condition {
                turn::end_of_rule(tables, draft, id)?;
            }
            draft.batch.replace(old, &new)?;
            announce(draft, space);
            Ok(())
        })
        .await?;
        self.alert_rule(caller, id).await
    }

    /// Removes a rule, and ends what it raised.
    pub async fn delete_alert_rule(&self, caller: &Caller, id: Id) -> Result<()> {
        let space = self.visible_rule(caller, id)?.record.space;
        self.change(caller, Permission::AlertRuleManage, Target::Space(space), |tables, draft| {
            let old = tables.alert_rules.get(&id).ok_or(Error::NotFound("rule"))?;
            (draft.object, draft.space) = (Some(id), Some(space));
            draft.detail = format!("removed: {}", old.record.name);
            decoys::stay_guarded(tables, &old.record, None)?;
            turn::end_of_rule(tables, draft, id)?;
            draft.batch.remove(old);
            announce(draft, space);
            Ok(())
        })
        .await
    }

    /// The key that a rule is for, if it is for one, and the space.
    fn place_of_rule(
        &self,
        caller: &Caller,
        new: &NewAlertRule,
        account: Id,
        faults: &mut Faults,
    ) -> Result<(Option<Id>, Id)> {
        let own = {
            let tables = self.mirror().read();
            if let Some(team) = new.team {
                authorise(&tables, caller, Permission::AlertRead, Target::Space(team), None)?;
            }
            personal_space(&tables, account)?
        };
        let Some(key) = &new.api_key_id else { return Ok((None, new.team.unwrap_or(own))) };
        match self.resolve(caller, &KeyRef::Id(key.clone())) {
            Ok(id) => {
                let space = self.key_row(caller, Permission::KeyRead, id)?.record.space;
                if new.team.is_some_and(|team| team != space) {
                    faults.add("team", "is not the team that the key is in; leave it out");
                }
                Ok((Some(id), space))
            }
            Err(error) => {
                faults.add("apiKeyId", error.to_string());
                Ok((None, own))
            }
        }
    }

    /// A rule, when the caller may know of it.
    fn visible_rule(&self, caller: &Caller, id: Id) -> Result<Shared<AlertRule>> {
        caller.person()?;
        let tables = self.mirror().read();
        let rule = tables.alert_rules.get(&id).filter(|row| knows(&tables, caller, &row.record));
        rule.cloned().ok_or(Error::NotFound("rule"))
    }
}

fn announce(draft: &mut Draft, space: Id) {
    draft.events.push(Event::AlertChanged { space, alert: None });
}

/// What a rule does, in one sentence.
pub(super) fn in_words(tables: &Tables, rule: &AlertRule) -> String {
    let key = rule.api_key.and_then(|id| tables.keys.any(id));
    let team = tables.team_of(rule.space).and_then(|team| tables.spaces.get(&team));
    let whose = match (key, team) {
        (Some(key), _) => key.record.name.clone(),
        (None, Some(team)) => format!("a key of {}", team.record.name),
        (None, None) => "one of your own keys".to_owned(),
    };
    sentence(&limits_of(rule), &whose)
}

/// Whether the caller may see alerts of this space.
pub(super) fn sees(tables: &Tables, caller: &Caller, space: Id) -> bool {
    may(tables, caller.identity, Permission::AlertRead, Target::Space(space))
}

/// Whether the caller may know of a rule. One for a decoy is known to those who may know that the key is one.
pub(crate) fn knows(tables: &Tables, caller: &Caller, rule: &AlertRule) -> bool {
    let of_decoy = rule.condition == AlertCondition::DecoyUse && rule.api_key.is_some();
    let permission = if of_decoy { Permission::AlertRuleManage } else { Permission::AlertRead };
    may(tables, caller.identity, permission, Target::Space(rule.space))
}

fn rule_view(tables: &Tables, rule: &AlertRule) -> AlertRuleView {
    let holding = tables.alerts.holding().map(|row| &row.record);
    let team = tables.team_of(rule.space).and_then(|team| tables.spaces.get(&team));
    let raised = tables.alerts.rows().map(|row| &row.record).filter(|alert| alert.rule == rule.id);
    AlertRuleView {
        id: rule.id,
        name: rule.name.clone(),
        in_words: in_words(tables, rule),
        condition: rule.condition,
        api_key_id: rule.api_key,
        key_name: rule.api_key.and_then(|id| tables.keys.any(id)).map(|row| row.record.name.clone()),
        key_in_bin: rule
            .api_key
            .is_some_and(|id| tables.keys.get(id).is_none() && tables.keys.any(id).is_some()),
        team: team.map(|row| row.record.id),
        team_name: team.map(|row| row.record.name.clone()),
        threshold: limits_of(rule).threshold,
        unit: kind(rule.condition).unit,
        recovery: rule.recovery,
        window: (rule.window_minutes > 0).then_some(rule.window_minutes),
        enabled: rule.enabled,
        firing: holding.filter(|alert| alert.rule == rule.id && alert.resolved_ms.is_none()).count() as u64,
        last_fired: raised.map(|alert| alert.first_ms).max().map(timestamp),
        created_by: rule.created_by,
        created_at: timestamp(rule.created_ms),
        updated_at: timestamp(rule.updated_ms),
    }
}
