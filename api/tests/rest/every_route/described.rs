//! The document as a test reads it: operations, what they take, and whether an answer is what was described.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::harness::Reply;

/// Values for fields that no schema could tell, by name.
pub(super) type Hints = BTreeMap<String, Value>;

pub(super) struct Document(pub(super) Value);

/// One method of one path.
pub(super) struct Operation<'a> {
    pub(super) document: &'a Document,
    pub(super) path: &'a str,
    pub(super) method: String,
    pub(super) said: &'a Value,
}

impl Document {
    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, methods)| methods.as_object().unwrap().iter().map(move |one| (path, one)))
            .map(|(path, (method, said))| Operation {
                document: self,
                path,
                method: method.to_uppercase(),
                said,
            })
            .collect()
    }

    /// The schema itself: references followed, and of a choice with null the other.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.resolved(self.0.pointer(&reference[1..]).unwrap());
        }
        match schema["oneOf"].as_array().map(Vec::as_slice) {
            Some([one, null]) | Some([null, one]) if null["type"] == "null" => self.resolved(one),
            _ => schema,
        }
    }

    /// An object's fields with their schemas, and the names of those that must be there.
    pub(super) fn fields<'a>(
        &'a self,
        schema: &'a Value,
    ) -> (BTreeMap<&'a str, &'a Value>, BTreeSet<&'a str>) {
        let schema = self.resolved(schema);
        let named = schema["properties"].as_object().into_iter().flatten();
        let mut fields: BTreeMap<_, _> =
            named.map(|(name, field)| (name.as_str(), self.resolved(field))).collect();
        let names = schema["required"].as_array().into_iter().flatten();
        let mut required: BTreeSet<_> = names.filter_map(Value::as_str).collect();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let (more, must) = self.fields(part);
            fields.extend(more);
            required.extend(must);
        }
        (fields, required)
    }

    /// A value as good as the schema can tell: objects with what must be in them.
    pub(super) fn sample(&self, name: &str, schema: &Value, hints: &Hints) -> Value {
        let schema = self.resolved(schema);
        if let Some(hint) = hints.get(name) {
            return hint.clone();
        }
        if let Some(given) = schema["enum"].get(0).or_else(|| schema["examples"].get(0)) {
            return given.clone();
        }
        match kinds(schema).first().map_or("object", String::as_str) {
            "string" => "x".repeat(schema["minLength"].as_u64().unwrap_or(1) as usize).into(),
            "integer" | "number" => schema["minimum"].as_u64().unwrap_or(0).into(),
            "boolean" => true.into(),
            "array" => json!([self.sample(name, &schema["items"], hints)]),
            _ => {
                let (fields, required) = self.fields(schema);
                let sample = |name: &&str| ((*name).to_owned(), self.sample(name, fields[*name], hints));
                Value::Object(required.iter().map(sample).collect::<Map<_, _>>())
            }
        }
    }

    /// Where a value is not what the schema says.
    fn differences(&self, at: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
        if value.is_null() && (kinds(schema).iter().any(|kind| kind == "null") || !schema["oneOf"].is_null())
        {
            return;
        }
        let schema = self.resolved(schema);
        let allowed = kinds(schema);
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = |allowed: &String| allowed == kind || (allowed == "number" && kind == "integer");
        if !allowed.is_empty() && !allowed.iter().any(fits) {
            found.push(format!("{at} is {kind}, not {allowed:?}"));
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            found.push(format!("{at} is {value}, none of {}", schema["enum"]));
        }
        if let (Some(most), Some(number)) = (schema["maximum"].as_f64(), value.as_f64())
            && number > most
        {
            found.push(format!("{at} is {number}, more than {most}"));
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.differences(&format!("{at}/{index}"), &schema["items"], item, found);
        }
        let (fields, required) = self.fields(schema);
        if let (Some(object), false) = (value.as_object(), fields.is_empty()) {
            found.extend(
                required
                    .iter()
                    .filter(|name| !object.contains_key(**name))
                    .map(|name| format!("{at}/{name} is missing")),
            );
            for (name, value) in object {
                match fields.get(name.as_str()) {
                    Some(field) => self.differences(&format!("{at}/{name}"), field, value, found),
                    None => found.push(format!("{at}/{name} is not described")),
                }
            }
        }
    }
}

impl<'a> Operation<'a> {
    pub(super) fn open(&self) -> bool {
        self.said.get("security").is_some()
    }

    /// The schema of its JSON body, and whether one must be there.
    pub(super) fn body(&self) -> Option<(&'a Value, bool)> {
        let body = self.said.get("requestBody")?;
        Some((&body["content"]["application/json"]["schema"], body["required"] == true))
    }

    pub(super) fn parameters(&self, place: &str) -> Vec<(&'a str, &'a Value)> {
        let all = self.said["parameters"].as_array().into_iter().flatten();
        let here = all.filter(|parameter| parameter["in"] == place);
        here.map(|one| (one["name"].as_str().unwrap(), self.document.resolved(&one["schema"]))).collect()
    }

    /// Whether a good answer goes on for ever, or becomes another protocol.
    pub(super) fn goes_on(&self) -> bool {
        let responses = &self.said["responses"];
        responses.get("101").is_some() || responses["200"]["content"].get("text/event-stream").is_some()
    }

    /// Checks that the answer is one that was described, and never a failure of ours.
    #[track_caller]
    pub(super) fn check(&self, case: &str, reply: &Reply) {
        let Self { document, path, method, said } = self;
        let case = format!("{method} {path}: {case}: {} {}", reply.status, reply.body);
        assert!(reply.status < 500, "{case}");
        let described = said["responses"].get(reply.status.to_string());
        let described = described.unwrap_or_else(|| panic!("{case}: this status is not described"));
        if reply.status >= 400 {
            reply.has_the_form_of_a_problem();
            return;
        }
        assert!(!reply.header("x-request-id").is_empty(), "{case}");
        for name in described["headers"].as_object().into_iter().flat_map(Map::keys) {
            let there = name.starts_with("RateLimit") || reply.headers.contains_key(name);
            assert!(there, "{case}: {name} is described and not there");
        }
        let mut differences = Vec::new();
        if let Some(content) = described["content"].as_object() {
            let kind = reply.header("content-type").split(';').next().unwrap_or_default();
            let said = content.get(kind).unwrap_or_else(|| panic!("{case}: {kind} is not described"));
            if kind == "application/json" {
                document.differences("", &said["schema"], &reply.body, &mut differences);
            }
        }
        assert!(differences.is_empty(), "{case}: {differences:#?}");
    }
}

/// The types that a schema allows.
pub(super) fn kinds(schema: &Value) -> Vec<String> {
    match &schema["type"] {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
