//! A body of many events: an array, or an object a line. Each event is read by itself straight from the bytes, so
//! that a bad one does not spoil the others and the only copy held is the events.

use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use keyward_keys::{Error, Fault};
use memchr::memchr;
use serde::Deserializer;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;

use super::body::{is_json, media_type, read};
use super::event::{Refused, Reported};
use super::tree::not_json;
use crate::HttpDoor;
use crate::problem::Problem;

/// Events of one request.
const MOST_EVENTS: usize = 10_000;
/// Media types of one JSON object a line.
const LINES: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// Many events, unread.
pub(crate) struct Batch {
    body: Bytes,
    lines: bool,
    /// Held while the body is: bodies of megabytes are few at a time, the next wait before they are read.
    _place: OwnedSemaphorePermit,
}

impl FromRequest<HttpDoor> for Batch {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &HttpDoor) -> Result<Self, Problem> {
        let kind = media_type(request.headers()).unwrap_or_default();
        let lines = LINES.iter().any(|lines| lines.eq_ignore_ascii_case(kind));
        if !lines && !is_json(kind) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send an array as application/json, or one object a line as application/x-ndjson",
            ));
        }
        let place = door.bulk.clone().acquire_owned().await.map_err(|_| Error::Busy)?;
        Ok(Self { body: read(request, door).await?, lines, _place: place })
    }
}

impl Batch {
    /// Hands out each event with its place.
    pub(crate) fn each(&self, take: impl FnMut(usize, Result<Reported, Refused>)) -> Result<(), Problem> {
        if self.lines { each_line(&self.body, take) } else { each_item(&self.body, take) }
    }
}

fn each_line(body: &[u8], mut take: impl FnMut(usize, Result<Reported, Refused>)) -> Result<(), Problem> {
    let (mut rest, mut count) = (body, 0);
    while !rest.is_empty() {
        let (line, after) = match memchr(b'\n', rest) {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &[][..]),
        };
        rest = after;
        if line.trim_ascii().is_empty() {
            continue;
        }
        if count == MOST_EVENTS {
            return Err(too_many());
        }
        take(count, Reported::parse(line));
        count += 1;
    }
    Ok(())
}

fn each_item(body: &[u8], take: impl FnMut(usize, Result<Reported, Refused>)) -> Result<(), Problem> {
    let mut count = 0;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = reader.deserialize_seq(Items { count: &mut count, take }).and_then(|()| reader.end());
    match read {
        Ok(()) => Ok(()),
        Err(_) if count > MOST_EVENTS => Err(too_many()),
        Err(error) if error.classify() == Category::Data => {
            Err(Problem::invalid(vec![Fault { field: String::new(), detail: "an array is needed".into() }]))
        }
        Err(error) => Err(not_json(&error)),
    }
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_many_events",
        format!("one request takes {MOST_EVENTS} events; send the rest in another"),
    )
}

/// Passes an array's items on, so that no list of them is made.
struct Items<'a, F> {
    count: &'a mut usize,
    take: F,
}

impl<'de, F: FnMut(usize, Result<Reported, Refused>)> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            *self.count += 1;
            if *self.count > MOST_EVENTS {
                return Err(A::Error::custom("too many"));
            }
            (self.take)(*self.count - 1, Reported::parse(item.get().as_bytes()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = fn(&[u8], &mut dyn FnMut(usize, Result<Reported, Refused>)) -> Result<(), Problem>;

    /// For each event its key, or `-` when it was refused.
    fn keys(read: Read, body: &str) -> Result<String, Problem> {
        let mut keys = Vec::new();
        read(body.as_bytes(), &mut |index, reported| {
            assert_eq!(index, keys.len());
            keys.push(reported.ok().and_then(|reported| reported.key).unwrap_or_else(|| "-".into()));
        })?;
        Ok(keys.join(" "))
    }

    const LINES: Read = |body, take| each_line(body, take);
    const ITEMS: Read = |body, take| each_item(body, take);

    #[test]
    fn lines_are_read_one_by_one() {
        let body = "{\"key\":\"a\"}\r\n\n{\"key\":\"b\",\"statusCode\":\"x\"}\n{bad\n  {\"key\":\"c\"}";
        assert_eq!(keys(LINES, body).unwrap(), "a - - c");
        assert_eq!(keys(LINES, "").unwrap(), "");
    }

    #[test]
    fn an_array_is_read_item_by_item_and_must_be_whole() {
        assert_eq!(keys(ITEMS, r#"[{"key":"a"}, {"key":"b","x":1}, 7, {"key":"c"}]"#).unwrap(), "a - - c");
        assert_eq!(keys(ITEMS, "[]").unwrap(), "");
        assert_eq!(keys(ITEMS, r#"[{"key":"a"}"#).unwrap_err().status(), 400);
        assert_eq!(keys(ITEMS, r#"[{"key":"a"}] x"#).unwrap_err().status(), 400);
        assert_eq!(keys(ITEMS, r#"{"key":"a"}"#).unwrap_err().status(), 422);
    }

    #[test]
    fn there_is_a_most_of_events() {
        let lines = "{}\n".repeat(MOST_EVENTS);
        assert!(keys(LINES, &lines).is_ok());
        assert_eq!(keys(LINES, &(lines + "{}")).unwrap_err().status(), 413);
        let items = |count| format!("[{}]", vec!["{}"; count].join(","));
        assert!(keys(ITEMS, &items(MOST_EVENTS)).is_ok());
        assert_eq!(keys(ITEMS, &items(MOST_EVENTS + 1)).unwrap_err().status(), 413);
    }
}
