//! Providers as their public references describe them: what they are asked with, and the shapes they answer in. Each
//! checks the proof of who asks, the body and the path, and answers what it does not know with 404.

mod mail;
mod others;

use serde_json::{Value, json};

use crate::outbound::github_app;
use crate::outbound::testing::{Asked, Reply};

pub(super) use mail::twilio_error;
use mail::{mailgun, sendgrid, twilio};
pub(super) use others::aws_error;
use others::{aws, github, gitlab, grafana};

pub(crate) type Known = Vec<(String, String)>;

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) params: Vec<(&'static str, &'static str)>,
    pub(crate) credential: &'static str,
    /// What the new key's value comes to.
    pub(crate) value: &'static str,
    pub(crate) answer: fn(&Asked, &mut Known) -> Reply,
    /// How a wrong credential is answered.
    pub(crate) unauthorized: Reply,
    /// How a value is answered that is not taken.
    pub(crate) refused: Reply,
}

fn provider(name: &'static str, answer: fn(&Asked, &mut Known) -> Reply) -> Provider {
    let unauthorized = Reply::json(401, json!({ "error": { "message": "Unauthorized", "code": 401 } }));
    let refused = unauthorized.clone();
    Provider {
        name,
        params: Vec::new(),
        credential: "admin-secret",
        value: "new-value",
        answer,
        unauthorized,
        refused,
    }
}

pub(crate) fn all() -> Vec<Provider> {
    let pem = github_app::tests::PEM;
    vec![
        Provider {
            params: vec![("project", "proj_1")],
            unauthorized: Reply::json(401, openai_error("invalid_api_key")),
            refused: Reply::json(401, openai_error("invalid_api_key")),
            ..provider("openai", openai)
        },
        Provider {
            params: vec![("account", "acc1"), ("policies", r#"[{"effect":"allow"}]"#)],
            unauthorized: Reply::json(
                403,
                json!({ "success": false, "errors": [{ "code": 9109, "message": "Unauthorized" }], "result": null }),
            ),
            refused: Reply::json(
                401,
                json!({ "success": false, "errors": [{ "code": 1000, "message": "Invalid API Token" }], "result": null }),
            ),
            ..provider("cloudflare", cloudflare)
        },
        Provider {
            credential: "api-key:app-key",
            unauthorized: Reply::json(403, json!({ "errors": ["Forbidden"] })),
            refused: Reply::json(403, json!({ "errors": ["Forbidden"] })),
            ..provider("datadog", datadog)
        },
        Provider {
            unauthorized: Reply::json(
                401,
                json!({ "errors": [{ "field": null, "message": "authorization required" }] }),
            ),
            ..provider("sendgrid", sendgrid)
        },
        Provider {
            params: vec![("account", "AC1")],
            credential: "SKmain:main-secret",
            value: "SK0:new-value",
            unauthorized: Reply::json(401, twilio_error(20003, 401)),
            ..provider("twilio", twilio)
        },
        Provider { unauthorized: Reply::json(401, "Forbidden"), ..provider("mailgun", mailgun) },
        Provider {
            unauthorized: Reply::json(400, resend_error()),
            refused: Reply::json(400, resend_error()),
            ..provider("resend", resend)
        },
        provider("openrouter", openrouter),
        Provider {
            params: vec![("host", "grafana.example.com"), ("service_account", "7")],
            unauthorized: Reply::json(401, json!({ "message": "Invalid API key" })),
            ..provider("grafana", grafana)
        },
        Provider {
            params: vec![("user", "app")],
            credential: "AKIDADMIN:admin-secret",
            value: "AKID0:new-value",
            unauthorized: aws_error(403, "InvalidClientTokenId"),
            refused: aws_error(403, "InvalidClientTokenId"),
            ..provider("aws-iam", aws)
        },
        Provider {
            unauthorized: Reply::json(401, json!({ "message": "401 Unauthorized" })),
            ..provider("gitlab", gitlab)
        },
        Provider {
            params: vec![("app", "Iv1.x"), ("installation", "42")],
            credential: pem,
            ..provider("github-app", github)
        },
    ]
}

fn openai_error(code: &str) -> Value {
    json!({ "error": { "message": "no", "type": "invalid_request_error", "param": null, "code": code } })
}

/// Of a key that is none, other than that of the endpoints that send.
fn resend_error() -> Value {
    json!({ "statusCode": 400, "name": "validation_error", "message": "API key is invalid" })
}

fn nobody() -> Reply {
    Reply::json(404, json!({ "message": "Not Found" }))
}

fn bearer(asked: &Asked, token: &str) -> bool {
    asked.header("authorization") == format!("Bearer {token}")
}

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap_or_default()
}

/// A field of the query, decoded.
fn query(asked: &Asked, name: &str) -> Option<String> {
    let (_, query) = asked.path.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn path(asked: &Asked) -> &str {
    asked.path.split('?').next().unwrap()
}

/// Makes a key of this name, and answers its id.
fn make(keys: &mut Known, prefix: &str, name: &str) -> String {
    // No id is given twice.
    let last = keys
        .last()
        .and_then(|(id, _)| id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().ok());
    let id = format!("{prefix}{}", last.map_or(0, |last| last + 1));
    keys.push((id.clone(), name.to_owned()));
    id
}

fn remove(keys: &mut Known, id: &str, done: Reply) -> Reply {
    let before = keys.len();
    keys.retain(|(known, _)| known != id);
    if keys.len() < before { done } else { nobody() }
}

fn rows(keys: &[(String, String)], row: impl Fn(&str, &str) -> Value) -> Value {
    keys.iter().map(|(id, name)| row(id, name)).collect()
}

/// A page of a hundred at most.
fn page(keys: &[(String, String)], from: usize, size: usize) -> &[(String, String)] {
    &keys[from.min(keys.len())..(from + size).min(keys.len())]
}

fn openai(asked: &Asked, keys: &mut Known) -> Reply {
    let base = "/v1/organization/projects/proj_1/service_accounts";
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/v1/models") if bearer(asked, "new-value") => {
            Reply::json(200, json!({ "object": "list", "data": [] }))
        }
        _ if !bearer(asked, "admin-secret") => all()[0].unauthorized.clone(),
        ("POST", at) if at == base => {
            let name = body(asked)["name"].as_str().unwrap().to_owned();
            let id = make(keys, "svc_acct_", &name);
            let key = json!({ "object": "organization.project.service_account.api_key", "value": "new-value", "name": "Secret Key", "id": "key_1" });
            Reply::json(
                200,
                json!({ "object": "organization.project.service_account", "id": id, "name": name, "role": "member", "created_at": 1, "api_key": key }),
            )
        }
        ("GET", at) if at == base => {
            let after = query(asked, "after")
                .map_or(0, |id| keys.iter().position(|(known, _)| *known == id).unwrap() + 1);
            let shown = page(keys, after, 100);
            let data = rows(
                shown,
                |id, name| json!({ "object": "organization.project.service_account", "id": id, "name": name }),
            );
            Reply::json(
                200,
                json!({ "object": "list", "data": data, "last_id": shown.last().map(|(id, _)| id), "has_more": after + shown.len() < keys.len() }),
            )
        }
        ("DELETE", at) if at.starts_with(base) => {
            let id = at.rsplit('/').next().unwrap();
            remove(
                keys,
                id,
                Reply::json(
                    200,
                    json!({ "object": "organization.project.service_account.deleted", "id": id, "deleted": true }),
                ),
            )
        }
        _ => nobody(),
    }
}

fn cloudflare(asked: &Asked, keys: &mut Known) -> Reply {
    let base = "/accounts/acc1/tokens";
    let good = |result: Value| {
        Reply::json(200, json!({ "success": true, "errors": [], "messages": [], "result": result }))
    };
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/accounts/acc1/tokens/verify") if bearer(asked, "new-value") => {
            good(json!({ "id": "t0", "status": "active" }))
        }
        _ if !bearer(asked, "admin-secret") => all()[1].unauthorized.clone(),
        ("POST", at) if at == base && body(asked)["policies"][0]["effect"] == "allow" => {
            let id = make(keys, "t", body(asked)["name"].as_str().unwrap());
            good(json!({ "id": id, "status": "active", "value": "new-value" }))
        }
        ("GET", at) if at == base => {
            let number: usize = query(asked, "page").unwrap().parse().unwrap();
            assert_eq!(query(asked, "per_page").as_deref(), Some("50"), "more are not given at once");
            good(rows(
                page(keys, (number - 1) * 50, 50),
                |id, name| json!({ "id": id, "name": name, "status": "active" }),
            ))
        }
        ("DELETE", at) if at.starts_with(base) => {
            remove(keys, at.rsplit('/').next().unwrap(), good(json!({ "id": "x" })))
        }
        _ => nobody(),
    }
}

fn datadog(asked: &Asked, keys: &mut Known) -> Reply {
    let admin = asked.header("dd-api-key") == "api-key" && asked.header("dd-application-key") == "app-key";
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/api/v1/validate") if asked.header("dd-api-key") == "new-value" => {
            Reply::json(200, json!({ "valid": true }))
        }
        _ if !admin => Reply::status(403),
        ("POST", "/api/v2/api_keys") if body(asked)["data"]["type"] == "api_keys" => {
            let name = body(asked)["data"]["attributes"]["name"].as_str().unwrap().to_owned();
            let id = make(keys, "dd", &name);
            Reply::json(
                201,
                json!({ "data": { "id": id, "type": "api_keys", "attributes": { "key": "new-value", "name": name } } }),
            )
        }
        ("GET", "/api/v2/api_keys") => {
            let number: usize = query(asked, "page[number]").unwrap().parse().unwrap();
            let filter = query(asked, "filter").unwrap();
            let matching: Known = keys.iter().filter(|(_, name)| name.contains(&filter)).cloned().collect();
            let data = rows(
                page(&matching, number * 100, 100),
                |id, name| json!({ "id": id, "type": "api_keys", "attributes": { "name": name } }),
            );
            let found = json!({ "page": { "total_filtered_count": matching.len() }, "max_allowed": 200 });
            Reply::json(200, json!({ "data": data, "meta": found }))
        }
        ("DELETE", at) => remove(keys, at.rsplit('/').next().unwrap(), Reply::status(204)),
        _ => nobody(),
    }
}

fn resend(asked: &Asked, keys: &mut Known) -> Reply {
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/domains") if bearer(asked, "new-value") => {
            Reply::json(200, json!({ "object": "list", "data": [] }))
        }
        _ if !bearer(asked, "admin-secret") => Reply::json(400, resend_error()),
        ("POST", "/api-keys") if body(asked)["permission"] == "sending_access" => {
            let id = make(keys, "rs", body(asked)["name"].as_str().unwrap());
            Reply::json(201, json!({ "id": id, "token": "new-value" }))
        }
        ("GET", "/api-keys") => {
            assert_eq!(query(asked, "limit").as_deref(), Some("100"));
            let after = query(asked, "after")
                .map_or(0, |id| keys.iter().position(|(known, _)| *known == id).unwrap() + 1);
            // A page may be shorter than what was asked for.
            let shown = page(keys, after, 90);
            let more = after + shown.len() < keys.len();
            let data = rows(shown, |id, name| json!({ "id": id, "name": name, "created_at": "2026-11-26" }));
            Reply::json(200, json!({ "object": "list", "has_more": more, "data": data }))
        }
        ("DELETE", at) => {
            let id = at.rsplit('/').next().unwrap();
            remove(keys, id, Reply::json(200, json!({ "object": "api_key", "id": id, "deleted": true })))
        }
        _ => nobody(),
    }
}

fn openrouter(asked: &Asked, keys: &mut Known) -> Reply {
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/api/v1/key") if bearer(asked, "new-value") => {
            Reply::json(200, json!({ "data": { "label": "sk-or" } }))
        }
        _ if !bearer(asked, "admin-secret") => Reply::status(401),
        ("POST", "/api/v1/keys") => {
            let name = body(asked)["name"].as_str().unwrap().to_owned();
            let id = make(keys, "hash", &name);
            Reply::json(
                201,
                json!({ "data": { "hash": id, "name": name, "disabled": false }, "key": "new-value" }),
            )
        }
        ("GET", "/api/v1/keys") => {
            let from = query(asked, "offset").map_or(0, |offset| offset.parse().unwrap());
            Reply::json(
                200,
                json!({ "data": rows(page(keys, from, 100), |id, name| json!({ "hash": id, "name": name })) }),
            )
        }
        ("DELETE", at) => {
            remove(keys, at.rsplit('/').next().unwrap(), Reply::json(200, json!({ "deleted": true })))
        }
        _ => nobody(),
    }
}
