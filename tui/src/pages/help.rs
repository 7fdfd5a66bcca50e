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
use crate::widgets::pen::{Pen, Ui, at, width, wrap};

/// Columns of a screen that one column of help needs.
const COLUMN: u16 = 58;
/// Columns between two columns of help.
const GAP: u16 = 2;
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

/// A row as it is drawn.
enum Line {
    Title(&'static str),
    /// Keys, and the beginning of what they do.
    Key(String, String),
    /// What they do goes on.
    More(String),
    Gap,
}

/// Where everything stands.
struct Laid {
    list: Rect,
    /// Columns of the screen that a column of help takes.
    wide: u16,
    /// Columns of the keys' names.
    keys: u16,
    lines: Vec<Line>,
    /// Lines of a column.
    height: usize,
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
            let rows = group.rows.iter().map(|row| (names(row.keys), row.hint, row.help)).collect::<Vec<_>>();
            (group.title, rows)
        };
        let sections = self.sections.iter().map(|(key, about)| (key.clone(), "", *about)).collect();
        let sections = std::iter::once(("Sections", sections));
        let all = here.iter().map(keys).chain(sections).chain(elsewhere.iter().map(keys));
        let wanted = self.search.text().to_lowercase();
        let mut rows = Vec::new();
        for (title, mut lines) in all {
            let has = |text: &str| text.to_lowercase().contains(&wanted);
            if !has(title) {
                lines.retain(|(keys, hint, help)| has(keys) || has(hint) || has(help));
            }
            if lines.is_empty() {
                continue;
            }
            if !rows.is_empty() {
                rows.push(Row::Gap);
            }
            rows.push(Row::Title(title));
            rows.extend(lines.into_iter().map(|(keys, _, help)| Row::Key(keys, help)));
        }
        rows
    }

    fn finding(&self) -> bool {
        self.searching || !self.search.is_empty()
    }

    /// Nothing is cut short: what is longer than its column goes on below.
    fn layout(&self, area: Rect) -> Laid {
        let top = u16::from(self.finding());
        let list = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
        let columns = (area.width / COLUMN).max(1);
        let wide = list.width / columns;
        let rows = self.rows();
        let names = |row: &Row| if let Row::Key(keys, _) = row { width(keys) } else { 0 };
        // Those few that have many names take more for themselves.
        let keys = rows.iter().map(names).max().unwrap_or(0).min(KEYS).min(wide / 2);
        let mut lines = Vec::new();
        for row in rows {
            match row {
                Row::Title(title) => lines.push(Line::Title(title)),
                Row::Key(names, help) => {
                    let taken = width(&names).clamp(keys, (wide / 2).max(keys)) + 4 + GAP;
                    let mut said = wrap(help, wide.saturating_sub(taken)).into_iter();
                    lines.push(Line::Key(names, said.next().unwrap_or_default()));
                    lines.extend(said.map(Line::More));
                }
                Row::Gap => lines.push(Line::Gap),
            }
        }
        let height = lines.len().div_ceil(usize::from(columns)).max(usize::from(list.height));
        Laid { list, wide, keys, lines, height }
    }

    fn scroll_by(&mut self, command: Command, cx: &Cx<'_>) {
        let laid = self.layout(cx.area);
        let last = laid.height.saturating_sub(usize::from(laid.list.height));
        self.scroll = scrolled(self.scroll, command, laid.list.height, last);
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
        let Laid { list, wide, keys, lines, height } = self.layout(area);
        let mut cursor = at(area, 0, 0);
        if self.finding() {
            let mut pen = Pen::new(buf, area, 0);
            pen.text("/", ui.style(Tone::Accent));
            let field = Rect { x: pen.x(), width: pen.left(), height: area.height.min(1), ..area };
            cursor = Some(self.search.paint(field, buf, false, ui));
        }
        if lines.is_empty() {
            Pen::new(buf, list, 1).text("Help has no such word. Esc shows all of it.", ui.style(Tone::Dim));
        }
        for (column, lines) in (0u16..).zip(lines.chunks(height)) {
            let place = Rect { x: list.x + column * wide, width: wide.saturating_sub(GAP).max(1), ..list };
            for (row, line) in (0u16..list.height).zip(lines.iter().skip(self.scroll)) {
                let mut pen = Pen::new(buf, place, row);
                match line {
                    Line::Title(title) => pen.text(title, ui.style(Tone::Strong)),
                    Line::Key(names, help) => pen
                        .skip(2)
                        .cell(names, width(names).clamp(keys, (wide / 2).max(keys)), ui.style(Tone::Accent))
                        .skip(2)
                        .text(help, ui.style(Tone::Text)),
                    Line::More(help) => pen.skip(keys + 4).text(help, ui.style(Tone::Text)),
                    Line::Gap => &mut pen,
                };
            }
        }
        cursor
    }
}
