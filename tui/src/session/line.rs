//! Asking for one line at a time: the editor of the plain mode and of enrolment. It works in any terminal, because
//! it moves no cursor but back over what was typed. It never logs what was typed.

#[cfg(test)]
pub(super) mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

use super::{Output, OutputGone};
use crate::term::caps::Caps;
use crate::term::input::{Decoder, Input, Key, KeyCode, Reply};
use crate::term::modes;

/// The longest line that is kept, in bytes; more is refused with a bell.
const MAX_LINE: usize = 72 * 1024;

/// How long a terminal is waited for that was asked for its ground.
const GROUND: Duration = Duration::from_millis(200);

const BELL: &str = "\x07";
/// Takes one column back.
const ERASE: &str = "\x08 \x08";

/// What the last word of a line could become.
pub(crate) type Complete<'a> = dyn Fn(String) -> BoxFuture<'a, Vec<String>> + Send + Sync + 'a;

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

    /// Asks the terminal whether its ground is light, and waits for the answer, but not for long. What is typed
    /// meanwhile is kept.
    pub(crate) async fn ground(&mut self, caps: &mut Caps) -> Result<(), OutputGone> {
        if !self.pty || caps.plain || caps.basic || caps.light_background.is_some() {
            return Ok(());
        }
        self.output.send(Bytes::from_static(modes::GROUND)).await?;
        let until = Instant::now() + GROUND;
        let mut typed = VecDeque::new();
        while let Ok(Some(input)) = timeout_at(until, self.next()).await {
            match input {
                Input::Reply(Reply::Background(rgb)) => {
                    caps.apply(&Reply::Background(rgb), &mut Vec::new());
                }
                Input::Reply(Reply::Attributes(_)) => break,
                input => typed.push_back(input),
            }
        }
        typed.append(&mut self.ready);
        self.ready = typed;
        Ok(())
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
            if let Typed::Asked(asked) = self.typed(&mut line, echo).await? {
                return Ok(asked.with(line));
            }
        }
    }

    /// Asks for a command: Up and Down bring back the lines of `past`, oldest first, and Tab goes on with what `complete`
    /// says the last word could become.
    pub(crate) async fn command(
        &mut self,
        prompt: &str,
        past: &[String],
        complete: &Complete<'_>,
    ) -> Result<Asked, OutputGone> {
        if self.pty {
            self.print(prompt).await?;
        }
        let mut line = Zeroizing::new(String::with_capacity(128));
        // What was being typed stands after the last.
        let (mut at, mut typed) = (past.len(), String::new());
        loop {
            let wanted = match self.typed(&mut line, true).await? {
                Typed::Asked(asked) => return Ok(asked.with(line)),
                Typed::Earlier => at.checked_sub(1),
                Typed::Later => Some(at + 1).filter(|at| *at <= past.len()),
                Typed::Complete => {
                    let words = complete(line.as_str().to_owned()).await;
                    self.completed(&mut line, prompt, words).await?;
                    continue;
                }
            };
            let Some(wanted) = wanted else {
                self.echo(true, BELL).await?;
                continue;
            };
            if at == past.len() {
                typed.clone_from(&line);
            }
            at = wanted;
            let width: usize = line.chars().map(columns).sum();
            self.echo(true, &ERASE.repeat(width)).await?;
            line.clear();
            line.push_str(past.get(at).unwrap_or(&typed));
            self.echo(true, &line).await?;
        }
    }

    /// Goes on with the last word as far as all that it could become agree, and shows them where that is no further.
    async fn completed(&self, line: &mut String, prompt: &str, words: Vec<String>) -> Result<(), OutputGone> {
        let begun = line.rsplit(char::is_whitespace).next().unwrap_or_default().to_owned();
        let common = words.iter().skip(1).fold(words.first().cloned().unwrap_or_default(), |common, word| {
            common.chars().zip(word.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
        });
        let mut more = common.strip_prefix(&begun).unwrap_or_default().to_owned();
        if words.len() == 1 {
            more.push(' ');
        }
        if line.len() + more.len() > MAX_LINE || words.is_empty() {
            return self.echo(true, BELL).await;
        }
        line.push_str(&more);
        if !more.is_empty() {
            return self.echo(true, &more).await;
        }
        self.print(&format!("\n{}\n{prompt}{line}", words.join("  "))).await
    }

    /// Takes in what is typed until that is more than typing.
    async fn typed(&mut self, line: &mut String, echo: bool) -> Result<Typed, OutputGone> {
        loop {
            let Some(input) = self.next().await else {
                return Ok(Typed::Asked(if line.is_empty() { Ended::End } else { Ended::Line }));
            };
            match input {
                Input::Key(key) => match edit(line, key) {
                    Edit::Accepted => {
                        self.echo(true, "\r\n").await?;
                        return Ok(Typed::Asked(Ended::Line));
                    }
                    Edit::Interrupted => {
                        self.echo(true, "^C\r\n").await?;
                        return Ok(Typed::Asked(Ended::Interrupted));
                    }
                    Edit::End => {
                        self.echo(true, "\r\n").await?;
                        return Ok(Typed::Asked(Ended::End));
                    }
                    Edit::Earlier => return Ok(Typed::Earlier),
                    Edit::Later => return Ok(Typed::Later),
                    Edit::Complete => return Ok(Typed::Complete),
                    Edit::Typed(c) => self.echo(echo, c.encode_utf8(&mut [0; 4])).await?,
                    Edit::Erased(columns) => self.echo(echo, &ERASE.repeat(columns)).await?,
                    Edit::Refused => self.echo(true, BELL).await?,
                    Edit::Nothing => {}
                },
                Input::Paste(paste) => {
                    let first = paste.text.lines().next().unwrap_or_default();
                    if line.len() + first.len() <= MAX_LINE {
                        line.push_str(first);
                        self.echo(echo, first).await?;
                    } else {
                        self.echo(true, BELL).await?;
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
    /// The line before this one, or after it.
    Earlier,
    Later,
    Complete,
    Nothing,
}

/// Why typing stopped for a moment.
enum Typed {
    Asked(Ended),
    Earlier,
    Later,
    Complete,
}

/// How a line ended.
enum Ended {
    Line,
    Interrupted,
    End,
}

impl Ended {
    fn with(self, line: Zeroizing<String>) -> Asked {
        match self {
            Self::Line => Asked::Line(line),
            Self::Interrupted => Asked::Interrupted,
            Self::End => Asked::End,
        }
    }
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn edit(line: &mut String, key: Key) -> Edit {
    match key.code {
        KeyCode::Up => Edit::Earlier,
        KeyCode::Down => Edit::Later,
        KeyCode::Char('p') if key.mods.ctrl => Edit::Earlier,
        KeyCode::Char('n') if key.mods.ctrl => Edit::Later,
        KeyCode::Tab => Edit::Complete,
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
