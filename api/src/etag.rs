//! Entity tags (RFC 9110, section 8.8.3) and the conditions made with them.
//!
//! A key's tag begins with its revision, which only a change by a person moves, and goes on with its counters, so
//! that the tag is strong although usage moves them all the time. `If-Match` therefore looks at the revision alone:
//! traffic must not make an editor's change fail.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use keyward_keys::view::{KeyStatus, KeyView};

use crate::problem::Problem;

/// A key's tag.
pub(crate) fn of_key(key: &KeyView) -> HeaderValue {
    let status = match key.status {
        KeyStatus::Active => 'a',
        KeyStatus::Inactive => 'i',
        KeyStatus::Expired => 'e',
    };
    tag(format_args!("{}.{}.{}.{status}", key.revision, key.usage_count, key.current_month_usage))
}

/// A version's tag: its number.
pub(crate) fn of_version(version: u32) -> HeaderValue {
    tag(format_args!("{version}"))
}

/// The version that a caller says it has, in `If-None-Match`; of several, the first.
pub(crate) fn version_at_hand(headers: &HeaderMap) -> Option<u32> {
    tags(headers, header::IF_NONE_MATCH).find_map(|tag| {
        tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?.parse().ok()
    })
}

fn tag(text: std::fmt::Arguments<'_>) -> HeaderValue {
    // Digits, dots and a letter: always a header value.
    HeaderValue::try_from(format!("\"{text}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether `If-None-Match` names this tag, so that the answer is 304.
pub(crate) fn not_modified(headers: &HeaderMap, current: &HeaderValue) -> bool {
    let current = current.as_bytes();
    let current = current.strip_prefix(b"W/").unwrap_or(current);
    tags(headers, header::IF_NONE_MATCH)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == current)
}

/// The answer to whoever has it already.
pub(crate) fn unchanged(tag: HeaderValue) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response()
}

/// What `If-Match` asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Match {
    /// Nothing: no header, or `*`.
    Any,
    /// One of these revisions.
    Revisions(Vec<u64>),
}

/// Reads `If-Match`. Weak tags and foreign ones match nothing.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Match, Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(Match::Any);
    }
    let mut revisions = Vec::new();
    for tag in tags(headers, header::IF_MATCH) {
        if tag == "*" {
            return Ok(Match::Any);
        }
        let inside = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        let revision =
            inside.and_then(|tag| tag.split('.').next()).and_then(|digits| digits.parse::<u64>().ok());
        revisions.extend(revision);
    }
    if revisions.is_empty() {
        Err(keyward_keys::Error::Stale.into())
    } else {
        Ok(Match::Revisions(revisions))
    }
}

/// Our own tags hold no comma, so a split by comma can only break foreign ones.
fn tags(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn if_match_reads_the_revision_and_nothing_else() {
        let read = |value| if_match(&with(header::IF_MATCH, value)).ok();
        assert_eq!(if_match(&HeaderMap::new()).ok(), Some(Match::Any));
        assert_eq!(read("*"), Some(Match::Any));
        assert_eq!(read("\"7.1250.3.a\""), Some(Match::Revisions(vec![7])));
        assert_eq!(read("\"7.0.0.a\", \"8.0.0.a\""), Some(Match::Revisions(vec![7, 8])));
        assert_eq!(read("W/\"7.0.0.a\""), None, "a weak tag never matches");
        assert_eq!(read("7"), None);
        assert_eq!(read("\"\""), None);
    }

    #[test]
    fn if_none_match_compares_the_whole_tag() {
        let current = of_version(3);
        assert!(not_modified(&with(header::IF_NONE_MATCH, "\"3\""), &current));
        assert!(not_modified(&with(header::IF_NONE_MATCH, "\"2\", W/\"3\""), &current));
        assert!(not_modified(&with(header::IF_NONE_MATCH, "*"), &current));
        assert!(!not_modified(&with(header::IF_NONE_MATCH, "\"33\""), &current));
        assert!(!not_modified(&HeaderMap::new(), &current));
    }
}
