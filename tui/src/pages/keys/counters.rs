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

/// Columns of a counter's mark.
const MARK: u16 = 2;
/// They are read again at most this often, ms.
const REST_MS: i64 = 2_000;

/// The ways to stand out, the most pressing first, and what they are called where there is little room.
const WAYS: [(Hygiene, &str, &str); 6] = [
    (Hygiene::RotateNow, "to rotate now", "to rotate"),
    (Hygiene::Overdue, "overdue", "overdue"),
    (Hygiene::SharedValue, "shared value", "shared"),
    (Hygiene::NeverRotated, "never rotated", "unrotated"),
    (Hygiene::Idle, "idle 90 days", "idle"),
    (Hygiene::NoLimit, "no limit", "no limit"),
];

/// What a way to stand out is called.
pub(super) fn name(hygiene: Hygiene) -> &'static str {
    WAYS.iter().find(|(way, ..)| *way == hygiene).map_or("", |(_, name, _)| name)
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
        WAYS.into_iter().map(|(way, ..)| way).filter(|way| self.of(*way) > 0).collect()
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

    /// Where each begins in so many columns, and what it says: by their whole names, or by short ones. Where these do not
    /// fit either, those around the chosen one; `H` goes through all of them.
    fn shown(&self, chosen: Option<Hygiene>, columns: u16) -> Vec<(u16, Hygiene, String)> {
        let counted = |way: &Hygiene| self.of(*way) > 0 || chosen == Some(*way);
        let ways: Vec<_> = WAYS.into_iter().filter(|(way, ..)| counted(way)).collect();
        let long: Vec<_> = ways.iter().map(|(way, name, _)| (*way, self.text(*way, name))).collect();
        let short: Vec<_> = ways.iter().map(|(way, _, name)| (*way, self.text(*way, name))).collect();
        let fits = |texts: &[(Hygiene, String)]| {
            texts.iter().map(|(_, text)| width(text) + MARK + 1).sum::<u16>() <= columns + 1
        };
        let mut texts = if fits(&long) { long } else { short };
        while texts.len() > 1 && !fits(&texts) {
            // The first give way only to a chosen one that stands behind them.
            let kept = texts.iter().position(|(way, _)| Some(*way) == chosen).unwrap_or(0);
            let out = if kept + 1 < texts.len() { texts.len() - 1 } else { 0 };
            texts.remove(out);
        }
        let mut x = 0;
        texts
            .into_iter()
            .map(|(way, text)| {
                let from = x;
                x += width(&text) + MARK + 1;
                (from, way, text)
            })
            .collect()
    }

    fn text(&self, way: Hygiene, name: &str) -> String {
        format!("{} {name}", format::count(self.of(way)))
    }

    /// The counter at a cell of the screen.
    pub(super) fn at(&self, chosen: Option<Hygiene>, area: Rect, at: Position) -> Option<Hygiene> {
        let column = area.contains(at).then(|| at.x - area.x)?;
        let hit = |(x, way, text): (u16, Hygiene, String)| {
            (x..x + MARK + width(&text)).contains(&column).then_some(way)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_give_way_and_the_chosen_one_is_always_there() {
        let counted = KeyHygiene {
            keys: 90,
            never_rotated: 14,
            no_limit: 23,
            idle: 11,
            overdue: 12,
            rotate_now: 10,
            shared_value: 20,
        };
        let counters = Counters { counted: Some(counted), ..Counters::default() };
        let ends = |chosen, columns| {
            let shown = counters.shown(chosen, columns);
            shown.last().map_or(0, |(x, _, text)| x + MARK + width(text))
        };
        for columns in 14..140 {
            for chosen in WAYS.into_iter().map(|(way, ..)| Some(way)).chain([None]) {
                assert!(ends(chosen, columns) <= columns, "{chosen:?} in {columns}");
                let shown = counters.shown(chosen, columns);
                assert!(chosen.is_none_or(|chosen| shown.iter().any(|(_, way, _)| *way == chosen)));
            }
        }
        for (columns, many) in [(100, 6), (78, 6), (74, 5)] {
            assert_eq!(counters.shown(None, columns).len(), many, "in {columns}");
        }
    }
}
