//! Listing and searching the keys a caller may see: filtered, sorted, a page at a time. It reads memory alone.

use std::cmp::{Ordering, Reverse};

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use keyward_store::model::{ApiKey, Id};

use crate::caller::Caller;
use crate::error::Result;
use crate::input::{KeyQuery, KeySort};
use crate::service::Service;
use crate::service::keys::status_of;
use crate::service::mirror::{Shared, SpaceKeys, Tables};
use crate::view::{KeyPage, Pagination};

/// The longest search text, in bytes.
const LONGEST_SEARCH: usize = 200;

impl Service {
    /// A page of the keys the caller may see.
    pub async fn keys(&self, caller: &Caller, query: &KeyQuery) -> Result<KeyPage> {
        check(query)?;
        let account = caller.person()?;
        let (rows, total) = {
            let tables = self.mirror().read();
            let spaces: Vec<&SpaceKeys> = tables
                .memberships(account)
                .iter()
                .filter(|member| query.team.is_none_or(|team| member.record.space == team))
                .filter_map(|member| tables.keys.space(member.record.space))
                .collect();
            if is_plain(query) {
                self.newest(&tables, &spaces, query)
            } else {
                self.found(&tables, &spaces, query)
            }
        };
        let limit = u64::from(query.limit);
        Ok(KeyPage {
            keys: rows.iter().map(|row| self.key_view(row)).collect(),
            pagination: Pagination {
                page: query.page,
                limit: query.limit,
                total,
                pages: total.div_ceil(limit),
            },
        })
    }

    /// Without a filter there is nothing to test: take the page straight from the order that is kept.
    fn newest(&self, tables: &Tables, spaces: &[&SpaceKeys], query: &KeyQuery) -> (Vec<Shared<ApiKey>>, u64) {
        let total = spaces.iter().map(|space| space.len() as u64).sum();
        let mut sources: Vec<_> = spaces.iter().map(|space| space.newest().peekable()).collect();
        let merged = std::iter::from_fn(|| {
            let heads = sources.iter_mut().filter_map(|source| Some((*source.peek()?, source)));
            heads.min_by_key(|(head, _)| *head)?.1.next()
        });
        let ids = merged.skip(skipped(query)).take(query.limit as usize);
        (ids.filter_map(|(_, id)| tables.keys.get(id).cloned()).collect(), total)
    }

    fn found(&self, tables: &Tables, spaces: &[&SpaceKeys], query: &KeyQuery) -> (Vec<Shared<ApiKey>>, u64) {
        let now_ms = self.now_ms();
        let search = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let ids: Vec<Id> = match search {
            Some(text) if !query.fuzzy => spaces.iter().flat_map(|space| space.containing(text)).collect(),
            _ => spaces.iter().flat_map(|space| space.newest()).map(|(_, id)| id).collect(),
        };
        let wanted = |row: &&Shared<ApiKey>| {
            query.status.is_none_or(|status| status_of(&row.record, now_ms) == status)
                && query.environment.is_none_or(|environment| row.record.environment == environment)
                && query
                    .tag
                    .as_ref()
                    .is_none_or(|tag| row.record.tags.iter().any(|t| t.eq_ignore_ascii_case(tag)))
        };
        let rows = ids.into_iter().filter_map(|id| tables.keys.get(id)).filter(wanted);
        match search {
            Some(text) if query.fuzzy => fuzzy(rows, text, query),
            _ => self.sorted(rows.collect(), query, now_ms),
        }
    }

    fn sorted(
        &self,
        mut rows: Vec<&Shared<ApiKey>>,
        query: &KeyQuery,
        now_ms: i64,
    ) -> (Vec<Shared<ApiKey>>, u64) {
        let newest = |row: &ApiKey| (Reverse(row.created_ms), row.id);
        match query.sort {
            KeySort::Newest => page_by(&mut rows, query, |a, b| newest(&a.record).cmp(&newest(&b.record)))
                .map_rows(|row| *row),
            KeySort::Name => page_by_cached(rows, query, |row| (row.name.to_lowercase(), row.id)),
            KeySort::Service => page_by_cached(rows, query, |row| {
                (row.service.to_lowercase(), row.name.to_lowercase(), row.id)
            }),
            KeySort::LastUsed => page_by_cached(rows, query, |row| {
                (Reverse(self.0.usage.totals(row.id, now_ms).last_used_ms), row.id)
            }),
            KeySort::Usage => page_by_cached(rows, query, |row| {
                (Reverse(self.0.usage.totals(row.id, now_ms).month_used), row.id)
            }),
        }
    }
}

fn check(query: &KeyQuery) -> Result<()> {
    let mut faults = super::text::Faults::default();
    if query.page == 0 {
        faults.add("page", "starts at 1");
    }
    if !(1..=100).contains(&query.limit) {
        faults.add("limit", "is between 1 and 100");
    }
    if query.search.as_ref().is_some_and(|text| text.len() > LONGEST_SEARCH) {
        faults.add("search", format!("is longer than {LONGEST_SEARCH} bytes"));
    }
    faults.check()
}

fn is_plain(query: &KeyQuery) -> bool {
    query.search.as_deref().is_none_or(|text| text.trim().is_empty())
        && query.status.is_none()
        && query.environment.is_none()
        && query.tag.is_none()
        && query.sort == KeySort::Newest
}

fn skipped(query: &KeyQuery) -> usize {
    (query.page as usize - 1).saturating_mul(query.limit as usize)
}

/// The best matches first; ties by id, so that pages do not overlap.
fn fuzzy<'a>(
    rows: impl Iterator<Item = &'a Shared<ApiKey>>,
    text: &str,
    query: &KeyQuery,
) -> (Vec<Shared<ApiKey>>, u64) {
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, &Shared<ApiKey>)> = rows
        .filter_map(|row| {
            let score = pattern.score(Utf32Str::new(&row.record.name, &mut buffer), &mut matcher)?;
            Some((score, row))
        })
        .collect();
    page_by(&mut scored, query, |a, b| b.0.cmp(&a.0).then(a.1.record.id.cmp(&b.1.record.id)))
        .map_rows(|(_, row)| row)
}

/// One page of the rows in this order, without sorting what lies outside it.
fn page_by<T: Copy>(rows: &mut [T], query: &KeyQuery, order: impl Fn(&T, &T) -> Ordering) -> Page<T> {
    let total = rows.len();
    let start = skipped(query).min(total);
    let end = (start + query.limit as usize).min(total);
    if end < total && end > 0 {
        rows.select_nth_unstable_by(end - 1, &order);
    }
    let head = &mut rows[..end];
    if start > 0 && start < end {
        head.select_nth_unstable_by(start, &order);
    }
    head[start..].sort_unstable_by(&order);
    Page { rows: head[start..].to_vec(), total: total as u64 }
}

fn page_by_cached<K: Ord>(
    rows: Vec<&Shared<ApiKey>>,
    query: &KeyQuery,
    key: impl Fn(&ApiKey) -> K,
) -> (Vec<Shared<ApiKey>>, u64) {
    let keys: Vec<K> = rows.iter().map(|row| key(&row.record)).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    page_by(&mut order, query, |a, b| keys[*a].cmp(&keys[*b])).map_rows(|index| rows[*index])
}

/// A page and how many there are in all.
struct Page<T> {
    rows: Vec<T>,
    total: u64,
}

impl<T> Page<T> {
    fn map_rows<'a>(self, row: impl Fn(&T) -> &'a Shared<ApiKey>) -> (Vec<Shared<ApiKey>>, u64) {
        (self.rows.iter().map(|entry| Shared::clone(row(entry))).collect(), self.total)
    }
}
