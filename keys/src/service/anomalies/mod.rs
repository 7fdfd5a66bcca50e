//! Unusual usage: what each key does, ten minutes at a time, goes through a detector of its own, and what is unusual is
//! told to the key's people, once, and once more when it is over. What is learnt is stored with how far it reaches, in
//! the commit that tells, so a restart neither forgets nor repeats. How a reading is judged is `anomaly`'s; rules about
//! it are `alerts`'.

mod readings;
mod stored;
mod zone;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use keyward_store::model::{AlertCondition, ApiKey, Id, Role, Unusual, Watched};
use keyward_store::usage::{EndpointTotals, Grain, Totals, Usage};
use keyward_store::{Batch, Row, Store};

use crate::anomaly::{Judgement, Watch};
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
use zone::wall;
pub(crate) use zone::zone_of;

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Calls that reach the server late still count for their minute: so long is waited for them.
const SETTLED_MS: i64 = 60_000;

/// Nobody is told before so many readings, four days: until then nearly everything is new.
const LEARNING: u32 = 576;

/// Nobody is told of what scores less, but by a rule. A chart may show from 0.5 on; who is called wants to be surer.
const SURE: u8 = 60;

/// It is over after so many readings in a row that are not strange by themselves: half an hour.
const CALM: u8 = 3;

/// A key that is seen for the first time, or again after long, is learnt from so much of its past.
const PAST_MS: i64 = 28 * DAY_MS;

/// So long after its last call a key is still watched: that it fell silent shows within hours.
const SILENT_MS: i64 = 26 * HOUR_MS;

/// A key that was called less often in all has done nothing that could be usual: it has no state, and is learnt from its past
/// once it has more. Ten thousand keys that were called once cost nothing.
const FEW: u64 = 100;

/// What happened longer ago, while the daemon was down, is learnt and not told.
const NEWS_MS: i64 = DAY_MS;

/// Keys whose state is written together.
const KEYS_A_COMMIT: usize = 32;

/// The events that are looked at to say which endpoint it was.
const EVENTS: usize = 1_000;

/// What is known of a key before it is looked at.
struct Before {
    watched: Option<Watched>,
    unusual: Option<Unusual>,
    zone: Arc<TimeZone>,
}

/// What was seen of it.
struct Looked {
    watched: Watched,
    /// What is unusual, where that changed.
    unusual: Option<Unusual>,
    /// Where somebody may be told: it began, or it is over.
    news: bool,
}

impl Service {
    /// Takes in the usage of all keys up to the last full ten minutes, and tells people of what is unusual, and of what
    /// is so no more. Answers how often somebody was told.
    pub async fn watch_anomalies(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        let due: Vec<Id> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::InstanceRun, Target::Instance, None)?;
            let live = tables.keys.rows().filter(|row| row.record.deleted_ms.is_none());
            let mut ids: Vec<Id> = live.map(|row| row.record.id).collect();
            // States that lie beside each other are written together.
            ids.sort_unstable();
            let totals = self.0.usage.totals_many(&ids, now_ms);
            let used = |totals: &Totals| {
                totals.count >= FEW && totals.last_used_ms.is_some_and(|at| at >= now_ms - SILENT_MS)
            };
            let open =
                |id: &Id| tables.by_key.unusual.get(id).is_some_and(|row| row.record.over_ms.is_none());
            let due = ids.into_iter().zip(totals);
            due.filter(|(id, totals)| used(totals) || open(id)).map(|(id, _)| id).collect()
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
            let watched = Row::<Watched>::get(&snapshot, id.as_bytes()).await?.map(|row| row.record);
            let tables = self.mirror().read();
            let unusual = tables.by_key.unusual.get(id).map(|row| row.record.clone());
            before.insert(*id, Before { watched, unusual, zone: Arc::new(zone_of(&tables, *id)) });
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
        for Looked { watched, unusual, news } in looked {
            match unusual {
                Some(unusual) if news => {
                    told += self
                        .change(caller, Permission::NoticeSend, Target::Instance, |tables, draft| {
                            tell(tables, draft, &watched, &unusual)
                        })
                        .await?;
                }
                unusual => {
                    batch.op(put(&watched)?);
                    if let Some(unusual) = &unusual {
                        batch.op(put(unusual)?);
                    }
                }
            }
        }
        self.commit_metered(batch).await?;
        Ok(told)
    }
}

/// Takes in what a key was used since it was looked at last. Nothing when no reading is full yet.
fn look(usage: &Usage, id: Id, before: Before, now_ms: i64) -> Result<Option<Looked>> {
    let to_ms = (now_ms - SETTLED_MS).div_euclid(READING_MS) * READING_MS;
    let learnt = before
        .watched
        .and_then(|before| Some((stored::unpack(&before.detector)?, before.through_ms, before.readings)));
    let first = learnt.is_none();
    let (mut watch, through_ms, mut count) = learnt.unwrap_or((Watch::default(), i64::MIN, 0));
    let from_ms = through_ms.max(to_ms - PAST_MS);
    if from_ms >= to_ms {
        return Ok(None);
    }
    let (mut unusual, mut changed, mut news) = (before.unusual, false, false);
    let read = readings(usage, id, from_ms, to_ms)?;
    // What lies before its first call is not the key's.
    let idle = if first { read.iter().take_while(|reading| reading.calls == 0.0).count() } else { 0 };
    for (i, reading) in read.into_iter().enumerate().skip(idle) {
        let at_ms = from_ms + i as i64 * READING_MS;
        let judged = watch.observe(wall(&before.zone, at_ms), &reading);
        count = count.saturating_add(1);
        if let Some(open) = unusual.as_mut().filter(|unusual| unusual.over_ms.is_none()) {
            go_on(open, &judged, at_ms);
            (changed, news) = (true, news || open.over_ms.is_some());
        } else if judged.begins && count > LEARNING && at_ms >= now_ms - NEWS_MS {
            let score = percent(&judged);
            let mut reasons: Vec<String> = judged.reasons.iter().map(ToString::to_string).collect();
            reasons.extend(endpoint(usage, id, at_ms)?);
            let at = timestamp(at_ms).to_zoned(TimeZone::clone(&before.zone)).strftime("%H:%M %Z");
            let calls = reading.calls;
            let reasons = format!("{calls:.0} calls in the ten minutes from {at}: {}", reasons.join("; "));
            let (calm, told) = (0, false);
            unusual =
                Some(Unusual { api_key: id, since_ms: at_ms, score, reasons, told, calm, over_ms: None });
            (changed, news) = (true, true);
        }
    }
    let watched =
        Watched { api_key: id, through_ms: to_ms, readings: count, detector: stored::pack(&watch)? };
    Ok(Some(Looked { watched, unusual: unusual.filter(|_| changed), news }))
}

/// What was unusual is over once enough readings in a row were not strange.
fn go_on(open: &mut Unusual, judged: &Judgement, at_ms: i64) {
    open.calm = if judged.strange < 1.0 { open.calm.saturating_add(1) } else { 0 };
    open.over_ms = (open.calm >= CALM).then_some(at_ms - i64::from(CALM - 1) * READING_MS);
}

fn percent(judged: &Judgement) -> u8 {
    (100.0 * judged.score) as u8
}

/// How unusual a key was after each reading of a stretch of its past, percent, as a detector says that began four weeks earlier.
pub(crate) fn replay(
    usage: &Usage,
    id: Id,
    zone: &TimeZone,
    (from_ms, to_ms): (i64, i64),
) -> Result<Vec<(i64, Option<u64>)>> {
    let whole = |at_ms: i64| at_ms.div_euclid(READING_MS) * READING_MS;
    let (start_ms, to_ms) = (whole(from_ms - PAST_MS), whole(to_ms - SETTLED_MS));
    let read = readings(usage, id, start_ms, to_ms.max(start_ms))?;
    let idle = read.iter().take_while(|reading| reading.calls == 0.0).count();
    let (mut watch, mut unusual, mut values) = (Watch::default(), None::<Unusual>, Vec::new());
    for (count, reading) in (1u32..).zip(read.iter().skip(idle)) {
        let at_ms = start_ms + (idle as i64 + i64::from(count) - 1) * READING_MS;
        let judged = watch.observe(wall(zone, at_ms), reading);
        match unusual.as_mut() {
            Some(open) => go_on(open, &judged, at_ms),
            None if judged.begins && count > LEARNING => {
                let (score, reasons) = (percent(&judged), String::new());
                let (told, calm, over_ms) = (false, 0, None);
                unusual = Some(Unusual { api_key: id, since_ms: at_ms, score, reasons, told, calm, over_ms });
            }
            None => {}
        }
        unusual = unusual.filter(|open| open.over_ms.is_none());
        if at_ms >= from_ms {
            values.push((at_ms + READING_MS, unusual.as_ref().map(|open| open.score.into())));
        }
    }
    Ok(values)
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
    let known = usage.endpoints(id, Grain::Day, today - PAST_MS, today)?.totals;
    // Names beyond those that are kept apart may hold it.
    let other = |known: &EndpointTotals| known.endpoint.as_deref().is_some_and(|known| known != name);
    let new = !known.is_empty() && known.iter().all(other);
    let all = if count == events.len() { "all" } else { "nearly all" };
    Ok(Some(format!("{all} from one {}endpoint, {name}", if new { "new " } else { "" })))
}

/// Writes what was seen, and tells the key's people of it: that it began, unless a rule does, or that it is over, when
/// they were told. Answers whether they were.
fn tell(tables: &Tables, draft: &mut Draft, watched: &Watched, unusual: &Unusual) -> Result<u64> {
    let id = watched.api_key;
    draft.put(watched)?;
    let Some(key) = tables.keys.get(id).map(|row| &row.record) else { return Ok(0) };
    let told = match unusual.over_ms {
        // Within one look it may begin and be over: then it is told that it began.
        Some(_) => tables.by_key.unusual.get(&id).is_some_and(|row| {
            row.record.told && row.record.over_ms.is_none() && row.record.since_ms == unusual.since_ms
        }),
        None => false,
    };
    let begins = tables.by_key.unusual.get(&id).is_none_or(|row| row.record.since_ms != unusual.since_ms);
    let telling = told || (begins && unusual.score >= SURE && !is_ruled(tables, key, unusual.score));
    draft.put(&Unusual { told: telling, ..unusual.clone() })?;
    draft.object = Some(id);
    draft.space = Some(key.space);
    draft.detail = if told { "usual again" } else { "unusual usage" }.to_owned();
    if !telling {
        return Ok(0);
    }
    let message = match unusual.over_ms {
        Some(over_ms) if told => {
            let minutes = (over_ms - unusual.since_ms) / 60_000;
            format!("{}: usual again, after {minutes} minutes that were not: {}", key.name, unusual.reasons)
        }
        _ => format!("{}: {}", key.name, unusual.reasons),
    };
    let notice = Notice {
        kind: NoticeKind::Anomaly,
        api_key: Some(id),
        alert: None,
        message,
        until_ms: None,
        minor: false,
    };
    notify(tables, draft, people_of(tables, key.space, Role::Member, None), &notice)?;
    Ok(1)
}

/// Whether a rule tells of it.
fn is_ruled(tables: &Tables, key: &ApiKey, score: u8) -> bool {
    tables.alert_rules.values().map(|row| &row.record).any(|rule| {
        rule.condition == AlertCondition::Anomaly
            && rule.enabled
            && rule.space == key.space
            && rule.api_key.is_none_or(|id| id == key.id)
            && u64::from(score) >= rule.threshold
    })
}
