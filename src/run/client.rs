//! Asking the server, over HTTP or HTTPS. It follows no redirect: the token goes to the server that was named, and
//! nowhere else.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keyward_keys::{Environment, Id};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::names::Wanted;
use crate::error::{Error, Exit, Result};

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of an answer: a thousand values of the longest.
const LONGEST_ANSWER: usize = 512 << 20;

/// A key, or why there is none.
pub(super) type Answer = std::result::Result<Fetched, Refused>;

/// A fetched key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fetched {
    #[serde(rename = "_id")]
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) version: u32,
    /// None when the version is known.
    #[serde(default, rename = "apiKey", deserialize_with = "secret")]
    pub(super) value: Option<SecretString>,
}

fn secret<'de, D: serde::Deserializer<'de>>(
    reader: D,
) -> std::result::Result<Option<SecretString>, D::Error> {
    Option::<String>::deserialize(reader).map(|text| text.map(SecretString::from))
}

/// What the server said instead.
#[derive(Deserialize)]
pub(super) struct Refused {
    status: u16,
    /// The key's, where the server tells it.
    pub(super) name: Option<String>,
    pub(super) code: String,
    pub(super) detail: String,
}

impl Refused {
    /// How a command ends that was refused so.
    pub(super) fn exit(&self) -> Exit {
        match self.status {
            401 | 403 => Exit::Forbidden,
            404 => Exit::NotFound,
            409 | 412 => Exit::Conflict,
            422 => Exit::Usage,
            408 | 429 | 503 => Exit::TryLater,
            _ => Exit::Failed,
        }
    }
}

#[derive(Deserialize)]
struct Many {
    keys: Vec<One>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum One {
    Fetched(Fetched),
    Refused { name: Option<String>, error: Refused },
}

/// Trusts who the system trusts. Without TLS nobody is looked up: a small image may hold no certificates.
fn tls(secure: bool) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if secure {
        // Some of a system's certificates may be of no use; the others are.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Error::NoCertificates);
        }
    }
    let builder = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().map_err(Error::Tls)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A server, and the token that is shown to it.
pub(super) struct Client {
    http: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    fetch: Uri,
    events: Uri,
    authorization: HeaderValue,
}

impl Client {
    /// A client for the server at this address.
    pub(super) fn new(url: &str, token: SecretString) -> Result<Self> {
        let at = |path: &str| {
            let uri = format!("{}{path}", url.trim_end_matches('/')).parse().ok();
            uri.filter(|uri: &Uri| {
                matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            })
        };
        let (Some(fetch), Some(events)) = (at("/api/fetch"), at("/api/events?events=api_key_update")) else {
            return Err(Error::Usage(
                "KEYWARD_URL is the server's address, such as https://keys.example.com".to_owned(),
            ));
        };
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Error::Secret("the token holds characters that no token has"))?;
        authorization.set_sensitive(true);
        let secure = fetch.scheme_str() == Some("https");
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls(secure)?).https_or_http().enable_http1().build();
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, fetch, events, authorization })
    }

    /// Fetches keys, or all of an environment; of a version that is known, the value is left out.
    pub(super) async fn fetch(
        &self,
        environment: Option<Environment>,
        keys: &[Wanted],
        known: &HashMap<Id, u32>,
    ) -> Result<Vec<Answer>> {
        let named = |key: &Wanted| match environment {
            _ if key.is_id() => json!(key.name),
            Some(environment) => json!({ "environment": environment, "name": key.name }),
            None => json!({ "name": key.name }),
        };
        let known: HashMap<String, u32> =
            known.iter().map(|(id, version)| (id.to_string(), *version)).collect();
        let asked = if keys.is_empty() {
            json!({ "environment": environment, "have": known })
        } else {
            json!({ "keys": keys.iter().map(named).collect::<Vec<_>>(), "have": known })
        };
        let answer = tokio::time::timeout(PATIENCE, self.post(&asked)).await;
        let (status, body) = answer.unwrap_or_else(|_| Err(self.unreachable("it does not answer")))?;
        if status == StatusCode::OK {
            let many: Many = serde_json::from_slice(&body).map_err(|_| self.stranger())?;
            let answer = |one| match one {
                One::Fetched(fetched) => Ok(fetched),
                One::Refused { name, error } => Err(Refused { name, ..error }),
            };
            return Ok(many.keys.into_iter().map(answer).collect());
        }
        let refused: Refused = serde_json::from_slice(&body).map_err(|_| self.stranger())?;
        Err(Error::Daemon { exit: refused.exit().code(), text: refused.detail })
    }

    /// What the server tells of keys that change (server-sent events), for as long as it likes.
    pub(super) async fn events(&self) -> Result<Incoming> {
        let asked =
            tokio::time::timeout(PATIENCE, self.send(Method::GET, &self.events, Full::default())).await;
        let response = asked.unwrap_or_else(|_| Err(self.unreachable("it does not answer")))?;
        if response.status() == StatusCode::OK { Ok(response.into_body()) } else { Err(self.stranger()) }
    }

    async fn post(&self, body: &Value) -> Result<(StatusCode, Bytes)> {
        let response = self.send(Method::POST, &self.fetch, Full::from(body.to_string())).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER);
        let body = body.collect().await.map_err(|error| self.unreachable(error))?;
        Ok((status, body.to_bytes()))
    }

    async fn send(&self, method: Method, uri: &Uri, body: Full<Bytes>) -> Result<Response<Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("keyward/", env!("CARGO_PKG_VERSION")))
            .body(body)
            .map_err(|error| self.unreachable(error))?;
        self.http.request(request).await.map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        Error::Unreachable { server: self.server(), source: source.into() }
    }

    /// It answers, but not as a keyward does.
    fn stranger(&self) -> Error {
        Error::Stranger(self.server())
    }

    fn server(&self) -> String {
        self.fetch.authority().map(ToString::to_string).unwrap_or_default()
    }
}
