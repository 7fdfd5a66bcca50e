//! The one way to change: authorise, change, audit and announce in one commit; no audit, no change. What is
//! announced is published once the commit is durable (`bus`).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use keyward_store::model::{AuditRecord, Id, Outcome, SpaceKey};
use keyward_store::{Batch, CommitError, Op, Record, Store};

use crate::caller::{Caller, Identity, Origin};
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, space_of};
use crate::service::mirror::Tables;
use crate::service::once::Once;

/// How often a change is worked out again because somebody else changed the same rows.
const ATTEMPTS: u32 = 16;

/// A change being worked out: its batch, what the audit record says, what is published after the commit.
pub(crate) struct Draft {
    pub(crate) batch: Batch,
    /// The moment of the change, ms since the epoch.
    pub(crate) now_ms: i64,
    /// What the audit record says it was done to.
    pub(crate) object: Option<Id>,
    /// The space it is in.
    pub(crate) space: Option<Id>,
    /// More for the audit record, without values.
    pub(crate) detail: String,
    /// What [`Self::did`] is told of: the change's own permission, until something else is done along with it.
    pub(crate) doing: Permission,
    /// What else was done, and to what, each with an audit record of its own: the thing, its space, and more.
    also: Vec<(Permission, Id, Id, String)>,
    /// A space's pair that is made with it.
    pub(crate) pair: Option<(Id, SpaceKey)>,
    /// Announced in the same commit, and so published after it.
    pub(crate) events: Vec<Event>,
}

impl Draft {
    fn new(now_ms: i64, doing: Permission) -> Result<Self> {
        let id = crypto::random_batch_id()?;
        Ok(Self {
            batch: Batch::new(id),
            now_ms,
            object: None,
            space: None,
            detail: String::new(),
            doing,
            also: Vec::new(),
            pair: None,
            events: Vec::new(),
        })
    }

    /// Writes a row, whatever stood in its place: only for records that nothing is decided by, and without indexes.
    pub(crate) fn put<R: Record>(&mut self, record: &R) -> Result<()> {
        self.batch.op(Op::Put(R::TABLE, record.key(), encode(record)?));
        Ok(())
    }

    /// Removes a row that nothing is decided by, if it is there.
    pub(crate) fn forget<R: Record>(&mut self, record: &R) {
        self.batch.op(Op::Del(R::TABLE, record.key()));
    }

    /// Says what it was done to; of several things, one after another.
    pub(crate) fn did(&mut self, object: Id, space: Id, detail: String) {
        if self.object.is_none() {
            (self.object, self.space, self.detail) = (Some(object), Some(space), detail);
        } else {
            self.also.push((self.doing, object, space, detail));
        }
    }
}

impl Service {
    /// Authorises, lets `work` fill the draft, audits, announces, commits. `work` may run several times, when the
    /// rows it read changed before the commit; it reads the tables it is given and must change nothing else.
    pub(crate) async fn change<T>(
        &self,
        caller: &Caller,
        permission: Permission,
        target: Target,
        mut work: impl FnMut(&Tables, &mut Draft) -> Result<T>,
    ) -> Result<T> {
        for attempt in 0..ATTEMPTS {
            let mut draft = Draft::new(self.now_ms(), permission)?;
            let worked = {
                let tables = self.mirror().read();
                match authorise(&tables, caller, permission, target, Some(&mut draft.batch)) {
                    Ok(()) => Ok(work(&tables, &mut draft)?),
                    Err(refused) => Err(refused),
                }
            };
            let answer = match worked {
                Ok(answer) => answer,
                Err(refused) => {
                    self.record_refusal(caller.identity, caller.origin, permission, target).await;
                    return Err(refused);
                }
            };
            let record = AuditRecord {
                at_ms: draft.now_ms,
                actor: actor(caller.identity),
                actor_kind: actor_kind(caller.identity).to_owned(),
                door: caller.origin.door,
                from: caller.origin.address.map(|address| address.to_string()),
                action: permission.rule().name.to_owned(),
                object: draft.object,
                space: draft.space,
                outcome: Outcome::Done,
                detail: draft.detail,
                request: request(caller.origin),
            };
            draft.batch.op(chain(&record)?);
            let mut things = BTreeMap::from([(permission, 1)]);
            for (permission, object, space, detail) in draft.also {
                *things.entry(permission).or_default() += 1;
                let record = AuditRecord {
                    action: permission.rule().name.to_owned(),
                    object: Some(object),
                    space: Some(space),
                    detail,
                    ..record.clone()
                };
                draft.batch.op(chain(&record)?);
            }
            for event in &draft.events {
                draft.batch.op(Op::Announce(encode(event)?));
            }
            if let Some(once) = &caller.once {
                once.note(&mut draft.batch, draft.now_ms, draft.object)?;
            }
            match self.store().commit(draft.batch).await {
                Ok(_) => {
                    caller.once.iter().for_each(Once::noted);
                    things.into_iter().for_each(|(done, things)| self.0.meters.changed(done, things));
                    return Ok(answer);
                }
                Err(CommitError::Conflict) => {
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt))).await;
                }
                Err(CommitError::Fenced) => return Err(Error::Busy),
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// Records that somebody was refused, in a commit of its own. There is a limit on such records, or anyone
    /// could fill the disk with them.
    pub(crate) async fn record_refusal(
        &self,
        who: Identity,
        origin: Origin,
        permission: Permission,
        target: Target,
    ) {
        self.0.meters.refused(permission);
        let now_ms = self.now_ms();
        if !self.refusals().admit(now_ms) {
            return;
        }
        let object = match target {
            Target::Account(id)
            | Target::Space(id)
            | Target::Key(id)
            | Target::Binned(id)
            | Target::Token(id)
            | Target::Member { account: id, .. } => Some(id),
            Target::Instance => None,
        };
        let space = space_of(&self.mirror().read(), target);
        let record = AuditRecord {
            at_ms: now_ms,
            actor: actor(who),
            actor_kind: actor_kind(who).to_owned(),
            door: origin.door,
            from: origin.address.map(|address| address.to_string()),
            action: permission.rule().name.to_owned(),
            object,
            space,
            outcome: Outcome::Refused,
            detail: String::new(),
            request: request(origin),
        };
        let written = async {
            let mut batch = Batch::new(crypto::random_batch_id()?);
            batch.op(chain(&record)?);
            self.store().commit(batch).await.map_err(committed)
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, "a refusal could not be recorded");
        }
    }
}

/// Why a commit that is not tried again did not come about.
pub(crate) fn committed(error: CommitError) -> Error {
    match error {
        CommitError::Store(error) => error.into(),
        CommitError::Conflict | CommitError::Fenced => Error::Busy,
    }
}

fn chain(record: &AuditRecord) -> Result<Op> {
    Ok(Op::Chain(AuditRecord::LOG, record.to_body()?))
}

/// Writes a row, whatever is there.
pub(crate) fn put<R: Record>(row: &R) -> Result<Op> {
    Ok(Op::Put(R::TABLE, row.key(), encode(row)?))
}

fn encode(value: &impl Serialize) -> Result<Bytes> {
    postcard::to_allocvec(value).map(Bytes::from).map_err(|error| Error::Internal(Box::new(error)))
}

fn request(origin: Origin) -> Option<String> {
    origin.request.map(|request| request.as_str().to_owned())
}

fn actor(identity: Identity) -> Option<Id> {
    match identity {
        Identity::Account(id) | Identity::Token(id) => Some(id),
        Identity::System(_) => None,
    }
}

fn actor_kind(identity: Identity) -> &'static str {
    match identity {
        Identity::Account(_) => "account",
        Identity::Token(_) => "token",
        Identity::System(job) => job,
    }
}
