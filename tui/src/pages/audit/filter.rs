//! The form that filters audit records; what it finds opens on top of the whole list.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use keyward_keys::input::AuditQuery;
use keyward_keys::{Door, Id, Outcome};

use crate::app::cx::Cx;
use crate::app::{Answer, Query};
use crate::pages::audit::{AuditPage, PAGE};
use crate::pages::sheet::{Field, Kind, Sheet, Values};
use crate::pages::{Page, Step};

const HOUR_MS: i64 = 3_600_000;

const OUTCOMES: &[(&str, &str)] =
    &[("any", "whatever came of it"), ("done", "what was done"), ("refused", "what was refused")];
const DOORS: &[(&str, &str)] = &[
    ("any", "by whichever door"),
    ("ssh", "dashboards and commands"),
    ("rest", "the HTTP API"),
    ("live", "WebSocket and event streams"),
    ("local", "the daemon's own machine"),
    ("daemon", "its jobs"),
];
const PEOPLE: &[(&str, &str)] = &[
    ("anybody", "people, service tokens and the daemon"),
    ("me", "what you did"),
    ("people", "what people did"),
    ("tokens", "what service tokens did"),
    ("the daemon", "what its jobs did"),
];
const SPANS: &[(&str, &str)] = &[
    ("ever", "the whole chain"),
    ("hour", "the last hour"),
    ("day", "the last 24 hours"),
    ("week", "the last 7 days"),
];

/// The form, for this person.
pub(super) fn form(own: Id) -> Box<dyn Page> {
    let action = "A permission such as key.reveal, or a noun such as key for all of its. Empty: any.";
    let fields = vec![
        Field::new("action", "Did", action, Kind::Line).at_least(0),
        Field::new("actor", "Who", "", Kind::Choice(PEOPLE)),
        Field::new("outcome", "Outcome", "", Kind::Choice(OUTCOMES)),
        Field::new("door", "By", "", Kind::Choice(DOORS)),
        Field::new("from", "Since", "", Kind::Choice(SPANS)),
        Field::new(
            "requestId",
            "Request",
            "The id of a request, as problems and logs name it. Empty: any.",
            Kind::Line,
        )
        .at_least(0),
    ];
    // What was asked is shown with what was found.
    let asked = Arc::new(Mutex::new(AuditQuery::default()));
    let found = Arc::clone(&asked);
    let ask = move |values: &Values| {
        let query = query(values, own);
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = query.clone();
        Query::Audit(Box::new(query))
    };
    let then = move |answer: Answer, _: &mut Cx<'_>| match answer {
        Answer::Audit(page) => {
            let query = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let said = said(&query, own);
            Step::Replace(Box::new(AuditPage::filtered(query, said, page)))
        }
        _ => Step::Back,
    };
    Sheet::page("Filter the audit records", "What is left as it is does not matter.", fields, ask, then)
}

fn query(values: &Values, own: Id) -> AuditQuery {
    let line = |field| Some(values.text(field)).filter(|text| !text.is_empty());
    let actor = match values.choice(1) {
        1 => Some(own.to_string()),
        2 => Some("account".to_owned()),
        3 => Some("token".to_owned()),
        4 => Some("system".to_owned()),
        _ => None,
    };
    let doors = [
        None,
        Some(Door::Ssh),
        Some(Door::Rest),
        Some(Door::WebSocket),
        Some(Door::Local),
        Some(Door::System),
    ];
    let hours = [None, Some(1), Some(24), Some(7 * 24)][values.choice(4).min(3)];
    AuditQuery {
        page: 1,
        limit: PAGE,
        action: line(0),
        actor,
        outcome: [None, Some(Outcome::Done), Some(Outcome::Refused)][values.choice(2).min(2)],
        door: doors[values.choice(3).min(5)],
        from: hours.and_then(|hours: i64| Timestamp::from_millisecond(values.now_ms - hours * HOUR_MS).ok()),
        request: line(5),
        ..AuditQuery::default()
    }
}

/// A filter in words.
fn said(query: &AuditQuery, own: Id) -> String {
    let mut words = Vec::new();
    words.extend(query.action.clone());
    words.extend(query.outcome.map(|outcome| match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Refused => "refused".to_owned(),
    }));
    words.extend(query.actor.as_ref().map(|actor| match actor.as_str() {
        actor if actor == own.to_string() => "by me".to_owned(),
        "account" => "by people".to_owned(),
        "token" => "by tokens".to_owned(),
        _ => "by the daemon".to_owned(),
    }));
    words.extend(query.door.map(|door| format!("over {}", crate::pages::marks::door(door))));
    words.extend(query.from.map(|_| "lately".to_owned()));
    words.extend(query.request.as_ref().map(|id| format!("request {id}")));
    if words.is_empty() { "everything".to_owned() } else { words.join(", ") }
}
