//! The rotations of all keys that somebody may see: what is under way, what comes, what was.

use keyward_store::model::{ApiKey, Id, PastRotation, Rotation};
use keyward_store::{KeyRange, Order, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Fault, Result};
use crate::input::RotationQuery;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::mirror::Tables;
use crate::service::rotation::plan::{method_name, plan_of};
use crate::service::rotation::shown::{fault_view, next_try, past_view, retiring_state, state_of, steps};
use crate::service::text::Faults;
use crate::view::{LeavingVersion, RotationState, RotationSummary, RotationsView};

/// Rows of the past that are looked through for those that somebody may see.
const MOST_LOOKED_AT: usize = 5_000;

/// Keys that are looked through for the calendar.
const MOST_SCHEDULED: usize = 200_000;

impl RotationQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(1, self.limit)
    }
}

impl Service {
    /// The rotations of all keys that the caller may see: what is under way, what comes, what was.
    pub async fn rotations(&self, caller: &Caller, query: &RotationQuery) -> Result<RotationsView> {
        let account = caller.person()?;
        Faults::from(query.faults()).check()?;
        let limit = query.limit as usize;
        let mut view = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
            self.queue_and_calendar(&tables, caller, limit)
        };
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::all();
        let rows = snapshot.scan(PastRotation::BY_TIME, range, Order::Descending, MOST_LOOKED_AT).await?;
        for (_, place) in rows {
            if view.history.len() == limit {
                break;
            }
            let visible = Id::from_slice(place.value.get(..12).unwrap_or_default()).and_then(|id| {
                let tables = self.mirror().read();
                let sees = may(&tables, caller.identity, Permission::UsageRead, Target::Key(id));
                tables.keys.get(id).filter(|_| sees).cloned()
            });
            let Some(key) = visible else { continue };
            if let Some(row) = Row::<PastRotation>::get(&snapshot, &place.value).await? {
                view.history.push(past_view(&row.record, &key.record));
            }
        }
        Ok(view)
    }

    fn queue_and_calendar(&self, tables: &Tables, caller: &Caller, limit: usize) -> RotationsView {
        let sees = |id: Id| {
            let sees = may(tables, caller.identity, Permission::UsageRead, Target::Key(id));
            tables.keys.get(id).filter(|_| sees)
        };
        let mut queue: Vec<RotationSummary> = tables
            .rotations
            .states()
            .filter(|row| state_of(&row.record) != RotationState::Idle)
            .filter_map(|row| Some(summary(tables, &sees(row.record.api_key)?.record, &row.record)))
            .collect();
        queue.sort_by_key(|one| (one.state, one.next_rotation, one.id));
        let queued = queue.len() as u64;
        queue.truncate(limit);
        let mut due: Vec<(i64, Id)> = {
            let spaces = caller.account().into_iter().flat_map(|account| tables.memberships(account));
            let keys = spaces.filter_map(|member| tables.keys.space(member.record.space));
            let rows = keys.flat_map(|space| space.newest()).take(MOST_SCHEDULED);
            let keys = rows.filter_map(|(_, id)| sees(id));
            keys.filter_map(|row| Some((row.record.next_rotation_ms?, row.record.id))).collect()
        };
        let scheduled = due.len() as u64;
        let nearest = limit.min(due.len());
        if nearest < due.len() {
            due.select_nth_unstable(nearest);
            due.truncate(nearest);
        }
        due.sort_unstable();
        let idle = Rotation::default();
        let calendar = due.into_iter().filter_map(|(_, id)| {
            let state = tables.rotations.state(id).map_or(&idle, |row| &row.record);
            Some(summary(tables, &tables.keys.get(id)?.record, state))
        });
        RotationsView { queue, queued, calendar: calendar.collect(), scheduled, history: Vec::new() }
    }
}

fn summary(tables: &Tables, key: &ApiKey, state: &Rotation) -> RotationSummary {
    let plan = plan_of(tables, key.id);
    let run = state.run.as_ref();
    let leaving = state.retiring.first();
    let fault = run.and_then(|run| run.fault.as_ref());
    let fault = fault.or_else(|| state.retiring.iter().find_map(|old| old.fault.as_ref()));
    RotationSummary {
        id: key.id,
        key_id: key.key_id.clone(),
        name: key.name.clone(),
        environment: key.environment,
        method: method_name(run.map_or(&plan.method, |run| &run.method)),
        state: state_of(state),
        health: state.health,
        next_rotation: key.next_rotation_ms.map(timestamp),
        steps: run.map(steps).unwrap_or_default(),
        next_try: run.and_then(next_try),
        retiring: leaving.map(|old| LeavingVersion {
            version: old.number,
            state: retiring_state(old),
            overlap_ends: timestamp(old.until_ms),
        }),
        fault: fault.map(fault_view),
    }
}
