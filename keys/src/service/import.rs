//! Bringing keys in: each is compared with what is there, without a value being shown, and either all that are new are
//! made in one commit, or none.

use std::collections::{HashMap, HashSet};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use keyward_store::model::{ApiKey, Environment, Id};

use crate::caller::Caller;
use crate::crypto::{self, PublicKey, SeedSystemKey};
use crate::dotenv;
use crate::error::{Error, Fault, Result};
use crate::input::{Import, ImportPlace, ImportedKey, MOST_IMPORTED, SeedBlob, SeedKey};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::billing::check_room;
use crate::service::making::{Checked, ReadyKey};
use crate::service::mirror::Shared;
use crate::service::text::harmless;
use crate::view::{ImportLine, ImportReport, ImportResult};

/// Keys of one request with a passphrase: each is slow on purpose.
pub(crate) const MOST_WITH_PASSPHRASE: usize = 100;

/// Bytes of a name that are told.
const LONGEST_NAME: usize = 128;

/// What was found out about a key.
enum Found {
    New(Checked),
    There(ImportResult, Shared<ApiKey>, Option<String>),
    Empty,
    Invalid(Vec<Fault>),
}

/// Keys by where they are used and what they are called: in lower case, and as a variable.
type Names = HashMap<(Environment, String), Shared<ApiKey>>;

/// What an import has met.
#[derive(Default)]
struct Seen {
    items: HashSet<(String, Environment)>,
    names: HashMap<Id, Names>,
}

impl Service {
    /// Brings keys in. All that are new are made, in one commit; when one is wrong, or is there with another value,
    /// none is. A dry run only reports.
    pub async fn import_keys(&self, caller: &Caller, import: Import) -> Result<ImportReport> {
        let account = caller.person()?;
        check_size(&import.keys)?;
        let mut report = ImportReport { dry_run: import.dry_run, ..ImportReport::default() };
        let (mut fresh, mut faults, mut seen) = (Vec::new(), Vec::new(), Seen::default());
        for mut item in import.keys {
            let found = self.examine(caller, account, &mut item, &mut seen).await?;
            if let Found::Invalid(wrong) = &found {
                faults.extend(wrong.iter().map(|fault| placed(&item, fault)));
            }
            report.add(line(&item, &found));
            if let Found::New(checked) = found {
                fresh.push((report.keys.len() - 1, item, checked));
            }
        }
        if import.dry_run {
            return Ok(report);
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        if report.conflicting > 0 && !import.skip_conflicts {
            return Err(Error::Conflict(conflicts(&report)));
        }
        self.make_all(caller, account, fresh, &mut report).await?;
        Ok(report)
    }

    /// Opens the value, checks the key and looks whether it is there.
    async fn examine(
        &self,
        caller: &Caller,
        account: Id,
        item: &mut ImportedKey,
        seen: &mut Seen,
    ) -> Result<Found> {
        if item.is_unset() {
            return Ok(Found::Empty);
        }
        let mut faults = std::mem::take(&mut item.faults);
        if let Some(blob) = &item.blob {
            match self.open_blob(blob).await? {
                Some(value) => item.key.value = value,
                None => faults.push(fault("blob", "does not open: its key is wrong, or it is damaged")),
            }
        }
        let checked = match self.check_imported(item) {
            _ if !faults.is_empty() => None,
            Ok(checked) => Some(checked),
            Err(Error::Invalid(more)) => {
                faults.extend(more);
                None
            }
            Err(error) => return Err(error),
        };
        let environment = item.key.environment.unwrap_or(Environment::Development);
        let name = item.key.name.trim();
        if !name.is_empty() && !seen.items.insert((name.to_lowercase(), environment)) {
            faults.push(fault("name", "is there twice"));
        }
        let place = match self.place_for(caller, account, &item.key) {
            Ok(place) => Some(place),
            Err(Error::Invalid(more)) => {
                faults.extend(more);
                None
            }
            Err(error) => return Err(error),
        };
        let (Some(checked), Some((space, environment)), true) = (checked, place, faults.is_empty()) else {
            return Ok(Found::Invalid(faults));
        };
        item.key.environment = Some(environment);
        let names = seen.names.entry(space).or_insert_with(|| self.names(space));
        // A variable's name may stand for another, as an export has written it.
        let there = names.get(&(environment, name.to_lowercase()));
        match there.or_else(|| names.get(&(environment, name.to_owned()))).cloned() {
            None => Ok(Found::New(checked)),
            Some(row) => {
                let (result, detail) = self.compare(caller, &row.record, item).await?;
                Ok(Found::There(result, row, detail))
            }
        }
    }

    /// The passphrase of a blob was chosen elsewhere, and is good enough to stay what it is.
    fn check_imported(&self, item: &mut ImportedKey) -> Result<Checked> {
        let chosen = if item.blob.is_some() { item.key.passphrase.take() } else { None };
        let checked = self.check_new_key(&item.key);
        item.key.passphrase = item.key.passphrase.take().or(chosen);
        checked
    }

    async fn open_blob(&self, blob: &SeedBlob) -> Result<Option<SecretString>> {
        let opened = match &blob.key {
            SeedKey::Passphrase(passphrase) => {
                let (text, passphrase) = (blob.text.clone(), passphrase.clone());
                self.0.kdf.run(move || crypto::import_seed(&text, &passphrase)).await?
            }
            SeedKey::System(key) => {
                SeedSystemKey::parse(key).and_then(|key| crypto::import_seed_system(&blob.text, &key))
            }
        };
        Ok(opened.ok())
    }

    /// The keys of a space by name.
    fn names(&self, space: Id) -> Names {
        let tables = self.mirror().read();
        let mut names = Names::new();
        let rows = tables.keys.space(space).into_iter().flat_map(|space| space.newest());
        for row in rows.filter_map(|(_, id)| tables.keys.get(id)) {
            let (name, environment) = (&row.record.name, row.record.environment);
            for name in std::iter::once(name.to_lowercase()).chain(dotenv::variable(name)) {
                names.entry((environment, name)).or_insert_with(|| Shared::clone(row));
            }
        }
        names
    }

    /// Whether a key has this value. Whoever may not open it, is not told.
    async fn compare(
        &self,
        caller: &Caller,
        key: &ApiKey,
        item: &ImportedKey,
    ) -> Result<(ImportResult, Option<String>)> {
        let conflict = |why: String| Ok((ImportResult::Conflicting, Some(why)));
        if self.key_row(caller, Permission::KeyReveal, key.id).is_err() {
            return conflict("it is there, and you may not open it".to_owned());
        }
        let private = match self.opener(caller, item.key.passphrase.clone()).key(key).await {
            Ok(private) => private,
            Err(error @ (Error::Locked(_) | Error::WrongPassphrase)) => {
                return conflict(format!("it is there, and its value cannot be compared: {error}"));
            }
            Err(error) => return Err(error),
        };
        let (number, public) = (key.current_version, PublicKey(key.public_key));
        let version = self.version(key.id, number).await?;
        let value = crypto::open_version(&private, &public, key.id, number, &version.record.sealed)?;
        if bool::from(value.expose().ct_eq(item.key.value.expose_secret().as_bytes())) {
            Ok((ImportResult::Same, None))
        } else {
            conflict("it is there with another value".to_owned())
        }
    }

    async fn make_all(
        &self,
        caller: &Caller,
        account: Id,
        fresh: Vec<(usize, ImportedKey, Checked)>,
        report: &mut ImportReport,
    ) -> Result<()> {
        let mut ready: Vec<ReadyKey> = Vec::with_capacity(fresh.len());
        for (place, item, checked) in fresh {
            let key = self.ready_key(caller, account, checked, &item.key).await?;
            let line = &mut report.keys[place];
            (line.id, line.key_id) = (Some(key.id), Some(key.key_id.clone()));
            ready.push(key);
        }
        let Some(space) = ready.first().map(|key| key.space) else { return Ok(()) };
        let _turn = self.turn_to_add(space, ready.len()).await;
        self.change(caller, Permission::KeyCreate, Target::Space(space), |tables, draft| {
            check_room(tables, &self.0.settings.plans, space, ready.len())?;
            for key in &ready {
                key.put(tables, draft, "imported, ")?;
            }
            Ok(())
        })
        .await
    }
}

impl ImportReport {
    fn add(&mut self, line: ImportLine) {
        *match line.result {
            ImportResult::New => &mut self.new,
            ImportResult::Same => &mut self.same,
            ImportResult::Conflicting => &mut self.conflicting,
            ImportResult::Empty => &mut self.empty,
            ImportResult::Invalid => &mut self.invalid,
        } += 1;
        self.keys.push(line);
    }
}

fn check_size(keys: &[ImportedKey]) -> Result<()> {
    if keys.is_empty() {
        return Err(Error::invalid("", "there is no key in it"));
    }
    if keys.len() > MOST_IMPORTED {
        return Err(Error::invalid(
            "",
            format!("has more than {MOST_IMPORTED} keys; that is the most at once"),
        ));
    }
    let with_passphrase = keys.iter().filter(|item| item.key.passphrase.is_some() || item.blob.is_some());
    match with_passphrase.count() {
        slow if slow > MOST_WITH_PASSPHRASE => Err(Error::invalid(
            "",
            format!("has {slow} keys with a passphrase or blob; {MOST_WITH_PASSPHRASE} is the most at once"),
        )),
        _ => Ok(()),
    }
}

fn line(item: &ImportedKey, found: &Found) -> ImportLine {
    let (result, detail, row) = match found {
        Found::New(_) => (ImportResult::New, None, None),
        Found::There(result, row, detail) => (*result, detail.clone(), Some(row)),
        Found::Empty => (ImportResult::Empty, Some("has no value, so it is passed over".to_owned()), None),
        Found::Invalid(faults) => {
            let told =
                faults.iter().map(|fault| format!("{} {}", fault.field, fault.detail).trim().to_owned());
            (ImportResult::Invalid, Some(told.collect::<Vec<_>>().join("; ")), None)
        }
    };
    let (line, index) = match item.at {
        ImportPlace::Line(line) => (Some(line), None),
        ImportPlace::Index(index) => (None, Some(index)),
    };
    ImportLine {
        line,
        index,
        name: harmless(&item.key.name, LONGEST_NAME).into(),
        environment: item.key.environment.unwrap_or(Environment::Development),
        result,
        detail,
        id: row.as_ref().map(|row| row.record.id),
        key_id: row.map(|row| row.record.key_id.clone()),
    }
}

/// A fault under its key's place.
fn placed(item: &ImportedKey, wrong: &Fault) -> Fault {
    match item.at {
        ImportPlace::Line(line) => {
            let name = harmless(&item.key.name, LONGEST_NAME);
            let what = [&*name, &wrong.field, &wrong.detail];
            let what: Vec<_> = what.into_iter().filter(|text| !text.is_empty()).collect();
            fault("content", &format!("line {line}: {}", what.join(" ")))
        }
        ImportPlace::Index(index) if wrong.field.is_empty() => fault(&format!("keys/{index}"), &wrong.detail),
        ImportPlace::Index(index) => fault(&format!("keys/{index}/{}", wrong.field), &wrong.detail),
    }
}

fn conflicts(report: &ImportReport) -> String {
    let conflicting = report.keys.iter().filter(|line| line.result == ImportResult::Conflicting);
    let place = |line: &ImportLine| match (line.line, line.index) {
        (Some(line_number), _) => format!("{} (line {line_number})", line.name),
        (None, index) => format!("{} (key {})", line.name, index.unwrap_or_default()),
    };
    let named: Vec<_> = conflicting.take(20).map(place).collect();
    format!(
        "{} of the keys are there with another value, so none was imported: {}; a dry run tells more, and onConflict \
         \"skip\" leaves them as they are",
        report.conflicting,
        named.join(", ")
    )
}

fn fault(field: &str, detail: &str) -> Fault {
    Fault { field: field.into(), detail: detail.into() }
}
