//! The panels of a key's page: side by side where it is wide, one at a time behind tabs where it is not. Which there are,
//! and which are in view.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, width};

/// A panel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Tab {
    /// What happens now, the value, and the facts.
    #[default]
    Live,
    /// Percentiles, endpoints, errors.
    Usage,
    /// Rotation and versions.
    Versions,
    /// Who can open it, and why.
    Access,
    /// What was done to it.
    Audit,
}

impl Tab {
    const ALL: [Self; 5] = [Self::Live, Self::Usage, Self::Versions, Self::Access, Self::Audit];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Usage => "Usage",
            Self::Versions => "Rotation",
            Self::Access => "Access",
            Self::Audit => "Audit",
        }
    }
}

/// From this width on, facts and a panel stand beside the charts.
const WIDE: u16 = 104;
/// From this size on, all panels are in view.
const ALL: (u16, u16) = (160, 44);

/// How the panels are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// One panel, the others behind tabs.
    One,
    /// The live panel, the facts, and one of the others.
    Two,
    /// All of them.
    All,
}

impl Shape {
    pub(super) fn of(area: Rect) -> Self {
        match area.width {
            width if width >= ALL.0 && area.height >= ALL.1 => Self::All,
            width if width >= WIDE => Self::Two,
            _ => Self::One,
        }
    }

    /// The panels one can choose from.
    pub(super) fn tabs(self) -> &'static [Tab] {
        match self {
            Self::One => &Tab::ALL,
            Self::Two => &Tab::ALL[1..],
            Self::All => &[],
        }
    }

    /// The chosen one: where the live panel is always in view, the first of the others stands in for it.
    pub(super) fn chosen(self, tab: Tab) -> Tab {
        let tabs = self.tabs();
        if tabs.contains(&tab) { tab } else { tabs.first().copied().unwrap_or(tab) }
    }

    /// The one after the chosen one, or before it.
    pub(super) fn next(self, tab: Tab, forward: bool) -> Tab {
        let tabs = self.tabs();
        let at = tabs.iter().position(|one| *one == self.chosen(tab)).unwrap_or(0);
        let step = if forward { 1 } else { tabs.len().saturating_sub(1) };
        tabs.get((at + step) % tabs.len().max(1)).copied().unwrap_or(tab)
    }

    /// Whether a panel is in view.
    pub(super) fn shows(self, tab: Tab, chosen: Tab) -> bool {
        self == Self::All || self.chosen(chosen) == tab || (self == Self::Two && tab == Tab::Live)
    }

    /// Draws the tabs along the first row of `area`.
    pub(super) fn paint(self, chosen: Tab, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let mut pen = Pen::new(buf, area, 0);
        for tab in self.tabs() {
            let here = *tab == self.chosen(chosen);
            let (mark, tone) = if here { (ui.glyphs.marker, Tone::Strong) } else { (" ", Tone::Dim) };
            pen.text(mark, ui.style(Tone::Accent))
                .text(tab.title(), ui.style(tone))
                .text(" ", ui.style(tone));
        }
    }

    /// The tab at a cell of the screen, of those along the first row of `area`.
    pub(super) fn at(self, area: Rect, at: Position) -> Option<Tab> {
        let column = (at.y == area.y && area.contains(at)).then(|| at.x - area.x)?;
        let mut x = 0;
        self.tabs().iter().copied().find(|tab| {
            let from = x;
            x += width(tab.title()) + 2;
            (from..x).contains(&column)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_is_in_view_or_behind_a_tab() {
        for (columns, rows) in [(40, 10), (80, 21), (120, 37), (200, 57), (200, 20)] {
            let shape = Shape::of(Rect::new(0, 0, columns, rows));
            for tab in Tab::ALL {
                assert!(shape.shows(tab, tab), "{tab:?} at {columns}x{rows}");
            }
            let mut tab = Tab::Live;
            (0..shape.tabs().len()).for_each(|_| tab = shape.next(tab, true));
            (0..shape.tabs().len()).for_each(|_| tab = shape.next(tab, false));
            assert_eq!(tab, shape.chosen(Tab::Live));
        }
    }
}
