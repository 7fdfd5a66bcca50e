//! What calls cost, told apart by key, team, tag, month or model: worked out from rollups and the price book whenever
//! somebody asks, so that a change of the book changes the past too.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{Grain, HOUR_RETENTION_MS, KeyUsage, ModelUse, Usage};

use crate::caller::Caller;
use crate::clock::{month_around, utc_day};
use crate::error::{Error, Result};
use crate::input::{CostQuery, CostsBy};
use crate::policy::Permission;
use crate::prices::{Bill, Money, Pricer, Prices, Tally, tokens};
use crate::service::Service;
use crate::service::access::{Target, may};
use crate::service::budgets;
use crate::service::layout::{Layout, in_parts};
use crate::service::mirror::Tables;
use crate::service::overview::LONGEST_CELL_MS;
use crate::service::pace::Pace;
use crate::service::report::{Span, grain, hours_of};
use crate::service::shares::model_name;
use crate::view::{BillingCosts, CostLine, CostReport};

/// Lines a report has at most; the rest is one more, so that they add up.
const MOST_LINES: usize = 1_000;

/// Keys and models that a bill names.
const MOST_DEAREST: usize = 20;

/// Stands for what is told apart no further.
const REST: &str = "other";

/// One key that is read, its service, and the lines that its calls belong to.
struct Source {
    key: Id,
    service: String,
    labels: Vec<(Option<Id>, String)>,
}

/// What one line adds up to.
#[derive(Clone, Copy, Default)]
struct Sum {
    requests: u64,
    tokens: u64,
    bill: Bill,
}

impl Sum {
    fn add(&mut self, more: &Self) {
        self.requests = self.requests.saturating_add(more.requests);
        self.tokens = self.tokens.saturating_add(more.tokens);
        self.bill.add(more.bill);
    }
}

type Lines = HashMap<(Option<Id>, String), Sum>;

/// Tags in small letters: how each is written, and the place of the keys that have it; none when these are of several.
type Tags = HashMap<String, (String, Option<Id>)>;

impl Service {
    /// What the calls of a span cost, of all keys whose usage the caller may see, or of those that are named.
    pub async fn costs(&self, caller: &Caller, query: &CostQuery) -> Result<CostReport> {
        let (account, now_ms) = (caller.person()?, self.now_ms());
        let span = self.span(caller, &query.span, now_ms)?;
        let by = query.by.unwrap_or(CostsBy::Key);
        let mut ids = self.used_since(self.metered(caller, account), span.from_ms - LONGEST_CELL_MS, now_ms);
        if let Some(key) = &query.key {
            let id = self.resolve(caller, key)?;
            self.key_row(caller, Permission::UsageRead, id)?;
            ids = vec![id];
        }
        let (mut sources, tags) = {
            let tables = self.mirror().read();
            let tags = if by == CostsBy::Tag { tags(&tables, &ids) } else { Tags::new() };
            (sources(&tables, &ids, by, &tags), tags)
        };
        let (usage, book) = (self.0.usage.clone(), Arc::clone(&self.0.settings.prices));
        let (from_ms, to_ms) = (span.from_ms, span.to_ms);
        // By months and by whole days, days (UTC) are as good as hours.
        let grain = if by == CostsBy::Month { months_grain(&span, now_ms) } else { grain(&span, now_ms) };
        let (service, (only, spaces)) = (self.clone(), self.places_of(caller, account, query, &ids));
        let (lines, total, budgets) = {
            let _turn = self.0.overviews.lock().await;
            let reading = move || {
                let _asking = usage.asking();
                let (lines, total) = read(&usage, &book, &mut sources, by, grain, (from_ms, to_ms))?;
                let meant =
                    |_, of: Id, space: Id| only.is_none_or(|only| only == of) && spaces.contains(&space);
                Ok::<_, Error>((lines, total, service.budgets_of(meant, now_ms)?))
            };
            tokio::task::spawn_blocking(reading).await.map_err(|error| Error::Internal(Box::new(error)))??
        };
        Ok(CostReport {
            timeframe: span.name,
            currency: self.0.settings.prices.currency.clone(),
            requests: total.requests,
            tokens: total.tokens,
            cost: total.bill.money(),
            lines: self.told(lines, by, &tags),
            budgets,
        })
    }

    /// What these keys' calls cost since the month (UTC) began.
    pub(super) async fn month_costs(
        &self,
        ids: Vec<Id>,
        spaces: Vec<Id>,
        now_ms: i64,
    ) -> Result<BillingCosts> {
        let (first, next) = month_around(now_ms);
        let span = (first.as_millisecond(), next.as_millisecond());
        let mut sources = sources(&self.mirror().read(), &ids, CostsBy::Key, &Tags::new());
        let (usage, book) = (self.0.usage.clone(), Arc::clone(&self.0.settings.prices));
        let service = self.clone();
        let reading = move || {
            let _asking = usage.asking();
            let (keys, total) = read(&usage, &book, &mut sources, CostsBy::Key, Grain::Day, span)?;
            let (models, _) = read(&usage, &book, &mut sources, CostsBy::Model, Grain::Day, span)?;
            let budgets = service.budgets_of(|_, _, space| spaces.contains(&space), now_ms)?;
            Ok::<_, Error>((keys, models, total, budgets))
        };
        let (keys, models, total, budgets) = {
            let _turn = self.0.overviews.lock().await;
            tokio::task::spawn_blocking(reading).await.map_err(|error| Error::Internal(Box::new(error)))??
        };
        let dearest = |lines: Lines, by| {
            let mut lines = self.told(lines, by, &Tags::new());
            lines.retain(|line| line.cost.is_some());
            lines.truncate(MOST_DEAREST);
            lines
        };
        let (book, cost) = (&self.0.settings.prices, total.bill.money());
        Ok(BillingCosts {
            currency: book.currency.clone(),
            list_prices_of: book.taken.map(|day| day.to_string()),
            cost,
            forecast: cost.map(|cost| Money(Pace::of(cost.0, now_ms).at_end())),
            keys: dearest(keys, CostsBy::Key),
            models: dearest(models, CostsBy::Model),
            budgets,
        })
    }

    /// The lines in their order, with the budgets of keys, teams and tags.
    fn told(&self, lines: Lines, by: CostsBy, tags: &Tags) -> Vec<CostLine> {
        let mut lines: Vec<_> = lines.into_iter().collect();
        if by == CostsBy::Month {
            lines.sort_by(|((_, a), _), ((_, b), _)| a.cmp(b));
        } else {
            let worth = |sum: &Sum| (sum.bill.money(), sum.tokens, sum.requests);
            lines.sort_by_cached_key(|((id, name), sum)| (Reverse(worth(sum)), name.clone(), *id));
        }
        if lines.len() > MOST_LINES {
            let mut rest = Sum::default();
            lines.split_off(MOST_LINES).iter().for_each(|(_, sum)| rest.add(sum));
            lines.push(((None, REST.to_owned()), rest));
        }
        let tables = self.mirror().read();
        let of_tag = |name: &str| {
            let (_, place) = tags.get(&name.to_ascii_lowercase())?;
            budgets::of_tag(&tables, (*place)?, name)
        };
        let line = |((id, name), sum): ((Option<Id>, String), Sum)| CostLine {
            id,
            monthly_budget: id.map_or_else(|| of_tag(&name), |id| budgets::of(&tables, id)),
            name,
            requests: sum.requests,
            tokens: sum.tokens,
            cost: sum.bill.money(),
        };
        lines.into_iter().map(line).collect()
    }

    /// Whose budgets go with a report: those of one key when it is named, else of all places whose usage the caller may see.
    fn places_of(
        &self,
        caller: &Caller,
        account: Id,
        query: &CostQuery,
        ids: &[Id],
    ) -> (Option<Id>, Vec<Id>) {
        let tables = self.mirror().read();
        let spaces = tables.memberships(account).iter().map(|member| member.record.space);
        let seen = |space: &Id| may(&tables, caller.identity, Permission::UsageRead, Target::Space(*space));
        let only = query.key.as_ref().and_then(|_| ids.first().copied());
        (only, spaces.filter(seen).collect())
    }
}

/// The finest rollup that tells months apart in the span.
fn months_grain(span: &Span, now_ms: i64) -> Grain {
    if span.from_ms > now_ms - HOUR_RETENTION_MS {
        hours_of(&span.zone, span.from_ms, span.to_ms)
    } else {
        Grain::Day
    }
}

/// How the tags of these keys are written, and where the keys with each are. A tag is one in any case of its letters, as
/// for budgets.
fn tags(tables: &Tables, ids: &[Id]) -> Tags {
    let mut tags = Tags::new();
    for key in ids.iter().filter_map(|id| tables.keys.get(*id)) {
        let space = Some(key.record.space);
        for tag in &key.record.tags {
            let (name, place) = tags.entry(tag.to_ascii_lowercase()).or_insert_with(|| (tag.clone(), space));
            if tag < name {
                name.clone_from(tag);
            }
            *place = place.filter(|_| *place == space);
        }
    }
    tags
}

fn sources(tables: &Tables, ids: &[Id], by: CostsBy, tags: &Tags) -> Vec<Source> {
    let source = |id: &Id| {
        let key = &tables.keys.get(*id)?.record;
        let labels = match by {
            CostsBy::Key => vec![(Some(key.id), key.name.clone())],
            CostsBy::Team => {
                let team = tables.team_of(key.space);
                let name = team.and_then(|team| Some(tables.spaces.get(&team)?.record.name.clone()));
                vec![(team, name.unwrap_or_else(|| "own keys".to_owned()))]
            }
            CostsBy::Tag if key.tags.is_empty() => vec![(None, "untagged".to_owned())],
            // What has several tags counts for each.
            CostsBy::Tag => {
                let names = key.tags.iter().filter_map(|tag| tags.get(&tag.to_ascii_lowercase()));
                let names: BTreeSet<&String> = names.map(|(name, _)| name).collect();
                names.into_iter().map(|name| (None, name.clone())).collect()
            }
            CostsBy::Service => vec![(None, key.service.clone())],
            CostsBy::Month | CostsBy::Model => Vec::new(),
        };
        Some(Source { key: *id, service: key.service.clone(), labels })
    };
    ids.iter().filter_map(source).collect()
}

/// Reads all keys into lines and their total, a long list in two parts beside each other.
fn read(
    usage: &Usage,
    book: &Prices,
    sources: &mut [Source],
    by: CostsBy,
    grain: Grain,
    (from_ms, to_ms): (i64, i64),
) -> Result<(Lines, Sum)> {
    let layout = Layout::of(grain, from_ms, to_ms, |start_ms| Some(month_of(start_ms)));
    let part = |sources: &mut dyn Iterator<Item = &mut Source>| {
        let (mut pricer, mut lines, mut total) = (Pricer::new(book), Lines::new(), Sum::default());
        for source in sources {
            let Some(key) = usage.of(source.key)? else { continue };
            let uses = layout.models(&key)?;
            total.add(&read_key(&key, source, &layout, &uses, by, &mut pricer, &mut lines)?);
        }
        Ok((lines, total))
    };
    let ((mut lines, mut total), more) = in_parts(sources, part)?;
    if let Some((more, of_more)) = more {
        more.into_iter().for_each(|(label, sum)| lines.entry(label).or_default().add(&sum));
        total.add(&of_more);
    }
    Ok((lines, total))
}

/// Adds one key to the lines; answers all of it.
fn read_key(
    key: &KeyUsage,
    source: &Source,
    layout: &Layout<Month>,
    uses: &[ModelUse],
    by: CostsBy,
    pricer: &mut Pricer<'_>,
    lines: &mut Lines,
) -> Result<Sum> {
    let calls = pricer.calls(&source.service);
    let (mut months, mut tally) = (Months::default(), Tally::default());
    layout.add(key, None, |month, start_ms, cell| {
        let bill = calls.bill(start_ms, cell);
        months.of(month).add(&Sum { requests: cell.requests, tokens: 0, bill });
    })?;
    pricer.count(&source.service, uses, &[], &mut tally);
    months.0.iter().for_each(|(_, sum)| tally.add_rest(sum.bill));
    let requests = months.0.iter().map(|(_, sum)| sum.requests).sum();
    let sum = Sum { requests, tokens: tally.tokens(), bill: tally.bill() };
    match by {
        CostsBy::Model => by_model(lines, &tally, &sum),
        CostsBy::Month => {
            for used in uses {
                let bill = pricer.bill(&source.service, used);
                let sum = Sum { requests: 0, tokens: tokens(&used.cell), bill };
                months.of(month_of(used.start_ms)).add(&sum);
            }
            for ((year, month), sum) in &months.0 {
                lines.entry((None, format!("{year:04}-{month:02}"))).or_default().add(sum);
            }
        }
        _ if sum.requests == 0 => {}
        _ => source.labels.iter().for_each(|label| lines.entry(label.clone()).or_default().add(&sum)),
    }
    Ok(sum)
}

type Month = (i16, i8);

/// What each month adds up to, in no order.
#[derive(Default)]
struct Months(Vec<(Month, Sum)>);

impl Months {
    /// Mostly one asks for the last one again.
    fn of(&mut self, month: Month) -> &mut Sum {
        let place = self.0.iter().rposition(|(known, _)| *known == month).unwrap_or_else(|| {
            self.0.push((month, Sum::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

/// The year and month (UTC) of a time.
fn month_of(at_ms: i64) -> Month {
    let day = utc_day(at_ms);
    (day.year(), day.month())
}

/// A line for each model, and one for what is no model's.
fn by_model(lines: &mut Lines, tally: &Tally, all: &Sum) {
    let mut named = 0;
    for (model, (cell, bill)) in &tally.models {
        named += cell.requests;
        let sum = Sum { requests: cell.requests, tokens: tokens(cell), bill: *bill };
        lines.entry((None, model_name(model.as_deref()))).or_default().add(&sum);
    }
    let rest = Sum { requests: all.requests.saturating_sub(named), tokens: 0, bill: tally.rest() };
    if rest.requests > 0 || rest.bill.money().is_some() {
        lines.entry((None, "no model".to_owned())).or_default().add(&rest);
    }
}
