//! How many pictures a page wants: one for each change, and none for what a change to come will bring along.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::Event;
use keyward_tui::app::AppEvent;

/// Home, the list, and a key's page: what shows seconds that pass.
const PAGES: [&str; 3] = ["1", "2", "2\r"];

/// A page that has come to rest, so many milliseconds after a whole second.
fn stage(keys_to_it: &str, phase_ms: i64) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press(keys_to_it);
    stage.pass(10_000 + phase_ms - stage.now_ms.rem_euclid(1_000));
    stage
}

fn called(stage: &mut Stage) {
    let event = Event::Usage { space: id(1), api_key: id(0), requests: 1, errors: 0, last: None };
    stage.send(AppEvent::Domain(event));
}

#[test]
fn a_call_a_second_is_one_picture_a_second() {
    for page in PAGES {
        for phase_ms in (0..1_000).step_by(125) {
            let mut stage = stage(page, phase_ms);
            called(&mut stage);
            let mut ticks = 0;
            for second in 0..30 {
                // Calls come a little sooner and later.
                ticks += stage.pass(1_000 + [0, 90, -90, 0][second % 4]);
                called(&mut stage);
            }
            assert_eq!(ticks, 0, "{page:?}, {phase_ms} ms after the second:\n{}", stage.text());
        }
    }
}

#[test]
fn without_calls_the_last_ones_slide_on_second_by_second() {
    for page in PAGES {
        let mut stage = stage(page, 400);
        called(&mut stage);
        let before = stage.text();
        let ticks = stage.pass(20_000);
        assert!((19..=20).contains(&ticks), "{page:?}: {ticks}");
        assert_ne!(stage.text(), before, "{page:?}");
    }
}
