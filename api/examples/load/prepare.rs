//! Signs in, sees that there are keys and a service token, and renders the requests.

use std::fmt::Write as _;
use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::{Args, Mode, Result};

/// Different requests in a run; callers go through them in turn.
const VARIETY: usize = 1_000;
/// The same for bulk requests, which are large.
const BULK_VARIETY: usize = 20;
const ENDPOINTS: usize = 10;

pub(crate) async fn requests(
    args: &Args,
    api: &str,
    (email, password): (&str, &str),
) -> Result<Arc<[Vec<u8>]>> {
    if args.mode == Mode::Hello {
        return Ok([render(api, "GET", "/", "nobody", "", "")].into());
    }
    let site = Site::new(api);
    let person = site.sign_in(email, password).await?;
    let term: String = args.term.bytes().fold(String::new(), |mut term, byte| {
        let _ = write!(term, "%{byte:02x}");
        term
    });
    let keys = site.keys(&person, args.keys).await?;
    let requests: Vec<_> = match args.mode {
        Mode::List => vec![render(api, "GET", "/api/keys?limit=20", &person, "", "")],
        Mode::Search => {
            vec![render(api, "GET", &format!("/api/keys?limit=20&search={term}"), &person, "", "")]
        }
        Mode::Hello
        | Mode::Track
        | Mode::Bulk
        | Mode::Value
        | Mode::WrongLogins
        | Mode::Live
        | Mode::Serve => {
            let token = site.token(&person, &keys).await?;
            let variety = if args.mode == Mode::Bulk { BULK_VARIETY } else { VARIETY };
            (0..variety).map(|number| app_request(args, api, &token, &keys, number)).collect()
        }
    };
    Ok(requests.into())
}

fn app_request(args: &Args, api: &str, token: &str, keys: &[String], number: usize) -> Vec<u8> {
    let key = &keys[number % keys.len()];
    match args.mode {
        Mode::Value | Mode::WrongLogins => {
            render(api, "GET", &format!("/api/keys/{key}/value"), token, "", "")
        }
        Mode::Bulk => {
            let lines: String = (0..args.batch)
                .map(|line| {
                    let key = &keys[(number + line) % keys.len()];
                    format!("{{\"key\":\"{key}\",{}\n", &event(number + line)[1..])
                })
                .collect();
            render(api, "POST", "/api/usage/track", token, "application/x-ndjson", &lines)
        }
        _ => {
            let path = format!("/api/usage/{key}/track");
            render(api, "POST", &path, token, "application/json", &event(number))
        }
    }
}

fn event(number: usize) -> String {
    format!(
        "{{\"endpoint\":\"/v1/endpoint/{}\",\"method\":\"POST\",\"statusCode\":{},\"responseTime\":{}.5,\
         \"requestSize\":1024,\"responseSize\":2048,\"metadata\":{{\"model\":\"gpt-4o\",\"tokens\":{}}}}}",
        number % ENDPOINTS,
        if number.is_multiple_of(50) { 500 } else { 200 },
        20 + number % 400,
        number % 900,
    )
}

fn render(host: &str, method: &str, path: &str, bearer: &str, kind: &str, body: &str) -> Vec<u8> {
    let body_headers = if kind.is_empty() {
        String::new()
    } else {
        format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len())
    };
    format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\n{body_headers}\r\n{body}")
        .into_bytes()
}

/// A server to ask.
pub(crate) struct Site {
    client: Client,
    base: String,
}

impl Site {
    /// At this address and port.
    pub(crate) fn new(api: &str) -> Self {
        Self { client: Client::new(), base: format!("http://{api}") }
    }

    /// A person's token.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Result<String> {
        let login = json!({"email": email, "password": password});
        text(&self.ask(self.post("/api/auth/login").json(&login)).await?, "token")
    }

    /// Reports one call.
    pub(crate) async fn track(&self, bearer: &str, key: &str, event: &Value) -> Result<()> {
        let request = self.post(&format!("/api/usage/{key}/track")).bearer_auth(bearer).json(event);
        self.ask(request).await.map(drop)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.base))
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value> {
        let response = request.send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        if !status.is_success() {
            return Err(format!("{status}: {}", body["detail"]).into());
        }
        Ok(body)
    }

    /// As many keys as are wanted, made where they are missing, as far as the plan allows.
    pub(crate) async fn keys(&self, person: &str, wanted: usize) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        for page in 1.. {
            let list = self.client.get(format!("{}/api/keys?limit=100&page={page}", self.base));
            let list = self.ask(list.bearer_auth(person)).await?;
            let found = list["keys"].as_array().ok_or("no keys in the list")?;
            keys.extend(
                found
                    .iter()
                    .filter(|key| key["custody"] == "automation")
                    .filter_map(|key| text(key, "_id").ok()),
            );
            if found.is_empty() || keys.len() >= wanted {
                break;
            }
        }
        while keys.len() < wanted {
            let name = format!("load {}", keys.len());
            let new = json!({"name": name, "service": "Load", "apiKey": "sk-load-0123456789abcdef"});
            match self.ask(self.post("/api/keys").bearer_auth(person).json(&new)).await {
                Ok(key) => keys.push(text(&key, "_id")?),
                Err(_) if !keys.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        keys.truncate(wanted.max(1));
        Ok(keys)
    }

    async fn token(&self, person: &str, keys: &[String]) -> Result<String> {
        let new = json!({"name": "load", "keys": keys, "scopes": ["fetch", "track"]});
        text(&self.ask(self.post("/api/tokens").bearer_auth(person).json(&new)).await?, "token")
    }
}

fn text(value: &Value, field: &str) -> Result<String> {
    value[field].as_str().map(ToOwned::to_owned).ok_or_else(|| format!("no {field} in the answer").into())
}
