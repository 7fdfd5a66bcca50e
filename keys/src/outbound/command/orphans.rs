//! Processes that have left their group and lost their mark. Linux gives them to the daemon once whoever started them has
//! ended (`PR_SET_CHILD_SUBREAPER`, prctl(2)), and they are ended as soon as no command is under way that may have started
//! them. What holds for a process is kept for the process: it starts nothing but commands.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::process::Child;

use crate::outbound::error::CallResult;

/// Looks at most: whoever is ended leaves to the daemon what it has started.
#[cfg(target_os = "linux")]
const LOOKS: usize = 64;

/// The commands under way, and when each was started, in ticks since the machine was.
static UNDER_WAY: Mutex<Option<BTreeMap<i32, u64>>> = Mutex::new(None);

fn under_way() -> MutexGuard<'static, Option<BTreeMap<i32, u64>>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on this process is given what its commands leave behind. For a daemon that is a process of its own: whatever
/// else it starts would be taken for theirs. The first process of a container is given everybody's anyway, and adopts none.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpid, set_child_subreaper};
        let me = getpid();
        // Where the system refuses, what there was before remains: groups and marks.
        if !me.is_init() && set_child_subreaper(Some(me)).is_ok() {
            under_way().get_or_insert_default();
        }
    }
}

/// A command that is under way until this is dropped, which it must not be before the command was waited for.
pub(super) struct UnderWay(i32);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(commands) = under_way().as_mut() {
            commands.remove(&self.0);
        }
    }
}

/// Starts a command, known for one from its first moment on.
pub(super) fn start(spawn: impl FnOnce() -> CallResult<Child>) -> CallResult<(Child, UnderWay)> {
    let mut commands = under_way();
    let child = spawn()?;
    let id = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
    if let Some(commands) = commands.as_mut() {
        commands.insert(id, started(id));
    }
    Ok((child, UnderWay(id)))
}

/// Ends every process that was left to this one and is older than every command under way.
pub(super) fn end_orphans() {
    #[cfg(target_os = "linux")]
    let _ = (0..LOOKS).any(|_| !end_once());
}

/// Answers whether there was one.
#[cfg(target_os = "linux")]
fn end_once() -> bool {
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};

    // Nobody is started meanwhile.
    let commands = under_way();
    let Some(commands) = commands.as_ref() else { return false };
    let oldest = commands.values().min().copied().unwrap_or(u64::MAX);
    let me = getpid().as_raw_nonzero().get();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found = false;
    for (id, stat) in ids.filter_map(|id| Some((id, Stat::of(id)?))) {
        if stat.parent != me || commands.contains_key(&id) || (stat.started >= oldest && !stat.ended) {
            continue;
        }
        // Its number is nobody else's until it was waited for, which nobody else does.
        let Some(pid) = Pid::from_raw(id) else { continue };
        found = true;
        let _ = kill_process(pid, Signal::KILL);
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
    found
}

#[cfg(target_os = "linux")]
fn started(id: i32) -> u64 {
    Stat::of(id).map_or(0, |stat| stat.started)
}

/// Other systems give no orphans away.
#[cfg(not(target_os = "linux"))]
fn started(_id: i32) -> u64 {
    0
}

/// What proc(5) tells of a process in `stat`.
#[cfg(target_os = "linux")]
struct Stat {
    /// It has ended, and was not waited for.
    ended: bool,
    parent: i32,
    started: u64,
}

#[cfg(target_os = "linux")]
impl Stat {
    fn of(id: i32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name stands in parentheses, and may hold more of them.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            ended: *fields.first()? == "Z",
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}
