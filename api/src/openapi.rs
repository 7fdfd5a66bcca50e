//! The document (OpenAPI 3.1): what is the same for every route is said here once, by rule, so that a handler says only
//! what is its own. It must not name a route.
//!
//! The rules read what a handler said: its path, its body and its parameters decide which refusals are possible; a 304
//! means that it heeds `If-None-Match`, a 412 that it heeds `If-Match`, and a `page` that it answers `Link`.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use crate::input::{LARGEST_NUMBER, LONGEST_ID};
use crate::once;
use crate::problem::Written;

/// Refusals: status, what it means, and the headers that come with it.
const REFUSALS: [(&str, &str, &[&str]); 14] = [
    ("400", "It cannot be read: bad syntax, a name given twice, a secret in the query string", &[]),
    ("401", "Not signed in, or not any more", &["WWW-Authenticate"]),
    ("403", "The caller may see it but not do this; `code` says why", &[]),
    ("404", "There is nothing of this name that the caller may know of", &[]),
    ("408", "The request did not arrive in time", &[]),
    ("409", "It does not go together with how things are", &[]),
    ("412", "It was changed since it was read", &[]),
    ("413", "The body is larger than this route takes", &[]),
    ("415", "The body has another media type than this route takes", &[]),
    ("422", "It is well-formed but wrong; `errors` names every fault", &[]),
    ("428", "Send `If-Match`", &[]),
    ("429", "Too many requests; wait as long as `Retry-After` says", &["Retry-After"]),
    ("500", "Something went wrong inside", &[]),
    ("503", "Not now; try again after `Retry-After`", &["Retry-After"]),
];

/// Headers: name, JSON type, what they say.
const HEADERS: [(&str, &str, &str); 8] = [
    ("X-Request-Id", "string", "Names this request in answers, logs and the audit"),
    ("Retry-After", "integer", "Seconds to wait"),
    ("WWW-Authenticate", "string", "`Bearer`"),
    ("ETag", "string", "The state this answer shows, for `If-None-Match` and `If-Match`"),
    ("Link", "string", "The first, previous, next and last page (RFC 8288)"),
    ("Location", "string", "Where it is now"),
    ("RateLimit-Policy", "string", "The limit that was counted: its name, `q` requests in `w` seconds"),
    ("RateLimit", "string", "What is left of it: `r` requests, and `t` seconds until there are more"),
];

/// The whole document, made of what the routes say of themselves.
pub(crate) fn document(described: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["info"] = json!({
        "title": "Keyward",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Keeps a team's API keys: sealed, rotated, metered live, shared by role. Every refusal is a \
            `Problem`, also of a request that cannot be read at all: 408 when its head does not come in time, 400, 414 or \
            431 when the head is no HTTP/1.1 or too large; the connection closes after those.",
        "license": { "name": "MIT", "identifier": "MIT" },
    });
    document["security"] = json!([{ "bearer": [] }]);
    let mut names = HashSet::new();
    let mut bodies = Vec::new();
    for (path, methods) in fields(&mut document["paths"]) {
        for (method, operation) in fields(methods) {
            finish(path, method, operation, &mut names);
            bodies.extend(body_schema(operation).map(str::to_owned));
        }
    }
    let components = &mut document["components"];
    for name in bodies {
        components["schemas"][name]["additionalProperties"] = false.into();
    }
    components["schemas"]["Problem"] = serde_json::to_value(Written::schema()).unwrap_or_default();
    components["responses"] = REFUSALS.iter().map(|row| (row.0.to_owned(), refusal(row))).collect();
    components["headers"] = HEADERS.iter().map(|row| (row.0.to_owned(), header(row))).collect();
    components["securitySchemes"] = json!({ "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A person's access token (a JWT), or an app's service token (`kw_…`)",
    }});
    bound_integers(&mut document);
    document
}

/// Brings one operation under the rules.
fn finish(path: &str, method: &str, operation: &mut Value, names: &mut HashSet<String>) {
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let mut name = format!("{tag}_{}", operation["operationId"].as_str().unwrap_or_default());
    if !names.insert(name.clone()) {
        name = format!("{name}_{method}");
    }
    operation["operationId"] = name.into();
    if let Some(body) = operation.get_mut("requestBody") {
        let content = &mut body["content"]["application/json"]["schema"];
        // How utoipa writes `Option<T>`: null or the schema. Here a body may be left out, but never be null.
        let mut choice = content["oneOf"].as_array().into_iter().flatten();
        if let Some(schema) = choice.find(|schema| schema["type"] != "null").cloned() {
            *content = schema;
            body["required"] = false.into();
        }
    }
    // What a query leaves empty counts as not given.
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        if parameter["in"] != "query" {
            continue;
        }
        let schema = &mut parameter["schema"];
        if let Some(pattern) = schema["pattern"].as_str() {
            schema["pattern"] = format!("^$|{pattern}").into();
        } else if schema.get("format").is_some_and(|format| format == "date-time") {
            *schema = json!({ "anyOf": [schema.take(), { "type": "string", "maxLength": 0 }] });
        }
    }
    add_refusals(path, method, operation);
    add_headers(path, method, operation);
}

/// Adds the refusals that what the operation takes makes possible, and gives those that it stated their form.
fn add_refusals(path: &str, method: &str, operation: &mut Value) {
    let open = operation.get("security").is_some();
    let body = operation.get("requestBody").is_some();
    let query = parameters(operation).any(|parameter| parameter["in"] == "query");
    let repeatable = method == "post" && once::covers(path);
    let possible = |status: &str| match status {
        "401" | "403" => !open,
        "404" => path.contains('{'),
        "409" => method != "get",
        "413" | "415" => body,
        "422" => body || query || repeatable,
        "412" | "428" => false,
        _ => true,
    };
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, ..) in REFUSALS {
        if possible(status) || responses.contains_key(status) {
            let stated = responses.entry(status).or_insert_with(|| json!({}));
            // One that says by itself how things are has a form of its own.
            if stated.get("content").is_none() {
                stated["$ref"] = format!("#/components/responses/{status}").into();
            }
        }
    }
}

/// Adds the headers of good answers, and the parameters that go with them and with the path.
fn add_headers(path: &str, method: &str, operation: &mut Value) {
    let paged = parameters(operation).any(|parameter| parameter["name"] == "page");
    let stated = |status: &str| operation["responses"].get(status).is_some();
    let (conditional, guarded) = (stated("304"), stated("412"));
    for (status, response) in
        fields(&mut operation["responses"]).filter(|(status, _)| status.as_str() < "400")
    {
        let mut carried = vec!["X-Request-Id", "RateLimit-Policy", "RateLimit"];
        let elsewhere = (status == "201" && path.ends_with('s')) || status == "308";
        carried.extend(elsewhere.then_some("Location"));
        carried.extend(conditional.then_some("ETag"));
        carried.extend((paged && status == "200").then_some("Link"));
        response["headers"] = references(&carried);
    }
    let known = conditional.then(|| tag_parameter("If-None-Match", "A tag that is known: unchanged is 304"));
    let made_from =
        guarded.then(|| tag_parameter("If-Match", "The tag the change was made from: another is 412"));
    let repeatable = (method == "post" && once::covers(path)).then(key_parameter);
    let conditions = known.into_iter().chain(made_from).chain(repeatable);
    let more: Vec<_> = path_parameters(path).chain(conditions).collect();
    let more =
        more.into_iter().filter(|more| parameters(operation).all(|stated| stated["name"] != more["name"]));
    let all: Vec<_> = parameters(operation).cloned().chain(more).collect();
    operation["parameters"] = all.into();
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// The name of the schema that a body of JSON has.
fn body_schema(operation: &Value) -> Option<&str> {
    operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()?.rsplit('/').next()
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        json!({
            "name": name, "in": "path", "required": true,
            "description": "The `_id`; of an API key, the `keyId` will do too",
            "schema": { "type": "string", "minLength": 1, "maxLength": LONGEST_ID },
        })
    })
}

fn key_parameter() -> Value {
    let description = "Names this request for 24 hours: sent again, it is not done again and gets the same answer; \
                       another request under the same name is 422, one whose first try is under way 409";
    json!({
        "name": "Idempotency-Key", "in": "header", "description": description,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
    })
}

fn tag_parameter(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "header", "description": description, "schema": { "type": "string" } })
}

fn refusal((_, description, headers): &(&str, &str, &[&str])) -> Value {
    let carried: Vec<_> = ["X-Request-Id"].iter().chain(*headers).copied().collect();
    json!({
        "description": description,
        "headers": references(&carried),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn header((_, kind, description): &(&str, &str, &str)) -> Value {
    json!({ "description": description, "schema": { "type": kind } })
}

fn references(headers: &[&str]) -> Value {
    let reference =
        |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    headers.iter().map(reference).collect()
}

/// Says of every integer how large it may be: as its type is, or as numbers are read.
fn bound_integers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        Value::Object(fields) => {
            if is_integer(fields) {
                // The registry of formats writes them so; utoipa does not.
                let format =
                    fields.get("format").and_then(Value::as_str).map(|format| format.replace("u-", "u"));
                let most = match format.as_deref() {
                    Some("uint8") => u8::MAX.into(),
                    Some("uint16") => u16::MAX.into(),
                    Some("uint32") => u32::MAX.into(),
                    _ => LARGEST_NUMBER,
                };
                fields.extend(format.map(|format| ("format".to_owned(), format.into())));
                fields.entry("maximum").or_insert(most.into());
            }
            fields.values_mut().for_each(bound_integers);
        }
        _ => {}
    }
}

/// Whether a schema is of an integer, or of an integer or null.
fn is_integer(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
        kind => kind.is_some_and(|kind| kind == "integer"),
    }
}

fn fields(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}
