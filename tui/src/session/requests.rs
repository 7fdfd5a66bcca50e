//! The screens' questions, asked of the core: one service call each. No screen and no transport here.

use keyward_keys::input::KeyRef;
use keyward_keys::{Caller, Error, Id, Service};

use crate::app::{Answer, Query};
use crate::notice::Notice;

/// Answers one question as `caller`; what may not be done is refused by the core, each time anew.
pub(super) async fn ask(service: Service, caller: Caller, query: Query) -> Result<Answer, Notice> {
    answer(&service, &caller, query).await.map_err(|error| {
        if let Error::Internal(cause) = &error {
            tracing::error!(cause = %chain(cause.as_ref()), "a request of the dashboard failed");
        }
        Notice::from(&error)
    })
}

async fn answer(service: &Service, caller: &Caller, query: Query) -> keyward_keys::Result<Answer> {
    let by_id = |id: Id| KeyRef::Id(id.to_string());
    Ok(match query {
        Query::List(query) => Answer::Keys(service.keys(caller, &query).await?),
        Query::Rows(ids) => {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                match service.key(caller, &by_id(id)).await {
                    Ok(row) => rows.push(row),
                    Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Answer::Rows(rows)
        }
        Query::Rates(ids) => Answer::Rates(service.live_rates(caller, &ids)),
        Query::Key(id) => Answer::Key(Box::new(service.key(caller, &by_id(id)).await?)),
        Query::Live(id) => Answer::Live(Box::new(service.live(caller, &by_id(id)).await?)),
        Query::Usage(id, query) => Answer::Usage(Box::new(service.usage(caller, &by_id(id), &query).await?)),
        Query::Create(new) => Answer::Key(Box::new(service.create_key(caller, *new).await?)),
        Query::Update { id, patch, revision } => {
            Answer::Key(Box::new(service.update_key(caller, &by_id(id), *patch, Some(revision)).await?))
        }
        Query::Delete { id, revision } => {
            Answer::Key(Box::new(service.delete_key(caller, &by_id(id), Some(revision)).await?))
        }
        Query::Reveal(id, reveal) => Answer::Revealed(service.reveal(caller, &by_id(id), reveal).await?),
        Query::Unlock(passphrase) => {
            service.unlock(caller, passphrase).await?;
            Answer::Unlocked
        }
        Query::Me => Answer::Me(Box::new(service.me(caller).await?)),
    })
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
