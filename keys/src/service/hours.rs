//! The hours of teams and people: a team's time zone, when no rotation of its keys begins by itself, and when messages to
//! a person's channels wait. What keys do by them is `rotation`'s, what messages do `held`'s.

use chrono_tz::Tz;

use keyward_store::model::{ApiKey, Hours, Id, QuietHours, SpaceKind};

use crate::error::Result;
use crate::event::Event;
use crate::rotation::schedule::{quiet_hours, zone};
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::rotation::moved_due;
use crate::service::text::Faults;

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
    follow(tables, draft, whose, &new)?;
    Ok(set)
}

/// Forgets somebody's hours with them.
pub(crate) fn forget(tables: &Tables, draft: &mut Draft, whose: Id) {
    if let Some(row) = tables.hours.get(&whose) {
        draft.batch.remove(row);
    }
}

/// The keys of a team are due by its new hours.
fn follow(tables: &Tables, draft: &mut Draft, whose: Id, new: &Hours) -> Result<()> {
    if tables.spaces.get(&whose).is_none_or(|space| space.record.kind != SpaceKind::Team) {
        return Ok(());
    }
    let keys = tables.keys.space(whose).into_iter().flat_map(|keys| keys.newest());
    for row in keys.filter_map(|(_, id)| tables.keys.get(id)) {
        reckon(tables, draft, row, Home::by(Some(new), maker_zone(tables, &row.record)))?;
    }
    Ok(())
}

/// The keys that a person made are due by their new time zone, but for those of teams that have one.
pub(crate) fn follow_maker(tables: &Tables, draft: &mut Draft, maker: Id, time_zone: &str) -> Result<()> {
    for row in tables.keys.rows().filter(|row| row.record.created_by == maker) {
        reckon(tables, draft, row, Home::by(of(tables, row.record.space), Some(time_zone)))?;
    }
    Ok(())
}

/// Writes when a key is due at its new home, where that is another time.
fn reckon(tables: &Tables, draft: &mut Draft, row: &Shared<ApiKey>, to: Home) -> Result<()> {
    let (key, from) = (&row.record, Home::of(tables, &row.record));
    if from == to {
        return Ok(());
    }
    let next = moved_due(tables, key, &from, &to, draft.now_ms);
    if next != key.next_rotation_ms {
        draft.batch.replace(row, &ApiKey { next_rotation_ms: next, ..key.clone() })?;
        draft.events.push(Event::KeyChanged { space: key.space, api_key: key.id });
    }
    Ok(())
}
