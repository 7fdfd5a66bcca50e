//! A process group of a program that was started in one of its own: all that it started, unless it went to lengths to
//! leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The group. It is ended once, so that its number is never used for another's.
pub(super) struct Group {
    leader: Option<Pid>,
    ended: AtomicBool,
}

impl Group {
    pub(super) fn of(child: &Child) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { leader, ended: AtomicBool::new(false) }
    }

    /// Ends all of it at once.
    pub(super) fn end(&self) {
        if let (Some(leader), false) = (self.leader, self.ended.swap(true, Ordering::AcqRel)) {
            // Nobody may be left in it.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Ends a group when whoever waited for it stops waiting.
pub(super) struct EndOnDrop(pub(super) Arc<Group>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}
