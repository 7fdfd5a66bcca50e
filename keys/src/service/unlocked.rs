//! Who is unlocked: opened account keys in memory, each wrapped under the unlock token that its person holds. Bounded,
//! and forgotten after a while. It opens nothing itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyward_store::model::Id;

/// Unused for this long, it is forgotten, ms.
pub(crate) const IDLE_MS: i64 = 15 * 60_000;

/// However much it is used, it is forgotten after this long, ms.
const LONGEST_MS: i64 = 8 * 3_600_000;

/// The most of one account, and of all; beyond, those unused for longest go.
const MOST_OF_ACCOUNT: usize = 16;
const MOST: usize = 10_000;

/// Whose, and from which session or SSH key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) account: Id,
    pub(crate) credential: Option<Id>,
}

/// The wrapped account keys, by their tokens' names.
#[derive(Default)]
pub(crate) struct Unlocked(Mutex<HashMap<[u8; 32], Entry>>);

struct Entry {
    whose: Whose,
    wrapped: Vec<u8>,
    since_ms: i64,
    used_ms: i64,
}

impl Entry {
    fn over(&self, now_ms: i64) -> bool {
        now_ms - self.used_ms >= IDLE_MS || now_ms - self.since_ms >= LONGEST_MS
    }
}

impl Unlocked {
    pub(crate) fn put(&self, name: [u8; 32], whose: Whose, wrapped: Vec<u8>, now_ms: i64) {
        let mut entries = self.lock();
        entries.retain(|_, entry| !entry.over(now_ms));
        make_room(&mut entries, MOST_OF_ACCOUNT, |entry| entry.whose.account == whose.account);
        make_room(&mut entries, MOST, |_| true);
        entries.insert(name, Entry { whose, wrapped, since_ms: now_ms, used_ms: now_ms });
    }

    /// The wrapped key of this name, if it is theirs and not over. Using it keeps it.
    pub(crate) fn get(&self, name: &[u8; 32], whose: Whose, now_ms: i64) -> Option<Vec<u8>> {
        let mut entries = self.lock();
        let entry = entries.get_mut(name).filter(|entry| entry.whose == whose)?;
        if entry.over(now_ms) {
            entries.remove(name);
            return None;
        }
        entry.used_ms = now_ms;
        Some(entry.wrapped.clone())
    }

    /// The same, but it is no use of it.
    pub(crate) fn peek(&self, name: &[u8; 32], whose: Whose, now_ms: i64) -> Option<Vec<u8>> {
        let entries = self.lock();
        let entry = entries.get(name).filter(|entry| entry.whose == whose && !entry.over(now_ms))?;
        Some(entry.wrapped.clone())
    }

    /// Forgets those that this says yes to: a name, and whose it is.
    pub(crate) fn forget(&self, mut which: impl FnMut(&[u8; 32], &Whose) -> bool) {
        self.lock().retain(|name, entry| !which(name, &entry.whose));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for one more among those counted.
fn make_room(entries: &mut HashMap<[u8; 32], Entry>, most: usize, counted: impl Fn(&Entry) -> bool) {
    while entries.values().filter(|entry| counted(entry)).count() >= most {
        let oldest =
            entries.iter().filter(|(_, entry)| counted(entry)).min_by_key(|(_, entry)| entry.used_ms);
        let Some(name) = oldest.map(|(name, _)| *name) else { return };
        entries.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Whose = Whose { account: Id::from_bytes([1; 12]), credential: None };
    const BEN: Whose = Whose { account: Id::from_bytes([2; 12]), credential: None };

    #[test]
    fn it_is_kept_while_used_and_forgotten_when_idle_or_old() {
        let unlocked = Unlocked::default();
        unlocked.put([1; 32], ANA, vec![1], 0);
        assert!(unlocked.get(&[1; 32], BEN, 0).is_none(), "it is not his");
        let step = IDLE_MS - 1;
        for now_ms in (step..LONGEST_MS).step_by(usize::try_from(step).unwrap()) {
            assert!(unlocked.get(&[1; 32], ANA, now_ms).is_some(), "used {now_ms}");
        }
        assert!(unlocked.get(&[1; 32], ANA, LONGEST_MS).is_none(), "old");
        unlocked.put([2; 32], ANA, vec![2], 0);
        assert!(unlocked.get(&[2; 32], ANA, IDLE_MS).is_none(), "idle");
        assert!(unlocked.lock().is_empty());
    }

    #[test]
    fn one_account_has_so_many_and_the_least_used_goes() {
        let unlocked = Unlocked::default();
        unlocked.put([99; 32], BEN, vec![], 0);
        for number in 0..=16 {
            unlocked.put([number; 32], ANA, vec![], i64::from(number));
        }
        assert!(unlocked.get(&[0; 32], ANA, 20).is_none());
        assert!(unlocked.get(&[1; 32], ANA, 20).is_some());
        assert!(unlocked.get(&[99; 32], BEN, 20).is_some(), "others lose nothing");
        unlocked.forget(|_, whose| whose.account == ANA.account);
        assert_eq!(unlocked.lock().len(), 1);
    }
}
