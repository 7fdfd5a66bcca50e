//! What would break if a key were rotated now: worked out from who was given its value, how often they ask, and which
//! calls were reported. Nothing is changed.

use keyward_store::Store;
use keyward_store::model::{Id, RotationCause, VersionHolder};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::{KeyRef, Rotate};
use crate::policy::Permission;
use crate::rotation::Begin;
use crate::service::Service;
use crate::service::rotation::evidence::holders;
use crate::service::rotation::plan::method_name;
use crate::service::rotation::shown::{span, standing};
use crate::service::text::Faults;
use crate::view::{RehearsedApp, RotationRehearsal};

const DAY_MS: i64 = 24 * 3_600_000;

impl Service {
    /// Says what a rotation with these wishes would do, and does nothing of it.
    pub async fn rehearse_rotation(
        &self,
        caller: &Caller,
        key: &KeyRef,
        rotate: Rotate,
    ) -> Result<RotationRehearsal> {
        let id = self.resolve(caller, key)?;
        self.key_row(caller, Permission::UsageRead, id)?;
        let mut faults = rotate.faults();
        // What would be confirmed then need not be now.
        faults.retain(|fault| fault.field != "confirm");
        Faults::from(faults).check()?;
        let now_ms = self.now_ms();
        let (key, mut ledger, plan, terms) = standing(&self.mirror().read(), id)?;
        let asked = rotate.overlap.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let overlap_ms = if rotate.emergency { 0 } else { asked.unwrap_or(terms.overlap_ms) };
        let gated = terms.evidence && overlap_ms > 0;
        let latest_ms =
            now_ms.saturating_add(overlap_ms).saturating_add(if gated { terms.extend_ms } else { 0 });
        let (will_break, updates_itself) = self.sort_apps(id, now_ms, overlap_ms, latest_ms).await?;
        let cause = if rotate.emergency { RotationCause::Emergency } else { RotationCause::Asked };
        let begin = Begin {
            id: Id::default(),
            method: plan.method.clone(),
            cause,
            asked_by: None,
            due_ms: None,
            overlap_ms: asked,
        };
        let version = ledger.next_number();
        let refused = ledger.begin(begin, now_ms).err().map(|refusal| Error::from(refusal).to_string());
        let mut worth_knowing = Vec::new();
        if key.frozen_ms.is_some() {
            worth_knowing.push("the key is frozen: apps are given no value until it is thawed".to_owned());
        }
        self.tell_calls(&key, &mut worth_knowing)?;
        for old in &ledger.rotation.retiring {
            worth_knowing.push(format!("version {} is still on its way out", old.number));
        }
        Ok(RotationRehearsal {
            dry_run: true,
            method: method_name(&plan.method),
            version,
            overlap: span(overlap_ms),
            latest: timestamp(latest_ms),
            will_break,
            updates_itself,
            worth_knowing,
            refused,
        })
    }

    /// Those that would go on with the old value for too long, and those that ask often enough.
    async fn sort_apps(
        &self,
        id: Id,
        now_ms: i64,
        overlap_ms: i64,
        latest_ms: i64,
    ) -> Result<(Vec<RehearsedApp>, Vec<RehearsedApp>)> {
        self.write_metered().await?;
        let snapshot = self.store().snapshot().await?;
        let (mut breaking, mut updating) = (Vec::new(), Vec::new());
        let still = |holder: &VersionHolder| self.still_fetches(holder.token, id);
        for holder in holders(&snapshot, id).await?.into_iter().filter(still) {
            let app = self.app_with_fetch(&snapshot, &holder).await?;
            let last_ms = app.last_fetch.map_or(holder.since_ms, |at| at.as_millisecond());
            let silent_ms = now_ms - last_ms;
            let kept_ms = latest_ms - now_ms;
            let (why, breaks) = if overlap_ms == 0 {
                ("the value it has goes at once".to_owned(), true)
            } else if silent_ms > kept_ms {
                (format!("it last asked {}, longer than the old value is kept", ago(silent_ms)), true)
            } else if silent_ms > overlap_ms {
                (
                    format!("it last asked {}: the overlap is extended until it asks again", ago(silent_ms)),
                    false,
                )
            } else {
                (format!("it last asked {}", ago(silent_ms)), false)
            };
            if breaks { &mut breaking } else { &mut updating }.push(RehearsedApp { app, why });
        }
        Ok((breaking, updating))
    }

    fn tell_calls(&self, key: &keyward_store::model::ApiKey, told: &mut Vec<String>) -> Result<()> {
        const LOOKED_AT: usize = 2_000;
        let now_ms = self.now_ms();
        let events = self.0.usage.events(key.id, now_ms - DAY_MS, now_ms + 1, LOOKED_AT)?;
        let unnamed = events.iter().filter(|event| event.version == 0).count();
        if let Some(last) = events.iter().map(|event| event.at_ms).max() {
            told.push(format!("the last call was reported {}", ago(now_ms - last)));
        }
        if unnamed > 0 {
            let which = match events.len() {
                1 => "the last call was".to_owned(),
                all if all == unnamed => format!("the last {all} calls were"),
                all => format!("{unnamed} of the last {all} calls were"),
            };
            told.push(format!(
                "{which} reported without a version, which tells nothing of the value it was made with"
            ));
        }
        Ok(())
    }
}

/// How long ago, in its largest unit: `just now`, `40 s ago`, `9 d ago`.
fn ago(ms: i64) -> String {
    let units = [("d", 24 * 3_600_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    match units.into_iter().find(|(_, length)| ms >= *length) {
        Some((unit, length)) => format!("{} {unit} ago", ms / length),
        None => "just now".to_owned(),
    }
}
