//! The profile: what its pages do.

use super::{asked, copied, selected, stage, stage_at, take};
use crate::sample::{Look, Stage, id};
use keyward_keys::Fault;
use keyward_keys::NoticeKind as Told;
use keyward_keys::view::UserView;
use keyward_tui::app::{AccountAnswer, AccountQuery, Answer, AppEvent, Query, WebhookAnswer, WebhookAsk};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Input, Key, KeyCode, Paste};
use zeroize::Zeroizing;

#[test]
fn a_theme_is_tried_on_before_it_is_kept() {
    let mut stage = stage("9jjjj\r");
    let dark = stage.app.palette();
    stage.press("jj");
    let light = stage.app.palette();
    assert_ne!(dark, light, "the whole screen shows it");
    stage.press("\x1b");
    assert_eq!(stage.app.palette(), dark, "Esc leaves all as it was");
    stage.press("\rjj");
    stage.hold = true;
    stage.press("\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::Change(_))));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert_eq!(stage.app.palette(), light, "it holds before anything is read again");
    assert!(stage.text().contains("The theme is light now"));
}

#[test]
fn muting_one_kind_leaves_the_others_as_they_are() {
    let mut stage = stage("9G");
    assert!(selected(&stage).contains("Support") && selected(&stage).contains("told"));
    stage.press("\r");
    assert!(selected(&stage).contains("muted"), "{}", stage.text());
    stage.hold = true;
    stage.press("k ");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::Change(_))));
    let Query::Account(AccountQuery::Change(change)) = query else { panic!() };
    assert_eq!(change.preferences.muted, Some(vec![Told::PassphraseReset, Told::Support]));
    assert!(change.preferences.theme.is_none() && change.preferences.notifications.is_none());
}

#[test]
fn quiet_hours_are_set_and_taken_back() {
    let mut stage = stage("9");
    while !selected(&stage).contains("Quiet hours") {
        stage.press("j");
    }
    assert!(selected(&stage).contains("22:00-07:00"), "{}", stage.text());
    stage.hold = true;
    stage.press("\r");
    for (typed, wanted) in [("23:00-6:00", Some("23:00-6:00".to_owned())), ("", None)] {
        stage.key(Key::ctrl('u'));
        stage.press(typed);
        stage.press("\r");
        let (request, query) =
            take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::Change(_))));
        let Query::Account(AccountQuery::Change(change)) = query else { panic!() };
        assert_eq!(change.preferences.quiet_hours, Some(wanted));
        stage.answer(request, Err(Notice::new(NoticeKind::Failure, "Too much is waiting.")));
    }
}

#[test]
fn an_address_is_verified_with_a_code_or_another_one_is_mailed() {
    let mut stage = stage("9");
    let unverified = Answer::Me(Box::new(UserView { email_verified: false, ..crate::sample::user() }));
    stage.hold = true;
    stage.press("r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Me));
    stage.answer(request, Ok(unverified));
    stage.press("gj");
    assert!(selected(&stage).contains("not verified"), "{}", stage.text());
    stage.press("\r\t\r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::SendEmailCode)));
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "Too many attempts.")));
    stage.press("K7QF-2MXW-9TRD-HV4P\r");
    take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::ProveEmail(_))));
}

#[test]
fn what_one_looks_at_is_shared_by_a_switch() {
    let mut stage = stage("9jjj");
    assert!(selected(&stage).contains("not shared"), "{}", stage.text());
    stage.press("\r");
    assert!(selected(&stage).contains("shared with your teams"), "{}", stage.text());
    stage.hold = true;
    stage.press("\r");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::Change(_))));
    let Query::Account(AccountQuery::Change(change)) = query else { panic!() };
    assert_eq!(change.preferences.share_viewing, Some(false));
}

#[test]
fn a_password_form_checks_what_it_can_and_keeps_what_it_has() {
    let mut stage = stage("9jjjjj\r");
    stage.hold = true;
    stage.held.clear();
    stage.press("old password\tshort\tother\r");
    let text = stage.text();
    assert!(text.contains("at least 8 characters") && text.contains("is not the same"), "{text}");
    assert!(stage.held.is_empty(), "nothing is asked with faults");
    stage.key(Key::ctrl('u'));
    stage.press("correct horse");
    stage.key(Key::plain(KeyCode::Tab));
    stage.key(Key::ctrl('u'));
    stage.press("correct horse");
    stage.key(Key::ctrl('s'));
    stage.key(Key::ctrl('s'));
    assert_eq!(asked(&stage, |query| matches!(query, Query::Account(AccountQuery::Password { .. }))), 1);
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Account(_)));
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "This is not your password.")));
    let text = stage.text();
    assert!(text.contains("This is not your password.") && text.contains("What you typed is kept"), "{text}");
    for secret in ["old password", "correct horse"] {
        assert!(!text.contains(secret), "a password is never drawn");
    }
    stage.press("\x1b");
    assert!(stage.text().contains("Discard what you typed?"));
}

#[test]
fn faults_of_the_core_stand_at_their_fields() {
    let mut stage = stage("9jj\r");
    stage.hold = true;
    stage.key(Key::ctrl('u'));
    stage.press("Mars/Olympus\r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::Change(_))));
    let faults = vec![Fault { field: "timeZone".to_owned(), detail: "is not a time zone".to_owned() }];
    stage.answer(
        request,
        Err(Notice { faults, ..Notice::new(NoticeKind::Invalid, "Not saved: see the marked fields.") }),
    );
    assert!(stage.text().contains("is not a time zone") && stage.text().contains("Mars/Olympus"));
    stage.press("x");
    assert!(!stage.text().contains("is not a time zone"), "typing answers the fault");
}

#[test]
fn the_qr_code_on_the_screen_is_the_one_that_was_made() {
    let stage = stage("9jjjjjj\r");
    let Some(Answer::Account(AccountAnswer::SetUp(setup))) =
        crate::sample::people::account(AccountQuery::SetUp)
    else {
        panic!()
    };
    let (buf, _) = stage.screen();
    let side = setup.modules.side;
    // The body begins at the first line of the page; two modules of quiet stand around the code.
    let first = (0..buf.area.height).find(|y| buf[(1, *y)].bg != buf[(79, *y)].bg).unwrap();
    let dark = |x: usize, y: usize| {
        let cell = buf[((x + 2) as u16 + 1, first + ((y + 2) / 2) as u16)].symbol().to_owned();
        match y % 2 {
            0 => cell == "█" || cell == "▀",
            _ => cell == "█" || cell == "▄",
        }
    };
    for y in 0..side {
        for x in 0..side {
            assert_eq!(dark(x, y), setup.modules.dark[y * side + x], "module {x}, {y}\n{}", stage.text());
        }
    }
    assert!(stage.text().contains("JBSW Y3DP"), "and the secret for those who type it");
}

#[test]
fn a_window_too_low_for_the_qr_code_still_sets_the_app_up() {
    let mut stage = stage_at(Look::Dark, (40, 12), "9jjjjjj\r");
    assert!(stage.text().contains("JBSW Y3DP"), "{}", stage.text());
    stage.press("12345\r");
    assert!(stage.text().contains("six digits"));
    stage.press("6\r");
    assert!(
        stage.text().contains("Recovery codes") || stage.text().contains("Each of these"),
        "{}",
        stage.text()
    );
    stage.press("y");
    assert_eq!(copied(&stage)[0].lines().count(), 10);
}

#[test]
fn a_wrong_code_is_said_and_typed_again() {
    let mut stage = stage("9jjjjjj\r");
    stage.hold = true;
    stage.press("123456\r\r");
    assert_eq!(
        asked(&stage, |query| matches!(query, Query::Account(AccountQuery::Enable(_)))),
        1,
        "asked once"
    );
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::Enable(_))));
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "The code is wrong.")));
    assert!(stage.text().contains("The code is wrong.") && !stage.text().contains("123456"));
}

#[test]
fn sessions_end_one_by_one_or_all_but_this() {
    let mut stage = stage("9jjjjjjjj\r");
    stage.press("D");
    assert!(stage.text().contains("the session you look from"));
    stage.hold = true;
    stage.press("jDyXy");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::EndSession(_))));
    assert!(matches!(query, Query::Account(AccountQuery::EndSession(session)) if session == id(381)));
    assert_eq!(asked(&stage, |query| matches!(query, Query::Account(AccountQuery::EndOthers))), 1);
}

#[test]
fn an_ssh_key_is_pasted_as_it_is() {
    let mut stage = stage("9jjjjjjj\rnlaptop\t");
    stage.hold = true;
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0 ana@laptop\n";
    stage.send(AppEvent::Input(Input::Paste(Paste {
        text: Zeroizing::new(line.to_owned()),
        truncated: false,
    })));
    stage.press("\r");
    let (_, query) =
        take(&mut stage, |query| matches!(query, Query::Account(AccountQuery::AddSshKey { .. })));
    let Query::Account(AccountQuery::AddSshKey { name, line: sent }) = query else { panic!() };
    assert_eq!((name.as_str(), sent.as_str()), ("laptop", line.trim_end()));
}

#[test]
fn a_webhook_is_tried_turned_on_and_removed_and_a_test_opens_what_was_sent() {
    let asks = |stage: &mut Stage, wanted: fn(&WebhookAsk) -> bool| {
        take(stage, |query| matches!(query, Query::Webhooks(ask) if wanted(ask))).0
    };
    let mut stage = stage("9jjjjjjjjjjjjj\rjj");
    stage.hold = true;
    stage.press("xDyt");
    asks(&mut stage, |ask| matches!(ask, WebhookAsk::Turn { id: hook, off: false } if *hook == id(502)));
    asks(&mut stage, |ask| matches!(ask, WebhookAsk::Remove(hook) if *hook == id(502)));
    let test = asks(&mut stage, |ask| matches!(ask, WebhookAsk::Test(hook) if *hook == id(502)));
    stage.answer(test, Ok(Answer::Webhooks(WebhookAnswer::Done)));
    asks(&mut stage, |ask| matches!(ask, WebhookAsk::Deliveries(hook) if *hook == id(502)));
    stage.hold = false;
    stage.press("r");
    assert!(stage.text().contains("given up"), "{}", stage.text());
    stage.hold = true;
    stage.press("Ga");
    asks(
        &mut stage,
        |ask| matches!(ask, WebhookAsk::Again { webhook, delivery } if (*webhook, *delivery) == (id(502), id(522))),
    );
}

#[test]
fn a_new_webhook_s_address_is_not_shown_and_its_secret_is_once() {
    let mut stage = stage("9jjjjjjjjjjjjj\rnops\t\thttps://hooks.example.com/hidden");
    assert!(stage.text().contains("••••") && !stage.text().contains("hidden"), "{}", stage.text());
    stage.press("\r");
    assert!(stage.text().contains("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "{}", stage.text());
}

#[test]
fn a_webhook_s_secret_is_replaced_once_that_is_agreed_to_and_shown_once() {
    let mut stage = stage("9jjjjjjjjjjjjj\rjj");
    stage.press("RN");
    assert!(!stage.text().contains("whsec_"), "{}", stage.text());
    stage.press("Ry");
    assert!(stage.text().contains("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"), "{}", stage.text());
}

#[test]
fn a_forgotten_passphrase_says_what_it_costs_before_anything_is_done() {
    let mut stage = stage("9F");
    assert!(stage.text().contains("There is no unlock passphrase yet"));
    stage.hold = true;
    stage.press("r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Me));
    let user = UserView { unlock_passphrase: true, ..crate::sample::user() };
    stage.answer(request, Ok(Answer::Me(Box::new(user))));
    stage.hold = false;
    stage.press("F");
    assert!(stage.text().contains("opened by nobody any more: stripe-live"), "{}", stage.text());
    stage.press("a new phrase\ta new phrase\tmy password\t");
    stage.hold = true;
    stage.key(Key::plain(KeyCode::Right));
    stage.key(Key::ctrl('s'));
    let reset = |query: &Query| matches!(query, Query::Account(AccountQuery::Reset(_)));
    let (_, query) = take(&mut stage, reset);
    let Query::Account(AccountQuery::Reset(reset)) = query else { panic!() };
    assert!(reset.lose && reset.totp.is_none());
}
