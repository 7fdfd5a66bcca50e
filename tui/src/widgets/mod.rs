//! Small pieces that pages draw with. They know text, cells and colours; they must not know keys, pages or the core.

pub(crate) mod blank;
pub(crate) mod chart;
pub(crate) mod edit;
pub(crate) mod format;
pub(crate) mod glyphs;
pub(crate) mod list;
pub(crate) mod pen;
pub(crate) mod plot;
pub(crate) mod ring;
pub(crate) mod ticks;
