//! Requests that wait for the writer, bounded in number and bytes. The writer sleeps here until the first one comes, or until
//! so many wait that a group is worth writing; whoever brings that one wakes it, and nobody else does. It must not know what
//! a request asks for.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::interface::Waiting;
use crate::redb::queue::{Group, Request};

/// Room for requests that is kept when none wait.
const KEPT: usize = 256;

/// Shared by the store's handle, its writer, and the thread that folds.
pub(crate) struct Backlog {
    line: Mutex<Line>,
    enough: Condvar,
    most: Waiting,
}

struct Line {
    requests: VecDeque<Request>,
    bytes: usize,
    /// The writer sleeps until so many wait; 0 while it does not.
    wanted: usize,
    /// There is something else for the writer to look at.
    called: bool,
    closed: bool,
}

impl Backlog {
    /// An empty one that holds at most so much.
    pub(crate) fn new(most: Waiting) -> Self {
        let line = Line { requests: VecDeque::new(), bytes: 0, wanted: 0, called: false, closed: false };
        Self { line: Mutex::new(line), enough: Condvar::new(), most }
    }

    /// Adds a request of about so many bytes. [`Error::Busy`] when it is full, [`Error::Closed`] after the end.
    pub(crate) fn send(&self, bytes: usize, request: Request) -> Result<()> {
        let mut line = self.line();
        if line.closed {
            return Err(Error::Closed);
        }
        // One that is larger than the whole queue still gets through when nothing waits.
        let too_large = line.bytes > 0 && line.bytes + bytes > self.most.bytes;
        if too_large || line.requests.len() >= self.most.requests {
            return Err(Error::Busy);
        }
        line.bytes += bytes;
        line.requests.push_back(request);
        if line.wanted > 0 && line.requests.len() >= line.wanted {
            line.wanted = 0;
            drop(line);
            self.enough.notify_one();
        }
        Ok(())
    }

    /// Has the writer look at what was worked out beside it, soon.
    pub(crate) fn call(&self) {
        self.line().called = true;
        self.enough.notify_one();
    }

    /// Takes no more requests; those that wait are still taken.
    pub(crate) fn close(&self) {
        self.line().closed = true;
        self.enough.notify_one();
    }

    /// Takes no more requests, and drops those that wait: nobody is there to answer them.
    pub(crate) fn end(&self) {
        self.close();
        let left = std::mem::take(&mut self.line().requests);
        drop(left);
    }

    pub(crate) fn waiting(&self) -> Waiting {
        let line = self.line();
        Waiting { requests: line.requests.len(), bytes: line.bytes }
    }

    /// Sleeps until there is something to do, or until a moment.
    pub(crate) fn await_first(&self, until: Option<Instant>) {
        let mut line = self.sleep(1, until, |line| line.called);
        line.called = false;
    }

    /// Sleeps until so many wait; no longer than a time.
    pub(crate) fn await_company(&self, wanted: usize, time: Duration) {
        drop(self.sleep(wanted, Instant::now().checked_add(time), |_| false));
    }

    /// Takes what waits into a group, as far as that has room; `false` after the last of a closed one.
    pub(crate) fn take(&self, group: &mut Group) -> bool {
        let mut line = self.line();
        while !group.is_full()
            && let Some(request) = line.requests.pop_front()
        {
            group.take(request);
        }
        line.bytes = line.bytes.saturating_sub(group.bytes);
        if line.requests.is_empty() {
            line.requests.shrink_to(KEPT);
        }
        !(line.closed && line.requests.is_empty())
    }

    fn sleep(
        &self,
        wanted: usize,
        until: Option<Instant>,
        or: impl Fn(&Line) -> bool,
    ) -> MutexGuard<'_, Line> {
        let mut line = self.line();
        while line.requests.len() < wanted && !line.closed && !or(&line) {
            line.wanted = wanted;
            line = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.enough.wait(line).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => self.enough.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        line.wanted = 0;
        line
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
