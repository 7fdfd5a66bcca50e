//! One reported call, read on the hot path: straight from the body's bytes into what the core takes, with the
//! metadata left as text. Only a body that fails is read a second time, to name every fault.

use jiff::Timestamp;
use keyward_keys::Fault;
use keyward_keys::input::{ReportedEvent, TrackEvent};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::metadata;
use super::text::Text;
use super::tree::Tree;
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow)]
    endpoint: Option<Text<'a>>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    status_code: Option<u16>,
    response_time: Option<f64>,
    request_size: Option<u32>,
    response_size: Option<u32>,
    version: Option<u32>,
    #[serde(borrow)]
    event_id: Option<Text<'a>>,
    timestamp: Option<Timestamp>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

/// Reads one event of many, which names its key.
pub(crate) fn reported(json: &[u8]) -> Result<ReportedEvent<Text<'_>>, Refused> {
    match parse(json)? {
        (Some(key), event) => Ok(ReportedEvent { key, event }),
        (None, _) => Err(Refused::Faults(vec![fault("key", "is missing: `_id` or `keyId`")])),
    }
}

/// Reads the event of a body that names no key, because the path does.
pub(crate) fn single(json: &[u8]) -> Result<TrackEvent, Problem> {
    match parse(json)? {
        (None, event) => Ok(event.with_texts(Text::into_owned)),
        (Some(_), _) => {
            Err(Problem::invalid(vec![fault("key", "the path names the key; leave it out here")]))
        }
    }
}

/// The key that an event names, if it names one, and the event; its faults when its values are wrong, a problem when
/// it is not JSON.
fn parse(json: &[u8]) -> Result<(Option<Text<'_>>, TrackEvent<Text<'_>>), Refused> {
    let Ok(written) = serde_json::from_slice::<Written<'_>>(json) else { return Err(explain(json)) };
    let metadata = match written.metadata.map(|raw| metadata::compact(raw.get())).transpose() {
        Ok(metadata) => metadata.map(Text::from),
        Err(detail) => return Err(Refused::Faults(vec![fault("metadata", detail)])),
    };
    let event = TrackEvent {
        endpoint: written.endpoint,
        method: written.method,
        status_code: written.status_code,
        response_time: written.response_time,
        request_size: written.request_size,
        response_size: written.response_size,
        version: written.version,
        event_id: written.event_id,
        timestamp: written.timestamp,
        metadata,
    };
    Ok((written.key, event))
}

/// Why an event was not read.
pub(crate) enum Refused {
    /// It is not JSON.
    Malformed(Problem),
    /// Its values are wrong.
    Faults(Vec<Fault>),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed(problem) => problem,
            Refused::Faults(faults) => Self::invalid(faults),
        }
    }
}

const TIMESTAMP: &str =
    "must be a time such as 2024-01-15T10:30:00Z, 30 days old at most and no more than 5 minutes ahead";

/// Reads a body that failed once more, field by field.
fn explain(json: &[u8]) -> Refused {
    let mut fields = match Tree::parse(json).map(Fields::of) {
        Ok(Ok(fields)) => fields,
        Ok(Err(fault)) => return Refused::Faults(vec![fault]),
        Err(problem) => return Refused::Malformed(problem),
    };
    for name in ["key", "endpoint", "method", "eventId"] {
        fields.text(name);
    }
    fields.number::<u16>("statusCode");
    fields.float("responseTime");
    for name in ["requestSize", "responseSize", "version"] {
        fields.number::<u32>(name);
    }
    fields.parsed::<Timestamp>("timestamp", TIMESTAMP);
    fields.check_object("metadata");
    match fields.into_faults() {
        faults if faults.is_empty() => Refused::Malformed(Problem::malformed("the event cannot be read")),
        faults => Refused::Faults(faults),
    }
}

fn fault(field: &str, detail: &str) -> Fault {
    Fault { field: field.into(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str) -> Vec<String> {
        match parse(json.as_bytes()) {
            Err(Refused::Faults(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
            Err(Refused::Malformed(problem)) => vec![format!("malformed: {}", problem.detail())],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn the_specification_s_example_is_read_whole() {
        let json = br#"{
          "endpoint": "/v1/chat/completions", "method": "POST", "statusCode": 200, "responseTime": 245,
          "requestSize": 1024, "responseSize": 2048, "metadata": { "model": "gpt-3.5-turbo", "tokens": 150 }
        }"#;
        let event = single(json).unwrap();
        assert_eq!(event.endpoint.as_deref(), Some("/v1/chat/completions"));
        assert_eq!(event.method.as_deref(), Some("POST"));
        assert_eq!((event.status_code, event.response_time), (Some(200), Some(245.0)));
        assert_eq!((event.request_size, event.response_size), (Some(1024), Some(2048)));
        assert_eq!(event.metadata.as_deref(), Some(r#"{"model":"gpt-3.5-turbo","tokens":150}"#));
    }

    #[test]
    fn nothing_is_needed_and_null_is_nothing() {
        for json in ["{}", r#"{"endpoint":null,"statusCode":null,"metadata":null,"timestamp":null}"#] {
            let (key, event) = parse(json.as_bytes()).ok().unwrap();
            assert!(key.is_none() && event.metadata.is_none());
        }
    }

    #[test]
    fn faults_are_told_together() {
        assert_eq!(
            faults(
                r#"{"statusCode":70000,"responseTime":"fast","timestamp":"yesterday","metadata":[],"extra":1}"#
            ),
            ["statusCode", "responseTime", "timestamp", "metadata", "extra"]
        );
        assert_eq!(faults(r#"{"metadata":{"a":1,"a":1}}"#), ["metadata"]);
        assert_eq!(faults("[]"), [""]);
        assert!(faults(r#"{"endpoint":"a","endpoint":"b"}"#)[0].contains("twice"));
        assert!(faults("{").first().unwrap().starts_with("malformed"));
        assert!(single(br#"{"key":"ak_prod_x"}"#).is_err());
    }
}
