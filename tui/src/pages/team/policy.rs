//! What each role may do, as a person can read it: the policy's own table, in words.

use keyward_keys::Role;
use keyward_keys::policy::{RULES, Rule, Standing, allows};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::Cx;
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::pages::team::words::{ROLES, number};
use crate::pages::{Page, Step, scrolled};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at};

/// The columns, from the role that may least.
const COLUMNS: [Standing; 4] = [Standing::Viewer, Standing::Member, Standing::Admin, Standing::Owner];

/// The page.
pub(crate) struct PolicyPage {
    /// The role of whoever reads it, in the team they came from.
    role: Option<Role>,
    scroll: usize,
}

impl PolicyPage {
    pub(crate) fn new(role: Option<Role>) -> Self {
        Self { role, scroll: 0 }
    }
}

/// The rules that tell roles apart: what everybody may, and what is not a team's, is not among them.
fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| COLUMNS.iter().any(|standing| rule.allowed.contains(standing)))
}

/// A permission in words.
fn said(rule: &Rule) -> &'static str {
    match rule.name {
        "key.read" => "see keys and their facts",
        "team.read" => "see the team and its people",
        "team.change" => "rename it, set environments and budget",
        "team.delete" => "delete the team",
        "member.invite" => "invite people, withdraw invitations",
        "member.change" => "change people's roles",
        "owner.change" => "make owners, or owners something else",
        "member.remove" => "remove people (everybody may leave)",
        "space.grant" => "let newcomers in, by unlocking",
        "key.create" => "add keys",
        "key.change" => "change keys: names, limits, on and off",
        "key.move" => "move keys elsewhere",
        "key.rotate" => "rotate keys",
        "key.rollback" => "roll back, or give up a rotation",
        "key.delete" => "move keys to the bin",
        "key.restore" => "bring keys back from the bin",
        "key.reveal" => "open keys: see and copy values",
        "key.track" => "report calls made with keys",
        "usage.read" => "see usage",
        "budget.manage" => "set budgets of tags",
        "token.create" => "make service tokens",
        "token.revoke" => "revoke anybody's service tokens",
        "alert.read" => "see alerts and their rules",
        "alert.handle" => "acknowledge, snooze and resolve alerts",
        "alert_rule.manage" => "make and change alert rules",
        "webhook.manage" => "choose where else notifications go",
        "audit.read" => "read the team's audit records",
        // A permission that is new here is told by its name.
        name => name,
    }
}

impl Page for PolicyPage {
    fn place(&self) -> Place {
        Place::Policy
    }

    fn crumb(&self) -> String {
        "Roles".to_owned()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if command == Command::Back {
            return Step::Back;
        }
        let last = (rules().count() + 2).saturating_sub(usize::from(cx.area.height));
        self.scroll = scrolled(self.scroll, command, cx.area.height, last);
        Step::Stay
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let narrow = area.width < 76;
        let column = if narrow { 4 } else { 8 };
        let text = area.width.saturating_sub(COLUMNS.len() as u16 * column).min(52);
        let mut pen = Pen::new(buf, area, 0);
        pen.cell("MAY", text, ui.style(Tone::Dim));
        for (at, (name, _)) in ROLES.iter().enumerate() {
            let own = self.role.is_some_and(|role| number(role) == at);
            let name = if narrow { &name[..3.min(name.len())] } else { name };
            pen.cell(name, column, ui.style(if own { Tone::Accent } else { Tone::Dim }));
        }
        let rows = area.height.saturating_sub(1);
        for (row, rule) in (1..=rows).zip(rules().skip(self.scroll)) {
            let mut pen = Pen::new(buf, area, row);
            pen.cell(said(rule), text.saturating_sub(1), ui.style(Tone::Text)).skip(1);
            for standing in COLUMNS {
                let (mark, tone) = match allows(rule.permission, standing) {
                    true => (ui.glyphs.check, Tone::Good),
                    false => (ui.glyphs.dot, Tone::Faint),
                };
                pen.skip(if narrow { 1 } else { 2 });
                pen.cell(mark, column - if narrow { 1 } else { 2 }, ui.style(tone));
            }
            if rule.audited && !narrow {
                pen.text("audited", ui.style(Tone::Faint));
            }
        }
        at(area, 0, 0)
    }
}

/// What a role may, and below it what it may not, from a row of `area` on.
pub(super) fn list(area: Rect, buf: &mut Buffer, from: u16, role: Role, ui: &Ui) {
    let standing = COLUMNS[number(role)];
    let (may, not): (Vec<&Rule>, Vec<&Rule>) = rules().partition(|rule| allows(rule.permission, standing));
    let rows = may.iter().map(|rule| (rule, true)).chain(not.iter().map(|rule| (rule, false)));
    for (row, (rule, may)) in (from..area.height).zip(rows) {
        let (mark, tone) = if may { (ui.glyphs.check, Tone::Good) } else { (ui.glyphs.cross, Tone::Faint) };
        let text = if may { Tone::Text } else { Tone::Dim };
        Pen::new(buf, area, row).text(mark, ui.style(tone)).skip(1).text(said(rule), ui.style(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_role_may_is_said_in_words() {
        for rule in rules() {
            assert_ne!(said(rule), rule.name, "say in words what {} is", rule.name);
        }
    }
}
