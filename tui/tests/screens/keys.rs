//! The list of keys beyond looking at it: several at once, the way back, the counters, the bin.

use crate::sample::{Look, Stage, key, keys};
use keyward_keys::input::Hygiene;
use keyward_keys::view::KeyStatus;
use keyward_keys::{Environment, Event};
use keyward_tui::app::{Answer, AppEvent, Deed, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Button, Input, Mods, Mouse, MouseKind};

fn stage() -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("2");
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> (RequestId, Query) {
    let Some(at) = stage.held.iter().position(|(_, query)| wanted(query)) else { panic!("it was not asked") };
    stage.held.remove(at)
}

fn many(stage: &mut Stage) -> (RequestId, Deed, usize) {
    let (request, query) = take(stage, |query| matches!(query, Query::Many(..)));
    let Query::Many(deed, ids) = query else { panic!() };
    (request, deed, ids.len())
}

#[test]
fn marked_keys_are_deleted_after_one_question_and_come_back_with_z() {
    let mut stage = stage();
    stage.press("   ");
    assert!(stage.text().contains("3 marked"));
    stage.hold = true;
    stage.press("D");
    assert!(stage.text().contains("Delete 3 keys, all in production?"), "{}", stage.text());
    stage.press("n");
    assert!(
        stage.held.iter().all(|(_, query)| !matches!(query, Query::Many(..))),
        "anything but y keeps them"
    );
    stage.press("Dy");
    let (request, deed, count) = many(&mut stage);
    assert_eq!((deed, count), (Deed::Delete, 3));
    let refused = vec![Notice::new(NoticeKind::Failure, "key.delete is for admins and owners.")];
    stage.answer(request, Ok(Answer::Many { done: Vec::new(), refused }));
    let text = stage.text();
    assert!(text.contains("Nothing was done.") && text.contains("is for admins"), "{text}");
    assert!(text.contains("3 marked"), "they stay marked");
    stage.press("\x1b");
    assert!(!stage.text().contains("marked"), "Esc takes the marks away");
    stage.press("g   Dy");
    let (request, ..) = many(&mut stage);
    let done: Vec<_> = (0..3).map(|n| key(n).id).collect();
    stage.answer(request, Ok(Answer::Many { done: done.clone(), refused: Vec::new() }));
    assert!(stage.text().contains("3 keys in the bin for 30 days"), "{}", stage.text());
    stage.press("z");
    let (request, deed, count) = many(&mut stage);
    assert_eq!((deed, count), (Deed::Restore, 3));
    stage.answer(request, Ok(Answer::Many { done, refused: Vec::new() }));
    assert!(stage.text().contains("3 keys back from the bin"));
    stage.press("z");
    assert!(stage.text().contains("Nothing to take back"));
}

#[test]
fn what_was_done_can_be_taken_back_for_ten_seconds() {
    let mut stage = stage();
    stage.press("jjjjdy");
    assert!(stage.text().contains("1 key switched off; z takes it back"), "{}", stage.text());
    stage.pass(10_000);
    stage.hold = true;
    stage.press("z");
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Many(..))));
}

#[test]
fn marked_keys_are_switched_the_way_that_is_chosen_and_one_the_way_it_is_not() {
    for (presses, wanted) in [
        ("  do", KeyStatus::Inactive),
        ("  dn", KeyStatus::Active),
        ("jjjjjjjjjdy", KeyStatus::Active),
        ("dy", KeyStatus::Inactive),
    ] {
        let mut stage = stage();
        stage.hold = true;
        stage.press(presses);
        let (_, deed, _) = many(&mut stage);
        assert_eq!(deed, Deed::Switch(wanted), "{presses:?}");
    }
}

#[test]
fn one_production_key_is_deleted_by_its_name_from_the_list_too() {
    let mut stage = stage();
    stage.hold = true;
    stage.press("Dy\r");
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Many(..))));
    stage.press("\x1bDstripe-live\r");
    assert_eq!(many(&mut stage).2, 1);
    assert_eq!(stage.keys[0].environment, Environment::Production);
}

#[test]
fn a_counter_shows_the_keys_it_counts() {
    let mut stage = stage();
    assert!(stage.text().contains("1 overdue") && stage.text().contains("3 no limit"), "{}", stage.text());
    stage.hold = true;
    stage.press("H");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::List(_)));
    let Query::List(query) = query else { panic!() };
    assert_eq!(query.hygiene, Some(Hygiene::Overdue));
    stage.hold = false;
    let mut stage = self::stage();
    let row = stage.text().lines().position(|line| line.contains("no limit")).unwrap() as u16;
    let line = stage.text().lines().nth(row.into()).unwrap().to_owned();
    let column = line[..line.find("3 no limit").unwrap()].chars().count() as u16;
    let press = Mouse { kind: MouseKind::Press(Button::Left), column, row, mods: Mods::NONE };
    stage.send(AppEvent::Input(Input::Mouse(press)));
    assert!(stage.text().contains("1 to 3 of 3") && stage.text().contains("sendgrid-mail"));
    stage.press("\x1b");
    assert!(stage.text().contains("of 14"));
}

#[test]
fn one_value_in_several_environments_is_listed_and_told_of_the_key() {
    let mut stage = stage();
    assert!(stage.text().contains("2 shared value"), "{}", stage.text());
    stage.press("HH");
    let text = stage.text();
    assert!(text.contains("openai-chat") && text.contains("openai-playground"), "{text}");
    assert!(text.contains("1 to 2 of 2") && text.contains("of keys that the daemon can open"), "{text}");
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (200, 60));
    stage.press("2HH\r");
    let text = stage.text();
    assert!(text.contains("these keys have the same value") && text.contains("openai-playground"), "{text}");
}

#[test]
fn the_bin_gives_back_what_is_selected() {
    let mut stage = stage();
    stage.press("B");
    let text = stage.text();
    assert!(text.contains("In the bin") && text.contains("s3-import") && text.contains("18 d"), "{text}");
    stage.pass(60_000);
    assert!(stage.text().contains("18 d"), "to the nearest day: {}", stage.text());
    stage.hold = true;
    stage.press("ju");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Many(..)));
    assert!(matches!(query, Query::Many(Deed::Restore, ids) if ids.len() == 1));
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Rates(_) | Query::Rows(_))));
    stage.press("\x1b");
    assert!(stage.text().contains("stripe-live"));
}

#[test]
fn a_team_is_narrowed_to_by_its_name() {
    let mut stage = stage();
    stage.press("/");
    stage.hold = true;
    // The first is asked for at once, what is typed meanwhile after it.
    let mut last = None;
    for c in "team:pay".chars() {
        stage.press(&c.to_string());
        while let Some((request, query)) = stage.held.pop() {
            if let Query::List(list) = &query {
                last = Some((list.team, list.search.clone()));
            }
            let answer = stage.reply(query).unwrap();
            stage.answer(request, Ok(answer));
        }
    }
    assert_eq!(last, Some((Some(crate::sample::people::teams()[0].id), None)));
}

#[test]
fn what_was_done_on_a_keys_page_is_taken_back_from_wherever_one_is_then() {
    for (presses, told, back) in [
        ("f", "stripe-live is frozen; z takes it back", Deed::Freeze(false)),
        ("d", "stripe-live is switched off; z takes it back", Deed::Switch(KeyStatus::Active)),
        ("D", "stripe-live is in the bin for 30 days; z takes", Deed::Restore),
    ] {
        let mut stage = stage();
        stage.press("\r");
        stage.hold = true;
        stage.press(presses);
        stage.press(if presses == "D" { "stripe-live\r" } else { "y" });
        let (request, _) =
            take(&mut stage, |query| matches!(query, Query::Update { .. } | Query::Delete { .. }));
        let mut changed = key(0);
        changed.frozen = presses == "f";
        changed.status = if presses == "d" { KeyStatus::Inactive } else { changed.status };
        stage.answer(request, Ok(Answer::Key(Box::new(changed))));
        assert!(stage.text().contains(told), "{}", stage.text());
        stage.press("3z");
        let (request, deed, count) = many(&mut stage);
        assert_eq!((deed, count), (back, 1));
        let refused = Notice::new(NoticeKind::Failure, "Somebody else was quicker.");
        stage.answer(request, Ok(Answer::Many { done: Vec::new(), refused: vec![refused] }));
        assert!(stage.text().contains("Nothing was done. Somebody else was quicker."), "{}", stage.text());
    }
}

/// Clicks on the first letter of these words.
fn click(stage: &mut Stage, words: &str) {
    let text = stage.text();
    let found = text.lines().enumerate().find_map(|(row, line)| Some((row, line.find(words)?, line)));
    let (row, at, line) = found.unwrap_or_else(|| panic!("{words}: {text}"));
    let (column, row) = (line[..at].chars().count() as u16, row as u16);
    let press = Mouse { kind: MouseKind::Press(Button::Left), column, row, mods: Mods::NONE };
    stage.send(AppEvent::Input(Input::Mouse(press)));
}

#[test]
fn a_question_is_answered_by_a_click_and_nothing_covers_it() {
    let mut stage = stage();
    stage.press("m");
    stage.size = (60, 14);
    stage.send(AppEvent::Resize { cols: 60, rows: 14 });
    stage.press("jjjjd");
    let (text, (_, cursor)) = (stage.text(), stage.screen());
    assert!(text.contains("y yes   N no"), "a message lies under the question: {text}");
    let line = text.lines().nth(cursor.unwrap().y.into()).unwrap();
    assert_eq!(line.chars().nth(cursor.unwrap().x.into()), Some('N'), "it stands on what Enter means");
    click(&mut stage, "Apps can");
    assert!(stage.text().contains("y yes"), "a click beside the answers is none");
    click(&mut stage, "N no");
    assert!(!stage.text().contains("y yes"));
    stage.hold = true;
    stage.press("d");
    click(&mut stage, "yes");
    assert_eq!(many(&mut stage).1, Deed::Switch(KeyStatus::Inactive));
}

#[test]
fn a_pause_holds_the_list_still_and_nothing_is_missed() {
    let mut stage = stage();
    stage.press("p");
    assert!(stage.text().contains("paused"), "{}", stage.text());
    let before = stage.text();
    stage.hold = true;
    let asked = stage.held.len();
    let key_id = key(0).id;
    let space = crate::sample::id(1);
    let used = Event::Usage { space, api_key: key_id, requests: 5, errors: 0, last: None };
    stage.send(AppEvent::Domain(used));
    stage.pass(61_000);
    assert_eq!((stage.text(), stage.held.len()), (before, asked), "neither figures nor ages move");
    stage.press("p");
    assert!(
        stage.held[asked..].iter().any(|(_, query)| matches!(query, Query::Rates(_))),
        "what was missed is read"
    );
    stage.press("p");
    stage.send(AppEvent::Domain(Event::Lagged));
    assert!(!stage.text().contains("paused"), "what one may not see any more does not stay");
}

#[test]
fn a_key_that_goes_while_its_form_is_open_shows_nothing_of_itself_any_more() {
    let mut stage = stage();
    stage.press("\re");
    stage.press("x");
    stage.hold = true;
    let changed = Event::KeyChanged { space: crate::sample::id(1), api_key: key(0).id };
    stage.send(AppEvent::Domain(changed));
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Key(_)));
    stage.answer(request, Err(Notice::new(NoticeKind::Gone, "There is no such key.")));
    assert!(stage.text().contains("Edit stripe-live"), "what was typed stays");
    stage.pass(5_000);
    stage.press("\x1by");
    let text = stage.text();
    assert!(text.contains("stripe-live is gone.") && !text.contains("ak_prod"), "{text}");
    assert!(!text.contains("v reveal") && text.contains("Esc back"), "{text}");
}

#[test]
fn the_footer_has_only_what_does_something() {
    let mut stage = Stage::new(Vec::new(), &Look::Dark.caps(), (120, 40));
    let footer = |stage: &Stage| stage.text().lines().last().unwrap().to_owned();
    stage.press("2");
    assert!(footer(&stage).contains("n new"), "{}", footer(&stage));
    for none in ["open", "search", "mark", "sort", "delete", "pause"] {
        assert!(!footer(&stage).contains(none), "{none}: {}", footer(&stage));
    }
    stage.press("A");
    assert!(!footer(&stage).contains("snooze"), "{}", footer(&stage));
}
