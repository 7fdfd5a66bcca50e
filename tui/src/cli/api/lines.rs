//! Lines of a client that sends when it likes: it is read also while something else is done, up to a bound.

use bytes::Bytes;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// The longest line, in bytes: an import with its text, escaped.
const LONGEST: usize = 2 << 20;

/// Bytes that wait at the most. Who sends more than that, and than a channel queues, is cut off.
const MOST: usize = 4 << 20;

/// A client's lines.
pub(super) struct Lines {
    input: mpsc::Receiver<Bytes>,
    /// Lines may hold secrets.
    waiting: Zeroizing<Vec<u8>>,
    /// No line ends before this place.
    looked: usize,
    ended: bool,
    /// The rest of a line that was too long is passed over.
    passing: bool,
}

impl Lines {
    pub(super) fn new(input: mpsc::Receiver<Bytes>) -> Self {
        Self { input, waiting: Zeroizing::default(), looked: 0, ended: false, passing: false }
    }

    /// The next line without its end, or what is wrong with it; none at the end. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Zeroizing<Vec<u8>>, String>> {
        let too_long = || Some(Err(format!("the line is too long: {LONGEST} bytes is the most")));
        loop {
            let end = self.waiting[self.looked..].iter().position(|byte| *byte == b'\n');
            if let Some(end) = end.map(|at| self.looked + at) {
                let line = Zeroizing::new(self.waiting[..end].to_vec());
                self.drop_first(end + 1);
                match std::mem::take(&mut self.passing) {
                    true => {}
                    false if line.len() > LONGEST => return too_long(),
                    false => return Some(Ok(line)),
                }
                continue;
            }
            if self.passing || self.waiting.len() > LONGEST {
                self.drop_first(self.waiting.len());
                if !std::mem::replace(&mut self.passing, true) {
                    return too_long();
                }
            }
            if self.ended {
                let line = std::mem::take(&mut self.waiting);
                self.looked = 0;
                return (!line.is_empty()).then_some(Ok(line));
            }
            self.looked = self.waiting.len();
            self.read().await;
        }
    }

    /// Goes on reading while something is done.
    pub(super) async fn alongside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.read(), if !self.ended && self.waiting.len() < MOST => {}
            }
        }
    }

    async fn read(&mut self) {
        match self.input.recv().await {
            Some(bytes) => self.waiting.extend_from_slice(&bytes),
            None => self.ended = true,
        }
    }

    fn drop_first(&mut self, count: usize) {
        self.waiting.drain(..count);
        self.looked = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(chunks: &[&[u8]]) -> Vec<Result<Vec<u8>, String>> {
        let (sender, input) = mpsc::channel(1024);
        for chunk in chunks {
            sender.try_send(Bytes::copy_from_slice(chunk)).unwrap();
        }
        drop(sender);
        let (mut lines, mut read) = (Lines::new(input), Vec::new());
        while let Some(line) = lines.next().await {
            read.push(line.map(|line| line.to_vec()));
        }
        read
    }

    #[tokio::test]
    async fn lines_are_the_same_however_they_come() {
        let whole = b"one\n\ntwo\nthree";
        let expected: Vec<Result<Vec<u8>, String>> =
            [b"one".as_slice(), b"", b"two", b"three"].map(|line| Ok(line.to_vec())).to_vec();
        for size in 1..=whole.len() {
            assert_eq!(read(&whole.chunks(size).collect::<Vec<_>>()).await, expected, "{size}");
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_told_once_and_the_next_one_is_read() {
        let long = vec![b'x'; LONGEST + 1];
        for size in [1 << 15, LONGEST, LONGEST + 1] {
            let mut chunks: Vec<&[u8]> = long.chunks(size).collect();
            chunks.extend([long.as_slice(), b"\nnext\n"]);
            let read = read(&chunks).await;
            assert!(
                read.len() == 2 && read[0].is_err() && read[1] == Ok(b"next".to_vec()),
                "{size}: {}",
                read.len()
            );
        }
    }
}
