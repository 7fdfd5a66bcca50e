//! One answer on its way: what a command prints, as the result of a request, on one line. It passes on what comes and keeps
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::session::{Output, OutputGone};

/// Where a command prints to, for a client that reads lines.
#[derive(Clone)]
pub(super) struct Answer {
    /// The JSON of the request's id.
    id: Arc<str>,
    out: Arc<dyn Output>,
    begun: Arc<AtomicBool>,
}

impl Answer {
    pub(super) fn new(id: &str, out: Arc<dyn Output>) -> Self {
        Self { id: id.into(), out, begun: Arc::default() }
    }

    /// A part of it is out.
    pub(super) fn begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Ends the line; a command that printed nothing has `null` as its result.
    pub(super) async fn end(&self) -> Result<(), OutputGone> {
        let rest = if self.begun() { "}\n" } else { "null}\n" };
        self.out.send(self.part(rest.as_bytes(), false)).await
    }

    /// Bytes of the line, with its beginning if they are the first. Between the values of JSON, where a line would end, a
    /// blank means the same.
    fn part(&self, bytes: &[u8], is_result: bool) -> Bytes {
        let mut part = Zeroizing::new(Vec::with_capacity(bytes.len() + self.id.len() + 24));
        if !self.begun.swap(true, Ordering::Relaxed) {
            part.extend_from_slice(format!("{{\"id\":{},\"result\":", self.id).as_bytes());
        }
        part.extend(bytes.iter().map(|byte| if is_result && *byte == b'\n' { b' ' } else { *byte }));
        Bytes::from_owner(part)
    }
}

impl Output for Answer {
    fn send(&self, bytes: Bytes) -> BoxFuture<'static, Result<(), OutputGone>> {
        self.out.send(self.part(&bytes, true))
    }
}

/// The JSON of an id, to stand in other JSON.
pub(super) fn raw(id: &str) -> Box<RawValue> {
    // It came from JSON, or is `null`.
    RawValue::from_string(id.to_owned()).unwrap_or_default()
}
