//! Notifications and questions to the operators: who is told what, once, and who may see it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use keyward_keys::input::{
    AddedAccount, NewKey, NewTicket, NotificationQuery, TicketQuery, TrackEvent, WhatIf,
};
use keyward_keys::view::{NotificationPage, TicketStatus};
use keyward_keys::{Caller, Error, Event, Origin, Plan, Service, Thresholds};

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_account, new_key, secret};

const ALL: NotificationQuery = NotificationQuery { page: 1, limit: 100, unread: false };

async fn told(service: &Service, caller: &Caller) -> NotificationPage {
    service.notifications(caller, &ALL).await.expect("a page")
}

/// Waits until so many were told.
async fn wait_for(service: &Service, caller: &Caller, number: usize) -> NotificationPage {
    let waiting = async {
        let mut events = service.subscribe(caller).expect("may hear");
        loop {
            let page = told(service, caller).await;
            if page.notifications.len() >= number {
                return page;
            }
            while !matches!(events.next().await, Some(Event::Notified { .. })) {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("told in time")
}

#[tokio::test]
async fn a_month_s_limit_is_told_at_each_percentage_once_also_across_a_restart() {
    let instance = Instance::open().await;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", Plan::Free).await);
    let mut new = new_key("Billing");
    new.monthly_limit = Some(20);
    let key = by_id(instance.service.create_key(&ana, new).await.expect("a key").id);
    let track = async |service: &Service, times: usize| {
        for _ in 0..times {
            service.track(&ana, &key, TrackEvent::<String>::default()).await.expect("tracked");
        }
    };
    track(&instance.service, 9).await;
    assert_eq!(told(&instance.service, &ana).await.notifications.len(), 0);
    for (times, number, percent) in [(1, 1, "50 %"), (6, 2, "80 %"), (3, 3, "95 %"), (1, 4, "100 %")] {
        track(&instance.service, times).await;
        let page = wait_for(&instance.service, &ana, number).await;
        // All in one moment, so that they are in no order.
        let told = page.notifications.iter().filter(|notice| notice.message.contains(percent));
        let told: Vec<_> = told.map(|notice| (notice.kind.as_str(), notice.read)).collect();
        assert_eq!((told, page.unread), (vec![("monthly_limit", false)], number as u64));
        assert!(page.notifications.iter().all(|notice| notice.message.contains("Billing")));
    }

    let instance = instance.reopen().await;
    track(&instance.service, 5).await;
    // What is told is told in the order of commits, so one that came again would be here by now.
    let marker = NewTicket { subject: "x".to_owned(), text: "y".to_owned() };
    instance.service.open_ticket(&ana, &marker).await.expect("opened");
    assert_eq!(told(&instance.service, &ana).await.notifications.len(), 4);
    assert!(told(&instance.service, &bob).await.notifications.is_empty());
}

#[tokio::test]
async fn an_operator_says_at_which_shares_people_are_told() {
    let shares = Thresholds::new([120, 30]);
    let instance = Instance::open().await.reopen_set(|settings| settings.thresholds = shares).await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let new = NewKey { monthly_limit: Some(10), ..new_key("Billing") };
    let key = service.create_key(&ana, new).await.expect("a key").id;
    let messages = |page: NotificationPage| {
        page.notifications.into_iter().map(|notice| notice.message).collect::<Vec<_>>()
    };
    for (times, number, percent) in [(3, 1, "30 %"), (9, 2, "120 %")] {
        for _ in 0..times {
            service.track(&ana, &by_id(key), TrackEvent::<String>::default()).await.expect("tracked");
        }
        let told = messages(wait_for(service, &ana, number).await);
        assert!(told.len() == number && told.iter().any(|message| message.contains(percent)), "{told:?}");
    }
    let what = WhatIf { api_key_id: Some(key.to_string()), monthly_limit: Some(10), ..WhatIf::default() };
    let tried = service.what_if(&ana, &what).await.expect("tried").this_month.limit.expect("a limit");
    assert_eq!(tried.shares.iter().map(|share| share.percent).collect::<Vec<_>>(), [30, 120]);
}

#[tokio::test]
async fn a_person_reads_and_deletes_what_is_theirs_and_nothing_else() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", Plan::Free).await);
    let elsewhere = |last| Origin { address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))), ..ORIGIN };
    for last in [1, 2, 2, 3] {
        service.sign_in(elsewhere(last), "ana", secret("correct horse")).await.expect("signed in");
    }
    let page = told(service, &ana).await;
    assert_eq!((page.unread, page.pagination.total), (3, 3), "an address is new once");
    assert!(page.notifications.iter().all(|notice| notice.kind == "new_sign_in"));
    let id = page.notifications[0].id;
    for refused in
        [service.read_notification(&bob, id).await.map(|_| ()), service.delete_notification(&bob, id).await]
    {
        assert!(matches!(refused, Err(Error::NotFound("notification"))), "{refused:?}");
    }
    assert!(service.read_notification(&ana, id).await.expect("read").read);
    let unread = NotificationQuery { unread: true, ..ALL };
    assert_eq!(service.notifications(&ana, &unread).await.expect("a page").notifications.len(), 2);
    service.delete_notification(&ana, id).await.expect("deleted");
    assert_eq!(service.read_all_notifications(&ana).await.expect("read"), 2);
    let page = told(service, &ana).await;
    assert_eq!((page.unread, page.notifications.len()), (0, 2));
    for (page, limit) in [(0, 20), (1, 0), (1, 101)] {
        let query = NotificationQuery { page, limit, unread: false };
        assert!(matches!(service.notifications(&ana, &query).await, Err(Error::Invalid(_))));
    }
}

#[tokio::test]
async fn only_so_many_are_kept() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (operator, _) = operator(&instance).await;
    for number in 0..25 {
        let ask = NewTicket { subject: format!("Help {number}"), text: "please".to_owned() };
        let ticket = service.open_ticket(&ana, &ask).await.expect("opened").id;
        for _ in 0..9 {
            service.answer_ticket(&operator, ticket, "so").await.expect("answered");
        }
        service.close_ticket(&ana, ticket).await.expect("closed");
    }
    assert_eq!(told(service, &ana).await.pagination.total, 200);
}

async fn operator(instance: &Instance) -> (Caller, keyward_keys::view::UserView) {
    let added = AddedAccount { account: new_account("olga"), operator: true, plan: Plan::Free };
    let view = instance.service.add_account(&instance.system(), added).await.expect("added");
    (instance.service.sign_in(ORIGIN, "olga", secret("correct horse")).await.expect("signed in"), view)
}

#[tokio::test]
async fn a_question_reaches_the_operators_and_the_answer_comes_back() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", Plan::Free).await);
    let (olga, _) = operator(&instance).await;
    let wrong = NewTicket { subject: String::new(), text: "\u{1b}[2J".to_owned() };
    let Err(Error::Invalid(faults)) = service.open_ticket(&ana, &wrong).await else {
        panic!("both are wrong")
    };
    assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["subject", "text"]);
    let ask = NewTicket { subject: "Help".to_owned(), text: "It is\nbroken".to_owned() };
    let ticket = service.open_ticket(&ana, &ask).await.expect("opened");
    let id = ticket.id;
    assert_eq!(told(service, &olga).await.notifications[0].kind, "support");
    assert!(matches!(service.ticket(&bob, id).await, Err(Error::NotFound("question"))));
    assert!(matches!(service.answer_ticket(&bob, id, "x").await, Err(Error::NotFound("question"))));
    let all = TicketQuery { page: 1, limit: 20, ..TicketQuery::default() };
    assert_eq!(service.tickets(&bob, &all).await.expect("a page").tickets.len(), 0);
    assert_eq!(service.tickets(&olga, &all).await.expect("a page").tickets.len(), 1);

    let answered = service.answer_ticket(&olga, id, "Try again").await.expect("answered");
    let messages = answered.messages.expect("with messages");
    assert_eq!(messages.iter().map(|message| message.operator).collect::<Vec<_>>(), [false, true]);
    assert_eq!(messages[0].text, "It is\nbroken");
    assert!(told(service, &ana).await.notifications[0].message.contains("Help"));
    let closed = service.close_ticket(&olga, id).await.expect("closed");
    assert_eq!(closed.status, TicketStatus::Closed);
    let again = service.answer_ticket(&ana, id, "Still broken").await.expect("asked on");
    assert_eq!(again.status, TicketStatus::Open);
    for number in 1..20 {
        let ask = NewTicket { subject: number.to_string(), text: "x".to_owned() };
        service.open_ticket(&ana, &ask).await.expect("opened");
    }
    assert!(matches!(service.open_ticket(&ana, &ask).await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn settled_questions_make_room_for_new_ones() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let mut asked = Vec::new();
    for number in 0..102 {
        let ask = NewTicket { subject: format!("Help {number}"), text: "please".to_owned() };
        let id = service.open_ticket(&ana, &ask).await.expect("opened").id;
        if number > 0 {
            service.close_ticket(&ana, id).await.expect("closed");
        }
        instance.clock.set(NOON + number);
        asked.push(id);
    }
    let all = TicketQuery { page: 1, limit: 100, ..TicketQuery::default() };
    assert_eq!(service.tickets(&ana, &all).await.expect("a page").pagination.total, 100);
    for (number, id) in asked.iter().enumerate() {
        let gone = matches!(service.ticket(&ana, *id).await, Err(Error::NotFound("question")));
        assert_eq!(
            gone,
            number == 1 || number == 2,
            "{number}: those settled first go, and none that is open"
        );
    }
}
