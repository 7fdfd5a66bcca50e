//! Teams, the profile, what one is told, audit, support and the API page: what they look like; what they do stands in
//! a file for each.

mod inbox;
mod profile;
mod team;

use crate::looks::{SIZES, shown_in_every_size, styles, text};
use crate::sample::people::members;
use crate::sample::{Look, Stage, keys};
use keyward_tui::app::{Answer, Effect, Query, RequestId, TeamAnswer, TeamQuery};
use secrecy::ExposeSecret;

/// A page and the keys that lead to it. Of those with a mark, the styles are kept too.
const PAGES: [(&str, &str, bool); 25] = [
    ("teams", "6", true),
    ("team", "6\rjj", true),
    ("team-edit", "6e\t", false),
    ("team-invitations", "6\r\t", false),
    ("team-remove", "6\rjjD", false),
    ("team-departed", "6\rjjDBo Lindqvist\r", false),
    ("team-invite", "6\rnliam@example.com\t", false),
    ("team-code", "6\rnliam@example.com\r\r", true),
    ("roles", "6P", true),
    ("profile", "9jjjjjj", true),
    ("profile-theme", "9jjjj\r", true),
    ("profile-factor", "9jjjjjj\r", true),
    ("profile-recovery", "9jjjjjj\r123456\r", false),
    ("profile-password", "9jjjjj\rold one\tnew\toth\t", false),
    ("profile-forgotten", "9F", false),
    ("ssh-keys", "9jjjjjjj\r", false),
    ("sessions", "9jjjjjjjj\r", false),
    ("webhooks", "9jjjjjjjjjjjjj\rj", true),
    ("webhook-deliveries", "9jjjjjjjjjjjjj\r\rj", false),
    ("notifications", "4j", true),
    ("audit", "0jj", true),
    ("audit-record", "0jj\r", false),
    ("audit-filter", "0/key.reveal\t", false),
    ("support-question", ":ask the operators\r\r", true),
    ("api", ":routes with lines\rjj", true),
];

pub(super) fn stage_at(look: Look, size: (u16, u16), presses: &str) -> Stage {
    let mut stage = Stage::new(keys(), &look.caps(), size);
    stage.press(presses);
    stage
}

pub(super) fn stage(presses: &str) -> Stage {
    stage_at(Look::Dark, (80, 24), presses)
}

pub(super) fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> (RequestId, Query) {
    let Some(at) = stage.held.iter().position(|(_, query)| wanted(query)) else { panic!("it was not asked") };
    stage.held.remove(at)
}

pub(super) fn asked(stage: &Stage, wanted: impl Fn(&Query) -> bool) -> usize {
    stage.held.iter().filter(|(_, query)| wanted(query)).count()
}

pub(super) fn copied(stage: &Stage) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Copy(text) => Some(text.expose_secret().to_owned()),
        _ => None,
    };
    stage.effects.iter().filter_map(text).collect()
}

/// The line of the selected row.
pub(super) fn selected(stage: &Stage) -> String {
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
        shown_in_every_size(page, stage(presses));
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
