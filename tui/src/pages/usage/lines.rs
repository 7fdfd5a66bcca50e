//! The lines of the chart and the rows of its legend: which there are, which is pointed out, which is in view. It asks for nothing.

use keyward_keys::input::Breakdown;
use keyward_keys::table::Line;
use keyward_keys::view::UsageSeries;
use ratatui::layout::Rect;

use crate::app::cx::Cx;
use crate::pages::usage::UsagePage;
use crate::pages::usage::layout::Layout;
use crate::pages::usage::legend::name_of;

impl UsagePage {
    /// Takes the series in; the selection stays on its line.
    pub(super) fn took(&mut self, series: Box<UsageSeries>, cx: &Cx<'_>) {
        self.failed = None;
        let last = series.total.points.len().checked_sub(1);
        self.point = self.point.and_then(|point| Some(point.min(last?)));
        self.series = Some(series);
        self.before = self.choice.before_words();
        let row = self.place_selected().min(self.rows().saturating_sub(1));
        if row == 0 {
            self.selected = None;
        }
        self.row = row;
        self.reveal(row, cx.area);
    }

    pub(super) fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        let lines = self.series.as_deref().map(|series| Line::all(series).collect::<Vec<_>>());
        lines.unwrap_or_default().into_iter()
    }

    /// The line that is pointed out.
    pub(super) fn line(&self) -> Option<Line<'_>> {
        self.selected.as_ref()?;
        self.lines().find(|line| self.is_selected(*line))
    }

    pub(super) fn is_selected(&self, line: Line<'_>) -> bool {
        self.selected.as_ref().is_some_and(|(id, name)| *id == line.id() && *name == line.name())
    }

    pub(super) fn is_hidden(&self, line: Line<'_>) -> bool {
        !self.hidden.is_empty() && self.hidden.contains(&name_of(line))
    }

    /// The place of the selection in the legend: 0 is the total.
    pub(super) fn place_selected(&self) -> usize {
        if self.choice.by == Some(Breakdown::Endpoint) {
            return self.row;
        }
        self.lines().position(|line| self.is_selected(line)).map_or(0, |at| at + 1)
    }

    /// Rows of the legend.
    pub(super) fn rows(&self) -> usize {
        match (self.choice.by, &self.series) {
            (Some(Breakdown::Endpoint), Some(series)) => series.endpoints.len(),
            _ => self.lines().len() + 1,
        }
    }

    pub(super) fn select(&mut self, row: usize, cx: &Cx<'_>) {
        let row = row.min(self.rows().saturating_sub(1));
        self.row = row;
        self.selected = row.checked_sub(1).and_then(|at| self.lines().nth(at)).map(name_of);
        self.reveal(row, cx.area);
    }

    pub(super) fn reveal(&mut self, row: usize, area: Rect) {
        let height = usize::from(Layout::of(self, area).rows.height).max(1);
        self.offset = self.offset.min(row).max((row + 1).saturating_sub(height));
    }
}
