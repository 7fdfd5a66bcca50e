//! Questions to the operators, and what is said about them.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// A question to the operators.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// The row's id.
    pub id: Id,
    /// Who asks.
    pub account: Id,
    /// What it is about, in a line.
    pub subject: String,
    /// It is settled.
    pub closed: bool,
    /// Messages in it.
    pub messages: u32,
    /// When it was opened, ms since the epoch.
    pub created_ms: i64,
    /// When something was last said, ms since the epoch.
    pub updated_ms: i64,
}

impl Record for Ticket {
    const TABLE: Table = Table("ticket");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }
}

/// One message of a ticket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TicketMessage {
    /// The ticket.
    pub ticket: Id,
    /// From 1.
    pub number: u32,
    /// Who says it.
    pub author: Id,
    /// Said by an operator, as such.
    pub operator: bool,
    /// The text.
    pub text: String,
    /// When, ms since the epoch.
    pub created_ms: i64,
}

impl TicketMessage {
    /// The row's key: a ticket's messages lie together, in order.
    pub fn row_key(ticket: Id, number: u32) -> Vec<u8> {
        [ticket.as_bytes().as_slice(), &number.to_be_bytes()].concat()
    }
}

impl Record for TicketMessage {
    const TABLE: Table = Table("ticket_message");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.ticket, self.number)
    }
}
