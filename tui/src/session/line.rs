//! Asking for one line at a time: the editor of the plain mode and of enrolment. It works in any terminal, because
//! it moves no cursor but back over what was typed. It never logs what was typed.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

use super::{Output, OutputGone};
use crate::term::input::{Decoder, Input, Key, KeyCode};

/// The longest line that is kept, in bytes; more is refused with a bell.
const MAX_LINE: usize = 72 * 1024;

/// What became of a question.
pub(crate) enum Asked {
    /// The line, without its end; wiped when dropped.
    Line(Zeroizing<String>),
    /// Ctrl-C.
    Interrupted,
    /// The input has ended (or Ctrl-D on an empty line).
    End,
}

/// Reads lines from a terminal, or from a pipe.
pub(crate) struct LineReader {
    input: mpsc::Receiver<Bytes>,
    decoder: Decoder,
    ready: VecDeque<Input>,
    output: Arc<dyn Output>,
    pty: bool,
}

impl LineReader {
    /// Reads from `input` and echoes to `output`; nothing is echoed when there is no `pty`.
    pub(crate) fn new(input: mpsc::Receiver<Bytes>, output: Arc<dyn Output>, pty: bool) -> Self {
        Self { input, decoder: Decoder::default(), ready: VecDeque::new(), output, pty }
    }

    /// There is a terminal, so questions make sense.
    pub(crate) fn pty(&self) -> bool {
        self.pty
    }

    /// Writes text whose lines end in `\n`.
    pub(crate) async fn print(&self, text: &str) -> Result<(), OutputGone> {
        self.output.send(terminal_lines(text.as_bytes(), self.pty)).await
    }

    /// Where it echoes to.
    pub(crate) fn output(&self) -> Arc<dyn Output> {
        Arc::clone(&self.output)
    }

    /// The input, for whoever takes over the terminal.
    pub(crate) fn into_input(self) -> mpsc::Receiver<Bytes> {
        self.input
    }

    /// Asks for one line. What is typed stays invisible without `echo`.
    pub(crate) async fn ask(&mut self, prompt: &str, echo: bool) -> Result<Asked, OutputGone> {
        if self.pty {
            self.print(prompt).await?;
        }
        // Full size at once: a growing buffer would leave copies of a secret behind.
        let mut line = Zeroizing::new(String::with_capacity(if echo { 128 } else { MAX_LINE }));
        loop {
            let Some(input) = self.next().await else {
                return Ok(if line.is_empty() { Asked::End } else { Asked::Line(line) });
            };
            match input {
                Input::Key(key) => match edit(&mut line, key) {
                    Edit::Accepted => {
                        self.echo(true, "\r\n").await?;
                        return Ok(Asked::Line(line));
                    }
                    Edit::Interrupted => {
                        self.echo(true, "^C\r\n").await?;
                        return Ok(Asked::Interrupted);
                    }
                    Edit::End => {
                        self.echo(true, "\r\n").await?;
                        return Ok(Asked::End);
                    }
                    Edit::Typed(c) => self.echo(echo, c.encode_utf8(&mut [0; 4])).await?,
                    Edit::Erased(columns) => self.echo(echo, &"\x08 \x08".repeat(columns)).await?,
                    Edit::Refused => self.echo(true, "\x07").await?,
                    Edit::Nothing => {}
                },
                Input::Paste(paste) => {
                    let first = paste.text.lines().next().unwrap_or_default();
                    if line.len() + first.len() <= MAX_LINE {
                        line.push_str(first);
                        self.echo(echo, first).await?;
                    } else {
                        self.echo(true, "\x07").await?;
                    }
                }
                Input::Mouse(_) | Input::Focus(_) | Input::Reply(_) => {}
            }
        }
    }

    /// Completes with Ctrl-C (true), or with Ctrl-D or the input's end (false); all else that is typed is let go.
    pub(crate) async fn stopped(&mut self) -> bool {
        loop {
            match self.next().await {
                Some(Input::Key(Key { code: KeyCode::Char('c'), mods })) if mods.ctrl => return true,
                Some(Input::Key(Key { code: KeyCode::Char('d'), mods })) if mods.ctrl => return false,
                Some(_) => {}
                None => return false,
            }
        }
    }

    async fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Some(input);
            }
            let bytes = self.input.recv().await?;
            let ready = &mut self.ready;
            self.decoder.feed(&bytes, &mut |input| ready.push_back(input));
        }
    }

    async fn echo(&self, visible: bool, text: &str) -> Result<(), OutputGone> {
        if !(visible && self.pty) {
            return Ok(());
        }
        self.output.send(Bytes::copy_from_slice(text.as_bytes())).await
    }
}

/// Bytes whose lines end in `\n`, with the ends that a raw terminal needs when there is a `pty`. Wiped when sent.
pub(crate) fn terminal_lines(text: &[u8], pty: bool) -> Bytes {
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(text.len() + if pty { text.len() / 16 + 16 } else { 0 }));
    if pty {
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => bytes.extend_from_slice(&[line, b"\r\n"].concat()),
                None => bytes.extend_from_slice(line),
            }
        }
    } else {
        bytes.extend_from_slice(text);
    }
    Bytes::from_owner(bytes)
}

#[derive(PartialEq, Eq, Debug)]
enum Edit {
    Accepted,
    Interrupted,
    End,
    Typed(char),
    /// So many columns went.
    Erased(usize),
    Refused,
    Nothing,
}

fn edit(line: &mut String, key: Key) -> Edit {
    let columns = |c: char| c.width().unwrap_or(0);
    match key.code {
        KeyCode::Enter => Edit::Accepted,
        KeyCode::Char('c') if key.mods.ctrl => Edit::Interrupted,
        KeyCode::Char('d') if key.mods.ctrl && line.is_empty() => Edit::End,
        KeyCode::Char('u') if key.mods.ctrl => {
            let width = line.chars().map(columns).sum();
            line.clear();
            Edit::Erased(width)
        }
        KeyCode::Char('w') if key.mods.ctrl => {
            let kept = line.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            let width = line[kept..].chars().map(columns).sum();
            line.truncate(kept);
            Edit::Erased(width)
        }
        KeyCode::Backspace => line.pop().map_or(Edit::Nothing, |c| Edit::Erased(columns(c))),
        KeyCode::Char(c) if !key.mods.ctrl && !key.mods.alt => {
            if line.len() + c.len_utf8() > MAX_LINE {
                return Edit::Refused;
            }
            line.push(c);
            Edit::Typed(c)
        }
        _ => Edit::Nothing,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use futures_util::future::BoxFuture;

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
}
