//! Usage of all of a person's keys together, from rollups. Reading many keys takes a while, so it is done beside the
//! runtime, for one person at a time.

use std::cmp::Reverse;
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{Cell, CellSum, EndpointSums, Grain, Usage};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::input::OverviewQuery;
use crate::policy::Permission;
use crate::prices::{Bill, Pricer, Prices, Tally};
use crate::service::Service;
use crate::service::access::{Target, may};
use crate::service::layout::{Count, Layout, in_parts};
use crate::service::period::Before;
use crate::service::report::{Days, Span, classes, grain, percent, spent, summary};
use crate::service::shares::{endpoints, methods, models, service_tokens, statuses};
use crate::view::{KeyShare, UsageOverview};

/// Keys an overview names.
const TOP_KEYS: usize = 10;

/// The longest cell of a rollup: a day.
pub(super) const LONGEST_CELL_MS: i64 = 24 * 3_600_000;

/// What was read of all keys.
#[derive(Default)]
struct Sum {
    total: CellSum,
    /// By day; without sketches, for only the total shows quantiles.
    days: Vec<Cell>,
    endpoints: EndpointSums,
    keys: Vec<(u64, Id, Bill)>,
    tally: Tally,
}

/// What is read of each key.
struct Reach {
    grain: Grain,
    from_ms: i64,
    to_ms: i64,
    days: Days,
}

impl Service {
    /// The usage over a span of all keys whose usage the caller may see, or of those that are meant; operators may ask for
    /// the sums of the whole instance.
    pub async fn usage_overview(&self, caller: &Caller, query: &OverviewQuery) -> Result<UsageOverview> {
        let (account, now_ms, asked) = (caller.person()?, self.now_ms(), query.series());
        let span = self.span(caller, &asked.span, now_ms)?;
        let before = span.before(now_ms).filter(|_| query.report.compare);
        let from_ms = before.as_ref().map_or(span.from_ms, |before| before.start);
        let ids = self.charted(caller, account, &asked, from_ms, now_ms)?;
        let points = match asked.step {
            Some(_) => self.usage_series(caller, &asked).await?.total.points,
            None => Vec::new(),
        };
        let (usage, grain) = (self.0.usage.clone(), grain(&span, now_ms));
        let reach = Reach { grain, from_ms: span.from_ms, to_ms: span.to_ms, days: Days::of(&span, grain) };
        let mut keys = self.services_of(&ids);
        let book = Arc::clone(&self.0.settings.prices);
        let (sum, days, span, previous) = {
            let _turn = self.0.overviews.lock().await;
            let reading = move || {
                let _asking = usage.asking();
                let (mut sum, more) = in_parts(&mut keys, |keys| Sum::read(&usage, &book, keys, &reach))?;
                more.into_iter().for_each(|more| sum.merge(more));
                let previous = before.map(|range| {
                    let of = (&span, &range, now_ms);
                    let (mut sum, more) = in_parts(&mut keys, |keys| Before::read(&usage, &book, keys, of))?;
                    more.iter().for_each(|more| sum.merge(more));
                    Ok::<_, Error>(sum.shown(&range))
                });
                Ok::<_, Error>((sum, reach.days, span, previous.transpose()?))
            };
            tokio::task::spawn_blocking(reading).await.map_err(|error| Error::Internal(Box::new(error)))??
        };
        let overview = self.overview(span, &days, sum);
        let overview = if query.instance { overview.without_names() } else { overview };
        Ok(UsageOverview { points, previous, ..overview })
    }

    /// The keys whose usage the caller may see.
    pub(super) fn metered(&self, caller: &Caller, account: Id) -> Vec<Id> {
        let tables = self.mirror().read();
        let spaces = tables.memberships(account).iter().map(|member| member.record.space);
        let spaces = spaces
            .filter(|space| may(&tables, caller.identity, Permission::UsageRead, Target::Space(*space)));
        let keys = spaces.filter_map(|space| tables.keys.space(space)).flat_map(|space| space.newest());
        keys.map(|(_, id)| id).collect()
    }

    /// These keys, without those that were last used before this.
    pub(super) fn used_since(&self, mut ids: Vec<Id>, from_ms: i64, now_ms: i64) -> Vec<Id> {
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

    fn overview(&self, span: Span, days: &Days, sum: Sum) -> UsageOverview {
        let Sum { total, days: cells, endpoints: sums, mut keys, tally } = sum;
        let total = total.cell();
        let mut named: Vec<_> = sums.iter().map(|(name, cell)| (&**name, cell)).collect();
        named.sort_unstable_by_key(|(name, cell)| (Reverse(cell.requests), *name));
        keys.sort_unstable_by_key(|(requests, id, _)| (Reverse(*requests), *id));
        let tables = self.mirror().read();
        let busiest = keys.into_iter().take(TOP_KEYS).filter_map(|(requests, id, bill)| {
            let key = &tables.keys.get(id)?.record;
            let percentage = percent(requests, total.requests);
            let (key_id, name, cost) = (key.key_id.clone(), key.name.clone(), bill.money());
            Some(KeyShare { id, key_id, name, requests, percentage, cost })
        });
        UsageOverview {
            daily_breakdown: days.rows(&cells),
            timeframe: span.name,
            summary: spent(summary(&total), &tally),
            top_endpoints: endpoints(named.into_iter(), sums.calls, total.errors()),
            methods: methods(&sums.kinds),
            statuses: statuses(&sums.kinds),
            service_tokens: service_tokens(&tables, &sums.kinds),
            unique_clients: sums.kinds.clients(),
            top_keys: busiest.collect(),
            models: models(&tally),
            currency: self.0.settings.prices.currency.clone(),
            errors: classes(&total),
            points: Vec::new(),
            previous: None,
        }
    }
}

impl UsageOverview {
    /// With sums alone: what names tell is not for whoever runs the instance.
    fn without_names(self) -> Self {
        let (top_endpoints, service_tokens) = (Vec::new(), Vec::new());
        Self { top_endpoints, service_tokens, top_keys: Vec::new(), models: Vec::new(), ..self }
    }
}

impl Sum {
    fn read<'a>(
        usage: &Usage,
        book: &Prices,
        keys: impl Iterator<Item = &'a mut (Id, String)>,
        reach: &Reach,
    ) -> Result<Self> {
        let Reach { grain, from_ms, to_ms, days } = reach;
        let layout = Layout::of(*grain, *from_ms, *to_ms, |start_ms| Some(days.place(start_ms)));
        let mut sum = Self { days: vec![Cell::default(); days.count()], ..Self::default() };
        let mut pricer = Pricer::new(book);
        for (id, service) in keys {
            let Some(key) = usage.of(*id)? else { continue };
            let (mut requests, mut tally) = (0, Tally::default());
            let calls = pricer.calls(service);
            layout.add_moving(&key, &mut sum.total, |count, day, start_ms, cell| {
                let (bill, day) = (calls.bill(start_ms, cell), &mut sum.days[day]);
                match count {
                    Count::In => {
                        requests += cell.requests;
                        tally.add_rest(bill);
                        day.merge_sums(cell);
                    }
                    Count::Out => {
                        requests = requests.saturating_sub(cell.requests);
                        tally.remove_rest(bill);
                        day.remove_sums(cell);
                    }
                }
            })?;
            pricer.count(service, &layout.models(&key)?, &[], &mut tally);
            sum.tally.merge(&tally);
            key.add_endpoints(*grain, &mut [(*from_ms..*to_ms, &mut sum.endpoints)])?;
            if requests > 0 {
                sum.keys.push((requests, *id, tally.bill()));
            }
        }
        Ok(sum)
    }

    fn merge(&mut self, other: Self) {
        self.total.merge(&other.total);
        self.days.iter_mut().zip(&other.days).for_each(|(sum, more)| sum.merge_sums(more));
        self.endpoints.merge(&other.endpoints);
        self.keys.extend(other.keys);
        self.tally.merge(&other.tally);
    }
}
