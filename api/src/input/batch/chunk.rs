//! Some events of a body: their text, one after another, and where each stands. It does not look into them.

use std::ops::Range;

use axum::http::StatusCode;

use crate::problem::Problem;

/// Events of one request.
pub(super) const MOST_EVENTS: usize = 10_000;
/// Events that are handed on together: one group for the store, large enough that what it costs is shared.
const CHUNK_EVENTS: usize = 1_000;
/// Text that is handed on together, in bytes, however few events it is.
const CHUNK_BYTES: usize = 256 * 1024;
/// Bytes of one event, as for one that is sent alone.
pub(super) const LONGEST: usize = super::super::BODY_LIMIT;

/// Where an event stands in its body.
pub(crate) struct Piece {
    /// From 0, empty lines not counted.
    pub(crate) index: usize,
    /// From 1, as an editor counts; none in an array.
    pub(crate) line: Option<usize>,
    /// Its place in the chunk's text; none when it is longer than an event may be.
    at: Option<Range<usize>>,
}

/// Events in the order they came.
#[derive(Default)]
pub(crate) struct Chunk {
    text: Vec<u8>,
    pieces: Vec<Piece>,
    /// Where the event begins that is being written.
    open: usize,
    too_long: bool,
    /// Events of the body, up to and with this chunk.
    count: usize,
}

impl Chunk {
    /// Each event with its text; none when that is too long.
    pub(crate) fn events(&self) -> impl ExactSizeIterator<Item = (&Piece, Option<&[u8]>)> {
        self.pieces.iter().map(|piece| (piece, piece.at.clone().map(|at| &self.text[at])))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.pieces.len() >= CHUNK_EVENTS || self.text.len() >= CHUNK_BYTES
    }

    /// Makes room for the next events. One that is being written cannot be: a chunk is full only between two.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.pieces.clear();
        self.open = 0;
    }

    /// Adds to the event that is being written.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.too_long |= self.text.len() - self.open + bytes.len() > LONGEST;
        if self.too_long {
            self.text.truncate(self.open);
        } else {
            self.text.extend_from_slice(bytes);
        }
    }

    /// Whether the event being written is nothing but white space.
    pub(super) fn is_blank(&self) -> bool {
        !self.too_long && self.open_text().trim_ascii().is_empty()
    }

    /// What was written of an event; nothing when it is too long.
    pub(super) fn open_text(&self) -> &[u8] {
        &self.text[self.open..]
    }

    /// Drops what was written of an event.
    pub(super) fn drop_open(&mut self) {
        self.text.truncate(self.open);
    }

    /// Ends the event that is being written.
    pub(super) fn close(&mut self, line: Option<usize>) -> Result<(), Problem> {
        if self.count == MOST_EVENTS {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_many_events",
                format!("one request takes {MOST_EVENTS} events; send the rest in another"),
            ));
        }
        let at = (!self.too_long).then_some(self.open..self.text.len());
        self.pieces.push(Piece { index: self.count, line, at });
        self.count += 1;
        (self.open, self.too_long) = (self.text.len(), false);
        Ok(())
    }
}
