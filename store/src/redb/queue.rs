//! What the writer is asked for, what it writes together, and how everybody is answered. It must not write anything.

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::appending::AppendOutcome;
use crate::batch::Batch;
use crate::error::{CommitError, Result};
use crate::interface::Applied;
use crate::redb::copy::Moment;
use crate::redb::group::BatchOutcome;
use crate::table::Table;
use crate::usage::{Appended, UsageEvents};

/// Bytes taken into one group at most, so that no commit is very large.
const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// Requests taken into one group at most.
const GROUP_REQUESTS: usize = 4096;

/// What callers put into the queue.
pub(crate) enum Request {
    /// Apply a batch.
    Commit(Batch, usize, oneshot::Sender<BatchOutcome>),
    /// Store usage events; the answer gives them back, for whoever made them to free.
    Append(UsageEvents, usize, oneshot::Sender<AppendOutcome>),
    /// Show everything that is durable after this group.
    Moment(oneshot::Sender<Result<Moment>>),
}

/// What is written together.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) batches: Vec<Batch>,
    pub(crate) batch_replies: Vec<oneshot::Sender<BatchOutcome>>,
    pub(crate) appends: Vec<UsageEvents>,
    pub(crate) append_replies: Vec<oneshot::Sender<AppendOutcome>>,
    /// Those who are shown what is durable once the group is written.
    pub(crate) moments: Vec<oneshot::Sender<Result<Moment>>>,
    pub(crate) bytes: usize,
}

/// What a group came to, to be told once it is durable.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) outcomes: Vec<BatchOutcome>,
    pub(crate) appended: Vec<Result<Appended>>,
    pub(crate) rows: Vec<Applied>,
    /// A row that only this group wrote, by which it is known whether its commit is in the file; none when
    /// nothing was written.
    pub(crate) marker: Option<(Table, [u8; 8])>,
    pub(crate) folded_through: Option<u64>,
}

impl Group {
    pub(crate) fn take(&mut self, request: Request) {
        match request {
            Request::Commit(batch, bytes, reply) => {
                self.batches.push(batch);
                self.batch_replies.push(reply);
                self.bytes += bytes;
            }
            Request::Append(events, bytes, reply) => {
                self.appends.push(events);
                self.append_replies.push(reply);
                self.bytes += bytes;
            }
            Request::Moment(reply) => self.moments.push(reply),
        }
    }

    /// Whether it has events and nothing else.
    pub(crate) fn is_usage(&self) -> bool {
        self.batches.is_empty() && !self.appends.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= GROUP_BYTES || self.requests() >= GROUP_REQUESTS
    }

    pub(crate) fn requests(&self) -> usize {
        self.batches.len() + self.appends.len() + self.moments.len()
    }

    /// Answers everybody and becomes empty. A caller who went away is no error.
    ///
    /// Appends are answered from within the callers' runtime: one wake-up for all of them, where a wake-up from
    /// this thread for each would cost a system call.
    pub(crate) fn answer(&mut self, result: Result<Done>, runtime: Option<&Handle>) {
        self.bytes = 0;
        self.batches.clear();
        let several = self.append_replies.len() > 1;
        match result {
            Ok(done) => {
                for (reply, outcome) in self.batch_replies.drain(..).zip(done.outcomes) {
                    let _ = reply.send(outcome);
                }
                // The next group will be about as large.
                let room = self.appends.len();
                let events = std::mem::replace(&mut self.appends, Vec::with_capacity(room));
                let outcomes = done.appended.into_iter().zip(events);
                let replies = std::mem::replace(&mut self.append_replies, Vec::with_capacity(room));
                let replies = replies.into_iter().zip(outcomes);
                let send = move || {
                    for (reply, (appended, events)) in replies {
                        let _ = reply.send(appended.map(|appended| (appended, events)));
                    }
                };
                match runtime {
                    Some(runtime) if several => drop(runtime.spawn(async move { send() })),
                    _ => send(),
                }
            }
            Err(error) => {
                self.appends.clear();
                for reply in self.batch_replies.drain(..) {
                    let _ = reply.send(Err(CommitError::Store(error.share())));
                }
                for reply in self.append_replies.drain(..) {
                    let _ = reply.send(Err(error.share()));
                }
            }
        }
    }
}
