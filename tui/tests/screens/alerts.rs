//! The centre of alerts and its rules: what is asked for, when, and what is said.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::input::AlertAction;
use keyward_keys::view::{
    AlertState, AlertView, BudgetOwner, NotificationPage, NotificationView, Pagination,
};
use keyward_keys::{AlertCondition, Event};
use keyward_tui::app::{
    AlertAnswer, AlertAsk, Answer, AppEvent, InboxAnswer, InboxQuery, Query, RequestId, RotationAsk,
};
use keyward_tui::notice::{Notice, NoticeKind};

fn stage(presses: &str, size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
    stage.press(presses);
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&AlertAsk) -> bool) -> Option<(RequestId, AlertAsk)> {
    let is = |query: &Query| matches!(query, Query::Alerts(ask) if wanted(ask));
    let at = stage.held.iter().position(|(_, query)| is(query))?;
    match stage.held.remove(at) {
        (request, Query::Alerts(ask)) => Some((request, ask)),
        _ => None,
    }
}

fn changed(alert: usize) -> AppEvent {
    AppEvent::Domain(Event::AlertChanged { space: id(1), alert: Some(id(alert)) })
}

#[test]
fn transitions_show_by_themselves_and_the_selection_stays_on_its_alert() {
    let mut stage = stage("Aj", (120, 40));
    let marked = |stage: &Stage| {
        let rows = stage.text();
        let row = rows.lines().find(|line| line.contains('▌') && !line.contains("Open"));
        row.expect("a selected row").chars().take(60).collect::<String>()
    };
    let before = marked(&stage);
    assert!(before.contains("anthropic"), "{before}");
    stage.hold = true;
    stage.pass(5_000);
    assert!(take(&mut stage, |ask| matches!(ask, AlertAsk::List(_))).is_none(), "nothing happened");
    stage.send(changed(500));
    let (request, ask) = take(&mut stage, |ask| matches!(ask, AlertAsk::List(_))).expect("asked");
    let Some(Answer::Alerts(AlertAnswer::List(mut page))) = stage.reply(Query::Alerts(ask)) else {
        panic!("the sample answers")
    };
    page.alerts.remove(0);
    page.firing -= 1;
    stage.answer(request, Ok(Answer::Alerts(AlertAnswer::List(page))));
    assert_eq!(marked(&stage), before);
    assert!(stage.text().contains("1 firing") && !stage.text().contains("stripe-live "));
    stage.press("p");
    stage.held.clear();
    stage.send(changed(501));
    stage.pass(5_000);
    assert!(take(&mut stage, |_| true).is_none(), "paused");
    stage.press("p");
    assert!(take(&mut stage, |ask| matches!(ask, AlertAsk::List(_))).is_some(), "at once when it goes on");
}

#[test]
fn tabs_ask_for_what_they_say() {
    let mut stage = stage("A", (80, 24));
    stage.hold = true;
    let asked = |stage: &mut Stage| {
        stage.press("\t");
        match take(stage, |ask| matches!(ask, AlertAsk::List(_) | AlertAsk::Rules(_))).expect("asked").1 {
            AlertAsk::List(query) => (query.open, query.mine),
            _ => (None, Some(false)),
        }
    };
    assert_eq!(asked(&mut stage), (None, None));
    assert_eq!(asked(&mut stage), (None, Some(true)));
    assert_eq!(asked(&mut stage), (None, Some(false)), "the rules");
    assert_eq!(asked(&mut stage), (Some(true), None));
}

#[test]
fn an_alert_is_looked_after_put_off_and_settled_by_a_key() {
    let mut stage = stage("A", (80, 24));
    stage.hold = true;
    stage.press("a");
    assert!(
        matches!(take(&mut stage, |_| true), Some((_, AlertAsk::Acknowledge(alert))) if alert == id(500))
    );
    stage.press("s4");
    let (_, ask) = take(&mut stage, |ask| matches!(ask, AlertAsk::Snooze(..))).expect("asked");
    assert!(matches!(ask, AlertAsk::Snooze(_, snooze) if snooze.minutes == Some(240)));
    stage.press("sc\x15");
    assert!(stage.text().contains("For how long"), "{}", stage.text());
    stage.press("x\r");
    assert!(stage.text().contains("90m, 2h or 3d") && take(&mut stage, |_| true).is_none());
    stage.press("\x1bxn");
    assert!(take(&mut stage, |ask| matches!(ask, AlertAsk::Resolve(_))).is_none(), "no is no");
    stage.press("xy");
    let (request, _) = take(&mut stage, |ask| matches!(ask, AlertAsk::Resolve(_))).expect("asked");
    stage.answer(request, Err(Notice::new(NoticeKind::Forbidden, "alert.handle is for members.")));
    assert!(stage.text().contains("alert.handle is for members"));
}

#[test]
fn a_rule_says_what_it_will_do_and_would_have_done_while_one_types() {
    let mut stage = stage("An", (80, 24));
    assert!(stage.text().contains("5 % or more of the calls of one of your own keys fail"));
    assert!(stage.text().contains("fired 3 times in the past 30 days on 14 keys"), "{}", stage.text());
    stage.press("\tstripe-live\t99");
    assert!(!stage.text().contains("3 times"), "that was another threshold");
    stage.hold = true;
    stage.pass(399);
    assert!(take(&mut stage, |_| true).is_none(), "hands are not at rest yet");
    stage.pass(1);
    let (request, ask) = take(&mut stage, |_| true).expect("tried");
    let AlertAsk::Try(trial) = &ask else { panic!("tries") };
    assert_eq!((trial.api_key_id.as_deref(), trial.threshold), (Some(id(0).to_string().as_str()), Some(99)));
    let answer = stage.reply(Query::Alerts(ask)).expect("answered");
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("would not have fired in the past 30 days"), "{}", stage.text());
    stage.press("\t\t\t\r");
    let (request, ask) = take(&mut stage, |ask| matches!(ask, AlertAsk::Make(_))).expect("made");
    let AlertAsk::Make(new) = ask else { panic!("makes") };
    assert_eq!(
        (new.condition, new.name.as_str()),
        (Some(AlertCondition::ErrorRate), "Errors of stripe-live")
    );
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "The store takes no changes.")));
    let text = stage.text();
    assert!(
        text.contains("The store takes no changes") && text.contains("99"),
        "nothing typed is lost: {text}"
    );
}

#[test]
fn a_condition_brings_the_fields_it_needs() {
    let mut stage = stage("An", (80, 24));
    assert!(stage.text().contains("Within"));
    let mut seen = 0;
    for _ in 0..keyward_keys::alert_conditions().len() {
        stage.key(keyward_tui::term::input::Key::plain(keyward_tui::term::input::KeyCode::Right));
        seen += usize::from(stage.text().contains("Within"));
        assert!(stage.text().contains("Fires when") || stage.text().contains("still wrong"));
    }
    assert!(
        seen >= 3 && seen < keyward_keys::alert_conditions().len(),
        "some look back, some do not: {seen}"
    );
}

#[test]
fn rules_are_switched_and_removed_after_a_question() {
    let mut stage = stage("A\t\t\tj", (80, 24));
    stage.hold = true;
    stage.press("d");
    let (_, ask) = take(&mut stage, |_| true).expect("asked");
    assert!(matches!(ask, AlertAsk::Change(rule, patch) if rule == id(521) && patch.enabled == Some(false)));
    stage.press("D");
    assert!(stage.text().contains("Remove the rule Slow answers"));
    stage.press("y");
    assert!(matches!(take(&mut stage, |_| true), Some((_, AlertAsk::Remove(rule))) if rule == id(521)));
}

#[test]
fn an_account_without_alerts_is_told_the_one_thing_to_do() {
    let mut stage = Stage::new(Vec::new(), &Look::Dark.caps(), (80, 24));
    stage.press("A");
    assert!(stage.text().contains("Nothing is firing") && stage.text().contains("n makes a rule"));
    stage.press("\t\t\t");
    assert!(stage.text().contains("No rule looks at your keys yet"));
}

#[test]
fn the_alert_of_a_team_s_budget_names_the_team_and_leads_to_billing() {
    let mut stage = stage("", (120, 40));
    stage.hold = true;
    stage.press("A");
    let (request, ask) = take(&mut stage, |ask| matches!(ask, AlertAsk::List(_))).expect("asked");
    let Some(Answer::Alerts(AlertAnswer::List(mut page))) = stage.reply(Query::Alerts(ask)) else {
        panic!("the sample answers")
    };
    let of_team = |alert: &mut AlertView| {
        (alert.rule, alert.rule_name, alert.api_key_id, alert.key_name) = (None, None, None, None);
        (alert.budget_of, alert.team_name) = (Some(BudgetOwner::Team), Some("Payments".to_owned()));
        alert.message = "Payments: 80 % of its budget of 100.00 USD a month is spent".to_owned();
    };
    page.alerts.truncate(1);
    of_team(&mut page.alerts[0]);
    stage.answer(request, Ok(Answer::Alerts(AlertAnswer::List(page))));
    let history = |stage: &mut Stage| {
        let (request, ask) = take(stage, |ask| matches!(ask, AlertAsk::History(_))).expect("asked");
        let Some(Answer::Alerts(AlertAnswer::History(mut history))) = stage.reply(Query::Alerts(ask)) else {
            panic!("the sample answers")
        };
        of_team(&mut history.alert);
        (history.key, history.rule_in_words) = (None, None);
        stage.answer(request, Ok(Answer::Alerts(AlertAnswer::History(history))));
    };
    history(&mut stage);
    let text = stage.text();
    assert!(text.contains("Payments (team)") && text.contains("80 % of its budget of 100.00 USD"), "{text}");
    stage.press("f");
    assert!(stage.text().contains("of the budget of several keys"), "{}", stage.text());
    assert!(take(&mut stage, |ask| matches!(ask, AlertAsk::Respond(..))).is_none());
    stage.press("\r");
    history(&mut stage);
    stage.press("\r");
    assert!(stage.held.iter().any(|(_, query)| matches!(query, Query::Billing)), "{}", stage.text());
}

#[test]
fn a_message_about_an_alert_leads_to_it_by_one_key() {
    let mut stage = stage("2", (80, 24));
    stage.hold = true;
    let event = Event::Notified { account: id(900), notification: id(77), created_ms: stage.now_ms };
    stage.send(AppEvent::Domain(event));
    let at = stage
        .held
        .iter()
        .position(|(_, query)| matches!(query, Query::Inbox(InboxQuery::Notices(query)) if query.unread));
    let (request, _) = stage.held.remove(at.expect("read"));
    let told = NotificationView {
        id: id(77),
        kind: "alert_firing".to_owned(),
        api_key_id: Some(id(0)),
        alert_id: Some(id(500)),
        message: "Errors: stripe-live: 12 % of its calls failed within 10 min".to_owned(),
        read: false,
        created_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let page = NotificationPage {
        notifications: vec![told],
        unread: 1,
        pagination: Pagination { page: 1, limit: 3, total: 1, pages: 1 },
    };
    stage.answer(request, Ok(Answer::Inbox(InboxAnswer::Notices(page))));
    assert!(stage.text().contains("o opens it"), "{}", stage.text());
    stage.hold = false;
    stage.press("o");
    assert!(stage.text().contains("Alert: stripe-live"), "{}", stage.text());
    assert!(stage.text().contains(AlertState::Firing.name()));
}

#[test]
fn the_key_is_frozen_narrowed_limited_or_rotated_by_one_key_and_that_is_taken_back() {
    let mut stage = stage("A", (80, 24));
    let responses = |stage: &mut Stage| take(stage, |ask| matches!(ask, AlertAsk::Respond(..)));
    stage.hold = true;
    stage.press("f");
    assert!(responses(&mut stage).is_none() && stage.text().contains("used in production"), "asked first");
    stage.press("y");
    let (request, ask) = responses(&mut stage).expect("asked");
    assert!(
        matches!(&ask, AlertAsk::Respond(alert, respond) if *alert == id(500) && respond.action == AlertAction::Freeze)
    );
    let answer = stage.reply(Query::Alerts(ask)).expect("answered");
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("you froze the key. z takes it"), "{}", stage.text());
    stage.press("wnowhere\r");
    assert!(responses(&mut stage).is_none() && stage.text().contains("with spaces between"));
    stage.press("\x1bw10.0.0.0/8 203.0.113.7\r");
    let (_, ask) = responses(&mut stage).expect("asked");
    assert!(
        matches!(ask, AlertAsk::Respond(_, respond) if respond.networks.as_ref().is_some_and(|all| all.len() == 2))
    );
    stage.press("L\r");
    let (_, ask) = responses(&mut stage).expect("asked");
    assert!(matches!(ask, AlertAsk::Respond(_, respond) if respond.limit == Some(71_204)));
    stage.press("R");
    let rehearsal = |query: &Query| matches!(query, Query::Rotation(RotationAsk::Rehearse(..)));
    let Some(at) = stage.held.iter().position(|(_, query)| rehearsal(query)) else {
        panic!("what breaks comes first")
    };
    let (request, query) = stage.held.remove(at);
    let answer = stage.reply(query).expect("answered");
    stage.answer(request, Ok(answer));
    assert!(
        stage.text().contains("is fetched along") && stage.text().contains("Rotate it now?"),
        "{}",
        stage.text()
    );
    stage.press("y");
    let (_, ask) = responses(&mut stage).expect("asked");
    assert!(matches!(ask, AlertAsk::Respond(_, respond) if respond.action == AlertAction::Rotate));
    stage.press("z");
    assert!(responses(&mut stage).is_none(), "nothing of this alert is there to take back");
    stage.hold = false;
    stage.press("jj");
    stage.hold = true;
    stage.press("z");
    let (_, ask) = responses(&mut stage).expect("asked");
    assert!(
        matches!(ask, AlertAsk::Respond(alert, respond) if alert == id(502) && respond.action == AlertAction::Undo)
    );
}

#[test]
fn what_is_agreed_to_is_about_the_alert_that_was_asked_about() {
    let mut stage = stage("A", (80, 24));
    stage.hold = true;
    stage.press("f");
    assert!(stage.text().contains("used in production"));
    // Meanwhile somebody else settles it, and the selection goes to the next.
    stage.pass(5_000);
    stage.send(changed(500));
    let (request, ask) = take(&mut stage, |ask| matches!(ask, AlertAsk::List(_))).expect("asked");
    let Some(Answer::Alerts(AlertAnswer::List(mut page))) = stage.reply(Query::Alerts(ask)) else {
        panic!("the sample answers")
    };
    page.alerts.remove(0);
    stage.answer(request, Ok(Answer::Alerts(AlertAnswer::List(page))));
    while let Some((request, ask)) = take(&mut stage, |ask| matches!(ask, AlertAsk::History(_))) {
        if let Some(answer) = stage.reply(Query::Alerts(ask)) {
            stage.answer(request, Ok(answer));
        }
    }
    stage.press("y");
    let (_, ask) = take(&mut stage, |ask| matches!(ask, AlertAsk::Respond(..))).expect("asked");
    assert!(matches!(ask, AlertAsk::Respond(alert, _) if alert == id(500)), "not the next one's key");
}

#[test]
fn what_is_lately_over_is_a_second_list_that_one_walks_on_into() {
    let marked = |stage: &Stage| {
        let rows = stage.text();
        let row = rows.lines().find(|line| line.contains('▌') && !line.contains("Open"));
        row.expect("a selected row").chars().take(60).collect::<String>()
    };
    let mut stage = stage("Ajjjj", (200, 60));
    assert!(stage.text().contains("Over in the last 7 days"), "{}", stage.text());
    assert!(marked(&stage).contains("maps-web"), "{}", marked(&stage));
    assert!(stage.text().contains("recovered by itself"), "it is told beside it");
    stage.press("j");
    assert!(marked(&stage).contains("stripe-live"));
    assert!(stage.text().contains("Settled by Ana Ruiz") && stage.text().contains("by you"));
    stage.hold = true;
    stage.press("x");
    assert!(take(&mut stage, |ask| matches!(ask, AlertAsk::Resolve(_))).is_none(), "it is over already");
    stage.hold = false;
    stage.press("gg");

    // The one that is settled goes down there, and the next one is at hand.
    assert!(marked(&stage).contains("stripe-live"));
    stage.hold = true;
    stage.send(changed(500));
    stage.pass(2_000);
    let mut asked = |open: bool| {
        let is = |ask: &AlertAsk| matches!(ask, AlertAsk::List(query) if query.open.is_some() == open);
        let (request, ask) = take(&mut stage, is).expect("asked");
        let Some(Answer::Alerts(AlertAnswer::List(page))) = stage.reply(Query::Alerts(ask)) else {
            panic!("the sample answers")
        };
        (request, page)
    };
    let ((open, mut is_open), (over, mut is_over)) = (asked(true), asked(false));
    let mut settled = is_open.alerts.remove(0);
    (settled.state, settled.resolved_at) = (AlertState::Resolved, Some(settled.last_seen));
    is_over.alerts.insert(0, settled);
    stage.answer(over, Ok(Answer::Alerts(AlertAnswer::List(is_over))));
    assert!(marked(&stage).contains("12 %"), "still open, as far as is known: {}", marked(&stage));
    stage.answer(open, Ok(Answer::Alerts(AlertAnswer::List(is_open))));
    assert!(marked(&stage).contains("anthropic"), "{}", marked(&stage));

    // Where there is no room, there is one list, and nothing else is asked for.
    stage.held.clear();
    stage.size = (100, 40);
    stage.send(AppEvent::Resize { cols: 100, rows: 40 });
    assert!(!stage.text().contains("in the last 7 days"));
    stage.send(changed(501));
    stage.pass(2_000);
    assert!(
        take(&mut stage, |ask| matches!(ask, AlertAsk::List(query) if query.resolved_after.is_some()))
            .is_none()
    );
}

#[test]
fn what_is_over_is_told_also_when_nothing_fires() {
    let mut stage = stage("", (200, 60));
    stage.hold = true;
    stage.press("A");
    while let Some((request, ask)) = take(&mut stage, |ask| matches!(ask, AlertAsk::List(_))) {
        let nothing = matches!(&ask, AlertAsk::List(query) if query.open.is_some());
        let Some(Answer::Alerts(AlertAnswer::List(mut page))) = stage.reply(Query::Alerts(ask)) else {
            panic!("the sample answers")
        };
        if nothing {
            (page.alerts, page.firing) = (Vec::new(), 0);
        }
        stage.answer(request, Ok(Answer::Alerts(AlertAnswer::List(page))));
    }
    let text = stage.text();
    assert!(text.contains("Nothing is firing.") && text.contains("Over in the last 7 days"), "{text}");
    assert_eq!(text.matches("WHAT CROSSED").count(), 1, "an empty list needs no titles: {text}");
    let row = text.lines().find(|line| line.contains('▌') && !line.contains("Open")).expect("selected");
    assert!(row.contains("maps-web"), "{row}");
}
