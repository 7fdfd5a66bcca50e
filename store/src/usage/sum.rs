//! Adding up many cells, straight from the bytes that they are stored as: a question about many keys reads hundreds of
//! thousands. It must not make a cell of its own of any.

use super::cell::Cell;
use super::fold::damaged;
use super::sketch::{SketchSum, StoredSketch};
use crate::error::Result;
use crate::table::Table;

/// A cell as it is found, in a row or in memory.
pub struct FoundCell<'a> {
    /// Its sums. Whether its sketch is filled depends on where it was found.
    pub sums: &'a Cell,
    /// The sketch of a stored one, and where it is stored.
    stored: Option<(Table, &'a StoredSketch<'a>)>,
}

/// What cells add up to.
#[derive(Clone, Debug, Default)]
pub struct CellSum {
    sums: Cell,
    sketch: SketchSum,
}

impl CellSum {
    /// Adds a cell.
    ///
    /// # Errors
    /// When it is stored and damaged.
    #[inline]
    pub fn add(&mut self, cell: &FoundCell<'_>) -> Result<()> {
        match cell.stored {
            Some((table, stored)) => self.sketch.add_stored(stored).map_err(damaged(table))?,
            None => self.sketch.add(&cell.sums.sketch),
        }
        self.sums.merge_sums(cell.sums);
        Ok(())
    }

    /// Takes away what was added as part of a longer cell.
    ///
    /// # Errors
    /// When it is stored and damaged.
    #[inline]
    pub fn remove(&mut self, cell: &FoundCell<'_>) -> Result<()> {
        match cell.stored {
            Some((table, stored)) => self.sketch.remove_stored(stored).map_err(damaged(table))?,
            None => self.sketch.remove(&cell.sums.sketch),
        }
        self.sums.remove_sums(cell.sums);
        Ok(())
    }

    /// Adds a cell's sums, whose sketch is among what [`Self::add_sketch`] adds.
    #[inline]
    pub(super) fn add_sums(&mut self, sums: &Cell) {
        self.sums.merge_sums(sums);
    }

    pub(super) fn add_sketch(&mut self, table: Table, sketch: &StoredSketch<'_>) -> Result<()> {
        self.sketch.add_stored(sketch).map_err(damaged(table))
    }

    /// Adds what another adds up to.
    pub fn merge(&mut self, other: &Self) {
        self.sums.merge_sums(&other.sums);
        self.sketch.merge(&other.sketch);
    }

    /// All calls.
    pub fn requests(&self) -> u64 {
        self.sums.requests
    }

    /// All of it as one cell.
    pub fn cell(&self) -> Cell {
        Cell { sketch: self.sketch.sum(), ..self.sums.clone() }
    }
}

impl<'a> FoundCell<'a> {
    /// The same as a cell of its own.
    pub(super) fn cell(&self) -> Result<Cell> {
        let Some((table, stored)) = self.stored else { return Ok(self.sums.clone()) };
        Ok(Cell { sketch: stored.decode().map_err(damaged(table))?, ..self.sums.clone() })
    }

    /// A cell that somebody holds.
    pub fn held(cell: &'a Cell) -> Self {
        Self { sums: cell, stored: None }
    }

    pub(super) fn stored(table: Table, sums: &'a Cell, sketch: &'a StoredSketch<'a>) -> Self {
        Self { sums, stored: Some((table, sketch)) }
    }
}
