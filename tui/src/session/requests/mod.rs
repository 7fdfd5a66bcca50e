//! The screens' questions, asked of the core: one service call each. No screen and no transport here.

mod account;
mod alerts;
mod inbox;
mod rotation;
mod team;
mod webhooks;

use keyward_keys::generate::Template;
use keyward_keys::input::{
    AuditQuery, Batch, BatchChange, KeyChange, KeyPatch, KeyRef, NewVersion, UsageQuery,
};
use keyward_keys::view::KeyView;
use keyward_keys::{Caller, Error, Fault, Id, Service};

use crate::app::{Answer, Deed, Query};
use crate::notice::{Notice, NoticeKind};

/// Audit records of a key that its page shows.
const TRAIL: u32 = 50;

/// Answers one question as `caller`; what may not be done is refused by the core, each time anew.
pub(super) async fn ask(service: Service, caller: Caller, query: Query) -> Result<Answer, Notice> {
    answer(&service, &caller, query).await.map_err(|error| {
        if let Error::Internal(cause) = &error {
            tracing::error!(cause = %chain(cause.as_ref()), "a request of the dashboard failed");
        }
        Notice::from(&error)
    })
}

/// Leaves out of a key what no list shows, which is all but a schedule: an open dashboard holds dozens of them.
fn row(key: &mut KeyView) {
    key.rotation.take_if(|rotation| rotation.cron.is_none());
}

async fn answer(service: &Service, caller: &Caller, query: Query) -> keyward_keys::Result<Answer> {
    let by_id = |id: Id| KeyRef::Id(id.to_string());
    Ok(match query {
        Query::List(query) => {
            let mut page = service.keys(caller, &query).await?;
            page.keys.iter_mut().for_each(row);
            Answer::Keys(page)
        }
        Query::Rows(ids) => {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                match service.key(caller, &by_id(id)).await {
                    Ok(mut key) => {
                        row(&mut key);
                        rows.push(key);
                    }
                    Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Answer::Rows(rows)
        }
        Query::Rates(ids) => Answer::Rates(service.live_rates(caller, &ids)),
        Query::Key(id) => Answer::Key(Box::new(service.key(caller, &by_id(id)).await?)),
        Query::Live(id) => Answer::Live(Box::new(service.live(caller, &by_id(id)).await?)),
        Query::Usage(id, query) => {
            Answer::Usage(Box::new(service.usage(caller, &by_id(id), &query.into()).await?))
        }
        Query::Versions(id) => Answer::Versions(service.versions(caller, &by_id(id)).await?),
        Query::Access(id) => Answer::Access(Box::new(service.key_access(caller, &by_id(id)).await?)),
        Query::Trail(id) => {
            let query = AuditQuery { page: 1, limit: TRAIL, ..AuditQuery::default() };
            Answer::Trail(service.key_audit(caller, &by_id(id), query).await?.records)
        }
        Query::Series(query) => Answer::Series(Box::new(service.usage_series(caller, &query).await?)),
        Query::WhatIf(what) => Answer::WhatIf(Box::new(service.what_if(caller, &what).await?)),
        Query::Billing => Answer::Billing(Box::new(service.billing(caller).await?)),
        Query::TagBudget(new) => match new.monthly_budget {
            Some(_) => Answer::TagBudget(Some(Box::new(service.set_tag_budget(caller, &new).await?))),
            None => {
                service.end_budget_of_tag(caller, &new.tag, new.team).await?;
                Answer::TagBudget(None)
            }
        },
        Query::Monitor => Answer::Monitor(Box::new(service.monitor(caller)?)),
        Query::Create(new) => Answer::Key(Box::new(service.create_key(caller, *new).await?)),
        Query::Update { id, patch, revision } => {
            Answer::Key(Box::new(service.update_key(caller, &by_id(id), *patch, Some(revision)).await?))
        }
        Query::SetValue { id, value, revision } => {
            let new = NewVersion { value, overlap: None };
            service.add_version(caller, &by_id(id), new, Some(revision)).await?;
            Answer::Key(Box::new(service.key(caller, &by_id(id)).await?))
        }
        Query::Delete { id, revision } => {
            Answer::Key(Box::new(service.delete_key(caller, &by_id(id), Some(revision)).await?))
        }
        Query::Many(deed, ids) => many(service, caller, deed, ids).await?,
        Query::Generate(template) => Answer::Generated(Template::parse(&template)?.generate()?),
        Query::Import(words, text) => Answer::Imported(service.import_in_words(caller, *words, &text).await?),
        Query::Hygiene => Answer::Hygiene(service.key_hygiene(caller).await?),
        Query::Teams => Answer::Teams(service.teams(caller).await?),
        Query::Reveal(id, reveal) => Answer::Revealed(service.reveal(caller, &by_id(id), reveal).await?),
        Query::Unlock(passphrase) => {
            service.unlock(caller, passphrase).await?;
            Answer::Unlocked
        }
        Query::Lock => {
            service.lock_again(caller).await?;
            Answer::Locked
        }
        Query::Prove(password) => {
            service.prove(caller, password).await?;
            Answer::Proved
        }
        Query::Me => Answer::Me(Box::new(service.me(caller).await?)),
        Query::Names(ids) => Answer::Names(service.names_of(caller, &ids).await?),
        Query::Audit(query) => Answer::Audit(service.audit(caller, &query).await?),
        Query::Team(query) => Answer::Team(team::answer(service, caller, query).await?),
        Query::Account(query) => account::answer(service, caller, query).await?,
        Query::Inbox(query) => Answer::Inbox(inbox::answer(service, caller, query).await?),
        Query::Webhooks(ask) => Answer::Webhooks(webhooks::answer(service, caller, ask).await?),
        Query::Rotation(ask) => Answer::Rotation(rotation::answer(service, caller, ask).await?),
        Query::Alerts(ask) => Answer::Alerts(alerts::answer(service, caller, ask).await?),
        Query::Home => Answer::Home(Box::new(service.home(caller).await?)),
        Query::Day => {
            let day = UsageQuery { timeframe: Some("day".to_owned()), ..UsageQuery::default() };
            Answer::Day(Box::new(service.usage_overview(caller, &day.into()).await?))
        }
    })
}

/// Does one thing to these keys, in one commit: to all of them, or to none.
async fn many(service: &Service, caller: &Caller, deed: Deed, ids: Vec<Id>) -> keyward_keys::Result<Answer> {
    let (mut changes, mut done) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
    for (line, id) in (1..).zip(ids) {
        let key = KeyRef::Id(id.to_string());
        let change = match deed {
            Deed::Delete => KeyChange::Delete(key),
            Deed::Restore => KeyChange::Restore(key),
            Deed::Switch(status) => {
                if service.key(caller, &key).await.is_ok_and(|seen| seen.status == status) {
                    continue;
                }
                KeyChange::Edit(key, Box::new(KeyPatch { status: Some(status), ..KeyPatch::default() }))
            }
            Deed::Freeze(frozen) => {
                if service.key(caller, &key).await.is_ok_and(|seen| seen.frozen == frozen) {
                    continue;
                }
                KeyChange::Edit(key, Box::new(KeyPatch { frozen: Some(frozen), ..KeyPatch::default() }))
            }
        };
        changes.push(BatchChange { line, change });
        done.push(id);
    }
    match service.batch(caller, Batch { changes, ..Batch::default() }).await {
        Ok(_) => Ok(Answer::Many { done, refused: Vec::new() }),
        Err(Error::Invalid(faults)) => {
            let notice = |fault: Fault| Notice::new(NoticeKind::Failure, fault.detail);
            Ok(Answer::Many { done: Vec::new(), refused: faults.into_iter().map(notice).collect() })
        }
        Err(error) => Err(error),
    }
}

/// An error and its causes in one line, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}
