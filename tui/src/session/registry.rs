//! How many sessions are open, in all and for each account. Counts only; it ends none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyward_keys::Id;
use tokio::sync::watch;

#[derive(Debug, Default)]
struct Open {
    total: usize,
    accounts: HashMap<Id, usize>,
}

/// The open sessions of one door.
#[derive(Clone, Debug)]
pub struct Registry {
    open: Arc<Mutex<Open>>,
    ended: watch::Sender<u64>,
    per_account: usize,
    total: usize,
}

impl Registry {
    /// Admits `per_account` sessions of one account and `total` in all.
    pub fn new(per_account: usize, total: usize) -> Self {
        Self { open: Arc::default(), ended: watch::Sender::default(), per_account, total }
    }

    /// A permit for one more session; none when there are too many. Sessions that are `exempt` are counted, not
    /// limited.
    pub fn admit(&self, account: Id, exempt: bool) -> Option<Permit> {
        let mut open = self.lock();
        let of_account = open.accounts.get(&account).copied().unwrap_or(0);
        if !exempt && (open.total >= self.total || of_account >= self.per_account) {
            return None;
        }
        open.total += 1;
        *open.accounts.entry(account).or_default() += 1;
        Some(Permit { registry: self.clone(), account })
    }

    /// How many have ended since the start, as it grows.
    pub fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one session for as long as it lives.
#[derive(Debug)]
pub struct Permit {
    registry: Registry,
    account: Id,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        open.total -= 1;
        if let Some(count) = open.accounts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                open.accounts.remove(&self.account);
            }
        }
        drop(open);
        self.registry.ended.send_modify(|ended| *ended += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_and_permits_come_back() {
        let registry = Registry::new(2, 3);
        let (ana, ben) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let of_ana: Vec<_> = (0..2).map(|_| registry.admit(ana, false).unwrap()).collect();
        assert!(registry.admit(ana, false).is_none());
        assert!(registry.admit(ana, true).is_some());
        let of_ben = registry.admit(ben, false).unwrap();
        assert!(registry.admit(ben, false).is_none(), "three in all");
        drop(of_ana);
        assert_eq!(registry.lock().total, 1);
        assert_eq!(*registry.ended().borrow(), 3, "one was exempt and left at once");
        assert!(registry.admit(ana, false).is_some());
        drop(of_ben);
        assert_eq!(registry.lock().total, 0);
        assert!(registry.lock().accounts.is_empty());
    }
}
