//! Providers whose answers are numbers, XML, or end by themselves.

use serde_json::json;

use super::{Known, bearer, body, make, nobody, path, remove, rows};
use crate::outbound::github_app;
use crate::outbound::testing::{Asked, Reply};

pub(super) fn grafana(asked: &Asked, keys: &mut Known) -> Reply {
    let base = "/api/serviceaccounts/7/tokens";
    match (asked.method.as_str(), path(asked)) {
        ("GET", "/api/org") if bearer(asked, "new-value") => {
            Reply::json(200, json!({ "id": 1, "name": "Main Org." }))
        }
        _ if !bearer(asked, "admin-secret") => Reply::json(401, json!({ "message": "Invalid API key" })),
        ("POST", at) if at == base && keys.iter().any(|(_, name)| body(asked)["name"] == **name) => {
            Reply::json(409, json!({ "message": "service account token with given name already exists" }))
        }
        // Ids are numbers there.
        ("POST", at) if at == base => {
            let name = body(asked)["name"].as_str().unwrap().to_owned();
            let id: u32 = make(keys, "", &name).parse().unwrap();
            Reply::json(200, json!({ "id": id, "name": name, "key": "new-value" }))
        }
        ("GET", at) if at == base => Reply::json(
            200,
            rows(
                keys,
                |id, name| json!({ "id": id.parse::<u32>().unwrap(), "name": name, "expiration": null, "isRevoked": false }),
            ),
        ),
        ("DELETE", at) => remove(
            keys,
            at.rsplit('/').next().unwrap(),
            Reply::json(200, json!({ "message": "Service account token deleted" })),
        ),
        _ => nobody(),
    }
}

fn aws_answer(status: u16, text: String) -> Reply {
    Reply::Answer(status, vec![("content-type", "text/xml".to_owned())], text)
}

pub(in crate::outbound::tests) fn aws_error(status: u16, code: &str) -> Reply {
    let xml = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    aws_answer(status, xml)
}

pub(super) fn aws(asked: &Asked, keys: &mut Known) -> Reply {
    let form: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    let by = |id: &str, service: &str| {
        asked.header("authorization").starts_with(&format!(
            "AWS4-HMAC-SHA256 Credential={id}/20261126/us-east-1/{service}/aws4_request, SignedHeaders="
        ))
    };
    let xml = |text: String| aws_answer(200, text);
    match form["Action"].as_str() {
        "GetCallerIdentity" if keys.iter().any(|(id, _)| by(id, "sts")) => {
            xml("<GetCallerIdentityResponse/>".to_owned())
        }
        _ if !by("AKIDADMIN", "iam") || form["UserName"] != "app" => aws_error(403, "AccessDenied"),
        "CreateAccessKey" if keys.len() >= 2 => aws_error(409, "LimitExceeded"),
        "CreateAccessKey" => {
            let id = make(keys, "AKID", "");
            xml(format!(
                "<CreateAccessKeyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><CreateAccessKeyResult><AccessKey><UserName>app</UserName><AccessKeyId>{id}</AccessKeyId><Status>Active</Status><SecretAccessKey>new-value</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>"
            ))
        }
        "ListAccessKeys" => {
            let members: String = keys.iter().map(|(id, _)| format!("<member><UserName>app</UserName><AccessKeyId>{id}</AccessKeyId><Status>Active</Status></member>")).collect();
            xml(format!(
                "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>{members}</AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"
            ))
        }
        "DeleteAccessKey" => {
            let gone = aws_error(404, "NoSuchEntity");
            match remove(keys, &form["AccessKeyId"], xml("<DeleteAccessKeyResponse/>".to_owned())) {
                Reply::Answer(200, headers, body) => Reply::Answer(200, headers, body),
                _ => gone,
            }
        }
        _ => aws_error(400, "InvalidAction"),
    }
}

/// The token itself is the only key: it changes, and the one before is of no use from then on.
pub(super) fn gitlab(asked: &Asked, keys: &mut Known) -> Reply {
    let token = asked.header("private-token");
    if token != if keys.is_empty() { "current-value" } else { "new-value" } {
        return Reply::json(401, json!({ "message": "401 Unauthorized" }));
    }
    match asked.line().as_str() {
        "POST /api/v4/personal_access_tokens/self/rotate" => {
            let until = body(asked)["expires_at"].clone();
            make(keys, "", "x");
            Reply::json(
                200,
                json!({ "id": 42, "name": "x", "revoked": false, "active": true, "expires_at": until, "token": "new-value" }),
            )
        }
        "GET /api/v4/personal_access_tokens/self" => Reply::json(200, json!({ "id": 42, "active": true })),
        _ => nobody(),
    }
}

pub(super) fn github(asked: &Asked, _: &mut Known) -> Reply {
    assert_eq!(asked.header("x-github-api-version"), "2022-11-28");
    match asked.line().as_str() {
        "POST /app/installations/42/access_tokens" => {
            let token = asked.header("authorization").strip_prefix("Bearer ").unwrap();
            assert!(github_app::tests::verifies(token));
            Reply::json(
                201,
                json!({ "token": "new-value", "expires_at": "2026-11-26T01:00:00Z", "permissions": {} }),
            )
        }
        "GET /installation/repositories?per_page=1" if bearer(asked, "new-value") => {
            Reply::json(200, json!({ "total_count": 0 }))
        }
        _ => Reply::json(
            401,
            json!({ "message": "Bad credentials", "documentation_url": "https://docs.github.com/rest" }),
        ),
    }
}
