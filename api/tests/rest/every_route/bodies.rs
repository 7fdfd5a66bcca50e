//! Broken bodies.

use serde_json::{Value, json};

use super::described::{Operation, kinds};
use super::world::World;
use crate::harness::Reply;

const JSON: &str = "application/json";
/// Text that steers a terminal or hides: as it stands in JSON.
const HARMFUL: [&str; 5] = ["a\\u0000b", "a\\u001b]52;c;x\\u0007", "a\\u009bb", "a\\u202eb", "\\ud83d"];

struct Sender<'a> {
    world: &'a World,
    operation: &'a Operation<'a>,
    path: String,
}

impl Sender<'_> {
    /// Sends these bytes as this media type, and checks the answer's form.
    async fn bytes(&self, case: &str, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
        let server = &self.world.server;
        let request = server.request(&self.operation.method, &self.path).bearer_auth(self.world.owner());
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        let reply = server.send(request.body(body.into())).await;
        self.operation.check(case, &reply);
        reply
    }

    async fn refused(&self, status: u16, case: &str, kind: &str, body: impl Into<Vec<u8>>) {
        let reply = self.bytes(case, kind, body).await;
        let Operation { method, path, .. } = self.operation;
        assert_eq!(reply.status, status, "{method} {path}: {case}: {}", reply.body);
    }

    /// Sends a value, which must be found wrong at this field.
    async fn wrong_at(&self, field: &str, case: &str, body: &Value) -> Reply {
        let reply = self.bytes(&format!("{field}: {case}"), JSON, body.to_string()).await;
        let Operation { method, path, .. } = self.operation;
        if reply.status == 403 {
            // Not for the owner at all (values are fetched by apps): the core says so before it looks at values.
            return reply;
        }
        assert_eq!(reply.status, 422, "{method} {path}: {field}: {case}: {}", reply.body);
        let points = |pointer: &&str| {
            let rest = pointer.strip_prefix('/').and_then(|rest| rest.strip_prefix(field));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        assert!(reply.pointers().iter().any(points), "{method} {path}: {field}: {case}: {}", reply.body);
        reply
    }
}

fn with(body: &Value, field: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[field] = value;
    body
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let world = World::new().await;
    let before = world.seen_by_owner().await;
    let operations = world.document.operations();
    let mut count = 0;
    for operation in &operations {
        let (Some((schema, required)), Some(good)) = (operation.body(), world.body(operation)) else {
            continue;
        };
        let send = Sender { world: &world, operation, path: world.path(operation.path) };
        send.refused(415, "plain text", "text/plain", good.to_string()).await;
        send.refused(415, "no media type", "", good.to_string()).await;
        send.refused(415, "a form", "application/x-www-form-urlencoded", "name=x").await;
        if required {
            send.refused(400, "nothing", JSON, "").await;
        }
        send.refused(400, "deep", JSON, vec![b'['; 60_000]).await;
        send.refused(413, "10 MB", JSON, vec![b' '; 10 << 20]).await;
        for other in ["null", "7", "\"x\"", "[[1]]"] {
            send.refused(422, other, JSON, other).await;
        }
        if kinds(schema).iter().any(|kind| kind == "array") {
            continue;
        }
        send.refused(400, "half a body", JSON, "{\"a\":").await;
        send.refused(400, "no UTF-8", JSON, *b"{\"a\":\"\xff\xfe\"}").await;
        send.refused(400, "deep objects", JSON, "{\"a\":".repeat(10_000)).await;
        send.refused(400, "a number past all numbers", JSON, "{\"a\":1e999}").await;
        send.refused(400, "a name twice", JSON, "{\"name\":\"a\",\"name\":\"b\"}").await;
        fields(&send, schema, &good).await;
        count += 1;
    }
    assert_eq!(world.seen_by_owner().await, before);
    assert!(count >= 9, "few bodies were tried: {count}");
}

/// Every field of an object: missing, of another type, and past its limits.
async fn fields(send: &Sender<'_>, schema: &Value, good: &Value) {
    let (fields, required) = send.world.document.fields(schema);
    for field in required {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        send.wrong_at(field, "missing", &body).await;
        send.wrong_at(field, "null", &with(good, field, Value::Null)).await;
    }
    let unknown = send.wrong_at("surprise", "unknown", &with(good, "surprise", json!(1))).await;
    let faults = unknown.body["errors"].as_array().unwrap();
    let detail =
        faults.iter().find(|fault| fault["pointer"] == "/surprise").unwrap()["detail"].as_str().unwrap();
    let told = detail.rsplit_once("there are ").unwrap().1;
    let told: Vec<&str> = told.split(", ").collect();
    for name in fields.keys() {
        assert!(told.contains(name), "{}: {name} is described and not read: {told:?}", send.path);
    }
    for name in told.iter().filter(|name| !fields.contains_key(**name)) {
        send.wrong_at(name, "read and not described", &with(good, name, json!("x"))).await;
    }
    for (field, schema) in fields {
        let kinds = kinds(schema);
        let is = |kind: &str| kinds.iter().any(|one| one == kind);
        for (kind, other) in [
            ("string", json!("perhaps")),
            ("array", json!([{"a": 1}])),
            ("object", json!({"a": 1})),
            ("boolean", json!(true)),
            ("integer", json!(1)),
        ] {
            let number = kind == "integer" && is("number");
            if !is(kind) && !number {
                send.wrong_at(field, kind, &with(good, field, other)).await;
            }
        }
        if schema.get("enum").is_some() {
            send.wrong_at(field, "none of its words", &with(good, field, json!("perhaps"))).await;
        }
        if is("integer") || is("number") {
            let most = schema["maximum"].as_u64().unwrap();
            let mut numbers = vec![json!(-1), json!(1e30), json!(most + 1), json!(u64::MAX)];
            numbers.extend(is("integer").then(|| json!(1.5)));
            for number in numbers {
                send.wrong_at(field, &number.to_string(), &with(good, field, number.clone())).await;
            }
        }
        if let Some(most) = schema["maxLength"].as_u64() {
            send.wrong_at(field, "too long", &with(good, field, "x".repeat(most as usize + 1).into())).await;
        }
        if let Some(most) = schema["maxItems"].as_u64() {
            let many: Vec<String> = (0..=most).map(|number| format!("x{number}")).collect();
            send.wrong_at(field, "too many", &with(good, field, json!(many))).await;
        }
    }
}

/// What stays within the limits is not refused for them, and text that steers a terminal never comes back.
#[tokio::test]
async fn limits_are_where_the_document_says_and_no_text_does_harm() {
    let count = World::new().await.document.operations().len();
    for index in 0..count {
        let world = World::new().await;
        let operations = world.document.operations();
        let operation = &operations[index];
        let (Some((schema, _)), Some(good)) = (operation.body(), world.body(operation)) else { continue };
        if !good.is_object() {
            continue;
        }
        let send = Sender { world: &world, operation, path: world.path(operation.path) };
        for (field, schema) in world.document.fields(schema).0 {
            let free = ["format", "pattern", "enum"].iter().all(|rule| schema.get(rule).is_none());
            let longest =
                schema["maxLength"].as_u64().filter(|_| free).map(|most| json!("x".repeat(most as usize)));
            let largest =
                schema.get("maximum").filter(|_| kinds(schema).iter().any(|kind| kind == "integer"));
            for value in longest.into_iter().chain(largest.cloned()) {
                let reply = send
                    .bytes(&format!("the most of {field}"), JSON, with(&good, field, value).to_string())
                    .await;
                let pointer = format!("/{field}");
                assert!(
                    !reply.pointers().contains(&pointer.as_str()),
                    "{}: {field}: {}",
                    send.path,
                    reply.body
                );
            }
            if !kinds(schema).iter().any(|kind| kind == "string") {
                continue;
            }
            for text in HARMFUL {
                let body = with(&good, field, json!("PLACE")).to_string().replace("PLACE", text);
                let reply = send.bytes(&format!("{field}: {text}"), JSON, body).await;
                let harm = |c: char| c.is_control() || ['\u{202e}', '\u{200b}'].contains(&c);
                let mut told = Vec::new();
                texts(&reply.body, &mut told);
                assert!(!told.concat().contains(harm), "{}: {field}: {text}: {told:?}", send.path);
            }
        }
    }
}

fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}
