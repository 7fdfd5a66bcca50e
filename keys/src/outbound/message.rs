//! A notification as a message to an address: by Standard Webhooks with a signature, or as a chat takes it. What is sent
//! is thin: what happened, to which key, in words; never a value.

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Outbound;
use super::client::Call;
use super::error::{CallError, CallResult, Class};
use super::signature::WebhookSecret;
use super::target::Target;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// How messages to an address are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageFormat {
    /// Standard Webhooks: `{type, timestamp, data}`, signed.
    Standard,
    /// A Slack incoming webhook.
    Slack,
    /// A Discord webhook.
    Discord,
    /// A topic of ntfy.
    Ntfy,
    /// An e-mail, through the operator's mail server.
    Email,
}

impl MessageFormat {
    /// The names of all, for whoever names another.
    pub const NAMES: &str = "standard, slack, discord, ntfy or email";

    /// Its name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Ntfy => "ntfy",
            Self::Email => "email",
        }
    }

    /// The one of this name; the standard one when there is none.
    pub fn named(name: &str) -> Self {
        let all = [Self::Slack, Self::Discord, Self::Ntfy, Self::Email];
        all.into_iter().find(|format| format.name() == name).unwrap_or(Self::Standard)
    }
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it is known by; the same when it is sent again.
    pub id: String,
    /// What it is about, such as `key_deleted`.
    pub kind: String,
    /// What happened, in words.
    pub text: String,
    /// The key it is about.
    pub api_key: Option<String>,
    /// The alert that it tells of.
    pub alert: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// By which clock people read that.
    pub zone: TimeZone,
}

impl Outbound {
    /// Sends a message once, to a URL or (as an e-mail) to a mailbox; answers the status of a success. What is signed is so
    /// with the secret, and with the one before it where there is one.
    ///
    /// # Errors
    /// Transient when it should be sent again. 410 is config: the receiver wants no more.
    pub async fn send_message(
        &self,
        url: &str,
        signed: (&WebhookSecret, Option<&WebhookSecret>),
        format: MessageFormat,
        message: &Message,
    ) -> CallResult<u16> {
        let (body, mut headers, kind) = match format {
            MessageFormat::Standard => {
                let body = standard(message).to_string().into_bytes();
                let (secret, before) = signed;
                let headers = secret.headers_with(before, &message.id, self.client().now_ms(), &body)?;
                (body, headers, JSON)
            }
            MessageFormat::Slack => (slack(&message.text), HeaderMap::new(), JSON),
            MessageFormat::Discord => (discord(&message.text), HeaderMap::new(), JSON),
            MessageFormat::Ntfy => (message.text.clone().into_bytes(), ntfy(message), TEXT),
            MessageFormat::Email => return self.send_mail(url, message).await,
        };
        let target = Target::parse(url, self.client().allow())
            .map_err(|wrong| CallError::config(format!("the webhook's address {wrong}")))?;
        let host = target.authority();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let answer = self.client().call(Call { method: Method::POST, target, headers, body }).await?;
        if answer.is_success() {
            return Ok(answer.status);
        }
        let error = answer.failure(&host, self.client().now_ms());
        // A receiver that is being set up refuses for a while; only one that is gone says so by 410.
        let class =
            if matches!(error.status, Some(400..=409 | 411..=499)) { Class::Transient } else { error.class };
        Err(CallError { class, ..error })
    }
}

fn standard(message: &Message) -> Value {
    let Message { kind, text, api_key, alert, at, .. } = message;
    let mut data = json!({ "message": text, "apiKeyId": api_key });
    if let Some(alert) = alert {
        data["alertId"] = json!(alert);
    }
    json!({ "type": kind, "timestamp": at, "data": data })
}

fn slack(text: &str) -> Vec<u8> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "text": text }).to_string().into_bytes()
}

fn discord(text: &str) -> Vec<u8> {
    let text: String = text.chars().take(2_000).collect();
    json!({ "content": text, "allowed_mentions": { "parse": [] } }).to_string().into_bytes()
}

fn ntfy(message: &Message) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("title"), HeaderValue::from_static("Keyward"));
    if let Ok(kind) = HeaderValue::try_from(&message.kind) {
        headers.insert(HeaderName::from_static("tags"), kind);
    }
    headers
}
