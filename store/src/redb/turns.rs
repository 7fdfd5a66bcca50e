//! How soon a thread that everybody waits for is given a processor once it has something to do. It must not change how much of
//! one it is given.

/// The length of a turn, ns: the least that Linux takes.
#[cfg(target_os = "linux")]
const TURN_NS: u64 = 100_000;

/// Asks for short turns for the calling thread. One that wakes is let in before threads with longer ones, and need not wait for
/// the end of a turn of theirs, which is milliseconds away: with few processors that is longer than a commit takes. Linux since
/// 6.12 (`sched_setattr(2)`, the slices of EEVDF); where there is no such thing, or it is refused, all stays as it was.
#[cfg(target_os = "linux")]
pub(super) fn shorten() {
    let Some(mut turns) = current() else { return };
    if turns.sched_policy == libc::SCHED_OTHER as u32 {
        turns.sched_runtime = TURN_NS;
        // SAFETY: it reads what `turns.size` says, which is as long as it is (sched_setattr(2)); 0 is this thread.
        #[allow(unsafe_code, reason = "a system call that nobody wraps")]
        let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const turns, 0) };
    }
}

/// How the calling thread is scheduled now.
#[cfg(target_os = "linux")]
fn current() -> Option<libc::sched_attr> {
    const SIZE: u32 = size_of::<libc::sched_attr>() as u32;
    let mut attr = libc::sched_attr {
        size: SIZE,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: it writes at most `SIZE` bytes, which is as long as it is (sched_getattr(2)); 0 is this thread.
    #[allow(unsafe_code, reason = "a system call that nobody wraps")]
    let failed = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attr, SIZE, 0) };
    (failed == 0).then_some(attr)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn shorten() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_s_turns_are_shorter_where_they_have_a_length_and_nothing_else_changes() {
        let of_a_thread = || {
            let before = current().expect("how it is scheduled");
            shorten();
            (before, current().expect("how it is scheduled"))
        };
        let (before, after) = std::thread::spawn(of_a_thread).join().expect("it ends");
        // An older system does not tell of any.
        let expected = if before.sched_runtime == 0 { 0 } else { TURN_NS };
        assert_eq!(after.sched_runtime, expected);
        assert_eq!((after.sched_policy, after.sched_nice), (before.sched_policy, before.sched_nice));
        let here = current().expect("how it is scheduled");
        assert_eq!(here.sched_runtime, before.sched_runtime, "of that thread alone");
    }
}
