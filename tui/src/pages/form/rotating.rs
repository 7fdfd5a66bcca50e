//! What the form says of rotation: how values come to be, how often, how long the old one stays. While it is typed, the
//! next times and a sample show what it means.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keyward_keys::due::{self, Often};
use keyward_keys::generate::Template;
use keyward_keys::input::{RotationMethodName, RotationPatch, duration};
use keyward_keys::view::{KeyView, RotationSettingsView};
use secrecy::{ExposeSecret, SecretString};

use super::field::{Field, Fields};
use super::parse::parse_days;

/// Characters of a sample that are shown.
const SHOWN: usize = 24;

/// What is chosen, and what that means.
pub(super) struct Rotating {
    pub(super) method: RotationMethodName,
    /// The time zone of what is typed, but for a new key of a team that has its own.
    zone: String,
    now_ms: i64,
    /// What the two below were reckoned from: keys that change nothing of it cost nothing.
    from: Option<[String; 4]>,
    /// The next times, or what is wrong with what is typed.
    coming: Result<Vec<Timestamp>, String>,
    /// What values would look like. It is nobody's value.
    sample: Option<SecretString>,
}

impl Default for Rotating {
    fn default() -> Self {
        Self {
            method: RotationMethodName::Remind,
            zone: "UTC".to_owned(),
            now_ms: 0,
            from: None,
            coming: Ok(Vec::new()),
            sample: None,
        }
    }
}

impl Fields {
    /// Puts the settings of a key into their fields.
    pub(super) fn set_rotating(&mut self, key: &KeyView) {
        let Some(settings) = &key.rotation else {
            self.set(Field::Rotation, &key.rotation_interval.to_string());
            return;
        };
        self.rotating.from = None;
        self.rotating.method = settings.method;
        self.rotating.zone.clone_from(&settings.timezone);
        let often = settings.cron.clone().unwrap_or_else(|| key.rotation_interval.to_string());
        for (field, text) in [
            (Field::Rotation, often.as_str()),
            (Field::Template, settings.template.as_deref().unwrap_or_default()),
            (Field::Page, settings.url.as_deref().unwrap_or_default()),
            (Field::Named, settings.recipe.as_deref().or(settings.command.as_deref()).unwrap_or_default()),
            (Field::Credential, &settings.credential.map(|id| id.to_string()).unwrap_or_default()),
            (Field::Parameters, &written(settings.parameters.as_ref())),
            (Field::Overlap, &settings.overlap),
            (Field::Quiet, settings.quiet_hours.as_deref().unwrap_or_default()),
        ] {
            self.set(field, text);
        }
    }

    /// Whose times these are, for a new key.
    pub(super) fn at_home(&mut self, zone: &str) {
        if self.key_at_hand().is_none() {
            zone.clone_into(&mut self.rotating.zone);
            self.rotating.from = None;
        }
    }

    /// The time zone of what is typed.
    fn zone(&self) -> &str {
        let team = self.spaces.zone().filter(|_| self.key_at_hand().is_none());
        team.unwrap_or(&self.rotating.zone)
    }

    /// Something was typed: what it means now.
    pub(super) fn reckon(&mut self, now_ms: i64) {
        const FROM: [Field; 3] = [Field::Rotation, Field::Quiet, Field::Template];
        let zone = self.zone().to_owned();
        let known = |[texts @ .., from]: &[String; 4]| {
            *from == zone && FROM.iter().zip(texts).all(|(field, text)| self.text(*field) == text)
        };
        if self.rotating.from.as_ref().is_some_and(known) {
            return;
        }
        let [often, quiet, template] = FROM.map(|field| self.text(field).to_owned());
        self.rotating.from = Some([often, quiet, template, zone.clone()]);
        self.rotating.now_ms = now_ms;
        let quiet = Some(self.text(Field::Quiet).trim()).filter(|text| !text.is_empty());
        self.rotating.coming = match self.often() {
            Ok(Some(often)) => due::upcoming(&often, &zone, quiet, now_ms),
            Ok(None) => Ok(Vec::new()),
            Err(fault) => Err(fault.to_owned()),
        };
        let template = Template::parse(&self.template());
        self.rotating.sample = template.and_then(|template| template.generate()).ok();
    }

    /// How often, as it is typed.
    fn often(&self) -> Result<Option<Often>, &'static str> {
        let text = self.text(Field::Rotation).trim();
        if text.contains(char::is_whitespace) && parse_days(text).is_err() {
            return Ok(Some(Often::Cron(text.to_owned())));
        }
        parse_days(text).map(|days| days.map(Often::Days))
    }

    /// Days between rotations; none when nothing is said, or another way of saying when.
    pub(super) fn rotation(&self) -> Option<u32> {
        match self.often() {
            Ok(Some(Often::Days(days))) => Some(days),
            _ => None,
        }
    }

    fn cron(&self) -> Option<String> {
        match self.often() {
            Ok(Some(Often::Cron(text))) => Some(text),
            _ => None,
        }
    }

    /// The template that is typed, or the usual one.
    fn template(&self) -> String {
        let typed = self.text(Field::Template).trim();
        if typed.is_empty() { super::TEMPLATE.to_owned() } else { typed.to_owned() }
    }

    pub(super) fn next_method(&mut self, forward: bool) -> bool {
        let methods = RotationMethodName::ALL;
        let at = methods.iter().position(|one| *one == self.rotating.method).unwrap_or(0);
        let step = if forward { 1 } else { methods.len() - 1 };
        self.rotating.method = methods[(at + step) % methods.len()];
        true
    }

    /// A field that only some methods have is one of the chosen one.
    pub(super) fn belongs(&self, field: Field) -> bool {
        use RotationMethodName::{Command, Generate, Recipe, Remind, Webhook};
        let method = self.rotating.method;
        // What a person pastes may be tried: asked for once it is said where they make it.
        let named = || self.key_at_hand()?.rotation.as_ref()?.recipe.as_ref();
        let asked = self.has(Field::Page) || self.has(Field::Named) || named().is_some();
        let tried = method == Remind && asked;
        match field {
            Field::Template => method == Generate,
            Field::Page => matches!(method, Remind | Webhook),
            Field::Named => matches!(method, Recipe | Command) || tried,
            Field::Credential => method == Recipe,
            Field::Parameters => method == Recipe || tried && self.has(Field::Named),
            _ => true,
        }
    }

    /// What a field is called.
    pub(super) fn label(&self, field: Field) -> &'static str {
        match (field, self.rotating.method) {
            (Field::Named, RotationMethodName::Remind) => "Tried by",
            _ => field.label(),
        }
    }

    /// What is wrong with a field about rotation.
    pub(super) fn rotation_fault(&self, field: Field) -> Option<String> {
        let text = self.text(field).trim();
        match field {
            Field::Rotation => self.rotating.coming.as_ref().err().cloned(),
            _ if text.is_empty() => None,
            Field::Template => match Template::parse(text) {
                Err(keyward_keys::Error::Invalid(faults)) => {
                    faults.into_iter().next().map(|fault| fault.detail)
                }
                _ => None,
            },
            Field::Overlap if duration(text).is_none() => Some("a time such as 1h, 1d or 7d".to_owned()),
            Field::Quiet if !due::is_quiet_hours(text) => Some("two times such as 22:00-06:30".to_owned()),
            Field::Parameters if parameters(text).is_none() => {
                Some("names with what they are, such as project=abc".to_owned())
            }
            Field::Page if !text.starts_with("https://") && !text.starts_with("http://") => {
                Some("an address such as https://example.com/keys".to_owned())
            }
            _ => None,
        }
    }

    /// What a field about rotation means as it stands.
    pub(super) fn rotation_meaning(&self, field: Field) -> Option<String> {
        match field {
            Field::Rotation => {
                let coming = self.rotating.coming.as_ref().ok().filter(|times| !times.is_empty())?;
                let zone = TimeZone::get(self.zone()).unwrap_or(TimeZone::UTC);
                let told = |at: &Timestamp| at.to_zoned(zone.clone()).strftime("%-d %b %H:%M").to_string();
                let times: Vec<_> = coming.iter().map(told).collect();
                Some(format!("Next: {}.", times.join(", ")))
            }
            Field::Template => {
                let sample = self.rotating.sample.as_ref()?.expose_secret();
                let shown: String = sample.chars().take(SHOWN).collect();
                let more = if sample.chars().count() > SHOWN { "…" } else { "" };
                Some(format!("Such as {shown}{more}"))
            }
            Field::Named if self.rotating.method == RotationMethodName::Remind => {
                Some("Optional: the recipe that tries the new value there.".to_owned())
            }
            _ => None,
        }
    }

    /// What of it is to be set; none when nothing is. `old` is how it is now.
    pub(super) fn rotation_patch(&self, old: Option<&RotationSettingsView>) -> Option<RotationPatch> {
        let text = |field: Field| {
            let typed = self.text(field).trim().to_owned();
            Some(typed).filter(|typed| !typed.is_empty())
        };
        let before = |pick: fn(&RotationSettingsView) -> Option<String>| old.and_then(pick);
        let method = self.rotating.method;
        let was = old.map_or(RotationMethodName::Remind, |old| old.method);
        let mut patch = RotationPatch::default();
        let mut any = false;
        if method != was {
            (patch.method, any) = (Some(method), true);
        }
        // What belongs to another method would be refused, and what another one had is forgotten with it.
        let same = old.filter(|_| method == was);
        let had = |pick: fn(&RotationSettingsView) -> Option<String>| same.and_then(pick);
        let changed = |field: Field, before: Option<String>| {
            text(field).filter(|new| self.belongs(field) && Some(new) != before.as_ref())
        };
        // Emptied, they are cleared: the core takes an empty text for the usual template, for no page, and for no recipe that tries.
        let emptied = |field: Field, before: Option<String>| {
            let cleared =
                self.belongs(field) && !self.has(field) && before.is_some_and(|text| !text.is_empty());
            cleared.then(String::new)
        };
        let template = || had(|old| old.template.clone());
        patch.template =
            changed(Field::Template, template()).or_else(|| emptied(Field::Template, template()));
        let page = || had(|old| old.url.clone());
        patch.url = changed(Field::Page, page()).or_else(|| emptied(Field::Page, page()));
        patch.credential = changed(Field::Credential, had(|old| old.credential.map(|id| id.to_string())));
        let name = || had(|old| old.recipe.clone().or(old.command.clone()));
        let remind = method == RotationMethodName::Remind;
        let named = changed(Field::Named, name());
        let named = named.or_else(|| emptied(Field::Named, name()).filter(|_| remind));
        let program = method == RotationMethodName::Command;
        (patch.recipe, patch.command) = if program { (None, named) } else { (named, None) };
        let told = changed(Field::Parameters, had(|old| Some(written(old.parameters.as_ref()))));
        patch.parameters = told.as_deref().and_then(parameters);
        any |= patch.template.is_some() || patch.url.is_some() || patch.credential.is_some();
        any |= patch.recipe.is_some() || patch.command.is_some() || patch.parameters.is_some();
        let overlap =
            text(Field::Overlap).filter(|new| Some(new) != before(|old| Some(old.overlap.clone())).as_ref());
        patch.overlap = overlap.as_deref().and_then(duration);
        let cron = self.cron();
        if cron != before(|old| old.cron.clone()) {
            patch.cron = Some(cron);
        }
        let quiet = text(Field::Quiet);
        if quiet != before(|old| old.quiet_hours.clone()) {
            patch.quiet_hours = Some(quiet);
        }
        any |= patch.overlap.is_some() || patch.cron.is_some() || patch.quiet_hours.is_some();
        any.then_some(patch)
    }
}

/// `project=abc, region=eu` as names and what they are.
fn parameters(text: &str) -> Option<BTreeMap<String, String>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value.trim().to_owned()))
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(pair).collect()
}

/// The same, written.
fn written(parameters: Option<&BTreeMap<String, String>>) -> String {
    let pairs = parameters.into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join(", ")
}
