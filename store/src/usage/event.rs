//! One reported call, and what storing a batch of them answers.

use std::sync::Arc;

use smallvec::SmallVec;

use super::calendar::LAST_MS;
use super::piece::Piece;
use crate::model::Id;

/// The hash of a client's own event id (with its key), by which a retry is recognised.
pub type EventId = [u8; 16];

/// An HTTP method.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
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

/// Who reported a call: counted, and not kept with the call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Reporter {
    /// The service token it was reported with.
    pub token: Option<Id>,
    /// A hash of where it came from, which tells clients of one key apart.
    pub client: Option<u32>,
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
    /// Who reported it.
    pub reporter: Reporter,
}

/// Events stored together; mostly one, which then needs no allocation.
pub type UsageEvents = SmallVec<[UsageEvent; 1]>;

/// What storing events answers, once they are durable.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Appended {
    /// For each event in order: it was a duplicate and was not counted.
    pub duplicate: SmallVec<[bool; 16]>,
}

impl Appended {
    /// How many of them were counted.
    pub fn accepted(&self) -> u64 {
        self.duplicate.iter().filter(|duplicate| !**duplicate).count() as u64
    }
}

/// An event as the engine keeps it: the key is known from where it lies, the endpoint is shared, the id is cut to a
/// fingerprint.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Stored {
    pub(super) at_ms: i64,
    pub(super) endpoint: Arc<str>,
    pub(super) metadata: Piece,
    /// The first eight bytes of the event id.
    pub(super) fingerprint: Option<u64>,
    pub(super) response_us: Option<u32>,
    pub(super) request_bytes: u32,
    pub(super) response_bytes: u32,
    pub(super) version: u32,
    pub(super) status: u16,
    pub(super) method: Method,
    pub(super) reporter: Reporter,
}

impl Stored {
    /// With a copy of its metadata, all in this thread's own memory: what one thread allocates and another frees, an allocator pays for on both sides.
    pub(super) fn new(event: &UsageEvent, endpoint: Arc<str>, metadata: Piece) -> Self {
        Self {
            at_ms: event.at_ms.clamp(0, LAST_MS),
            endpoint,
            fingerprint: event.event_id.map(fingerprint),
            metadata,
            response_us: event.response_us,
            request_bytes: event.request_bytes,
            response_bytes: event.response_bytes,
            version: event.version,
            status: event.status,
            method: event.method,
            reporter: event.reporter,
        }
    }

    /// As it was reported, but for its event id and who reported it, which are not kept.
    pub(super) fn report(&self, api_key: Id) -> UsageEvent {
        UsageEvent {
            api_key,
            at_ms: self.at_ms,
            endpoint: Box::from(&*self.endpoint),
            method: self.method,
            status: self.status,
            response_us: self.response_us,
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            version: self.version,
            event_id: None,
            metadata: Box::from(&*self.metadata),
            reporter: Reporter::default(),
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// About how much memory it takes.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.metadata.len()
    }
}

/// Eight bytes of a hash tell ids apart: among a hundred million a day, a false match is a matter of centuries.
pub(super) fn fingerprint(id: EventId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = id;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Method {
    pub(super) fn from_code(code: u8) -> Option<Self> {
        let known = [
            Self::Other,
            Self::Get,
            Self::Post,
            Self::Put,
            Self::Patch,
            Self::Delete,
            Self::Head,
            Self::Options,
        ];
        known.get(usize::from(code)).copied()
    }
}
