//! How the names of a row and what is kept of each are written: the names first, all together, so that whoever adds up many
//! rows finds out once what belongs where, for mostly a row has the names of the one before. It knows no sums.

use std::sync::Arc;

use super::text;
use crate::usage::codec::{Input, Malformed, Read, put_bytes, put_varint};

/// The most bytes that a name takes over from the one before it.
const MOST_SHARED: usize = u8::MAX as usize;

/// How the names of a row are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Form {
    /// Together, each with how much it shares with the one before and the rest.
    #[default]
    Shortened,
    /// Together, each in full.
    Full,
    /// Each in full, before what is kept of it.
    Between,
}

/// Appends names, which are sorted, so that rows with the same ones begin with the same bytes.
pub(super) fn put_names<'n>(out: &mut Vec<u8>, names: impl ExactSizeIterator<Item = &'n str>) {
    put_varint(out, names.len() as u64);
    let (mut together, mut before): (_, &[u8]) = (Vec::new(), &[]);
    for name in names.map(str::as_bytes) {
        let same = before.iter().zip(name).take(MOST_SHARED).take_while(|(a, b)| a == b).count();
        together.push(same as u8);
        put_bytes(&mut together, &name[same..]);
        before = name;
    }
    put_bytes(out, &together);
}

/// The names of a row, one after another.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) form: Form,
    pub(super) together: &'a [u8],
    count: usize,
}

impl Names<'_> {
    pub(super) fn each(self, mut visit: impl FnMut(&[u8]) -> Read<()>) -> Read<()> {
        let (mut input, mut name) = (Input(self.together), Vec::new());
        for _ in 0..self.count {
            let shared = if self.form == Form::Shortened { usize::from(input.byte()?) } else { 0 };
            if shared > name.len() {
                return Err(Malformed);
            }
            name.truncate(shared);
            name.extend_from_slice(input.bytes()?);
            visit(&name)?;
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
    /// None where each stands before what is kept of it.
    pub(super) names: Option<Names<'a>>,
}

/// Whose entry it is: the name at a place among those of the row, or this one.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    At(usize),
    By(&'a [u8]),
}

impl Named<'_> {
    /// The name, given those of the row.
    pub(super) fn of(self, known: &[Arc<str>]) -> Read<Arc<str>> {
        match self {
            Self::At(place) => known.get(place).cloned().ok_or(Malformed),
            Self::By(name) => Ok(Arc::from(text(name)?)),
        }
    }
}

impl<'i, 'a> Encoded<'i, 'a> {
    /// What is left of a row of a version.
    pub(super) fn open(input: &'i mut Input<'a>, version: u8, form: Form) -> Read<Self> {
        if form == Form::Between {
            let count = input.count()?;
            return Ok(Self { input, version, count, names: None });
        }
        let (count, together) = (input.narrow::<usize>()?, input.bytes()?);
        // Each takes a byte at least.
        if count > together.len() {
            return Err(Malformed);
        }
        Ok(Self { input, version, count, names: Some(Names { form, together, count }) })
    }

    pub(super) fn pass_over(self) {
        *self.input = Input(&[]);
    }

    /// The names, where they stand together.
    pub(super) fn known(&self) -> Read<Vec<Arc<str>>> {
        let mut known = Vec::new();
        if let Some(names) = self.names {
            names.each(|name| {
                known.push(Arc::from(text(name)?));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_share_much_or_nothing_come_back() {
        let long = "/a".repeat(400);
        let names = ["", "a", "ab", "b", "é", "ê", &long, &format!("{long}/x"), &format!("{long}/x/y")];
        let mut out = Vec::new();
        put_names(&mut out, names.into_iter());
        let mut input = Input(&out);
        let encoded = Encoded::open(&mut input, 1, Form::Shortened).unwrap();
        assert_eq!(encoded.known(), Ok(names.map(Arc::from).to_vec()));
        assert!(out.len() < 3 * long.len());
    }
}
