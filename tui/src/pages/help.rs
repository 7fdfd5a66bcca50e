//! Help, made from the tables of keys and sections: what holds where one came from first. `/` looks for a word in it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::Cx;
use crate::app::keymap::{Command, Group, Place, groups, label};
use crate::app::sections;
use crate::app::toast::Toasts;
use crate::pages::{Page, Step, scrolled};
use crate::term::input::{Key, Mouse, MouseKind, Paste};
use crate::theme::Tone;
use crate::widgets::edit::Edit;
use crate::widgets::pen::{Pen, Ui, at, width};

/// Columns of a screen that one column of help needs.
const COLUMN: u16 = 58;
/// Columns of a key's names.
const KEYS: u16 = 17;

/// The help page.
pub(crate) struct HelpPage {
    from: Place,
    scroll: usize,
    search: Edit,
    searching: bool,
    /// The digits of the sections this person sees, and what is there.
    sections: Vec<(String, &'static str)>,
}

enum Row {
    Title(&'static str),
    Key(String, &'static str),
    Gap,
}

impl HelpPage {
    /// Help for this place.
    pub(crate) fn new(from: Place) -> Self {
        Self { from, scroll: 0, search: Edit::new(64), searching: false, sections: Vec::new() }
    }

    /// All rows that have what is looked for.
    fn rows(&self) -> Vec<Row> {
        let near = |group: &&Group| self.from.scopes().contains(&group.scope);
        let (here, elsewhere): (Vec<&Group>, Vec<&Group>) = groups().partition(near);
        let keys = |group: &&Group| {
            let names = |keys: &[Key]| keys.iter().map(|key| label(*key)).collect::<Vec<_>>().join("  ");
            let rows = group.rows.iter().map(|row| (names(row.keys), row.help)).collect();
            (group.title, rows)
        };
        let sections = std::iter::once(("Sections", self.sections.clone()));
        let all = here.iter().map(keys).chain(sections).chain(elsewhere.iter().map(keys));
        let wanted = self.search.text().to_lowercase();
        let mut rows = Vec::new();
        for (title, mut lines) in all {
            let has = |text: &str| text.to_lowercase().contains(&wanted);
            if !has(title) {
                lines.retain(|(keys, help)| has(keys) || has(help));
            }
            if lines.is_empty() {
                continue;
            }
            if !rows.is_empty() {
                rows.push(Row::Gap);
            }
            rows.push(Row::Title(title));
            rows.extend(lines.into_iter().map(|(keys, help)| Row::Key(keys, help)));
        }
        rows
    }

    fn finding(&self) -> bool {
        self.searching || !self.search.is_empty()
    }

    /// The place of the rows, in how many columns they stand, and how many rows each column has.
    fn layout(&self, area: Rect, rows: usize) -> (Rect, usize, usize) {
        let top = u16::from(self.finding());
        let list = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
        let columns = usize::from((area.width / COLUMN).max(1));
        (list, columns, rows.div_ceil(columns).max(usize::from(list.height)))
    }

    fn scroll_by(&mut self, command: Command, cx: &Cx<'_>) {
        let (list, _, height) = self.layout(cx.area, self.rows().len());
        let last = height.saturating_sub(usize::from(list.height));
        self.scroll = scrolled(self.scroll, command, list.height, last);
    }
}

impl Page for HelpPage {
    fn place(&self) -> Place {
        if self.searching { Place::HelpSearch } else { Place::Help }
    }

    fn crumb(&self) -> String {
        "Help".to_owned()
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        let line = |section: &sections::Section| Some((section.key?.to_string(), section.about));
        self.sections = sections::visible(cx.user).filter_map(line).collect();
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Search => self.searching = true,
            Command::Accept => self.searching = false,
            Command::Cancel | Command::Back if self.finding() => {
                self.search.clear();
                (self.searching, self.scroll) = (false, 0);
            }
            Command::Back => return Step::Back,
            command => self.scroll_by(command, cx),
        }
        Step::Stay
    }

    fn typed(&mut self, key: Key, _cx: &mut Cx<'_>) {
        if self.searching && self.search.key(key) {
            self.scroll = 0;
        }
    }

    fn pasted(&mut self, paste: &Paste, _cx: &mut Cx<'_>) {
        if self.searching && self.search.insert(&paste.text.replace(['\n', '\t'], " ")) {
            self.scroll = 0;
        }
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseKind::ScrollUp => self.scroll_by(Command::Up, cx),
            MouseKind::ScrollDown => self.scroll_by(Command::Down, cx),
            _ => {}
        }
        Step::Stay
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let rows = self.rows();
        let (list, columns, height) = self.layout(area, rows.len());
        let mut cursor = at(area, 0, 0);
        if self.finding() {
            let mut pen = Pen::new(buf, area, 0);
            pen.text("/", ui.style(Tone::Accent));
            let field = Rect { x: pen.x(), width: pen.left(), height: area.height.min(1), ..area };
            cursor = Some(self.search.paint(field, buf, false, ui));
        }
        if rows.is_empty() {
            Pen::new(buf, list, 1).text("Help has no such word. Esc shows all of it.", ui.style(Tone::Dim));
        }
        let wide = list.width / columns as u16;
        let keys_width = |row: &Row| if let Row::Key(keys, _) = row { width(keys) } else { 0 };
        // What a key does is never cut short for the few that have many names: those take more for themselves.
        let keys_wide = rows.iter().map(keys_width).max().unwrap_or(0).min(KEYS).min(wide / 2);
        for (column, rows) in (0u16..).zip(rows.chunks(height)) {
            let place = Rect { x: list.x + column * wide, width: wide.saturating_sub(2).max(1), ..list };
            for (row, line) in (0u16..list.height).zip(rows.iter().skip(self.scroll)) {
                let mut pen = Pen::new(buf, place, row);
                match line {
                    Row::Title(title) => pen.text(title, ui.style(Tone::Strong)),
                    Row::Key(keys, help) => pen
                        .skip(2)
                        .cell(keys, width(keys).clamp(keys_wide, wide / 2), ui.style(Tone::Accent))
                        .skip(2)
                        .text(help, ui.style(Tone::Text)),
                    Row::Gap => &mut pen,
                };
            }
        }
        cursor
    }
}
