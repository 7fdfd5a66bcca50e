//! What the daemon notices by itself and tells people of: a key that nears its month's limit, and a sign-in from an
//! address that is new. Each is told once, also across a restart.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use keyward_store::model::{ApiKey, Door, Id, KnownAddress, LimitNotice, Role};
use keyward_store::{Row, Store};

use crate::caller::Origin;
use crate::clock::month_around;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::notifications::{Notice, NoticeKind, notify, people_of};
use crate::service::text::grouped;

/// Addresses remembered for one person; the one known longest is forgotten first.
const MOST_ADDRESSES: usize = 50;

/// What was told of each key: the month, and the percent. Saves asking the store at each call.
#[derive(Default)]
pub(crate) struct Told(Mutex<HashMap<Id, (i64, u8)>>);

impl Told {
    /// Notes that it is being told; whether it is new.
    fn note(&self, api_key: Id, told: (i64, u8)) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = all.get(&api_key).is_none_or(|before| *before < told);
        if new {
            all.insert(api_key, told);
        }
        new
    }

    fn forget(&self, api_key: Id) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&api_key);
    }
}

impl Service {
    /// Looks whether a key has come so far in its month that its people are told. Costs nothing until it has.
    pub(crate) fn watch_limit(&self, key: &ApiKey) {
        let Some(limit) = key.monthly_limit else { return };
        let now_ms = self.now_ms();
        let used = self.0.usage.totals(key.id, now_ms).month_used;
        let reached = |percent: u8| u128::from(used) * 100 >= u128::from(limit) * u128::from(percent);
        let Some(percent) = self.0.settings.thresholds.reached(reached) else { return };
        let month_ms = month_around(now_ms).0.as_millisecond();
        let id = key.id;
        if self.0.told.note(id, (month_ms, percent)) {
            let service = self.clone();
            tokio::spawn(async move {
                if let Err(error) = service.tell_limit(id, percent, month_ms).await {
                    tracing::warn!(%error, key = %id, "nobody was told of a key's limit; it is tried again");
                    service.0.told.forget(id);
                }
            });
        }
    }

    async fn tell_limit(&self, id: Id, percent: u8, month_ms: i64) -> Result<()> {
        let snapshot = self.store().snapshot().await?;
        let before = Row::<LimitNotice>::get(&snapshot, &LimitNotice::row_key(id, percent)).await?;
        if before.as_ref().is_some_and(|row| row.record.month_ms >= month_ms) {
            return Ok(());
        }
        let system = self.system_caller("limits", Door::System);
        self.change(&system, Permission::NoticeSend, Target::Instance, |tables, draft| {
            let Some(key) = tables.keys.get(id).map(|row| &row.record) else { return Ok(()) };
            draft.object = Some(id);
            draft.space = Some(key.space);
            draft.detail = format!("{percent} % of the month");
            let record = LimitNotice { api_key: id, percent, month_ms };
            match &before {
                Some(before) => draft.batch.replace(before, &record)?,
                None => draft.batch.create(&record)?,
            };
            let limit = key.monthly_limit.unwrap_or_default();
            let message =
                format!("{} has used {percent} % of its {} calls a month", key.name, grouped(limit));
            let notice = Notice {
                kind: NoticeKind::MonthlyLimit,
                api_key: Some(id),
                alert: None,
                message,
                until_ms: None,
                minor: false,
            };
            notify(tables, draft, people_of(tables, key.space, Role::Member, None), &notice)
        })
        .await
    }
}

/// Remembers where a person signed in from, and tells them when it is new. The first address of all is not.
pub(crate) fn note_address(tables: &Tables, draft: &mut Draft, account: Id, origin: Origin) -> Result<()> {
    let Some(address) = origin.address else { return Ok(()) };
    let network = network(address);
    let known = tables.addresses.get(&account);
    if known.is_some_and(|known| known.contains_key(&network)) {
        return Ok(());
    }
    draft.batch.create(&KnownAddress { account, network, since_ms: draft.now_ms })?;
    let Some(known) = known else { return Ok(()) };
    if known.len() >= MOST_ADDRESSES
        && let Some(oldest) = known.values().min_by_key(|row| row.record.since_ms)
    {
        draft.batch.remove(oldest);
    }
    let door = match origin.door {
        Door::Ssh => "over SSH",
        Door::Rest | Door::WebSocket => "through the API",
        Door::Local | Door::System => "on the server",
    };
    let message = format!("A sign-in from {address} {door}, where you had not signed in from before");
    notify(
        tables,
        draft,
        [account],
        &Notice {
            kind: NoticeKind::NewSignIn,
            api_key: None,
            alert: None,
            message,
            until_ms: None,
            minor: false,
        },
    )
}

/// Whoever holds an IPv6 address holds its /64, and moves within it.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
