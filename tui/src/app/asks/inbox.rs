//! Questions about what one is told, and about questions to the operators; and what comes of them.

use keyward_keys::Id;
use keyward_keys::input::{NewTicket, NotificationQuery, TicketQuery};
use keyward_keys::view::{NotificationPage, TicketPage, TicketView};

/// A question about notifications or support; each is the call of `Service` that is named.
pub enum InboxQuery {
    /// `notifications`, answered by [`InboxAnswer::Notices`].
    Notices(NotificationQuery),
    /// `read_notification`, answered by [`InboxAnswer::Done`].
    Read(Id),
    /// `read_all_notifications`, answered by [`InboxAnswer::Done`].
    ReadAll,
    /// `delete_notification`, answered by [`InboxAnswer::Done`].
    Delete(Id),
    /// `tickets`, answered by [`InboxAnswer::Tickets`].
    Tickets(TicketQuery),
    /// `ticket`, answered by [`InboxAnswer::Ticket`].
    Ticket(Id),
    /// `open_ticket`, answered by [`InboxAnswer::Ticket`].
    Open(NewTicket),
    /// `answer_ticket`, answered by [`InboxAnswer::Ticket`].
    Answer {
        /// Which question.
        ticket: Id,
        /// What is said.
        text: String,
    },
    /// `close_ticket`, answered by [`InboxAnswer::Ticket`].
    Close(Id),
}

/// What came of such a question.
pub enum InboxAnswer {
    /// A page of notifications.
    Notices(NotificationPage),
    /// A page of questions.
    Tickets(TicketPage),
    /// One question with all that was said.
    Ticket(Box<TicketView>),
    /// It was done.
    Done,
}
