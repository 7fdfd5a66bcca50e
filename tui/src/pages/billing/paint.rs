//! Draws the plan: bars of what is used, the forecast in words, the other plans. What it costs is `costs`'.

use keyward_keys::Plan;
use keyward_keys::view::{BillingCosts, BillingView, PlanChange};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::billing::layout::Layout;
use crate::pages::billing::{BillingPage, costs};
use crate::pages::days;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, safe, width, wrap};
use crate::widgets::{chart, format};

/// Columns of a label.
const LABEL: u16 = 10;

impl BillingPage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let Some(billing) = self.billing.as_ref().filter(|_| self.failed.is_none()) else {
            return self.nothing(area, buf, ui);
        };
        let layout = Layout::of(self, area);
        plan(billing, layout.models.height > 0, layout.plan, buf, ui);
        Pen::new(buf, layout.plans, 0).text("WITH ANOTHER PLAN", ui.style(Tone::Dim));
        for (row, other) in (0u16..).zip(&billing.plans) {
            let place = Rect {
                y: layout.plans.y + 1 + 2 * row,
                height: layout.plans.height.saturating_sub(1 + 2 * row).min(2),
                ..layout.plans
            };
            change(other, place, buf, ui);
        }
        let (priced, spenders, selected) = (billing.costs.cost.is_some(), self.spenders(), self.row());
        costs::budgets(&billing.costs, layout.each, layout.budgets, buf, ui);
        let model = self.model_row(area);
        let model_at = match layout.models.height {
            0 => None,
            _ => costs::models(&billing.costs, model, layout.models, buf, ui),
        };
        if let Some(series) = &self.days {
            days::draw(series, layout.days, buf, ui);
        }
        costs::titles(&billing.costs, layout.titles, buf, ui);
        let Some(first) = spenders.first() else {
            Pen::new(buf, layout.rows, 0).text("No calls were reported this month.", ui.style(Tone::Dim));
            return at(area, 0, 0);
        };
        let rows = spenders.iter().enumerate().skip(self.offset);
        for (row, (number, key)) in (0..layout.rows.height).zip(rows) {
            let place = Rect { y: layout.rows.y + row, height: 1, ..layout.rows };
            costs::key(key, first, priced, place, buf, ui);
            if number == selected && model.is_none() {
                costs::marked(place, buf, ui);
            }
        }
        if let Some(row) = model_at {
            return at(layout.models, 0, row);
        }
        let row = u16::try_from(selected.saturating_sub(self.offset)).unwrap_or(u16::MAX);
        at(layout.rows, 0, row).or(at(area, 0, 0))
    }

    fn nothing(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let (title, text) = match &self.failed {
            Some(notice) => ("The plan could not be read.", format!("{} r tries again.", safe(&notice.text))),
            None if self.reading.is_some_and(|pending| pending.is_long(ui.now_ms)) => {
                ("Reading the plan…", String::new())
            }
            None => return at(area, 0, 0),
        };
        Pen::new(buf, area, 1).text(title, ui.style(Tone::Strong));
        for (row, line) in (3u16..).zip(wrap(&text, area.width.min(64))) {
            Pen::new(buf, area, row).text(line, ui.style(Tone::Dim));
        }
        at(area, 0, 0)
    }
}

fn name(plan: Plan) -> &'static str {
    match plan {
        Plan::Free => "Free",
        Plan::Pro => "Pro",
        Plan::Enterprise => "Enterprise",
    }
}

/// The plan, what is used of it, and where the month is going.
fn plan(billing: &BillingView, models: bool, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (dim, usage, limits) = (ui.style(Tone::Dim), &billing.usage, &billing.limits);
    let (low, narrow, tight) = (area.height < 6, area.width < 60, area.width < 50);
    let month = billing.period.start.strftime(if tight { "%B %Y" } else { "%B %Y, counted in UTC" });
    let mut pen = Pen::new(buf, area, 0);
    pen.end(month.to_string(), dim);
    pen.text(name(billing.plan), ui.style(Tone::Strong)).text(" plan", dim);
    let (keys, calls) = (
        ("API keys", usage.api_keys, limits.api_keys),
        [
            ("Calls", usage.monthly_requests, limits.monthly_requests),
            ("Forecast", billing.forecast.monthly_requests, limits.monthly_requests),
        ],
    );
    if low {
        pen.text(format!(", {} of {} keys", format::brief(keys.1), format::brief(keys.2)), dim);
    }
    let figures = |part, whole| {
        if narrow {
            format!(" {} of {}", format::brief(part), format::brief(whole))
        } else {
            format!("  {} of {}", format::count(part), format::count(whole))
        }
    };
    let shown: Vec<_> = Some(keys).filter(|_| !low).into_iter().chain(calls).collect();
    // One length for all, so that they can be held against each other.
    let widest = shown.iter().map(|(_, part, whole)| width(&figures(*part, *whole))).max().unwrap_or(0);
    let mut row = if low { 1 } else { 2 };
    for (label, part, whole) in shown {
        let mut pen = Pen::new(buf, area, row);
        pen.cell(label, LABEL, dim);
        let columns = pen.left().saturating_sub(widest + 7).min(40);
        chart::bar(&mut pen, columns, part, whole, ui);
        pen.cell_right(
            format::whole_percent(part, whole),
            6,
            chart::limit_style(part as f64 / whole.max(1) as f64, ui),
        );
        pen.text(figures(part, whole), ui.style(Tone::Text));
        row += 1;
    }
    if !low {
        let (text, tone) = outlook(billing);
        Pen::new(buf, area, row).cell("", LABEL, dim).text(text, ui.style(tone));
        row += 1;
    }
    if let Some(text) = cost(&billing.costs, tight, !models && !narrow) {
        Pen::new(buf, area, row).cell("Cost", LABEL, dim).text(text, ui.style(Tone::Text));
        row += 1;
    }
    if let Some(budget) = billing.costs.budgets.first().filter(|_| low) {
        costs::nearest(budget, Pen::new(buf, area, row).cell("Budget", LABEL, dim), ui);
    }
}

/// What the month's calls cost at their providers, and the model that cost the most where it is not listed.
fn cost(all: &BillingCosts, tight: bool, with_model: bool) -> Option<String> {
    let mut text = format!("{} {}", all.cost?, all.currency);
    let forecast = all.forecast.map(|forecast| match tight {
        true => format!(", {forecast} at its end"),
        false => format!(" so far, {forecast} at this pace"),
    });
    text.extend(forecast);
    let model = all.models.first().filter(|_| with_model);
    text.extend(model.and_then(|line| Some(format!("; {} {}", safe(&line.name), line.cost?))));
    Some(text)
}

/// Where the month is going, in words.
fn outlook(billing: &BillingView) -> (String, Tone) {
    if billing.usage.monthly_requests > billing.limits.monthly_requests {
        ("Over the plan; calls are counted all the same.".to_owned(), Tone::Bad)
    } else if let Some(at) = billing.forecast.limit_reached_at {
        (format!("At this pace used up on {}.", at.strftime("%-d %B")), Tone::Warn)
    } else {
        (format!("Within the plan until {}.", billing.period.end.strftime("%-d %B")), Tone::Dim)
    }
}

/// What another plan would change.
fn change(other: &PlanChange, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let against = |n: i64| match n {
        0 => "as now".to_owned(),
        n => format!("{} {}", format::brief(n.unsigned_abs()), if n < 0 { "fewer" } else { "more" }),
    };
    let fits = other.fits_keys && other.fits_forecast;
    let (mark, tone) = if fits { (ui.glyphs.check, Tone::Good) } else { (ui.glyphs.cross, Tone::Bad) };
    let words = match (other.fits_keys, other.fits_forecast) {
        (true, true) => "what you have fits",
        (false, true) => "too few keys for what you have",
        (true, false) => "too few calls for this month",
        (false, false) => "too few keys and calls",
    };
    Pen::new(buf, area, 0)
        .cell(name(other.plan), LABEL + 2, ui.style(Tone::Strong))
        .text(format!("{mark} {words}"), ui.style(tone));
    let (limits, more) = (&other.limits, &other.difference);
    let text = format!(
        "{} keys ({}), {} calls a month ({})",
        format::brief(limits.api_keys),
        against(more.api_keys),
        format::brief(limits.monthly_requests),
        against(more.monthly_requests)
    );
    Pen::new(buf, area, 1).skip(2).text(text, dim);
}
