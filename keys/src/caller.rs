//! Who asks, and by which door. Only `service::authn` makes a [`Caller`]: nothing outside this crate can.

use std::net::IpAddr;

use secrecy::SecretString;

use keyward_store::model::{Door, Id};

use crate::error::{Error, Result};

/// Where a request came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// By which door.
    pub door: Door,
    /// From which address; none on the admin socket.
    pub address: Option<IpAddr>,
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
    /// The service token's text, which opens its locks; none for everyone else.
    pub(crate) token: Option<SecretString>,
}

impl Caller {
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

    /// The SSH key or session that proved it.
    pub fn credential(&self) -> Option<Id> {
        self.credential
    }
}
