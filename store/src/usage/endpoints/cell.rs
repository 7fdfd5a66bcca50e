//! The sums of one endpoint, and how they are written: mostly no call fails and each has a time, then two say all.

use crate::usage::codec::{Input, Read, put_varint};
use crate::usage::event::Stored;

/// Stands before sums that are written in full.
const ALL_SUMS: u64 = 0;

/// The sums of one endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EndpointCell {
    /// All calls.
    pub requests: u64,
    /// Calls answered with a status of 400 or above.
    pub errors: u64,
    /// Calls that reported a response time.
    pub timed: u64,
    /// The sum of their response times, µs.
    pub response_us: u64,
}

impl EndpointCell {
    #[inline]
    pub(super) fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.timed = self.timed.saturating_add(other.timed);
        self.response_us = self.response_us.saturating_add(other.response_us);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let Self { requests, errors, timed, response_us } = *self;
        if errors == 0 && timed == requests && requests != ALL_SUMS {
            [requests, response_us].into_iter().for_each(|sum| put_varint(out, sum));
        } else {
            let sums = [ALL_SUMS, requests, errors, timed, response_us];
            sums.into_iter().for_each(|sum| put_varint(out, sum));
        }
    }

    #[inline]
    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        match input.varint()? {
            ALL_SUMS => Self::decode_in_full(input),
            requests => Ok(Self { requests, errors: 0, timed: requests, response_us: input.wide_varint()? }),
        }
    }

    /// As the versions before wrote them.
    #[inline]
    pub(super) fn decode_in_full(input: &mut Input<'_>) -> Read<Self> {
        let [requests, errors, timed] = input.mostly_small()?;
        Ok(Self { requests, errors, timed, response_us: input.wide_varint()? })
    }
}

impl From<&Stored> for EndpointCell {
    fn from(event: &Stored) -> Self {
        Self {
            requests: 1,
            errors: event.is_error().into(),
            timed: event.response_us.is_some().into(),
            response_us: event.response_us.unwrap_or_default().into(),
        }
    }
}
