//! Draws what the month costs: where budgets stand, the keys that cost the most, and the models.

use keyward_keys::prices::Money;
use keyward_keys::view::{BillingCosts, BudgetOwner, BudgetView, CostLine};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::billing::Spender;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe};
use crate::widgets::{chart, format};

/// An amount in two decimals, so that a column of them stands in line.
pub(super) fn amount(amount: Money) -> String {
    match amount.0 {
        1..5_000 => "<0.01".to_owned(),
        _ => format!("{:.2}", amount.units()),
    }
}

/// How much of a budget is spent.
fn spent(budget: &BudgetView) -> (String, f64) {
    let (Money(cost), Money(whole)) = (budget.cost, budget.monthly_budget);
    (format::whole_percent(cost, whole), cost as f64 / whole.max(1) as f64)
}

/// The budget that has come furthest, in one row.
pub(super) fn nearest(budget: &BudgetView, pen: &mut Pen<'_>, ui: &Ui) {
    let (percent, share) = spent(budget);
    let whole = amount(budget.monthly_budget);
    pen.end(format!("{percent} of {whole}"), chart::limit_style(share, ui));
    let left = pen.left();
    pen.cell(safe(&budget.name), left, ui.style(Tone::Strong));
}

/// Where budgets stand, those that have come furthest first, each in so many rows.
pub(super) fn budgets(costs: &BillingCosts, each: u16, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    if area.height == 0 {
        return;
    }
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("THIS MONTH, {}", costs.currency), dim);
    pen.text("BUDGETS", dim);
    for (number, one) in (0..area.height.saturating_sub(2) / each).zip(&costs.budgets) {
        let (percent, share) = spent(one);
        let row = 1 + number * each;
        let mut pen = Pen::new(buf, area, row);
        pen.end(format!("{:>9} of {:>9}", amount(one.cost), amount(one.monthly_budget)), dim);
        pen.end(format!("{percent:>6} "), chart::limit_style(share, ui));
        let left = pen.left();
        let bar = if each == 1 && left >= 24 { left / 2 - 2 } else { 0 };
        let of = match one.of {
            BudgetOwner::Key => "",
            BudgetOwner::Team => " (team)",
            BudgetOwner::Tag => " (tag)",
        };
        let name = format!("{}{of}", safe(&one.name));
        pen.cell(name, left.saturating_sub(bar + 1), ui.style(Tone::Strong)).skip(1);
        if bar > 0 {
            chart::bar(&mut pen, bar, one.cost.0, one.monthly_budget.0, ui);
        }
        if each > 1 {
            let mut pen = Pen::new(buf, area, row + 1);
            chart::bar(&mut pen, area.width / 3, one.cost.0, one.monthly_budget.0, ui);
            let (text, tone) = leads(one);
            pen.skip(2).text(text, ui.style(tone));
        }
    }
}

/// Where a budget's month leads, in words.
fn leads(budget: &BudgetView) -> (String, Tone) {
    let forecast = amount(budget.forecast);
    match (budget.exceeded, budget.refuse_over_budget, budget.reached_at) {
        (true, true, _) => ("over: fetches are refused".to_owned(), Tone::Bad),
        (true, false, _) => (format!("over; {forecast} at the month's end"), Tone::Bad),
        (false, _, Some(at)) => {
            (format!("spent on {}; {forecast} at its end", at.strftime("%-d %b")), Tone::Warn)
        }
        (false, _, None) => (format!("{forecast} at the month's end"), Tone::Dim),
    }
}

/// Columns of a key's cost and of its calls.
fn figures(area: Rect) -> (usize, usize) {
    if area.width >= 50 { (10, 11) } else { (8, 6) }
}

/// The heading of the keys.
pub(super) fn titles(costs: &BillingCosts, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (dim, (cost, calls)) = (ui.style(Tone::Dim), figures(area));
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("{:>calls$}", "CALLS"), dim);
    if costs.cost.is_some() {
        pen.end(format!("{:>cost$}", costs.currency), dim);
    }
    pen.skip(2).text(if costs.cost.is_some() { "DEAREST KEYS" } else { "BUSIEST KEYS" }, dim);
}

/// A key and its share of the dearest one, or of the busiest while no price is known.
pub(super) fn key(
    key: &Spender<'_>,
    first: &Spender<'_>,
    priced: bool,
    area: Rect,
    buf: &mut Buffer,
    ui: &Ui,
) {
    let (cost, calls) = figures(area);
    let mut pen = Pen::new(buf, area, 0);
    let made = if area.width >= 50 { format::count(key.calls) } else { format::brief(key.calls) };
    pen.end(format!("{made:>calls$}"), ui.style(if priced { Tone::Dim } else { Tone::Text }));
    if priced {
        let text = key.cost.map_or_else(String::new, amount);
        pen.end(format!("{text:>cost$}"), ui.style(Tone::Text));
    }
    pen.skip(2);
    match key.environment {
        Some(environment) => {
            let (mark, _, _, tone) = marks::environment(environment, ui);
            pen.cell(mark, 2, ui.style(tone));
        }
        None => _ = pen.skip(2),
    }
    // Names matter more than bars where costs stand between.
    let bar = match area.width {
        ..50 => 0,
        width if priced => (width - 30) / 3,
        width => (width - 20) / 2,
    };
    let name = pen.left().saturating_sub(bar + u16::from(bar > 0) * 2);
    pen.cell(safe(key.name), name, ui.style(Tone::Strong));
    if bar > 0 {
        let of = |one: &Spender<'_>| if priced { one.cost.unwrap_or_default().0 } else { one.calls };
        share(pen.skip(1), bar, of(key), of(first), ui);
    }
}

/// A bar of a share that nothing is held against.
fn share(pen: &mut Pen<'_>, columns: u16, part: u64, whole: u64, ui: &Ui) {
    let cells = u128::from(columns);
    let full = (u128::from(part) * cells).div_ceil(u128::from(whole.max(1))).min(cells) as usize;
    pen.text(ui.glyphs.bar[0].repeat(full), ui.theme.gradient(0.6));
    pen.text(ui.glyphs.bar[2].repeat(usize::from(columns) - full), ui.style(Tone::Faint));
}

/// The first model in view: the selected one is, too.
pub(super) fn first_model(selected: Option<usize>, area: Rect) -> usize {
    let rows = usize::from(area.height.saturating_sub(1));
    selected.map_or(0, |selected| (selected + 1).saturating_sub(rows))
}

/// The models that cost the most, each with its share of all; answers the row of the selected one.
pub(super) fn models(
    costs: &BillingCosts,
    selected: Option<usize>,
    area: Rect,
    buf: &mut Buffer,
    ui: &Ui,
) -> Option<u16> {
    let dim = ui.style(Tone::Dim);
    let all = costs.cost.unwrap_or_default().0;
    let mut pen = Pen::new(buf, area, 0);
    pen.end(format!("{:>10}", costs.currency), dim).end(" SHARE", dim);
    pen.skip(2).text("MODELS", dim);
    let (first, mut at) = (first_model(selected, area), None);
    let shown = costs.models.iter().enumerate().skip(first);
    for (row, (number, CostLine { name, cost, .. })) in (1..area.height).zip(shown) {
        let cost = cost.unwrap_or_default();
        let mut pen = Pen::new(buf, area, row);
        pen.end(format!("{:>10}", amount(cost)), ui.style(Tone::Text));
        pen.end(format!("{:>6}", format::whole_percent(cost.0, all)), dim);
        let bar = pen.left().saturating_sub(2) * 2 / 5;
        let name_columns = pen.left().saturating_sub(bar + 3);
        pen.skip(2).cell(safe(name), name_columns, ui.style(Tone::Strong)).skip(1);
        share(&mut pen, bar, cost.0, all, ui);
        if selected == Some(number) {
            marked(Rect { y: area.y + row, height: 1, ..area }, buf, ui);
            at = Some(row);
        }
    }
    at
}

/// Shows the row that the selection is on.
pub(super) fn marked(row: Rect, buf: &mut Buffer, ui: &Ui) {
    Pen::new(buf, row, 0).text(ui.glyphs.marker, ui.style(Tone::Accent));
    ui.theme.select(buf, row);
}
