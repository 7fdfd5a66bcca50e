//! A bracketed paste: gathers data until the closing sequence. Nothing in it is ever a key.

use zeroize::Zeroizing;

use super::Paste;

/// Bytes of a paste kept at most; the rest is consumed and dropped.
pub(super) const MAX_PASTE: usize = 1024 * 1024;

const END: &[u8] = b"\x1b[201~";

/// The paste under way. Wiped when it ends.
#[derive(Default)]
pub(super) struct PasteBuffer {
    bytes: Zeroizing<Vec<u8>>,
    truncated: bool,
    /// Bytes of [`END`] seen in a row.
    matched: usize,
}

impl PasteBuffer {
    /// Takes a byte; the whole paste when that byte closed it.
    pub(super) fn push(&mut self, byte: u8) -> Option<Paste> {
        if byte == END[self.matched] {
            self.matched += 1;
            return (self.matched == END.len()).then(|| self.take());
        }
        // What looked like the end was data. Only its first byte can begin another end.
        let looked_like_end = std::mem::take(&mut self.matched);
        for &byte in &END[..looked_like_end] {
            self.keep(byte);
        }
        if byte == END[0] {
            self.matched = 1;
        } else {
            self.keep(byte);
        }
        None
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < MAX_PASTE {
            self.bytes.push(byte);
        } else {
            self.truncated = true;
        }
    }

    fn take(&mut self) -> Paste {
        let whole = std::mem::take(self);
        Paste { text: clean(&whole.bytes), truncated: whole.truncated }
    }
}

/// Data as text: line ends become `\n`, controls but tab go, invalid UTF-8 becomes U+FFFD.
fn clean(bytes: &[u8]) -> Zeroizing<String> {
    // Room for all of it at once: only invalid UTF-8 grows, so text is not copied about while it gathers.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    let mut after_return = false;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' if after_return => {}
                '\r' | '\n' => text.push('\n'),
                c if c == '\t' || !c.is_control() => text.push(c),
                _ => {}
            }
            after_return = c == '\r';
        }
        if !chunk.invalid().is_empty() {
            after_return = false;
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}
