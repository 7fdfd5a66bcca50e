//! One request of a recipe: its parts as templates, and the call that they make when filled in. Each part escapes what is
//! filled into it for where it stands.

use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::auth::{Auth, put};
use super::template::{Template, Values, percent, plain, segment};
use crate::outbound::client::Call;
use crate::outbound::error::{CallError, CallResult};
use crate::outbound::target::Target;

/// A body as a recipe writes it.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// None.
    Empty,
    /// JSON, with places in its texts.
    Json(Json),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `multipart/form-data`.
    Multipart(Vec<(String, Template)>),
}

/// JSON with places.
#[derive(Clone, Debug)]
pub(super) enum Json {
    /// As it is.
    Plain(Value),
    /// A text with places. One that is a place alone becomes what stands there: a parameter of JSON its JSON.
    Text(Template),
    /// A list.
    List(Vec<Json>),
    /// Fields.
    Fields(Vec<(String, Json)>),
}

/// A request as a recipe writes it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) base: Template,
    pub(super) path: Template,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) auth: Option<Auth>,
    pub(super) body: Body,
}

impl Request {
    /// Templates that make the address, in which no secret may stand.
    pub(super) fn address(&self) -> impl Iterator<Item = &Template> {
        [&self.base, &self.path].into_iter().chain(self.query.iter().map(|(_, template)| template))
    }

    fn rest(&self) -> Vec<&Template> {
        let mut all: Vec<&Template> = self.headers.iter().map(|(_, template)| template).collect();
        all.extend(self.auth.iter().flat_map(Auth::templates));
        match &self.body {
            Body::Empty => {}
            Body::Json(json) => json.templates(&mut all),
            Body::Form(fields) | Body::Multipart(fields) => {
                all.extend(fields.iter().map(|(_, template)| template));
            }
        }
        all
    }

    /// Names of all places in it.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.address().chain(self.rest()).flat_map(Template::places)
    }

    /// The call, with the values filled in and its proof of who asks; `page` is one more field of the query.
    pub(super) fn call(
        &self,
        values: &Values,
        page: Option<&(String, String)>,
        allow: &[IpNet],
        now_ms: i64,
    ) -> CallResult<Call> {
        let url = self.url(values, page).map_err(CallError::config)?;
        let target = Target::parse(&url, allow)
            .map_err(|wrong| CallError::config(format!("the recipe's address {wrong}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/xml;q=0.5, */*;q=0.1"));
        for (name, template) in &self.headers {
            put(&mut headers, name.clone(), &template.fill(values, plain).map_err(CallError::config)?)?;
        }
        let (kind, body) = self.body.bytes(values).map_err(CallError::config)?;
        if let Some(kind) = kind {
            put(&mut headers, CONTENT_TYPE, &kind)?;
        }
        let mut call = Call { method: self.method.clone(), target, headers, body };
        if let Some(auth) = &self.auth {
            auth.apply(&mut call, values, now_ms)?;
        }
        Ok(call)
    }

    fn url(&self, values: &Values, page: Option<&(String, String)>) -> Result<String, String> {
        let base = self.base.fill(values, plain)?;
        let mut url = format!("{}{}", base.trim_end_matches('/'), self.path.fill(values, segment)?);
        let filled = |(name, template): &(String, Template)| {
            template.fill(values, plain).map(|value| format!("{}={}", percent(name), percent(&value)))
        };
        let mut query = self.query.iter().map(filled).collect::<Result<Vec<_>, _>>()?;
        query.extend(page.map(|(name, value)| format!("{}={}", percent(name), percent(value))));
        if !query.is_empty() {
            url.push('?');
            url.push_str(&query.join("&"));
        }
        Ok(url)
    }
}

impl Body {
    /// Its media type and bytes.
    fn bytes(&self, values: &Values) -> Result<(Option<String>, Vec<u8>), String> {
        Ok(match self {
            Self::Empty => (None, Vec::new()),
            Self::Json(json) => {
                let text = json.filled(values)?.to_string();
                (Some("application/json".to_owned()), text.into_bytes())
            }
            Self::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                for (name, template) in fields {
                    form.append_pair(name, &template.fill(values, plain)?);
                }
                (Some("application/x-www-form-urlencoded".to_owned()), form.finish().into_bytes())
            }
            Self::Multipart(fields) => {
                let random =
                    crate::crypto::random_array::<16>().map_err(|_| "the system gives no random bytes")?;
                let boundary = format!("keyward-{}", hex::encode(random));
                let mut text = String::new();
                for (name, template) in fields {
                    let value = template.fill(values, plain)?;
                    text.push_str(&format!(
                        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                    ));
                }
                text.push_str(&format!("--{boundary}--\r\n"));
                (Some(format!("multipart/form-data; boundary={boundary}")), text.into_bytes())
            }
        })
    }
}

impl Json {
    fn templates<'a>(&'a self, all: &mut Vec<&'a Template>) {
        match self {
            Self::Plain(_) => {}
            Self::Text(template) => all.push(template),
            Self::List(values) => values.iter().for_each(|value| value.templates(all)),
            Self::Fields(fields) => fields.iter().for_each(|(_, value)| value.templates(all)),
        }
    }

    fn filled(&self, values: &Values) -> Result<Value, String> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(template) => {
                // A parameter of JSON is marked so by whoever set the values.
                let json = template.only_place().and_then(|name| values.get(&format!("{name}.json")));
                match json {
                    Some(json) => {
                        serde_json::from_str(json.expose_secret()).map_err(|_| "a parameter is not JSON")?
                    }
                    None => Value::String(template.fill(values, plain)?),
                }
            }
            Self::List(list) => {
                Value::Array(list.iter().map(|value| value.filled(values)).collect::<Result<_, _>>()?)
            }
            Self::Fields(fields) => {
                let filled = |(name, value): &(String, Self)| Ok((name.clone(), value.filled(values)?));
                Value::Object(fields.iter().map(filled).collect::<Result<Map<_, _>, String>>()?)
            }
        })
    }
}
