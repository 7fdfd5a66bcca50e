//! What is typed becomes the line that is answered, and nothing else is shown of it.

use std::sync::Mutex;

use super::*;

/// Keeps what was sent.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<u8>>);

impl Output for Kept {
    fn send(&self, bytes: Bytes) -> BoxFuture<'static, Result<(), OutputGone>> {
        self.0.lock().unwrap().extend_from_slice(&bytes);
        Box::pin(std::future::ready(Ok(())))
    }
}

async fn type_in(bytes: &[u8], echo: bool) -> (Asked, String) {
    let (sender, input) = mpsc::channel(8);
    let output = Arc::new(Kept::default());
    let mut reader = LineReader::new(input, Arc::clone(&output) as Arc<dyn Output>, true);
    for chunk in bytes.chunks(3) {
        sender.try_send(Bytes::copy_from_slice(chunk)).unwrap();
    }
    drop(sender);
    let asked = reader.ask("> ", echo).await.unwrap();
    let shown = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    (asked, shown)
}

#[tokio::test]
async fn edits_are_applied_and_shown() {
    let (asked, shown) = type_in("añx\x7f b\x17c\r".as_bytes(), true).await;
    assert!(matches!(asked, Asked::Line(line) if line.as_str() == "añ c"));
    let mut screen = vt100::Parser::new(3, 20, 0);
    screen.process(shown.as_bytes());
    assert_eq!(screen.screen().contents().trim_end(), "> añ c");
}

#[tokio::test]
async fn a_secret_leaves_no_trace_on_the_screen() {
    let (asked, shown) = type_in(b"hunt\x7fter2\r", false).await;
    assert!(matches!(asked, Asked::Line(line) if line.as_str() == "hunter2"));
    assert_eq!(shown, "> \r\n");
}

#[tokio::test]
async fn sequences_are_never_typing() {
    let (asked, _) = type_in(b"\x1b[=1;2y\x1b]0;rm\x07ok\x1b[A\r", true).await;
    assert!(matches!(asked, Asked::Line(line) if line.as_str() == "ok"));
}

async fn command(bytes: &[u8], past: &[&str], words: &[&str]) -> (Asked, String) {
    let (sender, input) = mpsc::channel(8);
    let output = Arc::new(Kept::default());
    let mut reader = LineReader::new(input, Arc::clone(&output) as Arc<dyn Output>, true);
    sender.try_send(Bytes::copy_from_slice(bytes)).unwrap();
    drop(sender);
    let past: Vec<String> = past.iter().map(ToString::to_string).collect();
    let complete = |line: String| -> BoxFuture<'_, Vec<String>> {
        let last = line.rsplit(' ').next().unwrap();
        let fitting = words.iter().filter(|word| word.starts_with(last)).map(ToString::to_string).collect();
        Box::pin(std::future::ready(fitting))
    };
    let asked = reader.command("> ", &past, &complete).await.unwrap();
    let mut screen = vt100::Parser::new(5, 30, 0);
    screen.process(&output.0.lock().unwrap());
    (asked, screen.screen().contents().trim_end().to_owned())
}

#[tokio::test]
async fn earlier_commands_come_back_and_what_was_begun_stays() {
    let past = ["whoami", "keys ls --json"];
    for (typed, line) in [
        (&b"x\x1b[A\x1b[A\r"[..], "whoami"),
        (b"\x10\x10\x10\r", "whoami"),
        (b"\x1b[A\x1b[A\x1b[B\x7f\r", "keys ls --jso"),
        (b"begun\x1b[A\x1b[B\x1b[B\r", "begun"),
    ] {
        let (asked, shown) = command(typed, &past, &[]).await;
        assert!(matches!(asked, Asked::Line(asked) if asked.as_str() == line), "{typed:?}");
        assert_eq!(shown, format!("> {line}"));
    }
}

#[tokio::test]
async fn a_word_is_gone_on_with_as_far_as_it_is_clear() {
    let words = ["stripe-live", "stripe-test", "show"];
    let of = async |typed: &[u8]| command(typed, &[], &words).await;
    let (asked, _) = of(b"keys sh\tx\r").await;
    assert!(matches!(asked, Asked::Line(line) if line.as_str() == "keys show x"));
    let (asked, shown) = of(b"keys get st\t\tl\t\r").await;
    assert!(matches!(asked, Asked::Line(line) if line.as_str() == "keys get stripe-live "));
    assert_eq!(shown, "> keys get stripe-\nstripe-live  stripe-test\n> keys get stripe-live");
    let (asked, _) = of(b"zz\t\r").await;
    assert!(matches!(asked, Asked::Line(line) if line.as_str() == "zz"));
}

#[tokio::test]
async fn the_ways_out() {
    assert!(matches!(type_in(b"abc\x03", true).await.0, Asked::Interrupted));
    assert!(matches!(type_in(b"\x04", true).await.0, Asked::End));
    assert!(matches!(type_in(b"", true).await.0, Asked::End));
    assert!(matches!(type_in(b"cut", true).await.0, Asked::Line(line) if line.as_str() == "cut"));
}

#[test]
fn line_ends_are_a_terminals_only_with_a_pty() {
    assert_eq!(terminal_lines(b"a\nb", true), b"a\r\nb".as_slice());
    assert_eq!(terminal_lines(b"a\nb\n", false), b"a\nb\n".as_slice());
}
