//! Who asks, and by which door. Only `service::authn` makes a [`Caller`]: nothing outside this crate can.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use secrecy::SecretString;

use keyward_store::model::{Door, Id};

use crate::error::{Error, Result};
use crate::service::Once;

/// Where a request came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// By which door.
    pub door: Door,
    /// From which address; none on the admin socket.
    pub address: Option<IpAddr>,
    /// The request, where the door gives each a name.
    pub request: Option<RequestId>,
}

/// A request's id, by which its answer, its log lines and its audit record are found together: 1 to 64 letters,
/// digits, `-`, `_` and `.`, so that a caller who chooses it cannot forge a line of a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    length: u8,
    text: [u8; Self::LONGEST],
}

impl RequestId {
    const LONGEST: usize = 64;

    /// The id, when the text can be one.
    pub fn parse(id: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let mut text = [0; Self::LONGEST];
        let length = u8::try_from(id.len()).ok().filter(|length| *length > 0)?;
        text.get_mut(..id.len())?.copy_from_slice(id.as_bytes());
        id.bytes().all(plain).then_some(Self { length, text })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII came in.
        std::str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who a caller is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Identity {
    /// A person.
    Account(Id),
    /// An app, with its service token.
    Token(Id),
    /// A job or command of the daemon itself, by name.
    System(&'static str),
}

/// A proven identity. What it may do is looked up at each use, not remembered here.
#[derive(Clone)]
pub struct Caller {
    pub(crate) identity: Identity,
    pub(crate) origin: Origin,
    /// The SSH key or session row that proved it: when that goes, so does the caller.
    pub(crate) credential: Option<Id>,
    /// What the person has open over a connection, as which this caller acts: when that is ended, so is the caller.
    pub(crate) presence: Option<Id>,
    /// The account's epoch when it was proved: when everything open is ended, the account has a later one.
    pub(crate) epoch: u32,
    /// The service token's text, which opens its locks; none for everyone else.
    pub(crate) token: Option<SecretString>,
    /// The request, when it may be sent again: what it does is noted with it.
    pub(crate) once: Option<Once>,
    /// The unlock token, while this person is unlocked.
    pub(crate) unlock: UnlockSlot,
}

/// Holds an unlock token, for a caller and all its clones: whoever unlocks in one channel of a connection is unlocked
/// in the others. It proves nothing until the service has looked it up.
#[derive(Clone, Default)]
pub(crate) struct UnlockSlot(Arc<Mutex<Option<SecretString>>>);

impl UnlockSlot {
    pub(crate) fn get(&self) -> Option<SecretString> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, token: Option<SecretString>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

/// A caller for as long as somebody else holds one who shares their unlock: a live session's.
pub(crate) struct WeakCaller {
    caller: Caller,
    unlock: Weak<Mutex<Option<SecretString>>>,
}

impl WeakCaller {
    pub(crate) fn upgrade(&self) -> Option<Caller> {
        let unlock = UnlockSlot(self.unlock.upgrade()?);
        Some(Caller { unlock, ..self.caller.clone() })
    }
}

impl Caller {
    /// The same person by the same proof, and nothing besides: nothing that they unlocked or have open. To remember them by,
    /// and to ask later whether the proof still stands.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { unlock: UnlockSlot::default(), once: None, presence: None, ..self.clone() }
    }

    pub(crate) fn downgrade(&self) -> WeakCaller {
        // What was unlocked by one command holds for its connection, which goes on after it.
        WeakCaller { caller: self.bare(), unlock: Arc::downgrade(&self.unlock.0) }
    }

    /// Whoever unlocks as one of them is unlocked as the other.
    pub(crate) fn shares_unlock(&self, other: &Caller) -> bool {
        Arc::ptr_eq(&self.unlock.0, &other.unlock.0)
    }

    /// The same caller with an unlock token that came along. A wrong one is like none.
    #[must_use]
    pub fn with_unlock(self, token: SecretString) -> Self {
        let unlock = UnlockSlot::default();
        unlock.set(Some(token));
        Self { unlock, ..self }
    }

    /// Who this is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Where they came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The account, when this is a person.
    pub fn account(&self) -> Option<Id> {
        match self.identity {
            Identity::Account(id) => Some(id),
            Identity::Token(_) | Identity::System(_) => None,
        }
    }

    /// The account, for what only people do. An app is told that signing in again would not help it.
    pub(crate) fn person(&self) -> Result<Id> {
        match self.identity {
            Identity::Account(id) => Ok(id),
            Identity::Token(_) => {
                Err(Error::Forbidden("this is for people, and you are a service token".to_owned()))
            }
            Identity::System(_) => Err(Error::Unauthenticated),
        }
    }

    /// The same caller, with a request that may be sent again.
    pub fn with_once(self, once: Once) -> Self {
        Self { once: Some(once), ..self }
    }

    /// The SSH key or session that proved it.
    pub fn credential(&self) -> Option<Id> {
        self.credential
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn a_request_id_is_short_and_plain() {
        let longest = "x".repeat(64);
        for good in ["a", "0f3a.B-7_c", &longest] {
            assert_eq!(RequestId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\nb", "ä", &"x".repeat(65), &"x".repeat(300)] {
            assert!(RequestId::parse(bad).is_none(), "{bad:?}");
        }
    }
}
