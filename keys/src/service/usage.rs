//! Reported calls: checked, stored durably, counted against the month, announced. Metered, not audited; that
//! exemption is a column of the policy table.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use keyward_store::Store;
use keyward_store::model::{ApiKey, Id};
use keyward_store::usage::{EventId, Method, Reporter, UsageEvent};

use crate::caller::{Caller, Identity};
use crate::clock::{month_around, timestamp};
use crate::error::Result;
use crate::event::Call;
use crate::input::{KeyRef, TrackEvent};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::decoys::Touch;
use crate::service::mirror::Shared;
use crate::service::text::{Faults, harmless};
use crate::view::{LiveView, MonthLimit, Tracked};

/// The oldest call that may be reported, ms.
const OLDEST_MS: i64 = 30 * 24 * 3_600_000;

/// How far a reporter's clock may be ahead, ms.
const AHEAD_MS: i64 = 5 * 60_000;

/// The longest endpoint kept, bytes.
const LONGEST_ENDPOINT: usize = 256;

/// The longest event id, bytes.
const LONGEST_EVENT_ID: usize = 128;

/// The longest metadata, bytes of compact JSON.
const LONGEST_METADATA: usize = 2048;

/// The longest response time, ms: an hour.
const LONGEST_RESPONSE_MS: f64 = 3_600_000.0;

/// Methods by name; every other one is counted as one.
const METHODS: [(&str, Method); 7] = [
    ("GET", Method::Get),
    ("POST", Method::Post),
    ("PUT", Method::Put),
    ("PATCH", Method::Patch),
    ("DELETE", Method::Delete),
    ("HEAD", Method::Head),
    ("OPTIONS", Method::Options),
];

/// Stands for calls whose endpoint was not reported.
const NO_ENDPOINT: &str = "unknown";

impl Service {
    /// Reports one call. Durable when this returns; limits never refuse a report.
    pub async fn track(&self, caller: &Caller, key: &KeyRef, event: TrackEvent) -> Result<Tracked> {
        self.begin_track(caller, key, event).await?.await
    }

    /// The part of [`Self::track`] that needs the caller: when this returns, the call is on its way to the disk. What is
    /// left is to be awaited, and holds little while it waits.
    pub async fn begin_track(
        &self,
        caller: &Caller,
        key: &KeyRef,
        event: TrackEvent,
    ) -> Result<impl Future<Output = Result<Tracked>> + Send + use<>> {
        let row = self.trackable(caller, key)?;
        let id = row.record.id;
        let event = usage_event(id, reporter(caller), event, self.now_ms())?;
        let (version, at_ms) = (event.version, event.at_ms);
        self.touch(caller, &row.record, Touch::Reported);
        self.note_network(caller, id, self.now_ms());
        self.count_use(caller).await?;
        let call = self.bus().listened_to().then(|| shown(&event));
        let (service, appending) = (self.clone(), self.store().append([event]));
        Ok(async move {
            let appended = appending.await?;
            let duplicate = appended.duplicate.first().copied().unwrap_or(false);
            if let Some(call) = call.filter(|_| !duplicate) {
                service.bus().call(row.record.space, id, call);
            }
            service.watch_limit(&row.record);
            if !duplicate {
                service.note_version(&row.record, version, at_ms);
            }
            Ok(service.tracked(&row.record, duplicate, service.now_ms()))
        })
    }

    /// The key, when the caller may report calls made with it.
    pub(super) fn trackable(&self, caller: &Caller, key: &KeyRef) -> Result<Shared<ApiKey>> {
        let id = self.resolve(caller, key)?;
        self.key_row(caller, Permission::KeyTrack, id)
    }

    fn tracked(&self, key: &ApiKey, duplicate: bool, now_ms: i64) -> Tracked {
        Tracked {
            accepted: u64::from(!duplicate),
            duplicates: u64::from(duplicate),
            limit: self.month_limit(key, now_ms),
        }
    }

    /// A key's month against its limit. The one counter of a month is the usage engine's.
    pub(crate) fn month_limit(&self, key: &ApiKey, now_ms: i64) -> MonthLimit {
        month_limit(key, self.0.usage.totals(key.id, now_ms).month_used, now_ms)
    }

    /// Brings in calls of any age, for sample data and migrations: the daemon's own doing. They count as reported by `by`.
    pub async fn import_usage(
        &self,
        caller: &Caller,
        key: Id,
        by: Option<&Caller>,
        events: Vec<TrackEvent>,
    ) -> Result<()> {
        authorise(&self.mirror().read(), caller, Permission::InstanceRun, Target::Instance, None)?;
        let now_ms = self.now_ms();
        let reporter = by.map(reporter).unwrap_or_default();
        let events: Result<Vec<UsageEvent>> =
            events.into_iter().map(|event| convert(key, reporter, event, now_ms, i64::MIN)).collect();
        self.store().append(events?).await?;
        Ok(())
    }

    /// The last two minutes of a key, and today so far.
    pub async fn live(&self, caller: &Caller, key: &KeyRef) -> Result<LiveView> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::UsageRead, id)?;
        let now_ms = self.now_ms();
        let live = self.0.usage.live(id, now_ms);
        let totals = self.0.usage.totals(id, now_ms);
        let today = self.today(caller, id, now_ms)?;
        Ok(LiveView {
            id,
            ends_at: live.ends_at_second,
            requests: live.requests.to_vec(),
            errors: live.errors.to_vec(),
            today,
            last_used: totals.last_used_ms.map(timestamp),
            month: month_limit(&row.record, totals.month_used, now_ms),
            outlook: self.outlook(&row, now_ms)?,
        })
    }

    /// Calls a second over the last minute, for each of these keys that the caller may see.
    pub fn live_rates(&self, caller: &Caller, ids: &[Id]) -> Vec<(Id, Vec<u32>)> {
        let now_ms = self.now_ms();
        ids.iter()
            .filter(|id| self.key_row(caller, Permission::UsageRead, **id).is_ok())
            .map(|id| {
                let live = self.0.usage.live(*id, now_ms);
                (*id, live.requests[live.requests.len() - 60..].to_vec())
            })
            .collect()
    }
}

/// What those who watch the key are told of a call.
fn shown(event: &UsageEvent) -> Arc<Call> {
    let method = METHODS.iter().find(|(_, method)| *method == event.method).map_or("OTHER", |(name, _)| name);
    let UsageEvent { endpoint, status, response_us, .. } = event;
    Arc::new(Call { endpoint: endpoint.clone(), method, status: *status, response_us: *response_us })
}

pub(super) fn month_limit(key: &ApiKey, used: u64, now_ms: i64) -> MonthLimit {
    MonthLimit {
        monthly: key.monthly_limit,
        used,
        remaining: key.monthly_limit.map(|limit| limit.saturating_sub(used)),
        reset: month_around(now_ms).1,
        exceeded: key.monthly_limit.is_some_and(|limit| used > limit),
    }
}

/// Who reports, as it is counted.
pub(super) fn reporter(caller: &Caller) -> Reporter {
    let token = if let Identity::Token(token) = caller.identity { Some(token) } else { None };
    let client = caller.origin.address.map(|address| {
        let hash = match address.to_canonical() {
            IpAddr::V4(address) => Sha256::digest(address.octets()),
            IpAddr::V6(address) => Sha256::digest(address.octets()),
        };
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    });
    Reporter { token, client }
}

pub(super) fn usage_event<S>(
    api_key: Id,
    reporter: Reporter,
    event: TrackEvent<S>,
    now_ms: i64,
) -> Result<UsageEvent>
where
    S: AsRef<str> + Into<Box<str>>,
{
    convert(api_key, reporter, event, now_ms, now_ms - OLDEST_MS)
}

fn convert<S>(
    api_key: Id,
    reporter: Reporter,
    event: TrackEvent<S>,
    now_ms: i64,
    oldest_ms: i64,
) -> Result<UsageEvent>
where
    S: AsRef<str> + Into<Box<str>>,
{
    let mut faults = Faults::default();
    let at_ms = event.timestamp.map_or(now_ms, Timestamp::as_millisecond);
    if at_ms < oldest_ms {
        faults.add("timestamp", "is more than 30 days ago");
    } else if at_ms > now_ms + AHEAD_MS {
        faults.add("timestamp", "is more than 5 minutes ahead; check the clock");
    }
    let status = event.status_code.unwrap_or(200);
    if !(100..=599).contains(&status) {
        faults.add("statusCode", "is between 100 and 599");
    }
    let response_time = event.response_time.filter(|ms| !(0.0..=LONGEST_RESPONSE_MS).contains(ms));
    if response_time.is_some() {
        faults.add("responseTime", "is in ms, between 0 and 3600000");
    }
    let id = event.event_id.as_ref().map(AsRef::as_ref);
    if id.is_some_and(|id| id.is_empty() || id.len() > LONGEST_EVENT_ID) {
        faults.add("eventId", format!("has 1 to {LONGEST_EVENT_ID} bytes"));
    }
    let metadata = event.metadata.map(Into::into).unwrap_or_default();
    if metadata.len() > LONGEST_METADATA {
        faults.add("metadata", format!("has {} bytes; {LONGEST_METADATA} is the most", metadata.len()));
    }
    faults.check()?;
    let endpoint = event.endpoint.as_ref().map(|text| text.as_ref().trim()).filter(|text| !text.is_empty());
    Ok(UsageEvent {
        api_key,
        at_ms,
        endpoint: harmless(endpoint.unwrap_or(NO_ENDPOINT), LONGEST_ENDPOINT),
        method: method(event.method.as_ref().map(AsRef::as_ref)),
        status,
        response_us: event.response_time.map(|ms| (ms * 1000.0).round() as u32),
        request_bytes: event.request_size.unwrap_or(0),
        response_bytes: event.response_size.unwrap_or(0),
        version: event.version.unwrap_or(0),
        event_id: id.map(|id| event_id(api_key, id)),
        metadata,
        reporter,
    })
}

fn method(name: Option<&str>) -> Method {
    let name = name.unwrap_or_default();
    METHODS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map_or(Method::Other, |(_, method)| *method)
}

/// Clients choose their own event ids, so each key has its own space of them.
fn event_id(api_key: Id, id: &str) -> EventId {
    let hash = Sha256::new().chain_update(api_key.as_bytes()).chain_update(id.as_bytes()).finalize();
    std::array::from_fn(|index| hash[index])
}
