//! The words above the charts that are chosen from: what is shown, and over which span. They are drawn and pressed in the
//! same places.

use keyward_keys::table::{Metric, tells_of_models};
use keyward_keys::view::UsageSeries;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::pages::usage::UsagePage;
use crate::pages::usage::choice::Span;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, width};

/// Columns of the dot between the two kinds.
const DOT: u16 = 3;

/// One that can be chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    Metric(Metric),
    Span(Span),
}

impl Pick {
    fn word(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.word(),
            Self::Span(span) => span.word(),
        }
    }
}

/// Where each stands, from the left end.
struct Picks {
    all: Vec<(u16, Pick)>,
    dot: Option<u16>,
    /// The next free column.
    end: u16,
}

impl UsagePage {
    /// Those that fit into so many columns: all, or what is chosen alone.
    fn picks(&self, series: &UsageSeries, columns: u16) -> Picks {
        let told = tells_of_models(series);
        let offered = |metric: &Metric| match columns {
            76.. => told || !metric.is_of_models() || *metric == self.choice.metric,
            60.. => false,
            _ => *metric == self.choice.metric,
        };
        let spans = |span: &Span| self.choice.dates.is_none() && (columns >= 44 || *span == self.choice.span);
        let mut picks = Picks { all: Vec::new(), dot: None, end: 0 };
        let mut put = |pick: Pick, end: &mut u16| {
            picks.all.push((*end, pick));
            *end += width(pick.word()) + 1;
        };
        let mut end = 0;
        Metric::ALL.into_iter().filter(offered).for_each(|metric| put(Pick::Metric(metric), &mut end));
        let dot = (end > 0).then_some(end);
        end += if dot.is_some() { DOT } else { 0 };
        Span::ALL.into_iter().filter(spans).for_each(|span| put(Pick::Span(span), &mut end));
        (picks.dot, picks.end) = (dot, end);
        picks
    }

    /// The one at a cell of the screen.
    pub(super) fn pick_at(&self, area: Rect, at: Position) -> Option<Pick> {
        let column = area.contains(at).then(|| at.x - area.x)?;
        let picks = self.picks(self.series.as_ref()?, area.width);
        let hit = |(x, pick): (u16, Pick)| (x..x + width(pick.word())).contains(&column).then_some(pick);
        picks.all.into_iter().find_map(hit)
    }

    /// Draws them; answers the columns that they take.
    pub(super) fn draw_picks(&self, series: &UsageSeries, area: Rect, buf: &mut Buffer, ui: &Ui) -> u16 {
        let chosen = ui.style(Tone::Strong).add_modifier(Modifier::UNDERLINED);
        let mut place = |x: u16, text: &str, style| {
            let rest = Rect { x: area.x + x.min(area.width), width: area.width.saturating_sub(x), ..area };
            Pen::new(buf, rest, 0).text(text, style);
        };
        let picks = self.picks(series, area.width);
        for (x, pick) in picks.all {
            let is = pick == Pick::Metric(self.choice.metric) || pick == Pick::Span(self.choice.span);
            place(x, pick.word(), if is { chosen } else { ui.style(Tone::Dim) });
        }
        if let Some(x) = picks.dot {
            place(x + 1, ui.glyphs.dot, ui.style(Tone::Faint));
        }
        picks.end
    }
}
