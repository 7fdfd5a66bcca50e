//! Listing and searching the keys a caller may see: filtered, sorted, a page at a time. It reads memory alone.

mod like;
mod source;

use std::borrow::Borrow;
use std::cmp::Reverse;

use keyward_store::model::{ApiKey, Environment, Id};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Fault, Result};
use crate::input::{KeyQuery, KeySort};
use crate::service::Service;
use crate::service::keys::status_of;
use crate::service::mirror::{Hit, Place, Shared, SpaceKeys, Tables};
use crate::service::text::Faults;
use crate::view::{KeyPage, Pagination};

use like::Like;
use source::Source;

/// The longest search text, in bytes.
const LONGEST_SEARCH: usize = 200;

impl Service {
    /// A page of the keys the caller may see.
    pub async fn keys(&self, caller: &Caller, query: &KeyQuery) -> Result<KeyPage> {
        Faults::from(query.faults()).check()?;
        let account = caller.person()?;
        let (rows, total, newest) = {
            let tables = self.mirror().read();
            let members = tables.memberships(account).iter().map(|member| member.record.space);
            let spaces: Vec<Id> =
                members.filter(|space| query.team.is_none_or(|team| *space == team)).collect();
            if query.bin {
                let (rows, total) = self.found(&tables, &Source::bin(&tables, &spaces), query);
                (rows, total, None)
            } else {
                let spaces: Vec<&SpaceKeys> =
                    spaces.iter().filter_map(|space| tables.keys.space(*space)).collect();
                let newest = spaces.iter().filter_map(|space| space.newest().next()).min();
                let (rows, total) = if is_plain(query) {
                    self.newest(&tables, &spaces, query)
                } else {
                    self.found(&tables, &Source::kept(spaces), query)
                };
                (rows, total, newest)
            }
        };
        Ok(KeyPage {
            keys: rows.iter().map(|row| self.key_view_for(caller, row)).collect(),
            pagination: Pagination::of(query.page, query.limit, total),
            as_of: query.as_of.or(newest.map(|(Reverse(created_ms), _)| timestamp(created_ms))),
        })
    }

    /// Without a filter there is nothing to test: take the page straight from the order that is kept.
    fn newest(&self, tables: &Tables, spaces: &[&SpaceKeys], query: &KeyQuery) -> (Vec<Shared<ApiKey>>, u64) {
        let later = |place: &Place| is_later(query, place.0.0);
        let left_out = |space: &SpaceKeys| space.newest().take_while(later).count();
        let total = spaces.iter().map(|space| (space.len() - left_out(space)) as u64).sum();
        let mut sources: Vec<_> = spaces.iter().map(|space| space.newest().peekable()).collect();
        let merged = std::iter::from_fn(|| {
            let heads = sources.iter_mut().filter_map(|source| Some((*source.peek()?, source)));
            heads.min_by_key(|(head, _)| *head)?.1.next()
        });
        let ids = merged.skip_while(later).skip(skipped(query)).take(query.limit as usize);
        (ids.filter_map(|(_, id)| tables.keys.get(id).cloned()).collect(), total)
    }

    fn found(&self, tables: &Tables, source: &Source<'_>, query: &KeyQuery) -> (Vec<Shared<ApiKey>>, u64) {
        let now_ms = self.now_ms();
        let search = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let all_wanted = !narrows(query) && query.as_of.is_none();
        let wanted = |id: &Id| all_wanted || self.wanted(tables, *id, query, now_ms);
        let Some(text) = search else {
            return self.sorted(tables, source.all().filter(|(_, id)| wanted(id)), query, now_ms);
        };
        let mut contained = source.containing(text).peekable();
        let alike = query.fuzzy.unwrap_or_else(|| contained.peek().is_none());
        if alike {
            let like = Like::new(text);
            return page(tables, source.alike(&like).filter(|(_, id)| wanted(id)), query);
        }
        self.sorted(tables, contained.filter(|(_, id)| wanted(id)), query, now_ms)
    }

    /// One page of these hits in the order that is asked for.
    fn sorted<'a>(
        &self,
        tables: &Tables,
        hits: impl Iterator<Item = Hit<'a>>,
        query: &KeyQuery,
        now_ms: i64,
    ) -> (Vec<Shared<ApiKey>>, u64) {
        if query.sort == KeySort::Newest && !query.reverse {
            return page(tables, hits, query);
        }
        let keyed = hits.filter_map(|(_, id)| {
            let key = &tables.keys.any(*id)?.record;
            Some((self.sort_key(key, query.sort, now_ms).turned(query.reverse), id))
        });
        page(tables, keyed, query)
    }

    /// What a row is sorted by, in the order's own direction.
    fn sort_key(&self, key: &ApiKey, sort: KeySort, now_ms: i64) -> SortKey {
        let text = |first: &str, then: &str| {
            SortKey::Text(format!("{}\n{}", first.to_lowercase(), then.to_lowercase()))
        };
        let most = |number: Option<i64>| SortKey::number(number.map(i64::wrapping_neg));
        match sort {
            KeySort::Newest => most(Some(key.deleted_ms.unwrap_or(key.created_ms))),
            KeySort::Name => text(&key.name, ""),
            KeySort::Service => text(&key.service, &key.name),
            KeySort::LastUsed => most(self.0.usage.totals(key.id, now_ms).last_used_ms),
            KeySort::Usage => most(i64::try_from(self.0.usage.totals(key.id, now_ms).month_used).ok()),
            KeySort::Environment => text(environment(key.environment), &key.name),
            KeySort::NextRotation => SortKey::number(key.next_rotation_ms),
        }
    }

    /// Whether a key passes the filters.
    fn wanted(&self, tables: &Tables, id: Id, query: &KeyQuery, now_ms: i64) -> bool {
        tables.keys.any(id).is_some_and(|row| {
            let key = &row.record;
            !is_later(query, key.created_ms)
                && query.status.is_none_or(|status| status_of(key, now_ms) == status)
                && query.environment.is_none_or(|environment| key.environment == environment)
                && query.tag.as_ref().is_none_or(|tag| key.tags.iter().any(|t| t.eq_ignore_ascii_case(tag)))
                && query.service.as_ref().is_none_or(|service| key.service.eq_ignore_ascii_case(service))
                && query.frozen.is_none_or(|frozen| key.frozen_ms.is_some() == frozen)
                && query.unused.is_none_or(|days| self.is_unused(key, days, now_ms))
                && query.hygiene.is_none_or(|hygiene| self.stands_out(tables, key, hygiene, now_ms))
        })
    }
}

/// What rows are sorted by; of one list, all are of one kind. What has no value comes last, also in reverse.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Text(String),
    TextDown(Reverse<String>),
    Number(i64),
    NumberDown(Reverse<i64>),
    None,
}

impl SortKey {
    fn number(number: Option<i64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }

    fn turned(self, reverse: bool) -> Self {
        match self {
            Self::Text(text) if reverse => Self::TextDown(Reverse(text)),
            Self::Number(number) if reverse => Self::NumberDown(Reverse(number)),
            straight => straight,
        }
    }
}

pub(super) fn environment(environment: Environment) -> &'static str {
    match environment {
        Environment::Development => "development",
        Environment::Staging => "staging",
        Environment::Production => "production",
    }
}

/// Whether a key was made after the moment that is asked for.
fn is_later(query: &KeyQuery, created_ms: i64) -> bool {
    query.as_of.is_some_and(|as_of| created_ms > as_of.as_millisecond())
}

impl KeyQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.page(self.page, self.limit);
        if self.search.as_ref().is_some_and(|text| text.len() > LONGEST_SEARCH) {
            faults.add("search", format!("is longer than {LONGEST_SEARCH} bytes"));
        }
        faults.into_vec()
    }
}

/// Whether some keys are left out for what they are.
fn narrows(query: &KeyQuery) -> bool {
    query.status.is_some()
        || query.environment.is_some()
        || query.tag.is_some()
        || query.service.is_some()
        || query.frozen.is_some()
        || query.unused.is_some()
        || query.hygiene.is_some()
}

fn is_plain(query: &KeyQuery) -> bool {
    query.search.as_deref().is_none_or(|text| text.trim().is_empty())
        && !narrows(query)
        && query.sort == KeySort::Newest
        && !query.reverse
}

fn skipped(query: &KeyQuery) -> usize {
    (query.page as usize - 1).saturating_mul(query.limit as usize)
}

/// One page of the hits in their order (ties by id, so that pages do not overlap), without sorting what lies outside
/// it; and how many there are.
fn page<K: Ord, I: Ord + Borrow<Id>>(
    tables: &Tables,
    hits: impl Iterator<Item = (K, I)>,
    query: &KeyQuery,
) -> (Vec<Shared<ApiKey>>, u64) {
    let start = skipped(query);
    let (mut first, total) = least(hits, start.saturating_add(query.limit as usize));
    let start = start.min(first.len());
    if start > 0 && start < first.len() {
        first.select_nth_unstable(start);
    }
    first[start..].sort_unstable();
    (first[start..].iter().filter_map(|(_, id)| tables.keys.any(*id.borrow()).cloned()).collect(), total)
}

/// The `most` least ones, at least one, in no order; and how many there are in all. It keeps no more than it must, so that
/// among many hits a page costs little more than to count them.
fn least<T: Ord>(all: impl Iterator<Item = T>, most: usize) -> (Vec<T>, u64) {
    let most = most.max(1);
    let room = most.saturating_mul(2).max(1024);
    let (mut least, mut total, mut sieved) = (Vec::new(), 0, false);
    // Not a loop: what many iterators are joined to is walked twice as fast from within.
    all.for_each(|one| {
        total += 1;
        if sieved && one > least[most - 1] {
            return;
        }
        least.push(one);
        if least.len() == room {
            sieve(&mut least, most);
            sieved = true;
        }
    });
    sieve(&mut least, most);
    (least, total)
}

/// Leaves the `most` least ones, with the greatest of them at the end.
fn sieve<T: Ord>(all: &mut Vec<T>, most: usize) {
    if all.len() > most {
        all.select_nth_unstable(most - 1);
        all.truncate(most);
    }
}

#[cfg(test)]
mod tests;
