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

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::sync::oneshot;

    use super::*;
    use crate::redb::copy::Moment;

    type Answer = oneshot::Receiver<Result<Moment>>;

    fn backlog(requests: usize, bytes: usize) -> Backlog {
        Backlog::new(Waiting { requests, bytes })
    }

    fn send(backlog: &Backlog, bytes: usize) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        backlog.send(bytes, Request::Moment(reply)).map(|()| answer)
    }

    #[test]
    fn it_is_bounded_in_number_and_bytes_and_one_large_request_gets_through() {
        let few = backlog(2, 1000);
        let _waiting = [send(&few, 0).unwrap(), send(&few, 0).unwrap()];
        assert!(matches!(send(&few, 0), Err(Error::Busy)));
        let small = backlog(10, 1000);
        let _large = send(&small, 5000).unwrap();
        assert!(matches!(send(&small, 1), Err(Error::Busy)));
        assert_eq!(small.waiting(), Waiting { requests: 1, bytes: 5000 });
    }

    #[test]
    fn after_the_end_nobody_waits_and_a_closed_one_is_emptied_first() {
        let backlog = backlog(10, 1000);
        let mut waiting = send(&backlog, 0).unwrap();
        backlog.close();
        assert!(matches!(send(&backlog, 0), Err(Error::Closed)));
        backlog.await_first(None);
        let mut group = Group::default();
        assert!(!backlog.take(&mut group), "that was the last");
        assert_eq!(group.requests(), 1);
        assert!(
            matches!(waiting.try_recv(), Err(oneshot::error::TryRecvError::Empty)),
            "the group answers it"
        );
        let left = self::backlog(10, 1000);
        let mut waiting = send(&left, 0).unwrap();
        left.end();
        assert!(matches!(waiting.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
    }

    #[test]
    fn the_writer_sleeps_until_enough_wait_and_a_call_does_not_hurry_a_group() {
        const LONG: Duration = Duration::from_secs(10);
        let backlog = backlog(10, 1000);
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                backlog.await_company(3, LONG);
                backlog.waiting().requests
            });
            while backlog.line().wanted != 3 {
                assert!(!writer.is_finished());
                thread::yield_now();
            }
            backlog.call();
            let _waiting = [(); 3].map(|()| {
                assert!(!writer.is_finished());
                send(&backlog, 0).unwrap()
            });
            assert_eq!(backlog.line().wanted, 0, "it is woken, and by nobody else once more");
            assert_eq!(writer.join().unwrap(), 3);
        });
        // The call is still to be looked at: nothing else would end this one.
        let mut group = Group::default();
        backlog.take(&mut group);
        backlog.await_first(None);
        assert_eq!(backlog.waiting().requests, 0);
    }
}
