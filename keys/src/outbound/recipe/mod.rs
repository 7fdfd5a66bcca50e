//! A provider's API as data: how a key is made there, tried, retired and found again, in a file of TOML. Reading one
//! tells every fault at once; what a recipe cannot do (open other hosts, put a secret into an address) it cannot say.

mod answer;
mod auth;
mod parse;
mod parse_list;
mod request;
mod run;
mod shipped;
mod template;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::error::Class;
use crate::error::Fault;
use answer::{Next, Pick};
use request::Request;
use template::Template;

pub use shipped::RecipeEntry;
pub use trial::Tried;

/// What an old value is worth once a new one is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Both work until the old one is retired.
    Dual,
    /// Making the new one ends the old one at once.
    Single,
    /// Values end by themselves after a short time; there is nothing to retire.
    Expiring,
}

impl Mode {
    /// Its name, as written in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dual => "dual",
            Self::Single => "single",
            Self::Expiring => "expiring",
        }
    }
}

/// A value that whoever uses the recipe has to give, or may.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// What it is, in a sentence.
    pub about: String,
    /// Its value when none is given; places of other parameters may stand in it.
    pub(super) default: Option<Template>,
    /// It is JSON, and stands in a JSON body as that.
    pub json: bool,
}

impl Parameter {
    /// Whether it has to be given.
    pub fn is_needed(&self) -> bool {
        self.default.is_none()
    }
}

/// When an answer means something else than its status says.
#[derive(Clone, Debug)]
struct Rule {
    on: Option<BTreeSet<String>>,
    /// None: every status but those of successes.
    status: Option<u16>,
    at: Option<(Pick, Said)>,
    /// None: it is a success.
    class: Option<Class>,
    /// How long to wait where the answer does not say.
    wait: Option<Duration>,
}

/// What stands at a place of an answer.
#[derive(Clone, Debug)]
enum Said {
    /// One of these texts.
    Is(Vec<String>),
    /// A text with this in it.
    Has(String),
}

impl Said {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Is(texts) => texts.iter().any(|known| known == text),
            Self::Has(part) => text.contains(part.as_str()),
        }
    }
}

/// A provider's API.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The name it is chosen by: its file's.
    pub name: String,
    /// The provider and what is made there.
    pub title: String,
    /// The page of the provider that it was written after.
    pub reference: String,
    /// The day on which it was written, or last brought up to that page.
    pub written: String,
    /// What an old value is worth once a new one is made.
    pub mode: Mode,
    /// What the credential of the calls is, in a sentence.
    pub credential: String,
    /// What has to be given besides, by name. `base_url` can always be given.
    pub params: BTreeMap<String, Parameter>,
    /// Keys that the provider allows at once; no more is made when so many are there.
    pub most: Option<u32>,
    /// Seconds in which a new value may still be refused.
    pub settle_seconds: u32,
    /// Days that a new value lives unless told otherwise, for providers that ask.
    pub lifetime_days: Option<u32>,
    xml: bool,
    create: Request,
    id: Option<Pick>,
    value: Template,
    expires: Option<Pick>,
    probe: Option<Request>,
    retire: Option<Request>,
    list: Option<List>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct List {
    request: Request,
    items: Pick,
    id: Pick,
    name: Option<Pick>,
    next: Option<Next>,
}

impl Recipe {
    /// Whether it needs the current value, because the provider changes a key only for whoever shows it: then the key's
    /// custody must be automation.
    pub fn needs_current(&self) -> bool {
        self.create.places().any(|place| place == "current")
    }

    /// Whether keys can be listed by the names they were made with: then an orphan is found by its name. Otherwise it is
    /// whatever a list has that it did not have before.
    pub fn lists_names(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.name.is_some())
    }

    /// Whether keys are given the name they are made with.
    pub fn is_named(&self) -> bool {
        self.create.places().any(|place| place == "name")
    }

    /// Whether keys can be listed at all.
    pub fn lists(&self) -> bool {
        self.list.is_some()
    }

    /// Whether a new value can be tried.
    pub fn probes(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether a value can be tried by nothing but itself: no credential is shown for it.
    pub fn probes_alone(&self) -> bool {
        let alone = |probe: &Request| probe.places().all(|place| !matches!(place, "credential" | "id"));
        self.probe.as_ref().is_some_and(alone)
    }

    /// Whether an old value can be retired.
    pub fn retires(&self) -> bool {
        self.retire.is_some()
    }

    /// What is wrong with what is given for the parameters when a value is only tried: those of the other requests may be
    /// missing.
    pub fn check_probe_params(&self, given: &BTreeMap<String, String>) -> Vec<Fault> {
        let mut used = BTreeSet::new();
        let mut open: Vec<&str> = self.probe.iter().flat_map(Request::places).collect();
        while let Some(name) = open.pop() {
            if let Some(param) = self.params.get(name)
                && used.insert(name)
            {
                open.extend(param.default.iter().flat_map(Template::places));
            }
        }
        let mut faults = self.check_params(given);
        faults.retain(|fault| used.contains(&*fault.field) || !self.params.contains_key(&fault.field));
        faults
    }

    /// Everything that is wrong with what is given for the parameters, each by its name.
    pub fn check_params(&self, given: &BTreeMap<String, String>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, detail: String| faults.push(Fault { field: field.to_owned(), detail });
        for (name, param) in &self.params {
            let text = given.get(name).map(|text| text.trim());
            if param.is_needed() && text.is_none_or(str::is_empty) {
                fault(name, format!("is missing: {}", param.about));
            }
            if let (true, Some(text)) = (param.json, text)
                && serde_json::from_str::<serde_json::Value>(text).is_err()
            {
                fault(name, "is not JSON".to_owned());
            }
        }
        for name in given.keys().filter(|name| !self.params.contains_key(*name)) {
            let known: Vec<&str> = self.params.keys().map(String::as_str).collect();
            fault(name, format!("is no parameter of this recipe; there are {}", known.join(", ")));
        }
        faults
    }
}

/// What a recipe is carried out with.
#[derive(Clone, Copy)]
pub struct RecipeRun<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// Values of its parameters, checked by [`Recipe::check_params`].
    pub params: &'a BTreeMap<String, String>,
    /// What the provider knows the caller by.
    pub credential: &'a SecretString,
}

/// A key at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its id there.
    pub id: String,
    /// The name it was made with, where the provider tells names.
    pub name: Option<String>,
}

/// The moment `days` after now, as a date and as seconds, for a value that is to end.
fn ends(now_ms: i64, days: u32) -> Option<Timestamp> {
    Timestamp::from_millisecond(now_ms.checked_add(i64::from(days) * 86_400_000)?).ok()
}
