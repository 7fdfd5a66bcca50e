//! One alert with all there is to know of it: what became of it and by whom, how its value went, what its rule does, how
//! its key is now.

use keyward_store::model::{AlertResponse, AlertTurn, Id};
use keyward_store::{KeyRange, Order, Record, Row, Snapshot, Store, Table};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::service::alerts::budget;
use crate::service::alerts::condition::{Limits, kind};
use crate::service::alerts::course::course;
use crate::service::alerts::handle::visible;
use crate::service::alerts::look::limits_of;
use crate::service::alerts::played::Played;
use crate::service::alerts::respond::in_words as in_words_of;
use crate::service::alerts::rules::in_words;
use crate::service::names::name;
use crate::view::{AlertHistory, AlertTurnView};

/// Turns that are told.
const MOST: usize = 200;

/// The window of an alert whose rule is gone, minutes.
const WINDOW: u32 = 5;

impl Service {
    /// One alert, with what became of it and how its value went.
    pub async fn alert_history(&self, caller: &Caller, id: Id) -> Result<AlertHistory> {
        let account = caller.person()?;
        let now_ms = self.now_ms();
        let (row, view, rule, rule_in_words, key, played) = {
            let tables = self.mirror().read();
            let row = visible(&tables, caller, id)?.clone();
            let rule = tables.alert_rules.get(&row.record.rule).cloned();
            let view = self.alert_view(&tables, &row.record, now_ms);
            let words = match row.record.is_of_budget() {
                true => budget::in_words(&view, &self.0.settings.thresholds),
                false => rule.as_ref().map(|rule| in_words(&tables, &rule.record)),
            };
            let key = tables.keys.get(row.record.api_key).filter(|key| key.record.space == row.record.space);
            let played = key.map(|key| Played::of(&tables, key));
            (row.clone(), view, rule, words, key.cloned(), played)
        };
        let alert = &row.record;
        // The rule may look at something else by now; the alert is told by what it crossed.
        let limits = rule.map(|rule| limits_of(&rule.record)).filter(|now| now.condition == alert.condition);
        let windowed = kind(alert.condition).windowed;
        let limits = limits.unwrap_or(Limits {
            condition: alert.condition,
            threshold: alert.threshold,
            recovery: None,
            window_minutes: if windowed { WINDOW } else { 0 },
        });
        let course = match played {
            Some(played) => {
                let (archive, row) = (self.archive(now_ms), row.clone());
                let reading = move || course(&archive, &played, &row.record, &limits, now_ms);
                let read = tokio::task::spawn_blocking(reading).await;
                read.map_err(|error| Error::Internal(Box::new(error)))??
            }
            None => None,
        };
        let turns = self.turns_of(caller, account, id).await?;
        let undo = self.last_response(id).await?.map(|row| in_words_of(&row.record.deed).to_owned());
        let key = key.map(|key| self.key_view_for(caller, &key));
        Ok(AlertHistory { alert: view, rule_in_words, key, turns, course, undo })
    }

    async fn turns_of(&self, caller: &Caller, account: Id, id: Id) -> Result<Vec<AlertTurnView>> {
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(id.as_bytes());
        let mut rows = snapshot.scan(AlertTurn::TABLE, range, Order::Descending, MOST).await?;
        rows.reverse();
        let tables = self.mirror().read();
        let view = |(_, raw): &(_, _)| {
            let turn = Row::<AlertTurn>::decode(raw)?.record;
            Ok(AlertTurnView {
                at: timestamp(turn.at_ms),
                turn: turn.kind,
                by: turn.by,
                by_name: turn.by.and_then(|by| name(&tables, caller, account, by)),
                detail: turn.detail,
            })
        };
        rows.iter().map(view).collect()
    }

    /// The keys of the rows in which an alert's turns are kept.
    pub(super) async fn turn_keys(&self, id: Id) -> Result<Vec<(Table, Vec<u8>)>> {
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(id.as_bytes());
        let mut keys = Vec::new();
        for table in [AlertTurn::TABLE, AlertResponse::TABLE] {
            let rows = snapshot.scan(table, range.clone(), Order::Ascending, MOST * 10).await?;
            keys.extend(rows.into_iter().map(|(key, _)| (table, key)));
        }
        Ok(keys)
    }
}
