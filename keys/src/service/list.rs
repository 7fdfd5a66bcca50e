//! Listing and searching the keys a caller may see: filtered, sorted, a page at a time. It reads memory alone.

mod source;

use std::cmp::Reverse;

use keyward_store::model::{ApiKey, Environment, Id};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Fault, Result};
use crate::input::{KeyQuery, KeySort};
use crate::service::Service;
use crate::service::keys::status_of;
use crate::service::mirror::{Place, Shared, SpaceKeys, Tables};
use crate::service::text::Faults;
use crate::view::{KeyPage, Pagination};

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
                    self.found(&tables, &Source::Kept(spaces), query)
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
        let contained: Vec<Place> = match search {
            Some(_) if query.fuzzy == Some(true) => Vec::new(),
            Some(text) => source.containing(text),
            None => source.all(),
        };
        let alike = search.filter(|_| contained.is_empty() && query.fuzzy != Some(false));
        if let Some(text) = alike {
            let hits = source.alike(text).into_iter();
            return page(tables, hits.filter(|(_, id)| self.wanted(tables, *id, query, now_ms)), query);
        }
        let hits = contained.into_iter().filter(|(_, id)| self.wanted(tables, *id, query, now_ms));
        if query.sort == KeySort::Newest && !query.reverse {
            return page(tables, hits, query);
        }
        let keyed = hits.filter_map(|(_, id)| {
            let key = &tables.keys.any(id)?.record;
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

    /// Whether a key passes the filters. Without any it is not even looked up.
    fn wanted(&self, tables: &Tables, id: Id, query: &KeyQuery, now_ms: i64) -> bool {
        if !narrows(query) && query.as_of.is_none() {
            return true;
        }
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
fn page<K: Ord>(
    tables: &Tables,
    hits: impl Iterator<Item = (K, Id)>,
    query: &KeyQuery,
) -> (Vec<Shared<ApiKey>>, u64) {
    let mut hits: Vec<(K, Id)> = hits.collect();
    let total = hits.len();
    let start = skipped(query).min(total);
    let end = (start + query.limit as usize).min(total);
    if end < total && end > 0 {
        hits.select_nth_unstable(end - 1);
    }
    let head = &mut hits[..end];
    if start > 0 && start < end {
        head.select_nth_unstable(start);
    }
    head[start..].sort_unstable();
    (head[start..].iter().filter_map(|(_, id)| tables.keys.any(*id).cloned()).collect(), total as u64)
}
