//! Teams, the profile, what one is told, audit, support and the API page: what they look like, and what they do.

use crate::looks::{SIZES, styles, text};
use crate::sample::people::{members, notices};
use crate::sample::{Look, Stage, id, keys};
use keyward_keys::view::NotificationView;
use keyward_keys::{Event, Fault, NoticeKind as Told, Outcome, Role};
use keyward_tui::app::{
    AccountAnswer, AccountQuery, Answer, AppEvent, Effect, InboxAnswer, InboxQuery, Query, RequestId,
    TeamAnswer, TeamQuery,
};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Input, Key, KeyCode, Paste};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

/// A page and the keys that lead to it. Of those with a mark, the styles are kept too.
const PAGES: [(&str, &str, bool); 22] = [
    ("teams", "6", true),
    ("team", "6\rjj", true),
    ("team-invitations", "6\r\t", false),
    ("team-remove", "6\rjjD", false),
    ("team-departed", "6\rjjDBo Lindqvist\r", false),
    ("team-invite", "6\rnliam@example.com\t", false),
    ("team-code", "6\rnliam@example.com\r\r", true),
    ("roles", "6P", true),
    ("profile", "9jjjjj", true),
    ("profile-theme", "9jjj\r", true),
    ("profile-factor", "9jjjjj\r", true),
    ("profile-recovery", "9jjjjj\r123456\r", false),
    ("profile-password", "9jjjj\rold one\tnew\toth\t", false),
    ("profile-forgotten", "9F", false),
    ("ssh-keys", "9jjjjjj\r", false),
    ("sessions", "9jjjjjjj\r", false),
    ("notifications", "4j", true),
    ("audit", "0jj", true),
    ("audit-record", "0jj\r", false),
    ("audit-filter", "0/key.reveal\t", false),
    ("support-question", ":ask the operators\r\r", true),
    ("api", ":routes with lines\rjj", true),
];

fn stage_at(look: Look, size: (u16, u16), presses: &str) -> Stage {
    let mut stage = Stage::new(keys(), &look.caps(), size);
    stage.press(presses);
    stage
}

fn stage(presses: &str) -> Stage {
    stage_at(Look::Dark, (80, 24), presses)
}

fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> (RequestId, Query) {
    let Some(at) = stage.held.iter().position(|(_, query)| wanted(query)) else { panic!("it was not asked") };
    stage.held.remove(at)
}

fn asked(stage: &Stage, wanted: impl Fn(&Query) -> bool) -> usize {
    stage.held.iter().filter(|(_, query)| wanted(query)).count()
}

fn copied(stage: &Stage) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Copy(text) => Some(text.expose_secret().to_owned()),
        _ => None,
    };
    stage.effects.iter().filter_map(text).collect()
}

/// The line of the selected row.
fn selected(stage: &Stage) -> String {
    let (_, cursor) = stage.screen();
    let Some(cursor) = cursor else { panic!("the cursor is on the selection") };
    stage.text().lines().nth(usize::from(cursor.y)).unwrap_or_default().to_owned()
}

#[test]
fn they_look_as_they_did() {
    for (page, presses, styled) in PAGES {
        for size in SIZES {
            let dark = stage_at(Look::Dark, size, presses);
            let (_, cursor) = dark.screen();
            let shown = format!("{}cursor: {cursor:?}\n", text(&dark));
            insta::assert_snapshot!(format!("{page}-{}x{}", size.0, size.1), shown);
        }
        for look in Look::ALL.into_iter().filter(|_| styled) {
            let map = styles(&stage_at(look, (80, 24), presses).screen().0);
            insta::assert_snapshot!(format!("{page}-styles-{}", look.name()), map);
        }
    }
}

#[test]
fn no_size_panics_and_the_cursor_stays_on_the_screen() {
    for (page, presses, _) in PAGES {
        let mut stage = stage(presses);
        let sizes = (1..=60u16).filter(|rows| *rows <= 20 || rows % 5 == 0).flat_map(|rows| {
            (1..=200u16)
                .filter(move |cols| *cols <= 64 || *cols % 13 == rows % 13)
                .map(move |cols| (cols, rows))
        });
        for (cols, rows) in sizes {
            stage.size = (cols, rows);
            stage.send(AppEvent::Resize { cols, rows });
            let (_, cursor) = stage.screen();
            assert!(
                cursor.is_none_or(|at| at.x < cols && at.y < rows),
                "{page} at {cols}x{rows}: {cursor:?}"
            );
        }
    }
}

#[test]
fn without_unicode_every_mark_is_ascii() {
    for (page, presses, _) in PAGES {
        let mut caps = Look::Dark.caps();
        caps.utf8 = false;
        let mut stage = Stage::new(keys(), &caps, (120, 40));
        stage.press(presses);
        // Of people's names and shortened text, the encoder shows what it can.
        let text = stage.text().replace(['…', 'ë'], "~");
        assert!(text.is_ascii(), "{page}: {:?}", text.chars().find(|c| !c.is_ascii()));
    }
}

#[test]
fn names_of_people_can_steer_nothing() {
    let name = "\u{1b}[2Jx\u{9b}31m\u{202e}evil\u{200b}\r\n\u{7}".to_owned() + &"\u{301}".repeat(500);
    let hostile = |query: &Query| match query {
        Query::Team(TeamQuery::Members(_)) => {
            let mut members = members();
            members.iter_mut().for_each(|member| {
                member.name.clone_from(&name);
                member.email.clone_from(&name);
            });
            Some(Answer::Team(TeamAnswer::Members(members)))
        }
        Query::Names(ids) => Some(Answer::Names(ids.iter().map(|id| (*id, name.clone())).collect())),
        _ => None,
    };
    for (presses, size) in
        [("6\r", (80, 24)), ("6\r", (200, 60)), ("6\rD", (80, 24)), ("0", (200, 60)), ("0\r", (80, 24))]
    {
        let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
        stage.hold = true;
        for key in presses.chars() {
            stage.press(&key.to_string());
            while let Some((request, query)) = stage.held.pop() {
                if let Some(answer) = hostile(&query).or_else(|| stage.reply(query)) {
                    stage.answer(request, Ok(answer));
                }
            }
        }
        let (buf, _) = stage.screen();
        for cell in buf.content() {
            let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}');
            assert!(
                !cell.symbol().contains(bad) && cell.symbol().chars().count() <= 9,
                "{:?}",
                cell.symbol()
            );
        }
        assert!(stage.text().contains("evil"), "it still can be read: {}", stage.text());
    }
}

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
    assert!(stage.text().contains("2 here"));
    stage.hold = true;
    stage.pass(14_000);
    assert_eq!(asked(&stage, here), 0);
    stage.pass(2_000);
    let (request, _) = take(&mut stage, here);
    stage.pass(60_000);
    assert_eq!(asked(&stage, here), 0, "not while the answer is awaited");
    stage.answer(request, Ok(Answer::Team(TeamAnswer::Here(Vec::new()))));
    assert!(stage.text().contains("0 here"));
    stage.press("p");
    stage.pass(60_000);
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
fn a_theme_is_tried_on_before_it_is_kept() {
    let mut stage = stage("9jjj\r");
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
fn a_password_form_checks_what_it_can_and_keeps_what_it_has() {
    let mut stage = stage("9jjjj\r");
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
    let stage = stage("9jjjjj\r");
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
    let mut stage = stage_at(Look::Dark, (40, 12), "9jjjjj\r");
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
    let mut stage = stage("9jjjjj\r");
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
    let mut stage = stage("9jjjjjjj\r");
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
    let mut stage = stage("9jjjjjj\rnlaptop\t");
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
fn a_notification_opens_its_key_and_is_read_by_that() {
    let mut stage = stage("4");
    assert!(stage.text().contains("3 unread"));
    stage.hold = true;
    stage.press("\r");
    assert_eq!(
        asked(&stage, |query| matches!(query, Query::Inbox(InboxQuery::Read(one)) if *one == id(340))),
        1
    );
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Key(_)));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("LIVE") && stage.text().contains("anthropic-agents"));
}

#[test]
fn new_notifications_are_told_everywhere_and_move_no_selection() {
    let notified = |n: usize| Event::Notified { account: id(900), notification: id(n), created_ms: 0 };
    let mut stage = stage("4jj");
    let before = selected(&stage);
    stage.hold = true;
    stage.send(AppEvent::Domain(notified(399)));
    let newest =
        NotificationView { id: id(399), message: "Somebody joined".to_owned(), ..notices().remove(0) };
    let answer = |all: Vec<NotificationView>| {
        let mut page = crate::sample::people::inbox(InboxQuery::Notices(Default::default()));
        if let Some(Answer::Inbox(InboxAnswer::Notices(page))) = &mut page {
            page.notifications = all;
        }
        page.unwrap()
    };
    while let Some((request, query)) = stage.held.pop() {
        let Query::Inbox(InboxQuery::Notices(query)) = query else { panic!("nothing else is asked") };
        let all = [newest.clone()].into_iter().chain(notices()).take(query.limit as usize).collect();
        stage.answer(request, Ok(answer(all)));
    }
    assert_eq!(selected(&stage), before);
    assert!(
        stage.text().contains("7 in all") || stage.text().matches("Somebody joined").count() >= 2,
        "{}",
        stage.text()
    );
    stage.press("p");
    stage.send(AppEvent::Domain(notified(398)));
    let pages = |query: &Query| matches!(query, Query::Inbox(InboxQuery::Notices(query)) if query.limit > 1);
    assert_eq!(asked(&stage, pages), 0, "paused");
    stage.press("p");
    assert_eq!(asked(&stage, pages), 1, "and read when it goes on");
}

#[test]
fn audit_turns_its_pages_and_filters_on_top() {
    let mut stage = stage("0");
    assert!(stage.text().contains("1 to 9 of 12,402"), "{}", stage.text());
    stage.hold = true;
    (0..9).for_each(|_| stage.press("j"));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Audit(_)));
    assert!(
        matches!(&query, Query::Audit(query) if query.page == 2),
        "down from the last row turns the page"
    );
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("101 to 109"), "{}", stage.text());
    stage.hold = false;
    stage.press("/\t\t");
    stage.key(Key::plain(KeyCode::Right));
    stage.key(Key::plain(KeyCode::Right));
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Audit(_)));
    assert!(
        matches!(&query, Query::Audit(query) if query.outcome == Some(Outcome::Refused) && query.page == 1)
    );
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("1 to 2 of 2") && stage.text().contains("refused"), "{}", stage.text());
    stage.press("\x1b");
    assert!(stage.text().contains("101 to 109"), "Esc is back where one was");
}

#[test]
fn an_answer_that_was_refused_is_not_lost() {
    let mut stage = stage(":ask the operators\r\ra");
    stage.press("First line\rsecond line");
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Inbox(InboxQuery::Answer { .. })));
    assert!(
        matches!(&query, Query::Inbox(InboxQuery::Answer { text, .. }) if text == "First line\nsecond line")
    );
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "The disk is full.")));
    let text = stage.text();
    for kept in ["The disk is full.", "First line", "second line"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Inbox(InboxQuery::Answer { .. })));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("Sent.") && stage.text().contains("We are at 86"));
}

#[test]
fn the_api_page_copies_lines_that_hold_no_token() {
    let mut stage = stage(":routes with lines\r");
    stage.press("jys");
    let lines = copied(&stage);
    assert!(lines[0].starts_with("curl -sS -X POST") && lines[0].contains("$KEYWARD_TOKEN"), "{}", lines[0]);
    assert!(lines[0].ends_with("\"$KEYWARD_URL/api/keys\""));
    assert!(lines[1].starts_with("ssh -p 2222 ana@keys.example.com keys add"));
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
