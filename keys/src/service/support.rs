//! Questions to the operators: a person opens one, operators answer, either side goes on or closes it. No outside
//! service; sizes and numbers are bounded, for anybody may ask.

use keyward_store::model::{Id, Ticket, TicketMessage};
use keyward_store::{KeyRange, Op, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::input::{NewTicket, TicketQuery};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::notifications::{Notice, NoticeKind, notify};
use crate::service::text::{Faults, is_harmful};
use crate::view::{Pagination, TicketMessageView, TicketPage, TicketStatus, TicketView};

/// Questions that one person may have open.
const MOST_OPEN: usize = 20;

/// Questions of one person that are kept; of those that are settled, the one last touched longest ago goes first.
const MOST_KEPT: usize = 100;

/// Messages of one question.
const MOST_MESSAGES: u32 = 100;

/// Characters of one message.
const LONGEST: usize = 5_000;

impl Service {
    /// Opens a question to the operators.
    pub async fn open_ticket(&self, caller: &Caller, new: &NewTicket) -> Result<TicketView> {
        let account = caller.person()?;
        let NewTicket { subject, text } = checked(new)?;
        let id = crypto::random_id()?;
        self.change(caller, Permission::SupportAsk, Target::Account(account), |tables, draft| {
            make_room(tables, draft, account)?;
            draft.object = Some(id);
            draft.detail = "opened".to_owned();
            let now_ms = draft.now_ms;
            draft.batch.create(&Ticket {
                id,
                account,
                subject: subject.clone(),
                closed: false,
                messages: 1,
                created_ms: now_ms,
                updated_ms: now_ms,
            })?;
            add_message(draft, (id, 1), (account, false), &text)?;
            let operators = tables.accounts.values().filter(|row| row.record.operator);
            let operators: Vec<Id> =
                operators.map(|row| row.record.id).filter(|operator| *operator != account).collect();
            notify(tables, draft, operators, &notice(format!("A new question: {subject}")))
        })
        .await?;
        self.ticket(caller, id).await
    }

    /// Questions, the last touched first: the caller's own; an operator's are everybody's.
    pub async fn tickets(&self, caller: &Caller, query: &TicketQuery) -> Result<TicketPage> {
        let TicketQuery { page, limit, .. } = *query;
        Faults::from(query.faults()).check()?;
        let account = caller.person()?;
        let tables = self.mirror().read();
        let everybody = authorise(&tables, caller, Permission::SupportAnswer, Target::Instance, None).is_ok()
            && !query.own;
        let wanted = |row: &&Shared<Ticket>| {
            (everybody || row.record.account == account)
                && query.status.is_none_or(|status| status == status_of(&row.record))
        };
        let mut found: Vec<&Shared<Ticket>> = tables.tickets.values().filter(wanted).collect();
        found.sort_by_key(|row| (std::cmp::Reverse(row.record.updated_ms), row.record.id));
        let total = found.len() as u64;
        let start = (page as usize - 1).saturating_mul(limit as usize);
        let tickets =
            found.into_iter().skip(start).take(limit as usize).map(|row| view(&row.record, None)).collect();
        Ok(TicketPage { tickets, pagination: Pagination::of(page, limit, total) })
    }

    /// One question with all that was said.
    pub async fn ticket(&self, caller: &Caller, id: Id) -> Result<TicketView> {
        let row = self.visible_ticket(caller, id)?;
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(id.as_bytes());
        let rows =
            snapshot.scan(TicketMessage::TABLE, range, Order::Ascending, MOST_MESSAGES as usize).await?;
        let messages: std::result::Result<Vec<_>, _> =
            rows.iter().map(|(_, raw)| Row::<TicketMessage>::decode(raw)).collect();
        let messages = messages?.iter().map(|row| message_view(&row.record)).collect();
        Ok(view(&row.record, Some(messages)))
    }

    /// Says something more; a closed question is open again.
    pub async fn answer_ticket(&self, caller: &Caller, id: Id, text: &str) -> Result<TicketView> {
        let mut faults = Faults::default();
        let text = message_text(&mut faults, text);
        faults.check()?;
        self.touch_ticket(caller, id, |tables, draft, old, account, operator| {
            let number = old.messages + 1;
            if number > MOST_MESSAGES {
                return Err(Error::Conflict(format!(
                    "a question has {MOST_MESSAGES} messages at most; open a new one"
                )));
            }
            draft.detail = if operator { "answered" } else { "asked on" }.to_owned();
            add_message(draft, (id, number), (account, operator), &text)?;
            tell_other_side(tables, draft, old, account, "A new message about")?;
            Ok(Ticket { messages: number, closed: false, ..old.clone() })
        })
        .await?;
        self.ticket(caller, id).await
    }

    /// Settles a question.
    pub async fn close_ticket(&self, caller: &Caller, id: Id) -> Result<TicketView> {
        self.touch_ticket(caller, id, |tables, draft, old, account, _| {
            draft.detail = "closed".to_owned();
            if !old.closed {
                tell_other_side(tables, draft, old, account, "Closed:")?;
            }
            Ok(Ticket { closed: true, ..old.clone() })
        })
        .await?;
        self.ticket(caller, id).await
    }

    /// Changes a question as the one who asked it, or as an operator.
    async fn touch_ticket(
        &self,
        caller: &Caller,
        id: Id,
        work: impl Fn(&Tables, &mut Draft, &Ticket, Id, bool) -> Result<Ticket>,
    ) -> Result<()> {
        let account = caller.person()?;
        let own = self.visible_ticket(caller, id)?.record.account == account;
        let (permission, target) = match own {
            true => (Permission::SupportAsk, Target::Account(account)),
            false => (Permission::SupportAnswer, Target::Instance),
        };
        self.change(caller, permission, target, |tables, draft| {
            let old = tables.tickets.get(&id).ok_or(Error::NotFound("question"))?;
            draft.object = Some(id);
            let new = work(tables, draft, &old.record, account, !own)?;
            draft.batch.replace(old, &Ticket { updated_ms: draft.now_ms, ..new })?;
            Ok(())
        })
        .await
    }

    /// A question the caller asked, or, as an operator, any.
    fn visible_ticket(&self, caller: &Caller, id: Id) -> Result<Shared<Ticket>> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        let row = tables.tickets.get(&id).ok_or(Error::NotFound("question"))?;
        let operator = || authorise(&tables, caller, Permission::SupportAnswer, Target::Instance, None);
        if row.record.account != account && operator().is_err() {
            return Err(Error::NotFound("question"));
        }
        Ok(row.clone())
    }
}

/// Refuses one more open question than there may be, and removes settled ones that are too many.
fn make_room(tables: &Tables, draft: &mut Draft, account: Id) -> Result<()> {
    let own = tables.tickets.values().filter(|row| row.record.account == account);
    let (mut closed, open): (Vec<_>, Vec<_>) = own.partition(|row| row.record.closed);
    if open.len() >= MOST_OPEN {
        let text = format!("{MOST_OPEN} of your questions are open; close one first");
        return Err(Error::Conflict(text));
    }
    closed.sort_by_key(|row| (row.record.updated_ms, row.record.id));
    let surplus = (open.len() + closed.len() + 1).saturating_sub(MOST_KEPT);
    for row in closed.into_iter().take(surplus) {
        for number in 1..=row.record.messages {
            let key = TicketMessage::row_key(row.record.id, number);
            draft.batch.op(Op::Del(TicketMessage::TABLE, key));
        }
        draft.batch.remove(row);
    }
    Ok(())
}

fn add_message(
    draft: &mut Draft,
    (ticket, number): (Id, u32),
    (author, operator): (Id, bool),
    text: &str,
) -> Result<()> {
    let created_ms = draft.now_ms;
    let text = text.to_owned();
    draft.batch.create(&TicketMessage { ticket, number, author, operator, text, created_ms })?;
    Ok(())
}

/// Tells the asker what an operator did, and the operators what the asker did.
fn tell_other_side(tables: &Tables, draft: &mut Draft, ticket: &Ticket, who: Id, what: &str) -> Result<()> {
    let notice = notice(format!("{what} {}", ticket.subject));
    if ticket.account != who {
        return notify(tables, draft, [ticket.account], &notice);
    }
    let operators = tables.accounts.values().filter(|row| row.record.operator && row.record.id != who);
    let operators: Vec<Id> = operators.map(|row| row.record.id).collect();
    notify(tables, draft, operators, &notice)
}

fn notice(message: String) -> Notice {
    Notice { kind: NoticeKind::Support, api_key: None, alert: None, message, until_ms: None, minor: false }
}

/// Text of several lines, without what terminals misread.
impl TicketQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(self.page, self.limit)
    }
}

impl NewTicket {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of(checked(self))
    }
}

fn checked(new: &NewTicket) -> Result<NewTicket> {
    let mut faults = Faults::default();
    let subject = faults.line("subject", &new.subject, 1, 200);
    let text = message_text(&mut faults, &new.text);
    faults.check()?;
    Ok(NewTicket { subject, text })
}

fn message_text(faults: &mut Faults, text: &str) -> String {
    let text = text.trim().replace("\r\n", "\n");
    let length = text.chars().count();
    if length == 0 {
        faults.add("text", "is empty; give one");
    } else if length > LONGEST {
        faults.add("text", format!("has {length} characters; {LONGEST} is the most"));
    } else if let Some(bad) = text.chars().find(|c| !matches!(c, '\n' | '\t') && is_harmful(*c)) {
        let bad = bad as u32;
        faults.add("text", format!("holds the character U+{bad:04X}, which terminals misread; leave it out"));
    }
    text
}

fn status_of(ticket: &Ticket) -> TicketStatus {
    if ticket.closed { TicketStatus::Closed } else { TicketStatus::Open }
}

fn view(ticket: &Ticket, messages: Option<Vec<TicketMessageView>>) -> TicketView {
    TicketView {
        id: ticket.id,
        user: ticket.account,
        subject: ticket.subject.clone(),
        status: status_of(ticket),
        created_at: timestamp(ticket.created_ms),
        updated_at: timestamp(ticket.updated_ms),
        messages,
    }
}

fn message_view(message: &TicketMessage) -> TicketMessageView {
    TicketMessageView {
        author: message.author,
        operator: message.operator,
        text: message.text.clone(),
        created_at: timestamp(message.created_ms),
    }
}
