//! What is kept of each model that calls name in their metadata: exact sums for the first names of a row, one shared
//! remainder for all further ones. Kept per quarter of an hour and per hour for 90 days and per day for ever; keys whose calls
//! name none have no row.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calendar::{HOUR_MS, QUARTER_MS};
use super::codec::{Input, Malformed, Read, put_bytes, put_varint};
use super::event::Stored;
use super::grain::Grain;
use super::reported::Reported;
use crate::table::Table;

/// In rows of the first version starts are whole hours.
const VERSION: u8 = 2;
const BY_HOUR: u8 = 1;

/// The most names of one row; calls of further models are summed together.
pub const MODEL_NAMES: usize = 64;

/// Sums that wait in memory and in a row of their own; with more they are spread at once.
const WAITING_NAMES: usize = MODEL_NAMES / 2;
const WAITING_CELLS: usize = 256;

/// The place of what has no name of its own.
const OTHER: u8 = u8::MAX;

/// Keyed by API key: what waits to be spread.
pub(super) const MODEL_HEADS: Table = Table("usage_model_heads");
/// The rows that sums are spread over, the finest first: keyed by API key and number of the row.
pub(super) const MODEL_ROWS: [(Grain, Table); 3] = [
    (Grain::Quarter, Table("usage_model_quarters")),
    (Grain::Hour, Table("usage_model_hours")),
    (Grain::Day, Table("usage_model_days")),
];

/// The sums of one model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ModelCell {
    /// All calls.
    pub requests: u64,
    /// Calls answered with a status of 400 or above.
    pub errors: u64,
    /// Tokens sent, without those that came from a cache; a lone total counts here.
    pub input_tokens: u64,
    /// Tokens answered.
    pub output_tokens: u64,
    /// Tokens sent that came from a cache.
    pub cached_tokens: u64,
    /// What of this is of calls that said themselves what they cost.
    pub told: Told,
}

/// What calls that said themselves what they cost make of a model's sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// Calls.
    pub requests: u64,
    /// Tokens sent, but for those that came from a cache.
    pub input_tokens: u64,
    /// Tokens answered.
    pub output_tokens: u64,
    /// Tokens sent that came from a cache.
    pub cached_tokens: u64,
    /// What they cost, millionths of the currency's unit.
    pub cost: u64,
}

impl ModelCell {
    /// Adds another cell to this one.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.sums_mut().into_iter().zip(other.sums()) {
            *sum = sum.saturating_add(more);
        }
    }

    fn of(event: &Stored, reported: &Reported<'_>) -> Self {
        let Reported { input, output, cached, cost, .. } = *reported;
        let told = |cost| Told {
            requests: 1,
            input_tokens: input,
            output_tokens: output,
            cached_tokens: cached,
            cost,
        };
        Self {
            requests: 1,
            errors: event.is_error().into(),
            input_tokens: input,
            output_tokens: output,
            cached_tokens: cached,
            told: cost.map(told).unwrap_or_default(),
        }
    }

    /// In the order they are stored.
    fn sums(&self) -> [u64; 10] {
        let Self { requests, errors, input_tokens, output_tokens, cached_tokens, told } = *self;
        [
            requests,
            errors,
            input_tokens,
            output_tokens,
            cached_tokens,
            told.requests,
            told.input_tokens,
            told.output_tokens,
            told.cached_tokens,
            told.cost,
        ]
    }

    fn sums_mut(&mut self) -> [&mut u64; 10] {
        [
            &mut self.requests,
            &mut self.errors,
            &mut self.input_tokens,
            &mut self.output_tokens,
            &mut self.cached_tokens,
            &mut self.told.requests,
            &mut self.told.input_tokens,
            &mut self.told.output_tokens,
            &mut self.told.cached_tokens,
            &mut self.told.cost,
        ]
    }
}

/// One model's sums over a quarter of an hour, an hour or a day (UTC).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelUse {
    /// The first moment, ms since the epoch.
    pub start_ms: i64,
    /// The model; `None` for all those beyond the names that are kept apart.
    pub model: Option<Arc<str>>,
    /// Its sums.
    pub cell: ModelCell,
}

/// Sums by start (of whole quarters of an hour) and model.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Models {
    names: Vec<Arc<str>>,
    /// By rising start, then place of the name.
    cells: Vec<(i64, u8, ModelCell)>,
}

impl Models {
    /// Counts a call, if its metadata names a model or tells tokens, in the cell of its stretch.
    pub(super) fn add(&mut self, event: &Stored, grain: Grain) {
        if let Some(reported) = Reported::of(&event.metadata) {
            let place = self.place(&reported.model, |name| Arc::from(name));
            self.put(grain.start_of(event.at_ms), place, &ModelCell::of(event, &reported));
        }
    }

    /// Adds another's sums, each in the cell of its stretch.
    pub(super) fn merge(&mut self, more: &Self, grain: Grain) {
        self.take(&more.names, &more.cells, grain);
    }

    fn take(&mut self, names: &[Arc<str>], cells: &[(i64, u8, ModelCell)], grain: Grain) {
        for (start_ms, place, cell) in cells {
            let place = match names.get(usize::from(*place)) {
                Some(name) => self.place(name, |_| Arc::clone(name)),
                None => OTHER,
            };
            self.put(grain.start_of(*start_ms), place, cell);
        }
    }

    fn place(&mut self, name: &str, own: impl FnOnce(&str) -> Arc<str>) -> u8 {
        let known = self.names.iter().position(|known| **known == *name);
        let place = known.unwrap_or_else(|| {
            if self.names.len() < MODEL_NAMES {
                self.names.push(own(name));
                self.names.len() - 1
            } else {
                usize::from(OTHER)
            }
        });
        u8::try_from(place).unwrap_or(OTHER)
    }

    fn put(&mut self, start_ms: i64, place: u8, cell: &ModelCell) {
        match self.cells.binary_search_by_key(&(start_ms, place), |entry| (entry.0, entry.1)) {
            Ok(at) => self.cells[at].2.merge(cell),
            Err(at) => self.cells.insert(at, (start_ms, place, *cell)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn must_spread(&self) -> bool {
        self.names.len() > WAITING_NAMES || self.cells.len() > WAITING_CELLS
    }

    /// Cut into the rows of a grain, by rising row number.
    pub(super) fn rows(&self, grain: Grain) -> BTreeMap<u32, Self> {
        let row_of = |cell: &(i64, u8, ModelCell)| grain.rows().place_of(cell.0).0;
        let mut rows: BTreeMap<u32, Self> = BTreeMap::new();
        for part in self.cells.chunk_by(|a, b| row_of(a) == row_of(b)) {
            rows.entry(row_of(&part[0])).or_default().take(&self.names, part, grain);
        }
        rows
    }

    pub(super) fn uses(&self) -> impl Iterator<Item = ModelUse> + '_ {
        self.cells.iter().map(|(start_ms, place, cell)| ModelUse {
            start_ms: *start_ms,
            model: self.names.get(usize::from(*place)).cloned(),
            cell: *cell,
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, self.names.len() as u64);
        self.names.iter().for_each(|name| put_bytes(&mut out, name.as_bytes()));
        put_varint(&mut out, self.cells.len() as u64);
        let mut before = 0;
        for (start_ms, place, cell) in &self.cells {
            let quarter = (start_ms / QUARTER_MS) as u64;
            put_varint(&mut out, quarter - before);
            before = quarter;
            out.push(*place);
            cell.sums().into_iter().for_each(|sum| put_varint(&mut out, sum));
        }
        out
    }

    pub(super) fn decode(value: &[u8]) -> Read<Self> {
        let mut input = Input(value);
        let unit_ms = match input.byte()? {
            VERSION => QUARTER_MS,
            BY_HOUR => HOUR_MS,
            _ => return Err(Malformed),
        };
        let mut models = Self::default();
        for _ in 0..input.count()? {
            models.names.push(Arc::from(input.text()?));
        }
        let mut start = 0u32;
        for _ in 0..input.count()? {
            start = start.checked_add(input.narrow()?).ok_or(Malformed)?;
            let place = input.byte()?;
            let known = place == OTHER || usize::from(place) < models.names.len();
            let mut cell = ModelCell::default();
            for sum in cell.sums_mut() {
                *sum = input.varint()?;
            }
            let start_ms = i64::from(start) * unit_ms;
            if !known || models.cells.last().is_some_and(|last| (last.0, last.1) >= (start_ms, place)) {
                return Err(Malformed);
            }
            models.cells.push((start_ms, place, cell));
        }
        input.end()?;
        Ok(models)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    fn of(events: &[Stored], grain: Grain) -> Models {
        let mut models = Models::default();
        events.iter().for_each(|event| models.add(event, grain));
        models
    }

    /// By start and name, whatever the order they came in.
    fn told(models: &Models) -> BTreeMap<(i64, Option<Arc<str>>), ModelCell> {
        models.uses().map(|told| ((told.start_ms, told.model), told.cell)).collect()
    }

    fn merged(parts: &[&Models]) -> Models {
        let mut sum = Models::default();
        parts.iter().for_each(|part| sum.merge(part, Grain::Quarter));
        sum
    }

    fn named() -> impl Strategy<Value = Vec<Stored>> {
        prop::collection::vec((stored(false), 0u8..9, 0u64..5_000), 0..40).prop_map(|events| {
            let name = |(event, model, tokens): (Stored, u8, u64)| Stored {
                metadata: match model {
                    0 => String::new(),
                    1 => format!(r#"{{"model":"m1","tokens":{tokens},"cost":0.{tokens}}}"#),
                    model => format!(r#"{{"model":"m{model}","tokens":{tokens}}}"#),
                }
                .as_str()
                .into(),
                ..event
            };
            events.into_iter().map(name).collect()
        })
    }

    proptest! {
        #[test]
        fn rows_come_back(events in named()) {
            let models = of(&events, Grain::Quarter);
            prop_assert_eq!(Models::decode(&models.encode()), Ok(models));
        }

        #[test]
        fn merging_is_associative_and_counts_every_event(a in named(), b in named(), c in named()) {
            let all = of(&[a.clone(), b.clone(), c.clone()].concat(), Grain::Quarter);
            let [a, b, c] = [a, b, c].map(|events| of(&events, Grain::Quarter));
            let (left, right) = (merged(&[&merged(&[&a, &b]), &c]), merged(&[&a, &merged(&[&b, &c])]));
            prop_assert_eq!(told(&left), told(&right));
            prop_assert_eq!(told(&left), told(&all));
        }

        #[test]
        fn rows_hold_what_they_were_cut_from(events in named()) {
            for (grain, _) in MODEL_ROWS {
                let rows = of(&events, Grain::Quarter).rows(grain);
                let cut: BTreeMap<_, _> = rows.values().flat_map(told).collect();
                prop_assert_eq!(cut, told(&of(&events, grain)));
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for version in [VERSION, BY_HOUR] {
                let _ = Models::decode(&[&[version], bytes.as_slice()].concat());
            }
        }
    }

    #[test]
    fn a_million_models_take_no_more_room_than_a_few() {
        let mut models = Models::default();
        for number in 0..1_000_000u64 {
            let place = models.place(&number.to_string(), |name| Arc::from(name));
            models.put(0, place, &ModelCell { requests: 1, ..ModelCell::default() });
        }
        assert_eq!((models.names.len(), models.cells.len()), (MODEL_NAMES, MODEL_NAMES + 1));
        assert_eq!(models.uses().map(|told| told.cell.requests).sum::<u64>(), 1_000_000);
        assert!(models.must_spread() && models.encode().len() < 2_000);
    }
}
