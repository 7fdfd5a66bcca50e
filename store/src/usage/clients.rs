//! How many clients there were: few are told apart one by one, of many only a sketch is kept (HyperLogLog, Flajolet et al.
//! 2007), of one size and some 3 % off. It knows hashes alone, and not whose.

use super::codec::{Input, Malformed, Read, put_varint};

/// Clients that are kept one by one.
const FEW: usize = 64;
/// Registers of the sketch, and how many bits of a hash choose one.
const REGISTER_BITS: u32 = 10;
const REGISTERS: usize = 1 << REGISTER_BITS;

/// The clients of a stretch of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clients {
    /// The hash of each, rising; none once there are many.
    few: Vec<u32>,
    /// By register, the most leading zeros of a hash, and one.
    many: Option<Box<[u8; REGISTERS]>>,
}

impl Clients {
    /// About how many there were.
    pub fn count(&self) -> u64 {
        self.many.as_ref().map_or(self.few.len() as u64, |registers| estimate(registers))
    }

    /// Adds those of another stretch.
    pub fn merge(&mut self, other: &Self) {
        match &other.many {
            Some(registers) => self.raise(registers),
            None => other.few.iter().for_each(|hash| self.add(*hash)),
        }
    }

    pub(super) fn add(&mut self, hash: u32) {
        if self.many.is_none() {
            match self.few.binary_search(&hash) {
                Ok(_) => return,
                Err(place) if self.few.len() < FEW => return self.few.insert(place, hash),
                Err(_) => {}
            }
        }
        put(self.many(), hash);
    }

    /// The registers, from now on.
    fn many(&mut self) -> &mut [u8; REGISTERS] {
        let few = std::mem::take(&mut self.few);
        let registers = self.many.get_or_insert_with(|| Box::new([0; REGISTERS]));
        few.into_iter().for_each(|hash| put(registers, hash));
        registers
    }

    fn raise(&mut self, more: &[u8; REGISTERS]) {
        self.many().iter_mut().zip(more).for_each(|(most, rank)| *most = (*most).max(*rank));
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        if let Some(registers) = &self.many {
            put_varint(out, FEW as u64 + 1);
            out.extend_from_slice(&**registers);
            return;
        }
        put_varint(out, self.few.len() as u64);
        self.few.iter().for_each(|hash| out.extend_from_slice(&hash.to_be_bytes()));
    }

    /// Adds what is encoded.
    pub(super) fn add_encoded(&mut self, input: &mut Input<'_>) -> Read<()> {
        let count = input.varint()?;
        if count > FEW as u64 {
            let registers: [u8; REGISTERS] = input.array()?;
            self.raise(&registers);
            return if registers.iter().all(|rank| *rank <= MOST_RANK) { Ok(()) } else { Err(Malformed) };
        }
        for _ in 0..count {
            self.add(u32::from_be_bytes(input.array()?));
        }
        Ok(())
    }
}

/// The highest rank that a hash can have.
const MOST_RANK: u8 = (u32::BITS - REGISTER_BITS) as u8 + 1;

fn put(registers: &mut [u8; REGISTERS], hash: u32) {
    let place = (hash >> (u32::BITS - REGISTER_BITS)) as usize;
    // A bit behind the last ends the count.
    let rest = hash << REGISTER_BITS | 1 << (REGISTER_BITS - 1);
    let rank = rest.leading_zeros() as u8 + 1;
    registers[place] = registers[place].max(rank);
}

fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    let size = REGISTERS as f64;
    let harmonic: f64 = registers.iter().map(|rank| (-f64::from(*rank)).exp2()).sum();
    let raw = 0.7213 / (1.0 + 1.079 / size) * size * size / harmonic;
    let empty = registers.iter().filter(|rank| **rank == 0).count();
    // As long as many registers are empty, how many are says more.
    let counted = if raw <= 2.5 * size && empty > 0 { size * (size / empty as f64).ln() } else { raw };
    counted.round() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(hashes: &[u32]) -> Clients {
        let mut clients = Clients::default();
        hashes.iter().for_each(|hash| clients.add(*hash));
        clients
    }

    fn merged(parts: [&Clients; 2]) -> Clients {
        let mut sum = Clients::default();
        parts.into_iter().for_each(|part| sum.merge(part));
        sum
    }

    proptest! {
        #[test]
        fn they_come_back_and_merge_in_any_order(
            parts in prop::array::uniform3(prop::collection::vec(any::<u32>(), 0..60)),
        ) {
            let [a, b, c] = parts.each_ref().map(|hashes| of(hashes));
            let whole = of(&parts.concat());
            prop_assert_eq!(&merged([&merged([&a, &b]), &c]), &whole);
            prop_assert_eq!(&merged([&c, &merged([&b, &a])]), &whole);
            prop_assert_eq!(&merged([&whole, &a]), &whole);
            let mut out = Vec::new();
            whole.encode(&mut out);
            let (mut read, mut input) = (Clients::default(), Input(&out));
            prop_assert_eq!(read.add_encoded(&mut input), Ok(()));
            prop_assert_eq!((read, input.0.len()), (whole, 0));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..1_100)) {
            let _ = Clients::default().add_encoded(&mut Input(&bytes));
        }
    }

    #[test]
    fn few_are_counted_and_many_are_estimated() {
        // Fibonacci hashing spreads consecutive numbers evenly, and a step of it evenly enough.
        let hash = |number: u32| {
            let mixed = (number ^ number >> 15).wrapping_mul(0x2c1b_3c6d);
            let mixed = (mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39);
            mixed ^ mixed >> 15
        };
        let mut clients = Clients::default();
        for number in 0..1_000_000u32 {
            clients.add(hash(number));
            let seen = u64::from(number) + 1;
            if seen <= 64 {
                assert_eq!(clients.count(), seen);
            } else if seen.is_power_of_two() || seen == 1_000_000 {
                let counted = clients.count() as f64 / seen as f64;
                assert!((0.85..1.15).contains(&counted), "{seen}: {}", clients.count());
            }
        }
        (0..1_000).for_each(|number| clients.add(hash(number)));
        let mut out = Vec::new();
        clients.encode(&mut out);
        assert!(out.len() <= REGISTERS + 2, "it does not grow");
    }
}
