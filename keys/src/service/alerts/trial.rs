//! A rule tried on the past month, of one key or of the keys of a place: when it would have fired.

use keyward_store::model::Id;

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Fault, Result};
use crate::input::{AlertTrial, KeyRef};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::personal_space;
use crate::service::alerts::condition::{Limits, kind};
use crate::service::alerts::played::{Archive, Played};
use crate::service::alerts::wording::untold;
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
        if let Some(why) = self.condition.and_then(untold) {
            faults.add("condition", format!("cannot be tried on the past: {why}"));
        }
        Limits::checked(faults, self.condition, self.threshold, self.recovery, self.window)
    }
}

/// A share of nothing never comes to anything.
const NO_WHOLE: &str = "has no limit or budget that this could be a share of; set one first, or try an amount with POST /api/usage/what-if";

/// What it is tried on: some keys, and whether there are more.
type Tried = (Vec<Played>, bool);

impl Service {
    /// When a rule that is not made yet would have fired in the past month.
    pub async fn try_alert_rule(&self, caller: &Caller, trial: &AlertTrial) -> Result<AlertTrialView> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let limits = trial.limits(&mut faults);
        let tried = self.keys_to_try(caller, trial, account, &mut faults)?;
        let (keys, more) = tried;
        let one = keys.first().map(|one| one.key.record.id).filter(|_| trial.api_key_id.is_some());
        if one.is_some()
            && limits.is_some_and(|limits| !keys.iter().all(|one| one.has_whole(limits.condition)))
        {
            faults.add("apiKeyId", NO_WHOLE);
        }
        faults.check()?;
        let limits = limits.ok_or(Error::NotFound("condition"))?;
        let now_ms = self.now_ms();
        let archive = self.archive(now_ms);
        let _turn = self.0.overviews.lock().await;
        let trying = move || replay(&archive, &keys, &limits, now_ms);
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
                Ok(id) => {
                    let row = self.key_row(caller, Permission::UsageRead, id)?;
                    Ok((vec![Played::of(&self.mirror().read(), &row)], false))
                }
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
        let mut keys: Vec<_> = ids
            .take(MOST_KEYS + 1)
            .filter_map(|id| Some(Played::of(&tables, tables.keys.get(id)?)))
            .collect();
        let more = keys.len() > MOST_KEYS;
        keys.truncate(MOST_KEYS);
        Ok((keys, more))
    }
}

fn replay(archive: &Archive, keys: &[Played], limits: &Limits, now_ms: i64) -> Result<AlertTrialView> {
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
        let story = archive.play(key, limits, (now_ms - PAST_MS, now_ms))?;
        view.from = view.from.min(timestamp(story.begins_ms));
        let (mut firings, mut now): (Vec<AlertFiring>, Option<AlertFiring>) = (Vec::new(), None);
        let mut turn = |(at_ms, value): (i64, Option<u64>)| match (&mut now, value) {
            (Some(firing), Some(value)) if limits.holds(Some(value)) => {
                firing.value = firing.value.max(value);
            }
            (Some(_), _) => {
                let over = now.take().map(|firing| AlertFiring { until: Some(timestamp(at_ms)), ..firing });
                firings.extend(over);
            }
            (None, Some(value)) if limits.crosses(Some(value)) => {
                let (api_key_id, key_name) = (key.key.record.id, key.key.record.name.clone());
                now = Some(AlertFiring { api_key_id, key_name, from: timestamp(at_ms), until: None, value });
            }
            (None, _) => {}
        };
        story.values.into_iter().for_each(&mut turn);
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
