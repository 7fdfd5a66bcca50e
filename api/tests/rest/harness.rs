//! A server of its own for each test: a fresh store, port 0, limits lifted unless a test sets them.

use std::net::SocketAddr;
use std::time::Duration;

use keyward_api::{ApiSettings, serve};
use keyward_config::{Config, Sources};
use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::outbound::MailSettings;
use keyward_keys::{Clock, Door, Event, Plan, Registration, Service, ServiceOptions, ServiceSettings};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Limits are lifted.
const EXEMPT: &[(&str, &str)] = &[("limits.exempt", r#"["127.0.0.0/8"]"#)];

pub(crate) const PASSWORD: &str = "securePassword123";

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
    client: reqwest::Client,
    _folder: TempDir,
}

/// What came back, with a body of JSON, or null.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("{field} is no text in {}", self.body)).to_owned()
    }

    /// Checks the form of a problem, whoever made it.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{}", self.body);
        self.has_the_form_of_a_problem();
    }

    /// Checks that it is a problem document, whichever.
    #[track_caller]
    pub(crate) fn has_the_form_of_a_problem(&self) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        assert_eq!(self.body["status"], self.status);
        assert_eq!(self.body["requestId"], self.header("x-request-id"));
        for field in ["type", "title", "detail", "code"] {
            assert!(self.body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
        }
    }

    /// The pointers of a problem's faults, sorted.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let mut pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        pointers.sort_unstable();
        pointers
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(EXEMPT).await
    }

    /// With a mail server.
    pub(crate) async fn start_mailing(mail: MailSettings) -> Self {
        Self::start_as(EXEMPT, Some(mail)).await
    }

    /// With settings by name, over the defaults.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_as(settings, None).await
    }

    async fn start_as(settings: &[(&str, &str)], mail: Option<MailSettings>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let mut overrides = vec![("data_dir".to_owned(), path)];
        overrides.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = Config::load(&Sources { overrides, ..Sources::default() }).unwrap();
        let service = open(&folder, mail).await;
        // No job runs here, and none is missed.
        service.jobs_scheduled(&service.system_caller("test", Door::Local), true).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let settings = ApiSettings { api: config.api, limits: config.limits };
        let task = tokio::spawn(serve(listener, service.clone(), settings, None, shutdown.clone()));
        // What is answered is looked at, and not what it leads to.
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { address, service, shutdown, task, client, _folder: folder }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Reply { status, headers, body }
    }

    /// What comes back before the body, which may never end.
    pub(crate) async fn send_for_head(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = if status < 400 { Vec::new() } else { response.bytes().await.unwrap().to_vec() };
        Reply { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    pub(crate) async fn post(&self, bearer: &str, path: &str, body: &Value) -> Reply {
        self.send(self.request("POST", path).bearer_auth(bearer).json(body)).await
    }

    pub(crate) async fn get(&self, bearer: &str, path: &str) -> Reply {
        self.send(self.request("GET", path).bearer_auth(bearer)).await
    }

    /// A person's bearer token.
    pub(crate) async fn person(&self, email: &str) -> String {
        let body = json!({"name": "John Doe", "email": email, "password": PASSWORD});
        let reply = self.send(self.request("POST", "/api/auth/register").json(&body)).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.text("token")
    }

    /// A person whose plan allows many keys.
    pub(crate) async fn rich_person(&self, email: &str) -> String {
        let system = self.service.system_caller("test", Door::Local);
        let account = NewAccount {
            name: "Ana".into(),
            email: email.into(),
            password: PASSWORD.into(),
            code: None,
            ssh_key: None,
        };
        let added = AddedAccount { account, operator: false, plan: Plan::Enterprise };
        self.service.add_account(&system, added).await.unwrap();
        let body = json!({"email": email, "password": PASSWORD});
        self.send(self.request("POST", "/api/auth/login").json(&body)).await.text("token")
    }

    /// A key's `_id`. That it was made is told after it is answered: this waits for it, so that nobody who connects
    /// next hears of it.
    pub(crate) async fn key(&self, bearer: &str, name: &str) -> String {
        let mut relay = self.service.relay(&self.service.system_caller("test", Door::Local)).unwrap();
        let body = json!({"name": name, "service": "OpenAI", "apiKey": "sk-1234567890abcdef"});
        let reply = self.post(bearer, "/api/keys", &body).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        let told = async { while !matches!(relay.next().await, Some(Event::KeyChanged { .. })) {} };
        tokio::time::timeout(Duration::from_secs(20), told).await.expect("told in time");
        reply.text("_id")
    }
}

async fn open(folder: &TempDir, mail: Option<MailSettings>) -> Service {
    let mut settings =
        ServiceSettings { registration: Registration::Open, ..ServiceSettings::new(Clock::system()) };
    settings.outbound.mail = mail;
    Service::open(ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::generate().unwrap(),
        settings,
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    })
    .await
    .unwrap()
}
