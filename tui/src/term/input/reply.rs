//! The answers that come as strings: XTVERSION in a DCS, the background colour in an OSC.
//! Everything else is no answer to a question of ours, and is dropped.

use super::Reply;

/// Characters of a version text kept at most.
const MAX_VERSION: usize = 256;

/// `DCS > | text ST`.
pub(super) fn dcs(body: &[u8]) -> Option<Reply> {
    let text = body.strip_prefix(b">|")?;
    let printable = text.iter().filter(|b| (0x20..0x7f).contains(*b)).take(MAX_VERSION);
    Some(Reply::Version(printable.map(|&b| char::from(b)).collect()))
}

/// `OSC 11 ; rgb:RRRR/GGGG/BBBB ST`, with 1 to 4 digits a part; `rgba:` adds one that is ignored.
pub(super) fn osc(body: &[u8]) -> Option<Reply> {
    let colour = std::str::from_utf8(body).ok()?.strip_prefix("11;rgb")?;
    let mut parts = colour.strip_prefix('a').unwrap_or(colour).strip_prefix(':')?.split('/');
    let mut next = || scaled(parts.next()?);
    Some(Reply::Background([next()?, next()?, next()?]))
}

/// A part of a colour in X11's notation, scaled to 8 bits: `f`, `ff`, `fff` and `ffff` are all full.
fn scaled(part: &str) -> Option<u8> {
    let digits = u32::try_from(part.len()).ok().filter(|n| (1..=4).contains(n))?;
    let value = u32::from_str_radix(part, 16).ok()?;
    u8::try_from(value * 255 / (16u32.pow(digits) - 1)).ok()
}
