//! Usage of all of a person's keys together, from rollups. Reading many keys takes a while, so it is done beside the
//! runtime, for one person at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{Cell, Grain, Usage};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::input::UsageQuery;
use crate::policy::Permission;
use crate::prices::{Bill, Pricer, Prices, Tally};
use crate::service::Service;
use crate::service::access::{Target, may};
use crate::service::report::{Span, classes, days, grain, models, percent, shares, spent, summary};
use crate::view::{KeyShare, UsageOverview};

/// Keys an overview names.
const TOP_KEYS: usize = 10;

/// The longest cell of a rollup: a day.
pub(super) const LONGEST_CELL_MS: i64 = 24 * 3_600_000;

/// What was read of all keys.
#[derive(Default)]
struct Sum {
    cells: BTreeMap<i64, Cell>,
    endpoints: HashMap<Arc<str>, u64>,
    /// Calls of all endpoints, also of those beyond the names that are kept.
    endpoint_calls: u64,
    keys: Vec<(u64, Id, Bill)>,
    tally: Tally,
}

impl Service {
    /// The usage over a span of all keys whose usage the caller may see.
    pub async fn usage_overview(&self, caller: &Caller, query: &UsageQuery) -> Result<UsageOverview> {
        let (account, now_ms) = (caller.person()?, self.now_ms());
        let span = self.span(caller, query, now_ms)?;
        // Cells are whole: one that the span begins in may hold an earlier call.
        let ids = self.used_since(caller, account, span.from_ms - LONGEST_CELL_MS, now_ms);
        let (usage, grain, from_ms, to_ms) =
            (self.0.usage.clone(), grain(&span, now_ms), span.from_ms, span.to_ms);
        let keys = self.services_of(&ids);
        let book = Arc::clone(&self.0.settings.prices);
        let sum = {
            let _turn = self.0.overviews.lock().await;
            let reading = move || Sum::read(&usage, &book, &keys, grain, from_ms, to_ms);
            tokio::task::spawn_blocking(reading).await.map_err(|error| Error::Internal(Box::new(error)))??
        };
        Ok(self.overview(span, grain, sum))
    }

    /// The keys whose usage the caller may see, without those that were last used before this.
    pub(super) fn used_since(&self, caller: &Caller, account: Id, from_ms: i64, now_ms: i64) -> Vec<Id> {
        let mut ids: Vec<Id> = {
            let tables = self.mirror().read();
            let spaces = tables.memberships(account).iter().map(|member| member.record.space);
            let spaces = spaces
                .filter(|space| may(&tables, caller.identity, Permission::UsageRead, Target::Space(*space)));
            let keys = spaces.filter_map(|space| tables.keys.space(space)).flat_map(|space| space.newest());
            keys.map(|(_, id)| id).collect()
        };
        let totals = self.0.usage.totals_many(&ids, now_ms);
        let mut totals = totals.iter();
        let used = |totals: &keyward_store::usage::Totals| totals.last_used_ms >= Some(from_ms);
        ids.retain(|_| totals.next().is_some_and(used));
        ids
    }

    /// The keys, each with its service, which prices go by.
    pub(super) fn services_of(&self, ids: &[Id]) -> Vec<(Id, String)> {
        let tables = self.mirror().read();
        let service = |id: &Id| Some((*id, tables.keys.get(*id)?.record.service.clone()));
        ids.iter().filter_map(service).collect()
    }

    fn overview(&self, span: Span, grain: Grain, sum: Sum) -> UsageOverview {
        let Sum { cells, endpoints, endpoint_calls, mut keys, tally } = sum;
        let cells: Vec<(i64, Cell)> = cells.into_iter().collect();
        let mut total = Cell::default();
        cells.iter().for_each(|(_, cell)| total.merge(cell));
        let mut endpoints: Vec<_> = endpoints.iter().map(|(name, requests)| (&**name, *requests)).collect();
        endpoints.sort_unstable_by_key(|(name, requests)| (Reverse(*requests), *name));
        keys.sort_unstable_by_key(|(requests, id, _)| (Reverse(*requests), *id));
        let tables = self.mirror().read();
        let busiest = keys.into_iter().take(TOP_KEYS).filter_map(|(requests, id, bill)| {
            let key = &tables.keys.get(id)?.record;
            let percentage = percent(requests, total.requests);
            let (key_id, name, cost) = (key.key_id.clone(), key.name.clone(), bill.money());
            Some(KeyShare { id, key_id, name, requests, percentage, cost })
        });
        UsageOverview {
            daily_breakdown: days(&span, grain, &cells),
            timeframe: span.name,
            summary: spent(summary(&total), &tally),
            top_endpoints: shares(endpoints.into_iter(), endpoint_calls),
            top_keys: busiest.collect(),
            models: models(&tally),
            currency: self.0.settings.prices.currency.clone(),
            errors: classes(&total),
        }
    }
}

impl Sum {
    fn read(
        usage: &Usage,
        book: &Prices,
        keys: &[(Id, String)],
        grain: Grain,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Self> {
        let mut sum = Self::default();
        let mut pricer = Pricer::new(book);
        for (id, service) in keys {
            let mut requests = 0;
            let (cells, mut tally) = (usage.cells(*id, grain, from_ms, to_ms)?, Tally::default());
            pricer.count(service, &usage.models(*id, grain, from_ms, to_ms)?, &cells, &mut tally);
            sum.tally.merge(&tally);
            for (start_ms, cell) in cells {
                requests += cell.requests;
                sum.cells.entry(start_ms).or_default().merge(&cell);
            }
            for entry in usage.endpoints(*id, from_ms, to_ms)? {
                sum.endpoint_calls += entry.cell.requests;
                if let Some(name) = entry.endpoint {
                    *sum.endpoints.entry(name).or_default() += entry.cell.requests;
                }
            }
            if requests > 0 {
                sum.keys.push((requests, *id, tally.bill()));
            }
        }
        Ok(sum)
    }
}
