//! The last thirty days, a point each: what they cost and their calls, or their calls and failures. Drawn where the lists leave room.

use jiff::tz::TimeZone;
use keyward_keys::Id;
use keyward_keys::input::{SeriesQuery, Step, UsageQuery};
use keyward_keys::prices::Money;
use keyward_keys::table::Metric;
use keyward_keys::view::UsageSeries;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Query;
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui};
use crate::widgets::plot::{Line, Plot};
use crate::widgets::ticks::ticks;

/// What is asked of the core: of all keys one may see, or those of a team.
pub(super) fn query(team: Option<Id>) -> Query {
    let span = UsageQuery { timeframe: Some("month".to_owned()), ..UsageQuery::default() };
    Query::Series(Box::new(SeriesQuery { span, step: Some(Step::Day), team, ..SeriesQuery::default() }))
}

/// Two charts beside one another, or the first alone where the second has no place.
pub(super) fn draw(series: &UsageSeries, places: [Rect; 2], buf: &mut Buffer, ui: &Ui) {
    for (metric, place) in metrics(series).into_iter().zip(places).filter(|(_, place)| place.height > 0) {
        chart(series, metric, place, buf, ui);
    }
}

/// What is worth two charts: costs only where calls have prices.
fn metrics(series: &UsageSeries) -> [Metric; 2] {
    let priced = series.total.points.iter().any(|point| point.cost.is_some_and(|cost| cost.0 > 0));
    if priced { [Metric::Cost, Metric::Requests] } else { [Metric::Requests, Metric::Errors] }
}

/// One chart under its heading: of costs, of calls, or of those that failed.
fn chart(series: &UsageSeries, metric: Metric, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let title = match metric {
        Metric::Cost => format!("COST A DAY, {}", series.currency),
        Metric::Errors => "FAILED CALLS A DAY".to_owned(),
        _ => "CALLS A DAY".to_owned(),
    };
    Pen::new(buf, area, 0).text(title, ui.style(Tone::Dim));
    let place = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    let points = &series.total.points;
    let starts: Vec<_> = points.iter().map(|point| point.start).collect();
    let zone = TimeZone::get(&series.timezone).unwrap_or(TimeZone::UTC);
    let line = Line {
        values: points.iter().map(|point| metric.of(point)).collect(),
        style: ui.style(match metric {
            Metric::Cost => Tone::Good,
            Metric::Errors => Tone::Bad,
            _ => Tone::Accent,
        }),
        mark: "",
        dotted: false,
    };
    Plot {
        lines: vec![line],
        filled: true,
        ticks: ticks(&starts, &zone, area.width.saturating_sub(8)),
        whole: metric != Metric::Cost,
        figure: match metric {
            Metric::Cost => |value| Money((value * 1e6) as u64).to_string(),
            _ => |value| format::brief(value as u64),
        },
        cursor: None,
    }
    .paint(place, buf, ui);
}
