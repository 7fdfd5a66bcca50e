//! Carrying a recipe out: each request filled in, sent, and its answer read as the recipe says. Which comes when is
//! decided elsewhere; nothing is tried twice here but a probe that may still be refused, and pages of a list.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use tokio::time::{Instant, sleep_until};

use super::answer::{Document, Next, text};
use super::request::Request;
use super::template::{Template, Values, plain};
use super::{Listed, Recipe, RecipeRun, Said, ends};
use crate::outbound::client::Answer;
use crate::outbound::error::{CallError, CallResult, Class};
use crate::outbound::step::Created;
use crate::outbound::{Outbound, value};

/// Pages of a list that are read.
const PAGES: usize = 50;

/// Between two tries of a value that may not be known everywhere yet.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);

impl Outbound {
    /// Makes a key, named `name`, which must be unique among all that were ever made: by it an orphan is found. `current` is
    /// the current value, for recipes that need it ([`Recipe::needs_current`]); `lifetime_days` for providers that ask how
    /// long it is to live.
    ///
    /// # Errors
    /// Any class but [`Class::Refused`]. With `maybe_done` a key may be there all the same: look for it by
    /// [`Outbound::recipe_list`] before another is made. In a recipe of mode single nothing can be looked for: tell a person.
    pub async fn recipe_create(
        &self,
        run: RecipeRun<'_>,
        name: &str,
        current: Option<&SecretString>,
        lifetime_days: Option<u32>,
    ) -> CallResult<Created> {
        let recipe = run.recipe;
        if let Some(most) = recipe.most {
            let there = self.recipe_list(run, name).await?.len();
            if there >= most as usize {
                let detail = format!(
                    "{there} keys are there already, and the provider allows {most}; delete one there"
                );
                return Err(CallError::new(Class::Quota, detail));
            }
        }
        let mut values = values(run);
        values.set("name", name);
        if let Some(current) = current {
            values.set_secret("current", current);
        }
        if let Some(days) = lifetime_days.or(recipe.lifetime_days) {
            set_end(&mut values, self.client().now_ms(), days);
        }
        let (answer, host) = self.ask(run, "create", &recipe.create, &values, None).await?;
        let document = Document::read(&answer, recipe.xml);
        let lacking = |what: &str| {
            CallError::config(format!("{host} answers create without {what} where the recipe has it"))
                .maybe_done(true)
        };
        let made = recipe.value.fill_with(|at| document.text(&super::Pick(at.to_owned())));
        let made = SecretString::from(made.ok_or_else(|| lacking("a value"))?);
        let provider_id = match &recipe.id {
            Some(at) => Some(document.text(at).ok_or_else(|| lacking("an id"))?),
            None => None,
        };
        let expires_at =
            recipe.expires.as_ref().and_then(|at| document.text(at)).and_then(|text| moment(&text));
        Ok(Created { value: value::checked(made, &host)?, provider_id, expires_at })
    }

    /// Tries a value at the provider, for as long as it may still be refused. Without a probe in the recipe, nothing is asked.
    ///
    /// # Errors
    /// [`Class::Refused`] when the provider does not take the value.
    pub async fn recipe_probe(
        &self,
        run: RecipeRun<'_>,
        value: &SecretString,
        id: Option<&str>,
    ) -> CallResult<()> {
        let Some(probe) = &run.recipe.probe else { return Ok(()) };
        let mut values = values(run);
        values.set_secret("value", value);
        if let Some(id) = id {
            values.set("id", id);
        }
        let until = Instant::now() + Duration::from_secs(run.recipe.settle_seconds.into());
        loop {
            let error = match self.ask(run, "probe", probe, &values, None).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let next = Instant::now() + BETWEEN_TRIES;
            if error.class != Class::Refused || next > until {
                return Err(error);
            }
            sleep_until(next).await;
        }
    }

    /// Retires the key of this id. One that is not there any more is retired; without a retirement in the recipe, nothing is
    /// asked.
    ///
    /// # Errors
    /// Transient, auth or config.
    pub async fn recipe_retire(&self, run: RecipeRun<'_>, id: &str) -> CallResult<()> {
        let Some(retire) = &run.recipe.retire else { return Ok(()) };
        let mut values = values(run);
        values.set("id", id);
        match self.ask(run, "retire", retire, &values, None).await {
            Err(CallError { status: Some(404 | 410), .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// The keys that are there: all of them, or those that may have been made as `name`. Without a list in the recipe, none.
    ///
    /// # Errors
    /// Transient, auth or config.
    pub async fn recipe_list(&self, run: RecipeRun<'_>, name: &str) -> CallResult<Vec<Listed>> {
        let Some(list) = &run.recipe.list else { return Ok(Vec::new()) };
        let mut values = values(run);
        values.set("name", name);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut page = match &list.next {
            Some(Next::Page { query, first }) => Some((query.clone(), first.to_string())),
            Some(Next::Offset { .. } | Next::Cursor { .. }) | None => None,
        };
        for read in 0..PAGES {
            let (answer, host) = self.ask(run, "list", &list.request, &values, page.as_ref()).await?;
            let document = Document::read(&answer, run.recipe.xml);
            let strange =
                || CallError::config(format!("{host} answers list without keys where the recipe has them"));
            let items = document.items(&list.items).ok_or_else(strange)?;
            for item in &items {
                let id = list.id.of(item).and_then(text).ok_or_else(strange)?;
                let name = list.name.as_ref().and_then(|at| at.of(item)).and_then(text);
                found.push(Listed { id, name });
            }
            page = match &list.next {
                None => return Ok(found),
                Some(_) if items.is_empty() => return Ok(found),
                Some(Next::Page { query, first }) => {
                    Some((query.clone(), (*first as usize + read + 1).to_string()))
                }
                Some(Next::Offset { query }) => Some((query.clone(), found.len().to_string())),
                Some(Next::Cursor { query, from, more }) => {
                    let ended = more.as_ref().is_some_and(|at| document.text(at).as_deref() != Some("true"));
                    match from.of(&document, &items, query).filter(|_| !ended) {
                        Some(cursor) => Some((query.clone(), cursor)),
                        None => return Ok(found),
                    }
                }
            };
            if page.as_ref().is_some_and(|(_, at)| !seen.insert(at.clone())) {
                return Err(CallError::config(format!(
                    "{host} lists in a loop: a page leads back to one before it"
                )));
            }
        }
        Err(CallError::config(format!("the list has more than {PAGES} pages, which no recipe reads")))
    }

    /// Sends a request of the recipe, and reads its status by the recipe's rules; with whom it spoke.
    async fn ask(
        &self,
        run: RecipeRun<'_>,
        step: &str,
        request: &Request,
        values: &Values,
        page: Option<&(String, String)>,
    ) -> CallResult<(Answer, String)> {
        let call = request.call(values, page, self.client().allow(), self.client().now_ms())?;
        let host = call.target.authority();
        let answer = self.client().call(call).await?;
        match run.recipe.judge(step, &answer, &host, self.client().now_ms()) {
            None => Ok((answer, host)),
            Some(error) => Err(error),
        }
    }
}

impl Recipe {
    /// What an answer means: none is a success.
    fn judge(&self, step: &str, answer: &Answer, host: &str, now_ms: i64) -> Option<CallError> {
        let document = Document::read(answer, self.xml);
        let applies = |rule: &&super::Rule| {
            rule.status.map_or(!answer.is_success(), |status| status == answer.status)
                && rule.on.as_ref().is_none_or(|on| on.contains(step))
                && rule
                    .at
                    .as_ref()
                    .is_none_or(|(at, said)| document.text(at).is_some_and(|text| said.fits(&text)))
        };
        let failure = || answer.failure(host, now_ms);
        let named = |class: Class, word: Option<String>| {
            let word = word.map(|word| format!(", {word}")).unwrap_or_default();
            let error = failure();
            let detail = match class {
                Class::Refused => format!("{host} does not take the new value ({}{word})", answer.status),
                Class::Quota => {
                    format!("{host} has no room for another key ({}{word}); delete one there", answer.status)
                }
                Class::Auth => format!("{host} does not accept the credential ({}{word})", answer.status),
                Class::Transient => format!("{host} asks to be called again ({}{word})", answer.status),
                Class::Config => format!("{host} refuses the call ({}{word})", answer.status),
            };
            let retry_after = if class == Class::Transient { answer.retry_after(now_ms) } else { None };
            CallError { class, detail, retry_after, ..error }
        };
        if let Some(rule) = self.rules.iter().find(applies) {
            let word = match &rule.at {
                Some((at, Said::Is(_))) => document.text(at),
                // A sentence of the other side is not repeated.
                Some((_, Said::Has(_))) | None => None,
            };
            return rule.class.map(|class| {
                let error = named(class, word);
                CallError { retry_after: error.retry_after.or(rule.wait), ..error }
            });
        }
        if answer.is_success() {
            return None;
        }
        let error = failure();
        // The only credential of a probe is the value itself.
        if step == "probe" && error.class == Class::Auth {
            Some(named(Class::Refused, None))
        } else {
            Some(error)
        }
    }
}

/// What every request of a recipe may be filled with: the credential, and the parameters with their defaults.
fn values(run: RecipeRun<'_>) -> Values {
    let mut values = Values::default();
    values.set_secret("credential", run.credential);
    for (name, param) in &run.recipe.params {
        let given = run.params.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        let text = match given {
            Some(text) => Some(text.to_owned()),
            None => {
                param.default.as_ref().and_then(|default| filled(default, run.params, &run.recipe.params, 0))
            }
        };
        let Some(text) = text else { continue };
        if param.json {
            values.set(&format!("{name}.json"), text.clone());
        }
        values.set(name, text);
    }
    values
}

/// A default, with the parameters it names. A loop was refused when the recipe was read; the depth is so sure of it.
fn filled(
    template: &Template,
    given: &BTreeMap<String, String>,
    params: &BTreeMap<String, super::Parameter>,
    depth: usize,
) -> Option<String> {
    let mut values = Values::default();
    for place in template.places() {
        let default = params.get(place).and_then(|param| param.default.as_ref()).filter(|_| depth < 16);
        let text = given.get(place).cloned().or_else(|| filled(default?, given, params, depth + 1));
        values.set(place, text?);
    }
    template.fill(&values, plain).ok()
}

/// The end of a value's life, in the forms that providers ask for.
fn set_end(values: &mut Values, now_ms: i64, days: u32) {
    let Some(end) = ends(now_ms, days) else { return };
    values.set("expires_at", end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    values.set("expires_on", end.to_zoned(TimeZone::UTC).date().to_string());
    values.set("lifetime_seconds", (u64::from(days) * 86_400).to_string());
}

/// A moment as providers tell it: RFC 3339, a day, or seconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    let day =
        || text.parse::<jiff::civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let seconds = || Timestamp::from_second(text.parse().ok()?).ok();
    text.parse().ok().or_else(day).or_else(seconds)
}
