//! What stands around the pages: sections, the way back, the palette, help. Events in, effects out.

use crate::looks::SIZES;
use crate::sample::{Look, Stage, keys};
use keyward_tui::app::{Answer, AppEvent, Effect, Ends, Query};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Button, Input, Key, KeyCode, Mods, Mouse, MouseKind};
use secrecy::ExposeSecret;

fn stage(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
    stage.press("2");
    stage
}

/// Presses the mouse on the first place of this text.
fn click(stage: &mut Stage, text: &str) {
    let screen = stage.text();
    let found = screen.lines().enumerate().find_map(|(row, line)| Some((row, line.find(text)?, line)));
    let Some((row, at, line)) = found else { panic!("{text} is not on\n{screen}") };
    let (column, row) = (line[..at].chars().count() as u16, row as u16);
    let mouse = Mouse { kind: MouseKind::Press(Button::Left), column, row, mods: Mods::NONE };
    stage.send(AppEvent::Input(Input::Mouse(mouse)));
}

fn copied(stage: &Stage) -> Vec<String> {
    let line = |effect: &Effect| match effect {
        Effect::Copy(text) => Some(text.expose_secret().to_owned()),
        _ => None,
    };
    stage.effects.iter().filter_map(line).collect()
}

#[test]
fn the_palette_opens_what_it_finds() {
    let mut stage = stage((80, 24));
    stage.press(":add a k");
    assert!(stage.text().contains("Add a key"), "{}", stage.text());
    assert!(stage.text().contains("$ ssh … keys add --name NAME --service SERVICE"), "{}", stage.text());
    stage.press("\r");
    assert!(stage.text().contains("New key"), "{}", stage.text());
    stage.key(Key::ctrl('p'));
    stage.press("keys search\r");
    assert!(stage.text().contains("NAME"), "nothing was typed, so nothing is asked: {}", stage.text());
    stage.press(":qqq no such thing");
    assert!(stage.text().contains("Nothing is called that"));
    stage.press("\r\x1b");
    assert!(!stage.text().contains("Commands"));
}

#[test]
fn the_palette_gives_the_line_for_the_key_at_hand() {
    let mut stage = stage((120, 40));
    stage.press("\r:show the value");
    stage.key(Key::ctrl('y'));
    stage.press(":tokens add\r");
    let lines = copied(&stage);
    let host = "ssh -p 2222 ana@keys.example.com";
    assert_eq!(lines, [format!("{host} keys get stripe-live"), format!("{host} tokens add --name NAME")]);
    assert!(stage.text().contains("clipboard"));
}

#[test]
fn what_was_typed_is_not_lost_to_a_section() {
    let mut stage = stage((80, 24));
    stage.press("nabc");
    click(&mut stage, "2 Keys");
    assert!(stage.text().contains("Something you typed is not saved"), "{}", stage.text());
    stage.press("n");
    assert!(stage.text().contains("abc"), "it stays");
    click(&mut stage, "Keyward");
    stage.press("y");
    assert!(!stage.text().contains("abc"));
}

#[test]
fn crumbs_tabs_and_hints_can_be_clicked() {
    let mut stage = stage((120, 40));
    stage.press("\r?");
    click(&mut stage, "stripe-live");
    assert!(stage.text().contains("LIVE"), "{}", stage.text());
    stage.press("?");
    click(&mut stage, "Keys");
    assert!(stage.text().contains("NAME"));
    click(&mut stage, "commands");
    assert!(stage.text().contains("Commands"));
    click(&mut stage, "Add a key");
    assert!(stage.text().contains("New key"));
}

#[test]
fn help_finds_a_word() {
    let mut stage = stage((80, 24));
    stage.press("?/BIN");
    assert!(stage.text().contains("Move the key to the bin"), "{}", stage.text());
    assert!(!stage.text().contains("Half a page"));
    stage.press("\x1b/hygiene");
    assert!(stage.text().contains("that stand out"), "the footer's word finds it, too: {}", stage.text());
    stage.press("\x1b");
    assert!(stage.text().contains("Open the selected key"));
    stage.press("\x1b");
    assert!(stage.text().contains("NAME"));
}

#[test]
fn the_end_is_counted_down_and_a_key_takes_back_that_of_an_idle_session() {
    let mut stage = stage((80, 24));
    let at_ms = stage.now_ms + 60_000;
    stage.send(AppEvent::Ends { why: Ends::Idle, at_ms });
    assert!(stage.text().contains("idle, ends in 60 s"));
    stage.pass(18_000);
    assert!(stage.text().contains("idle, ends in 42 s"), "{}", stage.text());
    stage.send(AppEvent::Stays);
    assert!(stage.text().contains("live"));
    stage.send(AppEvent::Ends { why: Ends::TooLong, at_ms });
    stage.send(AppEvent::Stays);
    assert!(stage.text().contains("ends in 42 s"), "no key keeps a session for ever");
}

#[test]
fn a_locked_screen_shows_nothing_until_the_password_is_right() {
    let locked = |look: Look, size| {
        let mut stage = Stage::new(keys(), &look.caps(), size);
        stage.press("2\r");
        stage.send(AppEvent::Lock);
        stage
    };
    for size in SIZES {
        let stage = locked(Look::Dark, size);
        let text = stage.text();
        assert!(text.contains("Locked") && !text.contains("stripe") && !text.contains("ana"), "{text}");
        assert!(text.contains("password") && text.contains("Enter opens"), "{text}");
        for look in Look::ALL {
            assert_eq!(locked(look, size).text(), stage.text());
        }
    }
    for (columns, rows) in (1..=60).flat_map(|columns| (1..=20).map(move |rows| (columns, rows))) {
        locked(Look::Dark, (columns, rows)).screen();
    }
    let mut stage = locked(Look::Dark, (80, 24));
    let at_ms = stage.now_ms + 60_000;
    stage.send(AppEvent::Ends { why: Ends::Idle, at_ms });
    stage.pass(18_000);
    assert!(stage.text().contains("idle, ends in 42 s"), "the end is told here, too: {}", stage.text());
    stage.hold = true;
    stage.press("q:2\x1b?wrong");
    assert!(stage.text().contains("Locked") && !stage.text().contains("wrong"), "{}", stage.text());
    stage.press("\r");
    let (request, query) = stage.held.pop().unwrap();
    let Query::Prove(password) = query else { panic!("the password is asked about") };
    assert_eq!(password.expose_secret(), "?wrong");
    stage.press("\r");
    assert!(stage.held.iter().all(|(_, query)| !matches!(query, Query::Prove(_))), "one at a time");
    stage.answer(request, Err(Notice::new(NoticeKind::Forbidden, "this is not your password")));
    assert!(stage.text().contains("this is not your password"));
    stage.press("right\r");
    let (request, _) = stage.held.pop().unwrap();
    stage.answer(request, Ok(Answer::Proved));
    assert!(stage.text().contains("stripe-live") && stage.text().contains("LIVE"), "{}", stage.text());
    let titles: Vec<_> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::SetTitle(title) => Some(title.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(titles[titles.len() - 2..], ["Keyward: locked", "Keyward: stripe-live"]);
    stage.send(AppEvent::Lock);
    stage.key(Key::ctrl('c'));
    assert!(stage.text().contains("Ctrl-C again leaves"));
    stage.key(Key::ctrl('c'));
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Quit { .. })));
}

#[test]
fn a_slow_link_is_said_while_it_is_slow() {
    let mut stage = stage((80, 24));
    stage.send(AppEvent::Slow(true));
    assert!(stage.text().contains("slow link") && !stage.text().contains("live  ana@"));
    stage.send(AppEvent::Slow(false));
    assert!(stage.text().contains("live  ana@"));
}

#[test]
fn a_long_question_is_read_to_its_end_on_a_low_screen() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (40, 12));
    stage.press("2\rR");
    let mut read = stage.text();
    assert!(read.contains("Down: more") && read.contains("y yes"), "{read}");
    for _ in 0..20 {
        stage.key(Key::plain(KeyCode::Down));
        read.push_str(&stage.text());
    }
    let last = stage.text();
    assert!(read.contains("the last call was") && last.contains("You paste the new"), "{last}");
    assert!(last.contains("Up: back") && last.contains("y yes"), "{last}");
    stage.key(Key::plain(KeyCode::PageUp));
    assert!(stage.text().contains("Down: more"), "{}", stage.text());
    let wheel = Mouse { kind: MouseKind::ScrollDown, column: 5, row: 5, mods: Mods::NONE };
    (0..9).for_each(|_| stage.send(AppEvent::Input(Input::Mouse(wheel))));
    assert_eq!(stage.text(), last, "the wheel reads it too");
    stage.press("x");
    assert!(!stage.text().contains("y yes"), "any other key is no");
}
