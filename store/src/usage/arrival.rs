//! One group of events as one compact value, written and synced before anyone is told that the events are safe. It is
//! read only after a crash, so it favours writing: no compression but for names, once a group, and for what metadata has in
//! common with that of the event before.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::codec::{Input, Malformed, Read, common_end, common_start, put_bytes, put_signed, put_varint};
use super::event::{Method, Reporter, Stored};
use super::piece::Piece;
use crate::model::Id;

/// In groups of the second version metadata is written in full, and in those of the first no event says who reported it either.
const VERSION: u8 = 3;
const WITH_WHOLE_METADATA: u8 = 2;
const WITHOUT_REPORTERS: u8 = 1;

/// The low bits hold the method.
const METHOD: u8 = 0b0000_0111;
const TIMED: u8 = 0b0000_1000;
const NAMED: u8 = 0b0001_0000;
const METADATA: u8 = 0b0010_0000;
const REPORTED: u8 = 0b0100_0000;

/// What of a reporter is told.
const BY_TOKEN: u8 = 1;
const BY_CLIENT: u8 = 2;

/// The most bytes that metadata has in common with that before, at its start and at its end.
const MOST_COMMON: usize = u8::MAX as usize;

/// Events that room is made for before they are read.
const FEW: usize = 16;
/// Bytes and names that room is made for before they are written: most small groups have no more.
const MOST_BYTES: usize = 4096;
const MOST_NAMES: usize = 16;

/// Encodes the events of a group, key by key, which take about so many bytes in memory.
pub(super) fn encode<'a, E>(keys: impl ExactSizeIterator<Item = (Id, E)>, in_memory: usize) -> Vec<u8>
where
    E: ExactSizeIterator<Item = &'a Stored>,
{
    let mut places: HashMap<&'a str, u64> = HashMap::with_capacity(MOST_NAMES);
    let mut reporters: HashMap<Reporter, u64> = HashMap::default();
    let mut names = Vec::with_capacity(MOST_BYTES / 4);
    let mut body = Vec::with_capacity(MOST_BYTES.max(in_memory));
    put_varint(&mut body, keys.len() as u64);
    let (mut previous_ms, mut previous) = (0, "");
    for (key, events) in keys {
        body.extend_from_slice(key.as_bytes());
        put_varint(&mut body, events.len() as u64);
        for event in events {
            let next = places.len() as u64;
            let place = *places.entry(&event.endpoint).or_insert_with(|| {
                put_bytes(&mut names, event.endpoint.as_bytes());
                next
            });
            put_event(&mut body, event, place, event.at_ms - previous_ms);
            if !event.metadata.is_empty() {
                put_metadata(&mut body, &event.metadata, previous);
                previous = &event.metadata;
            }
            if event.reporter != Reporter::default() {
                put_reporter(&mut body, event.reporter, &mut reporters);
            }
            previous_ms = event.at_ms;
        }
    }
    let mut value = Vec::with_capacity(names.len() + body.len() + 8);
    value.push(VERSION);
    put_varint(&mut value, places.len() as u64);
    value.extend_from_slice(&names);
    value.extend_from_slice(&body);
    value
}

fn put_event(out: &mut Vec<u8>, event: &Stored, place: u64, step_ms: i64) {
    let mut head = event.method as u8;
    head |= if event.response_us.is_some() { TIMED } else { 0 };
    head |= if event.fingerprint.is_some() { NAMED } else { 0 };
    head |= if event.metadata.is_empty() { 0 } else { METADATA };
    head |= if event.reporter == Reporter::default() { 0 } else { REPORTED };
    out.push(head);
    put_signed(out, step_ms);
    put_varint(out, place);
    put_varint(out, u64::from(event.status));
    put_varint(out, u64::from(event.request_bytes));
    put_varint(out, u64::from(event.response_bytes));
    put_varint(out, u64::from(event.version));
    if let Some(response_us) = event.response_us {
        put_varint(out, u64::from(response_us));
    }
    if let Some(fingerprint) = event.fingerprint {
        out.extend_from_slice(&fingerprint.to_be_bytes());
    }
}

/// What differs from the metadata before: of one app it is mostly a number, and what is written is to be sealed.
fn put_metadata(out: &mut Vec<u8>, metadata: &str, previous: &str) {
    let (metadata, previous) = (metadata.as_bytes(), previous.as_bytes());
    let most = MOST_COMMON.min(metadata.len()).min(previous.len());
    let start = common_start(&metadata[..most], &previous[..most]);
    let most = most - start;
    let end = common_end(&metadata[metadata.len() - most..], &previous[previous.len() - most..]);
    out.extend_from_slice(&[start as u8, end as u8]);
    put_bytes(out, &metadata[start..metadata.len() - end]);
}

fn take_metadata(input: &mut Input<'_>, previous: &mut String) -> Read<Piece> {
    let [start, end] = input.array::<2>()?.map(usize::from);
    let (between, before) = (input.bytes()?, previous.as_bytes());
    let end = before.len().checked_sub(end).ok_or(Malformed)?;
    let (start, end) = (before.get(..start).ok_or(Malformed)?, before.get(end..).ok_or(Malformed)?);
    *previous = String::from_utf8([start, between, end].concat()).map_err(|_| Malformed)?;
    Ok(previous.as_str().into())
}

/// A reporter's place among those of the group; the first time, who it is follows.
fn put_reporter(out: &mut Vec<u8>, reporter: Reporter, known: &mut HashMap<Reporter, u64>) {
    let next = known.len() as u64;
    let place = *known.entry(reporter).or_insert(next);
    put_varint(out, place);
    if place < next {
        return;
    }
    let Reporter { token, client } = reporter;
    out.push(if token.is_some() { BY_TOKEN } else { 0 } | if client.is_some() { BY_CLIENT } else { 0 });
    token.iter().for_each(|token| out.extend_from_slice(token.as_bytes()));
    client.iter().for_each(|client| out.extend_from_slice(&client.to_be_bytes()));
}

fn take_reporter(input: &mut Input<'_>, known: &mut Vec<Reporter>) -> Read<Reporter> {
    let place = input.narrow::<usize>()?;
    if place == known.len() {
        let told = input.byte()?;
        known.push(Reporter {
            token: if told & BY_TOKEN != 0 { Some(Id::from_bytes(input.array()?)) } else { None },
            client: if told & BY_CLIENT != 0 { Some(u32::from_be_bytes(input.array()?)) } else { None },
        });
    }
    known.get(place).copied().ok_or(Malformed)
}

/// Decodes a group.
pub(super) fn decode(value: &[u8]) -> Read<Vec<(Id, Vec<Stored>)>> {
    let mut input = Input(value);
    let version = input.byte()?;
    if ![VERSION, WITH_WHOLE_METADATA, WITHOUT_REPORTERS].contains(&version) {
        return Err(Malformed);
    }
    let names = (0..input.count()?).map(|_| input.text().map(Arc::from)).collect::<Read<Vec<Arc<str>>>>()?;
    let (mut previous_ms, mut previous) = (0, String::new());
    let (mut keys, mut reporters) = (Vec::new(), Vec::new());
    for _ in 0..input.count()? {
        let key = Id::from_bytes(input.array()?);
        let count = input.count()?;
        // Most keys of a group have one event, for which a vector that grows takes room for four.
        let mut events = Vec::with_capacity(count.min(FEW));
        for _ in 0..count {
            let mut metadata = |input: &mut Input<'_>| match version {
                VERSION => take_metadata(input, &mut previous),
                _ => input.text().map(Piece::from),
            };
            let event = take_event(&mut input, &names, &mut metadata, &mut reporters, previous_ms)?;
            previous_ms = event.at_ms;
            events.push(event);
        }
        keys.push((key, events));
    }
    input.end()?;
    Ok(keys)
}

fn take_event(
    input: &mut Input<'_>,
    names: &[Arc<str>],
    metadata: &mut dyn FnMut(&mut Input<'_>) -> Read<Piece>,
    reporters: &mut Vec<Reporter>,
    previous_ms: i64,
) -> Read<Stored> {
    let head = input.byte()?;
    if head & !(METHOD | TIMED | NAMED | METADATA | REPORTED) != 0 {
        return Err(Malformed);
    }
    Ok(Stored {
        method: Method::from_code(head & METHOD).ok_or(Malformed)?,
        at_ms: previous_ms.checked_add(input.signed()?).ok_or(Malformed)?,
        endpoint: names.get(input.narrow::<usize>()?).ok_or(Malformed)?.clone(),
        status: input.narrow()?,
        request_bytes: input.narrow()?,
        response_bytes: input.narrow()?,
        version: input.narrow()?,
        response_us: if head & TIMED != 0 { Some(input.narrow()?) } else { None },
        fingerprint: if head & NAMED != 0 { Some(u64::from_be_bytes(input.array()?)) } else { None },
        metadata: if head & METADATA != 0 { metadata(input)? } else { Piece::default() },
        reporter: if head & REPORTED != 0 { take_reporter(input, reporters)? } else { Reporter::default() },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    proptest! {
        #[test]
        fn groups_come_back(keys in prop::collection::vec((any::<[u8; 12]>(), prop::collection::vec(stored(true), 0..20)), 0..6)) {
            let keys: Vec<_> = keys.into_iter().map(|(id, events)| (Id::from_bytes(id), events)).collect();
            let value = encode(keys.iter().map(|(id, events)| (*id, events.iter())), 0);
            prop_assert_eq!(decode(&value), Ok(keys));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
            let _ = decode(&[&[VERSION], bytes.as_slice()].concat());
        }

        #[test]
        fn a_cut_group_is_refused(events in prop::collection::vec(stored(true), 1..10), cut in 0.0f64..1.0) {
            let value = encode([(Id::default(), events.iter())].into_iter(), 0);
            prop_assert_eq!(decode(&value[..(value.len() as f64 * cut) as usize]), Err(Malformed));
        }
    }

    fn told(metadata: &[&str]) -> Vec<Stored> {
        let one = Stored {
            at_ms: 5,
            endpoint: "/a".into(),
            metadata: Piece::default(),
            fingerprint: None,
            response_us: None,
            request_bytes: 1,
            response_bytes: 2,
            version: 3,
            reporter: Reporter::default(),
            status: 200,
            method: Method::Get,
        };
        metadata.iter().map(|text| Stored { metadata: (*text).into(), ..one.clone() }).collect()
    }

    #[test]
    fn groups_of_earlier_versions_are_read() {
        let first = [1, 2, b'/', b'a', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3].as_slice();
        let metadata = [0x21, 10, 0, 0xc8, 1, 1, 2, 3, 7].as_slice();
        let same = [0x21, 0, 0, 0xc8, 1, 1, 2, 3, 7].as_slice();
        let none = [0x01, 0, 0, 0xc8, 1, 1, 2, 3].as_slice();
        let body = [first, metadata, br#"{"a":1}"#, same, br#"{"a":2}"#, none].concat();
        for version in [WITHOUT_REPORTERS, WITH_WHOLE_METADATA] {
            let events = told(&[r#"{"a":1}"#, r#"{"a":2}"#, ""]);
            assert_eq!(decode(&[&[version], &*body].concat()), Ok(vec![(Id::default(), events)]));
        }
    }

    #[test]
    fn of_metadata_only_what_differs_from_that_before_takes_room() {
        let (long, other) = ("ä".repeat(400), "ö".repeat(400));
        let texts =
            [r#"{"a":"one","b":1}"#, r#"{"a":"other","b":1}"#, "{}", "", &long, &other, &long, &long, "b"];
        let events = told(&texts);
        let value = encode([(Id::default(), events.iter())].into_iter(), 0);
        assert_eq!(decode(&value), Ok(vec![(Id::default(), events)]));
        let bytes = |texts: &[&str]| encode([(Id::default(), told(texts).iter())].into_iter(), 0).len();
        let (first, second) = (bytes(&texts[..1]), bytes(&texts[..2]));
        // What begins an event, how much it shares and how long the rest is, and `ther` for `ne`.
        assert_eq!(second - first, 8 + 3 + 4);
    }
}
