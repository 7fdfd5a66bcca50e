//! The look at all budgets, once a minute, and telling people how much of one is spent: the same shares as of a limit,
//! each once in a month, also across a restart and whatever becomes of the price book meanwhile.

use keyward_store::model::{BudgetNotice, Id, Role};

use crate::caller::Caller;
use crate::clock::month_around;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::prices::{Money, Pricer};
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::budgets::seen::Seen;
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::notifications::{Notice, NoticeKind, notify, notify_team, people_of};
use crate::service::pace::Pace;
use crate::service::watch::TOLD_AT;

/// Notices of one commit.
const MOST_TOGETHER: usize = 256;

/// A budget whose month has come further than was told, or that was changed since.
struct Turn {
    space: Id,
    of_team: bool,
    notice: BudgetNotice,
    message: String,
}

impl Service {
    /// Looks at all budgets, and tells people of those that have come further. Answers how many were told. Safe to run at
    /// any time: what was told is not told again.
    pub async fn watch_budgets(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        let seen: Vec<Seen> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::NoticeSend, Target::Instance, None)?;
            tables.budgets.values().filter_map(|budget| Seen::of(&tables, budget)).collect()
        };
        if seen.is_empty() {
            return Ok(0);
        }
        let service = self.clone();
        let looking = tokio::task::spawn_blocking(move || service.turns(seen, now_ms)).await;
        let turns = looking.map_err(|error| Error::Internal(Box::new(error)))??;
        let mut told = 0;
        for turns in turns.chunks(MOST_TOGETHER) {
            told += self
                .change(caller, Permission::NoticeSend, Target::Instance, |tables, draft| {
                    turns.iter().try_fold(0, |told, turn| Ok(told + u64::from(turn.tell(tables, draft)?)))
                })
                .await?;
        }
        Ok(told)
    }

    fn turns(&self, seen: Vec<Seen>, now_ms: i64) -> Result<Vec<Turn>> {
        let mut pricer = Pricer::new(&self.0.settings.prices);
        let month_ms = month_around(now_ms).0.as_millisecond();
        let mut turns = Vec::new();
        for seen in seen {
            let (of, micros) = (seen.budget.record.of, seen.budget.record.micros);
            let spent = self.spent(&mut pricer, &seen, now_ms)?;
            let notice = BudgetNotice { of, month_ms, micros, percent: told_at(spent.0, micros) };
            let before = self.mirror().read().budget_notices.get(&of).cloned();
            if is_new(before.as_deref().map(|row| &row.record), &notice) {
                let currency = &self.0.settings.prices.currency;
                let message = message(&seen.name, &notice, currency, Pace::of(spent.0, now_ms));
                turns.push(Turn { space: seen.space, of_team: seen.of_team, notice, message });
            }
        }
        Ok(turns)
    }
}

/// The largest of the shares that are told which this has come to; 0 for none.
fn told_at(spent: u64, micros: u64) -> u8 {
    let reached = |percent: &u8| u128::from(spent) * 100 >= u128::from(micros) * u128::from(*percent);
    TOLD_AT.into_iter().find(reached).unwrap_or(0)
}

fn message(name: &str, notice: &BudgetNotice, currency: &str, pace: Pace) -> String {
    let BudgetNotice { percent, micros, .. } = notice;
    let left =
        pace.reaches(*micros).map(|at| format!("; at this pace it is spent on {}", at.strftime("%-d %B")));
    let left = left.unwrap_or_default();
    format!("{name} has spent {percent} % of its budget of {} {currency} a month{left}", Money(*micros))
}

/// Whether it has to be written down: it has come further this month, or counts against another amount now.
fn is_new(before: Option<&BudgetNotice>, now: &BudgetNotice) -> bool {
    match before.filter(|before| before.month_ms == now.month_ms) {
        Some(before) => now.percent > before.percent || now.micros != before.micros,
        None => now.percent > 0,
    }
}

impl Turn {
    /// Writes it down, and tells people when it has come further than they heard. Whether they were told.
    fn tell(&self, tables: &Tables, draft: &mut Draft) -> Result<bool> {
        let notice = &self.notice;
        let old = tables.budget_notices.get(&notice.of);
        let before = old.map(|row| &row.record);
        let same = tables.budgets.get(&notice.of).is_some_and(|row| row.record.micros == notice.micros);
        // Somebody else may have told it, or changed the budget, since it was looked at.
        if !same || !is_new(before, notice) {
            return Ok(false);
        }
        match old {
            Some(old) => draft.batch.replace(old, notice)?,
            None => draft.batch.create(notice)?,
        };
        let heard = before.filter(|before| before.month_ms == notice.month_ms);
        let percent = notice.percent;
        if heard.is_some_and(|heard| percent <= heard.percent) {
            // Another amount, of which it has come no further than people know: they hear of what comes.
            draft.did(notice.of, self.space, format!("counts from {percent} % of the month's new budget"));
            return Ok(false);
        }
        draft.did(notice.of, self.space, format!("{percent} % of the month's budget"));
        let people = people_of(tables, self.space, Role::Member, None);
        let kind = NoticeKind::MonthlyBudget;
        let api_key: Option<Id> = (!self.of_team).then_some(notice.of);
        let told = Notice { kind, api_key, alert: None, message: self.message.clone() };
        if self.of_team {
            notify_team(tables, draft, self.space, people, &told)?;
        } else {
            notify(tables, draft, people, &told)?;
        }
        Ok(true)
    }
}
