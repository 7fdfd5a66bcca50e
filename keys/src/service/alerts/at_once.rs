//! Alerts that do not wait for the look of the minute: a decoy was used.

use std::sync::Arc;

use keyward_store::model::Id;

use crate::caller::Caller;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::alerts::look::limits_of;
use crate::service::alerts::reading::Reading;
use crate::service::alerts::turn::Turn;
use crate::service::decoys;

impl Service {
    /// Looks at the rules for the uses of one decoy, and lets their alerts fire. What holds already does not fire again.
    pub(crate) async fn watch_decoy(&self, caller: &Caller, id: Id) -> Result<()> {
        let used = self.decoy_use(id, self.now_ms());
        let turns: Vec<Turn> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AlertRaise, Target::Instance, None)?;
            let (Some(key), Some((value, why))) = (tables.keys.get(id), used) else { return Ok(()) };
            let crossed = decoys::rules_for(&tables, &key.record)
                .filter(|rule| limits_of(&rule.record).crosses(Some(value)));
            crossed
                .map(|rule| {
                    let reading = Reading { value, why: Some(why.clone()) };
                    Turn::Fires(Arc::clone(rule), Arc::clone(key), reading)
                })
                .collect()
        };
        self.turn_alerts(caller, &turns).await?;
        self.write_decoy_uses().await
    }
}
