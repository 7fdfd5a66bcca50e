//! Where the parts of the page go: charts, and the legend below or beside them. It draws nothing.

use keyward_keys::input::Breakdown;
use ratatui::layout::Rect;

use crate::pages::usage::UsagePage;

/// From this width on, the legend stands beside the charts.
const WIDE: u16 = 110;
/// From this height on, the two charts that were not chosen are drawn too.
const ALL_CHARTS: u16 = 24;

/// Where the parts go.
pub(super) struct Layout {
    pub(super) head: Rect,
    pub(super) options: Rect,
    /// The chart of what was chosen.
    pub(super) chart: Rect,
    /// Those of the rest; empty when there is no room.
    pub(super) others: [Rect; 2],
    pub(super) titles: Rect,
    pub(super) rows: Rect,
}

impl Layout {
    pub(super) fn of(page: &UsagePage, area: Rect) -> Self {
        let roomy = area.height >= 14;
        let top = if roomy { 3 } else { u16::from(area.height > 4) + 1 };
        let part = |from: u16, height: u16| {
            let y = area.y.saturating_add(from).min(area.bottom());
            Rect { y, height: height.min(area.bottom() - y), ..area }
        };
        let body = part(top, area.height);
        let wanted = u16::try_from(page.rows()).unwrap_or(u16::MAX).saturating_add(1);
        // A legend of one row needs no column of its own.
        let beside = area.width >= WIDE && page.rows() > 1;
        let (left, legend) = if beside {
            let columns = if area.width >= 160 { 64 } else { 54 };
            let left = Rect { width: body.width - columns - 2, ..body };
            (left, Rect { x: left.right() + 2, width: columns, ..body })
        } else {
            let endpoints = page.choice.by == Some(Breakdown::Endpoint);
            let most = if endpoints { body.height * 2 / 3 } else { body.height * 2 / 5 };
            let rows = if body.height < 6 { 0 } else { wanted.min(most) };
            let left = Rect { height: body.height - rows, ..body };
            (left, Rect { y: left.bottom(), height: rows, ..body })
        };
        let all = left.height >= ALL_CHARTS && left.width >= 60;
        let below = if all { left.height * 2 / 5 } else { 0 };
        let gap = u16::from(!beside && legend.height > 2 && left.height > 10);
        let chart = Rect { height: left.height - below - if all { 1 } else { gap }, ..left };
        let other = Rect { y: chart.bottom() + 1, height: below - if all { gap } else { 0 }, ..left };
        let half = (other.width - u16::from(all) * 3) / 2;
        let others = [Rect { width: half, ..other }, Rect { x: other.right() - half, width: half, ..other }];
        Self {
            head: part(0, 1),
            options: part(1, u16::from(top > 1)),
            chart,
            others: if all { others } else { [Rect::default(); 2] },
            titles: Rect { height: legend.height.min(1), ..legend },
            rows: Rect {
                y: legend.y + legend.height.min(1),
                height: legend.height.saturating_sub(1),
                ..legend
            },
        }
    }
}
