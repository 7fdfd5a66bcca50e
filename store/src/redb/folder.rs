//! The thread that works folds out beside the writer, which goes on taking usage into the journal meanwhile. It sleeps while
//! there is nothing to fold. It must not write anything: what it made goes back to the writer, for a commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::error::{Error, Result};
use crate::redb::backlog::Backlog;
use crate::redb::port::RawSnapshot;
use crate::usage::{Packer, Planned, Worked};

/// Folds, and the rows as the last commit left them.
type Order = (Planned, RawSnapshot);

/// A handle to the thread; dropping it waits for its end.
pub(crate) struct Folder {
    orders: Option<SyncSender<Order>>,
    worked: Receiver<Result<Worked>>,
    thread: Option<JoinHandle<()>>,
}

impl Folder {
    /// Starts it; the writer is called at its `backlog` when something is worked out.
    pub(crate) fn start(backlog: Arc<Backlog>) -> Result<Self> {
        // The writer orders one slice at a time.
        let ((orders, ordered), (done, worked)) = (sync_channel(1), sync_channel(1));
        let mut packer = Packer::new().map_err(Error::Io)?;
        let run = move || run(&ordered, &mut packer, &done, &backlog);
        let thread = std::thread::Builder::new().name("store-folder".into()).spawn(run).map_err(Error::Io)?;
        Ok(Self { orders: Some(orders), worked, thread: Some(thread) })
    }

    /// Has folds worked out. [`Error::Closed`] when the thread is gone.
    pub(crate) fn order(&self, planned: Planned, read: RawSnapshot) -> Result<()> {
        let orders = self.orders.as_ref().ok_or(Error::Closed)?;
        orders.send((planned, read)).map_err(|_| Error::Closed)
    }

    /// What was ordered, once it is worked out.
    pub(crate) fn finished(&self) -> Option<Result<Worked>> {
        self.worked.try_recv().ok()
    }

    /// Waits for what was ordered.
    pub(crate) fn wait(&self) -> Result<Worked> {
        self.worked.recv().unwrap_or(Err(Error::Closed))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.orders.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's folding had panicked");
        }
    }
}

fn run(ordered: &Receiver<Order>, packer: &mut Packer, done: &SyncSender<Result<Worked>>, backlog: &Backlog) {
    while let Ok((planned, read)) = ordered.recv() {
        // The writer waits for an answer, whatever happens here.
        let worked = catch_unwind(AssertUnwindSafe(|| planned.work_out(packer, &*read)));
        drop(read);
        if done.send(worked.unwrap_or(Err(Error::Closed))).is_err() {
            return;
        }
        backlog.call();
    }
}
