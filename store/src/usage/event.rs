//! One reported call, and what storing a batch of them answers.

use crate::model::Id;

/// The hash of a client's own event id (with its key), by which a retry is recognised.
pub type EventId = [u8; 16];

/// An HTTP method.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Method {
    /// Any that is not named here, or none reported.
    #[default]
    Other = 0,
    /// GET
    Get = 1,
    /// POST
    Post = 2,
    /// PUT
    Put = 3,
    /// PATCH
    Patch = 4,
    /// DELETE
    Delete = 5,
    /// HEAD
    Head = 6,
    /// OPTIONS
    Options = 7,
}

/// One reported call made with an API key.
#[derive(Clone, PartialEq, Debug)]
pub struct UsageEvent {
    /// The API key.
    pub api_key: Id,
    /// When the call was made, ms since the epoch.
    pub at_ms: i64,
    /// The endpoint, as reported (sanitised, at most 256 bytes).
    pub endpoint: Box<str>,
    /// The method.
    pub method: Method,
    /// The HTTP status; 400 and above count as errors.
    pub status: u16,
    /// The response time in µs, when reported.
    pub response_us: Option<u32>,
    /// The request's size in bytes.
    pub request_bytes: u32,
    /// The response's size in bytes.
    pub response_bytes: u32,
    /// The version of the key that was used; 0 when not reported.
    pub version: u32,
    /// By which a retry is recognised for 24 h.
    pub event_id: Option<EventId>,
    /// Further data: a compact JSON object, or empty.
    pub metadata: Box<str>,
}

/// What storing a batch of events answers, once it is durable.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Appended {
    /// For each event in order: it was a duplicate and was not counted.
    pub duplicate: Vec<bool>,
    /// For each distinct key of the batch: its total of the current month (UTC), with this batch.
    pub month_used: Vec<(Id, u64)>,
}
