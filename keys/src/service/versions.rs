//! The versions of a key: listed, and a new value set by hand. It is sealed to the key's public half, which needs
//! nobody's passphrase; the version before it stays fetchable for a while, so that apps change over in their own time.

use secrecy::ExposeSecret;

use keyward_store::model::{ApiKey, Id, Previous, RotationStep, Version, label};
use keyward_store::{KeyRange, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::{self, PublicKey};
use crate::error::{Error, Fault, Result};
use crate::input::{KeyRef, NewVersion};
use crate::policy::Permission;
use crate::rotation::Ledger;
use crate::service::Service;
use crate::service::custody::check_value;
use crate::service::keys::unchanged;
use crate::service::marks;
use crate::service::rotation::LONGEST_MS;
use crate::service::text::Faults;
use crate::view::{VersionLabel, VersionView};

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
    if new.overlap.is_some_and(|overlap| overlap.as_millis() > LONGEST_MS.unsigned_abs().into()) {
        faults.add("overlap", "is more than 90 days");
    }
    faults
}

impl Service {
    /// The versions of a key, without their values, newest first.
    pub async fn versions(&self, caller: &Caller, key: &KeyRef) -> Result<Vec<VersionView>> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::KeyRead, id)?;
        let versions = self.versions_of(id).await?;
        let now_ms = self.now_ms();
        let state = self.mirror().read().rotations.state(id).cloned();
        let ledger = Ledger::of(&row.record, state.as_ref().map(|row| &row.record));
        Ok(versions.iter().map(|version| view(&row.record, &ledger, version, now_ms)).collect())
    }

    /// The newest versions of a key, newest first.
    pub(crate) async fn versions_of(&self, id: Id) -> Result<Vec<Version>> {
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(id.as_bytes());
        let rows = snapshot.scan(Version::TABLE, range, Order::Descending, MOST_LISTED).await?;
        rows.iter().map(|(_, raw)| Ok(Row::<Version>::decode(raw)?.record)).collect()
    }

    /// Sets a key's value: it is the current version from now on, and a rotation that waited for it is done. With
    /// `if_match`, only when the record still has that revision.
    pub async fn add_version(
        &self,
        caller: &Caller,
        key: &KeyRef,
        new: NewVersion,
        if_match: Option<u64>,
    ) -> Result<VersionView> {
        let account = caller.person()?;
        let id = self.resolve(caller, key)?;
        read(&new).check()?;
        let overlap_ms = new.overlap.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let run = crypto::random_id()?;
        let before = self.key_row(caller, Permission::KeyRotate, id)?.record.current_version;
        let tried = self.try_by_hand(id, &new.value).await?;
        self.move_versions(caller, Permission::KeyRotate, id, |moment, ledger| {
            unchanged(moment.tables, id, if_match)?;
            if ledger.current != before {
                return Err(Error::Conflict("somebody else has just set another value".to_owned()));
            }
            if tried {
                ledger.log(moment.now_ms, RotationStep::Test, "the new value works".to_owned());
            }
            let done = ledger.by_hand(run, overlap_ms, moment.terms, moment.planned, moment.now_ms)?;
            let (key, value) = (&moment.key, new.value.expose_secret().as_bytes());
            let version = Version {
                api_key: id,
                number: done.number,
                labels: label::CURRENT,
                sealed: crypto::seal_version(&PublicKey(key.public_key), id, done.number, value)?,
                created_by: account,
                created_ms: moment.now_ms,
            };
            moment.draft.batch.create(&version)?;
            marks::note(moment.draft, &self.0.mark_key, key, done.number, value)?;
            let how = if tried { ", after it was tried" } else { "" };
            moment.detail = format!("version {}, set by hand{how}", done.number);
            moment.schedule_anew = true;
            moment.ended.extend(done.done.map(|run| (run, true)));
            moment.ended.extend(done.cancelled.map(|run| (run, false)));
            Ok(VersionView {
                version: done.number,
                labels: vec![VersionLabel::Current],
                created_at: timestamp(version.created_ms),
                created_by: account,
                fetchable_until: None,
            })
        })
        .await
    }
}

/// The version before the current, while it is still fetchable.
pub(crate) fn previous_of(key: &ApiKey, now_ms: i64) -> Option<Previous> {
    key.previous.filter(|previous| previous.until_ms > now_ms)
}

fn view(key: &ApiKey, ledger: &Ledger, version: &Version, now_ms: i64) -> VersionView {
    let number = version.number;
    let previous = previous_of(key, now_ms).filter(|previous| previous.number == number);
    let bears = ledger.labels(number);
    let labels = [
        (bears & label::CURRENT != 0, VersionLabel::Current),
        (bears & label::PENDING != 0, VersionLabel::Pending),
        (previous.is_some(), VersionLabel::Previous),
    ];
    // With evidence it may go sooner than at the latest: once its overlap is over, and nothing uses it any more.
    let leaving = ledger.rotation.retiring.iter().find(|old| old.number == number);
    let until_ms = previous.map(|previous| match leaving {
        Some(old) if old.until_ms > now_ms => old.until_ms.min(previous.until_ms),
        _ => previous.until_ms,
    });
    VersionView {
        version: number,
        labels: labels.into_iter().filter(|(bears, _)| *bears).map(|(_, label)| label).collect(),
        created_at: timestamp(version.created_ms),
        created_by: version.created_by,
        fetchable_until: until_ms.map(timestamp),
    }
}
