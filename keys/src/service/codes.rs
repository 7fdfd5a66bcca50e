//! One-time codes, whatever they are for: until when they are good, and that old ones are forgotten. Making and using
//! one is `invitations`', `accounts`' and `passwords`'.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::model::{Id, Invitation, Purpose};

use crate::caller::{Caller, Identity};
use crate::crypto::JoinCode;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::invitations::inviting;
use crate::service::mirror::Tables;

impl Service {
    /// The row of a one-time code that is good, whatever it is for.
    pub(crate) fn invitation(&self, code: &SecretString) -> Option<Row<Invitation>> {
        let hash = JoinCode::parse(code.expose_secret()).ok()?.hash();
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        let row = tables.invitations.get(&hash)?;
        is_good(&tables, &row.record, now_ms).then(|| Row::clone(row))
    }

    /// Removes one-time codes that are no good any more. Answers how many.
    pub async fn forget_codes(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::InstanceRun, Target::Instance, None)?;
            if tables.invitations.values().all(|row| is_good(&tables, &row.record, now_ms)) {
                return Ok(0);
            }
        }
        self.change(caller, Permission::InstanceRun, Target::Instance, |tables, draft| {
            let mut forgotten = 0;
            for row in tables.invitations.values() {
                if !is_good(tables, &row.record, draft.now_ms) {
                    draft.batch.remove(row);
                    forgotten += 1;
                }
            }
            draft.detail = format!("{forgotten} codes forgotten");
            Ok(forgotten)
        })
        .await
    }
}

/// Whether a one-time code is good: not too old, and given by somebody who may still give it. Who is switched off, or
/// leaves, takes no door along.
pub(crate) fn is_good(tables: &Tables, code: &Invitation, now_ms: i64) -> bool {
    let may_give = |giver: Id| {
        let (permission, target) = match code.purpose {
            Purpose::Join { .. } => (Permission::AccountCreate, Target::Instance),
            Purpose::Team { space, role } => (inviting(role), Target::Space(space)),
            Purpose::Reset { account } => (Permission::AccountAdminister, Target::Account(account)),
        };
        let on = tables.accounts.get(&giver).is_some_and(|row| row.record.disabled_ms.is_none());
        on && may(tables, Identity::Account(giver), permission, target)
    };
    // The daemon's own has no giver.
    code.expires_ms > now_ms && code.created_by.is_none_or(may_give)
}
