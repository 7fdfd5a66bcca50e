//! Listing the chain: newest first, filtered, a page at a time, and of it what the caller may see. A filter looks at
//! every record, one reader at a time, and makes way for others in between.

use std::collections::HashSet;

use keyward_store::model::{AuditRecord, Id};
use keyward_store::{KeyRange, Order, Snapshot, Store};

use super::{PAGE, entry, view};
use crate::caller::Caller;
use crate::error::{Fault, Result};
use crate::input::{AuditQuery, KeyRef};
use crate::policy::{Permission, RULES};
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::text::Faults;
use crate::view::{AuditPage, AuditView, Pagination};

/// What of the chain somebody may see.
enum Sight {
    /// All of it.
    Instance,
    /// What was done by or to these (the account and its service tokens), and what was done in these spaces.
    Parts { own: HashSet<Id>, spaces: HashSet<Id> },
}

impl Sight {
    fn holds(&self, record: &AuditRecord) -> bool {
        match self {
            Self::Instance => true,
            Self::Parts { own, spaces } => {
                [record.actor, record.object].into_iter().flatten().any(|id| own.contains(&id))
                    || record.space.is_some_and(|space| spaces.contains(&space))
            }
        }
    }
}

impl Service {
    /// A page of the audit records that the caller may see, newest first.
    pub async fn audit(&self, caller: &Caller, query: &AuditQuery) -> Result<AuditPage> {
        Faults::from(query.faults()).check()?;
        let sight = self.sight(caller)?;
        let mut page = Gathered::new(query);
        if matches!(sight, Sight::Instance) && is_plain(query) {
            self.newest_records(&mut page).await?;
        } else {
            self.search_records(&mut page, |record| sight.holds(record) && wanted(record, query)).await?;
        }
        Ok(page.finish(query))
    }

    /// The same of one key.
    pub async fn key_audit(&self, caller: &Caller, key: &KeyRef, query: AuditQuery) -> Result<AuditPage> {
        let object = Some(self.resolve(caller, key)?);
        self.audit(caller, &AuditQuery { object, ..query }).await
    }

    fn sight(&self, caller: &Caller) -> Result<Sight> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        let may = |target| authorise(&tables, caller, Permission::AuditRead, target, None);
        if may(Target::Instance).is_ok() {
            return Ok(Sight::Instance);
        }
        may(Target::Account(account))?;
        let tokens = tables.tokens.values().filter(|token| token.record.created_by == account);
        let spaces = tables.memberships(account).iter().map(|member| member.record.space);
        Ok(Sight::Parts {
            own: tokens.map(|token| token.record.id).chain([account]).collect(),
            spaces: spaces.filter(|space| may(Target::Space(*space)).is_ok()).collect(),
        })
    }

    /// Without a filter the numbers alone say which records are on the page.
    async fn newest_records(&self, page: &mut Gathered) -> Result<()> {
        let snapshot = self.store().snapshot().await?;
        page.total = super::head(&snapshot).await?.size;
        let Some(last) = page.total.checked_sub(page.skip).filter(|last| *last > 0) else { return Ok(()) };
        let range = KeyRange { start: Vec::new(), end: Some((last + 1).to_be_bytes().to_vec()) };
        let rows = snapshot.scan(AuditRecord::LOG, range, Order::Descending, page.limit).await?;
        page.records.extend(rows.iter().filter_map(|(key, row)| {
            let (number, record) = read(key, row)?;
            Some(view(number, record))
        }));
        Ok(())
    }

    async fn search_records(&self, page: &mut Gathered, wanted: impl Fn(&AuditRecord) -> bool) -> Result<()> {
        let _turn = self.0.audit.turn().await?;
        let snapshot = self.store().snapshot().await?;
        let mut range = KeyRange::all();
        loop {
            let rows = snapshot.scan(AuditRecord::LOG, range, Order::Descending, PAGE).await?;
            for (number, record) in rows.iter().filter_map(|(key, row)| read(key, row)) {
                if wanted(&record) {
                    page.add(number, record);
                }
            }
            match rows.last() {
                Some((key, _)) if rows.len() == PAGE => {
                    range = KeyRange { start: Vec::new(), end: Some(key.clone()) };
                }
                _ => return Ok(()),
            }
            tokio::task::yield_now().await;
        }
    }
}

/// A row's record. One that cannot be read is left out here, and named by a check of the chain.
fn read(key: &[u8], row: &keyward_store::Versioned) -> Option<(u64, AuditRecord)> {
    let (number, _, body) = entry(key, row)?;
    match AuditRecord::from_body(body) {
        Ok(record) => Some((number, record)),
        Err(_) => {
            tracing::error!(number, "an audit record cannot be read; check the chain with keyward verify");
            None
        }
    }
}

/// A page on its way.
struct Gathered {
    records: Vec<AuditView>,
    skip: u64,
    limit: usize,
    total: u64,
}

impl Gathered {
    fn new(query: &AuditQuery) -> Self {
        let skip = (u64::from(query.page) - 1) * u64::from(query.limit);
        Self { records: Vec::new(), skip, limit: query.limit as usize, total: 0 }
    }

    fn add(&mut self, number: u64, record: AuditRecord) {
        if self.total >= self.skip && self.records.len() < self.limit {
            self.records.push(view(number, record));
        }
        self.total += 1;
    }

    fn finish(self, query: &AuditQuery) -> AuditPage {
        let pagination = Pagination::of(query.page, query.limit, self.total);
        AuditPage { records: self.records, pagination }
    }
}

fn is_plain(query: &AuditQuery) -> bool {
    let AuditQuery { page: _, limit: _, actor, action, object, space, outcome, door, from, to, request } =
        query;
    actor.is_none()
        && action.is_none()
        && object.is_none()
        && space.is_none()
        && outcome.is_none()
        && door.is_none()
        && from.is_none()
        && to.is_none()
        && request.is_none()
}

fn wanted(record: &AuditRecord, query: &AuditQuery) -> bool {
    fn is<T: PartialEq>(asked: Option<T>, has: T) -> bool {
        asked.is_none_or(|asked| asked == has)
    }
    let at = |moment: jiff::Timestamp| moment.as_millisecond();
    is(query.outcome, record.outcome)
        && is(query.door, record.door)
        && query.object.is_none_or(|id| record.object == Some(id))
        && query.space.is_none_or(|id| record.space == Some(id))
        && query.from.is_none_or(|from| record.at_ms >= at(from))
        && query.to.is_none_or(|to| record.at_ms < at(to))
        && query.request.as_ref().is_none_or(|id| record.request.as_ref() == Some(id))
        && query.action.as_ref().is_none_or(|action| is_or_is_of(&record.action, action))
        && query.actor.as_ref().is_none_or(|actor| acted(record, actor))
}

/// Whether an action is this one, or one of this noun's.
fn is_or_is_of(action: &str, asked: &str) -> bool {
    action.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn acted(record: &AuditRecord, asked: &str) -> bool {
    match asked.parse::<Id>() {
        Ok(id) => record.actor == Some(id),
        Err(_) => record.actor_kind == asked || (asked == "system" && record.actor.is_none()),
    }
}

impl AuditQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.page(self.page, self.limit);
        if let Some(action) = &self.action
            && !RULES.iter().any(|rule| is_or_is_of(rule.name, action))
        {
            let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
            faults.add("action", format!("is a noun such as key, or one of {}", names.join(", ")));
        }
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            faults.add("to", "is before from");
        }
        faults.into_vec()
    }
}
