//! Rotation of keys as people ask for it: begin, go back, tick off an old version. What the daemon does by itself is
//! `drive`'s, what still uses an old version `evidence`'s, and how it all looks `shown`'s.

mod drive;
mod evidence;
mod listed;
mod moves;
mod outside;
mod plan;
mod progress;
mod proposed;
mod rehearse;
mod shown;
mod signing;
mod steps;
#[cfg(test)]
mod tests;
mod tried;

use keyward_store::model::RotationCause;

use crate::caller::Caller;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::input::{KeyRef, RollBack, Rotate};
use crate::policy::Permission;
use crate::rotation::{Begin, Begun, Way};
use crate::service::Service;
use crate::service::text::Faults;
use crate::view::RotationView;

pub(crate) use drive::Rotor;
pub(crate) use evidence::Evidence;
pub(crate) use moves::Moment;
use plan::schedule_of;
pub(crate) use plan::{LONGEST_MS, check, moved_due, next_due, plan_of, set};
pub(crate) use progress::progress;
pub(crate) use shown::{settings_view, state_of};

impl Rotate {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        if self.overlap.is_some_and(|overlap| overlap.as_millis() > LONGEST_MS.unsigned_abs().into()) {
            faults.add("overlap", "is more than 90 days");
        }
        if self.emergency && self.overlap.is_some() {
            faults.add("overlap", "is none in an emergency; leave it out");
        }
        if self.emergency && self.confirm.is_none() {
            faults.add("confirm", "is missing: the key's name, as nothing of the version before stays");
        }
        faults.into_vec()
    }
}

impl Service {
    /// Begins a rotation, or lets one go on that had stopped. The daemon does the rest.
    pub async fn rotate(&self, caller: &Caller, key: &KeyRef, rotate: Rotate) -> Result<RotationView> {
        self.rotate_along(caller, key, rotate, |_, _| Ok(())).await
    }

    /// The same, with something else in the same commit, which is told whether one was waiting already.
    pub(crate) async fn rotate_along(
        &self,
        caller: &Caller,
        key: &KeyRef,
        rotate: Rotate,
        along: impl Fn(&mut Moment<'_>, bool) -> Result<()>,
    ) -> Result<RotationView> {
        let account = caller.person()?;
        let id = self.resolve(caller, key)?;
        Faults::from(rotate.faults()).check()?;
        let run = crypto::random_id()?;
        let overlap_ms = rotate.overlap.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        self.move_versions(caller, Permission::KeyRotate, id, |moment, ledger| {
            if rotate.emergency && rotate.confirm.as_deref().map(str::trim) != Some(&moment.key.name) {
                return Err(Error::invalid("confirm", "is not the key's name"));
            }
            let cause = if rotate.emergency { RotationCause::Emergency } else { RotationCause::Asked };
            let method = moment.plan.method.clone();
            let waits = Way::of(&method) == Way::Person;
            let begin = Begin { id: run, method, cause, asked_by: Some(account), due_ms: None, overlap_ms };
            let begun = ledger.begin(begin, moment.now_ms)?;
            moment.detail = match (&begun, rotate.emergency) {
                (Begun::Already, _) => "waits for a new value already",
                (Begun::Resumed, _) => "goes on",
                (Begun::New(_), true) => "begun, as an emergency",
                (Begun::New(_), false) if waits => "begun, waits for a new value",
                (Begun::New(_), false) => "begun",
            }
            .to_owned();
            let waited = matches!(begun, Begun::Already);
            if let Begun::New(Some(cancelled)) = begun {
                moment.ended.push((*cancelled, false));
            }
            along(moment, waited)
        })
        .await?;
        self.rotation(caller, &KeyRef::Id(id.to_string())).await
    }

    /// Goes back, which nobody needs to read anything for: gives up what is under way, or makes an earlier version the
    /// current one again.
    pub async fn roll_back(&self, caller: &Caller, key: &KeyRef, back: RollBack) -> Result<RotationView> {
        self.roll_back_along(caller, key, back, |_| Ok(())).await
    }

    /// The same, with something else in the same commit.
    pub(crate) async fn roll_back_along(
        &self,
        caller: &Caller,
        key: &KeyRef,
        back: RollBack,
        along: impl Fn(&mut Moment<'_>) -> Result<()>,
    ) -> Result<RotationView> {
        caller.person()?;
        let id = self.resolve(caller, key)?;
        let run = crypto::random_id()?;
        let versions = self.versions_of(id).await?;
        self.move_versions(caller, Permission::KeyRollback, id, |moment, ledger| {
            let done = ledger.roll_back(run, back.version, moment.terms, moment.now_ms)?;
            moment.detail = match (&done.cancelled, done.to) {
                (Some(_), None) => "the rotation under way was given up".to_owned(),
                (_, Some(to)) => format!("version {to} is the current one again"),
                (None, None) => String::new(),
            };
            // One that was begun ahead of its time was not due, and still is when it was.
            let due = moment.key.next_rotation_ms.is_none_or(|due_ms| due_ms <= moment.now_ms);
            moment.schedule_anew |= done.cancelled.is_some() && due;
            moment.ended.extend(done.cancelled.map(|run| (run, false)));
            // What is used again is as old as it is, and due as by its own making.
            let again = versions.iter().find(|version| Some(version.number) == done.to);
            if let Some(again) = again {
                let schedule = schedule_of(moment.tables, &moment.key, &moment.plan);
                moment.due_again(schedule.after(again.created_ms));
            }
            along(moment)
        })
        .await?;
        self.rotation(caller, &KeyRef::Id(id.to_string())).await
    }

    /// Ends the time in which an old version is given out; of one that a person has to revoke elsewhere, notes that they
    /// have.
    pub async fn retire_version(&self, caller: &Caller, key: &KeyRef, number: u32) -> Result<RotationView> {
        caller.person()?;
        let id = self.resolve(caller, key)?;
        self.move_versions(caller, Permission::KeyRotate, id, |moment, ledger| {
            let gone = ledger.ticked(number, moment.terms, moment.now_ms)?;
            moment.detail =
                format!("version {number} {}", if gone { "is gone" } else { "is to be revoked now" });
            Ok(())
        })
        .await?;
        self.rotation(caller, &KeyRef::Id(id.to_string())).await
    }
}
