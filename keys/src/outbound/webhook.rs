//! Rotation by a program of the user's own, behind an address: each step is a signed POST, and a slow one is asked for
//! until it is done. What it answers is believed only as far as its shape.

use std::time::Duration;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::client::{Answer, Call};
use super::error::{CallError, CallResult, Class};
use super::signature::WebhookSecret;
use super::step::{Created, Step, Subject, Told};
use super::target::Target;
use super::{Outbound, value};

/// How long a slow receiver is left alone that does not say how long.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// And at most, whatever it says: the daemon may be told to stop meanwhile.
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_secs(30);

/// Where steps are sent, and what they are signed with.
#[derive(Debug)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// The endpoint's secret.
    pub secret: WebhookSecret,
    /// The one before it, while its owner changes over: steps are signed with both.
    pub before: Option<WebhookSecret>,
}

impl Webhook {
    fn headers(&self, id: &str, now_ms: i64, body: &[u8]) -> CallResult<HeaderMap> {
        self.secret.headers_with(self.before.as_ref(), id, now_ms, body)
    }
}

/// What *create* answers. Other fields are the receiver's own business.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    #[serde(deserialize_with = "value::secret")]
    api_key: SecretString,
    #[serde(default)]
    provider_id: Option<String>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

impl Outbound {
    /// Sends the step *create*, and waits for the value. Sending it again for the same [`Subject::request_id`] is safe.
    ///
    /// # Errors
    /// Every class but [`Class::Refused`] and [`Class::Quota`].
    pub async fn webhook_create(&self, hook: &Webhook, subject: &Subject) -> CallResult<Created> {
        let (answer, host) = self.step(hook, Step::Create, subject).await?;
        let made: Made = serde_json::from_slice(answer.body.expose()).map_err(|_| {
            CallError::config(format!(
                "{host} did not answer create with {{\"apiKey\": …, \"providerId\": …}}"
            ))
            .maybe_done(true)
        })?;
        let Made { api_key, provider_id, expires_at } = made;
        let value = value::checked(api_key, &host)?;
        Ok(Created { value, provider_id: provider_id.filter(|id| !id.is_empty()), expires_at })
    }

    /// Sends *set*, *test* or *finish*, and waits until it is done. What is answered is ignored.
    ///
    /// # Errors
    /// [`Class::Refused`] when the receiver says by 422 that the new value is of no use.
    pub async fn webhook_step(&self, hook: &Webhook, step: Step, subject: &Subject) -> CallResult<()> {
        self.step(hook, step, subject).await.map(drop)
    }

    /// The last word of the receiver, which is a success, and who it is.
    async fn step(&self, hook: &Webhook, step: Step, subject: &Subject) -> CallResult<(Answer, String)> {
        let target = Target::parse(&hook.url, self.client().allow())
            .map_err(|wrong| CallError::config(format!("the webhook's address {wrong}")))?;
        let host = target.authority();
        let body = serde_json::to_vec(&Told::new(step, subject))
            .map_err(|_| CallError::config("the step cannot be written as JSON"))?;
        let id = format!("{}-{}", subject.request_id, step.name());
        let mut headers = hook.headers(&id, self.client().now_ms(), &body)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let call = Call { method: Method::POST, target: target.clone(), headers, body };
        let mut answer = self.client().call(call).await?;
        let until = Instant::now() + self.client().limits().polling;
        while answer.status == 202 {
            let Some(place) = next_place(&answer, &target, step)? else { break };
            let wait = answer.retry_after(self.client().now_ms()).unwrap_or(BETWEEN_LOOKS);
            let next = Instant::now() + wait.min(LONGEST_BETWEEN_LOOKS);
            if next > until {
                let late = CallError::transient(format!("{host} is not done yet with {}", step.name()));
                return Err(CallError { retry_after: Some(wait), ..late.maybe_done(true) });
            }
            sleep_until(next).await;
            answer = self.client().call(self.look(hook, &id, place)?).await?;
        }
        if answer.is_success() { Ok((answer, host)) } else { Err(self.refusal(&answer, step, &host)) }
    }

    /// Asks whether it is done, signed as the step was.
    fn look(&self, hook: &Webhook, id: &str, target: Target) -> CallResult<Call> {
        let headers: HeaderMap = hook.headers(id, self.client().now_ms(), b"")?;
        Ok(Call { method: Method::GET, target, headers, body: Vec::new() })
    }

    fn refusal(&self, answer: &Answer, step: Step, host: &str) -> CallError {
        let error = answer.failure(host, self.client().now_ms());
        match (answer.status, step) {
            (422, Step::Set | Step::Test) => CallError {
                class: Class::Refused,
                detail: format!("{host} says at {} that the new value is of no use (422)", step.name()),
                ..error
            },
            _ => error,
        }
    }
}

/// Where to look whether a step is done; none when the receiver took it without saying where, and nothing is to come back.
fn next_place(answer: &Answer, target: &Target, step: Step) -> CallResult<Option<Target>> {
    let host = target.authority();
    match answer.header(LOCATION) {
        Some(place) => match target.follow(place) {
            Some(place) => Ok(Some(place)),
            None => Err(CallError::config(format!(
                "{host} names another host to ask for the result, which is not called"
            ))
            .maybe_done(true)),
        },
        None if step == Step::Create => {
            Err(CallError::config(format!("{host} answers 202 without a Location to ask for the value"))
                .maybe_done(true))
        }
        None => Ok(None),
    }
}
