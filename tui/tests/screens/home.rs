//! Home: what is asked when, what moves, and where its lines lead.

use crate::sample::{Look, Stage, id, key, keys, user};
use keyward_keys::Event;
use keyward_tui::app::{Answer, AppEvent, Query, RotationAsk};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Button, Input, Mods, Mouse, MouseKind};

fn stage() -> Stage {
    Stage::new(keys(), &Look::Dark.caps(), (80, 24))
}

fn called(stage: &mut Stage, requests: u32) {
    let event = Event::Usage { space: id(1), api_key: id(0), requests, errors: 0, last: None };
    stage.send(AppEvent::Domain(event));
}

#[test]
fn calls_move_it_without_asking_for_each() {
    let mut stage = stage();
    stage.pass(1_000);
    stage.hold = true;
    let asked = stage.held.len();
    for _ in 0..50 {
        called(&mut stage, 100);
    }
    assert!(stage.text().contains("134,504 requests"), "{}", stage.text());
    assert_eq!(stage.held.len(), asked, "nothing is asked");
    assert!(stage.text().contains("k requests a second") || !stage.text().contains("90.8 requests"));
}

#[test]
fn the_busiest_keys_move_with_their_calls() {
    let busiest = |stage: &Stage| -> Vec<String> {
        let text = stage.text();
        let (_, block) = text.split_once("Busiest").expect("the block");
        block.lines().skip(1).take(2).map(str::to_owned).collect()
    };
    let mut stage = stage();
    stage.pass(1_000);
    let before = busiest(&stage);
    stage.hold = true;
    let second = keys().iter().position(|key| before[1].contains(&key.name)).expect("a sample key");
    let event =
        Event::Usage { space: id(1), api_key: keys()[second].id, requests: 900_000, errors: 0, last: None };
    stage.send(AppEvent::Domain(event));
    let after = busiest(&stage);
    assert!(after[0].contains(&keys()[second].name) && after[0].contains("k "), "{after:?}");
    assert!(after[0].contains(" % ") || after[0].trim_end().ends_with('%'), "{after:?}");
}

#[test]
fn a_pause_holds_it_still() {
    let mut stage = stage();
    stage.press("p");
    let before = stage.text();
    assert!(before.contains("paused"));
    called(&mut stage, 5_000);
    stage.pass(10_000);
    assert_eq!(
        stage.text().lines().skip(1).take(4).collect::<Vec<_>>(),
        before.lines().skip(1).take(4).collect::<Vec<_>>()
    );
    stage.press("p");
    assert!(!stage.text().contains("paused"));
}

#[test]
fn each_line_leads_to_what_it_says() {
    let mut stage = stage();
    stage.press("\r");
    assert!(stage.text().contains("Home › openai-chat"), "{}", stage.text());
    stage.press("\x1b");
    assert!(stage.text().contains("Needs attention"));
    let mouse = |row| Mouse { kind: MouseKind::Press(Button::Left), column: 10, row, mods: Mods::NONE };
    let row = stage.text().lines().position(|line| line.contains("sentry-ingest")).unwrap() as u16;
    stage.send(AppEvent::Input(Input::Mouse(mouse(row))));
    stage.send(AppEvent::Input(Input::Mouse(mouse(row))));
    assert!(stage.text().contains("Home › sentry-ingest"), "{}", stage.text());
    stage.press("\x1b");
    let line = "Machine learning (team): near its budget";
    let row = stage.text().lines().position(|one| one.contains(line)).unwrap() as u16;
    stage.send(AppEvent::Input(Input::Mouse(mouse(row))));
    stage.press("\r");
    assert!(stage.text().contains("Home › Billing"), "{}", stage.text());
}

#[test]
fn rotations_to_come_are_read_where_there_is_room_and_lead_to_their_keys() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    let coming = |stage: &Stage| {
        stage.held.iter().filter(|(_, query)| matches!(query, Query::Rotation(RotationAsk::All(_)))).count()
    };
    stage.hold = true;
    stage.press("r");
    stage.pass(60_000);
    assert_eq!(coming(&stage), 0, "nobody would see them");
    stage.size = (120, 40);
    stage.send(AppEvent::Resize { cols: 120, rows: 40 });
    assert_eq!(coming(&stage), 1, "as soon as there is room");
    let at = stage.held.iter().position(|(_, query)| matches!(query, Query::Rotation(_))).unwrap();
    let (request, query) = stage.held.remove(at);
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    let text = stage.text();
    let (_, block) = text.split_once("Rotations to come").expect("the block");
    assert!(block.contains("maps-web"), "{text}");
    assert!(!block.contains("overdue"), "what is overdue is told among what wants attention: {text}");
    stage.hold = false;
    stage.press("Gk\r");
    assert!(stage.text().contains("Home › "), "{}", stage.text());
}

#[test]
fn nothing_is_said_to_be_none_before_it_is_read() {
    let mut stage = stage();
    stage.press("2");
    stage.hold = true;
    stage.press("1");
    for none in ["No call", "Nothing"] {
        assert!(!stage.text().contains(none), "{}", stage.text());
    }
}

#[test]
fn a_large_window_has_no_empty_lower_third() {
    for (cols, rows) in [(120, 40), (160, 50), (200, 60)] {
        let stage = Stage::new(keys(), &Look::Dark.caps(), (cols, rows));
        let text = stage.text();
        let blank = text.lines().rev().skip(1).take_while(|line| line.trim().is_empty()).count();
        assert!(blank <= usize::from(rows) / 10, "{blank} rows are empty at {cols}x{rows}:\n{text}");
    }
}

#[test]
fn several_keys_that_want_the_same_are_a_list_and_escape_leads_back() {
    let mut idle = keys();
    idle.iter_mut().for_each(|key| key.last_used = None);
    let mut stage = Stage::new(idle, &Look::Dark.caps(), (120, 40));
    let row =
        stage.text().lines().position(|line| line.contains("keys not called for 90 days")).unwrap() as u16;
    let mouse = Mouse { kind: MouseKind::Press(Button::Left), column: 10, row, mods: Mods::NONE };
    stage.send(AppEvent::Input(Input::Mouse(mouse)));
    stage.hold = true;
    stage.press("\r");
    let asked = stage.held.iter().any(|(_, query)| matches!(query, Query::List(_)));
    assert!(asked && stage.text().contains("Home › Keys"), "{}", stage.text());
    stage.press("\x1b");
    assert!(stage.text().contains("Needs attention"), "one Escape, for nothing was added to the search");
}

#[test]
fn a_new_account_is_told_what_to_press() {
    let mut stage = Stage::new(Vec::new(), &Look::Dark.caps(), (80, 24));
    assert!(stage.text().contains("Keep your first API key"));
    stage.press("j\r");
    assert!(stage.text().contains(".env"), "{}", stage.text());
    stage.press("\x1b");
    stage.press("k\r");
    assert!(stage.text().contains("New key"));
}

#[test]
fn what_cannot_be_read_says_why_and_can_be_tried_again() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("2\x1b");
    let at = stage.held.iter().position(|(_, query)| matches!(query, Query::Home)).unwrap();
    let (request, _) = stage.held.remove(at);
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "Too much is waiting.")));
    assert!(stage.text().contains("Home could not be read") && stage.text().contains("Too much is waiting"));
    stage.press("r");
    let at = stage.held.iter().position(|(_, query)| matches!(query, Query::Home)).unwrap();
    let (request, query) = stage.held.remove(at);
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("Needs attention"));
}

#[test]
fn a_key_that_is_gone_by_then_is_said() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("\r");
    let at = stage.held.iter().position(|(_, query)| matches!(query, Query::Key(_))).unwrap();
    let (request, _) = stage.held.remove(at);
    stage.answer(request, Err(Notice::new(NoticeKind::Gone, "There is no such key.")));
    assert!(stage.text().contains("There is no such key"));
    stage.press("\r");
    let (request, _) = stage.held.pop().unwrap();
    stage.answer(request, Ok(Answer::Key(Box::new(key(2)))));
    assert!(stage.text().contains("Home › anthropic-agents"));
}

#[test]
fn what_a_person_may_not_see_any_more_is_asked_for_at_once() {
    let mut stage = stage();
    stage.press("p");
    stage.hold = true;
    stage.send(AppEvent::Domain(Event::AccountChanged { account: user().id }));
    for wanted in [|query: &Query| matches!(query, Query::Home), |query: &Query| matches!(query, Query::Day)]
    {
        assert!(
            stage.held.iter().any(|(_, query)| wanted(query)),
            "paused or not, and however lately it was read"
        );
    }
}
