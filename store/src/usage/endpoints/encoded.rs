//! How the names of a row and what is kept of each are written: the names first, all together, so that whoever adds up many
//! rows finds out once what belongs where, for mostly a row has the names of the one before. It knows no sums.

use crate::usage::codec::{Input, Malformed, Read, put_bytes, put_varint};

/// Appends names, which are sorted, so that rows with the same ones begin with the same bytes.
pub(super) fn put_names<'n>(out: &mut Vec<u8>, names: impl ExactSizeIterator<Item = &'n str>) {
    put_varint(out, names.len() as u64);
    let mut together = Vec::new();
    names.for_each(|name| put_bytes(&mut together, name.as_bytes()));
    put_bytes(out, &together);
}

/// The names of a row, one after another.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) together: &'a [u8],
    count: usize,
}

impl<'a> Names<'a> {
    pub(super) fn each(self, mut visit: impl FnMut(&'a [u8]) -> Read<()>) -> Read<()> {
        let mut input = Input(self.together);
        for _ in 0..self.count {
            visit(input.bytes()?)?;
        }
        input.end()
    }
}

/// A row of which the names are read.
pub(super) struct Encoded<'i, 'a> {
    input: &'i mut Input<'a>,
    pub(super) version: u8,
    /// How many names it has.
    pub(super) count: usize,
    /// None of a version before: there each stands before what is kept of it.
    pub(super) names: Option<Names<'a>>,
}

/// Whose entry it is: the name at a place among those of the row, or this one.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    At(usize),
    By(&'a [u8]),
}

impl<'i, 'a> Encoded<'i, 'a> {
    /// Of a row that is of the version `now`, or of one of those `before`.
    pub(super) fn open(input: &'i mut Input<'a>, now: u8, before: &[u8]) -> Read<Self> {
        let version = input.byte()?;
        if version != now {
            let known = before.contains(&version);
            let count = if known { input.count()? } else { return Err(Malformed) };
            return Ok(Self { input, version, count, names: None });
        }
        let (count, together) = (input.narrow::<usize>()?, input.bytes()?);
        // Each takes a byte at least.
        if count > together.len() {
            return Err(Malformed);
        }
        Ok(Self { input, version, count, names: Some(Names { together, count }) })
    }

    /// The names, where they stand together.
    pub(super) fn known(&self) -> Read<Vec<&'a [u8]>> {
        let mut known = Vec::new();
        if let Some(names) = self.names {
            names.each(|name| {
                known.push(name);
                Ok(())
            })?;
        }
        Ok(known)
    }

    /// Shows what is kept of each name; answers what is of all further ones, and what follows.
    #[inline]
    pub(super) fn each<T>(
        self,
        read: impl Fn(&mut Input<'a>) -> Read<T>,
        mut visit: impl FnMut(Named<'a>, T) -> Read<()>,
    ) -> Read<(T, &'i mut Input<'a>)> {
        for at in 0..self.count {
            let named = if self.names.is_some() { Named::At(at) } else { Named::By(self.input.bytes()?) };
            visit(named, read(self.input)?)?;
        }
        Ok((read(self.input)?, self.input))
    }
}
