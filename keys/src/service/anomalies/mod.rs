//! Unusual usage: each key's calls, ten minutes at a time, go through a detector of its own, and what is unusual is told
//! to the key's people, once. What is learnt is stored with how far it reaches, in the commit that tells, so a restart
//! neither forgets nor repeats. How a reading is judged is `anomaly`'s.

mod readings;

use std::collections::HashMap;

use keyward_store::model::{ApiKey, Id, Role, Watched};
use keyward_store::usage::{EndpointTotals, Usage};
use keyward_store::{Batch, Row, Store};

use crate::anomaly::Detector;
use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::{Draft, put};
use crate::service::mirror::Tables;
use crate::service::notifications::{Notice, NoticeKind, notify, people_of};
use readings::{READING_MS, readings};

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Calls that reach the server late still count for their minute: so long is waited for them.
const SETTLED_MS: i64 = 60_000;

/// A range of calls narrower than this is taken for so wide: some ten calls more or less in ten minutes are no news.
const GRAIN: f64 = 50.0;

/// Nobody is told before so many readings, four days: until then nearly everything is new.
const LEARNING: u32 = 576;

/// Nobody is told of what scores less. A chart may show from 0.5 on; who is called wants to be surer.
const SURE: f64 = 0.6;

/// A key that is seen for the first time, or again after long, is learnt from so much of its past.
const PAST_MS: i64 = 28 * DAY_MS;

/// So long after its last call a key is still watched: that it fell silent shows within hours.
const SILENT_MS: i64 = 26 * HOUR_MS;

/// What happened longer ago, while the daemon was down, is learnt and not told.
const NEWS_MS: i64 = DAY_MS;

/// Keys whose state is written together.
const KEYS_A_COMMIT: usize = 32;

/// The events that are looked at to say which endpoint it was.
const EVENTS: usize = 1_000;

/// What is told of a key.
struct Anomaly {
    at_ms: i64,
    calls: f64,
    reasons: String,
}

impl Service {
    /// Takes in the usage of all keys up to the last full ten minutes, and tells people of what is unusual. Answers of
    /// how many keys.
    pub async fn watch_anomalies(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        let due: Vec<Id> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::InstanceRun, Target::Instance, None)?;
            let live = tables.keys.rows().filter(|row| row.record.deleted_ms.is_none());
            let ids: Vec<Id> = live.map(|row| row.record.id).collect();
            let totals = self.0.usage.totals_many(&ids, now_ms);
            let used = |last_used_ms: Option<i64>| last_used_ms.is_some_and(|at| at >= now_ms - SILENT_MS);
            let due = ids.into_iter().zip(totals).filter(|(_, totals)| used(totals.last_used_ms));
            due.map(|(id, _)| id).collect()
        };
        let mut told = 0;
        for keys in due.chunks(KEYS_A_COMMIT) {
            told += self.watch_some(caller, keys, now_ms).await?;
        }
        Ok(told)
    }

    async fn watch_some(&self, caller: &Caller, keys: &[Id], now_ms: i64) -> Result<u64> {
        let snapshot = self.store().snapshot().await?;
        let mut before = HashMap::new();
        for id in keys {
            let row = Row::<Watched>::get(&snapshot, id.as_bytes()).await?;
            before.insert(*id, row.map(|row| row.record));
        }
        let usage = self.0.usage.clone();
        let looking = move || {
            let look = |(id, before)| look(&usage, id, before, now_ms).transpose();
            before.into_iter().filter_map(look).collect::<Result<Vec<_>>>()
        };
        let looked = tokio::task::spawn_blocking(looking).await;
        let looked = looked.map_err(|error| Error::Internal(Box::new(error)))??;
        let mut batch = Batch::new(crypto::random_batch_id()?);
        let mut told = 0;
        for (watched, anomaly) in looked {
            match anomaly {
                None => {
                    batch.op(put(&watched)?);
                }
                Some(anomaly) => {
                    self.change(caller, Permission::NoticeSend, Target::Instance, |tables, draft| {
                        tell(tables, draft, &watched, &anomaly)
                    })
                    .await?;
                    told += 1;
                }
            }
        }
        self.commit_metered(batch).await?;
        Ok(told)
    }
}

/// Takes in what a key was used since it was looked at last. Nothing when no reading is full yet.
fn look(
    usage: &Usage,
    id: Id,
    before: Option<Watched>,
    now_ms: i64,
) -> Result<Option<(Watched, Option<Anomaly>)>> {
    let to_ms = (now_ms - SETTLED_MS).div_euclid(READING_MS) * READING_MS;
    let learnt = before.and_then(|before| {
        let detector: Detector = postcard::from_bytes(&before.detector).ok()?;
        Some((detector, before.through_ms, before.readings))
    });
    let first = learnt.is_none();
    let (mut detector, through_ms, mut count) = learnt.unwrap_or((Detector::new(GRAIN), i64::MIN, 0));
    let from_ms = through_ms.max(to_ms - PAST_MS);
    if from_ms >= to_ms {
        return Ok(None);
    }
    let mut anomaly = None;
    let calls = readings(usage, id, from_ms, to_ms)?;
    // What lies before its first call is not the key's.
    let idle = if first { calls.iter().take_while(|calls| **calls == 0.0).count() } else { 0 };
    for (i, calls) in calls.into_iter().enumerate().skip(idle) {
        let at_ms = from_ms + i as i64 * READING_MS;
        let verdict = detector.observe(at_ms.div_euclid(1_000), calls);
        count = count.saturating_add(1);
        if verdict.begins && verdict.score >= SURE && count > LEARNING && at_ms >= now_ms - NEWS_MS {
            let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
            anomaly = Some(Anomaly { at_ms, calls, reasons: reasons.join("; ") });
        }
    }
    if let Some(anomaly) = &mut anomaly
        && let Some(endpoint) = endpoint(usage, id, anomaly.at_ms)?
    {
        anomaly.reasons += &endpoint;
    }
    let detector = postcard::to_allocvec(&detector).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(Some((Watched { api_key: id, through_ms: to_ms, readings: count, detector }, anomaly)))
}

/// Which endpoint it was, when nearly all went to one, and whether that is new.
fn endpoint(usage: &Usage, id: Id, at_ms: i64) -> Result<Option<String>> {
    let events = usage.events(id, at_ms, at_ms + READING_MS, EVENTS)?;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for event in &events {
        *counts.entry(&event.endpoint).or_default() += 1;
    }
    let Some((name, count)) = counts.into_iter().max_by_key(|(_, count)| *count) else { return Ok(None) };
    if count * 10 < events.len() * 9 {
        return Ok(None);
    }
    let today = at_ms.div_euclid(DAY_MS) * DAY_MS;
    let known = usage.endpoints(id, today - PAST_MS, today)?;
    // Names beyond those that are kept apart may hold it.
    let other = |known: &EndpointTotals| known.endpoint.as_deref().is_some_and(|known| known != name);
    let new = !known.is_empty() && known.iter().all(other);
    let all = if count == events.len() { "all" } else { "nearly all" };
    Ok(Some(format!("; {all} from one {}endpoint, {name}", if new { "new " } else { "" })))
}

fn tell(tables: &Tables, draft: &mut Draft, watched: &Watched, anomaly: &Anomaly) -> Result<()> {
    let id = watched.api_key;
    let Some(ApiKey { name, space, .. }) = tables.keys.get(id).map(|row| &row.record) else { return Ok(()) };
    draft.object = Some(id);
    draft.space = Some(*space);
    draft.detail = "unusual usage".to_owned();
    draft.put(watched)?;
    let Anomaly { at_ms, calls, reasons } = anomaly;
    let at = timestamp(*at_ms).strftime("%H:%M UTC");
    let message = format!("{name}: {calls:.0} calls in the ten minutes from {at}: {reasons}");
    let notice = Notice { kind: NoticeKind::Anomaly, api_key: Some(id), message };
    notify(tables, draft, people_of(tables, *space, Role::Member, None), &notice)
}
