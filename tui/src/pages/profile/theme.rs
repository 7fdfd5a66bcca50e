//! Choosing a theme: the whole screen shows the one the selection is on; Enter keeps it, Esc leaves all as it was.

use keyward_keys::input::{PreferencesChange, ProfileChange, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AccountQuery, Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::{Page, Step};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::chart;
use crate::widgets::list::List;
use crate::widgets::pen::{Pen, Ui, at};

/// The themes, with a word on each.
pub(super) const THEMES: [(Theme, &str); 4] = [
    (Theme::Auto, "as the terminal's ground is"),
    (Theme::Dark, "for dark grounds"),
    (Theme::Light, "for light grounds"),
    (Theme::Contrast, "strong contrasts, on any ground"),
];

/// What the sample shows.
const SAMPLE: [(Tone, &str); 9] = [
    (Tone::Strong, "names and figures"),
    (Tone::Text, "everything else"),
    (Tone::Dim, "labels and units"),
    (Tone::Accent, "keys to press"),
    (Tone::Good, "fine"),
    (Tone::Warn, "look at this"),
    (Tone::Bad, "wrong"),
    (Tone::Production, "production"),
    (Tone::Development, "development"),
];

/// The page.
pub(super) struct ThemePage {
    list: List<usize>,
    saving: Option<Pending>,
}

impl ThemePage {
    /// With the selection on the theme that holds.
    pub(super) fn new(now: &str) -> Self {
        let mut list = List::default();
        list.renew(0..THEMES.len(), THEMES.len());
        list.select(THEMES.iter().position(|theme| theme.0.name() == now).unwrap_or(0), THEMES.len());
        Self { list, saving: None }
    }

    fn chosen(&self) -> Theme {
        THEMES[self.list.selected().min(THEMES.len() - 1)].0
    }

    /// Where the themes stand.
    fn rows(area: Rect) -> Rect {
        let from = if area.height >= 8 { 2 } else { 0 };
        Rect { y: area.y + from, height: (area.height - from).min(THEMES.len() as u16), ..area }
    }

    fn keep(&mut self, cx: &mut Cx<'_>) {
        let preferences = PreferencesChange { theme: Some(self.chosen()), ..PreferencesChange::default() };
        let change = ProfileChange { preferences, ..ProfileChange::default() };
        self.saving = Some(cx.ask(Query::Account(AccountQuery::Change(Box::new(change)))));
    }
}

impl Page for ThemePage {
    fn place(&self) -> Place {
        Place::Theme
    }

    fn crumb(&self) -> String {
        "Theme".to_owned()
    }

    fn theme(&self) -> Option<&'static str> {
        Some(self.chosen().name())
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, usize::from(Self::rows(cx.area).height)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open if self.saving.is_none() => self.keep(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        if self.list.mouse(mouse, Self::rows(cx.area)) && double {
            self.keep(cx);
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.saving, id)
    }

    fn answer(&mut self, _id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        self.saving = None;
        match result {
            Ok(_) => {
                cx.say(NoticeKind::Done, format!("The theme is {} now.", self.chosen().name()));
                Step::Back
            }
            Err(notice) => {
                cx.tell(notice);
                Step::Stay
            }
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(usize::from(Self::rows(cx.area).height));
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let rows = Self::rows(area);
        if rows.y > area.y {
            let text = "The screen shows each as you move. Enter keeps it, Esc leaves all as it was.";
            Pen::new(buf, area, 0).text(text, ui.style(Tone::Dim));
        }
        let mut cursor = None;
        for (row, number) in (0..rows.height).zip(self.list.visible(usize::from(rows.height))) {
            let (theme, about) = THEMES[number];
            let line = Rect { y: rows.y + row, height: 1, ..rows };
            Pen::new(buf, line, 0)
                .skip(2)
                .cell(theme.name(), 10, ui.style(Tone::Strong))
                .text(about, ui.style(Tone::Text));
            if number == self.list.selected() {
                Pen::new(buf, line, 0).text(ui.glyphs.marker, ui.style(Tone::Accent));
                ui.theme.select(buf, line);
                cursor = at(line, 0, 0);
            }
        }
        let top = rows.bottom() - area.y + 1;
        let below =
            Rect { y: area.y + top.min(area.height), height: area.height.saturating_sub(top), ..area };
        for (row, (tone, text)) in (0u16..).zip(SAMPLE) {
            Pen::new(buf, below, row)
                .skip(2)
                .text(ui.glyphs.live, ui.style(tone))
                .skip(1)
                .text(text, ui.style(tone));
        }
        let curve: Vec<f64> = (0..48).map(|x| 1.0 + (f64::from(x) / 6.0).sin()).collect();
        let chart = Rect { x: below.x + 28, width: below.width.saturating_sub(28).min(48), ..below };
        chart::area(buf, Rect { height: chart.height.min(6), ..chart }, &curve, 2.2, ui);
        cursor
    }
}
