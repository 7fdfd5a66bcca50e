//! Changing a password: by whoever knows it, or with an operator's code by whoever forgot it. Either ends what was
//! open.

use secrecy::SecretString;

use keyward_store::Row;
use keyward_store::model::{Account, Id, Invitation, Purpose};

use crate::caller::{Caller, Origin};
use crate::clock::timestamp;
use crate::crypto::JoinCode;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::accounts::check_password;
use crate::service::lockout::{Counted, Verdict};
use crate::service::mirror::Shared;
use crate::service::sessions::end_everything;
use crate::service::text::Faults;
use crate::view::OneTimeCode;

/// How long a code that resets a password is good, ms.
const RESET_CODE_MS: i64 = 24 * 3_600_000;

const BAD_CODE: Error =
    Error::Registration("this code is wrong, used or too old; ask an operator for a new one");

impl Service {
    /// Replaces the caller's password, and ends everything they have open but this session.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: SecretString,
        new: SecretString,
    ) -> Result<()> {
        let account = caller.person()?;
        let known = self.prove_password(caller, current).await?;
        let password = self.hash_new(new).await?;
        let changed =
            self.change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
                let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                if old.record.password != known.record.password {
                    return Err(Error::Conflict("the password was changed meanwhile".to_owned()));
                }
                draft.object = Some(account);
                draft.detail = "password changed".to_owned();
                let security = self.end_others(tables, draft, &old.record, caller);
                let record = Account { password: password.clone(), security, ..old.record.clone() };
                draft.batch.replace(old, &record)?;
                Ok(())
            });
        self.keeping(caller, changed).await?;
        self.forget_unlocks(account);
        Ok(())
    }

    /// Proves with the password that it is still the caller who asks: for a screen that was locked.
    pub async fn prove(&self, caller: &Caller, password: SecretString) -> Result<()> {
        self.prove_password(caller, password).await.map(drop)
    }

    /// The caller's account, once they proved with its password that it is they who ask. A wrong one counts like one at
    /// sign-in.
    pub(crate) async fn prove_password(
        &self,
        caller: &Caller,
        password: SecretString,
    ) -> Result<Shared<Account>> {
        let account = caller.person()?;
        let counted = Counted::Password(account, caller.origin.address.into());
        if let Some(wait) = self.lockouts().locked(&counted, self.now_ms()) {
            return Err(Error::TooMany(wait));
        }
        let known = self.mirror().read().accounts.get(&account).cloned().ok_or(Error::Unauthenticated)?;
        let hash = Some(known.record.password.clone());
        match self.judge_password(counted.clone(), password, hash).await? {
            Verdict::Right => {
                self.lockouts().proved(&counted);
                Ok(known)
            }
            Verdict::Wrong => {
                let target = Target::Account(account);
                self.record_refusal(caller.identity, caller.origin, Permission::AccountChange, target).await;
                Err(Error::WrongPassword)
            }
            Verdict::Locked(wait) => Err(Error::TooMany(wait)),
        }
    }

    /// A one-time code with which a person sets a new password. A new one voids those before.
    pub async fn make_reset_code(&self, caller: &Caller, account: Id) -> Result<OneTimeCode> {
        let code = JoinCode::generate()?;
        let (hash, purpose) = (code.hash(), Purpose::Reset { account });
        let expires_ms = self
            .change(caller, Permission::AccountAdminister, Target::Account(account), |tables, draft| {
                tables.accounts.get(&account).ok_or(Error::NotFound("account"))?;
                for old in tables.invitations.values().filter(|old| old.record.purpose == purpose) {
                    draft.batch.remove(old);
                }
                let expires_ms = draft.now_ms + RESET_CODE_MS;
                draft.object = Some(account);
                draft.detail = "code to reset the password".to_owned();
                draft.batch.create(&Invitation {
                    code: hash,
                    purpose,
                    email: None,
                    created_by: caller.account(),
                    created_ms: draft.now_ms,
                    expires_ms,
                })?;
                Ok(expires_ms)
            })
            .await?;
        Ok(OneTimeCode { code: code.text(), expires_at: timestamp(expires_ms) })
    }

    /// Sets a new password with an operator's code, and ends everything that account has open. A second factor
    /// stays.
    pub async fn reset_password(&self, origin: Origin, code: SecretString, new: SecretString) -> Result<()> {
        let (row, account) = self.reset_for(&code).ok_or(BAD_CODE)?;
        let hash = row.record.code;
        let password = self.hash_new(new).await?;
        // Good for this one change: nobody is signed in by a code.
        let known = self.mirror().read().accounts.get(&account).cloned().ok_or(BAD_CODE)?;
        let bearer = Caller::of_account(&known.record, origin, None);
        self.change(&bearer, Permission::AccountChange, Target::Account(account), |tables, draft| {
            let old = tables.accounts.get(&account).ok_or(BAD_CODE)?;
            if old.record.disabled_ms.is_some() {
                return Err(Error::Registration("this account is switched off; ask an operator"));
            }
            draft.batch.remove(tables.invitations.get(&hash).ok_or(BAD_CODE)?);
            draft.object = Some(account);
            draft.detail = "password reset with an operator's code".to_owned();
            let security = end_everything(tables, draft, &old.record, None);
            draft
                .batch
                .replace(old, &Account { password: password.clone(), security, ..old.record.clone() })?;
            Ok(())
        })
        .await?;
        self.forget_unlocks(account);
        self.lockouts().proved(&Counted::Password(account, origin.address.into()));
        Ok(())
    }

    fn reset_for(&self, code: &SecretString) -> Option<(Row<Invitation>, Id)> {
        let row = self.invitation(code)?;
        match row.record.purpose {
            Purpose::Reset { account } => Some((row, account)),
            Purpose::Join { .. } | Purpose::Team { .. } => None,
        }
    }

    async fn hash_new(&self, password: SecretString) -> Result<String> {
        let mut faults = Faults::default();
        check_password(&mut faults, "newPassword", &password);
        faults.check()?;
        self.hash_password(password).await
    }
}
