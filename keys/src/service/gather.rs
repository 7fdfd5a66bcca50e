//! Usage gathered for each key, so that its watchers are told of it at once, but at most four times a second however
//! busy it is. Nothing is lost: what was not told yet is in the next message.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use keyward_store::model::Id;

use crate::event::Call;
use crate::view::UsageDelta;

/// Between two messages about one key.
const EVERY: Duration = Duration::from_millis(250);

/// Keys with usage that was told within the last moment, or is about to be.
#[derive(Default)]
pub struct Gatherer {
    keys: HashMap<Id, Gathered>,
    /// When each of them is looked at next.
    due: BTreeSet<(Instant, Id)>,
}

struct Gathered {
    space: Id,
    delta: UsageDelta,
}

impl Gatherer {
    /// Adds calls; they are due at once unless the key was told of a moment ago.
    pub fn add(
        &mut self,
        (space, api_key): (Id, Id),
        (requests, errors): (u32, u32),
        last: Option<&Arc<Call>>,
        now: Instant,
    ) {
        let gathered = self.keys.entry(api_key).or_insert_with(|| {
            self.due.insert((now, api_key));
            Gathered { space, delta: UsageDelta::default() }
        });
        gathered.space = space;
        let delta = &mut gathered.delta;
        delta.requests += u64::from(requests);
        delta.errors += u64::from(errors);
        if let Some(call) = last {
            delta.endpoint = Some(call.endpoint.clone());
            delta.method = Some(call.method);
            delta.status_code = Some(call.status);
            delta.response_time = call.response_us.map(|us| f64::from(us) / 1000.0);
        }
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A key whose usage is due: its space, itself, and what was gathered.
    pub fn take(&mut self, now: Instant) -> Option<(Id, Id, UsageDelta)> {
        while self.next().is_some_and(|at| at <= now) {
            let (_, api_key) = self.due.pop_first()?;
            let Some(gathered) = self.keys.get_mut(&api_key) else { continue };
            if gathered.delta.requests == 0 {
                self.keys.remove(&api_key);
                continue;
            }
            self.due.insert((now + EVERY, api_key));
            return Some((gathered.space, api_key, std::mem::take(&mut gathered.delta)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> Id {
        Id::from_bytes([number; 12])
    }

    #[test]
    fn the_first_call_is_told_at_once_and_a_flood_four_times_a_second_with_nothing_lost() {
        let (mut gatherer, start) = (Gatherer::default(), Instant::now());
        let (mut messages, mut requests, mut errors) = (0, 0, 0);
        for ms in 0..1000 {
            let now = start + Duration::from_millis(ms);
            gatherer.add((id(1), id(2)), (3, 1), None, now);
            while let Some((space, api_key, delta)) = gatherer.take(now) {
                assert_eq!((space, api_key), (id(1), id(2)));
                assert!(ms > 0 || delta.requests == 3, "the first is told at once");
                messages += 1;
                requests += delta.requests;
                errors += delta.errors;
            }
        }
        let (_, _, rest) = gatherer.take(start + Duration::from_secs(2)).unwrap();
        assert_eq!((requests + rest.requests, errors + rest.errors), (3000, 1000));
        assert_eq!(messages, 4);
    }

    #[test]
    fn a_key_that_falls_silent_is_forgotten() {
        let (mut gatherer, now) = (Gatherer::default(), Instant::now());
        gatherer.add((id(1), id(2)), (1, 0), None, now);
        assert!(gatherer.take(now).is_some());
        assert!(gatherer.take(now + EVERY).is_none());
        assert!(gatherer.keys.is_empty() && gatherer.next().is_none());
    }
}
