//! Adds up the calls of each method, status or service token over time, and those of them that failed, for a chart. It holds
//! points of a few hundred kinds; of further ones, of which a team may have any number, only how many calls there were.

use std::cmp::Reverse;
use std::collections::HashMap;

use keyward_store::model::Id;
use keyward_store::usage::{Calls, KeyUsage, Kind, Method};

use crate::error::Result;
use crate::input::Breakdown;
use crate::service::layout::{Count, PlacedKinds};
use crate::service::mirror::Tables;
use crate::service::report::percent;
use crate::service::shares::{OTHER, method_name, token_name};
use crate::view::KindUse;

use super::MOST_LINES;
use super::frame::{Each, Frame, Place};

/// Kinds of which points are held.
const HELD: usize = 256;

/// One kind's calls.
#[derive(Clone)]
struct Entry {
    kind: Kind,
    /// Those of the span itself.
    requests: u64,
    /// None of those that came when there was no room any more.
    points: Option<Each<Calls>>,
}

/// The calls of many keys by kind.
#[derive(Clone)]
pub(super) struct KindSums {
    by: Breakdown,
    /// Points are held of these alone.
    only: Option<Vec<Kind>>,
    all: Each<Calls>,
    entries: Vec<Entry>,
    places: HashMap<Kind, usize>,
    /// The places of the kinds of the key that is being read: these are few.
    of_key: Vec<usize>,
}

impl KindSums {
    /// When calls are told apart by kinds.
    pub(super) fn of(by: Option<Breakdown>, frame: &Frame) -> Option<Self> {
        let by = by.filter(|by| matches!(by, Breakdown::Method | Breakdown::Status | Breakdown::Token))?;
        Some(Self::new(by, None, frame))
    }

    fn new(by: Breakdown, only: Option<Vec<Kind>>, frame: &Frame) -> Self {
        let (entries, places, of_key) = (Vec::new(), HashMap::new(), Vec::new());
        Self { by, only, all: Each::new(frame), entries, places, of_key }
    }

    /// Adds a key's calls.
    pub(super) fn add_key(&mut self, key: &KeyUsage, frame: &Frame) -> Result<()> {
        self.of_key.clear();
        Ok(frame
            .layout
            .each_kind(key, &mut Adding { sums: self, frame, kind: Kind::Token(None), at: None })?)
    }

    /// The place of a kind that the key had no call of before.
    fn place_of(&mut self, kind: Kind, frame: &Frame) -> usize {
        let at = *self.places.entry(kind).or_insert_with(|| {
            let held = self.only.as_ref().map_or(self.entries.len() < HELD, |only| only.contains(&kind));
            self.entries.push(Entry { kind, requests: 0, points: held.then(|| Each::new(frame)) });
            self.entries.len() - 1
        });
        self.of_key.push(at);
        at
    }

    /// Adds what was read beside it.
    pub(super) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all, add);
        for more in &other.entries {
            let Some(at) = self.places.get(&more.kind) else {
                self.places.insert(more.kind, self.entries.len());
                self.entries.push(more.clone());
                continue;
            };
            let entry = &mut self.entries[*at];
            entry.requests = entry.requests.saturating_add(more.requests);
            entry.points = entry.points.take().zip(more.points.as_ref()).map(|(mut points, more)| {
                points.merge(more, add);
                points
            });
        }
    }

    /// Those that are shown, the one with the most calls first.
    fn busiest(&self) -> Vec<&Entry> {
        let mut entries: Vec<_> = self.entries.iter().filter(|entry| entry.requests > 0).collect();
        entries.sort_unstable_by_key(|entry| (Reverse(entry.requests), entry.kind));
        entries.truncate(MOST_LINES - 1);
        entries
    }

    /// If points of any that is shown are missing: with room for the points of those alone, to be read once more.
    pub(super) fn again(&self, frame: &Frame) -> Option<Self> {
        let busiest = self.busiest();
        let missing = busiest.iter().any(|entry| entry.points.is_none());
        let only = || busiest.iter().map(|entry| entry.kind).collect();
        missing.then(|| Self::new(self.by, Some(only()), frame))
    }

    /// The busiest ones, and all others together, each with its share of `requests`; with their calls of the period before
    /// when that is `compared`.
    pub(super) fn shown(&self, tables: &Tables, requests: u64, compared: bool) -> Vec<KindUse> {
        let mut rest = self.all.clone();
        let share = |kind: Option<Kind>, points: Each<Calls>| {
            let (id, name) = named(tables, kind);
            let (now, before) = (sum(&points.now), sum(&points.before));
            KindUse {
                id,
                name,
                requests: now.requests,
                errors: now.errors,
                percentage: percent(now.requests, requests),
                previous_requests: compared.then_some(before.requests),
                points: points.now.iter().map(|calls| calls.requests).collect(),
                error_points: points.now.iter().map(|calls| calls.errors).collect(),
            }
        };
        let mut shown = Vec::new();
        for Entry { kind, points, .. } in self.busiest() {
            let Some(points) = points else { continue };
            rest.merge(points, |rest, calls| rest.remove(*calls));
            shown.push(share(Some(*kind), points.clone()));
        }
        if rest.now.iter().any(|calls| calls.requests > 0) {
            shown.push(share(None, rest));
        }
        shown
    }
}

/// Adds the calls of one key.
struct Adding<'a> {
    sums: &'a mut KindSums,
    frame: &'a Frame,
    /// Of which kind the calls are that are shown.
    kind: Kind,
    /// Its place, if the key had any of it before.
    at: Option<usize>,
}

impl PlacedKinds<Place> for Adding<'_> {
    fn wants(&mut self, kind: Kind) -> bool {
        let KindSums { by, of_key, entries, .. } = &*self.sums;
        self.kind = kind;
        self.at = of_key.iter().copied().find(|at| entries[*at].kind == kind);
        is_of(kind, *by)
    }

    fn calls(&mut self, count: Count, place: Place, calls: Calls) {
        let change = |sum: &mut Calls| match count {
            Count::In => sum.merge(calls),
            Count::Out => sum.remove(calls),
        };
        change(self.sums.all.at(place));
        if self.at.is_none() && count == Count::In && !is_other(self.kind) {
            self.at = Some(self.sums.place_of(self.kind, self.frame));
        }
        // Where a longer cell did not tell it apart, it was among the others.
        let Some(entry) = self.at.map(|at| &mut self.sums.entries[at]) else { return };
        if let Place::Now(_) = place {
            entry.requests = match count {
                Count::In => entry.requests.saturating_add(calls.requests),
                Count::Out => entry.requests.saturating_sub(calls.requests),
            };
        }
        if let Some(points) = &mut entry.points {
            change(points.at(place));
        }
    }
}

fn add(sum: &mut Calls, calls: &Calls) {
    sum.merge(*calls);
}

fn sum(points: &[Calls]) -> Calls {
    let mut sum = Calls::default();
    points.iter().for_each(|calls| sum.merge(*calls));
    sum
}

/// Whether a kind is of those that calls are told apart by.
fn is_of(kind: Kind, by: Breakdown) -> bool {
    match kind {
        Kind::Method(_) => by == Breakdown::Method,
        Kind::Status(_) => by == Breakdown::Status,
        Kind::Token(_) => by == Breakdown::Token,
    }
}

/// Whether it stands for what is told apart no further.
fn is_other(kind: Kind) -> bool {
    matches!(kind, Kind::Method(Method::Other) | Kind::Status(None) | Kind::Token(None))
}

/// What it is called, and the token that it is of.
fn named(tables: &Tables, kind: Option<Kind>) -> (Option<Id>, String) {
    match kind {
        Some(Kind::Method(method)) => (None, method_name(method).to_owned()),
        Some(Kind::Status(Some(status))) => (None, status.to_string()),
        Some(Kind::Token(token)) => (token, token_name(tables, token)),
        Some(Kind::Status(None)) | None => (None, OTHER.to_owned()),
    }
}
