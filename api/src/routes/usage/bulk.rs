//! `POST /api/usage/track`: many calls in one request, read as they come and stored a chunk at a time. Each chunk is
//! durable before the next is looked at, so that a refusal in the middle can say how far the body was taken.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use keyward_keys::input::ReportedEvent;
use keyward_keys::view::{MonthLimit, TrackedMany};
use keyward_keys::{Error, Fault};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;

use crate::HttpDoor;
use crate::input::{Batch, Chunk, Piece, Refused, Text, reported};
use crate::problem::{Pointed, Problem, Progress};
use crate::signed::Signed;

/// Faults told in one answer.
const MOST_FAULTS: usize = 100;
/// How long a body or a chunk waits for a place before its sender is asked to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reports many calls, each naming its key.
///
/// An array as `application/json`, or one object a line as `application/x-ndjson`; at most 10,000 events. What is
/// wrong with one event does not harm the others. The body is taken as it comes: a refusal in its middle says in
/// `progress` how many events were taken, and a retry leaves those out, or relies on their `eventId`.
#[utoipa::path(post, path = "/api/usage/track", tag = "usage", request_body = Vec<ReportedEvent>, responses(
    (status = 201, description = "What became of them; what was accepted is durable", body = Totals),
))]
pub(super) async fn track_many(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    mut batch: Batch,
) -> Result<(StatusCode, Json<Totals>), Problem> {
    let mut totals = Totals::default();
    let _body = place(&door.bulk_bodies).await?;
    while let Some(chunk) = batch.next().await.map_err(|problem| problem.after(totals.progress()))? {
        let _chunk = place(&door.bulk_chunks).await.map_err(|busy| busy.after(totals.progress()))?;
        let mut read = Read::of(chunk);
        let events = std::mem::take(&mut read.events);
        match door.service.track_many(&caller, events, totals.stored() > 0).await {
            Ok(tracked) => totals.add(read, tracked),
            Err(error) => return Err(Problem::from(error).after(totals.progress())),
        }
    }
    totals.answer()
}

/// A place, or word to come back: memory is bounded by the places there are.
async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, Problem> {
    match tokio::time::timeout(PATIENCE, places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(Error::Busy.into()),
    }
}

/// A chunk's events as far as they can be read.
#[derive(Default)]
struct Read<'a> {
    events: Vec<ReportedEvent<Text<'a>>>,
    /// The pieces of those events.
    pieces: Vec<&'a Piece>,
    refused: Vec<(&'a Piece, Vec<Fault>)>,
    /// How many of the refused are no JSON.
    malformed: u64,
}

impl<'a> Read<'a> {
    fn of(chunk: &'a Chunk) -> Self {
        let mut read = Self::default();
        let events = chunk.events();
        read.events.reserve(events.len());
        read.pieces.reserve(events.len());
        for (piece, text) in events {
            let Some(text) = text else {
                read.refused.push((piece, vec![fault("", "is longer than 64 KiB")]));
                continue;
            };
            match reported(text) {
                Ok(event) => {
                    read.events.push(event);
                    read.pieces.push(piece);
                }
                Err(Refused::Faults(faults)) => read.refused.push((piece, faults)),
                Err(Refused::Malformed(problem)) => {
                    read.malformed += 1;
                    read.refused.push((piece, vec![fault("", problem.detail())]));
                }
            }
        }
        read
    }
}

/// What became of the events of one request.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Totals {
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    /// The month of the key that is nearest to its limit, among those that were reported.
    limit: Option<MonthLimit>,
    /// Why events were rejected; the first hundred faults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Rejected>,
    #[serde(skip)]
    malformed: u64,
}

#[derive(Serialize, ToSchema)]
struct Rejected {
    /// The event's place in the request, from 0.
    index: usize,
    /// The line it stands in, from 1, when the body is lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    pointer: String,
    detail: String,
}

impl Totals {
    /// Adds what became of a chunk, which is settled now.
    fn add(&mut self, read: Read<'_>, tracked: TrackedMany) {
        self.accepted += tracked.accepted;
        self.duplicates += tracked.duplicates;
        self.malformed += read.malformed;
        self.limit = self.limit.into_iter().chain(tracked.limit).reduce(MonthLimit::nearer);
        let refused = tracked.rejected.into_iter().filter_map(|(place, error)| {
            let faults = match error {
                Error::Invalid(faults) => faults,
                error => vec![fault("key", &error.to_string())],
            };
            Some((*read.pieces.get(place)?, faults))
        });
        let mut refused: Vec<_> = refused.chain(read.refused).collect();
        refused.sort_unstable_by_key(|(piece, _)| piece.index);
        for (piece, faults) in refused {
            self.refuse(piece, faults);
        }
    }

    fn refuse(&mut self, piece: &Piece, faults: Vec<Fault>) {
        self.rejected += 1;
        let room = MOST_FAULTS.saturating_sub(self.errors.len());
        self.errors.extend(faults.into_iter().take(room).map(|fault| {
            let Pointed { pointer, detail } = Pointed::from(&fault);
            Rejected { index: piece.index, line: piece.line, pointer, detail: detail.to_owned() }
        }));
    }

    fn stored(&self) -> u64 {
        self.accepted + self.duplicates
    }

    fn progress(&self) -> Progress {
        let &Self { accepted, duplicates, rejected, .. } = self;
        Progress { taken: accepted + duplicates + rejected, accepted, duplicates, rejected }
    }

    /// 201 when something was taken, for that is durable whatever else was wrong; a problem when nothing was.
    fn answer(self) -> Result<(StatusCode, Json<Self>), Problem> {
        if self.stored() > 0 {
            return Ok((StatusCode::CREATED, Json(self)));
        }
        if self.rejected == 0 {
            return Err(Problem::invalid(vec![fault("", "there is no event in it")]));
        }
        let at = |rejected: Rejected| Fault {
            field: format!("{}{}", rejected.index, rejected.pointer),
            detail: rejected.detail,
        };
        let malformed = self.malformed == self.rejected;
        let faults = self.errors.into_iter().map(at).collect();
        Err(if malformed { Problem::all_malformed(faults) } else { Problem::invalid(faults) })
    }
}

fn fault(field: &str, detail: &str) -> Fault {
    Fault { field: field.into(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(monthly: Option<u64>, used: u64) -> MonthLimit {
        let remaining = monthly.map(|monthly| monthly.saturating_sub(used));
        MonthLimit {
            monthly,
            used,
            remaining,
            reset: jiff::Timestamp::UNIX_EPOCH,
            exceeded: monthly.is_some_and(|monthly| used > monthly),
        }
    }

    fn tracked(accepted: u64, limit: MonthLimit) -> TrackedMany {
        TrackedMany { accepted, limit: Some(limit), ..TrackedMany::default() }
    }

    #[test]
    fn the_limit_told_is_the_one_that_is_nearest() {
        let mut totals = Totals::default();
        for limit in [month(None, 9), month(Some(100), 98), month(Some(100), 99), month(Some(1_000), 5)] {
            totals.add(Read::default(), tracked(1, limit));
        }
        assert_eq!(totals.limit, Some(month(Some(100), 99)));
        totals.add(Read::default(), tracked(2, month(Some(10), 11)));
        assert_eq!(totals.limit, Some(month(Some(10), 11)));
        assert_eq!((totals.accepted, totals.progress().taken), (6, 6));
    }

    #[test]
    fn nothing_to_read_is_a_problem() {
        assert_eq!(Totals::default().answer().err().unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
