//! Parts NDJSON: an object a line, lines ended by LF or CRLF, the last perhaps by nothing, empty ones passed over.

use memchr::memchr;

use super::chunk::Chunk;
use crate::problem::Problem;

/// The lines that have ended.
#[derive(Default)]
pub(super) struct Lines(usize);

impl Lines {
    pub(super) fn feed(&mut self, bytes: &[u8], chunk: &mut Chunk) -> Result<usize, Problem> {
        let mut used = 0;
        while !chunk.is_full()
            && let Some(length) = memchr(b'\n', &bytes[used..])
        {
            chunk.write(&bytes[used..used + length]);
            used += length + 1;
            self.end(chunk)?;
        }
        if chunk.is_full() {
            return Ok(used);
        }
        chunk.write(&bytes[used..]);
        Ok(bytes.len())
    }

    /// Ends a line.
    pub(super) fn end(&mut self, chunk: &mut Chunk) -> Result<(), Problem> {
        self.0 += 1;
        if chunk.is_blank() {
            chunk.drop_open();
            return Ok(());
        }
        chunk.close(Some(self.0))
    }
}
