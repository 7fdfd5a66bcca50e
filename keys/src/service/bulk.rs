//! Reported calls, many at a time: what is looked up for a key is looked up once, and what is told of it is counted,
//! not listed. It keeps every rule of a single report, which are `usage`'s.

use std::collections::HashMap;

use keyward_store::Store;
use keyward_store::model::ApiKey;
use keyward_store::usage::UsageEvent;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::input::{KeyRef, ReportedEvent};
use crate::service::Service;
use crate::service::decoys::Touch;
use crate::service::mirror::Shared;
use crate::service::usage::{month_limit, reporter, usage_event};
use crate::view::{MonthLimit, TrackedMany};

/// What is counted of one key.
struct Counted {
    key: Shared<ApiKey>,
    requests: u32,
    errors: u32,
}

/// The events that are right, each with the place of its key and whether it tells of a failure.
#[derive(Default)]
struct Checked {
    events: Vec<UsageEvent>,
    marks: Vec<(u32, bool)>,
    keys: Vec<Counted>,
    rejected: Vec<(usize, Error)>,
    /// Those that were made with a version that is not the current one: the key's place, the version, and when.
    replaced: Vec<(u32, u32, i64)>,
}

impl Service {
    /// Reports many calls, each naming its key. What is wrong is told apart from what is stored; everything that is
    /// right is durable when this returns. Fails as a whole, with nothing stored, when the store cannot take them.
    /// A request may hand in its events in parts; it is one use of a service token, so it `continues` once a part
    /// of it was stored.
    pub async fn track_many<S>(
        &self,
        caller: &Caller,
        events: Vec<ReportedEvent<S>>,
        continues: bool,
    ) -> Result<TrackedMany>
    where
        S: AsRef<str> + Into<Box<str>>,
    {
        let now_ms = self.now_ms();
        let Checked { events, marks, mut keys, rejected, replaced } = self.check_many(caller, events, now_ms);
        let mut answer = TrackedMany { rejected, ..TrackedMany::default() };
        if events.is_empty() {
            return Ok(answer);
        }
        if !continues {
            self.count_use(caller).await?;
        }
        for Counted { key, .. } in &keys {
            self.touch(caller, &key.record, Touch::Reported);
            self.note_network(caller, key.record.id, now_ms);
        }
        let appended = self.store().append(events).await?;
        for ((place, failed), duplicate) in marks.into_iter().zip(appended.duplicate) {
            if duplicate {
                answer.duplicates += 1;
            } else if let Some(key) = keys.get_mut(place as usize) {
                answer.accepted += 1;
                key.requests += 1;
                key.errors += u32::from(failed);
            }
        }
        for (at, version, at_ms) in replaced {
            self.note_version(&keys[at as usize].key.record, version, at_ms);
        }
        answer.limit = self.announce(&keys, now_ms);
        Ok(answer)
    }

    fn check_many<S>(&self, caller: &Caller, events: Vec<ReportedEvent<S>>, now_ms: i64) -> Checked
    where
        S: AsRef<str> + Into<Box<str>>,
    {
        let mut checked = Checked::default();
        checked.events.reserve(events.len());
        checked.marks.reserve(events.len());
        let (mut known, reporter) = (HashMap::<Box<str>, u32>::new(), reporter(caller));
        for (place, ReportedEvent { key, event }) in events.into_iter().enumerate() {
            let at = match known.get(key.as_ref()) {
                Some(at) => Ok(*at),
                None => self.trackable(caller, &KeyRef::Id(key.as_ref().to_owned())).map(|row| {
                    let at = checked.keys.len() as u32;
                    checked.keys.push(Counted { key: row, requests: 0, errors: 0 });
                    known.insert(key.into(), at);
                    at
                }),
            };
            let event = at.and_then(|at| {
                let id = checked.keys[at as usize].key.record.id;
                Ok((at, usage_event(id, reporter, event, now_ms)?))
            });
            match event {
                Ok((at, event)) => {
                    if event.version != 0
                        && event.version != checked.keys[at as usize].key.record.current_version
                    {
                        checked.replaced.push((at, event.version, event.at_ms));
                    }
                    checked.marks.push((at, event.status >= 400));
                    checked.events.push(event);
                }
                Err(error) => checked.rejected.push((place, error)),
            }
        }
        checked
    }

    /// Tells whoever is looking, and answers the month that is nearest to its limit.
    fn announce(&self, keys: &[Counted], now_ms: i64) -> Option<MonthLimit> {
        let months = keys.iter().map(|Counted { key, requests, errors }| {
            let key = &key.record;
            if *requests > 0 {
                self.bus().usage(key.space, key.id, *requests, *errors);
                self.watch_limit(key);
            }
            month_limit(key, self.0.usage.totals(key.id, now_ms).month_used, now_ms)
        });
        months.reduce(MonthLimit::nearer)
    }
}
