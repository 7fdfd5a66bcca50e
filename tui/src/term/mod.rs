//! What a terminal sends and what it is sent: pure pieces, bytes in and bytes out.
//! Nothing here reads a socket, a clock or the daemon's own environment, and nothing here knows the pages.

pub mod caps;
pub mod environment;
mod glyph;
pub mod inline;
pub mod input;
pub mod modes;
pub mod osc;
pub mod palette;
mod pen;
pub mod sanitize;
pub mod scratch;
pub mod screen;
