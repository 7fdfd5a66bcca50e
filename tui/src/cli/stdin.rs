//! What a command reads: a pipe to its end, or a person at a terminal. Secrets come in here and never as arguments.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::Failure;
use crate::session::{Asked, LineReader};

/// The longest input that is read, in bytes: the longest value, and a passphrase.
const MAX: usize = 72 * 1024;

/// The longest text of many lines, in bytes.
const LONGEST_TEXT: usize = 1 << 20;

/// A command's input.
pub(crate) enum Stdin<'a> {
    /// Bytes up to their end.
    Piped(&'a mut mpsc::Receiver<Bytes>),
    /// Somebody who can be asked.
    Asked(&'a mut LineReader),
    /// What a request brought along.
    Given(&'a SecretString),
}

impl Stdin<'_> {
    /// A secret: all of the input but its last line end, or what a person types unseen.
    pub(super) async fn secret(&mut self, prompt: &str) -> Result<SecretString, Failure> {
        match self {
            Self::Piped(_) | Self::Given(_) => {
                let all = self.all(MAX).await?;
                let text = all.strip_suffix('\n').unwrap_or(&all);
                Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
            }
            Self::Asked(reader) => answer(reader, prompt, false).await,
        }
    }

    /// A text of many lines, whole.
    pub(super) async fn text(&mut self) -> Result<Zeroizing<String>, Failure> {
        self.all(LONGEST_TEXT).await
    }

    /// As many secrets as there are prompts: a line each.
    pub(super) async fn secrets<const N: usize>(
        &mut self,
        prompts: [&str; N],
    ) -> Result<[SecretString; N], Failure> {
        let mut secrets = Vec::with_capacity(N);
        match self {
            Self::Piped(_) | Self::Given(_) => {
                secrets.extend(self.all(MAX).await?.lines().map(SecretString::from));
            }
            Self::Asked(reader) => {
                for prompt in prompts {
                    secrets.push(answer(reader, prompt, false).await?);
                }
            }
        }
        secrets.try_into().map_err(|_| {
            Failure::Usage(format!("the input must have {N} line{}", if N == 1 { "" } else { "s" }))
        })
    }

    /// Whether a person says yes; none when nobody can be asked.
    pub(super) async fn agrees(&mut self, question: &str) -> Result<Option<bool>, Failure> {
        match self {
            Self::Piped(_) | Self::Given(_) => Ok(None),
            Self::Asked(reader) => {
                let answer = answer(reader, question, true).await?;
                Ok(Some(matches!(answer.expose_secret().trim(), "y" | "Y" | "yes" | "Yes")))
            }
        }
    }

    /// Completes when a person stops what runs, by Ctrl-C or (with false) Ctrl-D. A pipe's end stops nothing: with `ssh -n`,
    /// or in the background, it comes at once.
    pub(super) async fn stopped(&mut self) -> bool {
        match self {
            Self::Asked(reader) if reader.pty() => reader.stopped().await,
            Self::Asked(_) | Self::Piped(_) | Self::Given(_) => std::future::pending().await,
        }
    }

    /// Somebody can be asked.
    pub(super) fn can_ask(&self) -> bool {
        matches!(self, Self::Asked(_))
    }

    async fn all(&mut self, most: usize) -> Result<Zeroizing<String>, Failure> {
        let too_long = || Failure::Usage(format!("the input is too long: {most} bytes is the most"));
        let input = match self {
            Self::Piped(input) => input,
            Self::Given(text) if text.expose_secret().len() > most => return Err(too_long()),
            Self::Given(text) => return Ok(Zeroizing::new(text.expose_secret().to_owned())),
            Self::Asked(_) => return Ok(Zeroizing::default()),
        };
        // Full size at once: a growing buffer would leave copies of a secret behind.
        let mut all = Zeroizing::new(Vec::with_capacity(most));
        while let Some(chunk) = input.recv().await {
            if all.len() + chunk.len() > most {
                return Err(too_long());
            }
            all.extend_from_slice(&chunk);
        }
        let text =
            std::str::from_utf8(&all).map_err(|_| Failure::Usage("the input is not UTF-8".to_owned()))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

async fn answer(reader: &mut LineReader, prompt: &str, echo: bool) -> Result<SecretString, Failure> {
    match reader.ask(prompt, echo).await? {
        Asked::Line(line) => Ok(SecretString::from(line.as_str())),
        Asked::Interrupted | Asked::End => Err(Failure::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe(chunks: &[&[u8]]) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(64);
        for chunk in chunks {
            sender.try_send(Bytes::copy_from_slice(chunk)).unwrap();
        }
        receiver
    }

    #[tokio::test]
    async fn a_value_keeps_its_lines_but_not_the_last_end() {
        let mut input = pipe(&[b"-----BEGIN\r\nabc", b"\n-----END\r\n"]);
        let value = Stdin::Piped(&mut input).secret("").await.ok().unwrap();
        assert_eq!(value.expose_secret(), "-----BEGIN\r\nabc\n-----END");
    }

    #[tokio::test]
    async fn value_and_passphrase_are_a_line_each() {
        let mut input = pipe(&[b"sk-1\r\npass", b" phrase\n"]);
        let [value, passphrase] = Stdin::Piped(&mut input).secrets(["", ""]).await.ok().unwrap();
        assert_eq!((value.expose_secret(), passphrase.expose_secret()), ("sk-1", "pass phrase"));
        let mut input = pipe(&[b"only one\n"]);
        assert!(matches!(Stdin::Piped(&mut input).secrets(["", ""]).await, Err(Failure::Usage(_))));
    }

    #[tokio::test]
    async fn too_much_and_not_text_are_refused() {
        let mut input = pipe(&[&vec![b'x'; MAX], b"y"]);
        assert!(matches!(Stdin::Piped(&mut input).secret("").await, Err(Failure::Usage(_))));
        let mut input = pipe(&[b"\xff\xfe"]);
        assert!(matches!(Stdin::Piped(&mut input).secret("").await, Err(Failure::Usage(_))));
    }
}
