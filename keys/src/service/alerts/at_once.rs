//! Alerts that do not wait for the look of the minute: a decoy was used, or a key that is frozen was asked for.

use std::sync::Arc;

use keyward_store::model::{AlertCondition, AlertRule, ApiKey, Door, Id};

use crate::caller::Caller;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::alerts::look::limits_of;
use crate::service::alerts::reading::Reading;
use crate::service::alerts::turn::Turn;
use crate::service::mirror::{Shared, Tables};

/// What is told in the moment that it happens.
#[derive(Clone, Copy)]
pub(crate) enum AtOnce {
    /// A decoy was used.
    DecoyUse,
    /// A frozen key was asked for.
    Refusal,
}

impl Service {
    /// Lets a key's alerts fire beside the answer to whoever caused them, which neither waits for that nor changes.
    pub(crate) fn raise_at_once(&self, id: Id, what: AtOnce) {
        let service = self.clone();
        tokio::spawn(async move {
            let (job, told) = match what {
                AtOnce::DecoyUse => ("decoys", "of a decoy's use"),
                AtOnce::Refusal => ("frozen", "that a frozen key was asked for"),
            };
            let system = service.system_caller(job, Door::System);
            let raised = match what {
                AtOnce::DecoyUse => service.watch_decoy(&system, id).await,
                AtOnce::Refusal => service.watch_refused(&system, id).await,
            };
            if let Err(error) = raised {
                tracing::warn!(%error, key = %id, "nobody was told {told}; the next look does");
            }
        });
    }

    /// Lets the alerts for the uses of one decoy fire. What holds already does not fire again.
    async fn watch_decoy(&self, caller: &Caller, id: Id) -> Result<()> {
        let reading = self.decoy_use(id, self.now_ms());
        let reading = reading.map(|(value, why)| Reading { value, why: Some(why) });
        self.fire_at_once(caller, id, AlertCondition::DecoyUse, reading).await?;
        self.write_decoy_uses().await
    }

    /// The same for one frozen key that was asked for.
    async fn watch_refused(&self, caller: &Caller, id: Id) -> Result<()> {
        let frozen_ms = self.mirror().read().keys.get(id).and_then(|key| key.record.frozen_ms);
        let why = frozen_ms.and_then(|frozen_ms| self.0.refused.since(id, frozen_ms));
        let reading = why.map(|why| Reading { value: 1, why: Some(why) });
        self.fire_at_once(caller, id, AlertCondition::FrozenUse, reading).await
    }

    async fn fire_at_once(
        &self,
        caller: &Caller,
        id: Id,
        condition: AlertCondition,
        reading: Option<Reading>,
    ) -> Result<()> {
        let turns: Vec<Turn> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AlertRaise, Target::Instance, None)?;
            let (Some(key), Some(reading)) = (tables.keys.get(id), reading) else { return Ok(()) };
            let crossed = rules_for(&tables, &key.record, condition)
                .filter(|rule| limits_of(&rule.record).crosses(Some(reading.value)));
            crossed.map(|rule| Turn::Fires(Arc::clone(rule), Arc::clone(key), reading.clone())).collect()
        };
        self.turn_alerts(caller, &turns).await
    }
}

/// The rules that look at this key by this condition.
pub(crate) fn rules_for<'a>(
    tables: &'a Tables,
    key: &'a ApiKey,
    condition: AlertCondition,
) -> impl Iterator<Item = &'a Shared<AlertRule>> {
    tables.alert_rules.values().filter(move |row| {
        let rule = &row.record;
        rule.condition == condition
            && rule.enabled
            && rule.space == key.space
            && rule.api_key.is_none_or(|id| id == key.id)
    })
}
