//! Word from the server that a key has changed, so that it is seen at once. It is a hint and no more: what has changed is
//! found by looking. A server that tells nothing, or a proxy that holds it back, leaves the looks at their times.

use std::time::Duration;

use http_body_util::BodyExt;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::client::Client;

/// A stream that is silent for so long has died on the way: a comment comes every 15 seconds.
const SILENCE: Duration = Duration::from_secs(50);

/// Listens for ever, and says when something was told; after a stream has ended it waits before it asks for another.
pub(super) async fn listen(client: &Client, hint: &Notify, pause: impl Fn() -> Duration) {
    loop {
        if let Ok(mut events) = client.events().await {
            let mut comments = Comments::default();
            while let Ok(Some(Ok(frame))) = timeout(SILENCE, events.frame()).await {
                if frame.data_ref().is_some_and(|bytes| !comments.are_all_of(bytes)) {
                    hint.notify_one();
                }
            }
        }
        tokio::time::sleep(pause()).await;
    }
}

/// Knows comments from events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): a line that begins
/// with a colon says nothing.
struct Comments {
    line_begins: bool,
}

impl Default for Comments {
    fn default() -> Self {
        Self { line_begins: true }
    }
}

impl Comments {
    /// Whether these bytes, which follow those before, say nothing.
    fn are_all_of(&mut self, bytes: &[u8]) -> bool {
        let mut silent = true;
        for byte in bytes {
            silent &= !self.line_begins || matches!(byte, b':' | b'\n' | b'\r');
            self.line_begins = *byte == b'\n';
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_say_nothing_however_they_are_cut() {
        for (text, silent) in [
            (":\n\n", true),
            (": event: x\r\n\r\n:\n\n", true),
            (":\n\nevent: api_key_update\ndata: {}\n\n", false),
            ("data: 1\n\n", false),
        ] {
            for size in 1..=text.len() {
                let mut comments = Comments::default();
                let all =
                    text.as_bytes().chunks(size).fold(true, |all, piece| all & comments.are_all_of(piece));
                assert_eq!(all, silent, "{text:?} in pieces of {size}");
            }
        }
    }
}
