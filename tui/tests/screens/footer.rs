//! The footer and the mouse: each hint does something at that moment, on whatever page; rows, tabs and hints are pressed,
//! the wheel scrolls.

use keyward_tui::app::AppEvent;
use keyward_tui::term::input::{Button, Input, Key, KeyCode, Mods, Mouse, MouseKind};

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::sample::{Look, Stage, keys};

/// Pages by the keys that lead to them.
const PAGES: &[&str] = &[
    "",
    "GG",
    "2",
    "2B",
    "2HHHH",
    "2/stripe",
    "2/nothing such\r",
    "2\r",
    "2\r\t\t",
    "2j\r",
    "2jjj\r",
    "2\re",
    "2n",
    "2I",
    "2\rY",
    "3",
    "3b",
    "3bj",
    "3bb",
    "3bbj",
    "3bbbb",
    "3bbbbj",
    "3bbbbbj",
    "3bbbbbbj",
    "3bbbbbbbbj",
    "A",
    "Aj\r",
    "A\t",
    "A\tjjjj",
    "A\t\t\t",
    "An",
    "4",
    "4j",
    "4jjj",
    "4jjjjj",
    "5",
    "5\t",
    "5\t\t",
    "6",
    "6j",
    "6jj",
    "6\r",
    "6\r\t",
    "6n",
    "6J",
    "6P",
    "6\rjjDBo Lindqvist\r",
    "7",
    "7\t",
    "8\n\n",
    "9",
    "9\r",
    "9jjjj\r",
    "9jjjjjj\r",
    "9jjjjjjj\r",
    "9jjjjjjjj\r",
    "0",
    "0\r",
    "0jjj\r",
    "0/",
    "2?",
    "2M",
    ":ask the operators\r",
    ":ask the operators\r\r",
    ":ask the operators\rjj\r",
    ":routes with lines\r",
    ":routes with lines\rjjjjjjj",
    "2:",
    "2:get",
];
/// Those that matter without any key.
const EMPTY: &[&str] = &["", "2", "2B", "3", "3b", "A", "A\t\t\t", "5", "5\t", "5\t\t", "7", "8"];

fn stage(keys: Vec<keyward_keys::view::KeyView>, size: (u16, u16), presses: &str) -> Stage {
    let mut stage = Stage::new(keys, &Look::Dark.caps(), size);
    stage.press(presses);
    stage
}

/// The hints of the footer: the column, the key, and what it is said to do.
fn hints(stage: &Stage) -> Vec<(u16, String, String)> {
    let text = stage.text();
    let row = text.lines().last().unwrap_or_default();
    let mut found = Vec::new();
    for part in row.split("  ").filter(|part| !part.trim().is_empty()) {
        let at = part.as_ptr() as usize - row.as_ptr() as usize + part.len() - part.trim_start().len();
        let column = row[..at].chars().count() as u16;
        let (key, hint) = part.trim().split_once(' ').unwrap_or_else(|| panic!("{part:?} in {row:?}"));
        found.push((column, key.to_owned(), hint.to_owned()));
    }
    found
}

fn key(label: &str) -> Key {
    match label {
        "Enter" => Key::plain(KeyCode::Enter),
        "Esc" => Key::plain(KeyCode::Esc),
        "Tab" => Key::plain(KeyCode::Tab),
        "Shift-Tab" => Key { code: KeyCode::Tab, mods: Mods::SHIFT },
        "Space" => Key::char(' '),
        "Left" => Key::plain(KeyCode::Left),
        "Right" => Key::plain(KeyCode::Right),
        "F1" => Key::plain(KeyCode::F(1)),
        ctrl if ctrl.starts_with("Ctrl-") => Key::ctrl(ctrl.chars().last().unwrap_or_default()),
        letter => Key::char(letter.chars().next().unwrap_or_default()),
    }
}

fn mouse(stage: &mut Stage, kind: MouseKind, column: u16, row: u16) {
    stage.send(AppEvent::Input(Input::Mouse(Mouse { kind, column, row, mods: Mods::NONE })));
}

/// What somebody would notice for longer than a word in passing: the screen, what was asked, what the session was told.
fn noticed(stage: &mut Stage, act: impl FnOnce(&mut Stage)) -> (Buffer, Option<Position>, usize, usize) {
    (stage.hold, stage.held, stage.effects) = (true, Vec::new(), Vec::new());
    act(stage);
    let (asked, told) = (stage.held.len(), stage.effects.len());
    stage.pass(4_000);
    let (screen, cursor) = stage.screen();
    (screen, cursor, asked, told)
}

#[test]
fn every_key_of_the_footer_does_something() {
    for size in [(200, 60), (80, 24)] {
        let full = PAGES.iter().map(|presses| (keys(), *presses));
        for (keys, presses) in full.chain(EMPTY.iter().map(|presses| (Vec::new(), *presses))) {
            let still = noticed(&mut stage(keys.clone(), size, presses), |_| {});
            for (_, label, hint) in hints(&stage(keys.clone(), size, presses)) {
                if hint == "copy CSV" {
                    // More rows than a terminal's clipboard takes are not sent: then a line for a shell is told.
                    continue;
                }
                let mut pressed = stage(keys.clone(), size, presses);
                let after = noticed(&mut pressed, |stage| stage.key(key(&label)));
                let where_at = (presses, keys.len(), size);
                assert!(after != still, "{label} {hint:?} does nothing at {where_at:?}\n{}", pressed.text());
            }
        }
    }
}

#[test]
fn a_hint_is_pressed_like_its_key() {
    for presses in PAGES {
        for (column, label, hint) in hints(&stage(keys(), (120, 40), presses)) {
            let by_key = noticed(&mut stage(keys(), (120, 40), presses), |stage| stage.key(key(&label)));
            let by_mouse = noticed(&mut stage(keys(), (120, 40), presses), |stage| {
                mouse(stage, MouseKind::Press(Button::Left), column, 39);
            });
            assert!(by_mouse == by_key, "{label} {hint:?} at {presses:?}");
        }
    }
}

#[test]
fn a_row_is_selected_by_a_press_and_opened_by_two() {
    let lists =
        ["", "2", "3bbj", "A\t", "4", "5\t", "6", "7", "9jjjjjj", "9jjjjjjj\r", "0", ":ask the operators\r"];
    for presses in lists {
        let mut by_key = stage(keys(), (120, 40), presses);
        by_key.press("j");
        let at = by_key.screen().1.unwrap();
        let mut by_mouse = stage(keys(), (120, 40), presses);
        mouse(&mut by_mouse, MouseKind::Press(Button::Left), at.x + 4, at.y);
        assert_eq!(by_mouse.text(), by_key.text(), "a press, after {presses:?}");
        mouse(&mut by_mouse, MouseKind::Press(Button::Left), at.x + 4, at.y);
        by_key.press("\r");
        assert_eq!(by_mouse.text(), by_key.text(), "two presses, after {presses:?}");
    }
}

#[test]
fn the_wheel_moves_every_page_that_has_more_than_fits() {
    let pages = [
        "2",
        "2\r",
        "2?",
        "6P",
        "0\r",
        "4",
        "5",
        "6\r",
        "7",
        "8\n\n",
        "9",
        "0",
        "3bb",
        "A\t",
        ":routes with lines\r",
        "9jjjjjj\r123456\r",
    ];
    for presses in pages {
        let mut stage = stage(keys(), (40, 12), presses);
        let before = (stage.text(), stage.screen().1);
        for _ in 0..4 {
            mouse(&mut stage, MouseKind::ScrollDown, 10, 6);
        }
        assert_ne!((stage.text(), stage.screen().1), before, "down, after {presses:?}\n{}", before.0);
    }
}

#[test]
fn tabs_are_pressed() {
    for (presses, tab) in [
        ("2\r", "Access"),
        ("A", "Rules"),
        ("5", "Under way"),
        ("3", "Alerts"),
        ("3", "month"),
        ("3", "latency"),
        ("2", "Inbox"),
    ] {
        let mut stage = stage(keys(), (80, 24), presses);
        let text = stage.text();
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(tab)).unwrap();
        let column = line[..line.find(tab).unwrap()].chars().count();
        let before = stage.screen().0;
        mouse(&mut stage, MouseKind::Press(Button::Left), column as u16 + 1, row as u16);
        assert_ne!(stage.screen().0, before, "{tab} after {presses:?}");
    }
}

#[test]
fn what_was_done_can_be_taken_back_for_as_long_as_it_is_told() {
    let mut stage = stage(keys(), (80, 24), "2\rd");
    stage.press("y");
    for second in 0..9 {
        assert!(stage.text().contains("z takes it back"), "after {second} s\n{}", stage.text());
        assert!(hints(&stage).iter().any(|(_, key, hint)| key == "z" && hint == "undo"));
        stage.pass(1_000);
    }
    stage.press("z");
    assert_eq!(stage.text().matches("z takes it back").count(), 1, "of what undid it\n{}", stage.text());
    stage.pass(10_500);
    assert!(
        !stage.text().contains("z takes it back") && !stage.text().contains("z undo"),
        "{}",
        stage.text()
    );
}

#[test]
fn messages_are_told_to_their_end() {
    let mut stage = stage(keys(), (40, 12), "2");
    let long = "a word of the core that is longer than one row of a narrow screen, and ends here";
    stage.send(AppEvent::Notice(keyward_tui::notice::Notice::new(
        keyward_tui::notice::NoticeKind::Failure,
        long,
    )));
    stage.press("M");
    let said: Vec<String> = stage.text().split_whitespace().map(str::to_owned).collect();
    assert!(said.join(" ").contains("and ends here"), "{}", stage.text());
}
