//! The panel of access: what one may do oneself and why, who else may, and which apps open the key.

use keyward_keys::view::{AccessAction, KeyAccess, SealedAccess};
use keyward_keys::{Custody, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pages::key::KeyPage;
use crate::pages::key::panels::LABEL;
use crate::pages::marks;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, wrap};

/// Columns of a role and the blank before it.
const ROLE: u16 = 8;

/// A line of the panel: a mark, what stands in the first column, its width, and the rest.
struct Line {
    mark: &'static str,
    tone: Tone,
    first: String,
    columns: u16,
    rest: String,
}

impl KeyPage {
    /// Rows the panel takes in this width.
    pub(super) fn access_rows(&self, columns: u16) -> u16 {
        self.access
            .value()
            .map_or(1, |access| u16::try_from(lines(access, columns).len()).unwrap_or(u16::MAX))
    }

    pub(super) fn draw_access(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let Some(access) = self.access.value() else {
            self.access.draw_excuse(area, buf, ui);
            return;
        };
        for (row, line) in (0..area.height).zip(lines(access, area.width)) {
            let mark = match line.mark {
                "yes" => ui.glyphs.check,
                "no" => ui.glyphs.cross,
                "wait" => ui.glyphs.info,
                other => other,
            };
            let mut pen = Pen::new(buf, area, row);
            if !mark.is_empty() {
                pen.text(mark, ui.style(line.tone)).skip(1);
            }
            pen.cell(line.first, line.columns, if mark.is_empty() { dim } else { ui.style(Tone::Text) });
            pen.text(line.rest, dim);
        }
    }
}

fn lines(access: &KeyAccess, columns: u16) -> Vec<Line> {
    let mut all = Vec::new();
    let plain = |first: &str, rest: &str| Line {
        mark: "",
        tone: Tone::Dim,
        first: first.to_owned(),
        columns: LABEL,
        rest: rest.to_owned(),
    };
    let daemon = if access.daemon { "the daemon opens it too" } else { "the daemon cannot open it" };
    let custody = format!("{}; {daemon}", marks::custody(access.custody).0);
    for (at, line) in wrap(&custody, columns.saturating_sub(LABEL)).iter().enumerate() {
        all.push(plain(if at == 0 { "Custody" } else { "" }, line));
    }
    let allowed: Vec<&str> =
        access.you.iter().filter(|answer| answer.allowed).map(|answer| word(answer.action)).collect();
    let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
    for (at, line) in wrap(&allowed, columns.saturating_sub(LABEL)).iter().enumerate() {
        all.push(plain(if at == 0 { "You may" } else { "" }, line));
    }
    for answer in &access.you {
        if answer.action != AccessAction::Reveal && answer.allowed {
            continue;
        }
        // An app's actions are never a person's: that says nothing about this key.
        if matches!(answer.action, AccessAction::Fetch | AccessAction::Track) {
            continue;
        }
        let text = format!("{}: {}", word(answer.action), safe(&answer.why));
        for (at, line) in wrap(&text, columns.saturating_sub(LABEL)).iter().enumerate() {
            all.push(plain(if at == 0 { if answer.allowed { "Why" } else { "Not" } } else { "" }, line));
        }
    }
    all.push(plain("", ""));
    all.push(plain("PEOPLE", ""));
    let name = (columns / 3).clamp(10, 22);
    for person in &access.people {
        let opens = match person.sealed {
            SealedAccess::Open => ("yes", Tone::Good, ""),
            SealedAccess::Pending => ("wait", Tone::Warn, ", waits for an unlock"),
            SealedAccess::NoPassphrase => ("no", Tone::Dim, ", has no unlock passphrase"),
            SealedAccess::None => ("no", Tone::Dim, ""),
        };
        let reveals = person.may.contains(&AccessAction::Reveal);
        let (mark, tone, wait) = match access.custody {
            Custody::Sealed if reveals => opens,
            _ if reveals => ("yes", Tone::Good, ""),
            _ => ("no", Tone::Dim, ""),
        };
        // Whoever is here sees it, and reports calls: that tells nobody apart.
        let plain = |action: &&AccessAction| matches!(action, AccessAction::See | AccessAction::Track);
        let may = person.may.iter().filter(|action| !plain(action)).map(|action| word(*action));
        let may: Vec<&str> = may.collect();
        let rights = format!("{}{wait}", may.join(" "));
        // The mark and its space, the name, the role.
        let room = columns.saturating_sub(2 + name + ROLE);
        let lines = if rights.is_empty() { vec![rights] } else { wrap(&rights, room) };
        for (at, line) in lines.into_iter().enumerate() {
            let first = at == 0;
            all.push(Line {
                mark: if first { mark } else { " " },
                tone,
                first: if first { safe(&person.name).into_owned() } else { String::new() },
                columns: name,
                rest: format!(" {:<7}{line}", if first { role(person.role) } else { "" }),
            });
        }
    }
    if !access.shares_value_with.is_empty() {
        all.push(plain("", ""));
        all.push(plain("SHARED", "these keys have the same value"));
        for other in &access.shares_value_with {
            all.push(Line {
                mark: "wait",
                tone: Tone::Warn,
                first: safe(&other.name).into_owned(),
                columns: name,
                rest: format!(" {:<12}{}", marks::environment_word(other.environment), other.key_id),
            });
        }
    }
    all.push(plain("", ""));
    all.push(plain("APPS", if access.tokens.is_empty() { "no service token was granted it" } else { "" }));
    for token in &access.tokens {
        let may: Vec<&str> = token.may.iter().map(|action| word(*action)).collect();
        all.push(Line {
            mark: if token.opens { "yes" } else { "no" },
            tone: if token.opens { Tone::Good } else { Tone::Dim },
            first: safe(&token.name).into_owned(),
            columns: name,
            rest: format!(" {}", may.join(" ")),
        });
    }
    all
}

fn word(action: AccessAction) -> &'static str {
    match action {
        AccessAction::See => "see",
        AccessAction::Reveal => "reveal",
        AccessAction::Change => "change",
        AccessAction::Rotate => "rotate",
        AccessAction::Move => "move",
        AccessAction::Delete => "delete",
        AccessAction::Fetch => "fetch",
        AccessAction::Track => "track",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Member => "member",
        Role::Viewer => "viewer",
    }
}
