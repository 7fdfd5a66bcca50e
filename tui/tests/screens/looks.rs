//! What the pages look like: text and styles at four sizes and in four looks, every size without a panic, and text of
//! people that tries to steer the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::sample::{Look, Stage, keys};
use keyward_tui::app::AppEvent;
use keyward_tui::term::input::{Input, Key};
use ratatui::buffer::Buffer;

pub(crate) const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];
/// A page and the keys that lead to it.
const PAGES: [(&str, &str); 38] = [
    ("home", "jj"),
    ("keys", "2jj"),
    ("marked", "2  j D"),
    ("bin", "2Bj"),
    ("hygiene", "2HH"),
    ("search", "2/stripe"),
    ("key", "2\r"),
    ("reveal", "2\rvrefund\r"),
    ("reason", "2\rvrefund"),
    ("key-usage", "2\r\t"),
    ("key-versions", "2\r\t\t"),
    ("key-access", "2\r\t\t\t"),
    ("key-audit", "2\r\t\t\t\t"),
    ("delete", "2\rD"),
    ("form", "2nstripe-live\tstripe\t\tsecret-value\tshort\tsho\t"),
    ("edit", "2\re"),
    ("import", "2I"),
    ("billing", "7j"),
    ("monitor", "8\n\n"),
    ("rotation", "5jj"),
    ("rotation-queue", "5\t"),
    ("rotation-history", "5\t\tj"),
    ("key-rotation", "2j\r\t\t"),
    ("key-budget", "2j\r"),
    ("rotate", "2\rR"),
    ("rotate-at-once", "2\r!stripe"),
    ("alerts", "A"),
    ("alerts-all", "A\tjjjj"),
    ("alert", "A\r"),
    ("alert-snooze", "As"),
    ("alert-rules", "A\t\t\tj"),
    ("alert-rule", "An"),
    ("alert-rule-wrong", "An\tstripe-live\t200\tx\t"),
    ("usage", "3"),
    ("usage-keys", "3bjj"),
    ("usage-latency", "3txxhhhh"),
    ("usage-endpoints", "3bbbbj"),
    ("usage-statuses", "3bbbbbbj"),
];
/// Pages that list what all the others have. They change with each of these, so that only what a search leaves of them is
/// kept as a picture.
const LISTS: [(&str, &str); 4] = [
    ("help", "2?"),
    ("palette", "2:"),
    ("help-search", "2?/to the bin"),
    ("palette-search", "2\r:clipboard"),
];

fn stage(look: Look, size: (u16, u16), presses: &str) -> Stage {
    let mut stage = Stage::new(keys(), &look.caps(), size);
    stage.press(presses);
    stage
}

/// The row of the sections, which changes with each new one and is looked at by itself.
fn sections_row(rows: u16) -> Option<u16> {
    (rows >= 16).then_some(1)
}

/// The text of a screen but for the row of the sections.
pub(crate) fn text(stage: &Stage) -> String {
    let sections = sections_row(stage.size.1);
    let text = stage.text();
    let kept = (0u16..).zip(text.lines()).filter(|(row, _)| Some(*row) != sections);
    kept.map(|(_, line)| line.to_owned() + "\n").collect()
}

/// The styles of a screen: a letter for each cell, and below it what each letter stands for.
pub(crate) fn styles(buf: &Buffer) -> String {
    let mut letters = BTreeMap::new();
    let mut map = String::new();
    for y in (0..buf.area.height).filter(|row| Some(*row) != sections_row(buf.area.height)) {
        let mut row = String::new();
        for x in 0..buf.area.width {
            let cell = &buf[(x, y)];
            let style = format!("{} on {} {:?}", cell.fg, cell.bg, cell.modifier);
            let next = letters.len();
            let letter = *letters.entry(style).or_insert(next);
            row.push(if letter == 0 { '.' } else { char::from(b'a' + (letter as u8 - 1) % 26) });
        }
        let _ = writeln!(map, "{}", row.trim_end_matches('.'));
    }
    let mut legend: Vec<_> = letters.into_iter().map(|(style, letter)| (letter, style)).collect();
    legend.sort();
    for (letter, style) in legend {
        let _ = writeln!(map, "{letter}: {style}");
    }
    map
}

#[test]
fn pages_look_as_they_did() {
    for (page, presses) in PAGES {
        for size in SIZES {
            let dark = stage(Look::Dark, size, presses);
            let (_, cursor) = dark.screen();
            let text = format!("{}cursor: {cursor:?}\n", text(&dark));
            insta::assert_snapshot!(format!("{page}-{}x{}", size.0, size.1), text);
            for look in Look::ALL {
                assert_eq!(stage(look, size, presses).text(), dark.text(), "the look changes no text");
            }
        }
        for look in Look::ALL {
            let map = styles(&stage(look, (80, 24), presses).screen().0);
            insta::assert_snapshot!(format!("{page}-styles-{}", look.name()), map);
        }
    }
}

#[test]
fn searches_of_everything_look_as_they_did() {
    for (page, presses) in LISTS.into_iter().filter(|(page, _)| page.ends_with("search")) {
        for size in [(40, 12), (80, 24)] {
            let dark = stage(Look::Dark, size, presses);
            let (_, cursor) = dark.screen();
            let text = format!("{}cursor: {cursor:?}\n", text(&dark));
            insta::assert_snapshot!(format!("{page}-{}x{}", size.0, size.1), text);
        }
    }
}

#[test]
fn an_empty_list_says_what_to_press() {
    let mut stage = Stage::new(Vec::new(), &Look::Dark.caps(), (80, 24));
    stage.press("2");
    insta::assert_snapshot!("empty", text(&stage));
}

#[test]
fn without_unicode_every_mark_is_ascii() {
    for (page, presses) in PAGES.into_iter().chain(LISTS) {
        let mut caps = Look::Dark.caps();
        caps.utf8 = false;
        let mut stage = Stage::new(keys(), &caps, (120, 40));
        stage.press(presses);
        // Shortened text ends in an ellipsis, for which the encoder has a stand-in.
        let text = stage.text().replace('…', "~");
        assert!(text.is_ascii(), "{page}: {:?}", text.chars().find(|c| !c.is_ascii()));
    }
}

/// Shows a page in every low width, and in higher ones in steps: each layout's bounds are among them. Nothing panics, and
/// the cursor stays on the screen.
pub(crate) fn shown_in_every_size(page: &str, mut stage: Stage) {
    let sizes = (1..=60u16).filter(|rows| *rows <= 20 || rows % 5 == 0).flat_map(|rows| {
        (1..=200u16).filter(move |cols| *cols <= 64 || *cols % 13 == rows % 13).map(move |cols| (cols, rows))
    });
    for (cols, rows) in sizes {
        stage.size = (cols, rows);
        stage.send(AppEvent::Resize { cols, rows });
        let (_, cursor) = stage.screen();
        assert!(cursor.is_none_or(|at| at.x < cols && at.y < rows), "{page} at {cols}x{rows}: {cursor:?}");
    }
}

/// Every fourth page from one on: four tests, of which each core takes some, and not one that lasts when all others are done.
fn no_size_panics(from: usize) {
    for (page, presses) in PAGES.into_iter().chain(LISTS).skip(from).step_by(4) {
        shown_in_every_size(page, stage(Look::Dark, (80, 24), presses));
    }
}

#[test]
fn no_size_panics_on_the_first_page_and_each_fourth() {
    no_size_panics(0);
}

#[test]
fn no_size_panics_on_the_second_page_and_each_fourth() {
    no_size_panics(1);
}

#[test]
fn no_size_panics_on_the_third_page_and_each_fourth() {
    no_size_panics(2);
}

#[test]
fn no_size_panics_on_the_fourth_page_and_each_fourth() {
    no_size_panics(3);
}

#[test]
fn names_can_steer_nothing() {
    let mut hostile = keys();
    let name = "\u{1b}[2Jx\u{9b}31m\u{202e}evil\u{200b}\r\n\u{7}".to_owned() + &"\u{301}".repeat(500);
    hostile[0].name = name.clone();
    hostile[0].service = name.clone();
    hostile[0].description = name.clone();
    hostile[0].tags = vec![name];
    for size in SIZES {
        for presses in ["2", "2\r", "2\rvrefund\r", "2\rD", "2\re", "2:"] {
            let mut stage = Stage::new(hostile.clone(), &Look::Dark.caps(), size);
            stage.press(presses);
            let (buf, _) = stage.screen();
            for cell in buf.content() {
                let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}');
                assert!(
                    !cell.symbol().contains(bad) && cell.symbol().chars().count() <= 9,
                    "{:?}",
                    cell.symbol()
                );
            }
            assert!(
                ["2:", "2\re"].contains(&presses) || stage.text().contains("evil"),
                "it still can be read"
            );
        }
    }
}

#[test]
fn nothing_moves_on_an_idle_screen() {
    let mut idle = keys();
    idle.iter_mut().for_each(|key| key.last_used = None);
    let mut stage = Stage::new(idle, &Look::Dark.caps(), (80, 24));
    for presses in ["2", "\r", "\x1b?", "\x1bn", "x"] {
        stage.press(presses);
        stage.pass(10_000);
        assert_eq!(stage.app.next_tick(stage.now_ms), None, "after {presses:?}");
        let before = stage.screen().0;
        stage.now_ms += 3_600_000;
        assert_eq!(before, stage.screen().0);
    }
    stage.send(AppEvent::Input(Input::Key(Key::ctrl('c'))));
    assert!(stage.app.next_tick(stage.now_ms).is_some(), "a message goes by itself");
}
