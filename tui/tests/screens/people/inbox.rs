//! Notifications, audit, support and the API page: what they do.

use super::{asked, copied, selected, stage, take};
use crate::sample::id;
use crate::sample::inbox::{inbox, notices};
use keyward_keys::view::NotificationView;
use keyward_keys::{Event, Outcome};
use keyward_tui::app::{AlertAsk, Answer, AppEvent, InboxAnswer, InboxQuery, Query};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Key, KeyCode};

#[test]
fn a_notification_opens_its_key_and_is_read_by_that() {
    let mut stage = stage("4");
    assert!(stage.text().contains("3 unread"));
    stage.hold = true;
    stage.press("\r");
    assert_eq!(
        asked(&stage, |query| matches!(query, Query::Inbox(InboxQuery::Read(one)) if *one == id(340))),
        1
    );
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Key(_)));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("LIVE") && stage.text().contains("anthropic-agents"));
}

#[test]
fn a_notification_of_an_alert_opens_the_alert() {
    let mut stage = stage("4");
    stage.hold = true;
    stage.press("r");
    let told = NotificationView { alert_id: Some(id(501)), ..notices().remove(0) };
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Inbox(InboxQuery::Notices(_))));
    let mut answer = stage.reply(query);
    if let Some(Answer::Inbox(InboxAnswer::Notices(page))) = &mut answer {
        page.notifications = vec![told];
    }
    stage.answer(request, Ok(answer.unwrap()));
    stage.press("\r");
    let opened =
        |query: &Query| matches!(query, Query::Alerts(AlertAsk::History(alert)) if *alert == id(501));
    assert_eq!(asked(&stage, opened), 1);
    assert_eq!(asked(&stage, |query| matches!(query, Query::Key(_))), 0);
}

#[test]
fn new_notifications_are_told_everywhere_and_move_no_selection() {
    let notified = |n: usize| Event::Notified { account: id(900), notification: id(n), created_ms: 0 };
    let mut stage = stage("4jj");
    let before = selected(&stage);
    stage.hold = true;
    stage.send(AppEvent::Domain(notified(399)));
    let newest =
        NotificationView { id: id(399), message: "Somebody joined".to_owned(), ..notices().remove(0) };
    let answer = |all: Vec<NotificationView>| {
        let mut page = inbox(InboxQuery::Notices(Default::default()));
        if let Some(Answer::Inbox(InboxAnswer::Notices(page))) = &mut page {
            page.notifications = all;
        }
        page.unwrap()
    };
    while let Some((request, query)) = stage.held.pop() {
        let Query::Inbox(InboxQuery::Notices(query)) = query else { panic!("nothing else is asked") };
        let all = [newest.clone()].into_iter().chain(notices()).take(query.limit as usize).collect();
        stage.answer(request, Ok(answer(all)));
    }
    assert_eq!(selected(&stage), before);
    assert!(
        stage.text().contains("7 in all") || stage.text().matches("Somebody joined").count() >= 2,
        "{}",
        stage.text()
    );
    stage.press("p");
    stage.send(AppEvent::Domain(notified(398)));
    let pages = |query: &Query| matches!(query, Query::Inbox(InboxQuery::Notices(query)) if query.limit > 3);
    assert_eq!(asked(&stage, pages), 0, "paused");
    stage.press("p");
    assert_eq!(asked(&stage, pages), 1, "and read when it goes on");
}

#[test]
fn audit_turns_its_pages_and_filters_on_top() {
    let mut stage = stage("0");
    assert!(stage.text().contains("1 to 9 of 12,402"), "{}", stage.text());
    stage.hold = true;
    (0..9).for_each(|_| stage.press("j"));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Audit(_)));
    assert!(
        matches!(&query, Query::Audit(query) if query.page == 2),
        "down from the last row turns the page"
    );
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("101 to 109"), "{}", stage.text());
    stage.hold = false;
    stage.press("/\t\t");
    stage.key(Key::plain(KeyCode::Right));
    stage.key(Key::plain(KeyCode::Right));
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Audit(_)));
    assert!(
        matches!(&query, Query::Audit(query) if query.outcome == Some(Outcome::Refused) && query.page == 1)
    );
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("1 to 2 of 2") && stage.text().contains("refused"), "{}", stage.text());
    stage.press("\x1b");
    assert!(stage.text().contains("101 to 109"), "Esc is back where one was");
}

#[test]
fn an_answer_that_was_refused_is_not_lost() {
    let mut stage = stage(":ask the operators\r\ra");
    stage.press("First line\rsecond line");
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Inbox(InboxQuery::Answer { .. })));
    assert!(
        matches!(&query, Query::Inbox(InboxQuery::Answer { text, .. }) if text == "First line\nsecond line")
    );
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "The disk is full.")));
    let text = stage.text();
    for kept in ["The disk is full.", "First line", "second line"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Inbox(InboxQuery::Answer { .. })));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("Sent.") && stage.text().contains("We are at 86"));
}

#[test]
fn the_api_page_copies_lines_that_hold_no_token() {
    let mut stage = stage(":routes with lines\r");
    stage.press("jys");
    let lines = copied(&stage);
    assert!(lines[0].starts_with("curl -sS -X POST") && lines[0].contains("$KEYWARD_TOKEN"), "{}", lines[0]);
    assert!(lines[0].ends_with("\"$KEYWARD_URL/api/keys\""));
    assert!(lines[1].starts_with("ssh -p 2222 ana@keys.example.com keys add"));
}

#[test]
fn of_two_notifications_at_one_moment_both_are_told() {
    let mut stage = stage("2");
    stage.hold = true;
    for n in [398, 399] {
        stage.send(AppEvent::Domain(Event::Notified {
            account: id(900),
            notification: id(n),
            created_ms: 0,
        }));
    }
    let told = |n: usize, text: &str| NotificationView {
        id: id(n),
        message: text.to_owned(),
        ..notices().remove(0)
    };
    let newest = [told(399, "The second came"), told(398, "The first came"), told(397, "Long ago")];
    let wanted =
        |query: &Query| matches!(query, Query::Inbox(InboxQuery::Notices(query)) if query.limit == 3);
    // What is asked first is answered last: only the newest question counts.
    while let Some(at) = stage.held.iter().rposition(|(_, query)| wanted(query)) {
        let (request, _) = stage.held.remove(at);
        let Some(Answer::Inbox(InboxAnswer::Notices(mut page))) =
            inbox(InboxQuery::Notices(Default::default()))
        else {
            panic!("notices")
        };
        page.notifications = newest.to_vec();
        stage.answer(request, Ok(Answer::Inbox(InboxAnswer::Notices(page))));
    }
    let text = stage.text();
    assert_eq!(text.matches("The first came").count(), 1, "{text}");
    assert_eq!(text.matches("The second came").count(), 1, "{text}");
    assert!(!text.contains("Long ago"), "{text}");
}
