//! Draws the plan: bars of what is used, the forecast in words, the other plans, the busiest keys.

use keyward_keys::Plan;
use keyward_keys::view::{BillingCosts, BillingView, KeyView, PlanChange};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::billing::BillingPage;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, safe, width, wrap};
use crate::widgets::{chart, format};

/// Columns of a label.
const LABEL: u16 = 10;
/// Budgets shown beside the keys.
const MOST_BUDGETS: u16 = 8;
/// From this width on, the busiest keys stand beside the plan.
const WIDE: u16 = 110;

/// Where the parts go.
pub(super) struct Layout {
    plan: Rect,
    plans: Rect,
    budgets: Rect,
    titles: Rect,
    pub(super) rows: Rect,
}

impl Layout {
    pub(super) fn of(page: &BillingPage, area: Rect) -> Self {
        let others = page.billing.as_ref().map_or(0, |billing| billing.plans.len()) as u16;
        let part = |from: u16, height: u16, of: Rect| {
            let y = of.y.saturating_add(from).min(of.bottom());
            Rect { y, height: height.min(of.bottom() - y), ..of }
        };
        let roomy = area.height >= 17;
        let priced = page.billing.as_ref().is_some_and(|billing| billing.costs.cost.is_some());
        let plan = if roomy { 6 + u16::from(priced) } else { 4 };
        let wide = area.width >= WIDE;
        let columns = if wide { area.width / 2 - 2 } else { area.width };
        let left = Rect { width: columns, ..area };
        // Where it is low, the busiest keys matter more than the other plans.
        let held = page.billing.as_ref().map_or(0, |billing| billing.costs.budgets.len());
        let most = if wide { usize::from(MOST_BUDGETS) } else { 3 };
        // Held at `most`, which is few.
        let budgets = if roomy && held > 0 { held.min(most) as u16 + 2 } else { 0 };
        // Budgets matter more than other plans where there is no room for both.
        let both = wide || area.height >= 30;
        let plans = if roomy && (budgets == 0 || both) { others * 2 + 1 } else { 0 };
        let keys = if wide {
            Rect { x: area.right() - columns, width: columns, ..area }
        } else {
            part(plan + budgets + plans + u16::from(roomy && plans > 0), area.height, area)
        };
        Self {
            plan: part(0, plan, left),
            budgets: part(plan, budgets, left),
            plans: part(plan + budgets, plans, left),
            titles: part(0, 1, keys),
            rows: part(1, keys.height, keys),
        }
    }
}

impl BillingPage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let Some(billing) = self.billing.as_ref().filter(|_| self.failed.is_none()) else {
            return self.nothing(area, buf, ui);
        };
        let layout = Layout::of(self, area);
        plan(billing, layout.plan, buf, ui);
        Pen::new(buf, layout.plans, 0).text("WITH ANOTHER PLAN", ui.style(Tone::Dim));
        for (row, other) in (0u16..).zip(&billing.plans) {
            let place = Rect {
                y: layout.plans.y + 1 + 2 * row,
                height: layout.plans.height.saturating_sub(1 + 2 * row).min(2),
                ..layout.plans
            };
            change(other, place, buf, ui);
        }
        budgets(&billing.costs, layout.budgets, buf, ui);
        titles(layout.titles, buf, ui);
        if self.keys.is_empty() {
            Pen::new(buf, layout.rows, 0).text("No calls were reported this month.", ui.style(Tone::Dim));
            return at(area, 0, 0);
        }
        let most = self.keys.first().map_or(1, |key| key.current_month_usage);
        let rows = self.keys.iter().enumerate().skip(self.offset);
        for (row, (number, key)) in (0..layout.rows.height).zip(rows) {
            let place = Rect { y: layout.rows.y + row, height: 1, ..layout.rows };
            busy(key, most, &billing.costs, place, buf, ui);
            if number == self.row() {
                Pen::new(buf, place, 0).text(ui.glyphs.marker, ui.style(Tone::Accent));
                ui.theme.select(buf, place);
            }
        }
        let row = u16::try_from(self.row().saturating_sub(self.offset)).unwrap_or(u16::MAX);
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
fn plan(billing: &BillingView, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (dim, usage, limits) = (ui.style(Tone::Dim), &billing.usage, &billing.limits);
    let mut pen = Pen::new(buf, area, 0);
    pen.end(billing.period.start.strftime("%B %Y, counted in UTC").to_string(), dim);
    pen.text(name(billing.plan), ui.style(Tone::Strong)).text(" plan", dim);
    let from = if area.height > 5 { 2 } else { 1 };
    let rows = [
        ("API keys", usage.api_keys, limits.api_keys),
        ("Calls", usage.monthly_requests, limits.monthly_requests),
        ("Forecast", billing.forecast.monthly_requests, limits.monthly_requests),
    ];
    for (row, (label, part, whole)) in (from..).zip(rows) {
        let mut pen = Pen::new(buf, area, row);
        pen.cell(label, LABEL, dim);
        let figures = if area.width >= 60 {
            format!("  {} of {}", format::count(part), format::count(whole))
        } else {
            format!(" {} of {}", format::brief(part), format::brief(whole))
        };
        let columns = pen.left().saturating_sub(width(&figures) + 7).min(40);
        chart::bar(&mut pen, columns, part, whole, ui);
        pen.cell_right(
            format::whole_percent(part, whole),
            6,
            chart::limit_style(part as f64 / whole.max(1) as f64, ui),
        );
        pen.text(figures, ui.style(Tone::Text));
    }
    let (text, tone) = outlook(billing);
    Pen::new(buf, area, from + 3).cell("", LABEL, dim).text(text, ui.style(tone));
    if let Some(text) = costs(&billing.costs) {
        Pen::new(buf, area, from + 4).cell("Cost", LABEL, dim).text(text, ui.style(Tone::Text));
    }
}

/// What the month's calls cost at their providers, and what of it the most.
fn costs(costs: &BillingCosts) -> Option<String> {
    let mut text = format!("{} {} so far", costs.cost?, costs.currency);
    text.extend(costs.forecast.map(|forecast| format!(", {forecast} at this pace")));
    let dearest = [costs.keys.first(), costs.models.first()];
    for line in dearest.into_iter().flatten() {
        text.extend(line.cost.map(|cost| format!("; {} {cost}", safe(&line.name))));
    }
    Some(text)
}

/// Where budgets stand, those that have come furthest first.
fn budgets(costs: &BillingCosts, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    if area.height == 0 {
        return;
    }
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("THIS MONTH, {}", costs.currency), dim);
    pen.text("BUDGETS", dim);
    for (row, budget) in (1..area.height.saturating_sub(1)).zip(&costs.budgets) {
        let share = budget.cost.0 as f64 / budget.monthly_budget.0.max(1) as f64;
        let mut pen = Pen::new(buf, area, row);
        pen.end(format!("{:>9} of {:>9}", budget.cost.to_string(), budget.monthly_budget.to_string()), dim);
        let percent = format::whole_percent(budget.cost.0, budget.monthly_budget.0);
        pen.end(format!("{percent:>6}  "), chart::limit_style(share, ui));
        let left = pen.left();
        let bar = if left >= 30 { left / 2 - 2 } else { 0 };
        pen.cell(safe(&budget.name), left.saturating_sub(bar + 1), ui.style(Tone::Strong)).skip(1);
        if bar > 0 {
            chart::bar(&mut pen, bar, budget.cost.0, budget.monthly_budget.0, ui);
        }
    }
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
    let signed = |n: i64| format!("{}{}", if n < 0 { "-" } else { "+" }, format::brief(n.unsigned_abs()));
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
        signed(more.api_keys),
        format::brief(limits.monthly_requests),
        signed(more.monthly_requests)
    );
    Pen::new(buf, area, 1).skip(2).text(text, dim);
}

fn titles(area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let mut pen = Pen::new(buf, area, 0);
    pen.end("THIS MONTH", dim);
    pen.skip(2).text("BUSIEST KEYS", dim);
}

/// A key and its share of the month.
fn busy(key: &KeyView, most: u64, costs: &BillingCosts, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (mark, _, _, tone) = marks::environment(key.environment, ui);
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("{:>11}", format::count(key.current_month_usage)), ui.style(Tone::Text));
    if area.width >= 50 && costs.cost.is_some() {
        let line = costs.keys.iter().find(|line| line.id == Some(key.id));
        let cost = line.and_then(|line| line.cost).map_or_else(String::new, |cost| cost.to_string());
        pen.end(format!("{cost:>10}"), ui.style(Tone::Dim));
    }
    pen.skip(2).cell(mark, 2, ui.style(tone));
    // Names matter more than bars where costs stand between.
    let bar = match area.width {
        ..50 => 0,
        width if costs.cost.is_some() => (width - 30) / 3,
        width => (width - 20) / 2,
    };
    let name = pen.left().saturating_sub(bar + u16::from(bar > 0) * 2);
    pen.cell(safe(&key.name), name, ui.style(Tone::Strong));
    if bar > 0 {
        let cells = u64::from(bar);
        let full = (key.current_month_usage * cells).div_ceil(most.max(1)).min(cells) as usize;
        pen.skip(1).text(ui.glyphs.bar[0].repeat(full), ui.theme.gradient(0.6));
        pen.text(ui.glyphs.bar[2].repeat(usize::from(bar) - full), ui.style(Tone::Faint));
    }
}
