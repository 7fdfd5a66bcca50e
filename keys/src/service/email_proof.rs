//! Whether an e-mail address is its person's. Where mail is set up, a new address gets a code, and until that came back nothing
//! else is mailed to it and no invitation for it is accepted; signing in needs none of it. Where it is not, or the
//! operator says so, addresses are taken at their word.

use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use keyward_store::model::{Account, EmailProof, Id};

use crate::caller::Caller;
use crate::clock::{self, timestamp};
use crate::crypto::JoinCode;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::outbound::Letter;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::codes::is_good;
use crate::service::invitations;
use crate::service::mirror::Tables;
use crate::view::UserView;

const HOUR_MS: i64 = 3_600_000;

/// How long a code is good.
const GOOD_MS: i64 = 24 * HOUR_MS;

/// Codes that are mailed for one account in an hour, so that it floods no stranger.
const MOST_AN_HOUR: usize = 5;

/// The account's address is its person's, as far as anybody has asked.
pub(crate) fn is_proved(tables: &Tables, account: &Account) -> bool {
    tables.email_proofs.get(&account.id).is_none_or(|row| {
        let proof = &row.record;
        proof.email == account.email && proof.proved_ms.is_some()
    })
}

/// The account with this address has yet to prove it.
pub(crate) fn is_open(tables: &Tables, email: &str) -> bool {
    let account = tables.account_by_email.get(email).and_then(|id| tables.accounts.get(id));
    account.is_some_and(|account| !is_proved(tables, &account.record))
}

/// From now on the account's address is to be proved, with this code if one can be mailed now; answers whether it is to be.
/// `invitation` is accepted along with that.
pub(crate) fn ask(
    tables: &Tables,
    draft: &mut Draft,
    account: &Account,
    code: &JoinCode,
    invitation: Option<[u8; 32]>,
) -> Result<bool> {
    let old = tables.email_proofs.get(&account.id);
    let mut sent_ms = old.map_or_else(Vec::new, |row| row.record.sent_ms.clone());
    sent_ms.retain(|at| *at > draft.now_ms - HOUR_MS);
    let mails = sent_ms.len() < MOST_AN_HOUR;
    sent_ms.extend(mails.then_some(draft.now_ms));
    let new = EmailProof {
        account: account.id,
        email: account.email.clone(),
        proved_ms: None,
        code: mails.then(|| code.hash()),
        expires_ms: draft.now_ms + GOOD_MS,
        sent_ms,
        invitation: invitation.or_else(|| old?.record.invitation),
    };
    match old {
        Some(old) => draft.batch.replace(old, &new)?,
        None => draft.batch.create(&new)?,
    };
    Ok(mails)
}

/// Forgets where it stands, with the account, or as nobody asks any more.
pub(crate) fn forget(tables: &Tables, draft: &mut Draft, account: Id) {
    if let Some(row) = tables.email_proofs.get(&account) {
        draft.batch.remove(row);
    }
}

impl Service {
    /// Mails the caller another code for their address. Answers what is wrong with the mail, where something is.
    pub async fn send_email_code(&self, caller: &Caller) -> Result<Option<String>> {
        let account = caller.person()?;
        let code = JoinCode::generate()?;
        let email = self
            .change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
                let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                if is_proved(tables, &row.record) {
                    return Err(Error::Conflict("there is nothing to prove about your address".to_owned()));
                }
                draft.batch.require(row);
                (draft.object, draft.detail) = (Some(account), "a code for the e-mail address".to_owned());
                if !ask(tables, draft, &row.record, &code, None)? {
                    let first = tables.email_proofs.get(&account).and_then(|row| row.record.sent_ms.first());
                    let again_ms = first.map_or(HOUR_MS, |first| first + HOUR_MS - draft.now_ms);
                    return Err(Error::TooMany(Duration::from_millis(again_ms.max(1).unsigned_abs())));
                }
                Ok(row.record.email.clone())
            })
            .await?;
        Ok(self.mail_code(account, &email, &code).await)
    }

    /// Proves the caller's address with the code that was mailed to it. The invitation for it that they came with is
    /// accepted.
    pub async fn prove_email(&self, caller: &Caller, code: &SecretString) -> Result<UserView> {
        let account = caller.person()?;
        let wrong = || Error::invalid("code", "this code is wrong, used or too old; have another one mailed");
        let hash = JoinCode::parse(code.expose_secret()).map_err(|_| wrong())?.hash();
        self.change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
            let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
            let old = tables.email_proofs.get(&account).ok_or_else(wrong)?;
            let proof = &old.record;
            let good = proof.email == row.record.email && proof.expires_ms > draft.now_ms;
            if !good || proof.code != Some(hash) {
                return Err(wrong());
            }
            draft.batch.require(row);
            draft.did(account, row.record.personal_space, "the e-mail address is proved".to_owned());
            let invitation = proof.invitation.and_then(|code| tables.invitations.get(&code));
            let invitation = invitation.filter(|row| is_good(tables, &row.record, draft.now_ms));
            if let Some(invitation) = invitation.filter(|row| row.record.email.as_ref() == Some(&proof.email))
            {
                draft.doing = Permission::TeamJoin;
                invitations::accept(tables, draft, invitation, &row.record)?;
            }
            let proved_ms = Some(draft.now_ms);
            let new = EmailProof { proved_ms, code: None, invitation: None, ..proof.clone() };
            draft.batch.replace(old, &new)?;
            draft.events.push(Event::AccountChanged { account });
            Ok(())
        })
        .await?;
        self.me(caller).await
    }

    /// Mails a code without anybody waiting for it: who does not get it has another one sent.
    pub(crate) fn mail_code_aside(&self, account: Id, email: &str, code: JoinCode) {
        let (service, email) = (self.clone(), email.to_owned());
        tokio::spawn(async move {
            if let Some(fault) = service.mail_code(account, &email, &code).await {
                tracing::warn!(%account, fault, "a code for an e-mail address was not mailed");
            }
        });
    }

    async fn mail_code(&self, account: Id, email: &str, code: &JoinCode) -> Option<String> {
        let now_ms = self.now_ms();
        let zone = {
            let tables = self.mirror().read();
            clock::zone(tables.accounts.get(&account).and_then(|row| row.record.time_zone.as_deref()))
        };
        let letter = letter(account, &code.text(), now_ms, &zone);
        self.0.outbound.send_letter(email, &letter).await.err().map(|error| error.detail)
    }
}

fn letter(account: Id, code: &SecretString, now_ms: i64, zone: &TimeZone) -> Letter {
    let until = clock::in_words(now_ms + GOOD_MS, zone);
    let text = SecretString::from(format!(
        "This address was given for an account in Keyward.\n\nYour code is {}\n\nIt shows that the address is yours, once, until \
         {until}. Where your Keyward is: ssh HOST verify-email, or in your profile.\n\n-- \nIf you have no account there, you \
         need not do anything: nothing else will be sent here.\n",
        code.expose_secret()
    ));
    Letter {
        id: format!("email_{account}_{now_ms}"),
        at: timestamp(now_ms),
        subject: "is this address yours?".to_owned(),
        text,
    }
}
