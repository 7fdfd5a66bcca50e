//! Help, made from the table of keys: what holds where one came from, first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::Cx;
use crate::app::keymap::{BINDINGS, Command, Place, Scope, label};
use crate::app::toast::Toasts;
use crate::pages::{Page, Step, scrolled};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, width};

/// The help page.
pub(crate) struct HelpPage {
    from: Place,
    scroll: usize,
}

enum Row {
    Title(&'static str),
    Key(String, &'static str),
    Gap,
}

impl HelpPage {
    /// Help for this place.
    pub(crate) fn new(from: Place) -> Self {
        Self { from, scroll: 0 }
    }

    fn rows(&self) -> Vec<Row> {
        let mut scopes: Vec<Scope> = self.from.scopes().to_vec();
        let all = [
            Scope::Keys,
            Scope::Search,
            Scope::Key,
            Scope::Form,
            Scope::Above,
            Scope::Movement,
            Scope::Anywhere,
            Scope::Always,
        ];
        scopes.extend(all.into_iter().filter(|scope| !self.from.scopes().contains(scope)));
        let mut rows = Vec::new();
        for scope in scopes {
            if !rows.is_empty() {
                rows.push(Row::Gap);
            }
            rows.push(Row::Title(title(scope)));
            for binding in BINDINGS.iter().filter(|binding| binding.scope == scope) {
                let keys: Vec<_> = binding.keys.iter().map(|key| label(*key)).collect();
                rows.push(Row::Key(keys.join("  "), binding.help));
            }
        }
        rows
    }
}

fn title(scope: Scope) -> &'static str {
    match scope {
        Scope::Always => "Always, also while typing",
        Scope::Anywhere => "On every page",
        Scope::Above => "Going back",
        Scope::Movement => "Moving",
        Scope::Keys => "List of keys",
        Scope::Search => "While searching",
        Scope::Key => "A key's page",
        Scope::Form => "In a form",
    }
}

impl Page for HelpPage {
    fn place(&self) -> Place {
        Place::Help
    }

    fn crumb(&self) -> String {
        "Help".to_owned()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if command == Command::Back {
            return Step::Back;
        }
        let last = self.rows().len().saturating_sub(usize::from(cx.area.height));
        self.scroll = scrolled(self.scroll, command, cx.area.height, last);
        Step::Stay
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let rows = self.rows();
        let keys_width = |row: &Row| if let Row::Key(keys, _) = row { width(keys) } else { 0 };
        let columns = rows.iter().map(keys_width).max().unwrap_or(0).min(area.width / 2);
        for (row, line) in (0u16..area.height).zip(rows.iter().skip(self.scroll)) {
            let mut pen = Pen::new(buf, area, row);
            match line {
                Row::Title(title) => pen.text(title, ui.style(Tone::Strong)),
                Row::Key(keys, help) => pen
                    .skip(2)
                    .cell(keys, columns, ui.style(Tone::Accent))
                    .skip(2)
                    .text(help, ui.style(Tone::Text)),
                Row::Gap => &mut pen,
            };
        }
        at(area, 0, 0)
    }
}
