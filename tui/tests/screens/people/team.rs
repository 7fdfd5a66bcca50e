//! Teams: what their pages do.

use super::{asked, copied, stage, stage_at, take};
use crate::sample::people::members;
use crate::sample::{Look, Stage, id};
use keyward_keys::{Event, Role};
use keyward_tui::app::{Answer, AppEvent, Query, TeamAnswer, TeamQuery};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Key, KeyCode};

#[test]
fn an_invitations_code_is_shown_once_and_not_lost_by_a_slip() {
    let mut stage = stage("6\rnliam@example.com\r");
    assert!(stage.text().contains("also opens keys"), "a role says what it may: {}", stage.text());
    stage.press("\r");
    assert!(stage.text().contains("K7QF-2MXW-9TRD-HV4P") && stage.text().contains("liam@example.com"));
    stage.press("\x1b");
    assert!(stage.text().contains("Have you kept it?"));
    stage.press("n");
    stage.press("y");
    assert_eq!(copied(&stage), ["K7QF-2MXW-9TRD-HV4P"]);
    stage.press("\x1b");
    assert!(!stage.text().contains("K7QF") && stage.text().contains("Ana Ruiz"));
}

#[test]
fn whoever_is_removed_is_named_first_and_what_they_saw_is_listed() {
    let mut stage = stage("6\rjjD");
    stage.press("Ana Ruiz\r");
    assert!(stage.text().contains("That is not the name"));
    stage.key(Key::ctrl('u'));
    stage.press("Bo Lindqvist\r");
    let text = stage.text();
    for told in ["Bo Lindqvist is no longer in the team", "Rotate them now", "stripe-live", "sendgrid-mail"] {
        assert!(text.contains(told), "{told} in {text}");
    }
    stage.press("\r");
    assert!(stage.text().contains("LIVE"), "Enter opens the key: {}", stage.text());
    stage.press("\x1b\x1b");
    assert!(stage.text().contains("You are owner"), "and back to the team");
}

#[test]
fn a_dialog_means_who_was_selected_when_it_opened() {
    let mut stage = stage("6\rjjD");
    stage.hold = true;
    stage.send(AppEvent::Domain(Event::AccountChanged { account: id(900) }));
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Team(TeamQuery::Members(_))));
    let fewer = members().into_iter().filter(|member| member.user_id != id(902)).collect();
    stage.answer(request, Ok(Answer::Team(TeamAnswer::Members(fewer))));
    stage.press("Bo Lindqvist\r");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Team(TeamQuery::Remove { .. })));
    assert!(matches!(query, Query::Team(TeamQuery::Remove { account, .. }) if account == id(902)));
}

#[test]
fn a_role_that_was_withdrawn_closes_the_page_kindly() {
    let mut stage = stage("6\r");
    stage.hold = true;
    stage.send(AppEvent::Domain(Event::AccountChanged { account: id(900) }));
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Team(TeamQuery::Members(_))));
    stage.answer(request, Err(Notice::new(NoticeKind::Gone, "There is no such team.")));
    assert!(stage.text().contains("Not open to you.") && stage.text().contains("Esc goes back"));
    assert!(!stage.text().contains("Chidi"));
    stage.press("\x1b");
    assert!(stage.text().contains("YOU ARE"), "{}", stage.text());
}

#[test]
fn who_is_here_is_asked_again_while_the_page_is_in_view() {
    let here = |query: &Query| matches!(query, Query::Team(TeamQuery::Here(_)));
    let mut stage = stage("6\r");
    assert!(stage.text().contains("3 here"));
    stage.hold = true;
    stage.pass(4_000);
    assert_eq!(asked(&stage, here), 0);
    stage.pass(2_000);
    let (request, _) = take(&mut stage, here);
    stage.pass(60_000);
    assert_eq!(asked(&stage, here), 0, "not while the answer is awaited");
    stage.answer(request, Ok(Answer::Team(TeamAnswer::Here(Vec::new()))));
    assert!(stage.text().contains("0 here"));
    stage.press("p");
    stage.pass(60_000);
    stage.send(AppEvent::Resize { cols: 80, rows: 24 });
    assert_eq!(asked(&stage, here), 0, "paused");
    stage.press("p?");
    stage.pass(60_000);
    assert_eq!(asked(&stage, here), 0, "covered");
}

#[test]
fn those_who_may_not_are_told_instead_of_asked() {
    let mut stage = stage("6j\r");
    stage.press("n");
    assert!(stage.text().contains("Admins and owners invite people"), "{}", stage.text());
    let mut stage = stage_at(Look::Dark, (80, 24), "6jD");
    assert!(stage.text().contains("Only an owner deletes a team"));
    stage.press("\x1b");
}

#[test]
fn a_team_gets_its_name_its_budget_and_its_hours_in_one_form() {
    let mut stage = stage("6e\t");
    assert!(stage.text().contains("1200"), "what it is now: {}", stage.text());
    stage.hold = true;
    stage.key(Key::ctrl('u'));
    stage.press("much");
    stage.key(Key::ctrl('s'));
    assert!(stage.text().contains("an amount, such as 50") && stage.held.is_empty(), "{}", stage.text());
    let saved = |stage: &mut Stage, typed: &str| {
        stage.key(Key::ctrl('u'));
        stage.press(typed);
        stage.key(Key::ctrl('s'));
        let (request, query) = take(stage, |query| matches!(query, Query::Team(TeamQuery::Change(..))));
        stage.answer(request, Err(Notice::new(NoticeKind::Failure, "Too much is waiting.")));
        let Query::Team(TeamQuery::Change(team, patch)) = query else { panic!("a change") };
        assert_eq!((team, patch.name.as_deref()), (id(300), Some("Payments")));
        patch
    };
    assert_eq!(saved(&mut stage, "1200").monthly_budget, None, "as it was");
    assert_eq!(saved(&mut stage, "49.90").monthly_budget, Some("49.90".parse().ok()));
    assert_eq!(saved(&mut stage, "").monthly_budget, Some(None));
    stage.press("\t");
    let patch = saved(&mut stage, "");
    assert_eq!((patch.time_zone, patch.quiet_hours), (Some(None), None), "one is taken back, one as it was");
    stage.press("\t");
    assert_eq!(saved(&mut stage, "9:00-17:00").quiet_hours, Some(Some("9:00-17:00".to_owned())));
}

#[test]
fn a_member_gets_another_role_by_choosing() {
    let mut stage = stage("6\rjj\r");
    assert!(stage.text().contains("Bo Lindqvist is member of Payments"), "{}", stage.text());
    stage.hold = true;
    stage.key(Key::plain(KeyCode::Right));
    stage.press("\r");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Team(TeamQuery::Role { .. })));
    assert!(
        matches!(query, Query::Team(TeamQuery::Role { role: Role::Admin, account, .. }) if account == id(902))
    );
}
