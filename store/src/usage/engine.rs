//! The usage engine: owned by the writer's thread, which brings it events and carries its writes to the file. Events
//! arrive in groups (`admit` to `commit_group`) and are folded later in slices (`work.rs`). It must not commit by itself,
//! and nothing of a group may be seen before its commit has succeeded.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use foldhash::HashMap;
use smallvec::SmallVec;

use super::arrival;
use super::event::{Appended, Stored, UsageEvent, fingerprint};
use super::fold::damaged;
use super::group::GatheredGroup;
use super::head::{HEADS, Head};
use super::models::{MODEL_HEADS, Models};
use super::names::Names;
use super::piece::Piece;
use super::read::Usage;
use super::seen::{SEEN, Seen};
use super::shared::{KeyCell, KeyState, Shared, lock};
use super::work::Work;
use crate::error::{Error, Result};
use crate::model::Id;
use crate::redb::port::{ARRIVALS, RawRead, RawSnapshot, Slice};
use crate::table::{KeyRange, Order};

/// The most memory that events may take before they are folded; further ones are refused as busy.
pub const UNFOLDED_BYTES: usize = 128 << 20;

/// Usage of all keys, as the writer's thread knows it.
pub(crate) struct Engine {
    pub(super) shared: Arc<Shared>,
    pub(super) seen: Seen,
    pub(super) work: Work,
    names: Names,
    group: GatheredGroup,
    pub(super) last_arrival: u64,
    pub(super) unfolded_bytes: usize,
}

impl Engine {
    /// Reads what is folded, then takes in the arrivals (by rising number) that may not be.
    pub(crate) fn recover(
        read: &dyn RawRead,
        arrivals: &mut dyn Iterator<Item = Result<(u64, Vec<u8>)>>,
    ) -> Result<Self> {
        let mut keys = HashMap::default();
        let mut last_arrival = 0;
        read.raw_scan(HEADS, &KeyRange::all(), Order::Ascending, &mut |key, value| {
            let api_key = Id::from_slice(key).ok_or(Error::Damaged { table: HEADS.0 })?;
            let head = Head::decode(value).map_err(damaged(HEADS))?;
            last_arrival = last_arrival.max(head.through);
            keys.insert(api_key, Arc::new(Mutex::new(KeyState::new(head))));
            Ok(true)
        })?;
        read.raw_scan(MODEL_HEADS, &KeyRange::all(), Order::Ascending, &mut |key, value| {
            let api_key = Id::from_slice(key).ok_or(Error::Damaged { table: MODEL_HEADS.0 })?;
            if let Some(key) = keys.get(&api_key)
                && let mut state = lock(key)
                && !state.head.forgotten
            {
                Models::decode(value).map_err(damaged(MODEL_HEADS))?;
                state.head.models = Some(Arc::new(value.to_vec()));
            }
            Ok(true)
        })?;
        let (seen, garbage) = Seen::recover(read)?;
        let shared = Shared::default();
        *shared.keys_mut() = keys;
        let mut engine = Self {
            shared: Arc::new(shared),
            seen,
            work: Work::new(Instant::now()),
            names: Names::default(),
            group: GatheredGroup::default(),
            last_arrival,
            unfolded_bytes: 0,
        };
        let mut folded_through = None;
        for arrival in arrivals {
            let (number, value) = arrival?;
            folded_through.get_or_insert(number.saturating_sub(1));
            engine.replay(number, &value)?;
        }
        let last = engine.last_arrival;
        let folded_through = folded_through.unwrap_or(last);
        engine.work.resume(
            &engine.shared,
            last,
            folded_through,
            garbage.into_iter().map(|range| (SEEN, range)),
        );
        Ok(engine)
    }

    fn replay(&mut self, number: u64, value: &[u8]) -> Result<()> {
        let group = arrival::decode(value).map_err(damaged(ARRIVALS))?;
        // What stays is made first: in between, what goes with the fold would leave holes that nothing fills.
        let keys: Vec<_> = group.iter().map(|(api_key, _)| find(&self.shared, *api_key)).collect();
        for ((api_key, events), key) in group.into_iter().zip(keys) {
            events.iter().filter_map(|event| event.fingerprint).for_each(|id| self.seen.replay(id));
            if number > lock(&key).head.through {
                self.take_in(number, api_key, &key, events.into_iter());
            }
        }
        self.last_arrival = self.last_arrival.max(number);
        Ok(())
    }

    /// A handle for queries.
    pub(crate) fn reader(&self) -> Usage {
        Usage::new(self.shared.clone())
    }

    /// Starts a group.
    pub(crate) fn begin_group(&mut self) {
        self.abort_group();
    }

    /// Takes events into the group, but for those seen before. Refuses all of them or none.
    pub(crate) fn admit(&mut self, events: &[UsageEvent], read: &dyn RawRead) -> Result<Appended> {
        let bytes: usize = events.iter().map(|event| size_of::<Stored>() + event.metadata.len()).sum();
        if self.unfolded_bytes + self.group.bytes + bytes > UNFOLDED_BYTES {
            return Err(Error::Busy);
        }
        let appended = self.recognise(events, read)?;
        let metadata = Piece::copies(events.iter().map(|event| &*event.metadata));
        for ((event, duplicate), metadata) in events.iter().zip(&appended.duplicate).zip(metadata) {
            if !duplicate {
                let place = self.group.place(event.api_key, || find(&self.shared, event.api_key));
                let endpoint = self.names.share(&event.endpoint);
                self.group.push(place, Stored::new(event, endpoint, metadata));
            }
        }
        Ok(appended)
    }

    /// For each event, whether its id was seen before; takes in the new ids.
    fn recognise(&mut self, events: &[UsageEvent], read: &dyn RawRead) -> Result<Appended> {
        let mut duplicate: SmallVec<[bool; 16]> = SmallVec::with_capacity(events.len());
        let ids = events.iter().map(|event| event.event_id.map(fingerprint));
        for id in ids.clone() {
            let new = id.map_or(Ok(true), |id| self.seen.admit(id, read));
            match new {
                Ok(new) => duplicate.push(!new),
                Err(error) => {
                    let taken = ids.zip(&duplicate).filter(|(_, duplicate)| !**duplicate);
                    taken.filter_map(|(id, _)| id).for_each(|id| self.seen.withdraw(id));
                    return Err(error);
                }
            }
        }
        Ok(Appended { duplicate })
    }

    /// Lets the next round begin at once.
    pub(crate) fn fold_soon(&mut self) {
        self.work.round_began = None;
        self.work.pressed = true;
    }

    /// The fold work for the next commit; nothing while its folds are being worked out.
    pub(crate) fn slice(&mut self, now: Instant, read: &dyn RawRead) -> Result<Slice> {
        self.run_slice(now, read)
    }

    /// The group as one value, with its arrival number; nothing when it holds no events.
    pub(crate) fn encode_group(&mut self) -> Option<(u64, Vec<u8>)> {
        let bytes = self.group.bytes;
        let parts = self.group.filled();
        if parts.is_empty() {
            return None;
        }
        let parts = parts.iter().map(|(api_key, events)| (*api_key, events.iter().map(|event| &event.1)));
        Some((self.last_arrival + 1, arrival::encode(parts, bytes)))
    }

    /// The commit succeeded: queries see its folds and its group from now on. None when the group went into the journal,
    /// without a slice.
    pub(crate) fn commit_group(&mut self, snapshot: Option<RawSnapshot>) {
        let sliced = snapshot.is_some();
        if let Some(snapshot) = snapshot {
            self.shared.publish(snapshot);
            self.apply_slice();
        }
        let mut group = std::mem::take(&mut self.group);
        let arrival = self.last_arrival + 1;
        group.empty(|part, events| {
            self.last_arrival = arrival;
            self.take_in(arrival, part.api_key, &part.key, events);
        });
        self.group = group;
        self.seen.commit();
        if sliced {
            self.dig_graves();
        }
    }

    /// The commit failed: nothing of the group and of the slice remains.
    pub(crate) fn abort_group(&mut self) {
        self.abort_slice();
        self.group.clear();
        self.seen.abort();
    }

    /// Takes in durable events of a key.
    fn take_in(&mut self, arrival: u64, api_key: Id, key: &KeyCell, events: impl Iterator<Item = Stored>) {
        let mut state = lock(key);
        if state.head.forgotten {
            return;
        }
        self.unfolded_bytes += state.push(arrival, events);
        if !state.queued {
            state.queued = true;
            self.work.dirty.push(api_key);
        }
    }
}

fn find(shared: &Shared, api_key: Id) -> KeyCell {
    match shared.key(api_key) {
        Some(key) => key,
        None => shared.keys_mut().entry(api_key).or_default().clone(),
    }
}
