//! Reading the rest of a recipe: how keys are listed, and what answers mean besides what their status says.

use std::time::Duration;

use toml::Value;

use super::answer::{Cursor, Next};
use super::parse::{Context, pick};
use super::{List, Rule, Said};
use crate::outbound::error::Class;
use crate::reader::Reader;

/// Reads `[list]`.
pub(super) fn list(mut reader: Reader, context: &Context<'_>) -> Option<List> {
    let request = context.request(&mut reader, "GET", &["name", "credential"]);
    let (items, id) = (pick(&mut reader, "items"), pick(&mut reader, "id"));
    for (field, found) in [("items", items.is_some()), ("id", id.is_some())] {
        if !found {
            reader.fault(field, "is missing: where in the answer it is");
        }
    }
    let name = pick(&mut reader, "item_name");
    let next = reader.inner("next").and_then(next);
    reader.finish();
    Some(List { request: request?, items: items?, id: id?, name, next })
}

fn next(mut reader: Reader) -> Option<Next> {
    let next = match (reader.text("after"), reader.text("page"), reader.text("offset")) {
        (Some(query), None, None) => {
            let mut named = Vec::new();
            named.extend(pick(&mut reader, "value").map(Cursor::Value));
            named.extend(pick(&mut reader, "link").map(Cursor::Link));
            named.extend(pick(&mut reader, "last").map(Cursor::Last));
            if named.len() != 1 {
                reader.fault("after", "goes with one of value (where the answer names the next page), link (where its address is) and last (where a page's last key names itself)");
            }
            let more = pick(&mut reader, "more");
            named.pop().map(|from| Next::Cursor { query, from, more })
        }
        (None, Some(query), None) => Some(Next::Page { query, first: reader.number("first").unwrap_or(1) }),
        (None, None, Some(query)) => Some(Next::Offset { query }),
        _ => {
            reader.fault("next", "has one of after, page and offset: the name of the query's field");
            None
        }
    };
    reader.finish();
    next
}

/// Reads one of `[[errors]]`.
pub(super) fn rule(mut reader: Reader) -> Option<Rule> {
    let words = |value: Value| match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let on = reader.value("on").map(|value| words(value).unwrap_or_default());
    if on.iter().flatten().any(|step| !["create", "probe", "retire", "list"].contains(&step.as_str())) {
        reader.fault("on", "names a request that is not create, probe, retire or list");
    }
    let place = pick(&mut reader, "at");
    let status = reader.number("status").map(|status| u16::try_from(status).unwrap_or(0));
    if status.map_or(place.is_none(), |status| !(200..600).contains(&status)) {
        reader.fault(
            "status",
            "is no HTTP status; without one, every failure with what is at a place is meant",
        );
    }
    let is = reader.value("is").map(|value| words(value).unwrap_or_default()).filter(|is| !is.is_empty());
    let has = reader.text("has").filter(|has| !has.is_empty());
    let said = match (is, has) {
        (Some(is), None) => Some(Said::Is(is)),
        (None, Some(has)) => Some(Said::Has(has)),
        _ => None,
    };
    if place.is_some() != said.is_some() {
        reader.fault("at", "goes with is, the texts that may stand at that place of the answer, or has, a part of the text there");
    }
    let classes = [Class::Transient, Class::Auth, Class::Config, Class::Quota, Class::Refused];
    let mut known: Vec<(&str, Option<Class>)> =
        classes.iter().map(|class| (class.name(), Some(*class))).collect();
    known.push(("ok", None));
    let class = reader.word("class", &known);
    let wait = reader.number("wait_seconds").map(|seconds| Duration::from_secs(seconds.into()));
    if wait.is_some() && class != Some(Some(Class::Transient)) {
        reader.fault("wait_seconds", "goes with class transient: nothing else is tried again by itself");
    }
    reader.finish();
    Some(Rule { on: on.map(|on| on.into_iter().collect()), status, at: place.zip(said), class: class?, wait })
}
