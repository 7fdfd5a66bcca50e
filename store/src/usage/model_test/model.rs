//! What the engine should answer, worked out the plain way from every event ever taken in.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::model::Id;
use crate::usage::calendar::day_of;
use crate::usage::{Calls, Cell, Grain, Kind, Kinds, UsageEvent};

/// Keeps every event.
#[derive(Default)]
pub(super) struct Model {
    events: Vec<UsageEvent>,
    ids: HashSet<[u8; 16]>,
}

impl Model {
    /// What of a batch is new.
    pub(super) fn admit(&self, events: &[UsageEvent]) -> (Vec<bool>, Vec<UsageEvent>) {
        let mut ids = self.ids.clone();
        let duplicate: Vec<bool> =
            events.iter().map(|event| event.event_id.is_some_and(|id| !ids.insert(id))).collect();
        let new = events.iter().zip(&duplicate).filter(|(_, duplicate)| !**duplicate);
        let new = new.map(|(event, _)| event.clone()).collect();
        (duplicate, new)
    }

    pub(super) fn take(&mut self, new: Vec<UsageEvent>) {
        self.ids.extend(new.iter().filter_map(|event| event.event_id));
        self.events.extend(new);
    }

    pub(super) fn of(&self, api_key: Id) -> impl Iterator<Item = &UsageEvent> {
        self.events.iter().filter(move |event| event.api_key == api_key)
    }

    pub(super) fn cells(&self, api_key: Id, grain: Grain, from_ms: i64) -> Vec<(i64, Cell)> {
        let mut cells: BTreeMap<i64, Cell> = BTreeMap::new();
        for event in self.of(api_key).filter(|event| event.at_ms >= from_ms) {
            let cell = cells.entry(event.at_ms - event.at_ms % grain.length_ms()).or_default();
            cell.requests += 1;
            cell.client_errors += u64::from((400..500).contains(&event.status));
            cell.server_errors += u64::from(event.status >= 500);
            cell.request_bytes += u64::from(event.request_bytes);
            cell.response_bytes += u64::from(event.response_bytes);
            if let Some(response_us) = event.response_us {
                cell.timed += 1;
                cell.response_us += u64::from(response_us);
                cell.sketch.add(response_us);
            }
        }
        cells.into_iter().collect()
    }

    pub(super) fn endpoints(&self, api_key: Id, span: &Range<i64>) -> BTreeMap<String, (u64, u64, u64)> {
        let mut sums: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        for event in self.of(api_key).filter(|event| span.contains(&event.at_ms)) {
            let sum = sums.entry(event.endpoint.to_string()).or_default();
            sum.0 += 1;
            sum.1 += u64::from(event.status >= 400);
            sum.2 += u64::from(event.response_us.unwrap_or(0));
        }
        sums
    }

    /// What is counted of calls besides; clients over whole days.
    pub(super) fn kinds(&self, api_key: Id, span: &Range<i64>) -> Kinds {
        let mut kinds = Kinds::default();
        let days = day_of(span.start)..day_of(span.end - 1) + 1;
        for event in self.of(api_key).filter(|event| !span.is_empty() && days.contains(&day_of(event.at_ms)))
        {
            let mut alone = Kinds::default();
            alone.count(event.method, event.status, event.reporter);
            if span.contains(&event.at_ms) { kinds.merge(&alone) } else { kinds.merge_clients(&alone) }
        }
        kinds
    }

    /// Calls of each kind, by the start of their cell.
    pub(super) fn kinds_by_cell(
        &self,
        api_key: Id,
        grain: Grain,
        span: &Range<i64>,
    ) -> BTreeMap<(i64, Kind), Calls> {
        let mut sums: BTreeMap<_, Calls> = BTreeMap::new();
        for event in self.of(api_key).filter(|event| span.contains(&event.at_ms)) {
            let token = event.reporter.token.map(|token| Kind::Token(Some(token)));
            let kinds = [Kind::Method(event.method), Kind::Status(Some(event.status))];
            for kind in kinds.into_iter().chain(token) {
                let sum = sums.entry((event.at_ms - event.at_ms % grain.length_ms(), kind)).or_default();
                sum.requests += 1;
                sum.errors += u64::from(event.status >= 400);
            }
        }
        sums
    }

    /// Calls, errors and tokens of those that name a model, by the start of their stretch.
    pub(super) fn models(
        &self,
        api_key: Id,
        grain: Grain,
        span: Range<i64>,
    ) -> BTreeMap<(i64, String), (u64, u64, u64)> {
        let mut sums: BTreeMap<(i64, String), (u64, u64, u64)> = BTreeMap::new();
        for event in self.of(api_key).filter(|event| event.metadata.contains("model")) {
            let start_ms = event.at_ms - event.at_ms % grain.length_ms();
            if span.contains(&start_ms) {
                let name = event.endpoint.replace("/v1/", "m");
                let sum = sums.entry((start_ms, name)).or_default();
                sum.0 += 1;
                sum.1 += u64::from(event.status >= 400);
                sum.2 += u64::from(event.status);
            }
        }
        sums
    }
}
