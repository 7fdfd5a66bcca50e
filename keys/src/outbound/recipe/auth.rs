//! How a request proves who asks: as a recipe says it, and the headers that come of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::template::{Template, Values, plain};
use crate::outbound::client::Call;
use crate::outbound::error::{CallError, CallResult};
use crate::outbound::{github_app, sigv4};
use crate::reader::Reader;

/// The ways there are.
#[derive(Clone, Debug)]
pub(super) enum Auth {
    /// `Authorization: Bearer`.
    Bearer(Template),
    /// `Authorization: Basic`, of `user:password`.
    Basic(Template),
    /// Headers of the provider's own.
    Headers(Vec<(HeaderName, Template)>),
    /// AWS Signature Version 4, of `access key id:secret access key`.
    Aws { key: Template, region: String, service: String },
    /// A JSON Web Token of a GitHub App, signed with the credential, which is its private key (PEM).
    GithubApp(Template),
}

impl Auth {
    pub(super) fn read(mut reader: Reader) -> Option<Self> {
        let mut found = Vec::new();
        found.extend(reader.template("bearer").map(Self::Bearer));
        found.extend(reader.template("basic").map(Self::Basic));
        found.extend(reader.template("github_app").map(Self::GithubApp));
        if let Some(headers) = reader.inner("headers") {
            found.push(Self::Headers(self::headers(headers)));
        }
        if let Some(key) = reader.template("aws") {
            let (region, service) = (reader.needed("region"), reader.needed("service"));
            found.extend(region.zip(service).map(|(region, service)| Self::Aws { key, region, service }));
        }
        if found.len() != 1 {
            reader.fault("auth", "is one of bearer, basic, headers, aws or github_app");
        }
        reader.finish();
        found.pop()
    }

    /// Its templates, each with whether it may hold a secret; all may.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Bearer(template) | Self::Basic(template) | Self::GithubApp(template) => vec![template],
            Self::Headers(headers) => headers.iter().map(|(_, template)| template).collect(),
            Self::Aws { key, .. } => vec![key],
        }
    }

    /// Puts the proof into a call that is otherwise complete.
    pub(super) fn apply(&self, call: &mut Call, values: &Values, now_ms: i64) -> CallResult<()> {
        let filled = |template: &Template| template.fill(values, plain).map_err(CallError::config);
        match self {
            Self::Bearer(token) => {
                put(&mut call.headers, AUTHORIZATION, &format!("Bearer {}", filled(token)?))
            }
            Self::Basic(pair) => {
                put(&mut call.headers, AUTHORIZATION, &format!("Basic {}", STANDARD.encode(filled(pair)?)))
            }
            Self::Headers(headers) => headers
                .iter()
                .try_for_each(|(name, value)| put(&mut call.headers, name.clone(), &filled(value)?)),
            Self::Aws { key, region, service } => {
                sigv4::sign(call, &SecretString::from(filled(key)?), region, service, now_ms)
            }
            Self::GithubApp(issuer) => {
                let pem = values.get("credential").map(ExposeSecret::expose_secret).unwrap_or_default();
                let token = github_app::token(&filled(issuer)?, pem, now_ms)?;
                put(&mut call.headers, AUTHORIZATION, &format!("Bearer {}", token.expose_secret()))
            }
        }
    }
}

/// The headers of a table, by name.
pub(super) fn headers(mut reader: Reader) -> Vec<(HeaderName, Template)> {
    let mut headers = Vec::new();
    for name in reader.names() {
        let template = reader.template(&name);
        match HeaderName::try_from(name.as_str()) {
            Ok(known)
                if !matches!(
                    known.as_str(),
                    "host" | "content-length" | "transfer-encoding" | "connection"
                ) =>
            {
                headers.extend(template.map(|template| (known, template)));
            }
            _ => reader.fault(&name, "is not a header that may be set"),
        }
    }
    headers
}

/// Sets a header that is never shown.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) -> CallResult<()> {
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        CallError::config(format!("what goes into the header {name} holds characters that no header has"))
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
