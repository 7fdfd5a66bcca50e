//! Coming back after a session was cut off: the section, the pages over it and how each stood; nothing that was unlocked.

use keyward_tui::app::{AppEvent, Effect, Query};
use keyward_tui::notice::{Notice, NoticeKind};

use crate::sample::{Look, Stage, keys};

fn stage(size: (u16, u16)) -> Stage {
    Stage::new(keys(), &Look::Dark.caps(), size)
}

/// Another session, which opens where `before` is.
fn back(before: &Stage) -> Stage {
    let mut after = stage(before.size);
    let effects = after.app.reopen(before.app.trail(), after.now_ms);
    after.carry_out(effects);
    after
}

/// The screen once what it says in passing is gone.
fn settled(stage: &mut Stage) -> String {
    stage.pass(10_000);
    stage.text()
}

#[test]
fn every_page_opens_again_as_it_stood() {
    let places = [
        "jj",
        "2jjj",
        "2sjj",
        "2EGk",
        "2Sj",
        "2HHj",
        "2Bj",
        "2/stripe\rj",
        "2j\r",
        "2j\r\t",
        "2j\r\t\t\t",
        "2j\rY",
        "3bjj",
        "3txxbb",
        "A\tjjj",
        "A\t\t\tj",
        "Aj\r",
        "4uj",
        "4jj",
        "5jj",
        "5\tj",
        "5\t\tj",
        "6j",
        "6\rjj",
        "7jj",
        "8",
        "9jjjjj",
        "9jjjjjjj\rj",
        "9jjjjjjjj\rj",
        "0jjj",
        "0jj\r",
        ":ask the operators\r",
        ":ask the operators\rj\r",
        ":routes with lines\rjjj",
    ];
    for size in [(80, 24), (200, 60)] {
        for presses in places {
            let mut before = stage(size);
            before.press(presses);
            let mut after = back(&before);
            let (was, is) = (before.screen().1, after.screen().1);
            assert_eq!(settled(&mut after), settled(&mut before), "after {presses:?}");
            assert_eq!(is, was, "the selection, after {presses:?}");
        }
    }
}

#[test]
fn what_is_typed_or_shown_once_is_not_opened_again_but_what_lies_under_it() {
    for presses in ["2j\re", "2j\r?", "2jn", "2jI"] {
        let mut before = stage((80, 24));
        before.press(presses);
        let after = back(&before);
        before.press("\x1b");
        assert_eq!(after.screen().1, before.screen().1, "after {presses:?}");
    }
    assert!(
        !back(&stage((80, 24))).text().contains("Opened where you were"),
        "that is where everybody begins"
    );
}

#[test]
fn a_value_that_was_revealed_is_not_shown_again() {
    let mut before = stage((80, 24));
    before.press("2\rvrefund\r");
    assert!(before.text().contains("sk_live_51Nq8cXsample"), "{}", before.text());
    let after = back(&before);
    assert!(after.text().contains("Opened where you were") && after.text().contains("stripe-live"));
    assert!(!after.text().contains("sk_live_51Nq8cXsample"), "{}", after.text());
}

#[test]
fn what_was_locked_is_locked_when_one_comes_back() {
    let mut before = stage((80, 24));
    before.press("2\r");
    before.send(AppEvent::Lock);
    let mut after = back(&before);
    assert!(after.text().contains("Locked") && !after.text().contains("stripe-live"), "{}", after.text());
    after.press("a password\r");
    assert!(after.text().contains("Keys \u{203a} stripe-live"), "{}", after.text());
}

#[test]
fn what_is_gone_leaves_the_section_and_a_word() {
    let mut before = stage((80, 24));
    before.press("2jj\r\t");
    let mut after = stage((80, 24));
    after.hold = true;
    let effects = after.app.reopen(before.app.trail(), after.now_ms);
    after.carry_out(effects);
    after.hold = false;
    for (id, query) in std::mem::take(&mut after.held) {
        let answer = match query {
            Query::Key(_) => Err(Notice::new(NoticeKind::Gone, "there is no such key")),
            query => Ok(after.reply(query).unwrap()),
        };
        after.answer(id, answer);
    }
    let text = after.text();
    assert!(text.contains("What you had open is gone") && !text.contains("Keys \u{203a}"), "{text}");
}

#[test]
fn whoever_goes_elsewhere_meanwhile_stays_there() {
    let mut before = stage((80, 24));
    before.press("2jj\r");
    let mut after = stage((80, 24));
    after.hold = true;
    let effects = after.app.reopen(before.app.trail(), after.now_ms);
    after.carry_out(effects);
    after.press("3");
    after.hold = false;
    for (id, query) in std::mem::take(&mut after.held) {
        let answer = after.reply(query).unwrap();
        after.answer(id, Ok(answer));
    }
    let titles = after.effects.iter().filter_map(|effect| match effect {
        Effect::SetTitle(title) => Some(title.as_str()),
        _ => None,
    });
    assert_eq!(titles.collect::<Vec<_>>().last(), Some(&"Keyward: Usage"));
}
