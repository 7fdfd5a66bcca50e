//! Where the parts of the plan go at each size. The mouse reads the same places as drawing does.

use ratatui::layout::Rect;

use crate::pages::billing::BillingPage;

/// Budgets shown beside the keys; below the plan there is room for few.
const MOST_BUDGETS: (usize, usize) = (8, 3);
/// Models shown below the keys.
const MOST_MODELS: usize = 8;
/// From this width on, the dearest keys stand beside the plan.
const WIDE: u16 = 110;
/// From this width on, the models stand beside the keys.
const WIDEST: u16 = 170;
/// From this height on, there may be room for charts.
const TALL: u16 = 34;
/// Rows of a chart, at least, and at most below the plan alone.
const CHART: (u16, u16) = (8, 16);
/// Columns between parts that stand side by side.
const GAP: u16 = 4;

/// The parts of the page.
pub(super) struct Layout {
    pub(super) plan: Rect,
    pub(super) budgets: Rect,
    /// Rows of a budget.
    pub(super) each: u16,
    pub(super) plans: Rect,
    /// The heading of the keys.
    pub(super) titles: Rect,
    pub(super) rows: Rect,
    pub(super) models: Rect,
    /// Charts of the last days: one below the plan, or two below everything.
    pub(super) days: [Rect; 2],
}

/// There is room for charts of the last days.
pub(super) fn has_days(area: Rect) -> bool {
    area.width >= WIDE && area.height >= TALL
}

fn halves(area: Rect) -> [Rect; 2] {
    let width = area.width.saturating_sub(GAP) / 2;
    [Rect { width, ..area }, Rect { x: area.right() - width, width, ..area }]
}

impl Layout {
    pub(super) fn of(page: &BillingPage, area: Rect) -> Self {
        let costs = page.billing.as_ref().map(|billing| &billing.costs);
        let others = page.billing.as_ref().map_or(0, |billing| billing.plans.len()) as u16;
        let priced = costs.is_some_and(|costs| costs.cost.is_some());
        let held = costs.map_or(0, |costs| costs.budgets.len());
        let models = costs.map_or(0, |costs| costs.models.len());
        let (roomy, tall) = (area.height >= 17, area.height >= 30);
        let (wide, widest) = (area.width >= WIDE, area.width >= WIDEST);
        let part = |from: u16, height: u16, of: Rect| {
            let y = of.y.saturating_add(from).min(of.bottom());
            Rect { y, height: height.min(of.bottom() - y), ..of }
        };
        let panels = 1 + u16::from(wide) + u16::from(widest && models > 0);
        let columns = (area.width - GAP * (panels - 1)) / panels;
        let panel = |at: u16| Rect { x: area.x + at * (columns + GAP), width: columns, ..area };
        let left = panel(0);
        // Where it is low, what is spent matters more than the other plans, and of budgets the nearest.
        let plan = match roomy {
            true => 6 + u16::from(priced) + u16::from((wide && tall) || held > 0),
            false => 3 + u16::from(priced) + u16::from(held > 0),
        };
        let each = if wide && tall { 2 } else { 1 };
        let most = if wide { MOST_BUDGETS.0 } else { MOST_BUDGETS.1 };
        let budgets = if roomy && held > 0 { held.min(most) as u16 * each + 2 } else { 0 };
        // Budgets matter more than other plans where there is no room for both.
        let both = wide || tall;
        let plans = if roomy && (budgets == 0 || both) { others * 2 + 1 } else { 0 };
        let keys = if wide {
            panel(1)
        } else {
            part(plan + budgets + plans + u16::from(roomy && plans > 0), area.height, area)
        };
        let named = models.min(MOST_MODELS) as u16;
        let models = match named {
            0 => Rect::default(),
            _ if widest => panel(2),
            models if wide && area.height >= 24 => {
                let all = u16::try_from(page.spenders().len()).unwrap_or(u16::MAX).max(1);
                part(all.saturating_add(2).min(area.height - models - 1), models + 1, keys)
            }
            _ => Rect::default(),
        };
        // What is left below, when that is enough to read a chart.
        let taken = plan + budgets + plans;
        let spenders = u16::try_from(page.spenders().len()).unwrap_or(u16::MAX);
        let upper =
            taken.max(1 + named).max(spenders.saturating_add(1).min(area.height.saturating_sub(CHART.1 + 1)));
        let rest = |taken: u16| Some(area.height.saturating_sub(taken + 1)).filter(|rows| *rows >= CHART.0);
        let (days, lists) = match (has_days(area), widest, rest(upper), rest(taken)) {
            (true, true, Some(rows), _) => {
                let [one, other] = halves(area);
                ([part(upper + 1, rows, one), part(upper + 1, rows, other)], upper)
            }
            (true, false, _, Some(rows)) => {
                ([part(taken + 1, rows.min(CHART.1), left), Rect::default()], area.height)
            }
            _ => ([Rect::default(); 2], area.height),
        };
        let keys = part(0, lists, keys);
        let models = Rect { height: models.height.min(lists), ..models };
        // Where there is no place for models, they take that of the keys while the selection is among them.
        let instead = models.height == 0 && named > 0 && page.model.is_some();
        let (keys, models) = if instead { (Rect { height: 0, ..keys }, keys) } else { (keys, models) };
        let beside = models.x == keys.x && models.height > 0;
        let below = if beside { models.y.saturating_sub(1) } else { keys.bottom() };
        Self {
            plan: part(0, plan, left),
            budgets: part(plan, budgets, left),
            each,
            plans: part(plan + budgets, plans, left),
            titles: part(0, 1, keys),
            rows: part(1, below.saturating_sub(keys.y + 1), keys),
            models,
            days,
        }
    }
}
