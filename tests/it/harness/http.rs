//! Requests as an app makes them, and answers that tests can look into.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{Person, within};

/// An HTTP client, with a bearer token once somebody signed in.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    pub(crate) base: String,
    pub(crate) bearer: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Http {
    pub(crate) fn new(base: &str) -> Self {
        // What is answered is looked at, and not what it leads to.
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, base: base.to_owned(), bearer: None }
    }

    /// The same person, with a connection of its own for each request: one that was kept may be ended by the server at any
    /// time, also in the moment in which it is used again (RFC 9112, section 9.5).
    pub(crate) fn keeping_none(&self) -> Self {
        let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build();
        Self { client: client.expect("a client"), ..self.clone() }
    }

    /// The same, as whoever holds this token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        Self { bearer: Some(token.to_owned()), ..self.clone() }
    }

    /// Signs in with a password.
    pub(crate) async fn login(&self, person: &Person) -> Self {
        self.login_as(&person.user.email, &person.password).await
    }

    pub(crate) async fn login_as(&self, email: &str, password: &str) -> Self {
        let reply = self.post("/api/auth/login", &json!({ "email": email, "password": password })).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        self.bearer(reply.json()["token"].as_str().expect("a token"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A request to finish by hand.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// What is said before the body, which may never end.
    pub(crate) async fn status(&self, request: RequestBuilder) -> StatusCode {
        within("an HTTP answer", request.send()).await.expect("the server answers").status()
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        within("an HTTP answer", async {
            let response = request.send().await.expect("the server answers");
            let (status, headers) = (response.status(), response.headers().clone());
            Reply { status, headers, text: response.text().await.expect("the answer is text") }
        })
        .await
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body, after making sure of the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}
