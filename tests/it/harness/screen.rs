//! A terminal emulator at the end of an SSH channel: tests type, and wait until the screen shows what it should.

use std::sync::Arc;
use std::time::{Duration, Instant};

use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::watch;

use super::DEADLINE;

/// A person's terminal.
pub(crate) struct Screen {
    writer: ChannelWriteHalf<Msg>,
    seen: watch::Receiver<Seen>,
    reading: tokio::task::JoinHandle<()>,
}

/// What has come so far.
#[derive(Clone)]
pub(crate) struct Seen {
    parser: Arc<std::sync::Mutex<vt100::Parser>>,
    /// Every byte, for tests about escape sequences.
    pub(crate) raw: Arc<std::sync::Mutex<Vec<u8>>>,
    pub(crate) exit_status: Option<u32>,
    pub(crate) closed: bool,
}

impl Screen {
    pub(super) fn new(channel: Channel<Msg>, cols: u16, rows: u16) -> Self {
        let (reader, writer) = channel.split();
        let seen = Seen {
            parser: Arc::new(std::sync::Mutex::new(vt100::Parser::new(rows, cols, 0))),
            raw: Arc::default(),
            exit_status: None,
            closed: false,
        };
        let (publish, seen) = watch::channel(seen);
        let reading = tokio::spawn(read(reader, publish));
        Self { writer, seen, reading }
    }

    /// Types these bytes.
    pub(crate) async fn press(&self, bytes: impl AsRef<[u8]>) {
        self.writer.data_bytes(bytes.as_ref().to_vec()).await.expect("the channel is open");
    }

    /// The window gets another size.
    pub(crate) async fn resize(&self, cols: u16, rows: u16) {
        let seen = self.seen.borrow();
        seen.parser.lock().expect("the emulator").screen_mut().set_size(rows, cols);
        drop(seen);
        self.writer.window_change(cols.into(), rows.into(), 0, 0).await.expect("the channel is open");
    }

    /// Waits until the screen is as it should be; fails with what it shows instead. Answers how long it took.
    pub(crate) async fn wait_for(
        &mut self,
        what: &str,
        condition: impl Fn(&vt100::Screen) -> bool,
    ) -> Duration {
        self.wait(what, |seen| condition(seen.parser.lock().expect("the emulator").screen())).await
    }

    /// Waits until the screen has this text somewhere.
    pub(crate) async fn wait_text(&mut self, text: &str) -> Duration {
        self.wait_for(text, |screen| screen.contents().contains(text)).await
    }

    /// Waits until the other side has closed the channel; answers the exit status.
    pub(crate) async fn wait_end(&mut self) -> Option<u32> {
        self.wait("the session ends", |seen| seen.closed).await;
        self.seen.borrow().exit_status
    }

    async fn wait(&mut self, what: &str, condition: impl Fn(&Seen) -> bool) -> Duration {
        let started = Instant::now();
        let waiting = self.seen.wait_for(|seen| condition(seen));
        let why = match tokio::time::timeout(DEADLINE, waiting).await.map(|seen| seen.is_ok()) {
            Ok(true) => return started.elapsed(),
            Ok(false) => "the session is gone",
            Err(_) => "the deadline passed",
        };
        panic!("{why}; waited for: {what}\n{}", self.text());
    }

    /// What the screen shows, as text.
    pub(crate) fn text(&self) -> String {
        self.with(|screen| screen.contents())
    }

    /// Looks at the emulator.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.borrow().parser.lock().expect("the emulator").screen())
    }

    /// Every byte that has come.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen.borrow().raw.lock().expect("the bytes").clone()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(mut reader: ChannelReadHalf, publish: watch::Sender<Seen>) {
    while let Some(message) = reader.wait().await {
        match message {
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => {
                publish.send_modify(|seen| {
                    seen.parser.lock().expect("the emulator").process(&data);
                    seen.raw.lock().expect("the bytes").extend_from_slice(&data);
                });
            }
            ChannelMsg::ExitStatus { exit_status } => {
                publish.send_modify(|seen| seen.exit_status = Some(exit_status));
            }
            _ => {}
        }
    }
    publish.send_modify(|seen| seen.closed = true);
    // Kept open so that a test may still look at the last screen.
    publish.closed().await;
}
