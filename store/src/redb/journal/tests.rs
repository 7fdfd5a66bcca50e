//! The ring: what comes back of it after a crash, and when it refuses. It must not need a file.

use super::*;
use crate::redb::medium::Memory;

const RING: u64 = 8 * BLOCK;
const START: u64 = 7;

/// Adds number and bytes up.
struct Sum;

fn sum(number: u64, bytes: &[u8]) -> [u8; 8] {
    bytes.iter().fold(number, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte)).to_le_bytes()
}

impl PageSealer for Sum {
    fn overhead(&self) -> usize {
        8
    }

    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<()> {
        out[..plain.len()].copy_from_slice(plain);
        out[plain.len()..].copy_from_slice(&sum(number, plain));
        Ok(())
    }

    fn check(&self, number: u64, sealed: &[u8]) -> Result<()> {
        let (plain, tag) = sealed.split_at(sealed.len() - 8);
        if tag == sum(number, plain) { Ok(()) } else { Err(Error::Sealed) }
    }

    fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
        plain.copy_from_slice(&sealed[..plain.len()]);
        Ok(())
    }
}

struct World {
    medium: Arc<Memory>,
    journal: Journal,
    ring: u64,
}

impl World {
    fn new() -> Self {
        Self::of(RING)
    }

    fn of(ring: u64) -> Self {
        let medium = Arc::new(Memory::default());
        medium.set_len(RING_AT + ring).unwrap();
        let journal = Journal::new(medium.clone(), Arc::new(Sum), ring, START);
        Self { medium, journal, ring }
    }

    fn append(&mut self, arrival: u64, group: &[u8]) -> Written {
        self.journal.append(arrival, group).unwrap()
    }

    fn recover(&self, start: u64, folded: u64) -> Result<Vec<(u64, Vec<u8>)>> {
        recover(&*self.medium, &Sum, self.ring, start, folded)
    }

    fn flip(&self, block: u64) {
        let at = RING_AT + block * BLOCK + 40;
        let mut byte = [0];
        self.medium.read(at, &mut byte).unwrap();
        self.medium.write(at, &[byte[0] ^ 1]).unwrap();
    }
}

#[test]
fn groups_come_back_in_order_and_only_those_not_folded() {
    let mut world = World::new();
    for arrival in [3, 4, 9] {
        assert_eq!(world.append(arrival, &[arrival as u8; 50]), Written::Durable);
    }
    let all = [(3, vec![3; 50]), (4, vec![4; 50]), (9, vec![9; 50])];
    assert_eq!(world.recover(START, 0).unwrap(), all);
    assert_eq!(world.recover(START, 3).unwrap(), all[1..]);
    assert_eq!(world.recover(START, 9).unwrap(), []);
    assert_eq!(world.recover(START + 1, 0).unwrap(), [], "of another start");
}

#[test]
fn a_full_ring_refuses_until_room_is_released_and_then_goes_round() {
    let mut world = World::new();
    let mut arrival = 0;
    let mut folded = 0;
    for _ in 0..5 {
        let before = arrival;
        while world.append(arrival + 1, &[arrival as u8; 5000]) == Written::Durable {
            arrival += 1;
        }
        assert!(arrival > before && world.journal.is_half_full());
        let kept: Vec<u64> = world.recover(START, folded).unwrap().iter().map(|group| group.0).collect();
        assert_eq!(kept, (folded + 1..=arrival).collect::<Vec<_>>());
        folded = arrival - 1;
        world.journal.release(folded);
    }
    world.journal.release(arrival);
    assert!(!world.journal.is_half_full());
}

#[test]
fn the_largest_group_comes_back_and_leaves_little_memory_behind() {
    let mut world = World::of(4 * LARGEST as u64);
    assert_eq!(world.append(1, &vec![7; LARGEST]), Written::Durable);
    assert_eq!(world.append(2, &[8; 50]), Written::Durable);
    assert_eq!(world.append(3, &vec![9; LARGEST + 1]), Written::NoRoom);
    assert_eq!(world.recover(START, 0).unwrap(), [(1, vec![7; LARGEST]), (2, vec![8; 50])]);
    assert!(world.journal.plain.capacity() + world.journal.record.capacity() <= 2 * KEPT);
}

#[test]
fn the_last_record_may_be_torn_and_no_other_one() {
    let mut world = World::new();
    for arrival in 1..=3 {
        world.append(arrival, &[0; 100]);
    }
    world.flip(2);
    assert_eq!(world.recover(START, 0).unwrap().len(), 2);
    world.append(4, &[0; 100]);
    assert!(matches!(world.recover(START, 2), Err(Error::Damaged { .. })));
    // Folded before, so nobody needs it.
    assert_eq!(world.recover(START, 3).unwrap().len(), 1);
}

#[test]
fn a_torn_record_over_one_that_was_folded_takes_nothing_with_it() {
    let mut world = World::new();
    for arrival in 1..=6 {
        world.append(arrival, &[0; 100]);
    }
    world.journal.release(4);
    // Goes round, over the first one, and is torn.
    world.append(7, &[0; 6000]);
    world.append(8, &[0; 6000]);
    world.flip(0);
    let kept: Vec<u64> = world.recover(START, 4).unwrap().iter().map(|group| group.0).collect();
    assert_eq!(kept, [5, 6, 7]);
}
