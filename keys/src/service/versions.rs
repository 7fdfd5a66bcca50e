//! The versions of a key: listed, and a new value set by hand. It is sealed to the key's public half, which needs
//! nobody's passphrase; the version before it stays fetchable for a while, so that apps change over in their own time.

use std::time::Duration;

use secrecy::ExposeSecret;

use keyward_store::model::{ApiKey, Previous, Version, label};
use keyward_store::{KeyRange, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::{self, PublicKey};
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{KeyRef, NewVersion};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::custody::check_value;
use crate::service::keys::unchanged;
use crate::service::patch::next_rotation;
use crate::service::text::Faults;
use crate::view::{VersionLabel, VersionView};

/// How long the version before stays fetchable when nothing is said.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// The longest overlap.
const LONGEST_OVERLAP: Duration = Duration::from_secs(90 * 24 * 3600);

/// Versions that are listed: the newest.
const MOST_LISTED: usize = 1_000;

impl NewVersion {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        read(self).into_vec()
    }
}

fn read(new: &NewVersion) -> Faults {
    let mut faults = Faults::default();
    check_value(&mut faults, &new.value);
    if new.overlap.is_some_and(|overlap| overlap > LONGEST_OVERLAP) {
        faults.add("overlap", "is more than 90 days");
    }
    faults
}

impl Service {
    /// The versions of a key, without their values, newest first.
    pub async fn versions(&self, caller: &Caller, key: &KeyRef) -> Result<Vec<VersionView>> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(id.as_bytes());
        let rows = snapshot.scan(Version::TABLE, range, Order::Descending, MOST_LISTED).await?;
        let now_ms = self.now_ms();
        let view = |(_, raw): &(_, _)| Ok(view(&row.record, &Row::<Version>::decode(raw)?.record, now_ms));
        rows.iter().map(view).collect()
    }

    /// Sets a key's value: it is the current version from now on. With `if_match`, only when the record still has that
    /// revision.
    pub async fn add_version(
        &self,
        caller: &Caller,
        key: &KeyRef,
        new: NewVersion,
        if_match: Option<u64>,
    ) -> Result<VersionView> {
        let account = caller.person()?;
        let id = self.resolve(caller, key)?;
        let overlap = new.overlap.unwrap_or(OVERLAP);
        read(&new).check()?;
        let overlap_ms = i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX);
        let before = self.key_row(caller, Permission::KeyRotate, id)?.record.current_version;
        let mut labelled = vec![self.version(id, before).await?];
        if before > 1 {
            labelled.push(self.version(id, before - 1).await?);
        }
        let (record, version) = self
            .change(caller, Permission::KeyRotate, Target::Key(id), |tables, draft| {
                let old = unchanged(tables, id, if_match)?;
                if old.record.current_version != before {
                    return Err(Error::Conflict("somebody else has just set another value".to_owned()));
                }
                let number = before + 1;
                let public = PublicKey(old.record.public_key);
                let version = Version {
                    api_key: id,
                    number,
                    labels: label::CURRENT,
                    sealed: crypto::seal_version(&public, id, number, new.value.expose_secret().as_bytes())?,
                    created_by: account,
                    created_ms: draft.now_ms,
                };
                let until_ms = draft.now_ms + overlap_ms;
                let record = ApiKey {
                    current_version: number,
                    previous: (overlap_ms > 0).then_some(Previous { number: before, until_ms }),
                    next_rotation_ms: next_rotation(draft.now_ms, old.record.rotation_interval_days),
                    updated_ms: draft.now_ms,
                    ..old.record.clone()
                };
                draft.object = Some(id);
                draft.space = Some(record.space);
                draft.detail = format!("version {number}, set by hand");
                draft.batch.create(&version)?;
                for row in &labelled {
                    let labels = if row.record.number == before { label::PREVIOUS } else { 0 };
                    draft.batch.replace(row, &Version { labels, ..row.record.clone() })?;
                }
                draft.batch.replace(old, &record)?;
                draft.events.push(Event::KeyChanged { space: record.space, api_key: id });
                Ok((record, version))
            })
            .await?;
        Ok(view(&record, &version, version.created_ms))
    }
}

/// The version before the current, while it is still fetchable.
pub(crate) fn previous_of(key: &ApiKey, now_ms: i64) -> Option<Previous> {
    key.previous.filter(|previous| previous.until_ms > now_ms)
}

fn view(key: &ApiKey, version: &Version, now_ms: i64) -> VersionView {
    let previous = previous_of(key, now_ms).filter(|previous| previous.number == version.number);
    let labels = match version.number {
        number if number == key.current_version => vec![VersionLabel::Current],
        _ if previous.is_some() => vec![VersionLabel::Previous],
        _ => Vec::new(),
    };
    VersionView {
        version: version.number,
        labels,
        created_at: timestamp(version.created_ms),
        created_by: version.created_by,
        fetchable_until: previous.map(|previous| timestamp(previous.until_ms)),
    }
}
