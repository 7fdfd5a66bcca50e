//! Budgets of tags: of all keys of one place that have one. They are set and ended by themselves, since a tag has no record
//! that could carry one. How they stand, and who hears of it, is as for any other budget.

use std::collections::{HashMap, HashSet};

use keyward_store::model::{ApiKey, Id, TagBudget};

use crate::caller::Caller;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::input::NewBudget;
use crate::policy::Permission;
use crate::prices::Money;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::accounts::personal_space;
use crate::service::budgets::{check, forget, of, put, seen};
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::teams::tell_members;
use crate::service::text::Faults;
use crate::view::{BudgetList, BudgetOwner, BudgetView};

/// Tags of one place that have a budget.
const MOST_TAGS: usize = 100;

impl NewBudget {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.checked(&mut faults);
        faults.into_vec()
    }

    /// The tag as keys have it.
    fn checked(&self, faults: &mut Faults) -> String {
        match self.monthly_budget {
            None => faults.add("monthlyBudget", "is missing: say what a month may cost"),
            amount => check(faults, amount),
        }
        faults.line("tag", &self.tag, 1, 40)
    }
}

impl Service {
    /// Where all budgets of the caller's places stand this month: those that have come furthest first.
    pub async fn budgets(&self, caller: &Caller) -> Result<BudgetList> {
        let (account, now_ms) = (caller.person()?, self.now_ms());
        let spaces: Vec<Id> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
            let spaces = tables.memberships(account).iter().map(|member| member.record.space);
            let seen =
                |space: &Id| may(&tables, caller.identity, Permission::UsageRead, Target::Space(*space));
            spaces.filter(seen).collect()
        };
        let budgets = self.stand(move |_, _, space| spaces.contains(&space), now_ms).await?;
        Ok(BudgetList { currency: self.0.settings.prices.currency.clone(), budgets })
    }

    /// Sets what a month of the keys with a tag may cost, in place of what was set before.
    pub async fn set_tag_budget(&self, caller: &Caller, new: &NewBudget) -> Result<BudgetView> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let tag = new.checked(&mut faults);
        faults.check()?;
        let space = self.place(account, new.team)?;
        let id = id_of(space, &tag);
        self.change(caller, Permission::BudgetManage, Target::Space(space), |tables, draft| {
            (draft.object, draft.space) = (Some(id), Some(space));
            let record = TagBudget { id, space, tag: tag.clone() };
            match tables.tag_budgets.get(&id) {
                Some(old) if old.record == record => {}
                Some(old) => drop(draft.batch.replace(old, &record)?),
                None if of_space(tables, space).count() >= MOST_TAGS => {
                    return Err(Error::Conflict(format!(
                        "{MOST_TAGS} tags with a budget are the most of one place; end some"
                    )));
                }
                None => drop(draft.batch.create(&record)?),
            }
            put(tables, draft, id, Some(new.monthly_budget), None)?;
            draft.detail = format!("the budget of a tag: {tag}");
            tell_members(tables, draft, space);
            Ok(())
        })
        .await?;
        let mut budgets = self.stand(move |_, of, _| of == id, self.now_ms()).await?;
        budgets.pop().ok_or(Error::NotFound("budget"))
    }

    /// Ends the budget of a tag of a team, or of the caller's own keys.
    pub async fn end_budget_of_tag(&self, caller: &Caller, tag: &str, team: Option<Id>) -> Result<()> {
        let space = self.place(caller.person()?, team)?;
        self.end_tag_budget(caller, id_of(space, tag.trim())).await
    }

    /// Ends the budget of a tag, by its id. Those of keys and teams end with a change of the key or the team.
    pub async fn end_tag_budget(&self, caller: &Caller, id: Id) -> Result<()> {
        caller.person()?;
        let space = {
            let tables = self.mirror().read();
            let row = tables.tag_budgets.get(&id).filter(|row| {
                may(&tables, caller.identity, Permission::UsageRead, Target::Space(row.record.space))
            });
            row.ok_or(Error::NotFound("budget"))?.record.space
        };
        self.change(caller, Permission::BudgetManage, Target::Space(space), |tables, draft| {
            let row = tables.tag_budgets.get(&id).ok_or(Error::NotFound("budget"))?;
            (draft.object, draft.space) = (Some(id), Some(space));
            draft.detail = format!("the budget of a tag ends: {}", row.record.tag);
            draft.batch.remove(row);
            forget(draft, id);
            tell_members(tables, draft, space);
            Ok(())
        })
        .await
    }

    fn place(&self, account: Id, team: Option<Id>) -> Result<Id> {
        team.map_or_else(|| personal_space(&self.mirror().read(), account), Ok)
    }

    /// Where some budgets stand, worked out where that may take its time.
    async fn stand(
        &self,
        meant: impl Fn(BudgetOwner, Id, Id) -> bool + Send + 'static,
        now_ms: i64,
    ) -> Result<Vec<BudgetView>> {
        let service = self.clone();
        let standing = tokio::task::spawn_blocking(move || service.budgets_of(meant, now_ms)).await;
        standing.map_err(|error| Error::Internal(Box::new(error)))?
    }
}

fn id_of(space: Id, tag: &str) -> Id {
    crypto::id_of_name("tag budget", space, &tag.to_ascii_lowercase())
}

fn of_space(tables: &Tables, space: Id) -> impl Iterator<Item = &Shared<TagBudget>> {
    tables.tag_budgets.values().filter(move |row| row.record.space == space)
}

/// What a month of the keys with this tag may cost that are in a place.
pub(crate) fn of_tag(tables: &Tables, space: Id, tag: &str) -> Option<Money> {
    of(tables, id_of(space, tag))
}

/// Forgets the budgets of a place's tags with the place.
pub(crate) fn forget_tags(tables: &Tables, draft: &mut Draft, space: Id) {
    for row in of_space(tables, space) {
        draft.batch.remove(row);
        forget(draft, row.record.id);
    }
}

/// Whether a key has this tag.
pub(crate) fn has_tag(key: &ApiKey, tag: &str) -> bool {
    key.tags.iter().any(|one| one.eq_ignore_ascii_case(tag))
}

/// The keys that count for each of these tags' budgets, by its id: each place's keys are walked once.
pub(super) fn keys_of_tags<'t>(
    tables: &Tables,
    tags: impl Iterator<Item = &'t Shared<TagBudget>>,
) -> HashMap<Id, Vec<Shared<ApiKey>>> {
    let meant: HashSet<(Id, Id)> = tags.map(|row| (row.record.space, row.record.id)).collect();
    let spaces: HashSet<Id> = meant.iter().map(|(space, _)| *space).collect();
    let mut found = HashMap::<Id, Vec<Shared<ApiKey>>>::new();
    for space in spaces {
        for key in seen::keys_of(tables, space) {
            // A tag that is written in two ways counts once.
            let ids: HashSet<Id> = key.record.tags.iter().map(|tag| id_of(space, tag)).collect();
            for id in ids.into_iter().filter(|id| meant.contains(&(space, *id))) {
                found.entry(id).or_default().push(Shared::clone(key));
            }
        }
    }
    found
}
