//! The list of keys beyond looking at it: several at once, the way back, the counters, the bin.

use crate::sample::{Look, Stage, key, keys};
use keyward_keys::Environment;
use keyward_keys::input::Hygiene;
use keyward_keys::view::KeyStatus;
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
