//! Providers that send mail and messages, and are spoken to in forms.

use serde_json::json;

use super::{Known, bearer, body, make, nobody, page, path, query, remove, rows};
use crate::outbound::testing::{Asked, Reply};

pub(super) fn sendgrid(asked: &Asked, keys: &mut Known) -> Reply {
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/v3/scopes") if bearer(asked, "new-value") => {
            Reply::json(200, json!({ "scopes": ["mail.send"] }))
        }
        _ if !bearer(asked, "admin-secret") => sendgrid_error(401, "authorization required"),
        ("POST", "/v3/api_keys") if keys.len() >= 100 => sendgrid_error(403, "maximum number of keys"),
        ("POST", "/v3/api_keys") if body(asked)["scopes"] == json!(["mail.send"]) => {
            let name = body(asked)["name"].as_str().unwrap().to_owned();
            let id = make(keys, "sg", &name);
            Reply::json(
                201,
                json!({ "api_key": "new-value", "api_key_id": id, "name": name, "scopes": ["mail.send"] }),
            )
        }
        ("GET", "/v3/api_keys") => Reply::json(
            200,
            json!({ "result": rows(keys, |id, name| json!({ "name": name, "api_key_id": id })) }),
        ),
        ("DELETE", at) => remove(keys, at.rsplit('/').next().unwrap(), Reply::status(204)),
        _ => nobody(),
    }
}

fn sendgrid_error(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({ "errors": [{ "field": null, "message": message }] }))
}

fn basic(asked: &Asked, pair: &str) -> bool {
    use base64::Engine;
    let expected = base64::engine::general_purpose::STANDARD.encode(pair);
    asked.header("authorization") == format!("Basic {expected}")
}

pub(super) fn twilio(asked: &Asked, keys: &mut Known) -> Reply {
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/2010-04-01/Accounts/AC1/Calls.json")
            if keys.iter().any(|(id, _)| basic(asked, &format!("{id}:new-value"))) =>
        {
            Reply::json(200, json!({ "calls": [] }))
        }
        _ if !basic(asked, "SKmain:main-secret") => Reply::json(401, twilio_error(20003, 401)),
        ("POST", "/v1/Keys") => {
            let form: Vec<(String, String)> =
                url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
            assert_eq!(form[0], ("AccountSid".to_owned(), "AC1".to_owned()));
            let id = make(keys, "SK", &form[1].1);
            Reply::json(201, json!({ "sid": id, "friendly_name": form[1].1, "secret": "new-value" }))
        }
        ("GET", "/v1/Keys") if query(asked, "AccountSid").as_deref() == Some("AC1") => {
            assert_eq!(query(asked, "PageSize").as_deref(), Some("100"));
            // Whoever counts pages gets the first one again.
            let from = query(asked, "PageToken").map_or(0, |token| token[4..].parse().unwrap());
            let data = rows(page(keys, from, 100), |id, name| json!({ "sid": id, "friendly_name": name }));
            let next = (from + 100 < keys.len()).then(|| {
                format!(
                    "https://iam.twilio.com/v1/Keys?AccountSid=AC1&PageSize=100&Page=1&PageToken=PASK{}",
                    from + 100
                )
            });
            let meta = json!({ "key": "keys", "page_size": 100, "next_page_url": next });
            Reply::json(200, json!({ "keys": data, "meta": meta }))
        }
        ("DELETE", at) => match remove(keys, at.rsplit('/').next().unwrap(), Reply::status(204)) {
            Reply::Answer(404, ..) => Reply::json(404, twilio_error(20404, 404)),
            done => done,
        },
        _ => nobody(),
    }
}

pub(in crate::outbound::tests) fn twilio_error(code: u32, status: u16) -> serde_json::Value {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    json!({ "code": code, "message": "no", "more_info": more, "status": status })
}

pub(super) fn mailgun(asked: &Asked, keys: &mut Known) -> Reply {
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/v4/domains") if basic(asked, "api:new-value") => {
            Reply::json(200, json!({ "items": [], "total_count": 0 }))
        }
        _ if !basic(asked, "api:admin-secret") => Reply::json(401, "Forbidden"),
        ("POST", "/v1/keys") => {
            let boundary = asked
                .header("content-type")
                .strip_prefix("multipart/form-data; boundary=")
                .unwrap()
                .to_owned();
            let part = |name: &str| {
                let field = asked
                    .body
                    .split(&format!("--{boundary}"))
                    .find(|part| part.contains(&format!("name=\"{name}\"")));
                field
                    .and_then(|part| part.split_once("\r\n\r\n"))
                    .map(|(_, value)| value.trim_end().to_owned())
                    .unwrap()
            };
            assert_eq!((part("role").as_str(), part("kind").as_str()), ("developer", "user"));
            let id = make(keys, "mg", &part("description"));
            Reply::json(
                200,
                json!({ "message": "great success", "key": { "id": id, "description": part("description"), "kind": "user", "role": "developer", "secret": "new-value" } }),
            )
        }
        ("GET", "/v1/keys") if query(asked, "kind").as_deref() == Some("user") => Reply::json(
            200,
            json!({ "total_count": keys.len(), "items": rows(keys, |id, name| json!({ "id": id, "description": name })) }),
        ),
        ("DELETE", at) => remove(
            keys,
            at.rsplit('/').next().unwrap(),
            Reply::json(200, json!({ "message": "key deleted" })),
        ),
        _ => nobody(),
    }
}
