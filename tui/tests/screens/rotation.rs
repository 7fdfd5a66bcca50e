//! The rotations of all keys, and rotation from a key's page: what is asked for, when, and what is said first.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::input::Rotate;
use keyward_keys::{Event, Id};
use keyward_tui::app::{Answer, AppEvent, Query, RequestId, RotationAnswer, RotationAsk};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Button, Input, Mods, Mouse, MouseKind};

fn stage(presses: &str, size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
    stage.press(presses);
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&RotationAsk) -> bool) -> Option<(RequestId, RotationAsk)> {
    let is = |query: &Query| matches!(query, Query::Rotation(ask) if wanted(ask));
    let at = stage.held.iter().position(|(_, query)| is(query))?;
    match stage.held.remove(at) {
        (request, Query::Rotation(ask)) => Some((request, ask)),
        _ => None,
    }
}

fn changed(key: Id) -> AppEvent {
    AppEvent::Domain(Event::KeyChanged { space: id(1), api_key: key })
}

/// Lets the core answer everything that waits.
fn catch_up(stage: &mut Stage) {
    while let Some((request, query)) = stage.held.pop() {
        if let Some(answer) = stage.reply(query) {
            stage.answer(request, Ok(answer));
        }
    }
}

#[test]
fn the_calendar_goes_from_day_to_day_and_opens_the_key() {
    let mut stage = stage("5", (80, 24));
    assert!(stage.text().contains("3 d overdue"), "{}", stage.text());
    stage.press("ll");
    let forward = stage.text();
    stage.press("h");
    assert_ne!(stage.text(), forward);
    stage.press("l");
    assert_eq!(stage.text(), forward, "and back again");
    stage.press("g\r");
    assert!(stage.text().contains("twilio-sms") && stage.text().contains("LIVE"), "{}", stage.text());
}

#[test]
fn what_failed_says_what_to_do() {
    let stage = stage("5\t", (80, 24));
    let text = stage.text();
    for said in
        ["stopped", "401 Unauthorized", "What to do: check the credential", "waits for you", "retrying"]
    {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[test]
fn it_is_read_again_when_a_key_changed_and_the_selection_stays() {
    let mut stage = stage("5\tj", (80, 24));
    let before = stage.text();
    stage.hold = true;
    stage.pass(10_000);
    assert!(take(&mut stage, |_| true).is_none(), "nothing happened");
    stage.send(changed(id(3)));
    let (request, _) = take(&mut stage, |ask| matches!(ask, RotationAsk::All(_))).expect("asked");
    stage.send(changed(id(3)));
    assert!(take(&mut stage, |_| true).is_none(), "not so soon");
    // The first of the queue is done: those below move up, and the selection with its row.
    let Some(Answer::Rotation(RotationAnswer::All(mut all))) =
        stage.reply(Query::Rotation(RotationAsk::All(100)))
    else {
        panic!("the sample answers")
    };
    all.queue.remove(0);
    stage.answer(request, Ok(Answer::Rotation(RotationAnswer::All(all))));
    let marked = |text: &str| {
        text.lines().find(|line| line.contains('▌') && !line.contains("Under way")).map(str::to_owned)
    };
    assert_eq!(marked(&stage.text()), marked(&before));
    stage.pass(1_000);
    assert!(take(&mut stage, |_| true).is_some(), "a second later");
    stage.press("p");
    stage.send(changed(id(3)));
    stage.pass(5_000);
    assert!(take(&mut stage, |_| true).is_none(), "paused");
    stage.press("p");
    assert!(take(&mut stage, |_| true).is_some(), "at once when it goes on");
}

#[test]
fn a_refusal_is_told_and_can_be_asked_again() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.hold = true;
    stage.press("5");
    let (request, _) = take(&mut stage, |_| true).expect("asked");
    stage.answer(request, Err(Notice::new(NoticeKind::Forbidden, "You may not see this.")));
    assert!(stage.text().contains("may not see this") && stage.text().contains("Esc goes back"));
    stage.press("r");
    assert!(take(&mut stage, |_| true).is_some());
}

#[test]
fn an_account_without_rotations_is_told_how_to_plan_one() {
    let mut stage = Stage::new(Vec::new(), &Look::Dark.caps(), (80, 24));
    stage.press("5");
    assert!(stage.text().contains("No key is to be rotated yet") && stage.text().contains("press e"));
}

#[test]
fn the_mouse_chooses_days_lists_and_keys() {
    let mut stage = stage("5", (120, 40));
    let text = stage.text();
    let row = text.lines().position(|line| line.contains("Under way")).expect("its frame") as u16;
    let press = |column, row| {
        AppEvent::Input(Input::Mouse(Mouse {
            kind: MouseKind::Press(Button::Left),
            column,
            row,
            mods: Mods::NONE,
        }))
    };
    stage.send(press(70, row + 3));
    let pressed = stage.text();
    stage.now_ms += 100;
    stage.send(press(70, row + 3));
    assert!(stage.text().contains("LIVE"), "a double click opens: {pressed}");
}

#[test]
fn what_would_break_is_shown_before_anything_is_asked_for() {
    let mut stage = stage("2\rR", (80, 24));
    assert!(stage.text().contains("billing-cron: it last asked 9 d ago"), "{}", stage.text());
    stage.hold = true;
    stage.press("n");
    assert!(take(&mut stage, |_| true).is_none(), "no is no");
    stage.press("R");
    let (request, ask) = take(&mut stage, |_| true).expect("rehearsed");
    let answer = stage.reply(Query::Rotation(ask)).expect("answered");
    stage.answer(request, Ok(answer));
    stage.press("y");
    let (request, ask) = take(&mut stage, |_| true).expect("asked for");
    assert!(matches!(ask, RotationAsk::Rotate(_, Rotate { emergency: false, .. })));
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "The store takes no changes.")));
    assert!(stage.text().contains("The store takes no changes"));
}

#[test]
fn an_emergency_needs_the_name_and_says_it_along() {
    let mut stage = stage("2\r!", (80, 24));
    stage.hold = true;
    stage.press("stripe\r");
    assert!(stage.text().contains("That is not the name") && take(&mut stage, |_| true).is_none());
    stage.press("-live\r");
    let (_, ask) = take(&mut stage, |_| true).expect("asked for");
    let RotationAsk::Rotate(_, rotate) = ask else { panic!("rotates") };
    assert!(rotate.emergency && rotate.confirm.as_deref() == Some("stripe-live"));
}

#[test]
fn a_key_that_waits_takes_its_value_at_once() {
    let mut stage = stage("2jj\r", (80, 24));
    stage.press("R");
    assert!(stage.text().contains("Paste the new value"), "{}", stage.text());
    stage.hold = true;
    stage.press("sk-new\r");
    assert!(stage.held.iter().any(|(_, query)| matches!(query, Query::SetValue { .. })));
    assert!(!stage.text().contains("sk-new"));
}

#[test]
fn going_back_and_ticking_off_are_asked_about() {
    let mut stage = stage("2\rb", (80, 24));
    assert!(stage.text().contains("version before"), "{}", stage.text());
    stage.hold = true;
    stage.press("y");
    assert!(matches!(take(&mut stage, |_| true), Some((_, RotationAsk::RollBack(_)))));
    stage.hold = false;
    catch_up(&mut stage);
    stage.press("\x1b2gjjj\rt");
    assert!(stage.text().contains("billing-cron"), "it names who still uses it: {}", stage.text());
    stage.hold = true;
    stage.press("y");
    assert!(matches!(take(&mut stage, |_| true), Some((_, RotationAsk::Retire(_, 3)))));
}
