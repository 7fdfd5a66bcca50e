//! The HTTP side: signs in, makes the keys, tracks events.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use serde_json::{Value, json};

use crate::client::Person;
use crate::daemon::Daemon;
use crate::{Result, WATCHED};

/// What the names of keys begin with.
pub(crate) const PREFIX: &str = "sample-";
/// Requests under way at once while keys are made.
const WIDTH: usize = 32;
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody signed in.
pub(crate) struct Api {
    client: Client,
    base: String,
    token: String,
}

impl Api {
    /// Signs in by password.
    pub(crate) async fn sign_in(daemon: &Daemon, person: &Person) -> Result<Self> {
        let client = Client::builder().timeout(PATIENCE).build()?;
        let mut api = Self { client, base: daemon.api.clone(), token: String::new() };
        let body = json!({ "email": person.email, "password": person.password });
        api.token = text(&api.post("/api/auth/login", &body).await?, "token")?;
        Ok(api)
    }

    /// The same person at the daemon's next start, whose port is another.
    pub(crate) fn moved(self, daemon: &Daemon) -> Self {
        Self { base: daemon.api.clone(), ..self }
    }

    /// Makes `count` keys, the watched one first; answers that one's id.
    pub(crate) async fn fill(&self, count: usize) -> Result<String> {
        let watched = self.make(WATCHED.to_owned()).await?;
        let rest = (1..count).map(|number| self.make(format!("{PREFIX}{number:06}")));
        stream::iter(rest).buffer_unordered(WIDTH).try_for_each(|_| async { Ok(()) }).await?;
        Ok(watched)
    }

    /// Reports one call of a key.
    pub(crate) async fn track(&self, key: &str) -> Result<()> {
        let event = json!({ "endpoint": "/v1/charges", "statusCode": 200, "responseTime": 12.5 });
        self.post(&format!("/api/usage/{key}/track"), &event).await?;
        Ok(())
    }

    /// Dashboards that the daemon counts as open.
    pub(crate) async fn open_dashboards(&self) -> Result<u64> {
        let request = self.client.get(format!("{}/metrics", self.base)).bearer_auth(&self.token);
        let metrics = request.send().await?.error_for_status()?.text().await?;
        let count =
            metrics.lines().find_map(|line| line.strip_prefix("keyward_sessions{kind=\"dashboard\"} "));
        Ok(count.ok_or("no dashboards in the metrics")?.parse()?)
    }

    async fn make(&self, name: String) -> Result<String> {
        let body = json!({ "name": name, "service": "sample", "apiKey": "sk-sample-51Nq8cXa" });
        text(&self.post("/api/keys", &body).await?, "_id")
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        Ok(request.json(body).send().await?.error_for_status()?.json().await?)
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().ok_or_else(|| format!("no {field} in the answer"))?.to_owned())
}
