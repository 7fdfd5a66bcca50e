//! The secret that the steps of a key's rotation are signed with: shown to whoever runs the webhook, and replaced when it
//! got about. None is stored; what is stored is how often it was replaced.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::model::{Id, RotationSigning};
use keyward_store::{Record, Row, Store};

use crate::caller::Caller;
use crate::crypto;
use crate::error::{Error, Result};
use crate::input::KeyRef;
use crate::outbound::WebhookSecret;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;

/// For how long steps are signed with the secret before, too, ms.
const BOTH_MS: i64 = 24 * 3_600_000;

impl Service {
    /// What the steps of a key's rotation are signed with, for whoever checks that they are genuine.
    pub async fn rotation_secret(&self, caller: &Caller, key: &KeyRef) -> Result<SecretString> {
        caller.person()?;
        let id = self.resolve(caller, key)?;
        let number = self.signing(id).await?.map_or(0, |row| row.record.number);
        self.change(caller, Permission::KeyRotate, Target::Key(id), |tables, draft| {
            let row = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
            draft.batch.require(row);
            (draft.object, draft.space) = (Some(id), Some(row.record.space));
            draft.detail = "the secret of its webhook was shown".to_owned();
            Ok(())
        })
        .await?;
        Ok(self.secret_of(id, number)?.to_text())
    }

    /// Makes another one, and answers it. For a day steps are signed with the one before too, so that whoever checks them
    /// can change over in their own time.
    pub async fn replace_rotation_secret(&self, caller: &Caller, key: &KeyRef) -> Result<SecretString> {
        caller.person()?;
        let id = self.resolve(caller, key)?;
        let old = self.signing(id).await?;
        let number = old.as_ref().map_or(0, |row| row.record.number).saturating_add(1);
        self.change(caller, Permission::KeyRotate, Target::Key(id), |tables, draft| {
            let row = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
            draft.batch.require(row);
            let new = RotationSigning { api_key: id, number, since_ms: draft.now_ms };
            match &old {
                Some(old) => draft.batch.replace(old, &new)?,
                None => draft.batch.create(&new)?,
            };
            (draft.object, draft.space) = (Some(id), Some(row.record.space));
            draft.detail = "the secret of its webhook was replaced".to_owned();
            Ok(())
        })
        .await?;
        Ok(self.secret_of(id, number)?.to_text())
    }

    /// What steps are signed with now, and with it for some time.
    pub(super) async fn webhook_secrets(&self, id: Id) -> Result<(WebhookSecret, Option<WebhookSecret>)> {
        let Some(row) = self.signing(id).await? else { return Ok((self.secret_of(id, 0)?, None)) };
        let RotationSigning { number, since_ms, .. } = row.record;
        let fresh = self.now_ms() < since_ms.saturating_add(BOTH_MS);
        let before = fresh.then(|| self.secret_of(id, number.saturating_sub(1))).transpose()?;
        Ok((self.secret_of(id, number)?, before))
    }

    async fn signing(&self, id: Id) -> Result<Option<Row<RotationSigning>>> {
        let none = RotationSigning { api_key: id, number: 0, since_ms: 0 };
        Ok(Row::get(&self.store().snapshot().await?, &none.key()).await?)
    }

    fn secret_of(&self, id: Id, number: u32) -> Result<WebhookSecret> {
        WebhookSecret::parse(crypto::webhook_secret(&self.0.pepper, id, number).expose_secret())
    }
}
