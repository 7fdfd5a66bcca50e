//! A session whose screens fail: its terminal is given back, the incident is named, and the others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use keyward_tui::session::{
    self, ExitReason, HostInfo, Output, OutputGone, Spots, Stop, Terminal, TimeLimits,
};
use keyward_tui::term::caps::Caps;
use keyward_tui::term::environment::Environment;
use tokio::sync::{mpsc, watch};

use crate::harness::{Server, Tty, within};

/// Whose dashboards go on.
const OTHERS: usize = 99;

/// An output that fails at its second frame, in the middle of the session's own task, as a page that panics would.
struct Failing {
    frames: AtomicU32,
    seen: mpsc::UnboundedSender<Bytes>,
}

impl Output for Failing {
    fn send(&self, bytes: Bytes) -> BoxFuture<'static, Result<(), OutputGone>> {
        assert!(self.frames.fetch_add(1, Ordering::Relaxed) != 1, "the second frame fails");
        Box::pin(ready(self.seen.send(bytes).map_err(|_| OutputGone)))
    }
}

#[tokio::test]
async fn a_panic_gives_its_terminal_back_and_leaves_the_others_alone() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
        tty.until("Start here").await;
        others.push(tty);
    }
    let (input_to, input) = mpsc::channel(session::INPUT_QUEUE);
    let (_size_to, size) = watch::channel((80, 24));
    let (seen, mut frames) = mpsc::unbounded_channel();
    let caps = Caps::detect("xterm-256color", &Environment::default());
    let terminal =
        Terminal { input, size, output: Arc::new(Failing { frames: AtomicU32::new(0), seen }), caps };
    let host = HostInfo::reached("localhost", 2222, &ana.login);
    let (caller, service, spots) = (ana.caller.clone(), server.service.clone(), Spots::default());
    input_to.send(Bytes::from_static(b"2")).await.unwrap();
    let run = session::run(terminal, caller, service, host, Stop::default(), TimeLimits::default(), &spots);
    let reason = within("the end of the session that fails", run).await;
    assert_eq!((reason, reason.status()), (ExitReason::Crashed, 70));

    let mut emulator = vt100::Parser::new(24, 80, 0);
    let mut entered = false;
    while let Ok(bytes) = frames.try_recv() {
        emulator.process(&bytes);
        entered |= emulator.screen().alternate_screen();
    }
    let screen = emulator.screen();
    assert!(entered && !screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    assert!(screen.contents().contains("The screen failed (incident "), "{}", screen.contents());
    for tty in &mut others {
        tty.type_in("2").await;
        tty.until("No API keys yet").await;
    }
}
