//! What stands on Home, line by line: what wants attention, the busiest keys, what was told lately; and for a new account
//! what to press first. Made anew from the answers at each drawing; the selection is kept by name.

use keyward_keys::prices::Money;
use keyward_keys::view::{
    Attention, AttentionKey, AttentionKind, BudgetOwner, BudgetView, InstanceCare, RotationSummary,
};
use keyward_keys::{Id, StoreHealth};

use super::HomePage;
use crate::app::follow::About;
use crate::pages::{marks, track};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::{Ui, safe};

/// Less room than this on the disk is told, bytes.
const LITTLE_ROOM: u64 = 1 << 30;

/// Which line: stays the same while what it says changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// Add a key.
    First,
    /// Bring keys in from a text.
    Import,
    /// See all there is to press.
    Keys,
    /// A section, by its key.
    Section(&'static str),
    /// A line for a shell.
    Shell(usize),
    /// How the instance is.
    Instance,
    /// Keys that want the same.
    Many(AttentionKind),
    /// One key that wants something.
    One(AttentionKind, Id),
    /// An alert, and the key it is about.
    Alert(Id, Id),
    /// The budget of a team or a tag.
    Team(Id),
    /// One of the busiest keys.
    Busy(Id),
    /// A key whose rotation comes.
    Coming(Id),
    /// Something that was told, and the key it is about.
    Told(Id, Option<About>),
}

impl Item {
    /// The key it is about.
    pub(super) fn key(self) -> Option<Id> {
        match self {
            Self::One(_, id)
            | Self::Alert(_, id)
            | Self::Busy(id)
            | Self::Coming(id)
            | Self::Told(_, Some(About::Key(id))) => Some(id),
            Self::First
            | Self::Import
            | Self::Keys
            | Self::Section(_)
            | Self::Shell(_)
            | Self::Instance
            | Self::Many(_)
            | Self::Team(_)
            | Self::Told(_, None | Some(About::Alert(_))) => None,
        }
    }
}

/// A line.
pub(super) struct Line {
    pub(super) item: Item,
    pub(super) mark: &'static str,
    pub(super) tone: Tone,
    pub(super) text: String,
    /// At the right end.
    pub(super) end: String,
}

/// Lines under a heading.
pub(super) struct Block {
    pub(super) title: &'static str,
    /// At the right end of the heading.
    pub(super) note: String,
    pub(super) lines: Vec<Line>,
    /// Said when there are none.
    pub(super) none: &'static str,
}

impl HomePage {
    /// What comes first: what wants attention, or what to press.
    pub(super) fn pressing(&self, ui: &Ui) -> Block {
        match &self.home {
            Some(home) if home.keys == 0 => Self::first_steps(),
            Some(home) => {
                let mut lines: Vec<_> =
                    home.instance.and_then(|care| instance(care, ui)).into_iter().collect();
                for kind in AttentionKind::ALL {
                    let keys = home.attention.iter().filter(|attention| attention.kind == kind);
                    lines.extend(keys.flat_map(|attention| wanting(attention, &home.currency, ui)));
                    let teams = home.team_budgets.iter().filter(|budget| of_team(budget) == kind);
                    lines.extend(teams.map(|budget| team(budget, &home.currency, ui)));
                }
                let keys: u64 = home.attention.iter().map(|attention| attention.count).sum();
                let many = keys + home.team_budgets.len() as u64;
                let note = if many > 0 { format::count(many) } else { String::new() };
                Block {
                    title: "Needs attention",
                    note,
                    lines,
                    none: "Nothing: every key is as it should be.",
                }
            }
            None => Block { title: "Needs attention", note: String::new(), lines: Vec::new(), none: "" },
        }
    }

    /// The busiest keys of the last day, as many as there is room for.
    pub(super) fn busiest(&self, most: usize, ui: &Ui) -> Block {
        let top = self.day.as_ref().map(|day| day.top_keys.as_slice()).unwrap_or_default();
        let all = self.day.as_ref().map_or(0, |day| day.summary.total_requests);
        let line = |key: &keyward_keys::view::KeyShare| {
            let share = key.requests as f64 * 100.0 / all.max(1) as f64;
            Line {
                item: Item::Busy(key.id),
                mark: ui.glyphs.dot,
                tone: Tone::Dim,
                text: safe(&key.name).into_owned(),
                end: format!("{:>6} {:>5}", format::short(key.requests), format!("{share:.0} %")),
            }
        };
        Block {
            title: "Busiest",
            note: "last 24 h".to_owned(),
            lines: top.iter().take(most).map(line).collect(),
            none: if self.day.is_some() { "No call in the last 24 hours." } else { "" },
        }
    }

    /// The next rotations, as many as there is room for: nothing where there is none, or they are not known.
    pub(super) fn to_come(&self, most: usize, ui: &Ui) -> Option<Block> {
        let coming = self.coming.as_ref().filter(|_| most > 0)?;
        let line = |key: &RotationSummary| {
            let at_ms = key.next_rotation?.as_millisecond();
            let (mark, .., tone) = marks::environment(key.environment, ui);
            let end = (at_ms >= ui.now_ms).then(|| format!("{:>10}", format::due(ui.now_ms, at_ms)))?;
            Some(Line {
                item: Item::Coming(key.id),
                mark,
                tone,
                text: safe(&key.name).into_owned(),
                end: track::method(key.method).to_owned() + &end,
            })
        };
        Some(Block {
            title: "Rotations to come",
            note: String::new(),
            lines: coming.iter().filter_map(line).take(most).collect(),
            none: "None: e on a key's page sets how often.",
        })
    }

    /// What was told lately.
    pub(super) fn told(&self, ui: &Ui) -> Block {
        let told = self.told.as_ref();
        let line = |notice: &keyward_keys::view::NotificationView| Line {
            item: Item::Told(notice.id, About::of(notice)),
            mark: if notice.read { ui.glyphs.dot } else { ui.glyphs.live },
            tone: if notice.read { Tone::Faint } else { Tone::Accent },
            text: safe(&notice.message).into_owned(),
            end: format::age(ui.now_ms, notice.created_at.as_millisecond()),
        };
        let unread = told.map_or(0, |told| told.unread);
        Block {
            title: "Lately",
            note: if unread > 0 { format!("{} unread", format::count(unread)) } else { String::new() },
            lines: told.into_iter().flat_map(|told| &told.notifications).map(line).collect(),
            none: if told.is_some() { "Nothing was told yet." } else { "" },
        }
    }
}

/// How the instance is, when its operator has to do something.
fn instance(care: InstanceCare, ui: &Ui) -> Option<Line> {
    let text = match care.store {
        StoreHealth::Disconnected => "The store does not answer: look at the daemon's log".to_owned(),
        StoreHealth::ReadOnly => "The store takes no changes: make room on its disk".to_owned(),
        StoreHealth::Connected if care.room < LITTLE_ROOM => {
            format!("The disk is nearly full: {} MB are left", care.room / 1_000_000)
        }
        StoreHealth::Connected => return None,
    };
    Some(Line {
        item: Item::Instance,
        mark: ui.glyphs.cross,
        tone: Tone::Bad,
        text,
        end: "operators".to_owned(),
    })
}

/// How pressing a team's budget is.
fn of_team(budget: &BudgetView) -> AttentionKind {
    if budget.exceeded { AttentionKind::OverBudget } else { AttentionKind::NearBudget }
}

/// The line of the budget of a team or a tag.
fn team(budget: &BudgetView, currency: &str, ui: &Ui) -> Line {
    let (mark, tone) = mark(of_team(budget), ui.glyphs);
    let how = if budget.exceeded { "over" } else { "near" };
    let of = if budget.of == BudgetOwner::Tag { "tag" } else { "team" };
    Line {
        item: Item::Team(budget.id),
        mark,
        tone,
        text: format!("{} ({of}): {how} its budget", safe(&budget.name)),
        end: spent(budget.cost, budget.monthly_budget, currency),
    }
}

/// How far a budget is spent.
fn spent(cost: Money, budget: Money, currency: &str) -> String {
    format!("{} of {budget} {currency}", format::whole_percent(cost.0, budget.0))
}

/// The lines of what keys want: a line for each key where each matters by itself, else one for all.
fn wanting(attention: &Attention, currency: &str, ui: &Ui) -> Vec<Line> {
    let (mark, tone) = mark(attention.kind, ui.glyphs);
    let line = |item, text, end| Line { item, mark, tone, text, end };
    let kind = attention.kind;
    if attention.count == 1 || apart(kind) {
        let of = |key: &AttentionKey| {
            line(item(kind, key), one(kind, key), figure(kind, key, currency, ui.now_ms))
        };
        let mut lines: Vec<_> = attention.first.iter().map(of).collect();
        let more = attention.count.saturating_sub(attention.first.len() as u64);
        if more > 0 {
            lines.push(line(Item::Many(kind), format!("and {more} more {}", all(kind)), String::new()));
        }
        return lines;
    }
    let first = attention.first.first();
    let text = format!("{} keys {}", format::count(attention.count), all(kind));
    let end = first.map_or_else(String::new, |key| figure(kind, key, currency, ui.now_ms));
    vec![line(Item::Many(kind), text, end)]
}

/// The line of one key that wants this.
fn item(kind: AttentionKind, key: &AttentionKey) -> Item {
    match key.alert.as_ref().filter(|_| kind == AttentionKind::Firing) {
        Some((alert, ..)) => Item::Alert(*alert, key.id),
        None => Item::One(kind, key.id),
    }
}

/// Each key of this kind is told by itself.
fn apart(kind: AttentionKind) -> bool {
    match kind {
        AttentionKind::Firing
        | AttentionKind::RotationStopped
        | AttentionKind::RotationWaiting
        | AttentionKind::OverLimit
        | AttentionKind::OverBudget
        | AttentionKind::NearLimit
        | AttentionKind::NearBudget
        | AttentionKind::Expiring
        | AttentionKind::Frozen => true,
        AttentionKind::RotateNow
        | AttentionKind::RotationOverdue
        | AttentionKind::RotationSoon
        | AttentionKind::Idle => false,
    }
}

fn mark(kind: AttentionKind, glyphs: &Glyphs) -> (&'static str, Tone) {
    match kind {
        AttentionKind::Firing
        | AttentionKind::RotateNow
        | AttentionKind::RotationStopped
        | AttentionKind::OverLimit
        | AttentionKind::OverBudget => (glyphs.cross, Tone::Bad),
        AttentionKind::RotationWaiting => (glyphs.paused, Tone::Warn),
        AttentionKind::RotationOverdue
        | AttentionKind::NearLimit
        | AttentionKind::NearBudget
        | AttentionKind::Expiring => (glyphs.warning, Tone::Warn),
        AttentionKind::Frozen | AttentionKind::RotationSoon | AttentionKind::Idle => {
            (glyphs.inactive, Tone::Dim)
        }
    }
}

/// What one key wants.
fn one(kind: AttentionKind, key: &AttentionKey) -> String {
    let what = match kind {
        // The alert names the key itself.
        AttentionKind::Firing => {
            return key.alert.as_ref().map_or_else(String::new, |alert| safe(&alert.1).into_owned());
        }
        AttentionKind::RotateNow => "somebody who left knows it; rotate it",
        AttentionKind::RotationStopped => "rotation stopped; its page says what to do",
        AttentionKind::RotationWaiting => "rotation waits for you",
        AttentionKind::OverLimit => "over its limit",
        AttentionKind::OverBudget => "over its budget",
        AttentionKind::RotationOverdue => "rotation overdue",
        AttentionKind::NearLimit => "near its limit",
        AttentionKind::NearBudget => "near its budget",
        AttentionKind::Expiring => "expires soon",
        AttentionKind::Frozen => "frozen, apps cannot fetch it",
        AttentionKind::RotationSoon => "rotation due",
        AttentionKind::Idle => "not called for 90 days",
    };
    format!("{}: {what}", safe(&key.name))
}

/// What several keys want.
fn all(kind: AttentionKind) -> &'static str {
    match kind {
        AttentionKind::Firing => "with an alert that is firing",
        AttentionKind::RotateNow => "known to somebody who left: rotate them",
        AttentionKind::RotationStopped => "whose rotation stopped",
        AttentionKind::RotationWaiting => "whose rotation waits for you",
        AttentionKind::OverLimit => "over their limit",
        AttentionKind::OverBudget => "over their budget",
        AttentionKind::RotationOverdue => "with an overdue rotation",
        AttentionKind::NearLimit => "near their limit",
        AttentionKind::NearBudget => "near their budget",
        AttentionKind::Expiring => "expire within 7 days",
        AttentionKind::Frozen => "frozen, apps cannot fetch them",
        AttentionKind::RotationSoon => "to be rotated within 7 days",
        AttentionKind::Idle => "not called for 90 days",
    }
}

fn figure(kind: AttentionKind, key: &AttentionKey, currency: &str, now_ms: i64) -> String {
    let due = |at: Option<jiff::Timestamp>| {
        at.map_or_else(String::new, |at| format::due(now_ms, at.as_millisecond()))
    };
    match kind {
        AttentionKind::OverLimit | AttentionKind::NearLimit => {
            let limit = key.month.monthly.unwrap_or(0);
            format!("{} of {}", format::whole_percent(key.month.used, limit), format::short(limit))
        }
        AttentionKind::OverBudget | AttentionKind::NearBudget => {
            let (cost, budget) = key.budget.unwrap_or_default();
            spent(cost, budget, currency)
        }
        AttentionKind::RotationWaiting | AttentionKind::RotationOverdue | AttentionKind::RotationSoon => {
            due(key.next_rotation)
        }
        AttentionKind::Expiring => due(key.expires_at),
        AttentionKind::Firing => {
            let since = key.alert.as_ref().map(|alert| alert.2.as_millisecond());
            since.map_or_else(String::new, |since_ms| format::age(now_ms, since_ms))
        }
        AttentionKind::RotateNow
        | AttentionKind::RotationStopped
        | AttentionKind::Frozen
        | AttentionKind::Idle => String::new(),
    }
}
