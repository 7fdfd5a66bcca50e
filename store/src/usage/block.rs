//! A block: some hundred events of one key as columns, compressed, cut to fill whole pages of the file. The metadata
//! lies behind the other columns and is only inflated when asked for. A block is never changed in place: a fuller one
//! replaces it.

use std::cell::RefCell;
use std::sync::Arc;

use foldhash::HashMap;
use zstd::bulk::{Compressor, Decompressor};

use super::codec::{Input, Malformed, Read, put_bytes, put_varint};
use super::event::{Method, Reporter, Stored};
use super::piece::Piece;

const VERSION: u8 = 1;

/// The largest encoded block: two pages of 4 KiB, less what a leaf page adds around one value and its key.
pub(super) const BLOCK_BYTES: usize = 2 * 4096 - 128;
/// A block at least this long is full enough to be left alone.
pub(super) const FULL_BYTES: usize = BLOCK_BYTES - BLOCK_BYTES / 25;
/// The most events of one block; reached only when they compress to almost nothing.
const BLOCK_EVENTS: usize = 8_192;
/// The most a part may inflate to, so that a damaged block cannot take all memory.
const INFLATED_BYTES: usize = 64 << 20;
/// A part shorter than this is not worth compressing.
const COMPRESS_FROM: usize = 64;

thread_local! {
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// What a block says of its events without being inflated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) count: usize,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    /// The key's newest event when the block was written: no earlier block holds a later one.
    pub(super) newest_ms: i64,
}

/// Makes blocks; keeps the compressor's memory from one to the next.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    /// How many events filled the last block: the first guess for the next.
    guess: usize,
}

impl Packer {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { compressor: Compressor::new(1)?, guess: 512 })
    }

    /// Cuts events (by rising time) into blocks: all but the last are full.
    pub(super) fn cut(&mut self, mut events: &[&Stored], newest_ms: i64) -> Vec<Vec<u8>> {
        let mut blocks = Vec::new();
        while !events.is_empty() {
            let (taken, block) = self.fill(events, newest_ms);
            events = &events[taken..];
            blocks.push(block);
        }
        blocks
    }

    /// The longest run of events that fits a block, found in a few tries; at least one event, however long.
    fn fill(&mut self, events: &[&Stored], newest_ms: i64) -> (usize, Vec<u8>) {
        let most = events.len().min(BLOCK_EVENTS);
        let (mut low, mut high) = (0, most + 1);
        let mut best = None;
        let mut tried = self.guess.clamp(1, most);
        for _ in 0..6 {
            let block = self.pack(&events[..tried], newest_ms);
            let length = block.len();
            if length <= BLOCK_BYTES || tried == 1 {
                low = tried;
                best = Some((tried, block));
                if tried == most || length >= FULL_BYTES {
                    break;
                }
            } else {
                high = tried;
            }
            if high - low <= 1 {
                break;
            }
            let aim = tried * (FULL_BYTES + BLOCK_BYTES) / 2 / length.max(1);
            tried = aim.clamp(low + 1, high - 1);
        }
        let (taken, block) = best.unwrap_or_else(|| (1, self.pack(&events[..1], newest_ms)));
        if taken < most {
            self.guess = taken;
        }
        (taken, block)
    }

    fn pack(&mut self, events: &[&Stored], newest_ms: i64) -> Vec<u8> {
        let first_ms = events.first().map_or(0, |event| event.at_ms);
        let last_ms = events.last().map_or(first_ms, |event| event.at_ms);
        let mut out = Vec::with_capacity(BLOCK_BYTES);
        out.push(VERSION);
        put_varint(&mut out, events.len() as u64);
        put_varint(&mut out, first_ms as u64);
        put_varint(&mut out, (last_ms - first_ms) as u64);
        put_varint(&mut out, newest_ms.saturating_sub(last_ms).max(0) as u64);
        let columns = columns(events, first_ms);
        self.put_part(&mut out, &columns);
        let metadata = metadata(events);
        self.put_part(&mut out, &metadata);
        out
    }

    /// A part after its inflated length; compressed only when that makes it shorter.
    fn put_part(&mut self, out: &mut Vec<u8>, part: &[u8]) {
        put_varint(out, part.len() as u64);
        let compressed = if part.len() < COMPRESS_FROM { None } else { self.compressor.compress(part).ok() };
        match compressed.filter(|shorter| shorter.len() < part.len()) {
            Some(shorter) => put_bytes(out, &shorter),
            None => put_bytes(out, part),
        }
    }
}

fn columns(events: &[&Stored], first_ms: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(events.len() * 16);
    let mut endpoints = HashMap::default();
    let mut outcomes = HashMap::default();
    let mut names = Vec::new();
    let mut pairs = Vec::new();
    for event in events {
        let next = endpoints.len() as u64;
        endpoints.entry(&*event.endpoint).or_insert_with(|| {
            put_bytes(&mut names, event.endpoint.as_bytes());
            next
        });
        let next = outcomes.len() as u64;
        outcomes.entry((event.method as u8, event.status)).or_insert_with(|| {
            pairs.push(event.method as u8);
            put_varint(&mut pairs, u64::from(event.status));
            next
        });
    }
    put_varint(&mut out, endpoints.len() as u64);
    out.extend_from_slice(&names);
    put_varint(&mut out, outcomes.len() as u64);
    out.extend_from_slice(&pairs);
    let mut previous_ms = first_ms;
    for event in events {
        put_varint(&mut out, (event.at_ms - previous_ms) as u64);
        previous_ms = event.at_ms;
    }
    let place = |of: Option<&u64>| of.copied().unwrap_or_default();
    events.iter().for_each(|event| put_varint(&mut out, place(endpoints.get(&*event.endpoint))));
    events
        .iter()
        .for_each(|event| put_varint(&mut out, place(outcomes.get(&(event.method as u8, event.status)))));
    let times = events.iter().map(|event| event.response_us.map_or(0, |us| u64::from(us) + 1));
    times.for_each(|time| put_varint(&mut out, time));
    events.iter().for_each(|event| put_varint(&mut out, u64::from(event.request_bytes)));
    events.iter().for_each(|event| put_varint(&mut out, u64::from(event.response_bytes)));
    events.iter().for_each(|event| put_varint(&mut out, u64::from(event.version)));
    out
}

/// All lengths, then all texts; nothing when no event has any.
fn metadata(events: &[&Stored]) -> Vec<u8> {
    let mut out = Vec::new();
    if events.iter().any(|event| !event.metadata.is_empty()) {
        events.iter().for_each(|event| put_varint(&mut out, event.metadata.len() as u64));
        events.iter().for_each(|event| out.extend_from_slice(event.metadata.as_bytes()));
    }
    out
}

/// Reads what a block says of itself.
pub(super) fn header(block: &[u8]) -> Read<Header> {
    take_header(&mut Input(block))
}

fn take_header(input: &mut Input<'_>) -> Read<Header> {
    input.version(VERSION)?;
    let count = input.narrow::<usize>()?;
    let first_ms = input.narrow::<i64>()?;
    let last_ms = first_ms.checked_add(input.narrow()?).ok_or(Malformed)?;
    let newest_ms = last_ms.checked_add(input.narrow()?).ok_or(Malformed)?;
    if count > BLOCK_EVENTS { Err(Malformed) } else { Ok(Header { count, first_ms, last_ms, newest_ms }) }
}

/// Reads a block's events, by rising time.
pub(super) fn unpack(block: &[u8]) -> Read<Vec<Stored>> {
    let mut input = Input(block);
    let header = take_header(&mut input)?;
    let columns = take_part(&mut input)?;
    let metadata = take_part(&mut input)?;
    input.end()?;
    let mut events = take_columns(&columns, &header)?;
    if !metadata.is_empty() {
        take_metadata(&metadata, &mut events)?;
    }
    Ok(events)
}

fn take_part(input: &mut Input<'_>) -> Read<Vec<u8>> {
    let inflated = input.narrow::<usize>()?;
    let stored = input.bytes()?;
    if inflated == stored.len() {
        return Ok(stored.to_vec());
    }
    if inflated < stored.len() || inflated > INFLATED_BYTES {
        return Err(Malformed);
    }
    // A context takes 160 KB, which is not for allocating anew with each block.
    let part = DECOMPRESSOR.with_borrow_mut(|context| match context {
        Some(context) => context.decompress(stored, inflated),
        None => context.insert(Decompressor::new()?).decompress(stored, inflated),
    });
    part.ok().filter(|part| part.len() == inflated).ok_or(Malformed)
}

fn take_columns(columns: &[u8], header: &Header) -> Read<Vec<Stored>> {
    let mut input = Input(columns);
    let endpoints =
        (0..input.count()?).map(|_| input.text().map(Arc::from)).collect::<Read<Vec<Arc<str>>>>()?;
    let outcomes = (0..input.count()?)
        .map(|_| Ok((Method::from_code(input.byte()?).ok_or(Malformed)?, input.narrow::<u16>()?)))
        .collect::<Read<Vec<_>>>()?;
    let count = header.count;
    let mut at_ms = header.first_ms;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        at_ms = at_ms.checked_add(input.narrow()?).ok_or(Malformed)?;
        times.push(at_ms);
    }
    let mut events = Vec::with_capacity(count);
    for at_ms in times {
        let endpoint = endpoints.get(input.narrow::<usize>()?).ok_or(Malformed)?.clone();
        events.push(Stored {
            at_ms,
            endpoint,
            metadata: Piece::default(),
            fingerprint: None,
            response_us: None,
            request_bytes: 0,
            response_bytes: 0,
            version: 0,
            reporter: Reporter::default(),
            status: 0,
            method: Method::Other,
        });
    }
    for event in &mut events {
        (event.method, event.status) = *outcomes.get(input.narrow::<usize>()?).ok_or(Malformed)?;
    }
    for event in &mut events {
        let time = input.varint()?;
        event.response_us = time.checked_sub(1).map(u32::try_from).transpose().map_err(|_| Malformed)?;
    }
    for event in &mut events {
        event.request_bytes = input.narrow()?;
    }
    for event in &mut events {
        event.response_bytes = input.narrow()?;
    }
    for event in &mut events {
        event.version = input.narrow()?;
    }
    input.end()?;
    Ok(events)
}

fn take_metadata(metadata: &[u8], events: &mut [Stored]) -> Read<()> {
    let mut input = Input(metadata);
    let lengths = events.iter().map(|_| input.narrow::<usize>()).collect::<Read<Vec<_>>>()?;
    let whole: Arc<str> = std::str::from_utf8(input.0).map_err(|_| Malformed)?.into();
    let mut end = 0usize;
    for (event, length) in events.iter_mut().zip(lengths) {
        let start = end;
        end = start.checked_add(length).ok_or(Malformed)?;
        event.metadata = Piece::of(&whole, start, end).ok_or(Malformed)?;
    }
    if end == whole.len() { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    fn sorted(mut events: Vec<Stored>) -> Vec<Stored> {
        events.sort_by_key(|event| event.at_ms);
        events
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn blocks_come_back_in_order_and_fit(events in prop::collection::vec(stored(false), 0..1_500)) {
            let events = sorted(events);
            let newest_ms = events.last().map_or(0, |event| event.at_ms) + 5;
            let blocks = Packer::new().unwrap().cut(&events.iter().collect::<Vec<_>>(), newest_ms);
            let mut back = Vec::new();
            for (place, block) in blocks.iter().enumerate() {
                prop_assert!(block.len() <= BLOCK_BYTES);
                prop_assert!(place + 1 == blocks.len() || block.len() * 4 >= BLOCK_BYTES * 3, "{}", block.len());
                let header = header(block).unwrap();
                let part = unpack(block).unwrap();
                prop_assert_eq!(header.count, part.len());
                prop_assert_eq!((header.first_ms, header.last_ms), (part[0].at_ms, part[part.len() - 1].at_ms));
                prop_assert_eq!(header.newest_ms, newest_ms);
                back.extend(part);
            }
            prop_assert_eq!(back, events);
        }

        #[test]
        fn a_damaged_block_never_panics(
            events in prop::collection::vec(stored(false), 1..60),
            place in any::<prop::sample::Index>(),
            value: u8,
        ) {
            let mut block = Packer::new().unwrap().cut(&sorted(events).iter().collect::<Vec<_>>(), i64::MAX).swap_remove(0);
            let place = place.index(block.len());
            block[place] = value;
            let _ = unpack(&block);
            let _ = unpack(&block[..place]);
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&bytes);
            let _ = unpack(&[&[VERSION], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn one_event_may_be_longer_than_a_block() {
        let mut noise = 1u64;
        let text = (0..40_000).map(|_| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'!' + (noise >> 33) as u8 % 90)
        });
        let event = Stored {
            at_ms: 7,
            endpoint: "/".into(),
            metadata: text.collect::<String>().as_str().into(),
            fingerprint: None,
            response_us: None,
            request_bytes: 0,
            response_bytes: 0,
            version: 0,
            reporter: Reporter::default(),
            status: 200,
            method: Method::Get,
        };
        let events = vec![event; 3];
        let blocks = Packer::new().unwrap().cut(&events.iter().collect::<Vec<_>>(), 7);
        assert_eq!(blocks.iter().flat_map(|block| unpack(block).unwrap()).collect::<Vec<_>>(), events);
    }
}
