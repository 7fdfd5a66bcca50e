//! Keys that are decoys: nobody has a reason to use them, so whoever does is told of at once, and served as with any
//! other key. Only who may change a key learns that it is one. What people are told is `alerts`'.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyward_store::Batch;
use keyward_store::model::{AlertCondition, AlertRule, ApiKey, Decoy, DecoyUse, Id};

use crate::caller::{Caller, Identity};
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, may};
use crate::service::alerts::{self, AtOnce, end_of_rule};
use crate::service::change::{Draft, put};
use crate::service::mirror::{Shared, Tables};

/// Its alert is over once it was not used for so long, ms.
const QUIET_MS: i64 = 3_600_000;

/// What somebody did with a decoy.
#[derive(Clone, Copy)]
pub(crate) enum Touch {
    Fetched,
    Revealed,
    Exported,
    Reported,
}

impl Touch {
    fn word(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Revealed => "revealed",
            Self::Exported => "exported",
            Self::Reported => "reported as used",
        }
    }
}

/// The uses of decoys since each was quiet.
#[derive(Default)]
pub(crate) struct Decoys(Mutex<HashMap<Id, Used>>);

struct Used {
    uses: u64,
    last_ms: i64,
    /// The first of them, in words.
    why: String,
    written_ms: i64,
}

impl Decoys {
    /// Notes a use; the how-manieth it is since it was quiet.
    fn note(&self, api_key: Id, now_ms: i64, before: Option<&DecoyUse>, why: impl FnOnce() -> String) -> u64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry(api_key).or_insert_with(|| {
            // What was before the last start goes on.
            let (uses, last_ms) = before.map_or((0, now_ms), |row| (row.uses, row.at_ms));
            Used { uses, last_ms, why: String::new(), written_ms: i64::MIN }
        });
        if now_ms - used.last_ms >= QUIET_MS {
            used.uses = 0;
        }
        if used.uses == 0 || used.why.is_empty() {
            used.why = why();
        }
        used.uses += 1;
        used.last_ms = used.last_ms.max(now_ms);
        used.uses
    }

    fn of(&self, api_key: Id) -> Option<(u64, i64, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&api_key).map(|used| (used.uses, used.last_ms, used.why.clone()))
    }

    /// What is to be written, each as it is now.
    fn take(&self) -> Vec<DecoyUse> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unwritten = all.iter_mut().filter(|(_, used)| used.written_ms < used.last_ms);
        unwritten
            .map(|(id, used)| {
                used.written_ms = used.last_ms;
                DecoyUse { api_key: *id, at_ms: used.last_ms, uses: used.uses }
            })
            .collect()
    }

    pub(crate) fn forget(&self, api_key: Id) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&api_key);
    }
}

impl Service {
    /// Notes that a key was used, if it is a decoy: its alert is raised beside the answer, which it neither delays nor
    /// changes.
    pub(crate) fn touch(&self, caller: &Caller, key: &ApiKey, touch: Touch) {
        let crossed = {
            let tables = self.mirror().read();
            if !tables.by_key.decoys.contains_key(&key.id) {
                return;
            }
            let before = tables.by_key.decoy_uses.get(&key.id).map(|row| &row.record);
            let why = || in_words(&tables, caller, touch);
            let uses = self.0.decoys.note(key.id, self.now_ms(), before, why);
            uses == 1 && rules_for(&tables, key).next().is_some()
        };
        if crossed {
            self.raise_at_once(key.id, AtOnce::DecoyUse);
        }
    }

    /// How often a decoy was used since it was quiet, and the first of these uses in words; none when it is.
    pub(crate) fn decoy_use(&self, api_key: Id, now_ms: i64) -> Option<(u64, String)> {
        let tables = self.mirror().read();
        tables.by_key.decoys.get(&api_key)?;
        let stored = tables.by_key.decoy_uses.get(&api_key).map(|row| &row.record);
        let used = self.0.decoys.of(api_key);
        let used = used
            .or_else(|| stored.map(|row| (row.uses, row.at_ms, "it is a decoy, and was used".to_owned())));
        used.filter(|(_, last_ms, _)| now_ms - last_ms < QUIET_MS).map(|(uses, _, why)| (uses, why))
    }

    /// Writes the uses of decoys that are not written yet.
    pub(crate) async fn write_decoy_uses(&self) -> Result<()> {
        let uses = self.0.decoys.take();
        if uses.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(crypto::random_batch_id()?);
        for used in &uses {
            batch.op(put(used)?);
        }
        self.commit_metered(batch).await
    }
}

/// Refuses a change of a rule by which nothing would tell of a decoy's use any more: whoever wants that takes the mark off the
/// key. `new` is the rule after the change; none when it goes.
pub(crate) fn stay_guarded(tables: &Tables, old: &AlertRule, new: Option<&AlertRule>) -> Result<()> {
    let looks = |rule: &AlertRule| rule.enabled && rule.condition == AlertCondition::DecoyUse;
    if !looks(old) || new.is_some_and(looks) {
        return Ok(());
    }
    let bare =
        |key: &ApiKey| key.space == old.space && rules_for(tables, key).all(|rule| rule.record.id == old.id);
    let decoys = tables.by_key.decoys.keys().filter_map(|id| tables.keys.any(*id));
    let left =
        decoys.filter(|row| old.api_key.is_none_or(|id| id == row.record.id) && bare(&row.record)).count();
    if left > 0 {
        return Err(Error::Conflict(format!(
            "nothing would tell of the use of {left} decoys any more; make another rule for them, or take the mark off the keys"
        )));
    }
    Ok(())
}

/// The rules that look at the uses of this key, if it is a decoy.
fn rules_for<'a>(tables: &'a Tables, key: &'a ApiKey) -> impl Iterator<Item = &'a Shared<AlertRule>> {
    alerts::rules_for(tables, key, AlertCondition::DecoyUse)
}

/// Whether it is a decoy, as far as this caller may know: whoever may change it.
pub(crate) fn shown(tables: &Tables, identity: Identity, api_key: Id) -> bool {
    tables.by_key.decoys.contains_key(&api_key)
        && may(tables, identity, Permission::KeyChange, Target::Key(api_key))
}

/// Makes a key a decoy, or none. The rule that came with it goes with it.
pub(crate) fn mark(tables: &Tables, draft: &mut Draft, key: &ApiKey, by: Id, decoy: bool) -> Result<()> {
    match (tables.by_key.decoys.get(&key.id), decoy) {
        (Some(_), true) | (None, false) => Ok(()),
        (Some(old), false) => {
            draft.batch.remove(old);
            for rule in rules_for(tables, key).filter(|rule| rule.record.api_key == Some(key.id)) {
                draft.batch.remove(rule);
                end_of_rule(tables, draft, rule.record.id)?;
            }
            draft.forget(&DecoyUse { api_key: key.id, at_ms: 0, uses: 0 });
            draft.events.push(Event::AlertChanged { space: key.space, alert: None });
            Ok(())
        }
        (None, true) => {
            draft.batch.create(&Decoy { api_key: key.id, by, since_ms: draft.now_ms })?;
            look_after(tables, draft, key, by)
        }
    }
}

/// Gives a decoy that no rule of its space looks after a rule of its own.
pub(crate) fn look_after(tables: &Tables, draft: &mut Draft, key: &ApiKey, by: Id) -> Result<()> {
    if rules_for(tables, key).next().is_some() {
        return Ok(());
    }
    draft.batch.create(&AlertRule {
        id: crypto::random_id()?,
        space: key.space,
        api_key: Some(key.id),
        name: format!("Decoy {}", key.name).chars().take(100).collect(),
        condition: AlertCondition::DecoyUse,
        threshold: 1,
        recovery: None,
        window_minutes: 0,
        enabled: true,
        created_by: by,
        created_ms: draft.now_ms,
        updated_ms: draft.now_ms,
    })?;
    draft.events.push(Event::AlertChanged { space: key.space, alert: None });
    Ok(())
}

/// Who did what from where.
fn in_words(tables: &Tables, caller: &Caller, touch: Touch) -> String {
    format!("it is a decoy, and was {} {}", touch.word(), by_whom(tables, caller))
}

/// By whom something was done, or with which token, and from where.
pub(crate) fn by_whom(tables: &Tables, caller: &Caller) -> String {
    let who = match caller.identity {
        Identity::Token(id) => {
            tables.tokens.get(&id).map(|row| format!("with the token {}", row.record.name))
        }
        Identity::Account(id) => tables.accounts.get(&id).map(|row| format!("by {}", row.record.name)),
        Identity::System(_) => None,
    };
    let from = caller.origin.address.map(|address| format!(" from {}", address.to_canonical()));
    format!("{}{}", who.unwrap_or_else(|| "by the daemon".to_owned()), from.unwrap_or_default())
}
