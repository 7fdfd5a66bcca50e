//! A key's page beyond its live line: panels that are read when they are seen, reasons, freezing, editing.

use crate::sample::{Look, Stage, id, key, keys};
use keyward_keys::Event;
use keyward_tui::app::{Answer, AppEvent, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};

fn open(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
    stage.press("2\r");
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> (RequestId, Query) {
    let Some(at) = stage.held.iter().position(|(_, query)| wanted(query)) else { panic!("it was not asked") };
    stage.held.remove(at)
}

fn asks(stage: &Stage, wanted: impl Fn(&Query) -> bool) -> bool {
    stage.held.iter().any(|(_, query)| wanted(query))
}

#[test]
fn a_panel_is_read_when_it_is_seen_and_again_when_the_key_changed() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("2");
    stage.hold = true;
    stage.press("\r");
    let panels = |query: &Query| matches!(query, Query::Versions(_) | Query::Access(_) | Query::Trail(_));
    assert!(!asks(&stage, panels), "behind tabs nothing is read");
    stage.press("\t\t");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Versions(_)));
    assert!(!asks(&stage, |query| matches!(query, Query::Trail(_))));
    stage.pass(300);
    assert!(stage.text().contains("Reading"));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("v1") && stage.text().contains("current"), "{}", stage.text());
    stage.held.clear();
    stage.send(AppEvent::Domain(Event::KeyChanged { space: id(1), api_key: key(0).id }));
    assert!(asks(&stage, |query| matches!(query, Query::Versions(_))));
    assert!(stage.text().contains("current"), "what is known stays until then");
    let mut wide = Stage::new(keys(), &Look::Dark.caps(), (200, 60));
    wide.press("2");
    wide.hold = true;
    wide.press("\r");
    assert_eq!(wide.held.iter().filter(|(_, query)| panels(query)).count(), 3, "all are in view");
}

#[test]
fn a_panel_that_may_not_be_read_says_why() {
    let mut stage = open((80, 24));
    stage.hold = true;
    stage.press("\t\t\t\t");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Trail(_)));
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "audit.read is for admins and owners.")));
    assert!(stage.text().contains("audit.read is for admins"));
}

#[test]
fn people_are_told_by_their_names() {
    let mut stage = open((80, 24));
    stage.press("\t\t\t\t");
    let text = stage.text();
    assert!(text.contains("Ben Okafor") && text.contains("refund 8841 failed"), "{text}");
    assert!(text.contains("refused") && text.contains("shop-backe"), "{text}");
    stage.press("\x1b\r\t\t\t");
    let text = stage.text();
    assert!(text.contains("you may, because you are owner") && text.contains("nightly-report"), "{text}");
}

#[test]
fn freezing_asks_and_changes_nothing_else() {
    let mut stage = open((80, 24));
    stage.hold = true;
    stage.press("fn");
    assert!(!asks(&stage, |query| matches!(query, Query::Update { .. })));
    stage.press("fy");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, revision, .. } = query else { panic!() };
    assert_eq!((patch.frozen, patch.status, revision), (Some(true), None, 7));
}

#[test]
fn a_new_value_is_hidden_as_it_is_typed_and_set_against_what_was_seen() {
    let mut stage = open((80, 24));
    stage.hold = true;
    stage.press("Vsk_live_new\r");
    assert!(!stage.text().contains("sk_live_new"));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::SetValue { .. }));
    let Query::SetValue { value, revision, .. } = query else { panic!() };
    assert_eq!((secrecy::ExposeSecret::expose_secret(&value), revision), ("sk_live_new", 7));
    stage.answer(request, Ok(Answer::Key(Box::new(key(1)))));
    assert!(stage.text().contains("is at its next version"), "{}", stage.text());
}

#[test]
fn a_production_value_needs_a_reason_which_goes_along() {
    let mut stage = open((80, 24));
    stage.hold = true;
    stage.press("v \r");
    assert!(!asks(&stage, |query| matches!(query, Query::Reveal(..))), "blanks are no reason");
    stage.press("refund 8841\r");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Reveal(..)));
    let Query::Reveal(_, reveal) = query else { panic!() };
    assert_eq!(reveal.reason.as_deref(), Some("refund 8841"));
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("2jjjj\r");
    stage.hold = true;
    stage.press("v");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Reveal(..)));
    assert!(matches!(query, Query::Reveal(_, reveal) if reveal.reason.is_none()), "staging asks for none");
}

#[test]
fn editing_changes_what_was_changed_and_survives_somebody_else() {
    let mut stage = open((80, 24));
    stage.press("e");
    assert!(stage.text().contains("Edit stripe-live"));
    stage.press("\x1b");
    assert!(stage.text().contains("LIVE"), "nothing typed, nothing asked");
    stage.press("e-eu");
    stage.hold = true;
    stage.key(keyward_tui::term::input::Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, revision, .. } = query else { panic!() };
    assert_eq!((patch.name.as_deref(), revision), (Some("stripe-live-eu"), 7));
    assert!(patch.service.is_none() && patch.tags.is_none() && patch.monthly_limit.is_none());
    assert!(patch.rotation_interval.is_none() && patch.environment.is_none() && patch.description.is_none());
    stage.answer(request, Err(Notice::new(NoticeKind::Stale, "Somebody changed it.")));
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Key(_)));
    let mut theirs = key(0);
    theirs.revision = 9;
    stage.answer(request, Ok(Answer::Key(Box::new(theirs))));
    assert!(
        stage.text().contains("stripe-live-eu") && stage.text().contains("Save again"),
        "{}",
        stage.text()
    );
    stage.key(keyward_tui::term::input::Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    assert!(matches!(query, Query::Update { revision: 9, .. }));
    stage.answer(request, Ok(Answer::Key(Box::new(key(0)))));
    assert!(stage.text().contains("is changed") && stage.text().contains("LIVE"));
}
