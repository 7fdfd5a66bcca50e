//! What the dashboard does: events in, effects out. Time is an argument, so nothing here waits.

use crate::sample::{Look, Stage, id, key, keys};
use keyward_keys::view::KeyStatus;
use keyward_keys::{Custody, Environment, Event, Fault};
use keyward_tui::app::{Answer, AppEvent, Effect, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Button, Input, Key, KeyCode, Mods, Mouse, MouseKind, Paste};
use zeroize::Zeroizing;

const SECRET: &str = "sk_live_51Nq8cXsample9fT2mWzKd0yRbv";

fn stage() -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("2");
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> (RequestId, Query) {
    let Some(at) = stage.held.iter().position(|(_, query)| wanted(query)) else { panic!("it was not asked") };
    stage.held.remove(at)
}

fn paste(stage: &mut Stage, text: &str) {
    let paste = Paste { text: Zeroizing::new(text.to_owned()), truncated: false };
    stage.send(AppEvent::Input(Input::Paste(paste)));
}

fn click(stage: &mut Stage, column: u16, row: u16) {
    let mouse = Mouse { kind: MouseKind::Press(Button::Left), column, row, mods: Mods::NONE };
    stage.send(AppEvent::Input(Input::Mouse(mouse)));
}

fn quits(stage: &Stage) -> bool {
    stage.effects.iter().any(|effect| matches!(effect, Effect::Quit { .. }))
}

/// The line of the selected row.
fn selected(stage: &Stage) -> String {
    let (_, cursor) = stage.screen();
    let Some(cursor) = cursor else { panic!("the cursor is on the selection") };
    stage.text().lines().nth(usize::from(cursor.y)).unwrap_or_default().to_owned()
}

#[test]
fn a_revealed_value_is_hidden_after_thirty_seconds() {
    let mut stage = stage();
    stage.press("\rv");
    assert!(!stage.text().contains(SECRET), "production asks first");
    stage.press("\r");
    assert!(!stage.text().contains(SECRET), "without a reason it stays closed");
    stage.press("refund\r");
    assert!(stage.text().contains(SECRET));
    stage.pass(29_000);
    assert!(stage.text().contains(SECRET) && stage.text().contains("hides in 1 s"));
    stage.pass(1_000);
    assert!(!stage.text().contains(SECRET));
    stage.press("vrefund\r?");
    stage.pass(30_000);
    stage.press("?");
    assert!(!stage.text().contains(SECRET), "help on top of it does not keep it");
    stage.press("vrefund\rv");
    assert!(!stage.text().contains(SECRET), "v hides it at once");
}

#[test]
fn a_private_key_asks_for_its_passphrase_until_it_is_right() {
    let mut keys = keys();
    keys[8].custody = Custody::Private;
    let mut stage = Stage::new(keys, &Look::Dark.caps(), (80, 24));
    stage.press("2");
    stage.press("GkkkkK");
    stage.press("g");
    (0..8).for_each(|_| stage.press("j"));
    stage.press("\r");
    stage.hold = true;
    stage.press("vcorrect horse\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Reveal(..)));
    let Query::Reveal(_, reveal) = query else { panic!() };
    assert!(reveal.passphrase.is_some());
    assert!(!stage.text().contains("correct horse"), "a passphrase is never drawn");
    stage.answer(
        request,
        Err(Notice::new(NoticeKind::WrongPassphrase, "The passphrase does not open this key.")),
    );
    assert!(stage.text().contains("does not open this key"));
    stage.press("other\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Reveal(..)));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains(SECRET));
}

#[test]
fn a_sealed_key_asks_for_the_persons_passphrase_and_then_opens() {
    let mut stage = stage();
    stage.press("GkkkkK");
    stage.press("g");
    let sealed = stage.keys.iter().position(|key| key.custody == Custody::Sealed).unwrap();
    let production = stage.keys[sealed].environment == Environment::Production;
    (0..sealed).for_each(|_| stage.press("j"));
    stage.press("\r");
    stage.hold = true;
    stage.press(if production { "vrefund\r" } else { "v" });
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Reveal(..)));
    stage.answer(request, Err(Notice::new(NoticeKind::Unlock, "This is sealed; unlock first.")));
    assert!(stage.text().contains("Your unlock passphrase opens it"), "{}", stage.text());
    stage.press("correct horse\r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Unlock(_)));
    stage.answer(request, Err(Notice::new(NoticeKind::WrongPassphrase, "The passphrase is wrong.")));
    stage.press("other\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Unlock(_)));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Reveal(..)));
    let Query::Reveal(_, reveal) = &query else { panic!() };
    assert!(reveal.passphrase.is_none(), "the session is unlocked");
    assert_eq!(reveal.reason.as_deref(), production.then_some("refund"), "and what for is not forgotten");
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains(SECRET));
}

#[test]
fn copying_says_honestly_what_is_known() {
    let mut stage = stage();
    stage.press("jjjj\ry");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
    assert!(!stage.text().contains(SECRET), "copying shows nothing");
    assert!(stage.text().contains("not") && stage.text().contains("keys get stripe-test"));
    stage.pass(4_000);
    assert!(!stage.text().contains("keys get"), "messages go after four seconds");
    stage.press("M");
    assert!(stage.text().contains("Sent to your terminal"), "and are kept in the log");
}

#[test]
fn deleting_in_production_takes_the_name() {
    let mut stage = stage();
    stage.press("\r");
    stage.hold = true;
    stage.press("Dy\rstripe\r");
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Delete { .. })));
    stage.press("\x1bDstripe-live\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Delete { .. }));
    assert!(matches!(query, Query::Delete { revision: 7, .. }));
    // The word of the change may come before its answer: the page must not read what is gone and close in silence.
    stage.held.clear();
    stage.send(AppEvent::Domain(Event::KeyChanged { space: id(1), api_key: key(0).id }));
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Key(_))));
    stage.answer(request, Ok(Answer::Key(Box::new(key(0)))));
    assert!(stage.text().contains("is in the bin for 30 days"));
    assert!(stage.text().contains("NAME"), "back in the list");
}

#[test]
fn switching_off_changes_only_the_status() {
    let mut stage = stage();
    stage.press("\r");
    stage.hold = true;
    stage.press("dy");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    assert_eq!(patch.status, Some(KeyStatus::Inactive));
    assert!(patch.name.is_none() && patch.tags.is_none());
}

#[test]
fn a_late_answer_to_an_old_search_is_dropped() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("/s");
    let (first, old) = take(&mut stage, |query| matches!(query, Query::List(_)));
    stage.press("tripe");
    let answer = stage.reply(old).unwrap();
    stage.answer(first, Ok(answer));
    let (second, query) = take(&mut stage, |query| matches!(query, Query::List(_)));
    let Query::List(list) = &query else { panic!() };
    assert_eq!(list.search.as_deref(), Some("stripe"));
    assert!(stage.text().contains("openai-chat"), "the old answer changed nothing");
    let answer = stage.reply(query).unwrap();
    stage.answer(second, Ok(answer));
    assert!(stage.text().contains("stripe-test") && !stage.text().contains("openai-chat"));
    let late =
        stage.reply(Query::List(keyward_keys::input::KeyQuery { page: 1, limit: 100, ..Default::default() }));
    stage.answer(second, Ok(late.unwrap()));
    assert!(!stage.text().contains("openai-chat"), "an answer counts once");
}

#[test]
fn the_selection_stays_on_its_key_when_others_come() {
    let many: Vec<_> = (0..1_000).map(key).collect();
    let mut stage = Stage::new(many, &Look::Dark.caps(), (80, 24));
    stage.press("2");
    (0..30).for_each(|_| stage.press("j"));
    let (before, place) = (selected(&stage), stage.screen().1);
    for n in 0..150 {
        stage.keys.insert(0, key(2_000 + n));
        stage.send(AppEvent::Domain(Event::KeyChanged { space: id(1), api_key: id(2_000 + n) }));
    }
    assert_eq!(selected(&stage), before);
    assert_eq!(stage.screen().1, place, "not even on screen");
    assert!(stage.text().contains("of 1,150"));
    stage.press("G");
    assert!(selected(&stage).contains("-999"), "{}", selected(&stage));
}

#[test]
fn a_tall_screen_amid_a_long_list_comes_to_rest() {
    let many: Vec<_> = (0..1_000).map(key).collect();
    let mut stage = Stage::new(many, &Look::Dark.caps(), (80, 200));
    stage.press("2");
    // Were a page let go that is needed, it would be asked for for ever.
    for _ in 0..550 {
        stage.press("j");
    }
    assert!(selected(&stage).contains("-550"), "{}", selected(&stage));
}

#[test]
fn a_call_moves_the_live_line_at_once() {
    let mut stage = stage();
    stage.press("jjjj\r");
    assert!(stage.text().contains("peak 0/s"));
    stage.keys[4].last_used = jiff::Timestamp::from_millisecond(stage.now_ms).ok();
    stage.pass(1_000);
    stage.send(AppEvent::Domain(Event::Usage {
        space: id(1),
        api_key: id(4),
        requests: 5,
        errors: 0,
        last: None,
    }));
    assert!(!stage.text().contains("peak 0/s"), "{}", stage.text());
    assert!(stage.app.next_tick(stage.now_ms).is_some(), "and it slides");
    stage.press("p");
    let paused = stage.text();
    stage.hold = true;
    stage.send(AppEvent::Domain(Event::Usage {
        space: id(1),
        api_key: id(4),
        requests: 5,
        errors: 0,
        last: None,
    }));
    assert!(stage.held.is_empty() && paused.contains("paused"));
}

#[test]
fn the_form_loses_nothing_when_it_is_refused() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("nstripe-live\tstripe\t\t");
    paste(&mut stage, "sk_live_1\nsecond line\n");
    assert!(stage.text().contains("2 lines"));
    stage.press("j\t\tpayments\t50k");
    stage.key(Key::ctrl('s'));
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Create(_)));
    let Query::Create(new) = query else { panic!() };
    assert_eq!((new.name.as_str(), new.service.as_str()), ("stripe-live", "stripe"));
    assert_eq!((new.monthly_limit, new.tags.len()), (Some(50_000), 1));
    assert!(new.passphrase.is_none());
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Create(_))), "saved once");
    stage.pass(300);
    assert!(stage.text().contains("Saving"));
    let faults = vec![Fault { field: "name".to_owned(), detail: "is taken".to_owned() }];
    let notice = Notice { faults, ..Notice::new(NoticeKind::Invalid, "Not saved: see the marked fields.") };
    stage.answer(request, Err(notice));
    let text = stage.text();
    for kept in ["stripe-live", "payments", "50k", "is taken", "Not saved"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    stage.press("x");
    assert!(!stage.text().contains("is taken"), "typing answers the fault");
    stage.key(Key::ctrl('s'));
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Create(_)));
    stage.answer(request, Ok(Answer::Key(Box::new(key(0)))));
    assert!(stage.text().contains("sealed and stored") && stage.text().contains("LIVE"));
}

#[test]
fn leaving_asks_only_when_something_was_typed() {
    let mut untouched = stage();
    untouched.press("n\x1b");
    assert!(untouched.text().contains("NAME"));
    let mut stage = stage();
    stage.press("nabc\x1b");
    assert!(stage.text().contains("Discard what you typed?"));
    stage.press("n");
    assert!(stage.text().contains("abc"), "anything but y keeps it");
    stage.press("\x1by");
    assert!(stage.text().contains("NAME"));
    stage.press("q");
    assert!(quits(&stage));
}

#[test]
fn control_c_twice_always_leaves() {
    for presses in ["", "/abc", "nabc", "\rD", "nabc\x1b"] {
        let mut stage = stage();
        stage.press(presses);
        stage.key(Key::ctrl('c'));
        assert!(!quits(&stage));
        stage.now_ms += 500;
        stage.key(Key::ctrl('c'));
        assert!(quits(&stage), "after {presses:?}");
    }
    let mut slow = stage();
    slow.key(Key::ctrl('c'));
    slow.pass(3_000);
    slow.key(Key::ctrl('c'));
    assert!(!quits(&slow));
}

#[test]
fn the_mouse_selects_opens_and_presses_hints() {
    let mut stage = stage();
    click(&mut stage, 10, 7);
    assert!(selected(&stage).contains("anthropic-agents"), "{}", selected(&stage));
    stage.now_ms += 100;
    click(&mut stage, 10, 7);
    assert!(stage.text().contains("LIVE"), "a double click opens");
    let footer = stage.text().lines().last().unwrap().to_owned();
    let column = footer.find("Esc").unwrap() as u16;
    click(&mut stage, column, 23);
    assert!(stage.text().contains("NAME"));
}

#[test]
fn a_failing_core_is_told_once_and_can_be_asked_again() {
    let mut stage = stage();
    stage.hold = true;
    stage.send(AppEvent::Domain(Event::Lagged));
    while let Some((request, _)) = stage.held.pop() {
        stage.answer(request, Err(Notice::new(NoticeKind::Failure, "Too much is waiting.")));
    }
    assert!(stage.text().contains("Too much is waiting") && stage.text().contains("stripe-live"));
    assert!(stage.held.is_empty(), "it does not hammer");
    stage.press("r");
    assert!(!stage.held.is_empty());
}

#[test]
fn a_covered_list_asks_for_nothing_and_catches_up() {
    let mut stage = stage();
    stage.press("?");
    stage.hold = true;
    stage.pass(1_000);
    stage.send(AppEvent::Domain(Event::Usage {
        space: id(1),
        api_key: id(0),
        requests: 5,
        errors: 0,
        last: None,
    }));
    stage.send(AppEvent::Domain(Event::KeyChanged { space: id(1), api_key: id(0) }));
    assert!(stage.held.is_empty());
    stage.press("?");
    assert!(stage.held.iter().any(|(_, query)| matches!(query, Query::List(_))));
    assert!(stage.held.iter().any(|(_, query)| matches!(query, Query::Rates(_))));
}

#[test]
fn a_restart_is_announced_with_its_time() {
    let mut stage = stage();
    stage.send(AppEvent::Domain(Event::Draining { seconds: 10 }));
    assert!(stage.text().contains("closing in 10 s"));
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Bell)));
    stage.pass(4_000);
    assert!(stage.text().contains("closing in 6 s"));
}

#[test]
fn what_an_operator_announces_is_shown() {
    let mut stage = stage();
    stage.send(AppEvent::Domain(Event::Announced { message: "Down from 20:00 to 21:00".to_owned() }));
    assert!(stage.text().contains("Down from 20:00 to 21:00"));
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Bell)));
}

#[test]
fn search_moves_and_keeps_its_word() {
    let mut stage = stage();
    stage.press("/stripe");
    stage.key(Key::plain(KeyCode::Down));
    assert!(stage.text().contains("2 of 2"));
    stage.press("\r\r");
    assert!(stage.text().contains("stripe-test") && stage.text().contains("LIVE"));
    stage.press("\x1b\x1b");
    assert!(stage.text().contains("of 14"), "Esc clears the search");
}
