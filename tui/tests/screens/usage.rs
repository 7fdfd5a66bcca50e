//! The charts of usage: what they ask for, and what keys do there.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::input::{Breakdown, SeriesQuery, Step};
use keyward_keys::{Environment, Event};
use keyward_tui::app::{Answer, AppEvent, Effect, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::caps::Osc52;
use keyward_tui::term::input::{Button, Input, Mods, Mouse, MouseKind};
use secrecy::ExposeSecret;

fn stage() -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("3");
    stage
}

/// What was asked last, while answers are held back.
fn asked(stage: &mut Stage) -> (RequestId, SeriesQuery) {
    match stage.held.pop() {
        Some((request, Query::Series(query))) => (request, *query),
        _ => panic!("the charts ask"),
    }
}

fn after(presses: &str) -> SeriesQuery {
    let mut stage = stage();
    stage.hold = true;
    stage.press(presses);
    asked(&mut stage).1
}

fn usage_event() -> AppEvent {
    AppEvent::Domain(Event::Usage { space: id(1), api_key: id(0), requests: 1, errors: 0, last: None })
}

fn copied(stage: &Stage) -> Option<String> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.expose_secret().to_owned()),
        _ => None,
    })
}

#[test]
fn keys_choose_what_is_asked_for() {
    assert_eq!(after("t").span.timeframe.as_deref(), Some("month"));
    assert_eq!(after("tttt").span.timeframe.as_deref(), Some("day"));
    assert_eq!(after("b").by, Some(Breakdown::Key));
    assert_eq!(after("bbbb").by, Some(Breakdown::Endpoint));
    assert!(!after("c").compare);
    assert_eq!(after("ss").step, Some(Step::Day));
    let earlier = after("[").span;
    assert_eq!(
        (earlier.start_date.as_deref(), earlier.end_date.as_deref()),
        (Some("2026-11-09"), Some("2026-11-15"))
    );
    let typed = after("/stripe-live key:openai-chat env:prod from:2026-11-01 to:2026-11-15\r");
    assert_eq!((typed.keys.len(), typed.by), (2, Some(Breakdown::Key)));
    assert_eq!(typed.environment, Some(Environment::Production));
    assert_eq!(typed.span.start_date.as_deref(), Some("2026-11-01"));
}

#[test]
fn what_cannot_be_taken_stays_typed_and_is_explained() {
    let mut stage = stage();
    stage.press("/env:mars");
    stage.press("\r");
    assert!(
        stage.text().contains("env: knows no mars") && stage.text().contains("env:mars"),
        "{}",
        stage.text()
    );
    stage.press("\x1b");
    assert!(!stage.text().contains("mars"));
}

#[test]
fn looking_closer_goes_from_environments_to_keys_to_one_key() {
    let mut stage = stage();
    stage.press("bbjj");
    assert!(stage.text().contains("staging:"), "the head tells of the selected line: {}", stage.text());
    stage.press("\r");
    assert!(
        stage.text().contains("stripe-test") && !stage.text().contains("stripe-live"),
        "{}",
        stage.text()
    );
    stage.press("j\r");
    assert!(stage.text().contains("LIVE"), "{}", stage.text());
    stage.press("\x1b\x1b\x1b");
    assert!(
        stage.text().contains("calls") && !stage.text().contains("stripe-test"),
        "Esc widens again: {}",
        stage.text()
    );
    stage.press("\x1b");
    assert!(stage.text().contains("› Home"), "and then leaves: {}", stage.text());
}

#[test]
fn a_point_is_read_and_a_line_left_out() {
    let mut stage = stage();
    stage.press("hh");
    assert!(stage.text().contains("Sun 22 Nov") && stage.text().contains(" errors"), "{}", stage.text());
    let mouse = Mouse { kind: MouseKind::Press(Button::Left), column: 40, row: 10, mods: Mods::NONE };
    stage.send(AppEvent::Input(Input::Mouse(mouse)));
    assert!(stage.text().contains("Thu 19 Nov"), "{}", stage.text());
    stage.press("\x1bbj");
    let shown = stage.text();
    stage.press(" ");
    assert_ne!(stage.text(), shown);
    stage.press(" ");
    assert_eq!(stage.text(), shown);
}

#[test]
fn it_is_read_again_when_there_were_calls_and_not_while_it_is_paused_or_covered() {
    let mut stage = stage();
    stage.hold = true;
    stage.pass(60_000);
    assert!(stage.held.is_empty(), "nothing happened");
    stage.send(usage_event());
    assert_eq!(stage.held.len(), 1);
    let (request, query) = asked(&mut stage);
    let series = stage.reply(Query::Series(Box::new(query))).unwrap();
    stage.answer(request, Ok(series));
    stage.send(usage_event());
    assert!(stage.held.is_empty(), "not so soon");
    stage.pass(30_000);
    assert_eq!(stage.held.len(), 1);
    let (request, query) = asked(&mut stage);
    let series = stage.reply(Query::Series(Box::new(query))).unwrap();
    stage.answer(request, Ok(series));
    stage.press("p");
    stage.send(usage_event());
    stage.pass(60_000);
    assert!(stage.held.is_empty(), "while it is paused");
    stage.press("p");
    let (request, query) = asked(&mut stage);
    let series = stage.reply(Query::Series(Box::new(query))).unwrap();
    stage.answer(request, Ok(series));
    stage.press("?");
    stage.send(usage_event());
    stage.pass(60_000);
    assert!(stage.held.is_empty(), "while it is covered");
    stage.press("?");
    asked(&mut stage);
}

#[test]
fn a_refusal_is_told_and_can_be_asked_again() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("t");
    let (request, _) = asked(&mut stage);
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "You may not see this any more.")));
    assert!(
        stage.text().contains("may not see this") && stage.text().contains("r tries again"),
        "{}",
        stage.text()
    );
    stage.press("r");
    asked(&mut stage);
}

#[test]
fn what_is_on_screen_is_copied_or_the_line_that_prints_it_told() {
    let mut caps = Look::Dark.caps();
    caps.osc52 = Osc52::Yes;
    let mut stage = Stage::new(keys(), &caps, (120, 40));
    stage.press("3ty");
    let csv = copied(&stage).expect("copied");
    assert_eq!(csv.lines().count(), 31);
    assert!(csv.starts_with("start,requests,previous_requests\n2026-10-24T00:00+00:00,"), "{csv}");
    assert!(stage.text().contains("30 rows copied as CSV"), "{}", stage.text());
    stage.press("xxy");
    assert!(copied(&stage).expect("copied").starts_with("start,p50_ms,p95_ms,p99_ms,previous_p95_ms\n"));
    stage.press("xbj y");
    let csv = copied(&stage).expect("copied");
    assert!(
        csv.starts_with("start,anthropic-agents,") && !csv.contains("openai-chat"),
        "hidden lines are not on screen: {csv}"
    );
    let mut month = Stage::new(keys(), &caps, (120, 40));
    month.press("3tJ");
    let json: serde_json::Value = serde_json::from_str(&copied(&month).expect("copied")).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(30));
    assert!(json[0]["requests"].is_number() && json[0]["start"].is_string(), "{}", json[0]);
    assert!(month.text().contains("30 rows copied as JSON"), "{}", month.text());
    stage.effects.clear();
    let mut week = Stage::new(keys(), &caps, (120, 40));
    week.press("3by");
    assert_eq!(copied(&week), None);
    assert!(week.text().contains("160 rows are too many"), "{}", week.text());
}

#[test]
fn an_account_without_calls_is_told_how_they_come() {
    let mut stage = Stage::new(Vec::new(), &Look::Dark.caps(), (80, 24));
    stage.press("3");
    assert!(
        stage.text().contains("No calls in the last 7 days.") && stage.text().contains("/track"),
        "{}",
        stage.text()
    );
}

#[test]
fn an_old_answer_does_not_undo_a_newer_choice() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("t");
    let (old, query) = asked(&mut stage);
    stage.press("t");
    let (new, newer) = asked(&mut stage);
    let answer = |stage: &mut Stage, query| stage.reply(Query::Series(Box::new(query)));
    let (late, early) = (answer(&mut stage, query).unwrap(), answer(&mut stage, newer).unwrap());
    stage.answer(new, Ok(early));
    let shown = stage.text();
    assert!(matches!(late, Answer::Series(_)));
    stage.answer(old, Ok(late));
    assert_eq!(stage.text(), shown);
}

#[test]
fn figures_are_told_as_those_of_what_they_answer_until_the_next_come() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("t");
    assert!(stage.text().contains("in the 7 days before"), "{}", stage.text());
    let (request, query) = asked(&mut stage);
    let month = stage.reply(Query::Series(Box::new(query))).unwrap();
    stage.answer(request, Ok(month));
    assert!(stage.text().contains("in the 30 days before"), "{}", stage.text());
}

#[test]
fn service_tokens_tell_how_many_of_their_calls_failed() {
    let mut stage = stage();
    stage.press("bbbbbbbj");
    let shown = stage.text();
    assert!(shown.contains("SERVICE TOKEN") && shown.contains("ERRORS   SHARE   CHANGE"), "{shown}");
    assert!(shown.contains("web-frontend: ") && shown.contains(" of all"), "{shown}");
    stage.press("x");
    assert!(stage.text().contains(" of its calls"), "{}", stage.text());
    stage.press("b");
    stage.press("/of:instance\r");
    assert!(stage.text().contains("· whole instance"), "{}", stage.text());
}
