//! Random events for the property tests.

use std::sync::Arc;

use proptest::prelude::*;

use super::calendar::LAST_MS;
use super::event::{Method, Reporter, Stored};
use crate::model::Id;

/// Any event; with a fingerprint and a reporter now and then when `named`.
pub(super) fn stored(named: bool) -> impl Strategy<Value = Stored> {
    let at_ms = prop_oneof![0..=LAST_MS, 1_790_000_000_000i64..1_790_000_100_000];
    let endpoint = prop_oneof!["/v1/[a-d]{1,3}", "\\PC{0,20}"];
    let metadata = prop_oneof![Just(String::new()), "\\{\"model\":\"[a-z]{3}\",\"tokens\":[0-9]{1,4}\\}"];
    let sizes = (any::<u32>(), 0u32..5_000, 0u32..4, prop_oneof![200u16..600, any::<u16>()], 0u8..8);
    let fingerprint = prop::option::of(any::<u64>());
    (at_ms, endpoint, metadata, fingerprint, prop::option::of(any::<u32>()), sizes).prop_map(
        move |(at_ms, endpoint, metadata, fingerprint, response_us, sizes)| {
            let (request_bytes, response_bytes, version, status, method) = sizes;
            Stored {
                at_ms,
                endpoint: Arc::from(endpoint),
                metadata: metadata.as_str().into(),
                fingerprint: fingerprint.filter(|_| named),
                response_us,
                request_bytes,
                response_bytes,
                version,
                status,
                method: Method::from_code(method).unwrap(),
                reporter: Reporter {
                    token: (named && status & 1 == 0).then(|| Id::from_bytes([version as u8; 12])),
                    client: (named && status & 6 == 0).then_some(request_bytes),
                },
            }
        },
    )
}
