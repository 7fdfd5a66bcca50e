//! The kinds of calls once more, by themselves: of a month by days, and of one hour, or six, by sixteen days. A chart of many keys reads
//! a tenth of what stands beside the endpoints. A kind stands in a row once, with the days that had calls of it and how many:
//! whoever asks for methods passes over statuses and tokens.

use std::collections::BTreeMap;

use super::part_set::{put_parts, read_parts};
use super::parts::show_kinds;
use crate::model::Id;
use crate::table::Table;
use crate::usage::codec::{Input, Malformed, Read, put_varint};
use crate::usage::event::Method;
use crate::usage::grain::Grain;
use crate::usage::kinds::{Calls, Kind, KindVisitor, Kinds};
use crate::usage::rows::Rows;
use crate::usage::slots::Slots;

/// Of which parts of endpoints they are made, of the rows that have them, and where these are: keyed by API key and number of the
/// row.
pub(in crate::usage) const KIND_ROWS: [(Grain, Rows, Table); 3] = [
    (Grain::Hour, Rows::HourOfDays, Table("usage_kinds_by_hour")),
    (Grain::Hour, Rows::SixHoursOfDays, Table("usage_kinds_by_six_hours")),
    (Grain::Day, Rows::DaysOfMonth, Table("usage_kinds_by_day")),
];

/// Rows of the second version tell of no errors, and in those of the first all kinds of a day stand together.
const VERSION: u8 = 3;
const WITHOUT_ERRORS: u8 = 2;
const DAY_BY_DAY: u8 = 1;

/// What a kind begins with.
const METHOD: u8 = 0;
const STATUS: u8 = 1;
const TOKEN: u8 = 2;
const OTHER_TOKENS: u8 = 3;

/// The calls of a row by kind, each with its days, rising.
#[derive(Debug, Default)]
pub(in crate::usage) struct KindRow(BTreeMap<Kind, Vec<(u8, Calls)>>);

impl KindRow {
    pub(in crate::usage) fn decode(row: &[u8]) -> Read<Self> {
        let mut decoded = Decoded { row: Self::default(), kind: Kind::Token(None) };
        each_kind_of_days(row, Slots::ALL, i64::from, &mut decoded)?;
        Ok(decoded.row)
    }

    /// Puts all calls of one day, in parts, in place of those that there are.
    pub(in crate::usage) fn set<'a>(&mut self, day: u8, parts: impl IntoIterator<Item = &'a Kinds>) {
        self.0.retain(|_, days| {
            days.retain(|(other, _)| *other != day);
            !days.is_empty()
        });
        let calls = parts.into_iter().flat_map(Kinds::each);
        calls.for_each(|(kind, calls)| self.add(day, kind, calls));
    }

    fn add(&mut self, day: u8, kind: Kind, calls: Calls) {
        let days = self.0.entry(kind).or_default();
        match days.binary_search_by_key(&day, |of| of.0) {
            Ok(place) => days[place].1.merge(calls),
            Err(place) => days.insert(place, (day, calls)),
        }
    }

    pub(in crate::usage) fn encode(&self) -> Vec<u8> {
        self.encode_as(VERSION)
    }

    fn encode_as(&self, version: u8) -> Vec<u8> {
        let mut out = vec![version];
        put_varint(&mut out, self.0.len() as u64);
        for (kind, days) in &self.0 {
            match kind {
                Kind::Method(method) => out.extend([METHOD, *method as u8]),
                Kind::Status(status) => {
                    out.push(STATUS);
                    put_varint(&mut out, status.unwrap_or_default().into());
                }
                Kind::Token(Some(token)) => {
                    out.push(TOKEN);
                    out.extend_from_slice(token.as_bytes());
                }
                Kind::Token(None) => out.push(OTHER_TOKENS),
            }
            put_parts(&mut out, days);
            days.iter().for_each(|(_, calls)| put_varint(&mut out, calls.requests));
            if tells_errors(version, *kind) {
                put_errors(&mut out, days);
            }
        }
        out
    }
}

/// A row that is being decoded, and the kind whose days are.
struct Decoded {
    row: KindRow,
    kind: Kind,
}

impl KindVisitor for Decoded {
    fn wants(&mut self, kind: Kind) -> bool {
        self.kind = kind;
        true
    }

    fn calls(&mut self, day: i64, calls: Calls) {
        self.row.add(day as u8, self.kind, calls);
    }
}

/// Whether a row says how many calls of a kind failed. A status does so by itself.
fn tells_errors(version: u8, kind: Kind) -> bool {
    version == VERSION && !matches!(kind, Kind::Status(_))
}

/// How many calls failed on each of these days; of a kind of which none did, that.
fn put_errors(out: &mut Vec<u8>, days: &[(u8, Calls)]) {
    let failed = days.iter().any(|(_, calls)| calls.errors > 0);
    out.push(failed.into());
    days.iter().filter(|_| failed).for_each(|(_, calls)| put_varint(out, calls.errors));
}

fn read_kind(input: &mut Input<'_>) -> Read<Kind> {
    Ok(match input.byte()? {
        METHOD => Kind::Method(Method::from_code(input.byte()?).ok_or(Malformed)?),
        STATUS => Kind::status(input.narrow()?),
        TOKEN => Kind::Token(Some(Id::from_bytes(input.array()?))),
        OTHER_TOKENS => Kind::Token(None),
        _ => return Err(Malformed),
    })
}

/// Shows how many calls of each kind an encoded row counts on these days, given when a day begins by its place (from 0).
pub(in crate::usage) fn each_kind_of_days(
    row: &[u8],
    slots: Slots,
    start_of: impl Fn(u8) -> i64,
    visitor: &mut impl KindVisitor,
) -> Read<()> {
    let mut input = Input(row);
    let version = input.byte()?;
    match version {
        VERSION | WITHOUT_ERRORS => {}
        DAY_BY_DAY => {
            return show_kinds(&mut input, |day, kind, calls| {
                if slots.has(day) && visitor.wants(kind) {
                    visitor.calls(start_of(day), calls);
                }
            });
        }
        _ => return Err(Malformed),
    }
    for _ in 0..input.count()? {
        let (kind, days) = (read_kind(&mut input)?, read_parts(&mut input)?);
        let mut calls = Input(input.varints(days.count())?);
        let failed = tells_errors(version, kind) && input.byte()? > 0;
        let mut errors = failed.then(|| input.varints(days.count())).transpose()?.map(Input);
        if !visitor.wants(kind) {
            continue;
        }
        for day in days.rising() {
            let requests = calls.varint()?;
            let errors = match (kind, &mut errors) {
                (Kind::Status(status), _) => Kind::answered(status, requests).errors,
                (_, Some(errors)) => errors.varint()?,
                (_, None) => 0,
            };
            if slots.has(day) {
                visitor.calls(start_of(day as u8), Calls { requests, errors });
            }
        }
    }
    input.end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::codec::put_bytes;
    use crate::usage::samples::{Shown, stored};

    proptest! {
        #[test]
        fn each_kind_comes_back_with_its_days(calls in prop::collection::vec((0u8..31, stored(true)), 0..80)) {
            let mut days: BTreeMap<u8, Kinds> = BTreeMap::new();
            calls.iter().for_each(|(day, event)| days.entry(*day).or_default().add(event));
            let days: Vec<_> = days.into_iter().collect();
            let mut before = vec![DAY_BY_DAY];
            put_parts(&mut before, &days);
            for (_, kinds) in &days {
                let mut encoded = Vec::new();
                kinds.encode_without_errors(&mut encoded);
                put_bytes(&mut before, &encoded);
            }
            let mut row = KindRow::default();
            days.iter().for_each(|(day, kinds)| row.set(*day, [kinds]));
            let rows = [(row.encode(), true), (row.encode_as(WITHOUT_ERRORS), false), (before, false)];
            // What is put in the place of a day is all that there is of it.
            let mut again = KindRow::decode(&rows[0].0).unwrap();
            days.iter().rev().for_each(|(day, kinds)| again.set(*day, [kinds]));
            prop_assert_eq!(&again.encode(), &rows[0].0);
            let sorts: [fn(Kind) -> bool; 4] = [
                |_| true,
                |kind| matches!(kind, Kind::Method(_)),
                |kind| matches!(kind, Kind::Status(_)),
                |kind| matches!(kind, Kind::Token(_)),
            ];
            for wanted in sorts {
                let all = days.iter().flat_map(|(day, kinds)| kinds.each().map(|(kind, calls)| (*day, kind, calls)));
                let all: Vec<_> = all.filter(|(_, kind, _)| wanted(*kind)).collect();
                for (row, errors) in &rows {
                    let told = |(day, kind, calls): (u8, Kind, Calls)| {
                        let told = *errors || matches!(kind, Kind::Status(_));
                        (day, kind, Calls { errors: if told { calls.errors } else { 0 }, ..calls })
                    };
                    let mut expected: Vec<_> = all.iter().copied().map(told).collect();
                    expected.sort();
                    let mut found = Shown::of(wanted);
                    prop_assert_eq!(each_kind_of_days(row, Slots::ALL, i64::from, &mut found), Ok(()));
                    found.shown.sort();
                    let found: Vec<_> = found.shown.into_iter().map(|(day, kind, calls)| (day as u8, kind, calls)).collect();
                    prop_assert_eq!(found, expected);
                }
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for version in [VERSION, WITHOUT_ERRORS, DAY_BY_DAY] {
                let row = [&[version], bytes.as_slice()].concat();
                let _ = each_kind_of_days(&row, Slots::ALL, i64::from, &mut Shown::of(|_| true));
            }
        }
    }
}
