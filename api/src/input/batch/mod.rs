//! A body of many events, read as it comes: an array, or an object a line. Of a body of any length only a chunk of
//! events is in memory, and each event is read by itself, so that a bad one does not spoil the others.

mod chunk;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod items;
mod lines;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use futures_util::StreamExt;

use super::body::{is_json, media_type};
use crate::HttpDoor;
use crate::problem::Problem;

pub(crate) use chunk::{Chunk, Piece};
#[cfg(fuzzing)]
pub(crate) use fuzz::bulk;
use items::Items;
use lines::Lines;

/// Media types of one JSON object a line.
const LINES: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// Many events, of which a part is read at a time.
pub(crate) struct Batch {
    body: axum::body::BodyDataStream,
    /// What has come and is not yet parted into events.
    rest: Bytes,
    parts: Parts,
    chunk: Chunk,
    /// Bytes that may still come.
    left: usize,
    ended: bool,
}

/// How the body is parted into events.
enum Parts {
    Lines(Lines),
    Items(Items),
}

impl FromRequest<HttpDoor> for Batch {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &HttpDoor) -> Result<Self, Problem> {
        let kind = media_type(request.headers()).unwrap_or_default();
        let parts = if LINES.iter().any(|lines| lines.eq_ignore_ascii_case(kind)) {
            Parts::Lines(Lines::default())
        } else if is_json(kind) {
            Parts::Items(Items::default())
        } else {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send an array as application/json, or one object a line as application/x-ndjson",
            ));
        };
        let left = usize::try_from(door.settings.api.body_limit_bytes.get()).unwrap_or(usize::MAX);
        let body = request.into_body();
        if body.size_hint().lower() > left as u64 {
            return Err(too_large());
        }
        let body = body.into_data_stream();
        Ok(Self { body, rest: Bytes::new(), parts, chunk: Chunk::default(), left, ended: false })
    }
}

impl Batch {
    /// The next events, some thousand at most; none when there are no more. What was wrong with the body as a whole
    /// is told when it is come to: the chunks before it were good.
    pub(crate) async fn next(&mut self) -> Result<Option<&Chunk>, Problem> {
        self.chunk.clear();
        while !self.chunk.is_full() && !self.ended {
            if self.rest.is_empty() {
                match self.body.next().await {
                    Some(Ok(bytes)) => {
                        self.left = self.left.checked_sub(bytes.len()).ok_or_else(too_large)?;
                        self.rest = bytes;
                    }
                    Some(Err(_)) => return Err(Problem::malformed("the body ended before it was complete")),
                    None => {
                        self.ended = true;
                        self.parts.end(&mut self.chunk)?;
                    }
                }
            }
            let used = self.parts.feed(&self.rest, &mut self.chunk)?;
            self.rest = self.rest.slice(used..);
        }
        Ok((!self.chunk.is_empty()).then_some(&self.chunk))
    }
}

impl Parts {
    /// Parts bytes into events until the chunk is full; answers how many were used.
    fn feed(&mut self, bytes: &[u8], chunk: &mut Chunk) -> Result<usize, Problem> {
        match self {
            Self::Lines(lines) => lines.feed(bytes, chunk),
            Self::Items(items) => items.feed(bytes, chunk),
        }
    }

    /// No more bytes come.
    fn end(&mut self, chunk: &mut Chunk) -> Result<(), Problem> {
        match self {
            Self::Lines(lines) => lines.end(chunk),
            Self::Items(items) => items.end(chunk),
        }
    }
}

fn too_large() -> Problem {
    Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use super::chunk::{LONGEST, MOST_EVENTS};
    use super::*;

    /// The events of a body that comes in frames of `size` bytes: index, line, text (`-` when it is too long).
    fn read(mut parts: Parts, body: &str, size: usize) -> Result<String, Problem> {
        let mut chunk = Chunk::default();
        let mut events = Vec::new();
        let mut note = |chunk: &mut Chunk| {
            for (piece, text) in chunk.events() {
                let text = text.map_or("-".into(), String::from_utf8_lossy);
                let line = piece.line.map(|line| format!("@{line}")).unwrap_or_default();
                events.push(format!("{}{line}:{}", piece.index, text.trim()));
            }
            chunk.clear();
        };
        for mut frame in body.as_bytes().chunks(size) {
            while !frame.is_empty() {
                let used = parts.feed(frame, &mut chunk)?;
                frame = &frame[used..];
                if chunk.is_full() {
                    note(&mut chunk);
                }
            }
        }
        parts.end(&mut chunk)?;
        note(&mut chunk);
        Ok(events.join(" "))
    }

    /// The same, however the body is cut.
    fn cut(parts: fn() -> Parts, body: &str) -> Result<String, u16> {
        let whole = read(parts(), body, usize::MAX).map_err(|problem| problem.status().as_u16());
        for size in [1, 2, 3, 7, 64] {
            let pieces = read(parts(), body, size).map_err(|problem| problem.status().as_u16());
            assert_eq!(pieces, whole, "in frames of {size}");
        }
        whole
    }

    fn lines() -> Parts {
        Parts::Lines(Lines::default())
    }

    fn items() -> Parts {
        Parts::Items(Items::default())
    }

    #[test]
    fn lines_end_with_lf_or_crlf_or_not_at_all_and_empty_ones_do_not_count() {
        assert_eq!(cut(lines, "{a}\r\n\n  \n{b,c}\n[d]").as_deref(), Ok("0@1:{a} 1@4:{b,c} 2@5:[d]"));
        assert_eq!(cut(lines, "\n \r\n").as_deref(), Ok(""));
    }

    #[test]
    fn an_array_is_parted_by_its_own_commas_alone() {
        let body = r#" [ {"a":[1,2],"b":"],{\"," } , 7,"x\\",[[]],oops ] "#;
        assert_eq!(
            cut(items, body).as_deref(),
            Ok(r#"0:{"a":[1,2],"b":"],{\"," } 1:7 2:"x\\" 3:[[]] 4:oops"#)
        );
        assert_eq!(cut(items, "[]").as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_whole_array_is_refused() {
        for body in ["", "[", "[{}", "[{},]", "[,{}]", "[{}}]", "[{}] x", "[\"]", "{\"a\":", "x"] {
            assert_eq!(cut(items, body), Err(400), "{body}");
        }
        for body in ["{\"a\":[1]}", "null", " 7", "\"x\""] {
            assert_eq!(cut(items, body), Err(422), "{body}");
        }
    }

    #[test]
    fn there_is_a_most_of_events_and_of_an_event_and_no_more_is_kept() {
        for (parts, join, close) in [(lines as fn() -> Parts, "\n", ""), (items, ",", "]")] {
            let open = if close.is_empty() { "" } else { "[" };
            let body = |count: usize| format!("{open}{}{close}", vec!["{}"; count].join(join));
            assert!(read(parts(), &body(MOST_EVENTS), 1_000).is_ok());
            assert_eq!(read(parts(), &body(MOST_EVENTS + 1), 1_000).unwrap_err().status(), 413);
            let long = |length| format!("{open}{{a}}{join}{}{join}{{b}}{close}", "x".repeat(length));
            let read = |length| read(parts(), &long(length), 999).unwrap();
            assert!(read(LONGEST).contains("xxx"));
            assert!(read(LONGEST + 1).contains(":-") && read(LONGEST * 20).ends_with(":{b}"));
        }
        let mut chunk = Chunk::default();
        let mut parts = lines();
        for _ in 0..1_000 {
            parts.feed(&[b'x'; 1_000], &mut chunk).unwrap();
            assert!(chunk.open_text().len() <= LONGEST);
        }
    }
}
