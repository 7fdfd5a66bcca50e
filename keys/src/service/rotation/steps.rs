//! The steps of a rotation that the daemon takes, each one commit with its audit record and whatever people are told.

use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use keyward_store::Check;
use keyward_store::leases::Lease;
use keyward_store::model::{
    FailureClass, Id, Role, RotationCause, RotationFault, RotationMethod, RotationOccurrence, RotationRun,
    RotationStep, Version, label,
};

use crate::caller::Caller;
use crate::clock::in_words;
use crate::crypto::{self, MarkKey, PublicKey};
use crate::error::{Error, Result};
use crate::generate::Template;
use crate::policy::Permission;
use crate::rotation::{Begin, Ledger, Made, Way, word};
use crate::service::notifications::{Notice, NoticeKind, notify, people_of};
use crate::service::rotation::moves::Moment;
use crate::service::rotation::plan::{method_word, page_of, schedule_of};
use crate::service::{Service, hours, marks};

/// The shortest time after which a value that ends by itself is replaced, ms.
const SHORTEST_LIFE_MS: i64 = 5 * 60_000;

/// Makes every commit of a step depend on the lease it is taken under.
pub(super) fn fenced(moment: &mut Moment<'_>, lease: &Lease) {
    moment.draft.batch.check(Check::Fence(lease.name.clone(), lease.fence));
}

/// Tells the people of a key's space.
pub(super) fn tell(moment: &mut Moment<'_>, kind: NoticeKind, message: String) -> Result<()> {
    tell_until(moment, kind, message, None)
}

/// The same of something that goes on until a moment, which ends what is said.
fn tell_until(
    moment: &mut Moment<'_>,
    kind: NoticeKind,
    message: String,
    until_ms: Option<i64>,
) -> Result<()> {
    let people = people_of(moment.tables, moment.key.space, Role::Member, None);
    notify(
        moment.tables,
        moment.draft,
        people,
        &Notice { kind, api_key: Some(moment.key.id), alert: None, message, until_ms, minor: false },
    )
}

impl Service {
    /// Begins what is due, once for each time it is. What was missed falls into quiet hours at times: it waits for their
    /// end.
    pub(super) async fn begin_due(&self, caller: &Caller, id: Id, due_ms: i64, lease: &Lease) -> Result<()> {
        let run = crypto::random_id()?;
        self.move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
            fenced(moment, lease);
            if let Some(next_ms) = hours::overtaken(moment.tables, &moment.key, moment.now_ms) {
                moment.key.next_rotation_ms = Some(next_ms);
                moment.detail = "due by hours that were changed, and later by the new ones".to_owned();
                return Ok(());
            }
            let schedule = schedule_of(moment.tables, &moment.key, &moment.plan);
            let later_ms = schedule.out_of_quiet(moment.now_ms);
            if later_ms > moment.now_ms {
                moment.key.next_rotation_ms = Some(later_ms);
                moment.detail = "due, and waits for the end of the quiet hours".to_owned();
                return Ok(());
            }
            if ledger.rotation.last_due_ms.is_some_and(|last| last >= due_ms) {
                moment.schedule_anew = true;
                moment.detail = "this time it was due was begun before".to_owned();
                return Ok(());
            }
            moment.draft.batch.create(&RotationOccurrence { api_key: id, due_ms, run })?;
            if let Some(before) = ledger.rotation.last_due_ms {
                let old = RotationOccurrence { api_key: id, due_ms: before, run };
                moment.draft.forget(&old);
            }
            let method = moment.plan.method.clone();
            let (cause, due) = (RotationCause::Schedule, Some(due_ms));
            let page = page_of(&method).map(str::to_owned);
            let waits = Way::of(&method) == Way::Person;
            let begin = Begin { id: run, method, cause, asked_by: None, due_ms: due, overlap_ms: None };
            ledger.begin(begin, moment.now_ms)?;
            moment.detail = format!("begun, due since {}", in_words(due_ms, &TimeZone::UTC));
            if waits {
                let at = page.map_or_else(String::new, |url| format!(" at {url}"));
                let message = format!(
                    "{} is to be rotated: make a new value{at}, and set it; the one before stays for a while",
                    moment.key.name
                );
                tell(moment, NoticeKind::RotationDue, message)?;
            }
            Ok(())
        })
        .await
    }

    /// Makes the value, and records it as the pending version, sealed to the key's public half.
    pub(super) async fn make_value(&self, caller: &Caller, id: Id, lease: &Lease) -> Result<()> {
        let run = self.run_of(id)?;
        let RotationMethod::Generate { template } = &run.method else { return Err(Error::Stale) };
        let value = match Template::parse(template) {
            Ok(template) => template.generate()?,
            Err(_) => {
                let text = "the template of its values is not one any more; set another".to_owned();
                return self.fail(caller, id, &run, (FailureClass::Config, text, None), lease).await;
            }
        };
        self.move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
            fenced(moment, lease);
            let count = ledger.intend(run.id, RotationStep::Create)?;
            let number = ledger.recorded(run.id, count, Made::default(), moment.now_ms)?;
            put_version(moment, &self.0.mark_key, number, &value, label::PENDING)?;
            moment.detail = format!("create: version {number} was made, and is pending");
            Ok(())
        })
        .await
    }

    /// Makes the pending version the current one.
    pub(super) async fn finish_rotation(&self, caller: &Caller, id: Id, lease: &Lease) -> Result<()> {
        let run = self.run_of(id)?;
        self.move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
            fenced(moment, lease);
            finish(moment, ledger, run.id)
        })
        .await
    }

    /// A step has failed: it is tried again, or a person has to look.
    pub(super) async fn fail(
        &self,
        caller: &Caller,
        id: Id,
        run: &RotationRun,
        (class, text, retry_after_ms): (FailureClass, String, Option<i64>),
        lease: &Lease,
    ) -> Result<()> {
        let step = run.step;
        let stopped = self
            .move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
                fenced(moment, lease);
                let fault = RotationFault { step, class, text: text.clone(), at_ms: moment.now_ms };
                let stops = ledger.failed(run.id, fault, retry_after_ms, moment.now_ms)?;
                let next = if stops { "stopped" } else { "it is tried again" };
                moment.detail = format!("{}: failed, {next}: {text}", word(step));
                if stops {
                    let message = format!(
                        "The rotation of {} stopped in its step {}: {text}. The value in use stays as it is",
                        moment.key.name,
                        word(step)
                    );
                    tell(moment, NoticeKind::RotationFailed, message)?;
                }
                Ok(stops)
            })
            .await?;
        if stopped {
            self.0.meters.rotated(method_word(&run.method), "failed", self.now_ms());
        }
        Ok(())
    }

    /// The rotation that is under way.
    pub(super) fn run_of(&self, id: Id) -> Result<RotationRun> {
        let tables = self.mirror().read();
        tables.rotations.state(id).and_then(|row| row.record.run.clone()).ok_or(Error::Stale)
    }
}

/// Adds a version's row, sealed to the key's public half: nobody has to unlock anything for that. And its mark.
pub(super) fn put_version(
    moment: &mut Moment<'_>,
    marks: &MarkKey,
    number: u32,
    value: &SecretString,
    labels: u8,
) -> Result<()> {
    let (key, value) = (&moment.key, value.expose_secret().as_bytes());
    let version = Version {
        api_key: key.id,
        number,
        labels,
        sealed: crypto::seal_version(&PublicKey(key.public_key), key.id, number, value)?,
        created_by: key.created_by,
        created_ms: moment.now_ms,
    };
    moment.draft.batch.create(&version)?;
    marks::note(moment.draft, marks, key, number, value)
}

/// The last step: labels move, and people are told.
pub(super) fn finish(moment: &mut Moment<'_>, ledger: &mut Ledger, run: Id) -> Result<()> {
    let (run, recovered) = ledger.finish(run, moment.terms, moment.now_ms)?;
    let (name, number) = (moment.key.name.clone(), ledger.current);
    let before = ledger.rotation.retiring.last().map(|old| (old.number, old.until_ms));
    let before = before.filter(|(_, until_ms)| *until_ms > moment.now_ms);
    let stays = match before {
        Some((old, _)) => format!("version {old} is given out along with it at least until"),
        None => "the one before is given out no more".to_owned(),
    };
    moment.detail = format!("finish: version {number} is the current one");
    let message = format!("{name} was rotated: version {number} is the current one; {stays}");
    tell_until(moment, NoticeKind::RotationDone, message, before.map(|(_, until_ms)| until_ms))?;
    if recovered {
        tell(moment, NoticeKind::RotationRecovered, format!("The rotation of {name} works again"))?;
    }
    // A fifth of its life before a value ends by itself there has to be another one; but one that ends at once, or has by
    // our clock, must not have its provider called without a pause.
    let due_by_ms = |ends_ms: i64| ends_ms - (ends_ms - moment.now_ms).max(0) / 5;
    moment.due_by_ms = run.expires_ms.map(|ends_ms| due_by_ms(ends_ms).max(moment.now_ms + SHORTEST_LIFE_MS));
    moment.ended.push((run, true));
    Ok(())
}
