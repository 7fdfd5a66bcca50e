//! What is sent to webhooks: written with the notification that it tells of, sent by a job until it arrives or is given
//! up, and kept for whoever looks into it. A message may arrive twice, always under the same id.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use keyward_store::model::{Delivery, DeliveryAlert, DeliveryState, Id, Webhook};
use keyward_store::{Op, Record, Row, Store};
use secrecy::ExposeSecret;

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::input::DeliveryQuery;
use crate::outbound::{CallError, CallResult, Class, Message, MessageFormat};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::email_proof;
use crate::service::held::{held_until, zone_of};
use crate::service::mailboxes;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind};
use crate::service::text::Faults;
use crate::service::webhooks::{target_of, visible};
use crate::view::{DeliveryPage, DeliveryView, Pagination};

/// Messages of one webhook that are kept; those that are settled make room, the oldest first.
const KEPT: usize = 200;

/// Messages of one webhook that are kept although they are still to be sent; beyond, the oldest is given up.
const WAITING: usize = 1_000;

/// Why nothing is mailed to an address yet: once it is, messages go out at the next try.
const UNVERIFIED: &str = "the address is not verified yet: its person has a code to hand in";

/// Messages that are under way at once, and how many of them for one person or team: receivers that do not answer leave
/// room for others', and for rotations.
const AT_ONCE: usize = 16;
const AT_ONCE_EACH: usize = 4;

/// Seconds until a message is sent again, by how often it was sent; after the last it is given up.
const WAITS: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// A message and where it goes.
type ToSend = (Shared<Webhook>, Row<Delivery>);

/// Adds a message for each webhook that wants to know.
pub(super) fn post(tables: &Tables, draft: &mut Draft, owner: Id, notice: &Notice) -> Result<()> {
    let kind = notice.kind.name();
    let wanted = |hook: &&Shared<Webhook>| {
        let events = &hook.record.events;
        !hook.record.disabled && (events.is_empty() || events.iter().any(|event| event == kind))
    };
    for hook in tables.posted.of(owner).filter(wanted) {
        let said = notice.said_to(tables, owner);
        let mut new = delivery(hook.record.id, kind, notice.api_key, &said, draft.now_ms)?;
        if let Some(until_ms) = held_until(tables, &hook.record, notice.is_urgent(), draft.now_ms) {
            (new.state, new.next_ms) = (DeliveryState::Held, until_ms);
        }
        if let Some(alert) = notice.alert {
            draft.put(&DeliveryAlert { row_key: new.key(), alert })?;
        }
        add(tables, draft, &new)?;
    }
    Ok(())
}

/// Removes a message, with the alert that it tells of.
pub(super) fn forget(draft: &mut Draft, row_key: Vec<u8>) {
    draft.batch.op(Op::Del(DeliveryAlert::TABLE, row_key.clone()));
    draft.batch.op(Op::Del(Delivery::TABLE, row_key));
}

pub(super) fn delivery(
    webhook: Id,
    event: &str,
    api_key: Option<Id>,
    message: &str,
    now_ms: i64,
) -> Result<Delivery> {
    Ok(Delivery {
        id: crypto::random_id()?,
        webhook,
        event: event.to_owned(),
        api_key,
        message: message.to_owned(),
        state: DeliveryState::Pending,
        attempts: 0,
        next_ms: now_ms,
        status: None,
        detail: String::new(),
        created_ms: now_ms,
        sent_ms: None,
    })
}

/// Writes a message, and makes room for it: those that are settled go first, then the oldest.
pub(super) fn add(tables: &Tables, draft: &mut Draft, new: &Delivery) -> Result<()> {
    draft.batch.create(new)?;
    let all = tables.posted.messages(new.webhook);
    let surplus = (all.len() + 1).saturating_sub(KEPT);
    let settled = all.iter().filter(|(_, next)| next.is_none()).map(|(key, _)| *key);
    let waiting = all.iter().filter(|(_, next)| next.is_some()).map(|(key, _)| *key);
    let overdue = waiting.clone().count().saturating_sub(WAITING - 1);
    for (created_ms, id) in settled.take(surplus).chain(waiting.take(overdue)) {
        forget(draft, Delivery::row_key(new.webhook, created_ms, id));
    }
    Ok(())
}

impl DeliveryQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(self.page, self.limit)
    }
}

impl Service {
    /// What was sent to a webhook and is to be, newest first.
    pub async fn webhook_deliveries(
        &self,
        caller: &Caller,
        id: Id,
        query: &DeliveryQuery,
    ) -> Result<DeliveryPage> {
        Faults::from(query.faults()).check()?;
        let keys: Vec<(i64, Id)> = {
            let tables = self.mirror().read();
            visible(&tables, caller, id)?;
            tables.posted.messages(id).keys().rev().copied().collect()
        };
        let total = keys.len() as u64;
        let snapshot = self.store().snapshot().await?;
        let start = (query.page as usize - 1).saturating_mul(query.limit as usize);
        let mut deliveries = Vec::new();
        for (created_ms, delivery) in keys.into_iter().skip(start).take(query.limit as usize) {
            let key = Delivery::row_key(id, created_ms, delivery);
            if let Some(row) = Row::<Delivery>::get(&snapshot, &key).await? {
                deliveries.push(DeliveryView::from(&row.record));
            }
        }
        Ok(DeliveryPage { deliveries, pagination: Pagination::of(query.page, query.limit, total) })
    }

    /// Has a message sent that says nothing but that it can be.
    pub async fn test_webhook(&self, caller: &Caller, id: Id) -> Result<DeliveryView> {
        let hook = visible(&self.mirror().read(), caller, id)?;
        sends(&hook)?;
        let text = "A test of this webhook: it works.";
        let row = self
            .change(caller, Permission::WebhookManage, target_of(&hook.record), |tables, draft| {
                let new = delivery(id, "test", None, text, draft.now_ms)?;
                (draft.object, draft.space, draft.detail) =
                    (Some(id), hook.record.space, "tested".to_owned());
                add(tables, draft, &new)?;
                Ok(new)
            })
            .await?;
        Ok(DeliveryView::from(&row))
    }

    /// Has a message sent once more, now, under the same id.
    pub async fn redeliver(&self, caller: &Caller, id: Id, delivery: Id) -> Result<DeliveryView> {
        let (hook, key) = {
            let tables = self.mirror().read();
            let hook = visible(&tables, caller, id)?;
            let mut keys = tables.posted.messages(id).keys();
            let found = keys.find(|(_, other)| *other == delivery).ok_or(Error::NotFound("delivery"))?;
            (hook, Delivery::row_key(id, found.0, delivery))
        };
        sends(&hook)?;
        let snapshot = self.store().snapshot().await?;
        let old = Row::<Delivery>::get(&snapshot, &key).await?.ok_or(Error::NotFound("delivery"))?;
        self.change(caller, Permission::WebhookManage, target_of(&hook.record), |_, draft| {
            let new = Delivery {
                state: DeliveryState::Pending,
                attempts: 0,
                next_ms: draft.now_ms,
                ..old.record.clone()
            };
            (draft.object, draft.space, draft.detail) =
                (Some(id), hook.record.space, "sent again".to_owned());
            draft.batch.replace(&old, &new)?;
            Ok(DeliveryView::from(&new))
        })
        .await
    }

    /// Sends what is due, for as long as something is; answers how much was sent. Safe to run twice, and after a crash.
    /// As one arrives the next is sent: nobody waits for a receiver that does not answer.
    pub async fn deliver_webhooks(&self, caller: &Caller) -> Result<u64> {
        self.release_held(caller).await?;
        let (mut sent, mut under_way) = (0, HashMap::<Vec<u8>, Id>::new());
        let mut calls = FuturesUnordered::new();
        loop {
            for (hook, row) in self.next_to_send(caller, &mut under_way).await? {
                calls.push(async move {
                    let outcome = self.send(&hook.record, &row.record).await;
                    ((hook, row), outcome)
                });
            }
            let Some(first) = calls.next().await else { return Ok(sent) };
            let mut done = vec![first];
            while let Some(Some(more)) = calls.next().now_or_never() {
                done.push(more);
            }
            self.note_outcomes(caller, &done).await?;
            done.iter().for_each(|(_, outcome)| self.0.meters.message_sent(outcome.is_ok()));
            sent += done.len() as u64;
            for ((_, row), _) in &done {
                under_way.remove(&row.record.key());
            }
        }
    }

    /// What may be sent now beside what is under way, which it joins.
    async fn next_to_send(
        &self,
        caller: &Caller,
        under_way: &mut HashMap<Vec<u8>, Id>,
    ) -> Result<Vec<ToSend>> {
        let mut due: Vec<(Shared<Webhook>, Vec<u8>)> = Vec::new();
        {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::NoticeSend, Target::Instance, None)?;
            for (hook, key) in tables.posted.due(self.now_ms()) {
                if under_way.len() == AT_ONCE {
                    break;
                }
                let owner = hook.record.space.or(hook.record.account).unwrap_or(hook.record.id);
                let of_owner = under_way.values().filter(|other| **other == owner).count();
                if of_owner < AT_ONCE_EACH && !under_way.contains_key(&key) {
                    under_way.insert(key.clone(), owner);
                    due.push((hook, key));
                }
            }
        }
        let snapshot = self.store().snapshot().await?;
        let mut rows = Vec::new();
        for (hook, key) in due {
            match Row::<Delivery>::get(&snapshot, &key).await? {
                Some(row) => rows.push((hook, row)),
                // Removed meanwhile.
                None => drop(under_way.remove(&key)),
            }
        }
        Ok(rows)
    }

    async fn send(&self, hook: &Webhook, delivery: &Delivery) -> CallResult<u16> {
        let opened =
            self.open_webhook(hook).map_err(|_| CallError::config("the webhook's secret does not open"))?;
        let alert = self.alert_of(delivery).await;
        let alert = alert.map_err(|_| CallError::transient("what the message tells of could not be read"))?;
        let message = Message {
            id: format!("msg_{}", delivery.id),
            kind: delivery.event.clone(),
            text: delivery.message.clone(),
            api_key: delivery.api_key.map(|id| id.to_string()),
            alert: alert.map(|id| id.to_string()),
            at: timestamp(delivery.created_ms),
            zone: zone_of(&self.mirror().read(), hook),
        };
        let format = MessageFormat::named(&hook.format);
        let to = match format {
            MessageFormat::Email => {
                let tables = self.mirror().read();
                mailboxes::check(&tables, &self.0.outbound, hook, &hook.shown).map_err(CallError::config)?;
                if self.0.outbound.verifies_addresses() && email_proof::is_open(&tables, &hook.shown) {
                    return Err(CallError::transient(UNVERIFIED));
                }
                &hook.shown
            }
            _ => opened.url.expose_secret(),
        };
        let before = opened.before.as_ref().filter(|before| self.now_ms() < before.until_ms);
        let signed = (&opened.secret, before.map(|before| &before.secret));
        self.0.outbound.send_message(to, signed, format, &message).await
    }

    /// The alert that a message tells of.
    async fn alert_of(&self, delivery: &Delivery) -> Result<Option<Id>> {
        if !NoticeKind::tells_of_alerts(&delivery.event) {
            return Ok(None);
        }
        let snapshot = self.store().snapshot().await?;
        Ok(Row::<DeliveryAlert>::get(&snapshot, &delivery.key()).await?.map(|row| row.record.alert))
    }

    /// What came of messages, in one commit. One whose webhook was removed meanwhile is gone.
    async fn note_outcomes(&self, caller: &Caller, done: &[(ToSend, CallResult<u16>)]) -> Result<()> {
        self.change(caller, Permission::NoticeSend, Target::Instance, |tables, draft| {
            let (mut arrived, mut failed, mut gone) = (0, 0, BTreeSet::new());
            for ((hook, old), outcome) in done {
                let messages = tables.posted.messages(hook.record.id);
                let there = messages.get(&(old.record.created_ms, old.record.id));
                // Gone, or to be sent once more by somebody's wish: its turn comes.
                if there != Some(&Some(old.record.next_ms)) {
                    continue;
                }
                let new = after(&old.record, outcome, draft.now_ms);
                if new.state == DeliveryState::Delivered {
                    arrived += 1;
                } else {
                    failed += 1;
                }
                draft.batch.replace(old, &new)?;
                if matches!(outcome, Err(CallError { status: Some(410), .. })) {
                    gone.insert(hook.record.id);
                }
            }
            // Whoever answers so wants no more.
            for row in gone.into_iter().filter_map(|id| tables.posted.webhook(id)) {
                draft.batch.replace(row, &Webhook { disabled: true, ..row.record.clone() })?;
            }
            draft.detail = format!("webhooks: {arrived} arrived, {failed} did not");
            Ok(())
        })
        .await
    }
}

/// Refuses what would only wait, as the webhook is off.
fn sends(hook: &Shared<Webhook>) -> Result<()> {
    if hook.record.disabled {
        return Err(Error::Conflict("this webhook is turned off; turn it on first".to_owned()));
    }
    Ok(())
}

/// A message after it was sent once more.
fn after(old: &Delivery, outcome: &CallResult<u16>, now_ms: i64) -> Delivery {
    let attempts = old.attempts + 1;
    let new = Delivery { attempts, sent_ms: Some(now_ms), ..old.clone() };
    match outcome {
        Ok(status) => {
            Delivery { state: DeliveryState::Delivered, status: Some(*status), detail: String::new(), ..new }
        }
        Err(error) => {
            let wait = WAITS.get(attempts as usize - 1).filter(|_| error.class == Class::Transient);
            let wait =
                wait.map(|seconds| Duration::from_secs(*seconds).max(error.retry_after.unwrap_or_default()));
            let (state, next_ms) = match wait {
                Some(wait) => {
                    (DeliveryState::Pending, now_ms + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
                }
                None => (DeliveryState::Failed, old.next_ms),
            };
            Delivery { state, next_ms, status: error.status, detail: error.detail.clone(), ..new }
        }
    }
}
