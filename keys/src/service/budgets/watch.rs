//! The look at all budgets, once a minute, and telling people how much of one is spent: the same shares as of a limit,
//! each once in a month, also across a restart and whatever becomes of the price book meanwhile. Each share that is told
//! lets the budget's alert fire; it is over once less is spent than it has crossed.

use std::collections::HashMap;

use keyward_store::model::{Alert, BudgetNotice, Id, Role};

use crate::caller::Caller;
use crate::clock::month_around;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::prices::{Money, Pricer};
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::alerts::{self, Crossing, share};
use crate::service::budgets::seen::Seen;
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify, notify_team, people_of};
use crate::service::pace::Pace;
use crate::view::BudgetOwner;

/// Notices of one commit.
const MOST_TOGETHER: usize = 256;

/// A budget whose month has come further than was told, or that was changed since.
struct Turn {
    /// None for a team's and a tag's.
    api_key: Option<Id>,
    notice: BudgetNotice,
    crossing: Crossing,
    message: String,
}

/// What was seen of all budgets.
#[derive(Default)]
struct Looked {
    turns: Vec<Turn>,
    /// What becomes of alerts that hold.
    alerts: Vec<alerts::Turn>,
    /// When each of those that go on was seen, and with how much spent.
    latest: HashMap<Id, (i64, u64)>,
}

impl Service {
    /// Looks at all budgets, tells people of those that have come further, and of alerts that are over. Answers of how many
    /// budgets a share was told. Safe to run at any time: what was told is not told again.
    pub async fn watch_budgets(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        let (seen, held) = {
            let tables = self.mirror().read();
            for permission in [Permission::NoticeSend, Permission::AlertRaise] {
                authorise(&tables, caller, permission, Target::Instance, None)?;
            }
            let seen = Seen::all(&tables, |_, _, _| true);
            let held = tables.alerts.holding().filter(|row| row.record.is_of_budget());
            (seen, held.map(|row| (row.record.rule, Shared::clone(row))).collect::<HashMap<_, _>>())
        };
        if seen.is_empty() && held.is_empty() {
            return Ok(0);
        }
        let service = self.clone();
        let looking = tokio::task::spawn_blocking(move || service.look_at_budgets(seen, held, now_ms)).await;
        let looked = looking.map_err(|error| Error::Internal(Box::new(error)))??;
        self.0.latest_budgets.replace(looked.latest);
        // What is over is so before anything of the same budget fires again.
        for turns in looked.alerts.chunks(MOST_TOGETHER) {
            self.turn_alerts(caller, turns).await?;
        }
        let mut told = 0;
        for turns in looked.turns.chunks(MOST_TOGETHER) {
            told += self
                .change(caller, Permission::NoticeSend, Target::Instance, |tables, draft| {
                    turns.iter().try_fold(0, |told, turn| Ok(told + u64::from(turn.tell(tables, draft)?)))
                })
                .await?;
        }
        Ok(told)
    }

    fn look_at_budgets(
        &self,
        seen: Vec<Seen>,
        mut held: HashMap<Id, Shared<Alert>>,
        now_ms: i64,
    ) -> Result<Looked> {
        let mut pricer = Pricer::new(&self.0.settings.prices);
        let month_ms = month_around(now_ms).0.as_millisecond();
        let mut looked = Looked::default();
        for seen in seen {
            let (of, micros, space) = (seen.budget.record.of, seen.budget.record.micros, seen.space);
            let spent = self.spent(&mut pricer, &seen, now_ms)?;
            let value = share(spent.0.into(), micros.into()).unwrap_or_default();
            // The alert of a key that was moved is of the place where the key was.
            if held.get(&of).is_some_and(|row| row.record.space == space)
                && let Some(alert) = held.remove(&of)
            {
                let holds = reaches(spent.0, micros, alert.record.threshold);
                looked.judge(&alert.record, holds, value, now_ms);
            }
            let percent =
                self.0.settings.thresholds.reached(|percent| reaches(spent.0, micros, percent.into()));
            let notice = BudgetNotice { of, month_ms, micros, percent: percent.unwrap_or_default() };
            let before = self.mirror().read().budget_notices.get(&of).cloned();
            if is_new(before.as_deref().map(|row| &row.record), &notice) {
                let currency = &self.0.settings.prices.currency;
                let message = message(&seen.whose(), &notice, currency, Pace::of(spent.0, now_ms));
                let (name, percent, amount) = (seen.whose(), notice.percent, Money(micros));
                let crossed =
                    format!("{name}: {percent} % of its budget of {amount} {currency} a month is spent");
                let api_key = Some(of).filter(|_| seen.owner == BudgetOwner::Key);
                let crossing =
                    Crossing { of, api_key, space, threshold: percent.into(), value, message: crossed };
                looked.turns.push(Turn { api_key, notice, crossing, message });
            }
        }
        // Whatever nobody looked at has lost its budget, or is of a key that was moved.
        looked.alerts.extend(held.into_values().map(|row| alerts::Turn::Ends(row.record.id)));
        Ok(looked)
    }
}

impl Looked {
    fn judge(&mut self, alert: &Alert, holds: bool, value: u64, now_ms: i64) {
        if holds {
            self.latest.insert(alert.id, (now_ms, value));
            let wakes = alert.snoozed_until_ms.is_some_and(|until_ms| until_ms <= now_ms);
            self.alerts.extend(wakes.then_some(alerts::Turn::Wakes(alert.id)));
        } else {
            self.alerts.push(alerts::Turn::Recovers(alert.id));
        }
    }
}

/// Whether so much of a budget is spent.
fn reaches(spent: u64, micros: u64, percent: u64) -> bool {
    u128::from(spent) * 100 >= u128::from(micros) * u128::from(percent)
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
            draft.did(
                notice.of,
                self.crossing.space,
                format!("counts from {percent} % of the month's new budget"),
            );
            return Ok(false);
        }
        let space = self.crossing.space;
        draft.did(notice.of, space, format!("{percent} % of the month's budget"));
        let alert = Some(alerts::cross(tables, draft, &self.crossing)?);
        let people = people_of(tables, space, Role::Member, None);
        let kind = NoticeKind::MonthlyBudget;
        let told = Notice {
            kind,
            api_key: self.api_key,
            alert,
            message: self.message.clone(),
            until_ms: None,
            minor: false,
        };
        match self.api_key {
            Some(_) => notify(tables, draft, people, &told)?,
            None => notify_team(tables, draft, space, people, &told)?,
        }
        Ok(true)
    }
}
