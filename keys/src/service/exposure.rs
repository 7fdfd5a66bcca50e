//! What somebody has seen who is no longer entitled to it: worked out from the audit chain, and marked to be rotated. That
//! takes a look at the whole chain and so follows the commit with which they go. That commit notes that it is due: a crash
//! or a failure in between leaves it to the job here.

use std::collections::{HashMap, HashSet};

use keyward_store::model::{ApiKey, AuditRecord, Departed, Id, Outcome};
use keyward_store::{KeyRange, Op, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::Result;
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::view::ExposedKey;

/// Rows read at a time.
const PAGE: usize = 1024;

impl Service {
    /// Marks what those have seen who went, where that did not happen at once. Answers how many had gone.
    pub async fn mark_departures(&self, caller: &Caller) -> Result<u64> {
        authorise(&self.mirror().read(), caller, Permission::InstanceRun, Target::Instance, None)?;
        let mut marked = 0;
        loop {
            let snapshot = self.store().snapshot().await?;
            let rows = snapshot.scan(Departed::TABLE, KeyRange::all(), Order::Ascending, PAGE).await?;
            if rows.is_empty() {
                return Ok(marked);
            }
            for (_, row) in &rows {
                let departed = Row::<Departed>::decode(row)?.record;
                if self.mirror().read().spaces.contains_key(&departed.space) {
                    self.mark(caller, &departed).await?;
                } else {
                    self.forget_departure(caller, &departed).await?;
                }
                marked += 1;
            }
        }
    }

    /// Marks what this person has seen of a team that they are out of by now. None when that has to wait for the job:
    /// it is no reason to say that they were not let go.
    pub(crate) async fn mark_or_leave(
        &self,
        caller: &Caller,
        team: Id,
        account: Id,
    ) -> Option<Vec<ExposedKey>> {
        let system = self.system_caller("departure", caller.origin.door);
        let marked = self.mark(&system, &Departed { space: team, account }).await;
        marked.inspect_err(|error| tracing::warn!(%error, %team, "what was seen is marked later")).ok()
    }

    /// Of a team that was deleted there is nothing to mark.
    async fn forget_departure(&self, caller: &Caller, departed: &Departed) -> Result<()> {
        self.change(caller, Permission::InstanceRun, Target::Instance, |_, draft| {
            draft.batch.op(Op::Del(Departed::TABLE, departed.key()));
            draft.object = Some(departed.account);
            draft.detail = "the team is gone".to_owned();
            Ok(())
        })
        .await
    }

    /// Marks the keys of a team whose present value this person has seen, in person or through a service token.
    async fn mark(&self, system: &Caller, departed: &Departed) -> Result<Vec<ExposedKey>> {
        let Departed { space: team, account } = *departed;
        let seen = self.seen_versions(team, account).await?;
        let exposed = self.change(system, Permission::KeyExpose, Target::Space(team), |tables, draft| {
            let mut exposed = Vec::new();
            for (id, (version, at_ms)) in &seen {
                let Some(row) = tables.keys.get(*id).filter(|row| is_exposed(row, team, *version)) else {
                    continue;
                };
                let record = ApiKey { exposed_version: Some(*version), ..row.record.clone() };
                draft.batch.replace(row, &record)?;
                draft.events.push(Event::KeyChanged { space: team, api_key: *id });
                exposed.push(exposed_key(row, *at_ms));
            }
            draft.batch.op(Op::Del(Departed::TABLE, departed.key()));
            draft.object = Some(account);
            draft.space = Some(team);
            draft.detail = format!("{} keys to rotate", exposed.len());
            exposed.sort_by(|a: &ExposedKey, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
            Ok(exposed)
        });
        exposed.await
    }

    /// The newest version of each key that this person has seen, and when: by the audit chain, wherever the key was then,
    /// and of the keys of a team that they have made.
    async fn seen_versions(&self, team: Id, account: Id) -> Result<HashMap<Id, (u32, i64)>> {
        let mut seen: HashMap<Id, (u32, i64)> = {
            let tables = self.mirror().read();
            let keys = tables.keys.space(team).into_iter().flat_map(|keys| keys.newest());
            let made = keys.filter_map(|(_, id)| tables.keys.get(id)).map(|row| &row.record);
            let made = made.filter(|key| key.created_by == account);
            made.map(|key| (key.id, (1, key.created_ms))).collect()
        };
        // The person, and each service token from where the chain says that they made it: it may be gone by now.
        let mut actors = HashSet::from([account]);
        let making = Permission::TokenCreate.rule().name;
        let opening = [Permission::KeyReveal.rule().name, Permission::KeyFetch.rule().name];
        let snapshot = self.store().snapshot().await?;
        let mut range = KeyRange::all();
        loop {
            let rows = snapshot.scan(AuditRecord::LOG, range.clone(), Order::Ascending, PAGE).await?;
            for (_, row) in &rows {
                let Some(record) = row.value.get(32..).and_then(|body| AuditRecord::from_body(body).ok())
                else {
                    continue;
                };
                if record.action == making && record.actor == Some(account) {
                    actors.extend(record.object.filter(|_| record.outcome == Outcome::Done));
                }
                let theirs = record.outcome == Outcome::Done
                    && record.actor.is_some_and(|actor| actors.contains(&actor))
                    && opening.contains(&record.action.as_str());
                if let (true, Some(key), Some(version)) = (theirs, record.object, version_in(&record.detail))
                {
                    let newest = seen.entry(key).or_insert((version, record.at_ms));
                    *newest = (*newest).max((version, record.at_ms));
                }
            }
            match rows.last() {
                Some((last, _)) if rows.len() == PAGE => range.start = [last.as_slice(), &[0]].concat(),
                _ => return Ok(seen),
            }
        }
    }
}

/// Notes, in the commit with which a person goes, that what they have seen is to be marked.
pub(crate) fn note_departure(draft: &mut Draft, account: Id, team: Id) -> Result<()> {
    draft.put(&Departed { space: team, account })
}

/// The version that a record of an opening names: its detail begins with `version 3`.
fn version_in(detail: &str) -> Option<u32> {
    let digits: String = detail.strip_prefix("version ")?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn is_exposed(key: &Row<ApiKey>, team: Id, version: u32) -> bool {
    key.record.space == team && key.record.current_version == version
}

fn exposed_key(key: &Row<ApiKey>, at_ms: i64) -> ExposedKey {
    ExposedKey {
        id: key.record.id,
        key_id: key.record.key_id.clone(),
        name: key.record.name.clone(),
        version: key.record.current_version,
        revealed_at: timestamp(at_ms),
    }
}
