//! What callers know of the writer: whether the last commit came through. Numbers alone; nothing waits here.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use crate::error::Error;
use crate::interface::Condition;

/// Shared by the store's handle and its writer.
#[derive(Default)]
pub(crate) struct Standing {
    condition: AtomicU8,
    openings: AtomicUsize,
}

const FINE: u8 = 0;
const FULL: u8 = 1;
const FAILING: u8 = 2;
const CLOSED: u8 = 3;

impl Standing {
    /// How the last commit ended.
    pub(crate) fn wrote<T>(&self, result: &Result<T, Error>) {
        let condition = match result {
            Ok(_) => FINE,
            Err(Error::Full) => FULL,
            Err(_) => FAILING,
        };
        self.condition.store(condition, Ordering::Relaxed);
    }

    /// The file was opened again after a failure: what was held of it before is not held any more.
    pub(crate) fn opened_again(&self) {
        self.openings.fetch_add(1, Ordering::AcqRel);
    }

    /// How often that was.
    pub(crate) fn openings(&self) -> usize {
        self.openings.load(Ordering::Acquire)
    }

    /// The writer is gone.
    pub(crate) fn close(&self) {
        self.condition.store(CLOSED, Ordering::Relaxed);
    }

    pub(crate) fn condition(&self) -> Condition {
        match self.condition.load(Ordering::Relaxed) {
            FINE => Condition::Fine,
            FULL => Condition::Full,
            FAILING => Condition::Failing,
            _ => Condition::Closed,
        }
    }
}
