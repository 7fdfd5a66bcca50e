//! Random events for the property tests, and what is shown of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::calendar::LAST_MS;
use super::event::{Method, Reporter, Stored};
use super::kinds::{Calls, Kind, KindVisitor};
use crate::model::Id;

/// Calls that were shown of wanted kinds.
pub(super) struct Shown {
    wanted: fn(Kind) -> bool,
    kind: Option<Kind>,
    pub(super) shown: Vec<(i64, Kind, Calls)>,
}

impl Shown {
    pub(super) fn of(wanted: fn(Kind) -> bool) -> Self {
        Self { wanted, kind: None, shown: Vec::new() }
    }

    /// By start and kind.
    pub(super) fn sums(self) -> BTreeMap<(i64, Kind), Calls> {
        let mut sums: BTreeMap<_, Calls> = BTreeMap::new();
        let shown = self.shown.into_iter();
        shown.for_each(|(start_ms, kind, calls)| sums.entry((start_ms, kind)).or_default().merge(calls));
        sums
    }
}

impl KindVisitor for Shown {
    fn wants(&mut self, kind: Kind) -> bool {
        self.kind = Some(kind).filter(|kind| (self.wanted)(*kind));
        self.kind.is_some()
    }

    fn calls(&mut self, start_ms: i64, calls: Calls) {
        self.shown.push((start_ms, self.kind.expect("wanted"), calls));
    }
}

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
