//! How the parts that a row has are written: few are named, of more there is a bit each. It knows nothing of what is in them.

use crate::usage::codec::{Input, Malformed, Read, put_varint};
use crate::usage::slots::Slots;

/// So many parts are named one by one; of more there is a bit each.
const NAMED_PARTS: u8 = 4;

/// Appends which parts a list has.
pub(super) fn put_parts<T>(out: &mut Vec<u8>, list: &[(u8, T)]) {
    if list.len() <= usize::from(NAMED_PARTS) {
        out.push(list.len() as u8);
        out.extend(list.iter().map(|(part, _)| *part));
    } else {
        out.push(NAMED_PARTS + 1);
        put_varint(out, list.iter().fold(0, |bits, (part, _)| bits | 1 << part));
    }
}

/// The parts that are there, rising.
#[inline]
pub(super) fn parts(input: &mut Input<'_>) -> Read<impl Iterator<Item = u32> + use<>> {
    Ok(read_parts(input)?.rising())
}

#[inline]
pub(super) fn read_parts(input: &mut Input<'_>) -> Read<Slots> {
    let bits = match input.byte()? {
        named @ ..=NAMED_PARTS => {
            let named = input.take(usize::from(named))?;
            named
                .iter()
                .try_fold(0, |bits, part| Some(bits | 1u64.checked_shl(u32::from(*part))?))
                .ok_or(Malformed)?
        }
        _ => input.wide_varint()?,
    };
    Ok(Slots(bits))
}
