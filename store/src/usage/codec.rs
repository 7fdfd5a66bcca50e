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

/// How many bytes two texts have in common at their start.
pub(super) fn common_start(a: &[u8], b: &[u8]) -> usize {
    let (eights, others) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let same = 8 * eights.iter().zip(others).take_while(|(a, b)| a == b).count();
    same + a[same..].iter().zip(&b[same..]).take_while(|(a, b)| a == b).count()
}

/// How many bytes two texts have in common at their end.
pub(super) fn common_end(a: &[u8], b: &[u8]) -> usize {
    let (eights, others) = (a.as_rchunks::<8>().1.iter().rev(), b.as_rchunks::<8>().1.iter().rev());
    let same = 8 * eights.zip(others).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    same + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Of each of eight bytes: unset in those that end an integer.
const HIGHEST_BITS: u64 = 0x8080_8080_8080_8080;

/// The integer of these bytes: the seven lower bits of each.
#[inline]
fn joined(bytes: u64) -> u64 {
    let bits = (bytes & 0x007f_007f_007f_007f) | (bytes & 0x7f00_7f00_7f00_7f00) >> 1;
    let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x3fff_0000_3fff_0000) >> 2;
    (bits & 0x0fff_ffff) | (bits & 0x0fff_ffff_0000_0000) >> 4
}

/// What is left of a value being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    #[inline]
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

    /// Integers most of which are small.
    #[inline]
    pub(super) fn mostly_small<const N: usize>(&mut self) -> Read<[u64; N]> {
        if let Some(read) = self.all_small() {
            return Ok(read);
        }
        let mut read = [0; N];
        for number in &mut read {
            *number = self.varint()?;
        }
        Ok(read)
    }

    /// The next integers, when each of them takes one byte.
    #[inline]
    pub(super) fn all_small<const N: usize>(&mut self) -> Option<[u64; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        if bytes.iter().fold(0, |all, byte| all | byte) >= 0x80 {
            return None;
        }
        self.0 = rest;
        // What iterators are made of is called and not inlined in some builds.
        let (mut read, mut place) = ([0; N], 0);
        while place < N {
            read[place] = u64::from(bytes[place]);
            place += 1;
        }
        Some(read)
    }

    /// The next integers, as many of `wanted` as stand in eight bytes, a byte each, and their number; none where one of them
    /// takes more, or so near the end of the value that there are no eight bytes.
    #[inline]
    pub(super) fn small_of_eight(&mut self, wanted: usize) -> Option<(u64, usize)> {
        let many = wanted.min(8);
        let eight = u64::from_le_bytes(*self.0.first_chunk::<8>()?);
        let these = eight & u64::MAX.checked_shr(u64::BITS - 8 * many as u32)?;
        if these & HIGHEST_BITS != 0 {
            return None;
        }
        self.0 = &self.0[many..];
        Some((these, many))
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Read<u64> {
        self.wide_varint()
    }

    /// An integer that mostly takes several bytes: all of them are looked at together, where they are among the next eight.
    #[inline]
    pub(super) fn wide_varint(&mut self) -> Read<u64> {
        let Some(eight) = self.0.first_chunk::<8>() else { return self.any_varint() };
        let eight = u64::from_le_bytes(*eight);
        let ends = !eight & HIGHEST_BITS;
        if ends == 0 {
            return self.any_varint();
        }
        let bits = ends.trailing_zeros() + 1;
        self.0 = &self.0[bits as usize / 8..];
        Ok(joined(eight & u64::MAX >> (u64::BITS - bits)))
    }

    /// Three integers that mostly take several bytes each, and not more than eight together.
    #[inline]
    pub(super) fn three_wide_varints(&mut self) -> Read<[u64; 3]> {
        if let Some(eight) = self.0.first_chunk::<8>() {
            let eight = u64::from_le_bytes(*eight);
            let first = !eight & HIGHEST_BITS;
            // Each without the end of the one before.
            let second = first & first.wrapping_sub(1);
            let third = second & second.wrapping_sub(1);
            if third != 0 {
                let through_end = |ends: u64| ends.trailing_zeros() + 1;
                let (a, b, c) = (through_end(first), through_end(second), through_end(third));
                let through = |bits| eight & u64::MAX >> (u64::BITS - bits);
                self.0 = &self.0[c as usize / 8..];
                return Ok([joined(through(a)), joined(through(b) >> a), joined(through(c) >> b)]);
            }
        }
        Ok([self.wide_varint()?, self.wide_varint()?, self.wide_varint()?])
    }

    #[cold]
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
    #[inline]
    pub(super) fn count(&mut self) -> Read<usize> {
        let count = self.narrow::<usize>()?;
        if count > self.0.len() { Err(Malformed) } else { Ok(count) }
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// So many integers, unread: each ends with its first byte below 0x80.
    #[inline]
    pub(super) fn varints(&mut self, mut count: usize) -> Read<&'a [u8]> {
        let (whole, mut length) = (self.0, 0);
        while let Some(eight) = whole[length..].first_chunk::<8>() {
            let mut ends = !u64::from_le_bytes(*eight) & HIGHEST_BITS;
            // The sum of the eight bytes, each of which is 0 or 1.
            let among = ((ends >> 7).wrapping_mul(0x0101_0101_0101_0101) >> 56) as usize;
            if among >= count {
                // All but the last of those that are still wanted.
                for _ in 1..count {
                    ends &= ends - 1;
                }
                length += if count > 0 { ends.trailing_zeros() as usize / 8 + 1 } else { 0 };
                return self.take(length);
            }
            (count, length) = (count - among, length + 8);
        }
        while count > 0 {
            count -= usize::from(*whole.get(length).ok_or(Malformed)? < 0x80);
            length += 1;
        }
        self.take(length)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    #[inline]
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
            let (mut alone, mut together, mut wide) = (Input(&out), Input(&out), Input(&out));
            for three in numbers.chunks_exact(3) {
                prop_assert_eq!(wide.three_wide_varints().map(|read| read.to_vec()), Ok(three.to_vec()));
            }
            for number in numbers.chunks_exact(3).remainder() {
                prop_assert_eq!(wide.wide_varint(), Ok(*number));
            }
            prop_assert!(wide.end().is_ok() && wide.wide_varint().is_err());
            for two in numbers.chunks(2) {
                for number in two {
                    prop_assert_eq!(alone.varint(), Ok(*number));
                }
                if let [a, b] = two {
                    prop_assert_eq!(together.mostly_small(), Ok([*a, *b]));
                    prop_assert_eq!(together.0, alone.0);
                }
            }
            prop_assert!(alone.varint().is_err() && Input(&out[..out.len().saturating_sub(1)]).varints(numbers.len().max(1)).is_err());
        }
    }

    proptest! {
        #[test]
        fn what_texts_have_in_common_is_found(
            [a, b] in prop::array::uniform2(prop::collection::vec(0u8..2, 0..30)),
            [start, end] in prop::array::uniform2(prop::collection::vec(0u8..2, 0..30)),
        ) {
            let (a, b) = ([&*start, &a, &end].concat(), [&*start, &b, &end].concat());
            let most = a.len().min(b.len());
            let starts = (0..=most).rev().find(|many| a[..*many] == b[..*many]);
            let ends = (0..=most).rev().find(|many| a[a.len() - many..] == b[b.len() - many..]);
            prop_assert_eq!((Some(common_start(&a, &b)), Some(common_end(&a, &b))), (starts, ends));
        }

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
    fn small_integers_are_read_as_one_when_eight_bytes_are_left() {
        let bytes = [1, 2, 3, 0x80, 5, 6, 7, 8, 9];
        let mut input = Input(&bytes);
        assert_eq!((input.small_of_eight(3), input.0), (Some((0x03_02_01, 3)), &bytes[3..]));
        assert_eq!((input.small_of_eight(1), Input(&bytes[1..]).small_of_eight(0)), (None, None));
        assert_eq!((Input(&bytes).small_of_eight(4), Input(&bytes[1..]).small_of_eight(9)), (None, None));
        let eight = u64::from_le_bytes([5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(Input(&eight.to_le_bytes()).small_of_eight(20), Some((eight, 8)));
    }

    #[test]
    fn small_integers_are_read_together_when_each_takes_one_byte() {
        let mut bytes = [1, 2, 3, 0x7f, 9];
        assert_eq!(Input(&bytes[..3]).all_small::<4>(), None);
        let mut input = Input(&bytes);
        assert_eq!((input.all_small(), input.0), (Some([1, 2, 3, 0x7f]), &[9][..]));
        for place in 0..4 {
            let before = std::mem::replace(&mut bytes[place], 0x80);
            let mut input = Input(&bytes);
            assert_eq!((input.all_small::<4>(), input.0.len()), (None, 5));
            bytes[place] = before;
        }
    }

    #[test]
    fn overlong_integers_are_refused() {
        assert_eq!(Input(&[0xff; 11]).varint(), Err(Malformed));
        assert_eq!(Input(&[0x80]).varint(), Err(Malformed));
    }
}
