//! Audit records: who did what to what, by which door, when. The store links them into a hash chain.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::model::Id;
use crate::table::Table;

/// The way somebody came in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The SSH dashboard or a command over SSH.
    Ssh,
    /// REST.
    Rest,
    /// WebSocket or server-sent events.
    WebSocket,
    /// The admin socket on the daemon's own machine.
    Local,
    /// A job of the daemon.
    System,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

/// One audit record's body, as it is hashed. No values, no e-mail, no passphrase, ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// The person or token; none for the system.
    pub actor: Option<Id>,
    /// `account`, `token`, or the job's name.
    pub actor_kind: String,
    /// By which door.
    pub door: Door,
    /// From which address.
    pub from: Option<String>,
    /// The permission that was used, such as `key.reveal`.
    pub action: String,
    /// What it was done to.
    pub object: Option<Id>,
    /// The space it is in.
    pub space: Option<Id>,
    /// How it ended.
    pub outcome: Outcome,
    /// More, without values: a version number, the fields that changed.
    pub detail: String,
    /// The request it was asked for in. It follows the other fields in the body, which bodies of before end with.
    #[serde(skip)]
    pub request: Option<String>,
}

impl AuditRecord {
    /// The chained log. Keys are record numbers (big-endian `u64`, from 1); a value is the record's hash (32
    /// bytes), then its body.
    pub const LOG: Table = Table("audit");

    /// The body, as it is hashed and kept: the fields in order (postcard), then the request's id if there is one.
    /// A body is never rewritten, so what comes to be known later is added after its end.
    pub fn to_body(&self) -> Result<Bytes> {
        let damaged = |_| Error::Damaged { table: Self::LOG.0 };
        let mut body = postcard::to_allocvec(self).map_err(damaged)?;
        if let Some(request) = &self.request {
            body = postcard::to_extend(request, body).map_err(damaged)?;
        }
        Ok(Bytes::from(body))
    }

    /// Reads a body of any age.
    pub fn from_body(body: &[u8]) -> Result<Self> {
        let damaged = |_| Error::Damaged { table: Self::LOG.0 };
        let (mut record, rest) = postcard::take_from_bytes::<Self>(body).map_err(damaged)?;
        if !rest.is_empty() {
            record.request = Some(postcard::from_bytes(rest).map_err(damaged)?);
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(request: Option<&str>) -> AuditRecord {
        AuditRecord {
            at_ms: 1_773_144_000_000,
            actor: Some(Id::from_bytes([7; 12])),
            actor_kind: "account".to_owned(),
            door: Door::Rest,
            from: Some("127.0.0.1".to_owned()),
            action: "key.reveal".to_owned(),
            object: Some(Id::from_bytes([9; 12])),
            space: None,
            outcome: Outcome::Done,
            detail: "version 2".to_owned(),
            request: request.map(str::to_owned),
        }
    }

    /// A body as it was written before records named the request.
    const BEFORE: &str = "8098f2f99a6701070707070707070707070707076163636f756e740101093132372e302e302e310a6b65792e72657665616c0109090909090909090909090900000976657273696f6e2032";

    #[test]
    fn bodies_of_before_are_read_and_written_as_they_were() {
        let hex: String = record(None).to_body().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, BEFORE);
        let bytes: Vec<u8> = (0..BEFORE.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&BEFORE[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(AuditRecord::from_body(&bytes).unwrap(), record(None));
    }

    #[test]
    fn a_body_names_the_request_and_a_later_one_may_say_more() {
        let body = record(Some("r-1")).to_body().unwrap();
        assert_eq!(AuditRecord::from_body(&body).unwrap(), record(Some("r-1")));
        let later = [&body, &b"\x05more"[..]].concat();
        assert_eq!(AuditRecord::from_body(&later).unwrap(), record(Some("r-1")));
        for end in 0..body.len() - 4 {
            assert!(AuditRecord::from_body(&body[..end]).is_err(), "{end}");
        }
    }
}
