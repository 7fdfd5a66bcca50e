//! Something a panel shows: asked for when it is seen first, and again when it may have changed. What is known stays on
//! screen until something newer comes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::RequestId;
use crate::app::cx::Pending;
use crate::notice::Notice;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, wrap};

/// A part of the page that is read on its own.
pub(super) struct Load<T> {
    value: Option<T>,
    failed: Option<String>,
    pending: Option<Pending>,
    stale: bool,
}

impl<T> Default for Load<T> {
    fn default() -> Self {
        Self { value: None, failed: None, pending: None, stale: true }
    }
}

impl<T> Load<T> {
    /// It may have changed.
    pub(super) fn doubt(&mut self) {
        self.stale = true;
    }

    /// Asks, if it must be asked for.
    pub(super) fn ask(&mut self, ask: impl FnOnce() -> Pending) {
        if self.stale && self.pending.is_none() {
            self.stale = false;
            self.pending = Some(ask());
        }
    }

    pub(super) fn pending(&self) -> Option<Pending> {
        self.pending
    }

    /// This is its answer: whether it was taken.
    pub(super) fn takes(&mut self, id: RequestId) -> bool {
        self.pending.take_if(|pending| Pending::is(Some(*pending), id)).is_some()
    }

    /// Takes what was answered.
    pub(super) fn put(&mut self, result: Result<T, Notice>) {
        match result {
            Ok(value) => (self.value, self.failed) = (Some(value), None),
            Err(notice) => self.failed = Some(notice.text),
        }
    }

    pub(super) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Says so in its place, to its end.
    pub(super) fn draw_excuse(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        for (row, line) in (0..area.height).zip(wrap(&safe(self.excuse(ui.now_ms)), area.width)) {
            Pen::new(buf, area, row).text(line, ui.style(Tone::Dim));
        }
    }

    /// What to say in its place while it is not there.
    pub(super) fn excuse(&self, now_ms: i64) -> &str {
        match (&self.failed, self.pending) {
            (Some(failed), _) => failed,
            (None, Some(pending)) if pending.is_long(now_ms) => "Reading…",
            _ => "",
        }
    }
}
