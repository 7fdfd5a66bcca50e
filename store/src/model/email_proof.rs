//! Whether the person of an account has shown that its e-mail address is theirs.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// Where the proof of an account's address stands. An account without a row is taken at its word: it was made by an operator,
/// or where no proof was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EmailProof {
    /// The account.
    pub account: Id,
    /// The address that this is about; another one has not been shown to be theirs.
    pub email: String,
    /// When it was proved, ms since the epoch.
    pub proved_ms: Option<i64>,
    /// The hash of the code that was mailed last.
    pub code: Option<[u8; 32]>,
    /// Until when that is good, ms since the epoch.
    pub expires_ms: i64,
    /// When codes were mailed for this account of late, ms since the epoch.
    pub sent_ms: Vec<i64>,
    /// The hash of the code of the team's invitation for this address that the account was made with: it is accepted once the
    /// address is proved.
    pub invitation: Option<[u8; 32]>,
}

impl Record for EmailProof {
    const TABLE: Table = Table("email_proof");

    fn key(&self) -> Vec<u8> {
        self.account.as_bytes().to_vec()
    }
}
