//! The primitives of every usage value: variable-length integers (LEB128, signed ones zigzagged) and length-prefixed
//! bytes. Reading never panics and never allocates more than the input is long.

/// The bytes are not what the format says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Malformed;

/// A result of reading a value.
pub(super) type Read<T> = std::result::Result<T, Malformed>;

/// Appends an unsigned integer.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends bytes after their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What is left of a value being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn byte(&mut self) -> Read<u8> {
        let (&first, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(first)
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Read<u64> {
        if let Some((&first @ ..0x80, rest)) = self.0.split_first() {
            self.0 = rest;
            return Ok(first.into());
        }
        self.long_varint()
    }

    /// Two integers, most of which are small.
    #[inline]
    pub(super) fn two_varints(&mut self) -> Read<(u64, u64)> {
        if let Some(([a @ ..0x80, b @ ..0x80], rest)) = self.0.split_first_chunk() {
            self.0 = rest;
            return Ok(((*a).into(), (*b).into()));
        }
        Ok((self.varint()?, self.varint()?))
    }

    /// All bytes of one are looked at together, where they are among the next eight.
    fn long_varint(&mut self) -> Read<u64> {
        let Some(eight) = self.0.first_chunk::<8>() else { return self.any_varint() };
        let eight = u64::from_le_bytes(*eight);
        let ends = !eight & 0x8080_8080_8080_8080;
        if ends == 0 {
            return self.any_varint();
        }
        // Through the first byte that ends it.
        let bits = eight & (ends ^ ends.wrapping_sub(1)) & 0x7f7f_7f7f_7f7f_7f7f;
        let bits = (bits & 0x007f_007f_007f_007f) | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
        let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x3fff_0000_3fff_0000) >> 2;
        let bits = (bits & 0x0fff_ffff) | (bits & 0x0fff_ffff_0000_0000) >> 4;
        self.0 = &self.0[ends.trailing_zeros() as usize / 8 + 1..];
        Ok(bits)
    }

    fn any_varint(&mut self) -> Read<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// An unsigned integer that must fit a narrower type.
    #[inline]
    pub(super) fn narrow<T: TryFrom<u64>>(&mut self) -> Read<T> {
        T::try_from(self.varint()?).map_err(|_| Malformed)
    }

    pub(super) fn signed(&mut self) -> Read<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// How many items follow; each takes at least one byte, so a greater number is a lie.
    pub(super) fn count(&mut self) -> Read<usize> {
        let count = self.narrow::<usize>()?;
        if count > self.0.len() { Err(Malformed) } else { Ok(count) }
    }

    pub(super) fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// So many integers, unread: each ends with its first byte below 0x80.
    pub(super) fn varints(&mut self, mut count: usize) -> Read<&'a [u8]> {
        let (whole, mut length) = (self.0, 0);
        while let Some(eight) = whole[length..].first_chunk::<8>() {
            let ends = (!u64::from_le_bytes(*eight) & 0x8080_8080_8080_8080).count_ones() as usize;
            if ends >= count {
                break;
            }
            (count, length) = (count - ends, length + 8);
        }
        while count > 0 {
            count -= usize::from(*whole.get(length).ok_or(Malformed)? < 0x80);
            length += 1;
        }
        self.take(length)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(super) fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Read<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    /// The version byte every value starts with.
    pub(super) fn version(&mut self, known: u8) -> Read<()> {
        if self.byte()? == known { Ok(()) } else { Err(Malformed) }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Read<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_come_back(unsigned: u64, signed: i64) {
            let mut out = Vec::new();
            put_varint(&mut out, unsigned);
            put_signed(&mut out, signed);
            let mut input = Input(&out);
            prop_assert_eq!(input.varint(), Ok(unsigned));
            prop_assert_eq!(input.signed(), Ok(signed));
            prop_assert_eq!(input.end(), Ok(()));
        }

        /// Of any length, and wherever the value ends.
        #[test]
        fn integers_of_all_lengths_come_back_together(
            numbers in prop::collection::vec((any::<u64>(), 0u32..64).prop_map(|(bits, shift)| bits >> shift), 0..20),
        ) {
            let mut out = Vec::new();
            numbers.iter().for_each(|number| put_varint(&mut out, *number));
            let (mut alone, mut together) = (Input(&out), Input(&out));
            for two in numbers.chunks(2) {
                for number in two {
                    prop_assert_eq!(alone.varint(), Ok(*number));
                }
                if let [a, b] = two {
                    prop_assert_eq!(together.two_varints(), Ok((*a, *b)));
                    prop_assert_eq!(together.0, alone.0);
                }
            }
            prop_assert!(alone.varint().is_err() && Input(&out[..out.len().saturating_sub(1)]).varints(numbers.len().max(1)).is_err());
        }
    }

    proptest! {
        #[test]
        fn integers_are_passed_over(numbers in prop::collection::vec(any::<u64>(), 0..40), more: Vec<u8>) {
            let mut out = Vec::new();
            numbers.iter().for_each(|number| put_varint(&mut out, *number));
            let both = [out.as_slice(), &more].concat();
            let mut input = Input(&both);
            prop_assert_eq!(input.varints(numbers.len()), Ok(out.as_slice()));
            prop_assert_eq!(input.0, more.as_slice());
            let cut = out.len().saturating_sub(1);
            prop_assert!(numbers.is_empty() || Input(&out[..cut]).varints(numbers.len()).is_err());
        }
    }

    #[test]
    fn overlong_integers_are_refused() {
        assert_eq!(Input(&[0xff; 11]).varint(), Err(Malformed));
        assert_eq!(Input(&[0x80]).varint(), Err(Malformed));
    }
}
