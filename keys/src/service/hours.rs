//! The hours of teams and people: a team's time zone, when no rotation of its keys begins by itself, and when messages to
//! a person's channels wait. What keys do by them is `rotation`'s, what messages do `held`'s.

use std::cmp::Reverse;

use chrono_tz::Tz;

use keyward_store::model::{ApiKey, Door, Hours, HoursMove, Id, QuietHours, SpaceKind};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::rotation::schedule::{quiet_hours, zone};
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::mirror::{Place, Shared, Tables};
use crate::service::rotation::moved_due;
use crate::service::text::Faults;

/// Keys that follow changed hours in one commit.
const AT_ONCE: usize = 256;

/// What holds for a key of which nothing else was said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home {
    /// Its team's time zone; where that has none, that of whoever made the key.
    pub(crate) zone: Tz,
    /// When its team has no rotation begin.
    pub(crate) quiet: Option<QuietHours>,
}

impl Home {
    /// A key's home where it is.
    pub(crate) fn of(tables: &Tables, key: &ApiKey) -> Self {
        Self::by(of(tables, key.space), maker_zone(tables, key))
    }

    /// The same, if this had been said.
    fn said(tables: &Tables, key: &ApiKey, said: &Hours) -> Self {
        if key.space == said.of {
            Self::by(Some(said), maker_zone(tables, key))
        } else {
            Self::by(of(tables, key.space), said.time_zone.as_deref())
        }
    }

    fn by(hours: Option<&Hours>, maker_zone: Option<&str>) -> Self {
        let name = hours.and_then(|hours| hours.time_zone.as_deref()).or(maker_zone);
        Self { zone: name.and_then(zone).unwrap_or(Tz::UTC), quiet: hours.and_then(|hours| hours.quiet) }
    }
}

/// What a team or a person has said.
pub(crate) fn of(tables: &Tables, of: Id) -> Option<&Hours> {
    tables.hours.get(&of).map(|row| &row.record)
}

/// A team's time zone.
pub(crate) fn zone_of(tables: &Tables, team: Id) -> Option<&str> {
    of(tables, team)?.time_zone.as_deref()
}

/// Somebody's quiet hours.
pub(crate) fn quiet_of(tables: &Tables, whose: Id) -> Option<QuietHours> {
    of(tables, whose)?.quiet
}

fn maker_zone<'a>(tables: &'a Tables, key: &ApiKey) -> Option<&'a str> {
    tables.accounts.get(&key.created_by)?.record.time_zone.as_deref()
}

/// Notes what is no time zone, or no quiet hours.
pub(crate) fn check(faults: &mut Faults, time_zone: Option<&str>, quiet: Option<&str>) {
    if time_zone.is_some_and(|name| zone(name).is_none()) {
        faults.add("timeZone", "is not a time zone of the IANA database, such as Europe/Berlin");
    }
    if quiet.is_some_and(|text| quiet_hours(text).is_none()) {
        faults.add("quietHours", "are written as 22:00-06:30");
    }
}

/// Sets what is given of somebody's hours, which was checked; `Some(None)` ends it. Answers the fields that were set.
pub(crate) fn put(
    tables: &Tables,
    draft: &mut Draft,
    whose: Id,
    time_zone: Option<&Option<String>>,
    quiet: Option<&Option<String>>,
) -> Result<Vec<&'static str>> {
    let old = tables.hours.get(&whose);
    let before = || Hours { of: whose, time_zone: None, quiet: None };
    let mut new = old.map_or_else(before, |row| row.record.clone());
    let mut set = Vec::new();
    if let Some(name) = time_zone {
        new.time_zone.clone_from(name);
        set.push("timeZone");
    }
    if let Some(text) = quiet {
        new.quiet = text.as_deref().and_then(quiet_hours);
        set.push("quietHours");
    }
    match (old, new.time_zone.is_none() && new.quiet.is_none()) {
        (Some(old), true) => drop(draft.batch.remove(old)),
        (Some(old), false) => drop(draft.batch.replace(old, &new)?),
        (None, true) => {}
        (None, false) => drop(draft.batch.create(&new)?),
    }
    if tables.spaces.get(&whose).is_some_and(|space| space.record.kind == SpaceKind::Team) {
        follow(tables, draft, old.map_or_else(before, |row| row.record.clone()), &new)?;
    }
    Ok(set)
}

/// Forgets somebody's hours with them.
pub(crate) fn forget(tables: &Tables, draft: &mut Draft, whose: Id) {
    if let Some(row) = tables.hours.get(&whose) {
        draft.batch.remove(row);
    }
    if let Some(row) = tables.hours_moves.get(&whose) {
        draft.batch.remove(row);
    }
}

/// The keys that a person made are due by their new time zone, but for those of teams that have one.
pub(crate) fn follow_maker(
    tables: &Tables,
    draft: &mut Draft,
    maker: Id,
    old: Option<&String>,
    new: &str,
) -> Result<()> {
    let said = |zone: Option<String>| Hours { of: maker, time_zone: zone, quiet: None };
    follow(tables, draft, said(old.cloned()), &said(Some(new.to_owned())))
}

/// The keys are due by changed hours: at once, or of more than one commit bears the first thing after it.
fn follow(tables: &Tables, draft: &mut Draft, before: Hours, new: &Hours) -> Result<()> {
    if before == *new {
        return Ok(());
    }
    if tables.hours_moves.contains_key(&new.of) {
        let text =
            "the keys are still being brought to the hours that were set before; try again in a moment";
        return Err(Error::Conflict(text.to_owned()));
    }
    let keys = followers(tables, new.of, None, AT_ONCE + 1);
    if keys.len() > AT_ONCE {
        draft.batch.create(&HoursMove { before, at_ms: draft.now_ms, reached: None })?;
        return Ok(());
    }
    for row in keys {
        let homes = (Home::said(tables, &row.record, &before), Home::said(tables, &row.record, new));
        reckon(tables, draft, row, homes, draft.now_ms)?;
    }
    Ok(())
}

/// The keys of a team, or those that a person made, newest first: so many, from this place on.
fn followers(tables: &Tables, whose: Id, reached: Option<(i64, Id)>, most: usize) -> Vec<&Shared<ApiKey>> {
    let reached = reached.map(|(created_ms, id)| (Reverse(created_ms), id));
    if let Some(keys) = tables.keys.space(whose) {
        let places = keys.newest_after(reached).take(most);
        return places.filter_map(|(_, id)| tables.keys.get(id)).collect();
    }
    let mine = tables.keys.rows().filter(|row| row.record.created_by == whose);
    let mut mine: Vec<_> = mine.map(|row| (place(&row.record), row)).collect();
    mine.retain(|(place, _)| reached.is_none_or(|reached| *place > reached));
    mine.sort_unstable_by_key(|(place, _)| *place);
    mine.into_iter().take(most).map(|(_, row)| row).collect()
}

fn place(key: &ApiKey) -> Place {
    (Reverse(key.created_ms), key.id)
}

/// Writes when a key is due at its new home, where that is another time.
fn reckon(
    tables: &Tables,
    draft: &mut Draft,
    row: &Shared<ApiKey>,
    (from, to): (Home, Home),
    at_ms: i64,
) -> Result<()> {
    let key = &row.record;
    if from == to {
        return Ok(());
    }
    let next = moved_due(tables, key, (&from, &to), at_ms, draft.now_ms);
    if next != key.next_rotation_ms {
        draft.batch.replace(row, &ApiKey { next_rotation_ms: next, ..key.clone() })?;
        draft.events.push(Event::KeyChanged { space: key.space, api_key: key.id });
    }
    Ok(())
}

/// When a key is due that has yet to follow changed hours, where that is not now.
pub(crate) fn overtaken(tables: &Tables, key: &ApiKey, now_ms: i64) -> Option<i64> {
    let moves = [key.space, key.created_by].into_iter().filter_map(|whose| tables.hours_moves.get(&whose));
    let to = Home::of(tables, key);
    let times = moves.map(|row| &row.record).filter_map(|moved| {
        let reached = moved.reached.map(|(created_ms, id)| (Reverse(created_ms), id));
        let from = Home::said(tables, key, &moved.before);
        let waits = from != to && reached.is_none_or(|reached| place(key) > reached);
        waits.then(|| moved_due(tables, key, (&from, &to), moved.at_ms, now_ms)).flatten()
    });
    times.filter(|next| *next > now_ms).max()
}

impl Service {
    /// Brings the keys that have yet to follow changed hours to them, some in each commit. A daemon that ends in between
    /// goes on where it was; a key that comes to be due meanwhile is looked at before it begins.
    pub(crate) async fn follow_hours(&self) {
        let caller = self.system_caller("hours", Door::System);
        loop {
            let first = self.mirror().read().hours_moves.keys().next().copied();
            let Some(whose) = first else { return };
            match self.follow_some(&caller, whose).await {
                // Somebody else has brought the last of them.
                Ok(()) | Err(Error::Stale) => {}
                Err(error) => {
                    tracing::warn!(%error, "keys do not follow changed hours yet; it is tried again");
                    return;
                }
            }
        }
    }

    async fn follow_some(&self, caller: &Caller, whose: Id) -> Result<()> {
        self.change(caller, Permission::RotationRun, Target::Instance, |tables, draft| {
            let old = tables.hours_moves.get(&whose).ok_or(Error::Stale)?;
            let keys = followers(tables, whose, old.record.reached, AT_ONCE);
            draft.object = Some(whose);
            draft.detail = format!("{} keys follow changed hours", keys.len());
            match keys.last().filter(|_| keys.len() == AT_ONCE) {
                Some(last) => {
                    let reached = Some((last.record.created_ms, last.record.id));
                    draft.batch.replace(old, &HoursMove { reached, ..old.record.clone() })?;
                }
                None => drop(draft.batch.remove(old)),
            }
            for row in keys {
                let from = Home::said(tables, &row.record, &old.record.before);
                reckon(tables, draft, row, (from, Home::of(tables, &row.record)), old.record.at_ms)?;
            }
            Ok(())
        })
        .await
    }
}
