//! What stands around the pages: sections, the way back, the palette, help. Events in, effects out.

use crate::sample::{Look, Stage, keys};
use keyward_tui::app::{AppEvent, Effect};
use keyward_tui::term::input::{Button, Input, Key, Mods, Mouse, MouseKind};
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
    stage.press("\x1b");
    assert!(stage.text().contains("Open the selected key"));
    stage.press("\x1b");
    assert!(stage.text().contains("NAME"));
}
