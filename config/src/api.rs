//! Section `api`: the HTTP door's address, whom it trusts, and the bounds of one request.

use std::fmt;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};

use crate::{Networks, SecretSetting};

/// The HTTP door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<WebOrigin>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// The largest request body, in bytes.
    pub body_limit_bytes: NonZeroU64,
    /// Seconds to send the headers.
    pub header_timeout_seconds: NonZeroU32,
    /// Seconds a request may take in all, event streams excepted.
    pub request_timeout_seconds: NonZeroU32,
    /// The dashboard is served in browsers too, at `/terminal`.
    pub terminal: bool,
    /// What opens `/metrics`, when there is one.
    pub metrics_token: SecretSetting,
}

/// A web origin in its serialised form (RFC 6454, section 6.2): scheme, host and, unless it is the scheme's own, port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebOrigin(String);

impl WebOrigin {
    /// The origin as a browser sends it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WebOrigin {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "an exact origin is needed, as https://keys.example.com or http://localhost:3000, \
                             in lower case, with no path and no `*`";
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(WRONG)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:[]".contains(c);
        if host.is_empty() || host.starts_with(':') || !host.chars().all(plain) {
            return Err(WRONG);
        }
        // Browsers leave the scheme's own port out, so an origin with it would never match.
        let own_port = if text.starts_with("https://") { ":443" } else { ":80" };
        if host.ends_with(own_port) {
            return Err("leave out the port: browsers do not send a scheme's own port");
        }
        Ok(Self(text))
    }
}

impl From<WebOrigin> for String {
    fn from(origin: WebOrigin) -> Self {
        origin.0
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
