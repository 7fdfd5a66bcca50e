//! What holds of a body of many events whatever its bytes are, for the fuzzer and for a test that draws bytes by itself.
//! It is compiled for these alone.

use serde::de::IgnoredAny;

use super::chunk::{Chunk, MOST_EVENTS};
use super::{Items, Lines, Parts};
use crate::input::reported;
use crate::problem::Problem;

/// An event's place, its line and its text.
type Found = (usize, Option<usize>, Option<Vec<u8>>);

/// Takes bytes for lines and for an array. How they are cut into frames must not matter (the first byte chooses), each
/// event is read without a panic, and an array has as many as a reader of JSON finds.
pub(crate) fn bulk(bytes: &[u8]) {
    let cut = usize::from(bytes.first().copied().unwrap_or_default()).max(1);
    for parts in [|| Parts::Lines(Lines::default()), || Parts::Items(Items::default())] {
        let whole = events(parts(), bytes, usize::MAX);
        assert_eq!(whole, events(parts(), bytes, cut), "in frames of {cut}");
        for (_, _, text) in whole.iter().flatten() {
            let _ = reported(text.as_deref().unwrap_or_default());
        }
    }
    if let Ok(items) = serde_json::from_slice::<Vec<IgnoredAny>>(bytes)
        && items.len() <= MOST_EVENTS
    {
        let found = events(Parts::Items(Items::default()), bytes, cut);
        assert_eq!(found.map(|found| found.len()), Ok(items.len()));
    }
}

/// The events, or the status of the refusal.
fn events(mut parts: Parts, bytes: &[u8], size: usize) -> Result<Vec<Found>, u16> {
    let (mut chunk, mut found) = (Chunk::default(), Vec::new());
    let mut take = |chunk: &mut Chunk| {
        let event = |(piece, text): (&super::Piece, Option<&[u8]>)| {
            (piece.index, piece.line, text.map(<[u8]>::to_vec))
        };
        found.extend(chunk.events().map(event));
        chunk.clear();
    };
    let mut read = || -> Result<(), Problem> {
        for mut frame in bytes.chunks(size) {
            while !frame.is_empty() {
                let used = parts.feed(frame, &mut chunk)?;
                frame = &frame[used..];
                if chunk.is_full() {
                    take(&mut chunk);
                }
            }
        }
        parts.end(&mut chunk)?;
        take(&mut chunk);
        Ok(())
    };
    read().map_err(|problem| problem.status().as_u16())?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const GOOD: &[u8] = br#"[{"key":"ak_prod_x","endpoint":"/v1/a\"b","method":"GET","statusCode":200,
{"key":"k","responseTime":1.5e0,"metadata":{"a":[{},[]],"b":null}}
,{"key":"k","eventId":"e","timestamp":"2024-01-15T10:30:00Z"}]"#;

    proptest! {
        #[test]
        fn any_bytes_do(bytes in vec(any::<u8>(), 0..512)) {
            bulk(&bytes);
        }

        #[test]
        fn any_brackets_and_quotes_do(bytes in "[\\[\\]{},:\"\\\\ \n\r1a]{0,64}") {
            bulk(bytes.as_bytes());
        }

        #[test]
        fn a_good_body_with_a_few_other_bytes_does(changes in vec((0..GOOD.len(), any::<u8>()), 0..4)) {
            let mut bytes = GOOD.to_vec();
            changes.into_iter().for_each(|(at, byte)| bytes[at] = byte);
            bulk(&bytes);
        }
    }
}
