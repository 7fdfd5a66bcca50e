//! Webhooks: made, changed and removed by whoever's they are: a person, or a team's admins. Sending is `deliveries`'.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use keyward_store::model::{Delivery, Id, Timing, Webhook};

use crate::caller::Caller;
use crate::crypto::{self, Context};
use crate::error::{Error, Fault, Result};
use crate::input::{NewWebhook, WebhookPatch};
use crate::outbound::{MessageFormat, WebhookSecret};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::NoticeKind;
use crate::service::text::Faults;
use crate::service::{deliveries, held, mailboxes};
use crate::view::WebhookView;

/// Webhooks of one person, or of one team.
const MOST: usize = 20;

/// When messages go out, where nothing says otherwise.
const AT_ONCE: Timing = Timing { quiet: None, digest: None, zone: None, urgent_at_once: true };

/// For how long messages are signed with the secret before, too, ms.
const BOTH_MS: i64 = 24 * 3_600_000;

/// Where a webhook's messages go, and what they are signed with.
pub(super) struct Opened {
    pub(super) url: SecretString,
    pub(super) secret: WebhookSecret,
    pub(super) before: Option<Before>,
}

/// A secret that was replaced.
pub(super) struct Before {
    pub(super) secret: WebhookSecret,
    /// Until when messages are signed with it too, ms since the epoch.
    pub(super) until_ms: i64,
}

impl Service {
    /// Every fault of a new webhook that shows without a look at the store.
    pub fn new_webhook_faults(&self, new: &NewWebhook) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.line("name", &new.name, 1, 100);
        self.check_address(&mut faults, &new.url, new.format.unwrap_or(MessageFormat::Standard));
        held::changed(&mut faults, &AT_ONCE, &new.timing);
        faults.into_vec()
    }

    /// Every fault of a change to a webhook that shows without a look at the store.
    pub fn webhook_patch_faults(&self, caller: &Caller, id: Id, patch: &WebhookPatch) -> Vec<Fault> {
        let mut faults = Faults::default();
        let hook = visible(&self.mirror().read(), caller, id);
        let format = hook.map_or(MessageFormat::Standard, |hook| MessageFormat::named(&hook.record.format));
        if let Some(name) = &patch.name {
            faults.line("name", name, 1, 100);
        }
        if let Some(url) = &patch.url {
            self.check_address(&mut faults, url, format);
        }
        held::changed(&mut faults, &AT_ONCE, &patch.timing);
        faults.into_vec()
    }

    /// Makes a webhook for what the caller is told, or for a team's keys. Answers its secret, this once.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        new: NewWebhook,
    ) -> Result<(WebhookView, SecretString)> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let name = faults.line("name", &new.name, 1, 100);
        let format = new.format.unwrap_or(MessageFormat::Standard);
        let shown = self.check_address(&mut faults, &new.url, format);
        let timing = held::changed(&mut faults, &AT_ONCE, &new.timing);
        faults.check()?;
        let (id, secret) = (crypto::random_id()?, WebhookSecret::generate()?);
        let sealed = self.seal_webhook(id, &new.url, &secret, None)?;
        let (target, team) = match new.team {
            Some(team) => (Target::Space(team), true),
            None => (Target::Account(account), false),
        };
        let events = names(new.events.as_deref().unwrap_or_default());
        let row = self
            .change(caller, Permission::WebhookManage, target, |tables, draft| {
                if new.team.is_some_and(|team| tables.team_of(team).is_none()) {
                    return Err(Error::NotFound("team"));
                }
                let owner = new.team.unwrap_or(account);
                if tables.posted.of(owner).count() >= MOST {
                    return Err(Error::Conflict(format!(
                        "there are {MOST} webhooks already; remove one first"
                    )));
                }
                let row = Webhook {
                    id,
                    account: (!team).then_some(account),
                    space: new.team,
                    name: name.clone(),
                    format: format.name().to_owned(),
                    shown: shown.clone(),
                    sealed: sealed.clone(),
                    events: events.clone(),
                    disabled: false,
                    timing: timing.clone(),
                    created_ms: draft.now_ms,
                };
                self.check_mailbox(tables, &row)?;
                (draft.object, draft.space, draft.detail) = (Some(id), new.team, "made".to_owned());
                draft.batch.create(&row)?;
                Ok(row)
            })
            .await?;
        Ok((WebhookView::from(&row), secret.to_text()))
    }

    /// The caller's webhooks, and those of teams whose webhooks they manage; oldest first.
    pub async fn webhooks(&self, caller: &Caller) -> Result<Vec<WebhookView>> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let mut rows: Vec<&Shared<Webhook>> = tables.posted.of(account).collect();
        for member in tables.memberships(account) {
            let space = member.record.space;
            if authorise(&tables, caller, Permission::WebhookManage, Target::Space(space), None).is_ok() {
                rows.extend(tables.posted.of(space));
            }
        }
        rows.sort_by_key(|row| (row.record.created_ms, row.record.id));
        Ok(rows.into_iter().map(|row| WebhookView::from(&row.record)).collect())
    }

    /// One webhook.
    pub async fn webhook(&self, caller: &Caller, id: Id) -> Result<WebhookView> {
        let tables = self.mirror().read();
        visible(&tables, caller, id).map(|row| WebhookView::from(&row.record))
    }

    /// Changes a webhook.
    pub async fn update_webhook(&self, caller: &Caller, id: Id, patch: WebhookPatch) -> Result<WebhookView> {
        let old = visible(&self.mirror().read(), caller, id)?;
        let mut faults = Faults::default();
        let name = patch.name.as_ref().map(|name| faults.line("name", name, 1, 100));
        let format = MessageFormat::named(&old.record.format);
        let place = patch.url.as_ref().map(|url| (url, self.check_address(&mut faults, url, format)));
        held::changed(&mut faults, &AT_ONCE, &patch.timing);
        faults.check()?;
        // Whoever puts back what they were shown moves nothing: a part of the address may not be in it.
        let moved = match place.filter(|(url, _)| url.expose_secret().trim() != old.record.shown) {
            Some((url, shown)) => {
                let Opened { secret, before, .. } = self.open_webhook(&old.record)?;
                Some((shown, self.seal_webhook(id, url, &secret, before.as_ref())?))
            }
            None => None,
        };
        self.change(caller, Permission::WebhookManage, target_of(&old.record), |tables, draft| {
            let old = tables.posted.webhook(id).ok_or(Error::NotFound("webhook"))?;
            let mut new = old.record.clone();
            new.name = name.clone().unwrap_or(new.name);
            if let Some((shown, sealed)) = &moved {
                (new.shown, new.sealed) = (shown.clone(), sealed.clone());
                self.check_mailbox(tables, &new)?;
            }
            new.events = patch.events.as_deref().map_or(new.events, names);
            new.disabled = patch.disabled.unwrap_or(new.disabled);
            new.timing = held::changed(&mut Faults::default(), &new.timing, &patch.timing);
            (draft.object, draft.space, draft.detail) = (Some(id), new.space, "changed".to_owned());
            draft.batch.replace(old, &new)?;
            Ok(WebhookView::from(&new))
        })
        .await
    }

    /// Makes another secret for a webhook, and answers it. For a day messages are signed with the one before too, so that
    /// whoever checks them can change over in their own time.
    pub async fn replace_webhook_secret(&self, caller: &Caller, id: Id) -> Result<SecretString> {
        let old = visible(&self.mirror().read(), caller, id)?;
        if MessageFormat::named(&old.record.format) != MessageFormat::Standard {
            let format = &old.record.format;
            return Err(Error::Conflict(format!("messages of the format {format} are not signed")));
        }
        let opened = self.open_webhook(&old.record)?;
        let (new, until_ms) = (WebhookSecret::generate()?, self.now_ms().saturating_add(BOTH_MS));
        let before = Before { secret: opened.secret, until_ms };
        let sealed = self.seal_webhook(id, &opened.url, &new, Some(&before))?;
        self.change(caller, Permission::WebhookManage, target_of(&old.record), |tables, draft| {
            let row = tables.posted.webhook(id).ok_or(Error::NotFound("webhook"))?;
            if row.record.sealed != old.record.sealed {
                return Err(Error::Conflict("the webhook was changed meanwhile; ask again".to_owned()));
            }
            (draft.object, draft.space) = (Some(id), row.record.space);
            draft.detail = "its secret was replaced".to_owned();
            draft.batch.replace(row, &Webhook { sealed: sealed.clone(), ..row.record.clone() })?;
            Ok(())
        })
        .await?;
        Ok(new.to_text())
    }

    /// Removes a webhook, with what was sent to it and what was to be.
    pub async fn delete_webhook(&self, caller: &Caller, id: Id) -> Result<()> {
        let old = visible(&self.mirror().read(), caller, id)?;
        self.change(caller, Permission::WebhookManage, target_of(&old.record), |tables, draft| {
            let old = tables.posted.webhook(id).ok_or(Error::NotFound("webhook"))?;
            (draft.object, draft.space, draft.detail) = (Some(id), old.record.space, "removed".to_owned());
            end(tables, draft, old);
            Ok(())
        })
        .await
    }

    /// What of an address may be shown; what is wrong with it is added to the faults.
    fn check_address(&self, faults: &mut Faults, url: &SecretString, format: MessageFormat) -> String {
        let (outbound, url) = (&self.0.outbound, url.expose_secret().trim());
        if format == MessageFormat::Email {
            return mailboxes::written(faults, outbound, url);
        }
        if let Err(wrong) = outbound.check_url(url) {
            faults.add("url", wrong);
        }
        shown(url, format)
    }

    /// Refuses a mailbox of somebody else.
    fn check_mailbox(&self, tables: &Tables, row: &Webhook) -> Result<()> {
        let mut faults = Faults::default();
        if row.format == MessageFormat::Email.name()
            && let Err(wrong) = mailboxes::check(tables, &self.0.outbound, row, &row.shown)
        {
            faults.add("url", wrong);
        }
        faults.check()
    }

    fn seal_webhook(
        &self,
        id: Id,
        url: &SecretString,
        secret: &WebhookSecret,
        before: Option<&Before>,
    ) -> Result<Vec<u8>> {
        let secret = secret.to_text();
        // No secret and no address has a line's end in it.
        let mut plain = Zeroizing::new(format!("{}\n{}", secret.expose_secret(), url.expose_secret().trim()));
        if let Some(Before { secret, until_ms }) = before {
            plain.push_str(&Zeroizing::new(format!("\n{until_ms}\n{}", secret.to_text().expose_secret())));
        }
        Ok(crypto::seal_to(self.0.system_keys.public(), &context(id)?, plain.as_bytes())?)
    }

    pub(super) fn open_webhook(&self, row: &Webhook) -> Result<Opened> {
        let plain = crypto::open_box(self.0.system_keys.private(), &context(row.id)?, &row.sealed)?;
        let mut lines = std::str::from_utf8(plain.expose()).map_err(|_| crypto::Error::Refused)?.split('\n');
        let (secret, url) = lines.next().zip(lines.next()).ok_or(crypto::Error::Refused)?;
        let before = lines.next().and_then(|until| until.parse().ok()).zip(lines.next());
        let before = before
            .map(|(until_ms, secret)| WebhookSecret::parse(secret).map(|secret| Before { secret, until_ms }));
        Ok(Opened { url: url.into(), secret: WebhookSecret::parse(secret)?, before: before.transpose()? })
    }
}

/// What of an address may be shown: a query often holds a token, and of a chat's address all is a secret but the host.
fn shown(url: &str, format: MessageFormat) -> String {
    let place = url.split('?').next().unwrap_or_default();
    match format {
        MessageFormat::Standard | MessageFormat::Email => place.to_owned(),
        MessageFormat::Slack | MessageFormat::Discord | MessageFormat::Ntfy => {
            let host: Vec<&str> = place.splitn(4, '/').take(3).collect();
            format!("{}/…", host.join("/"))
        }
    }
}

fn context(id: Id) -> Result<Context> {
    Ok(Context::of(&[b"webhook", id.as_bytes()])?)
}

fn names(kinds: &[NoticeKind]) -> Vec<String> {
    let names: BTreeSet<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Removes a webhook, with what was sent to it and what was to be.
fn end(tables: &Tables, draft: &mut Draft, row: &Shared<Webhook>) {
    draft.batch.remove(row);
    let id = row.record.id;
    for (created_ms, delivery) in tables.posted.messages(id).keys() {
        deliveries::forget(draft, Delivery::row_key(id, *created_ms, *delivery));
    }
}

/// Removes all webhooks of a person, or of a space.
pub(super) fn end_all(tables: &Tables, draft: &mut Draft, owner: Id) {
    tables.posted.of(owner).for_each(|row| end(tables, draft, row));
}

/// What a webhook belongs to.
pub(super) fn target_of(row: &Webhook) -> Target {
    match (row.space, row.account) {
        (Some(space), _) => Target::Space(space),
        (None, Some(account)) => Target::Account(account),
        (None, None) => Target::Instance,
    }
}

/// A webhook that the caller manages; any other is not there.
pub(super) fn visible(tables: &Tables, caller: &Caller, id: Id) -> Result<Shared<Webhook>> {
    caller.person()?;
    let row = tables.posted.webhook(id).ok_or(Error::NotFound("webhook"))?;
    authorise(tables, caller, Permission::WebhookManage, target_of(&row.record), None)
        .map_err(|_| Error::NotFound("webhook"))?;
    Ok(row.clone())
}
