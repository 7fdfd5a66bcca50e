//! The alert of a budget, which no rule is needed for: it fires at the first share of a month that people are told of, and anew
//! at each further one. One budget has one at a time; that it is over, or wakes, is a turn like that of any other. How far
//! a budget has come is `budgets`' to say.

use keyward_store::model::{Alert, AlertCondition, AlertTurnKind, Id};

use crate::crypto;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::alerts::turn::note;
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::thresholds::Thresholds;
use crate::view::{AlertView, BudgetOwner};

/// A budget has come to a share that people are told of.
pub(crate) struct Crossing {
    /// The key, the team, or what says which tag it is.
    pub(crate) of: Id,
    /// The key, when it is of one.
    pub(crate) api_key: Option<Id>,
    /// The key's or tag's space, or the team.
    pub(crate) space: Id,
    /// The share, percent.
    pub(crate) threshold: u64,
    /// What is spent of it, percent.
    pub(crate) value: u64,
    /// In words.
    pub(crate) message: String,
}

/// Lets the alert of a budget fire, and answers its id; whoever puts that into a draft tells of it.
pub(crate) fn cross(tables: &Tables, draft: &mut Draft, crossing: &Crossing) -> Result<Id> {
    let Crossing { of, api_key, space, threshold, value, ref message } = *crossing;
    let api_key = api_key.unwrap_or(space);
    let held = tables.alerts.held(of, api_key);
    let alert = Alert {
        id: held.map_or_else(crypto::random_id, |row| Ok(row.record.id))?,
        rule: of,
        api_key,
        space,
        condition: AlertCondition::Budget,
        value,
        threshold,
        message: message.clone(),
        first_ms: held.map_or(draft.now_ms, |row| row.record.first_ms),
        last_ms: draft.now_ms,
        // Who looks after half of a budget, or has put that off, has not heard of all of it.
        acknowledged: None,
        snoozed_until_ms: None,
        resolved_ms: None,
        resolved_by: None,
        cleared_ms: None,
    };
    match held {
        Some(old) => draft.batch.replace(old, &alert)?,
        None => draft.batch.create(&alert)?,
    };
    note(draft, &alert, AlertTurnKind::Fired, None, alert.message.clone())?;
    let doing = std::mem::replace(&mut draft.doing, Permission::AlertRaise);
    draft.did(alert.id, space, format!("fires: {threshold} % of the month's budget"));
    draft.doing = doing;
    Ok(alert.id)
}

/// When a budget's alert fires, in one sentence; none when what it is of is gone.
pub(super) fn in_words(alert: &AlertView, told: &Thresholds) -> Option<String> {
    let whose = match alert.budget_of? {
        BudgetOwner::Key => alert.key_name.clone(),
        BudgetOwner::Team => alert.team_name.clone(),
        BudgetOwner::Tag => alert.tag.as_ref().map(|tag| format!("tag {tag}")),
    }?;
    let told = told.in_words();
    Some(format!("Fires when {whose} has spent {told} % of its monthly budget, at each once a month."))
}
