//! How many keys stand out: a row of counters, each a way to the list of those keys. They are counted by the core, and
//! read again when something changed.

use keyward_keys::input::Hygiene;
use keyward_keys::view::KeyHygiene;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::Query;
use crate::app::cx::{Cx, Pending};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, width};

/// They are read again at most this often, ms.
const REST_MS: i64 = 2_000;

/// The ways to stand out, the most pressing first.
const WAYS: [(Hygiene, &str); 6] = [
    (Hygiene::RotateNow, "to rotate now"),
    (Hygiene::Overdue, "overdue"),
    (Hygiene::SharedValue, "shared value"),
    (Hygiene::NeverRotated, "never rotated"),
    (Hygiene::Idle, "idle 90 days"),
    (Hygiene::NoLimit, "no limit"),
];

/// What a way to stand out is called.
pub(super) fn name(hygiene: Hygiene) -> &'static str {
    WAYS.iter().find(|(way, _)| *way == hygiene).map_or("", |(_, name)| name)
}

/// What is to be known of a way beside its name.
pub(super) fn note(hygiene: Option<Hygiene>) -> Option<&'static str> {
    (hygiene == Some(Hygiene::SharedValue)).then_some("of keys that the daemon can open")
}

/// The counters, as the core last told them.
#[derive(Default)]
pub(super) struct Counters {
    counted: Option<KeyHygiene>,
    pending: Option<Pending>,
    wanted: bool,
    asked_ms: i64,
}

impl Counters {
    /// They may have changed.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// Asks for them when they are wanted and were not asked for just now.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>) {
        if self.wanted && self.pending.is_none() && cx.now_ms >= self.asked_ms + REST_MS {
            self.wanted = false;
            self.asked_ms = cx.now_ms;
            self.pending = Some(cx.ask(Query::Hygiene));
        }
    }

    /// When they are to be asked for, if they are.
    pub(super) fn next_tick(&self) -> Option<i64> {
        (self.wanted && self.pending.is_none()).then_some(self.asked_ms + REST_MS)
    }

    pub(super) fn pending(&self) -> Option<Pending> {
        self.pending
    }

    /// Takes the answer; without one, what was known stays.
    pub(super) fn took(&mut self, counted: Option<KeyHygiene>) {
        self.pending = None;
        self.counted = counted.or(self.counted);
    }

    /// The ways in which some keys stand out.
    pub(super) fn ways(&self) -> Vec<Hygiene> {
        WAYS.into_iter().map(|(way, _)| way).filter(|way| self.of(*way) > 0).collect()
    }

    fn of(&self, way: Hygiene) -> u64 {
        self.counted.map_or(0, |counted| match way {
            Hygiene::NeverRotated => counted.never_rotated,
            Hygiene::NoLimit => counted.no_limit,
            Hygiene::Idle => counted.idle,
            Hygiene::Overdue => counted.overdue,
            Hygiene::RotateNow => counted.rotate_now,
            Hygiene::SharedValue => counted.shared_value,
        })
    }

    /// Those that fit into so many columns: where each begins, and what it says.
    fn shown(&self, chosen: Option<Hygiene>, columns: u16) -> Vec<(u16, Hygiene, String)> {
        let mut x = 0;
        let mut shown = Vec::new();
        for (way, name) in WAYS.into_iter().filter(|(way, _)| self.of(*way) > 0 || chosen == Some(*way)) {
            let text = format!("{} {name}", format::count(self.of(way)));
            let end = x + width(&text) + 2;
            if end > columns {
                break;
            }
            shown.push((x, way, text));
            x = end + 1;
        }
        shown
    }

    /// The counter at a cell of the screen.
    pub(super) fn at(&self, chosen: Option<Hygiene>, area: Rect, at: Position) -> Option<Hygiene> {
        let column = area.contains(at).then(|| at.x - area.x)?;
        let hit = |(x, way, text): (u16, Hygiene, String)| {
            (x..x + 2 + width(&text)).contains(&column).then_some(way)
        };
        self.shown(chosen, area.width).into_iter().find_map(hit)
    }

    pub(super) fn paint(&self, chosen: Option<Hygiene>, area: Rect, buf: &mut Buffer, ui: &Ui) {
        for (x, way, text) in self.shown(chosen, area.width) {
            let slot = Rect { x: area.x + x, width: area.width - x, ..area };
            let tone = match way {
                _ if chosen == Some(way) => Tone::Strong,
                Hygiene::RotateNow => Tone::Bad,
                Hygiene::Overdue | Hygiene::SharedValue => Tone::Warn,
                Hygiene::NeverRotated | Hygiene::Idle | Hygiene::NoLimit => Tone::Dim,
            };
            let mark = if chosen == Some(way) { ui.glyphs.marker } else { ui.glyphs.dot };
            Pen::new(buf, slot, 0)
                .text(mark, ui.style(if chosen == Some(way) { Tone::Accent } else { Tone::Faint }))
                .skip(1)
                .text(text, ui.style(tone));
        }
    }
}
