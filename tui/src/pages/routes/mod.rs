//! The routes of the HTTP door, each with a line for curl and one for ssh that can be copied, for the thing at hand.

mod table;

pub use table::{ROUTES, Route};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;

use crate::app::Effect;
use crate::app::again::Again;
use crate::app::cx::Cx;
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::notice::NoticeKind;
use crate::pages::{Page, Step};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, frame, safe, wrap};

#[derive(Clone, Copy)]
enum Cell {
    Subject,
    Method,
    Path,
    About,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Subject, "", 8, 9, 2),
    Column::new(Cell::Method, "METHOD", 6, 6, 8),
    Column::new(Cell::Path, "ROUTE", 24, 32, 9),
    Column::new(Cell::About, "WHAT IT DOES", 20, 60, 5),
];

/// Rows of the lines below the table, with their frame.
const LINES: u16 = 8;

/// The page.
#[derive(Default)]
pub(crate) struct RoutesPage {
    list: List<usize>,
    /// Stands for `{id}` and `KEY` in the lines.
    thing: Option<(String, String)>,
    ssh_command: String,
}

impl RoutesPage {
    /// The routes about a key, by its id and its name as a word of a shell; the rest follows.
    pub(crate) fn of_key(id: String, word: String) -> Self {
        Self { thing: Some((id, word)), ..Self::default() }
    }

    fn parts(area: Rect) -> (Rect, Rect) {
        let below = if area.height >= 14 { LINES } else { area.height.min(2) };
        let table = Rect { height: area.height - below, ..area };
        (table, Rect { y: table.bottom(), height: below, ..area })
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(list::rows(Self::parts(cx.area).0).height)
    }

    fn current(&self) -> &'static Route {
        &ROUTES[self.list.selected().min(ROUTES.len() - 1)]
    }

    /// The line for curl. Address and token come from the environment: a token does not belong into a history.
    fn curl(&self, route: &Route) -> String {
        let mut path = route.path.to_owned();
        if let Some((id, _)) = self
            .thing
            .as_ref()
            .filter(|_| route.path.starts_with("/api/keys/{id}") || route.path.starts_with("/api/usage/{id}"))
        {
            path = path.replace("{id}", id);
        }
        let path = path.replace('{', "$").replace('}', "");
        let mut line = String::from("curl -sS");
        if route.method != "GET" {
            line.push_str(" -X ");
            line.push_str(route.method);
        }
        if route.path.starts_with("/api/") && route.path != "/api/auth/login" || route.path == "/ws" {
            line.push_str(" -H \"Authorization: Bearer $KEYWARD_TOKEN\"");
        }
        if !route.body.is_empty() {
            line.push_str(" --json '");
            line.push_str(route.body);
            line.push('\'');
        }
        line.push_str(" \"$KEYWARD_URL");
        line.push_str(&path);
        line.push('"');
        line
    }

    fn ssh(&self, route: &Route) -> Option<String> {
        let words = match &self.thing {
            Some((_, word)) => route.ssh.replace("KEY", word),
            None => route.ssh.to_owned(),
        };
        (!words.is_empty()).then(|| format!("{} {words}", safe(&self.ssh_command)))
    }

    fn copy(text: String, what: &str, cx: &mut Cx<'_>) {
        cx.effect(Effect::Copy(SecretString::from(text)));
        cx.say(
            NoticeKind::Done,
            format!("The {what} line was sent to your terminal's clipboard, if it takes such."),
        );
    }
}

impl Page for RoutesPage {
    fn place(&self) -> Place {
        Place::Routes
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::CopyLine && self.current().ssh.is_empty()
    }

    fn crumb(&self) -> String {
        "API".to_owned()
    }

    fn again(&self) -> Option<Again> {
        let (thing, row) = (self.thing.clone(), self.list.left());
        Again::page(move || Self { thing, list: List::on(row), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.ssh_command.clone_from(&cx.host.ssh_command);
        let fresh = self.list.is_empty();
        self.list.renew(0..ROUTES.len(), Self::height(cx));
        if self.thing.is_some() && fresh {
            let first = ROUTES.iter().position(|route| route.path.starts_with("/api/keys/{id}"));
            self.list.select(first.unwrap_or(0), Self::height(cx));
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, Self::height(cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Copy => Self::copy(self.curl(self.current()), "curl", cx),
            Command::CopyLine => match self.ssh(self.current()) {
                Some(line) => Self::copy(line, "ssh", cx),
                None => cx.say(NoticeKind::Info, "No command over ssh does the same."),
            },
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        self.list.mouse(mouse, list::rows(Self::parts(cx.area).0));
        Step::Stay
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(Self::height(cx));
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let (table, below) = Self::parts(area);
        let route = self.current();
        let (curl, ssh) = (self.curl(route), self.ssh(route));
        let inner =
            if below.height >= 5 { frame(buf, below, route.about, ui.style(Tone::Faint), ui) } else { below };
        let mut row = 0;
        let lines = [("curl", Some(curl)), ("ssh", ssh)];
        for (name, line) in lines.iter().filter_map(|(name, line)| line.as_ref().map(|line| (name, line))) {
            for (at, part) in wrap(line, inner.width.saturating_sub(6)).iter().enumerate() {
                Pen::new(buf, inner, row)
                    .cell(if at == 0 { *name } else { "" }, 6, ui.style(Tone::Dim))
                    .text(part, ui.style(Tone::Text));
                row += 1;
                if below.height < 5 {
                    break;
                }
            }
        }
        list::table(&self.list, COLUMNS, table, buf, ui, true, |pen, row, cell, width| {
            let route = &ROUTES[row];
            let first = row == 0 || ROUTES[row - 1].subject != route.subject;
            match cell {
                Cell::Subject => pen.cell(if first { route.subject } else { "" }, width, ui.style(Tone::Dim)),
                Cell::Method => {
                    let tone = match route.method {
                        "GET" => Tone::Good,
                        "DELETE" => Tone::Bad,
                        _ => Tone::Warn,
                    };
                    pen.cell(route.method, width, ui.style(tone))
                }
                Cell::Path => pen.cell(route.path, width, ui.style(Tone::Strong)),
                Cell::About => pen.cell(route.about, width, ui.style(Tone::Dim)),
            };
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn every_ssh_line_is_of_a_command_there_is() {
        for line in ROUTES.iter().map(|route| route.ssh).filter(|line| !line.is_empty()) {
            let words = line.split(" < ").next().unwrap_or_default();
            let known =
                cli::lines().any(|(known, ..)| words == known || words.starts_with(&format!("{known} ")));
            assert!(known, "{line}");
        }
    }

    #[test]
    fn every_body_is_json_and_every_get_has_none() {
        for route in ROUTES {
            let fine = match route.method {
                "GET" | "DELETE" => route.body.is_empty(),
                _ => route.body.is_empty() || serde_json::from_str::<serde_json::Value>(route.body).is_ok(),
            };
            assert!(fine, "{} {}", route.method, route.path);
        }
    }
}
