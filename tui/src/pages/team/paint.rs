//! Draws a team's page: the people with who is here, the invitations, and what one may do in it.

use keyward_keys::view::{MemberView, PresentView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::days;
use crate::pages::team::people::{Pane, TeamPage};
use crate::pages::team::{keys, policy, words};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::{self, Column};
use crate::widgets::pen::{Parts, Pen, Ui, frame, safe, width, wrap};

/// Columns of a fact's label.
const LABEL: u16 = 8;

#[derive(Clone, Copy)]
enum Cell {
    Name,
    Role,
    Here,
    Sealed,
    Email,
    Joined,
}

const PEOPLE: &[Column<Cell>] = &[
    Column::new(Cell::Name, "NAME", 16, 30, 9),
    Column::new(Cell::Role, "ROLE", 7, 8, 8),
    Column::new(Cell::Here, "HERE NOW", 18, 30, 7),
    Column::new(Cell::Sealed, "SEALED KEYS", 15, 16, 5),
    Column::new(Cell::Email, "E-MAIL", 18, 32, 4),
    Column::new(Cell::Joined, "JOINED", 8, 10, 3),
];

#[derive(Clone, Copy)]
enum Invited {
    Email,
    Role,
    Expires,
}

const INVITED: &[Column<Invited>] = &[
    Column::new(Invited::Email, "INVITED", 16, 40, 9),
    Column::new(Invited::Role, "AS", 7, 8, 5),
    Column::new(Invited::Expires, "GOOD FOR", 8, 10, 4),
];

impl TeamPage {
    fn present(&self, member: &MemberView) -> Option<&PresentView> {
        self.here.iter().find(|present| present.user_id == member.user_id)
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let layout = self.layout(area);
        if self.people.get().is_none() {
            return self.people.paint_absence("the team", area, buf, ui);
        }
        self.summary(layout.summary, buf, ui);
        let people = self.members_table(layout.people, buf, ui);
        let side = layout.beside[1];
        if let Some(member) = self.selected().filter(|_| side.width > 0) {
            self.person(side, buf, member, ui);
        }
        if layout.beside[0].width > 0 {
            let focused = self.pane == Pane::Invitations;
            let tone = ui.style(if focused { Tone::Accent } else { Tone::Faint });
            frame(buf, layout.beside[0], "Invitations", tone, ui);
        }
        Pen::new(buf, layout.heading, 0).text("Invitations", ui.style(Tone::Strong));
        let invitations = self.invitations_table(layout.invitations, buf, ui);
        self.line(layout.line, buf, ui);
        if let Some(keys) = self.keys.get().filter(|_| layout.keys.height > 1) {
            keys::draw(keys, layout.keys, buf, ui);
            if let Some(series) = self.days.get() {
                days::draw(series, layout.days, buf, ui);
            }
        }
        match self.pane {
            Pane::People => people,
            Pane::Invitations => invitations,
        }
    }

    fn summary(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let (dim, dot) = (ui.style(Tone::Dim), format!(" {} ", ui.glyphs.dot));
        let people = self.members.len();
        let mut pen = Pen::new(buf, area, 0);
        if area.width < 60 && self.pane == Pane::Invitations {
            pen.text("Invitations", ui.style(Tone::Strong));
            return;
        }
        pen.text("You are ", dim).text(words::role(self.team.role), ui.style(Tone::Strong)).text(&dot, dim);
        pen.text(format!("{people} {}", if people == 1 { "person" } else { "people" }), ui.style(Tone::Text));
        pen.text(format!(", {} here", self.here.len()), ui.style(Tone::Text)).text(&dot, dim);
        pen.text(format!("{} keys", self.team.keys), ui.style(Tone::Text));
        if self.team.newcomers > 0 {
            let tone = ui.style(Tone::Warn);
            pen.text(&dot, dim).text(ui.glyphs.warning, tone);
            let wait = if self.team.newcomers == 1 { "waits" } else { "wait" };
            pen.text(format!(" {} {wait} to be let in", self.team.newcomers), tone);
            let how = ": unlock in your profile";
            if pen.left() >= width(how) {
                pen.text(how, tone);
            }
        }
    }

    fn members_table(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let people = self.people.get().map(Vec::as_slice).unwrap_or_default();
        let focused = self.pane == Pane::People;
        list::table(&self.members, PEOPLE, area, buf, ui, focused, |pen, row, cell, width| {
            let member = &people[row];
            let present = self.present(member);
            match cell {
                Cell::Name => {
                    let (mark, tone) = match present {
                        Some(_) => (ui.glyphs.active, Tone::Good),
                        None => (ui.glyphs.inactive, Tone::Faint),
                    };
                    pen.text(mark, ui.style(tone)).skip(1);
                    pen.cell(safe(&member.name), width.saturating_sub(2), ui.style(Tone::Strong))
                }
                Cell::Role => {
                    pen.cell(words::role(member.role), width, ui.style(words::role_tone(member.role)))
                }
                Cell::Here => match present {
                    Some(present) => pen.cell(words::here(present), width, ui.style(Tone::Text)),
                    None => pen.cell(ui.glyphs.dot, width, ui.style(Tone::Faint)),
                },
                Cell::Sealed => {
                    let (mark, word, tone) = words::sealed(member.access, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone))
                }
                Cell::Email => pen.cell(safe(&member.email), width, ui.style(Tone::Dim)),
                Cell::Joined => {
                    let at = member.joined_at.as_millisecond();
                    pen.cell(format::ago(ui.now_ms, at), width, ui.style(Tone::Dim))
                }
            };
        })
    }

    fn invitations_table(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        if area.width == 0 || area.height == 0 {
            return None;
        }
        let invitations = self.invitations.get().map(Vec::as_slice).unwrap_or_default();
        let focused = self.pane == Pane::Invitations;
        if invitations.is_empty() {
            let mut pen = Pen::new(buf, area, 0);
            let at = Position::new(pen.x(), area.y);
            pen.text("Nobody is invited. ", ui.style(Tone::Dim));
            pen.text("n", ui.style(Tone::Accent)).text(" invites somebody.", ui.style(Tone::Dim));
            return Some(at);
        }
        list::table(&self.invited, INVITED, area, buf, ui, focused, |pen, row, cell, width| {
            let invitation = &invitations[row];
            match cell {
                Invited::Email => pen.cell(safe(&invitation.email), width, ui.style(Tone::Strong)),
                Invited::Role => pen.cell(words::role(invitation.role), width, ui.style(Tone::Text)),
                Invited::Expires => {
                    let left = invitation.expires_at.as_millisecond() - ui.now_ms;
                    pen.cell(format::span(left), width, ui.style(Tone::Dim))
                }
            };
        })
    }

    fn selected(&self) -> Option<&MemberView> {
        self.people.get()?.get(self.members.selected())
    }

    /// Who is selected, in a frame: facts, and what their role may.
    fn person(&self, area: Rect, buf: &mut Buffer, member: &MemberView, ui: &Ui) {
        let inner = frame(buf, area, &safe(&member.name), ui.style(Tone::Faint), ui);
        let present = self.present(member);
        let here = match present {
            Some(present) => format!(
                "{}, {}",
                words::kinds(&present.kinds),
                format::ago(ui.now_ms, present.since.as_millisecond())
            ),
            None => "no".to_owned(),
        };
        let viewing = match present.map(|present| &present.viewing) {
            Some(Some(viewing)) => words::viewing(viewing),
            Some(None) => "not shared".to_owned(),
            None => String::new(),
        };
        let (mark, word, tone) = words::sealed(member.access, ui);
        let facts = [
            ("E-mail", safe(&member.email).into_owned(), Tone::Text),
            ("Login", safe(&member.login).into_owned(), Tone::Text),
            ("Joined", format::ago(ui.now_ms, member.joined_at.as_millisecond()), Tone::Text),
            ("Here", here, if present.is_some() { Tone::Good } else { Tone::Dim }),
            ("Views", viewing, Tone::Text),
            ("Sealed", format!("{mark} {word}"), tone),
            ("Key", member.key_fingerprint.as_deref().map(safe).unwrap_or_default().into_owned(), Tone::Dim),
        ];
        let mut row = 0;
        for (label, text, tone) in facts.iter().filter(|(_, text, _)| !text.is_empty()) {
            for (at, line) in wrap(text, inner.width.saturating_sub(LABEL)).iter().enumerate() {
                let label = if at == 0 { label } else { "" };
                Pen::new(buf, inner, row).cell(label, LABEL, ui.style(Tone::Dim)).text(line, ui.style(*tone));
                row += 1;
            }
        }
        row += 1;
        let role = words::role(member.role);
        Pen::new(buf, inner, row)
            .text("As ", ui.style(Tone::Dim))
            .text(role, ui.style(Tone::Strong))
            .text(" they may", ui.style(Tone::Dim));
        policy::list(inner, buf, row + 1, member.role, ui);
    }

    /// Who is selected, in a line or two, where there is no frame.
    fn line(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let dim = ui.style(Tone::Dim);
        let Some(member) = self.selected().filter(|_| self.pane == Pane::People) else { return };
        let ago = |at: jiff::Timestamp| format::ago(ui.now_ms, at.as_millisecond());
        let mut parts = Parts::new(Pen::new(buf, area, 0), false, ui);
        parts.add(&[(&safe(&member.email), dim)]);
        if let Some(present) = self.present(member) {
            parts.add(&[("here since ", dim), (&ago(present.since), ui.style(Tone::Good))]);
        }
        parts.add(&[("joined ", dim), (&ago(member.joined_at), dim)]);
        if let Some(fingerprint) = &member.key_fingerprint {
            Parts::new(Pen::new(buf, area, 1), false, ui).add(&[("key ", dim), (&safe(fingerprint), dim)]);
        }
    }
}
