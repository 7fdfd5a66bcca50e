//! A rule tried on the past month, of one key or of the keys of a place: when it would have fired.

use keyward_store::model::{ApiKey, Id};
use keyward_store::usage::Usage;

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Fault, Result};
use crate::input::{AlertTrial, KeyRef};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::personal_space;
use crate::service::alerts::condition::{Limits, kind};
use crate::service::alerts::past::Past;
use crate::service::mirror::Shared;
use crate::service::text::Faults;
use crate::view::{AlertFiring, AlertTrialView};

/// How far back it looks, ms.
const PAST_MS: i64 = 30 * 24 * 3_600_000;

/// Firings that are told of one by one.
const MOST_TOLD: usize = 100;

/// Keys of a place that it is tried on.
const MOST_KEYS: usize = 100;

impl AlertTrial {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.limits(&mut faults);
        faults.into_vec()
    }

    fn limits(&self, faults: &mut Faults) -> Option<Limits> {
        if self.condition.is_some_and(|condition| !kind(condition).replayable) {
            faults.add("condition", "cannot be tried on the past: only counts, errors, response times and limits are played again");
        }
        Limits::checked(faults, self.condition, self.threshold, self.recovery, self.window)
    }
}

/// What it is tried on: some keys, and whether there are more.
type Tried = (Vec<Shared<ApiKey>>, bool);

impl Service {
    /// When a rule that is not made yet would have fired in the past month.
    pub async fn try_alert_rule(&self, caller: &Caller, trial: &AlertTrial) -> Result<AlertTrialView> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let limits = trial.limits(&mut faults);
        let tried = self.keys_to_try(caller, trial, account, &mut faults)?;
        faults.check()?;
        let (keys, more) = tried;
        let limits = limits.ok_or(Error::NotFound("condition"))?;
        let one = keys.first().map(|key| key.record.id).filter(|_| trial.api_key_id.is_some());
        let (usage, now_ms) = (self.0.usage.clone(), self.now_ms());
        let _turn = self.0.overviews.lock().await;
        let trying = move || replay(&usage, &keys, &limits, now_ms);
        let tried = tokio::task::spawn_blocking(trying).await;
        let tried = tried.map_err(|error| Error::Internal(Box::new(error)))??;
        Ok(AlertTrialView { api_key_id: one, more, ..tried })
    }

    fn keys_to_try(
        &self,
        caller: &Caller,
        trial: &AlertTrial,
        account: Id,
        faults: &mut Faults,
    ) -> Result<Tried> {
        if let Some(key) = &trial.api_key_id {
            return match self.resolve(caller, &KeyRef::Id(key.clone())) {
                Ok(id) => Ok((vec![self.key_row(caller, Permission::UsageRead, id)?], false)),
                Err(error) => {
                    faults.add("apiKeyId", error.to_string());
                    Ok((Vec::new(), false))
                }
            };
        }
        let tables = self.mirror().read();
        let space = trial.team.map_or_else(|| personal_space(&tables, account), Ok)?;
        authorise(&tables, caller, Permission::UsageRead, Target::Space(space), None)?;
        let ids = tables.keys.space(space).into_iter().flat_map(|keys| keys.newest()).map(|(_, id)| id);
        let mut keys: Vec<_> =
            ids.take(MOST_KEYS + 1).filter_map(|id| tables.keys.get(id).cloned()).collect();
        let more = keys.len() > MOST_KEYS;
        keys.truncate(MOST_KEYS);
        Ok((keys, more))
    }
}

fn replay(usage: &Usage, keys: &[Shared<ApiKey>], limits: &Limits, now_ms: i64) -> Result<AlertTrialView> {
    let mut view = AlertTrialView {
        api_key_id: None,
        keys: keys.len() as u64,
        more: false,
        condition: limits.condition,
        threshold: limits.threshold,
        unit: kind(limits.condition).unit,
        from: timestamp(now_ms),
        to: timestamp(now_ms),
        count: 0,
        firings: Vec::new(),
    };
    for key in keys {
        let past = Past::read(usage, &key.record, limits, (now_ms - PAST_MS, now_ms), now_ms)?;
        view.from = view.from.min(timestamp(past.begins_ms()));
        let (mut firings, mut now): (Vec<AlertFiring>, Option<AlertFiring>) = (Vec::new(), None);
        past.walk(|at_ms, value| match (&mut now, value) {
            (Some(firing), Some(value)) if limits.holds(Some(value)) => {
                firing.value = firing.value.max(value);
            }
            (Some(_), _) => {
                let over = now.take().map(|firing| AlertFiring { until: Some(timestamp(at_ms)), ..firing });
                firings.extend(over);
            }
            (None, Some(value)) if limits.crosses(Some(value)) => {
                let api_key_id = key.record.id;
                now = Some(AlertFiring { api_key_id, from: timestamp(at_ms), until: None, value });
            }
            (None, _) => {}
        });
        firings.extend(now);
        view.count += firings.len() as u64;
        view.firings.extend(firings);
    }
    view.firings.sort_by_key(|firing| (firing.from, firing.api_key_id));
    // The newest matter most.
    let surplus = view.firings.len().saturating_sub(MOST_TOLD);
    view.firings.drain(..surplus);
    Ok(view)
}
