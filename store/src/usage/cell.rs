//! A rollup cell: what is kept of all calls of one key in one minute, hour or day. It must not hold anything that
//! grows with the number of calls.

use super::codec::{Input, Read, put_varint};
use super::event::Stored;
use super::sketch::Sketch;

/// Stands before sums that are written in full.
const ALL_SUMS: u64 = 0;

/// The sums of one stretch of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// All calls.
    pub requests: u64,
    /// Calls answered with a status of 400 to 499.
    pub client_errors: u64,
    /// Calls answered with a status of 500 or above.
    pub server_errors: u64,
    /// Calls that reported a response time.
    pub timed: u64,
    /// The sum of their response times, µs.
    pub response_us: u64,
    /// The sum of the requests' sizes, bytes.
    pub request_bytes: u64,
    /// The sum of the responses' sizes, bytes.
    pub response_bytes: u64,
    /// The distribution of the response times.
    pub sketch: Sketch,
}

impl Cell {
    /// Calls answered with a status of 400 or above.
    pub fn errors(&self) -> u64 {
        self.client_errors.saturating_add(self.server_errors)
    }

    /// The mean response time in µs, of the calls that reported one.
    pub fn mean_response_us(&self) -> Option<u64> {
        self.response_us.checked_div(self.timed)
    }

    /// Adds another cell to this one.
    pub fn merge(&mut self, other: &Self) {
        self.merge_sums(other);
        self.sketch.merge(&other.sketch);
    }

    /// Empties it, and keeps the sketch's room.
    pub(super) fn clear(&mut self) {
        let mut sketch = std::mem::take(&mut self.sketch);
        sketch.clear();
        *self = Self { sketch, ..Self::default() };
    }

    pub(super) fn add(&mut self, event: &Stored) {
        self.requests += 1;
        match event.status {
            0..400 => {}
            400..500 => self.client_errors += 1,
            _ => self.server_errors += 1,
        }
        if let Some(response_us) = event.response_us {
            self.timed += 1;
            self.response_us = self.response_us.saturating_add(u64::from(response_us));
            self.sketch.add(response_us);
        }
        self.request_bytes = self.request_bytes.saturating_add(u64::from(event.request_bytes));
        self.response_bytes = self.response_bytes.saturating_add(u64::from(event.response_bytes));
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.encode_sums(out);
        self.sketch.encode(out);
    }

    pub(super) fn encode_sums(&self, out: &mut Vec<u8>) {
        self.sums().into_iter().for_each(|sum| put_varint(out, sum));
    }

    /// Shorter where no call failed and each has a time: then two numbers say what else takes four.
    pub(super) fn encode_sums_short(&self, out: &mut Vec<u8>) {
        let [requests, .., response_us, request_bytes, response_bytes] = self.sums();
        if self.errors() == 0 && self.timed == requests && requests != ALL_SUMS {
            [requests, response_us, request_bytes, response_bytes]
                .into_iter()
                .for_each(|sum| put_varint(out, sum));
        } else {
            put_varint(out, ALL_SUMS);
            self.encode_sums(out);
        }
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Read<Self> {
        let mut cell = Self::default();
        cell.read_sums(input)?;
        cell.sketch = Sketch::decode(input)?;
        Ok(cell)
    }

    /// Takes on the sums that come before the sketch, which stays as it is.
    #[inline]
    pub(super) fn read_sums(&mut self, input: &mut Input<'_>) -> Read<()> {
        // Numbers of calls are small mostly, times and sizes never.
        [self.requests, self.client_errors, self.server_errors, self.timed] = input.mostly_small()?;
        [self.response_us, self.request_bytes, self.response_bytes] = input.three_wide_varints()?;
        Ok(())
    }

    /// The same of the shorter form.
    #[inline]
    pub(super) fn read_sums_short(&mut self, input: &mut Input<'_>) -> Read<()> {
        let requests = input.varint()?;
        if requests == ALL_SUMS {
            return self.read_sums(input);
        }
        (self.requests, self.client_errors, self.server_errors, self.timed) = (requests, 0, 0, requests);
        [self.response_us, self.request_bytes, self.response_bytes] = input.three_wide_varints()?;
        Ok(())
    }

    /// Passes over sums in the shorter form.
    #[inline]
    pub(super) fn pass_sums_short(input: &mut Input<'_>) -> Read<()> {
        let sums = if input.varint()? == ALL_SUMS { 7 } else { 3 };
        input.varints(sums).map(drop)
    }

    /// Adds another cell's sums, and leaves the sketch as it is.
    #[inline]
    pub fn merge_sums(&mut self, other: &Self) {
        self.change_sums(other, u64::saturating_add);
    }

    /// Takes the sums of a cell that was added before away again, and leaves the sketch as it is.
    #[inline]
    pub fn remove_sums(&mut self, other: &Self) {
        self.change_sums(other, u64::saturating_sub);
    }

    #[inline]
    fn change_sums(&mut self, other: &Self, change: impl Fn(u64, u64) -> u64) {
        self.requests = change(self.requests, other.requests);
        self.client_errors = change(self.client_errors, other.client_errors);
        self.server_errors = change(self.server_errors, other.server_errors);
        self.timed = change(self.timed, other.timed);
        self.response_us = change(self.response_us, other.response_us);
        self.request_bytes = change(self.request_bytes, other.request_bytes);
        self.response_bytes = change(self.response_bytes, other.response_bytes);
    }

    /// In the order they are stored.
    fn sums(&self) -> [u64; 7] {
        [
            self.requests,
            self.client_errors,
            self.server_errors,
            self.timed,
            self.response_us,
            self.request_bytes,
            self.response_bytes,
        ]
    }
}
