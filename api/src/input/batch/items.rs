//! Parts a JSON array (RFC 8259, section 5) into the texts of its items by brackets and quotes alone. What an item
//! is, its reader finds out.

use keyward_keys::Fault;
use memchr::memchr2;

use super::super::tree::Tree;
use super::chunk::Chunk;
use crate::problem::Problem;

/// Where the reading stands.
#[derive(Default)]
enum At {
    /// Before the array.
    #[default]
    Start,
    /// In an item, or before it; `first` when there was none before.
    Item { first: bool },
    /// In a text of an item; `escaped` after a backslash.
    Text { first: bool, escaped: bool },
    /// After the array.
    End,
    /// In something that is no array.
    Other,
}

#[derive(Default)]
pub(super) struct Items {
    at: At,
    /// Brackets open inside the item.
    depth: usize,
    /// Bytes before those that are fed.
    passed: usize,
}

impl Items {
    pub(super) fn feed(&mut self, bytes: &[u8], chunk: &mut Chunk) -> Result<usize, Problem> {
        let mut used = 0;
        // What is written begins here.
        let mut from = 0;
        while used < bytes.len() && !chunk.is_full() {
            match self.at {
                At::Start => match bytes[used] {
                    b'[' => {
                        self.at = At::Item { first: true };
                        used += 1;
                        from = used;
                    }
                    byte if byte.is_ascii_whitespace() => {
                        used += 1;
                        from = used;
                    }
                    _ => self.at = At::Other,
                },
                At::Other => used = bytes.len(),
                At::Text { first, escaped: true } => {
                    self.at = At::Text { first, escaped: false };
                    used += 1;
                }
                At::Text { first, escaped: false } => match memchr2(b'"', b'\\', &bytes[used..]) {
                    None => used = bytes.len(),
                    Some(length) => {
                        used += length + 1;
                        let escaped = bytes[used - 1] == b'\\';
                        self.at = if escaped { At::Text { first, escaped } } else { At::Item { first } };
                    }
                },
                At::Item { first } => {
                    let byte = bytes[used];
                    used += 1;
                    match byte {
                        b'"' => self.at = At::Text { first, escaped: false },
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' if self.depth > 0 => self.depth -= 1,
                        b'}' => return Err(self.wrong("a bracket that nothing opened", used)),
                        b',' | b']' if self.depth == 0 => {
                            chunk.write(&bytes[from..used - 1]);
                            from = used;
                            self.close(first, byte == b']', used, chunk)?;
                        }
                        _ => {}
                    }
                }
                At::End if bytes[used].is_ascii_whitespace() => {
                    used += 1;
                    from = used;
                }
                At::End => return Err(self.wrong("something after the array", used + 1)),
            }
        }
        chunk.write(&bytes[from..used]);
        self.passed += used;
        Ok(used)
    }

    fn close(&mut self, first: bool, last: bool, used: usize, chunk: &mut Chunk) -> Result<(), Problem> {
        self.at = if last { At::End } else { At::Item { first: false } };
        match (chunk.is_blank(), first && last) {
            (true, true) => chunk.drop_open(),
            (true, false) => return Err(self.wrong("no item", used)),
            (false, _) => chunk.close(None)?,
        }
        Ok(())
    }

    pub(super) fn end(&self, chunk: &mut Chunk) -> Result<(), Problem> {
        match self.at {
            At::End => Ok(()),
            At::Other => Err(not_an_array(chunk.open_text())),
            _ => Err(self.wrong("no end of the array", 0)),
        }
    }

    fn wrong(&self, what: &str, used: usize) -> Problem {
        Problem::malformed(format!("the body is not good JSON: {what} at byte {}", self.passed + used))
    }
}

/// JSON of another kind is well-formed but wrong; what is no JSON at all is not.
fn not_an_array(body: &[u8]) -> Problem {
    match Tree::parse(body) {
        Ok(_) => Problem::invalid(vec![Fault { field: String::new(), detail: "an array is needed".into() }]),
        Err(problem) => problem,
    }
}
