//! Reading a recipe: from TOML to requests, and all that is wrong with it at once.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use ipnet::IpNet;
use toml::{Table, Value};

use super::answer::Pick;
use super::auth::{self, Auth};
use super::request::{Body, Json, Request};
use super::template::{Template, Values, plain};
use super::{Mode, Parameter, Recipe, parse_list};
use crate::error::Fault;
use crate::outbound::target::Target;
use crate::reader::Reader;

/// The largest file, in bytes.
const LARGEST: usize = 64 * 1024;

/// The parameter that every recipe has.
const BASE: &str = "base_url";

/// Places that hold secrets.
const SECRETS: [&str; 8] =
    ["credential", "credential.1", "credential.2", "value", "value.1", "value.2", "current", "current.json"];

/// Fields of a query that are called like secrets.
const TELLING: [&str; 7] = ["key", "apikey", "token", "accesstoken", "secret", "password", "signature"];

impl Recipe {
    /// Reads a recipe; `allow` are networks that it may call although they are not public.
    ///
    /// # Errors
    /// Every fault, each with its field (`create.path`).
    pub fn parse(name: &str, text: &str, allow: &[IpNet]) -> Result<Self, Vec<Fault>> {
        let whole = |detail: String| vec![Fault { field: String::new(), detail }];
        if text.len() > LARGEST {
            return Err(whole(format!("the file has more than {LARGEST} bytes, which no recipe has")));
        }
        let table = text.parse::<Table>().map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            whole(format!("line {line}: {}", error.message()))
        })?;
        let mut reader = Reader::new(table);
        let recipe = read(name, &mut reader, allow);
        let told = reader.told();
        reader.finish();
        let faults = told.take();
        match recipe {
            Some(recipe) if faults.is_empty() => Ok(recipe),
            _ => Err(faults),
        }
    }
}

fn read(name: &str, reader: &mut Reader, allow: &[IpNet]) -> Option<Recipe> {
    let title = reader.needed("title");
    let reference = reader.needed("reference");
    let written = reader.needed("written");
    if let Some(day) = written.as_ref().filter(|day| day.parse::<jiff::civil::Date>().is_err()) {
        reader.fault("written", format!("is no day: {day:?}; write it as 2026-11-26"));
    }
    let modes = [Mode::Dual, Mode::Single, Mode::Expiring].map(|mode| (mode.name(), mode));
    let mode = reader.word("mode", &modes);
    let credential = reader.needed("credential");
    let base = reader.needed(BASE).and_then(|text| reader.parsed(BASE, &text));
    let xml = match reader.text("answers").as_deref() {
        None | Some("json") => false,
        Some("xml") => true,
        Some(_) => {
            reader.fault("answers", "is neither json nor xml");
            false
        }
    };
    let numbers = (reader.number("most"), reader.number("settle_seconds"), reader.number("lifetime_days"));
    let mut params = params(reader);
    params.insert(
        BASE.to_owned(),
        Parameter { about: "Where the API is.".to_owned(), default: base, json: false },
    );
    check_params(reader, &params, allow);
    let shared = reader.inner("auth").and_then(Auth::read);
    let context = Context { params: &params, shared: shared.as_ref(), lifetime: numbers.2.is_some() };
    let made = create(reader, &context);
    let probe = reader.inner("probe").and_then(|mut probe| {
        let request = context.request(&mut probe, "GET", &["value", "id", "credential"]);
        probe.finish();
        request
    });
    let retire = reader.inner("retire").and_then(|mut retire| {
        let request = context.request(&mut retire, "DELETE", &["id", "credential"]);
        retire.finish();
        request
    });
    let list = reader.inner("list").and_then(|list| parse_list::list(list, &context));
    let rules = reader.list("errors").into_iter().filter_map(parse_list::rule).collect();
    if mode == Some(Mode::Dual) && (retire.is_none() || list.is_none()) {
        reader.fault(
            "mode",
            "is dual, which needs [retire] and [list]: both values work, and an orphan must be found",
        );
    }
    if mode == Some(Mode::Dual) && made.as_ref().is_some_and(|made| made.id.is_none()) {
        reader.fault("create.id", "is missing: without an id an old value cannot be retired");
    }
    let made = made?;
    Some(Recipe {
        name: name.to_owned(),
        title: title?,
        reference: reference?,
        written: written?,
        mode: mode?,
        credential: credential?,
        params,
        most: numbers.0,
        settle_seconds: numbers.1.unwrap_or(0).min(120),
        lifetime_days: numbers.2,
        xml,
        create: made.request,
        id: made.id,
        value: made.value,
        expires: made.expires,
        probe,
        retire,
        list,
        rules,
    })
}

fn params(reader: &mut Reader) -> BTreeMap<String, Parameter> {
    let mut params = BTreeMap::new();
    let Some(mut table) = reader.inner("params") else { return params };
    for name in table.names() {
        let plain =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !plain || name == BASE || own(&name) {
            table.fault(
                &name,
                "cannot be a parameter's name; use small letters, digits and _, and no name of Keyward's own",
            );
        }
        let Some(mut param) = table.inner(&name) else { continue };
        let about = param.needed("about").unwrap_or_default();
        let default = param.template("default");
        let json = match param.text("type").as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(_) => {
                param.fault("type", "is neither text nor json");
                false
            }
        };
        param.finish();
        params.insert(name, Parameter { about, default, json });
    }
    params
}

/// Whether a place is Keyward's own to fill.
fn own(name: &str) -> bool {
    SECRETS.contains(&name) || ["id", "name", "expires_at", "expires_on", "lifetime_seconds"].contains(&name)
}

/// Defaults may name parameters, and no parameter itself by way of others; and the address that comes of them is looked at.
fn check_params(reader: &Reader, params: &BTreeMap<String, Parameter>, allow: &[IpNet]) {
    let mut loops = false;
    for (name, param) in params {
        for place in param.default.iter().flat_map(Template::places) {
            if !params.contains_key(place) {
                reader.fault(&at(name), format!("names {{{place}}}, which is no parameter"));
            }
        }
        if leads_to(params, name, name, &mut BTreeSet::new()) {
            loops = true;
            reader.fault(&at(name), "is a loop: its default leads back to itself");
        }
    }
    let Some(base) = params.get(BASE).and_then(|base| base.default.as_ref()) else { return };
    if loops {
        return;
    }
    // With what is not known yet as if it were a name of a host.
    let mut values = Values::default();
    for place in base.places() {
        let default = params.get(place).and_then(|param| param.default.as_ref());
        values.set(place, default.map_or_else(|| "example.com".to_owned(), Template::literal));
    }
    if let Ok(url) = base.fill(&values, plain)
        && let Err(wrong) = Target::parse(&url, allow)
    {
        reader.fault(BASE, wrong);
    }
}

fn at(param: &str) -> String {
    if param == BASE { BASE.to_owned() } else { format!("params.{param}.default") }
}

fn leads_to(params: &BTreeMap<String, Parameter>, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
    let places =
        params.get(from).and_then(|param| param.default.as_ref()).into_iter().flat_map(Template::places);
    places
        .into_iter()
        .any(|place| place == to || (seen.insert(place.to_owned()) && leads_to(params, place, to, seen)))
}

/// What all requests of a recipe share.
pub(super) struct Context<'a> {
    params: &'a BTreeMap<String, Parameter>,
    shared: Option<&'a Auth>,
    lifetime: bool,
}

impl Context<'_> {
    /// Reads a request, whose fields may hold parameters and these places.
    pub(super) fn request(&self, reader: &mut Reader, method: &str, places: &[&str]) -> Option<Request> {
        let method = reader.text("method").unwrap_or_else(|| method.to_owned());
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str());
        if !known {
            reader.fault("method", "is not one of GET, POST, PUT, PATCH, DELETE");
        }
        let base = reader.template("base").or_else(|| Template::parse("{base_url}").ok());
        let path = reader.needed("path").and_then(|text| reader.parsed("path", &text));
        if let Some(path) = &path {
            check_path(reader, path);
        }
        let query = fields(reader, "query");
        for (name, _) in &query {
            let bare: String =
                name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
            if TELLING.contains(&bare.as_str()) {
                reader.fault(
                    &format!("query.{name}"),
                    "is called like a secret, and addresses end up in logs; use a header",
                );
            }
        }
        let headers = reader.inner("headers").map(auth::headers).unwrap_or_default();
        let own = reader.inner("auth").and_then(Auth::read);
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).ok().filter(|_| known)?,
            base: base?,
            path: path?,
            query,
            headers,
            auth: own.or_else(|| self.shared.cloned()),
            body: body(reader),
        };
        self.check_places(reader, &request, places);
        Some(request)
    }

    fn check_places(&self, reader: &Reader, request: &Request, places: &[&str]) {
        for place in request.address().flat_map(Template::places).filter(|place| SECRETS.contains(place)) {
            reader.fault("path", format!("puts the secret {{{place}}} into the address, and addresses end up in logs; use a header or the body"));
        }
        let mut told = BTreeSet::new();
        for place in request.places().filter(|place| told.insert((*place).to_owned())) {
            let whole = place.strip_suffix(".1").or_else(|| place.strip_suffix(".2")).unwrap_or(place);
            let lifetime =
                ["expires_at", "expires_on", "lifetime_seconds"].contains(&place) && places.contains(&"name");
            if lifetime && !self.lifetime {
                reader.fault("path", format!("uses {{{place}}}, which needs lifetime_days"));
            }
            if !(places.contains(&whole) || lifetime || self.params.contains_key(place)) {
                reader.fault("path", format!("uses {{{place}}}, which is no parameter and not known here"));
            }
        }
    }
}

fn check_path(reader: &Reader, path: &Template) {
    let literal = path.literal();
    if !literal.starts_with('/') {
        reader.fault("path", "does not begin with /");
    }
    if literal.contains(['?', '#']) || literal.contains("//") || literal.split('/').any(|part| part == "..") {
        reader.fault("path", "is more than a path; what follows ? belongs into query");
    }
}

fn fields(reader: &mut Reader, field: &str) -> Vec<(String, Template)> {
    let Some(mut table) = reader.inner(field) else { return Vec::new() };
    let names = table.names();
    names.into_iter().filter_map(|name| table.template(&name).map(|template| (name, template))).collect()
}

fn body(reader: &mut Reader) -> Body {
    let mut found = Vec::new();
    if let Some(value) = reader.value("json") {
        found.extend(json(reader, "json", value).map(Body::Json));
    }
    let form = fields(reader, "form");
    if !form.is_empty() {
        found.push(Body::Form(form));
    }
    let parts = fields(reader, "multipart");
    if !parts.is_empty() {
        if parts.iter().any(|(name, _)| name.contains(['"', '\r', '\n'])) {
            reader.fault("multipart", "has a field whose name cannot be sent");
        }
        found.push(Body::Multipart(parts));
    }
    if found.len() > 1 {
        reader.fault("json", "stands beside another body; give one of json, form and multipart");
    }
    found.pop().unwrap_or(Body::Empty)
}

fn json(reader: &Reader, field: &str, value: Value) -> Option<Json> {
    Some(match value {
        Value::String(text) => Json::Text(reader.parsed(field, &text)?),
        Value::Integer(number) => Json::Plain(number.into()),
        Value::Float(number) => Json::Plain(number.into()),
        Value::Boolean(truth) => Json::Plain(truth.into()),
        Value::Datetime(time) => Json::Plain(time.to_string().into()),
        Value::Array(values) => {
            Json::List(values.into_iter().map(|value| json(reader, field, value)).collect::<Option<_>>()?)
        }
        Value::Table(table) => {
            let inner = |(name, value)| json(reader, field, value).map(|value| (name, value));
            Json::Fields(table.into_iter().map(inner).collect::<Option<_>>()?)
        }
    })
}

pub(super) fn pick(reader: &mut Reader, field: &str) -> Option<Pick> {
    let text = reader.text(field)?;
    if text.is_empty() || text.starts_with('/') {
        return Some(Pick(text));
    }
    reader.fault(field, "is not a place in the answer; write it as /data/id");
    None
}

struct Made {
    request: Request,
    id: Option<Pick>,
    value: Template,
    expires: Option<Pick>,
}

fn create(reader: &mut Reader, context: &Context<'_>) -> Option<Made> {
    let Some(mut create) = reader.inner("create") else {
        reader.fault("create", "is missing");
        return None;
    };
    let request = context.request(&mut create, "POST", &["name", "credential", "current"]);
    let (id, expires) = (pick(&mut create, "id"), pick(&mut create, "expires"));
    let value = create.needed("value").and_then(|text| {
        let text = if text.starts_with('/') { format!("{{{text}}}") } else { text };
        let value = create.parsed("value", &text)?;
        if value.places().next().is_none() || value.places().any(|place| !place.starts_with('/')) {
            create.fault(
                "value",
                "is not a place in the answer; write it as /key/value, or as {/key/id}:{/key/secret}",
            );
        }
        Some(value)
    });
    create.finish();
    Some(Made { request: request?, id, value: value?, expires })
}
