//! One drawing buffer per worker thread, lent to every session in turn: a session itself keeps only hashes.
//! Drawing is synchronous, so the buffer is never held across an await.

use std::cell::Cell;

use ratatui::{buffer::Buffer, layout::Rect};

/// Cells a thread keeps between frames (200x60). A larger screen pays for its own buffer.
const KEPT_CELLS: usize = 12_000;

thread_local! {
    static SCRATCH: Cell<Buffer> = Cell::new(Buffer::default());
}

/// Lends an empty buffer of `area` to `draw`. A nested call works, it merely allocates.
pub fn with_buffer<R>(area: Rect, draw: impl FnOnce(&mut Buffer) -> R) -> R {
    let mut buffer = SCRATCH.take();
    buffer.reset();
    buffer.resize(area);
    let result = draw(&mut buffer);
    if buffer.content.capacity() <= KEPT_CELLS {
        SCRATCH.set(buffer);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn is_empty_and_of_the_asked_size_every_time() {
        for (w, h) in [(10, 3), (80, 24), (3, 1), (40, 12)] {
            let area = Rect::new(0, 0, w, h);
            with_buffer(area, |buf| {
                assert_eq!(*buf, Buffer::empty(area));
                buf.set_string(0, 0, "left over", Style::new().red());
            });
        }
    }

    #[test]
    fn keeps_the_memory_of_usual_screens_only() {
        let first = with_buffer(Rect::new(0, 0, 80, 24), |buf| buf.content.as_ptr());
        let second = with_buffer(Rect::new(0, 0, 80, 24), |buf| buf.content.as_ptr());
        assert_eq!(first, second);
        with_buffer(Rect::new(0, 0, 500, 200), |_| ());
        let after = with_buffer(Rect::new(0, 0, 1, 1), |buf| buf.content.capacity());
        assert!(after <= KEPT_CELLS);
    }

    #[test]
    fn may_be_nested() {
        with_buffer(Rect::new(0, 0, 4, 1), |outer| {
            outer.set_string(0, 0, "x", Style::new());
            with_buffer(Rect::new(0, 0, 2, 1), |inner| assert_eq!(inner[(0, 0)].symbol(), " "));
            assert_eq!(outer[(0, 0)].symbol(), "x");
        });
    }
}
