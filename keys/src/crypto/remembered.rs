//! A bounded memory of what bearer texts were found to be, by their SHA-256: the texts themselves are not kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// What texts were found to be. Two halves stand in for an order of use: a text that is met again moves to the
/// young half, and when that is full the old one is dropped whole.
pub struct Remembered<V> {
    /// Each half holds this many.
    half: usize,
    halves: Mutex<Halves<V>>,
}

struct Halves<V> {
    young: HashMap<[u8; 32], V>,
    old: HashMap<[u8; 32], V>,
}

/// The hash that a text is remembered by.
pub struct TextHash([u8; 32]);

impl TextHash {
    /// Hashes a text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl<V: Copy> Remembered<V> {
    /// Remembers at most about `capacity` texts.
    pub fn new(capacity: usize) -> Self {
        let halves = Halves { young: HashMap::new(), old: HashMap::new() };
        Self { half: (capacity / 2).max(1), halves: Mutex::new(halves) }
    }

    /// What the text was found to be.
    pub fn recall(&self, text: &TextHash) -> Option<V> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = halves.young.get(&text.0) {
            return Some(*value);
        }
        let value = halves.old.remove(&text.0)?;
        self.insert(&mut halves, text, value);
        Some(value)
    }

    /// Remembers it.
    pub fn remember(&self, text: &TextHash, value: V) {
        self.insert(&mut self.halves.lock().unwrap_or_else(PoisonError::into_inner), text, value);
    }

    fn insert(&self, halves: &mut Halves<V>, text: &TextHash, value: V) {
        if halves.young.len() >= self.half {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.young.insert(text.0, value);
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.young.len() + halves.old.len()
    }
}
