//! The screens' questions about notifications and support: one service call each.

use keyward_keys::{Caller, Result, Service};

use crate::app::{InboxAnswer as A, InboxQuery};

pub(super) async fn answer(service: &Service, caller: &Caller, query: InboxQuery) -> Result<A> {
    let ticket = |ticket| A::Ticket(Box::new(ticket));
    Ok(match query {
        InboxQuery::Notices(query) => A::Notices(service.notifications(caller, &query).await?),
        InboxQuery::Read(id) => {
            service.read_notification(caller, id).await?;
            A::Done
        }
        InboxQuery::ReadAll => {
            service.read_all_notifications(caller).await?;
            A::Done
        }
        InboxQuery::Delete(id) => {
            service.delete_notification(caller, id).await?;
            A::Done
        }
        InboxQuery::Tickets(query) => A::Tickets(service.tickets(caller, &query).await?),
        InboxQuery::Ticket(id) => ticket(service.ticket(caller, id).await?),
        InboxQuery::Open(new) => ticket(service.open_ticket(caller, &new).await?),
        InboxQuery::Answer { ticket: id, text } => ticket(service.answer_ticket(caller, id, &text).await?),
        InboxQuery::Close(id) => ticket(service.close_ticket(caller, id).await?),
    })
}
