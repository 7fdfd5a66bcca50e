//! What a small team is told, what it asked, and what was done in it; what the core would say to questions about that.
//! Everything follows from the arguments.

use keyward_keys::input::AuditQuery;
use keyward_keys::view::{
    AuditPage, AuditView, DeliveryStatus, DeliveryView, NotificationPage, NotificationView, Pagination,
    TicketMessageView, TicketPage, TicketStatus, TicketView, TimingView, WebhookView,
};
use keyward_keys::{Door, Id, Outcome};
use keyward_tui::app::{Answer, InboxAnswer, InboxQuery, WebhookAnswer, WebhookAsk};
use secrecy::SecretString;

use super::people::{self, DAY, HOUR, MINUTE, ago};
use super::{id, key};

fn page(total: u64) -> Pagination {
    Pagination { page: 1, limit: 100, total, pages: 1 }
}

pub(crate) fn notices() -> Vec<NotificationView> {
    let rows = [
        (
            "monthly_limit",
            Some(2),
            "anthropic-agents has used 102 % of its month: 512,004 of 500,000 calls",
            false,
            4 * MINUTE,
        ),
        ("member_joined", None, "Mei Tanaka joined the team Payments", false, 3 * HOUR),
        (
            "monthly_limit",
            Some(1),
            "openai-chat has used 85 % of its month: 1,712,330 of 2,000,000 calls",
            false,
            9 * HOUR,
        ),
        (
            "new_sign_in",
            None,
            "Somebody signed in as you from 203.0.113.40, where you were not seen before",
            true,
            26 * HOUR,
        ),
        (
            "key_deleted",
            None,
            "Chidi Okafor moved mapbox-legacy to the bin; it can be restored for 30 days",
            true,
            3 * DAY,
        ),
        ("support", None, "A new message about Raising the limit of openai-chat", true, 6 * DAY),
    ];
    let row = |(n, (kind, key, message, read, age)): (usize, (&str, Option<usize>, &str, bool, i64))| {
        NotificationView {
            id: id(340 + n),
            kind: kind.to_owned(),
            api_key_id: key.map(id),
            alert_id: None,
            message: message.to_owned(),
            read,
            created_at: ago(age),
        }
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// What was done, by whom, to what, by which door, how it ended, and more.
type Act = (&'static str, Option<usize>, Option<usize>, Door, Outcome, &'static str);

pub(crate) fn records() -> Vec<AuditView> {
    let rows: [Act; 9] = [
        ("key.reveal", Some(900), Some(0), Door::Ssh, Outcome::Done, "version 3"),
        ("key.change", Some(901), Some(2), Door::Rest, Outcome::Done, "monthlyLimit, tags"),
        ("key.reveal", Some(905), Some(0), Door::Rest, Outcome::Refused, ""),
        ("member.invite", Some(900), Some(320), Door::Ssh, Outcome::Done, "as member"),
        ("key.fetch", Some(950), Some(1), Door::Rest, Outcome::Done, "first of the day"),
        ("session.manage", Some(902), Some(902), Door::Ssh, Outcome::Refused, ""),
        ("instance.run", None, None, Door::System, Outcome::Done, "2 keys past the bin"),
        ("key.create", Some(902), Some(7), Door::Local, Outcome::Done, "sealed"),
        ("account.change", Some(900), Some(900), Door::Ssh, Outcome::Done, "theme"),
    ];
    let record = |(n, (action, actor, object, door, outcome, detail)): (usize, Act)| AuditView {
        seq: 12_402 - n as u64,
        timestamp: ago(7 * MINUTE * (n as i64 + 1)),
        actor: actor.map(id),
        actor_kind: match actor {
            Some(950) => "token",
            Some(_) => "account",
            None => "purge-bin",
        }
        .to_owned(),
        door,
        from: (door != Door::System).then(|| "203.0.113.7".to_owned()),
        action: action.to_owned(),
        object: object.map(id),
        space: object.filter(|n| *n < 400).map(|_| id(300)),
        outcome,
        detail: detail.to_owned(),
        request_id: (door == Door::Rest).then(|| "01JDQ4W7T0Z6".to_owned()),
    };
    rows.into_iter().enumerate().map(record).collect()
}

pub(crate) fn audit(query: &AuditQuery) -> Answer {
    let fits = |record: &AuditView| query.outcome.is_none_or(|outcome| record.outcome == outcome);
    let records: Vec<AuditView> = records().into_iter().filter(fits).collect();
    let total = if query.outcome.is_some() { records.len() as u64 } else { 12_402 };
    let pagination = Pagination { page: query.page, limit: 100, total, pages: total.div_ceil(100) };
    Answer::Audit(AuditPage { records, pagination })
}

pub(crate) fn names(ids: &[Id]) -> Answer {
    let people = people::members().into_iter().map(|member| (member.user_id, member.name));
    let keys = (0..14).map(|n| (id(n), key(n).name));
    let teams = people::teams().into_iter().map(|team| (team.id, team.name));
    let all = people.chain(keys).chain(teams).chain([(id(950), "web-production".to_owned())]);
    Answer::Names(all.filter(|(id, _)| ids.contains(id)).collect())
}

pub(crate) fn tickets() -> Vec<TicketView> {
    let ticket = |n: usize, user: usize, subject: &str, status, age: i64| TicketView {
        id: id(360 + n),
        user: id(user),
        subject: subject.to_owned(),
        status,
        created_at: ago(age + 5 * HOUR),
        updated_at: ago(age),
        messages: None,
    };
    vec![
        ticket(0, 902, "Raising the limit of openai-chat", TicketStatus::Open, 20 * MINUTE),
        ticket(1, 904, "A second region for the webhook", TicketStatus::Open, 2 * DAY),
        ticket(2, 900, "Moving our keys from the old vault", TicketStatus::Closed, 40 * DAY),
    ]
}

fn ticket(wanted: Id) -> Option<TicketView> {
    let said = |author: usize, operator, text: &str, age| TicketMessageView {
        author: id(author),
        operator,
        text: text.to_owned(),
        created_at: ago(age),
    };
    let messages = vec![
        said(
            902,
            false,
            "We are at 86 % of the month and the launch is on Thursday.\n\nCan the limit go to 3M until December?",
            5 * HOUR,
        ),
        said(
            900,
            true,
            "It can. I set it to 3,000,000; it goes back on the first. Is anything else of yours in the way?",
            2 * HOUR,
        ),
        said(902, false, "That is all, thank you.", 20 * MINUTE),
    ];
    let ticket = tickets().into_iter().find(|ticket| ticket.id == wanted)?;
    Some(TicketView { messages: Some(messages), ..ticket })
}

pub(crate) fn inbox(query: InboxQuery) -> Option<Answer> {
    Some(Answer::Inbox(match query {
        InboxQuery::Notices(query) => {
            let all = notices().into_iter().filter(|notice| !(query.unread && notice.read));
            let notifications: Vec<_> = all.take(query.limit as usize).collect();
            let total = notifications.len() as u64;
            InboxAnswer::Notices(NotificationPage { notifications, unread: 3, pagination: page(total) })
        }
        InboxQuery::Read(_) | InboxQuery::ReadAll | InboxQuery::Delete(_) => InboxAnswer::Done,
        InboxQuery::Tickets(_) => {
            let tickets = tickets();
            let total = tickets.len() as u64;
            InboxAnswer::Tickets(TicketPage { tickets, pagination: page(total) })
        }
        InboxQuery::Ticket(id) | InboxQuery::Answer { ticket: id, .. } | InboxQuery::Close(id) => {
            InboxAnswer::Ticket(Box::new(ticket(id)?))
        }
        InboxQuery::Open(_) => InboxAnswer::Ticket(Box::new(ticket(id(360))?)),
    }))
}

/// Where notifications are sent besides, and what came of that.
pub(crate) fn webhooks(ask: &WebhookAsk) -> WebhookAnswer {
    let hook = |n: usize, name: &str, url: &str, format: &str, digest: Option<&str>| WebhookView {
        id: id(500 + n),
        name: name.to_owned(),
        url: url.to_owned(),
        format: format.to_owned(),
        events: if n == 1 { vec!["alert_firing".to_owned()] } else { Vec::new() },
        team: (n == 2).then(|| id(90)),
        disabled: n == 2,
        timing: TimingView {
            quiet_hours: (n == 1).then(|| "22:00-07:00".to_owned()),
            digest: digest.map(str::to_owned),
            timezone: None,
            urgent_at_once: true,
        },
        created_at: ago(3 * DAY),
    };
    let sent = |n: usize, state, attempts, status, detail: Option<&str>| DeliveryView {
        id: id(520 + n),
        event: "key_deleted".to_owned(),
        api_key_id: Some(id(4)),
        message: "Chidi Okafor moved mapbox-legacy to the bin; it can be restored for 30 days".to_owned(),
        state,
        attempts,
        next_attempt: None,
        status,
        detail: detail.map(str::to_owned),
        created_at: ago(3 * DAY),
        sent_at: (attempts > 0).then(|| ago(2 * DAY)),
    };
    match ask {
        WebhookAsk::All => WebhookAnswer::All(vec![
            hook(0, "my mail", "ana@example.com", "email", Some("daily 08:00")),
            hook(1, "phone", "https://ntfy.sh/…", "ntfy", None),
            hook(2, "ops", "https://hooks.example.com/keyward", "standard", None),
        ]),
        WebhookAsk::Create(_) => WebhookAnswer::Made(
            Box::new(hook(3, "ops", "https://hooks.example.com/x", "standard", None)),
            SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ),
        WebhookAsk::ReplaceSecret(_) => {
            WebhookAnswer::Replaced(SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))
        }
        WebhookAsk::Deliveries(_) => WebhookAnswer::Deliveries(vec![
            sent(0, DeliveryStatus::Held, 0, None, None),
            sent(1, DeliveryStatus::Delivered, 1, Some(200), None),
            sent(2, DeliveryStatus::Failed, 10, None, Some("hooks.example.com did not answer in time")),
        ]),
        WebhookAsk::Turn { .. } | WebhookAsk::Remove(_) | WebhookAsk::Test(_) | WebhookAsk::Again { .. } => {
            WebhookAnswer::Done
        }
    }
}
