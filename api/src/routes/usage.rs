//! `/api/usage`: reports of calls, and what became of them. The hot path of the whole daemon is [`track`].

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use keyward_keys::input::{KeyRef, TrackEvent, UsageQuery};
use keyward_keys::view::{MonthLimit, Tracked, UsageReport};
use keyward_keys::{Error, Fault};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::input::{self, Batch, KeyPath, Refused, Reported, Search};
use crate::problem::{Pointed, Problem};
use crate::signed::Signed;

/// Faults told in one answer.
const MOST_FAULTS: usize = 100;

pub(super) fn routes(most: usize) -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(report))
        .routes(routes!(track))
        .routes(routes!(track_many).layer(DefaultBodyLimit::max(most)))
}

/// A key's usage over a span of days.
#[utoipa::path(get, path = "/api/usage/{id}", tag = "usage", params(UsageQuery), responses(
    (status = 200, description = "The report", body = UsageReport),
))]
async fn report(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    Search(mut search): Search,
) -> Result<Json<UsageReport>, Problem> {
    let query = UsageQuery {
        timeframe: search.text("timeframe"),
        start_date: search.text("startDate"),
        end_date: search.text("endDate"),
        timezone: search.text("timezone"),
    };
    search.finish()?;
    Ok(Json(door.service.usage(&caller, &key, &query).await?))
}

/// Reports one call that was made with a key.
#[utoipa::path(post, path = "/api/usage/{id}/track", tag = "usage", request_body = TrackEvent, responses(
    (status = 201, description = "It is counted, durably", body = Tracked),
))]
async fn track(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    input::Json(body): input::Json,
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    let tracked = door.service.track(&caller, &key, input::single(&body)?).await?;
    Ok((StatusCode::CREATED, Json(tracked)))
}

/// Reports many calls, each naming its key.
///
/// An array as `application/json`, or one object a line as `application/x-ndjson`; at most 10,000 events. What is
/// wrong with one event does not harm the others.
#[utoipa::path(post, path = "/api/usage/track", tag = "usage", request_body = Vec<Reported>, responses(
    (status = 201, description = "What became of them; what was accepted is durable", body = Totals),
))]
async fn track_many(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    batch: Batch,
) -> Result<(StatusCode, Json<Totals>), Problem> {
    let mut totals = Totals::default();
    let (mut places, mut events) = (Vec::new(), Vec::new());
    batch.each(|index, reported| match reported {
        Ok(Reported { key: Some(key), event }) => {
            places.push(index);
            events.push((KeyRef::Id(key), event));
        }
        Ok(_) => totals.refuse(index, [fault("key", "is missing: `_id` or `keyId`")]),
        Err(Refused::Faults(faults)) => totals.refuse(index, faults),
        Err(Refused::Malformed(problem)) => totals.refuse(index, [fault("", problem.detail())]),
    })?;
    let results = door.service.track_many(&caller, events).await?;
    for (index, result) in places.into_iter().zip(results) {
        totals.add(index, result)?;
    }
    totals.answer()
}

/// What became of the events of one request.
#[derive(Default, Serialize, ToSchema)]
struct Totals {
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    /// The month of the key that is nearest to its limit, among those that were reported.
    limit: Option<MonthLimit>,
    /// Why events were rejected; the first hundred faults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Rejected>,
}

#[derive(Serialize, ToSchema)]
struct Rejected {
    /// The event's place in the request, from 0.
    index: usize,
    pointer: String,
    detail: String,
}

impl Totals {
    fn refuse(&mut self, index: usize, faults: impl IntoIterator<Item = Fault>) {
        self.rejected += 1;
        let room = MOST_FAULTS.saturating_sub(self.errors.len());
        self.errors.extend(faults.into_iter().take(room).map(|fault| {
            let Pointed { pointer, detail } = Pointed::from(&fault);
            Rejected { index, pointer, detail: detail.to_owned() }
        }));
    }

    /// Adds one event's result; a failure that is not the event's own fails the request.
    fn add(&mut self, index: usize, result: Result<Tracked, Error>) -> Result<(), Problem> {
        match result {
            Ok(tracked) => {
                self.accepted += tracked.accepted;
                self.duplicates += tracked.duplicates;
                self.limit = Some(self.limit.map_or(tracked.limit, |limit| nearer(limit, tracked.limit)));
            }
            Err(Error::Invalid(faults)) => self.refuse(index, faults),
            Err(error @ (Error::NotFound(_) | Error::Forbidden(_))) => {
                self.refuse(index, [fault("key", &error.to_string())]);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// 201 when something was taken, for that is durable whatever else was wrong; a problem when nothing was.
    fn answer(mut self) -> Result<(StatusCode, Json<Self>), Problem> {
        self.errors.sort_by_key(|rejected| rejected.index);
        if self.accepted + self.duplicates > 0 {
            return Ok((StatusCode::CREATED, Json(self)));
        }
        if self.rejected == 0 {
            return Err(Problem::invalid(vec![fault("", "there is no event in it")]));
        }
        let at = |rejected: Rejected| Fault {
            field: format!("{}{}", rejected.index, rejected.pointer),
            detail: rejected.detail,
        };
        Err(Problem::invalid(self.errors.into_iter().map(at).collect()))
    }
}

/// The month that has less left; of one key's, that is the later one.
fn nearer(a: MonthLimit, b: MonthLimit) -> MonthLimit {
    let left =
        |limit: &MonthLimit| (!limit.exceeded, limit.remaining.unwrap_or(u64::MAX), u64::MAX - limit.used);
    if left(&b) <= left(&a) { b } else { a }
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

    fn tracked(limit: MonthLimit) -> Result<Tracked, Error> {
        Ok(Tracked { accepted: 1, duplicates: 0, limit })
    }

    #[test]
    fn the_limit_told_is_the_one_that_is_nearest() {
        let mut totals = Totals::default();
        for (index, limit) in
            [month(None, 9), month(Some(100), 98), month(Some(100), 99), month(Some(1_000), 5)]
                .into_iter()
                .enumerate()
        {
            totals.add(index, tracked(limit)).unwrap();
        }
        assert_eq!(totals.limit, Some(month(Some(100), 99)));
        totals.add(4, tracked(month(Some(10), 11))).unwrap();
        assert_eq!(totals.limit, Some(month(Some(10), 11)));
        assert_eq!(totals.accepted, 5);
    }

    #[test]
    fn one_good_event_is_an_answer_and_none_is_a_problem() {
        let mut some = Totals::default();
        some.refuse(0, [fault("statusCode", "wrong")]);
        some.add(1, tracked(month(None, 1))).unwrap();
        some.add(2, Err(Error::NotFound("key"))).unwrap();
        let (status, Json(totals)) = some.answer().unwrap_or_else(|_| panic!("one was taken"));
        assert_eq!((status, totals.accepted, totals.rejected), (StatusCode::CREATED, 1, 2));

        let mut none = Totals::default();
        none.refuse(3, [fault("statusCode", "wrong")]);
        let problem = none.answer().err().unwrap();
        assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem.faults()[0].field, "3/statusCode");
        assert!(Totals::default().answer().is_err());
    }

    #[test]
    fn a_failure_of_the_store_fails_the_request() {
        assert_eq!(Totals::default().add(0, Err(Error::Busy)).unwrap_err().status(), 503);
    }
}
