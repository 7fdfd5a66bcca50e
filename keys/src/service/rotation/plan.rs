//! How a key is rotated: what people set, checked as a whole before anything is kept, and when the next one is due.

use std::time::Duration;

use chrono_tz::Tz;

use keyward_store::model::{
    ApiKey, Id, RotationMethod, RotationOutcome, RotationPhase, RotationPlan, RotationRun,
};

use crate::clock::Clock;
use crate::error::Result;
use crate::generate::Template;
use crate::input::{RotationMethodName, RotationPatch};
use crate::rotation::Ledger;
use crate::rotation::schedule::{self, Schedule, zone};
use crate::service::change::Draft;
use crate::service::hours::Home;
use crate::service::mirror::Tables;
use crate::service::rotation::moves::past;
use crate::service::text::Faults;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long the version before stays when nothing is said.
pub(crate) const OVERLAP_MS: i64 = DAY_MS;

/// The longest overlap, and the longest that a version is kept after it.
pub(crate) const LONGEST_MS: i64 = 90 * DAY_MS;

/// Where values of a daemon's own making are what nothing else is said of.
const TEMPLATE: &str = "{48}";

/// How a key is rotated that nobody has said anything about: people are reminded.
pub(crate) fn default_plan(api_key: Id) -> RotationPlan {
    RotationPlan {
        api_key,
        method: RotationMethod::Remind { url: None },
        overlap_ms: OVERLAP_MS,
        cron: None,
        time_zone: None,
        quiet: None,
        evidence: true,
        idle_ms: HOUR_MS,
        extend_ms: 7 * DAY_MS,
    }
}

/// How a key is rotated.
pub(crate) fn plan_of(tables: &Tables, api_key: Id) -> RotationPlan {
    tables.rotations.plan(api_key).map_or_else(|| default_plan(api_key), |row| row.record.clone())
}

/// When a key's rotations are due.
pub(crate) fn schedule_of(tables: &Tables, key: &ApiKey, plan: &RotationPlan) -> Schedule {
    schedule_at(&Home::of(tables, key), key, plan)
}

/// The same, at this home.
fn schedule_at(home: &Home, key: &ApiKey, plan: &RotationPlan) -> Schedule {
    let zone = plan.time_zone.as_deref().and_then(zone).unwrap_or(home.zone);
    let schedule = match &plan.cron {
        Some(cron) => Schedule::set_cron(cron, zone, plan.quiet),
        None => Schedule::days(key.rotation_interval_days, zone, plan.quiet),
    };
    match home.quiet.filter(|_| plan.quiet.is_none()) {
        Some(quiet) => schedule.hushed(quiet, home.zone),
        None => schedule,
    }
}

/// When a key is due next, from this moment on.
pub(crate) fn next_due(tables: &Tables, key: &ApiKey, now_ms: i64) -> Option<i64> {
    let from_ms = reckoned_from(tables, key, now_ms);
    schedule_of(tables, key, &plan_of(tables, key.id)).after(from_ms)
}

/// The rotation that was due last may lie ahead, where the clock was set back.
fn reckoned_from(tables: &Tables, key: &ApiKey, now_ms: i64) -> i64 {
    let last = tables.rotations.state(key.id).and_then(|row| row.record.last_due_ms);
    last.map_or(now_ms, |last| last.max(now_ms))
}

/// When a key is due next that comes from one home to another: what its clock has said, the new one says anew. What is due
/// already stays so, and what does not come of the clock (days that are being counted, the end of a value's life) stays
/// where it is; none of it comes later than by the new clock. `at_ms` is when it came there, which may be a moment ago.
pub(crate) fn moved_due(
    tables: &Tables,
    key: &ApiKey,
    (from, to): (&Home, &Home),
    at_ms: i64,
    now_ms: i64,
) -> Option<i64> {
    let next_ms = key.next_rotation_ms.filter(|next| *next > at_ms);
    let Some(next_ms) = next_ms else { return key.next_rotation_ms };
    let (plan, from_ms) = (plan_of(tables, key.id), reckoned_from(tables, key, at_ms));
    let at = |home| schedule_at(home, key, &plan).after(from_ms);
    match (at(from) == Some(next_ms), at(to)) {
        (true, by_clock) => by_clock,
        // What was set since then was set by the new clock already.
        (false, by_clock) => by_clock.filter(|next| *next > now_ms).into_iter().chain([next_ms]).min(),
    }
}

/// The plan's own zone, or that of the key's home.
pub(crate) fn zone_of(tables: &Tables, key: &ApiKey, plan: &RotationPlan) -> Tz {
    plan.time_zone.as_deref().and_then(zone).unwrap_or_else(|| Home::of(tables, key).zone)
}

/// Sets how a key is rotated, in a change of its record; `None` forgets what was set. The key the provider is shown was
/// looked up by whoever hands it in. What says nothing of when leaves the key due as it was, also overdue, unless that is
/// reckoned `anew` in any case; answers whether it was.
pub(crate) fn set(
    tables: &Tables,
    draft: &mut Draft,
    key: &mut ApiKey,
    patch: Option<&RotationPatch>,
    credential: Option<Id>,
    anew: bool,
) -> Result<bool> {
    let old = tables.rotations.plan(key.id);
    let (plan, clock) = match patch {
        Some(patch) => {
            let mut faults = Faults::default();
            let plan = apply(&mut faults, patch, plan_of(tables, key.id), credential);
            check_cron(&mut faults, tables, key, &plan, draft.now_ms);
            faults.check()?;
            match old {
                Some(old) => draft.batch.replace(old, &plan)?,
                None => draft.batch.create(&plan)?,
            };
            give_up_waiting(tables, draft, key, &plan)?;
            (plan, patch.cron.is_some() || patch.timezone.is_some() || patch.quiet_hours.is_some())
        }
        None => {
            if let Some(old) = old {
                draft.batch.remove(old);
            }
            (default_plan(key.id), old.is_some())
        }
    };
    let anew = anew || clock;
    if anew {
        key.next_rotation_ms = schedule_of(tables, key, &plan).after(draft.now_ms);
    }
    Ok(anew)
}

/// A rotation that waits for a person is given up when it is not for a person any more.
fn give_up_waiting(tables: &Tables, draft: &mut Draft, key: &ApiKey, plan: &RotationPlan) -> Result<()> {
    let waits = |run: &RotationRun| {
        run.phase == RotationPhase::Waiting && method_name(&run.method) != method_name(&plan.method)
    };
    let state = tables.rotations.state(key.id);
    let Some(state) = state.filter(|row| row.record.run.as_ref().is_some_and(waits)) else { return Ok(()) };
    let mut ledger = Ledger::of(key, Some(&state.record));
    let run = ledger.cancel(draft.now_ms)?;
    draft.batch.create(&past(key.id, &run, RotationOutcome::Cancelled, ledger.current, draft.now_ms))?;
    draft.batch.replace(state, &ledger.rotation)?;
    Ok(())
}

fn check_cron(faults: &mut Faults, tables: &Tables, key: &ApiKey, plan: &RotationPlan, now_ms: i64) {
    if let Some(cron) = &plan.cron
        && let Err(fault) = Schedule::cron(cron, zone_of(tables, key, plan), plan.quiet, now_ms)
    {
        faults.add("rotation/cron", fault);
    }
}

/// Every fault of what is said, that shows without a look at anything else.
pub(crate) fn check(faults: &mut Faults, patch: &RotationPatch) {
    let plan = apply(faults, patch, default_plan(Id::default()), None);
    if let Some(cron) = &plan.cron {
        let zone = plan.time_zone.as_deref().and_then(zone).unwrap_or(Tz::UTC);
        // The moment shows in the words of a refusal alone, so this one will do where nobody hands one in.
        if let Err(fault) = Schedule::cron(cron, zone, None, Clock::system().now_ms()) {
            faults.add("rotation/cron", fault);
        }
    }
}

fn apply(
    faults: &mut Faults,
    patch: &RotationPatch,
    before: RotationPlan,
    credential: Option<Id>,
) -> RotationPlan {
    let mut plan = before;
    plan.method = method(faults, patch, &plan.method, credential);
    let span = |faults: &mut Faults, field: &str, span: Duration, old: i64| {
        let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        if ms > LONGEST_MS {
            faults.add(format!("rotation/{field}"), "is more than 90 days");
            return old;
        }
        ms
    };
    for (field, given, ms) in [
        ("overlap", patch.overlap, &mut plan.overlap_ms),
        ("idleTime", patch.idle_time, &mut plan.idle_ms),
        ("longestExtension", patch.longest_extension, &mut plan.extend_ms),
    ] {
        if let Some(given) = given {
            *ms = span(faults, field, given, *ms);
        }
    }
    if let Some(cron) = &patch.cron {
        plan.cron = cron.as_ref().map(|cron| cron.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if let Some(name) = &patch.timezone {
        if name.as_deref().is_some_and(|name| zone(name).is_none()) {
            faults.add("rotation/timezone", "is an IANA time zone such as Europe/Zurich");
        } else {
            plan.time_zone.clone_from(name);
        }
    }
    if let Some(quiet) = &patch.quiet_hours {
        plan.quiet = quiet.as_deref().and_then(schedule::quiet_hours);
        if quiet.is_some() && plan.quiet.is_none() {
            faults.add("rotation/quietHours", "are written as 22:00-06:30, in the rotation's time zone");
        }
    }
    plan.evidence = patch.evidence.unwrap_or(plan.evidence);
    plan
}

/// The name of a method.
pub(crate) fn method_name(method: &RotationMethod) -> RotationMethodName {
    match method {
        RotationMethod::Remind { .. } | RotationMethod::RemindTried { .. } => RotationMethodName::Remind,
        RotationMethod::Generate { .. } => RotationMethodName::Generate,
        RotationMethod::Recipe { .. } => RotationMethodName::Recipe,
        RotationMethod::Webhook { .. } => RotationMethodName::Webhook,
        RotationMethod::Command { .. } => RotationMethodName::Command,
    }
}

/// The same, as a word.
pub(crate) fn method_word(method: &RotationMethod) -> &'static str {
    match method {
        RotationMethod::Remind { .. } | RotationMethod::RemindTried { .. } => "remind",
        RotationMethod::Generate { .. } => "generate",
        RotationMethod::Recipe { .. } => "recipe",
        RotationMethod::Webhook { .. } => "webhook",
        RotationMethod::Command { .. } => "command",
    }
}

/// The page where a person makes the value.
pub(crate) fn page_of(method: &RotationMethod) -> Option<&str> {
    match method {
        RotationMethod::Remind { url } | RotationMethod::RemindTried { url, .. } => url.as_deref(),
        _ => None,
    }
}

fn method(
    faults: &mut Faults,
    patch: &RotationPatch,
    before: &RotationMethod,
    credential: Option<Id>,
) -> RotationMethod {
    let name = patch.method.unwrap_or_else(|| method_name(before));
    stray(faults, patch, name);
    match name {
        RotationMethodName::Remind => {
            let old = page_of(before).map(str::to_owned);
            let url = match patch.url.as_deref().map(str::trim) {
                Some("") => None,
                Some(url) => Some(page(faults, url)),
                None => old,
            };
            let (recipe, parameters) = match before {
                RotationMethod::RemindTried { recipe, parameters, .. } => {
                    (recipe.clone(), parameters.clone())
                }
                _ => Default::default(),
            };
            let recipe = patch.recipe.clone().unwrap_or(recipe);
            let parameters = patch.parameters.clone().map_or(parameters, |given| given.into_iter().collect());
            if recipe.is_empty() {
                RotationMethod::Remind { url }
            } else {
                RotationMethod::RemindTried { url, recipe, parameters }
            }
        }
        RotationMethodName::Generate => {
            let old = if let RotationMethod::Generate { template } = before { template } else { TEMPLATE };
            let template = match patch.template.as_deref() {
                Some("") => TEMPLATE,
                Some(template) => template,
                None => old,
            };
            if let Err(crate::Error::Invalid(found)) = Template::parse(template) {
                found.into_iter().for_each(|fault| faults.add("rotation/template", fault.detail));
            }
            RotationMethod::Generate { template: template.to_owned() }
        }
        RotationMethodName::Webhook => {
            let old = if let RotationMethod::Webhook { url } = before { url.as_str() } else { "" };
            let url = patch.url.clone().unwrap_or_else(|| old.to_owned());
            needed(faults, "url", &url, "the address that each step is sent to");
            RotationMethod::Webhook { url }
        }
        RotationMethodName::Command => {
            let old = if let RotationMethod::Command { name } = before { name.as_str() } else { "" };
            let name = patch.command.clone().unwrap_or_else(|| old.to_owned());
            needed(faults, "command", &name, "the name of a program in the operator's file");
            RotationMethod::Command { name }
        }
        RotationMethodName::Recipe => {
            let (name, parameters, shown) = match before {
                RotationMethod::Recipe { name, parameters, credential } => {
                    (name.clone(), parameters.clone(), *credential)
                }
                _ => (String::new(), Vec::new(), None),
            };
            let name = patch.recipe.clone().unwrap_or(name);
            needed(faults, "recipe", &name, "the name of a recipe");
            let parameters = patch.parameters.clone().map_or(parameters, |given| given.into_iter().collect());
            if patch.credential.is_none() && shown.is_none() {
                faults.add("rotation/credential", "is missing: the id of the key that the provider is shown");
            }
            RotationMethod::Recipe { name, parameters, credential: credential.or(shown) }
        }
    }
}

fn needed(faults: &mut Faults, field: &str, text: &str, what: &str) {
    if text.trim().is_empty() {
        faults.add(format!("rotation/{field}"), format!("is missing: {what}"));
    }
}

/// What belongs to another method is a mistake, and not left out in silence.
fn stray(faults: &mut Faults, patch: &RotationPatch, name: RotationMethodName) {
    use RotationMethodName::{Command, Generate, Recipe, Remind, Webhook};
    let fields: [(&str, bool, &[RotationMethodName]); 6] = [
        ("template", patch.template.is_some(), &[Generate]),
        ("url", patch.url.is_some(), &[Remind, Webhook]),
        ("recipe", patch.recipe.is_some(), &[Recipe, Remind]),
        ("parameters", patch.parameters.is_some(), &[Recipe, Remind]),
        ("credential", patch.credential.is_some(), &[Recipe]),
        ("command", patch.command.is_some(), &[Command]),
    ];
    for (field, given, of) in fields {
        if given && !of.contains(&name) {
            let methods: Vec<String> = of.iter().map(|name| format!("{name:?}").to_lowercase()).collect();
            faults.add(format!("rotation/{field}"), format!("is for the method {}", methods.join(" or ")));
        }
    }
}

/// A page to show to people: they open it, the daemon never does.
fn page(faults: &mut Faults, url: &str) -> String {
    let url = faults.line("rotation/url", url, 1, 2_048);
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) && !url.is_empty() {
        faults.add("rotation/url", "is the address of a page, such as https://example.com/keys");
    }
    url
}
