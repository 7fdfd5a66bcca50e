//! Messages to webhooks that wait, for the end of quiet hours or the next digest, and then go out as one. Until when is
//! decided in `timing`.

use chrono_tz::Tz;
use jiff::tz::TimeZone;

use keyward_store::model::{Delivery, DeliveryState, Timing, Webhook};
use keyward_store::{Row, Store};

use crate::caller::Caller;
use crate::clock::{self, in_words};
use crate::error::Result;
use crate::input::TimingPatch;
use crate::policy::Permission;
use crate::rotation::schedule::{quiet_hours, zone};
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::deliveries::{add, delivery};
use crate::service::hours;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;
use crate::timing;

/// Messages that a digest repeats, and characters of each; chats take no more.
const TOLD: usize = 20;
const WORDS: usize = 200;

/// What was set, after a change; what is wrong with that is added to the faults.
pub(super) fn changed(faults: &mut Faults, old: &Timing, patch: &TimingPatch) -> Timing {
    let mut new = old.clone();
    if let Some(text) = &patch.quiet_hours {
        new.quiet = text.as_deref().and_then(quiet_hours);
        if text.is_some() && new.quiet.is_none() {
            faults.add("timing/quietHours", "are written as 22:00-07:00");
        }
    }
    if let Some(text) = &patch.digest {
        new.digest = text.as_deref().and_then(timing::digest);
        if text.is_some() && new.digest.is_none() {
            faults.add("timing/digest", "is written as daily 08:00, or as monday 08:00 for once a week");
        }
    }
    if let Some(name) = &patch.timezone {
        if name.as_deref().is_some_and(|name| zone(name).is_none()) {
            faults.add("timing/timezone", "is an IANA time zone such as Europe/Zurich");
        }
        new.zone.clone_from(name);
    }
    new.urgent_at_once = patch.urgent_at_once.unwrap_or(new.urgent_at_once);
    new
}

/// Until when a message to this webhook waits that is written now; none when it goes out at once. A person's quiet hours
/// hold for each of their webhooks that has none.
pub(super) fn held_until(tables: &Tables, hook: &Webhook, urgent: bool, now_ms: i64) -> Option<i64> {
    let home = home_zone(tables, hook).and_then(zone).unwrap_or(Tz::UTC);
    let own = hook.timing.zone.as_deref().and_then(zone).unwrap_or(home);
    let quiet = match hook.timing.quiet {
        Some(quiet) => Some((quiet, own)),
        None => hook.account.and_then(|account| hours::quiet_of(tables, account)).map(|quiet| (quiet, home)),
    };
    timing::held_until(&hook.timing, quiet, own, urgent, now_ms)
}

/// The time zone by which whoever reads a webhook's messages lives, as far as they said.
pub(super) fn zone_of(tables: &Tables, hook: &Webhook) -> TimeZone {
    clock::zone(hook.timing.zone.as_deref().or_else(|| home_zone(tables, hook)))
}

/// That of the person's profile, or of the team.
fn home_zone<'t>(tables: &'t Tables, hook: &Webhook) -> Option<&'t str> {
    let profile = || tables.accounts.get(&hook.account?)?.record.time_zone.as_deref();
    profile().or_else(|| hours::zone_of(tables, hook.space?))
}

impl Service {
    /// Lets go of what was held long enough: one webhook after the other, each in one commit.
    pub(super) async fn release_held(&self, caller: &Caller) -> Result<()> {
        loop {
            let released = self.mirror().read().posted.released(self.now_ms());
            let Some((hook, keys)) = released else { return Ok(()) };
            let snapshot = self.store().snapshot().await?;
            let mut rows = Vec::new();
            for key in keys {
                rows.extend(Row::<Delivery>::get(&snapshot, &key).await?);
            }
            drop(snapshot);
            // All were removed meanwhile.
            if rows.is_empty() {
                return Ok(());
            }
            self.change(caller, Permission::NoticeSend, Target::Instance, |tables, draft| {
                release(tables, draft, &hook, &rows)
            })
            .await?;
        }
    }
}

/// Sends one message as it is, and several as one. What changed meanwhile is left alone.
fn release(tables: &Tables, draft: &mut Draft, hook: &Shared<Webhook>, rows: &[Row<Delivery>]) -> Result<()> {
    let all = tables.posted.messages(hook.record.id);
    let held = |row: &&Row<Delivery>| {
        all.get(&(row.record.created_ms, row.record.id)) == Some(&Some(row.record.next_ms))
    };
    let rows: Vec<&Row<Delivery>> = rows.iter().filter(held).collect();
    (draft.object, draft.space) = (Some(hook.record.id), hook.record.space);
    draft.detail = format!("{} held messages sent", rows.len());
    let state = if rows.len() > 1 { DeliveryState::Digested } else { DeliveryState::Pending };
    for row in &rows {
        draft.batch.replace(row, &Delivery { state, next_ms: draft.now_ms, ..row.record.clone() })?;
    }
    if rows.len() > 1 {
        let text = together(&rows, &zone_of(tables, &hook.record));
        let new = delivery(hook.record.id, "digest", None, &text, draft.now_ms)?;
        add(tables, draft, &new)?;
    }
    Ok(())
}

/// Several messages as one, a line each, with when each was written.
fn together(rows: &[&Row<Delivery>], zone: &TimeZone) -> String {
    let mut text = format!("{} notifications", rows.len());
    for row in rows.iter().take(TOLD) {
        let words: String = row.record.message.chars().take(WORDS).collect();
        text.push_str(&format!("\n- {}: {words}", in_words(row.record.created_ms, zone)));
    }
    if let Some(more @ 1..) = rows.len().checked_sub(TOLD) {
        text.push_str(&format!("\n- and {more} more"));
    }
    text
}
