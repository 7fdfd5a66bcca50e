//! All that a program started: its process group, and whoever left that, who is known by a mark in the environment that was
//! handed down. Only one that leaves the group and clears its environment too is not found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The variable that holds the mark.
pub(super) const MARK: &str = "KEYWARD_RUN";

/// Looks at all processes for those that left: whoever is looked at may just be starting another.
const LOOKS: usize = 8;

/// The group. It is ended once, so that its number is never used for another's.
pub(super) struct Group {
    leader: Option<Pid>,
    mark: String,
    ended: AtomicBool,
}

impl Group {
    /// That of a child which was started with this mark.
    pub(super) fn of(child: &Child, mark: String) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { leader, mark, ended: AtomicBool::new(false) }
    }

    /// Ends all of it at once; those that left it, a moment later.
    pub(super) fn end(&self) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(leader) = self.leader {
            // Nobody may be left in it.
            let _ = kill_process_group(leader, Signal::KILL);
        }
        let mark = format!("{MARK}={}", self.mark).into_bytes();
        // Without a runtime the daemon is past its end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || (0..LOOKS).any(|_| !end_marked(&mark)));
        }
    }
}

/// Ends every process that has the mark. Answers whether there was one.
#[cfg(target_os = "linux")]
fn end_marked(mark: &[u8]) -> bool {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found = false;
    for id in ids {
        let has_mark = || {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark)
        };
        if !has_mark() {
            continue;
        }
        // The number may be another's by now; what the handle is of stays the same, and so is looked at once more.
        let Some(handle) = Pid::from_raw(id).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            continue;
        };
        if has_mark() {
            found = true;
            let _ = pidfd_send_signal(&handle, Signal::KILL);
        }
    }
    found
}

/// Other systems do not tell what a process was started with.
#[cfg(not(target_os = "linux"))]
fn end_marked(_mark: &[u8]) -> bool {
    false
}

/// Ends a group when whoever waited for it stops waiting.
pub(super) struct EndOnDrop(pub(super) Arc<Group>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}
