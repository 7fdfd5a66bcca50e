//! What a client wants to hear, of all that it may.

use std::collections::HashSet;

use keyward_keys::Id;

/// A kind of event that is sent to many.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// Calls were reported.
    UsageUpdate,
    /// A key was made, changed or deleted.
    ApiKeyUpdate,
    /// There is a new notification.
    Notification,
    /// Something that everybody has to know.
    SystemAlert,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::UsageUpdate, Self::ApiKeyUpdate, Self::Notification, Self::SystemAlert];

    /// Its name in the specification.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UsageUpdate => "usage_update",
            Self::ApiKeyUpdate => "api_key_update",
            Self::Notification => "notification",
            Self::SystemAlert => "system_alert",
        }
    }
}

/// What one client wants to hear. Everything until it says otherwise, as the specification's example expects, which
/// asks for nothing once it has authenticated.
pub(crate) struct Filter {
    kinds: Vec<Kind>,
    /// Only usage of these keys; of all when none.
    usage_of: Option<HashSet<Id>>,
}

impl Filter {
    /// Events of these kinds.
    pub(crate) fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), usage_of: None }
    }

    /// Adds a kind.
    pub(crate) fn add(&mut self, kind: Kind) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// Takes a kind out.
    pub(crate) fn remove(&mut self, kind: Kind) {
        self.kinds.retain(|other| *other != kind);
    }

    /// Usage of these keys alone; of every key, also of those yet to be made, when none are named.
    pub(crate) fn usage_of(&mut self, keys: Option<HashSet<Id>>) {
        self.usage_of = keys;
    }

    /// Whether it lets an event of this kind about this key pass.
    pub(crate) fn passes(&self, kind: Kind, api_key: Option<Id>) -> bool {
        let wanted = match (kind, &self.usage_of, api_key) {
            (Kind::UsageUpdate, Some(keys), Some(key)) => keys.contains(&key),
            _ => true,
        };
        wanted && self.kinds.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_narrows_usage_by_key_and_everything_by_kind() {
        let (one, two) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let mut filter = Filter::of(Kind::ALL);
        assert!(Kind::ALL.iter().all(|kind| filter.passes(*kind, Some(one))));
        filter.usage_of(Some(HashSet::from([one])));
        assert!(filter.passes(Kind::UsageUpdate, Some(one)) && !filter.passes(Kind::UsageUpdate, Some(two)));
        assert!(filter.passes(Kind::ApiKeyUpdate, Some(two)));
        filter.usage_of(None);
        assert!(filter.passes(Kind::UsageUpdate, Some(two)));
        filter.remove(Kind::UsageUpdate);
        assert!(!filter.passes(Kind::UsageUpdate, Some(one)));
    }
}
