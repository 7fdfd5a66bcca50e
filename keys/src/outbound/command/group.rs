//! All that a program started: its process group, and whoever left that, who is known by a mark in the environment that was
//! handed down, also to a daemon that is started after another was killed. One that leaves the group and clears its
//! environment too is a matter of `orphans`.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
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
        let mark = self.mark.clone();
        // Without a runtime the daemon is past its end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || end_all(&mark));
        }
    }
}

/// How the marks of all begin that was started for this data folder: no other daemon of this machine has it.
pub(in crate::outbound) fn of_folder(folder: &Path) -> String {
    let (device, file) = folder.metadata().map_or((0, 0), |metadata| (metadata.dev(), metadata.ino()));
    format!("{device:x}.{file:x}-")
}

/// Ends every process whose mark begins so, and whatever those start meanwhile.
pub(in crate::outbound) fn end_all(mark: &str) {
    let mark = format!("{MARK}={mark}").into_bytes();
    let _ = (0..LOOKS).any(|_| !end_marked(&mark));
}

/// Ends every process whose mark begins so, with its group, in which somebody may have lost the mark. Answers whether
/// there was one.
#[cfg(target_os = "linux")]
fn end_marked(mark: &[u8]) -> bool {
    use rustix::process::{PidfdFlags, getpgid, getpgrp, pidfd_open, pidfd_send_signal};

    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found = false;
    for id in ids {
        let has_mark = || {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark))
        };
        if !has_mark() {
            continue;
        }
        // The number may be another's by now; what the handle is of stays the same, and so is looked at once more.
        let Some(pid) = Pid::from_raw(id) else { continue };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        if has_mark() {
            found = true;
            if let Ok(group) = getpgid(Some(pid))
                && group != getpgrp()
            {
                let _ = kill_process_group(group, Signal::KILL);
            }
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
