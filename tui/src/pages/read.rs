//! Something a page reads from the core: on its way, here, or refused. What was here stays while it is read again; what
//! one may no longer see goes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::widgets::blank::blank;
use crate::widgets::pen::{Ui, at, safe};

/// What is read.
pub(crate) struct Read<T> {
    value: Option<T>,
    pending: Option<Pending>,
    failed: Option<Notice>,
}

impl<T> Default for Read<T> {
    fn default() -> Self {
        Self { value: None, pending: None, failed: None }
    }
}

impl<T> Read<T> {
    /// It is here already.
    pub(crate) fn of(value: T) -> Self {
        Self { value: Some(value), ..Self::default() }
    }

    /// Asks for it. The answer to an earlier question is not waited for any more.
    pub(crate) fn ask(&mut self, cx: &mut Cx<'_>, query: Query) {
        self.pending = Some(cx.ask(query));
    }

    /// This is the answer it waits for.
    pub(crate) fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.pending, id)
    }

    /// Takes the answer in; whether it is news. A failure is told in passing where something is shown already.
    pub(crate) fn take(
        &mut self,
        result: Result<Answer, Notice>,
        cx: &mut Cx<'_>,
        pick: impl FnOnce(Answer) -> Option<T>,
    ) -> bool {
        self.pending = None;
        match result {
            Ok(answer) => {
                self.failed = None;
                let picked = pick(answer);
                let news = picked.is_some();
                self.value = picked.or_else(|| self.value.take());
                return news;
            }
            Err(notice) => {
                if closed(&notice) {
                    self.value = None;
                } else if self.value.is_some() {
                    cx.tell(notice.clone());
                }
                self.failed = Some(notice);
            }
        }
        false
    }

    /// Puts something newer in its place.
    pub(crate) fn put(&mut self, value: T) {
        self.value = Some(value);
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// When the screen should say that it takes long.
    pub(crate) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.pending.filter(|_| self.value.is_none()).and_then(|pending| pending.long_from(now_ms))
    }

    /// Draws what stands in its place while it is not here. `what` is what is read: `the members`.
    pub(crate) fn paint_absence(
        &self,
        what: &str,
        area: Rect,
        buf: &mut Buffer,
        ui: &Ui,
    ) -> Option<Position> {
        match (&self.failed, self.pending) {
            (Some(notice), None) if closed(notice) => {
                blank(area, buf, "Not open to you.", &[&safe(&notice.text), "Esc goes back."], ui)
            }
            (Some(notice), None) => {
                let title = format!("Reading {what} failed.");
                blank(area, buf, &title, &[&safe(&notice.text), "r tries again."], ui)
            }
            (_, Some(pending)) if pending.is_long(ui.now_ms) => {
                blank(area, buf, &format!("Reading {what}…"), &[], ui)
            }
            _ => at(area, 0, 0),
        }
    }
}

/// It is not this person's to see, or not any more.
fn closed(notice: &Notice) -> bool {
    matches!(notice.kind, NoticeKind::Gone | NoticeKind::Forbidden | NoticeKind::SignedOut)
}
