//! The rules: what each does, whether it is looked at, when it last fired. A rule is changed by a form; it is switched and
//! removed here.

use keyward_keys::Id;
use keyward_keys::input::{AlertRulePatch, AlertRuleQuery};
use keyward_keys::view::{AlertRulePage, AlertRuleView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::layout::Layout;
use super::rule_form::RuleForm;
use super::words;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject};
use crate::app::keymap::Command;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::Step;
use crate::pages::read::Read;
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, at, frame, safe, wrap};

/// Rules that are read: the most that the core gives.
const MOST: u32 = 100;

#[derive(Clone, Copy)]
enum Cell {
    On,
    Name,
    Does,
    Firing,
    Last,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::On, "", 5, 5, 8),
    Column::new(Cell::Name, "RULE", 12, 24, 9),
    Column::new(Cell::Does, "WHAT IT DOES", 20, 90, 6),
    Column::new(Cell::Firing, "FIRING", 7, 7, 5),
    Column::new(Cell::Last, "LAST FIRED", 10, 11, 4),
];

/// The list of rules.
#[derive(Default)]
pub(super) struct Rules {
    read: Read<AlertRulePage>,
    list: List<Id>,
    changing: Option<Pending>,
}

impl Rules {
    /// The list with the selection on this one.
    pub(super) fn on(rule: Option<(Id, usize)>) -> Self {
        Self { list: List::on(rule), ..Self::default() }
    }

    pub(super) fn left(&self) -> Option<(Id, usize)> {
        self.list.left()
    }

    pub(super) fn ask(&mut self, cx: &mut Cx<'_>) {
        let query = AlertRuleQuery { page: 1, limit: MOST };
        self.read.ask(cx, Query::Alerts(AlertAsk::Rules(query)));
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn reveal(&mut self, height: usize) {
        self.list.reveal(height);
    }

    fn current(&self) -> Option<&AlertRuleView> {
        self.read.get()?.rules.get(self.list.selected())
    }

    pub(super) fn open(&self) -> Step {
        self.current().map_or(Step::Stay, |rule| Step::Open(Box::new(RuleForm::edit(rule))))
    }

    pub(super) fn command(&mut self, command: Command, height: usize, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, height) {
            return Step::Stay;
        }
        let Some(rule) = self.current() else { return Step::Stay };
        let id = rule.id;
        match command {
            Command::Open | Command::Edit => return self.open(),
            Command::Switch => {
                let patch = AlertRulePatch { enabled: Some(!rule.enabled), ..AlertRulePatch::default() };
                self.changing = Some(cx.ask(Query::Alerts(AlertAsk::Change(id, Box::new(patch)))));
            }
            Command::Delete => {
                let text = format!("Remove the rule {}? What it raised ends with it.", safe(&rule.name));
                cx.open(Dialog::confirm(Subject::Remove(id), "Remove", text, true));
            }
            _ => {}
        }
        Step::Stay
    }

    /// It was said yes.
    pub(super) fn remove(&mut self, id: Id, cx: &mut Cx<'_>) {
        self.changing = Some(cx.ask(Query::Alerts(AlertAsk::Remove(id))));
    }

    pub(super) fn mouse(&mut self, mouse: Mouse, rows: Rect) -> bool {
        self.list.mouse(mouse, rows)
    }

    pub(super) fn awaits(&self, id: RequestId) -> bool {
        self.read.awaits(id) || Pending::is(self.changing, id)
    }

    pub(super) fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.read.next_tick(now_ms)
    }

    pub(super) fn took(
        &mut self,
        id: RequestId,
        result: Result<Answer, Notice>,
        height: usize,
        cx: &mut Cx<'_>,
    ) {
        if self.read.awaits(id) {
            self.read.take(result, cx, |answer| match answer {
                Answer::Alerts(AlertAnswer::Rules(page)) => Some(page),
                _ => None,
            });
            let ids = self.read.get().into_iter().flat_map(|page| &page.rules).map(|rule| rule.id);
            self.list.renew(ids, height);
            return;
        }
        self.changing = None;
        match result {
            Ok(Answer::Alerts(AlertAnswer::Rule(rule))) => {
                let how =
                    if rule.enabled { "looked at every minute again" } else { "off: nothing comes of it" };
                cx.say(NoticeKind::Done, format!("{} is {how}.", safe(&rule.name)));
            }
            Ok(Answer::Alerts(AlertAnswer::Removed)) => cx.say(NoticeKind::Done, "The rule is removed."),
            Ok(_) => {}
            Err(notice) => cx.tell(notice),
        }
        self.ask(cx);
    }

    pub(super) fn draw(&self, layout: &Layout, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let whole = layout.frames.map_or(layout.list.union(layout.detail), |[left, right]| left.union(right));
        let Some(page) = self.read.get() else {
            return self.read.paint_absence("the rules", whole, buf, ui);
        };
        if page.rules.is_empty() {
            let lines = [
                "n makes one: errors, calls, response times, silence, limits, rotation.",
                "",
                "The form says what it would have done in the past month before you save it.",
            ];
            return blank(whole, buf, "No rule looks at your keys yet.", &lines, ui);
        }
        if let Some([left, right]) = layout.frames {
            frame(buf, left, &format!("Rules {}", page.pagination.total), ui.style(Tone::Accent), ui);
            frame(buf, right, "The selected one", ui.style(Tone::Faint), ui);
        }
        let cursor = list::table(&self.list, COLUMNS, layout.list, buf, ui, true, |pen, row, cell, width| {
            let rule = &page.rules[row];
            let tone = |tone| ui.style(if rule.enabled { tone } else { Tone::Dim });
            match cell {
                Cell::On => {
                    let (mark, word) =
                        if rule.enabled { (ui.glyphs.active, "on") } else { (ui.glyphs.inactive, "off") };
                    pen.text(mark, tone(Tone::Good)).skip(1).text(word, tone(Tone::Text))
                }
                Cell::Name => pen.cell(safe(&rule.name), width, tone(Tone::Strong)),
                Cell::Does => pen.cell(safe(does(rule)), width, tone(Tone::Text)),
                Cell::Firing if rule.firing > 0 => {
                    pen.text(ui.glyphs.live, ui.style(Tone::Bad)).skip(1);
                    pen.text(format::count(rule.firing), ui.style(Tone::Bad))
                }
                Cell::Firing => pen.text("none", ui.style(Tone::Dim)),
                Cell::Last => pen.cell(last(rule, ui.now_ms), width, ui.style(Tone::Dim)),
            };
        });
        if let Some(rule) = self.current() {
            told(rule, layout.detail, buf, ui);
        }
        cursor.or(at(whole, 0, 0))
    }
}

/// Without the word they all begin with.
fn does(rule: &AlertRuleView) -> &str {
    rule.in_words.strip_prefix("Fires ").unwrap_or(&rule.in_words)
}

fn last(rule: &AlertRuleView, now_ms: i64) -> String {
    rule.last_fired.map_or_else(|| "never".to_owned(), |at| format::ago(now_ms, at.as_millisecond()))
}

/// All there is to say of one.
fn told(rule: &AlertRuleView, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let dim = ui.style(Tone::Dim);
    let mut row = 0;
    let mut line = |text: &str, tone: Tone| {
        for part in wrap(text, area.width) {
            Pen::new(buf, area, row).text(part, ui.style(tone));
            row += 1;
        }
    };
    line(&safe(&rule.name), Tone::Strong);
    line(&safe(&rule.in_words), Tone::Text);
    line("", Tone::Dim);
    let recovers = words::value(rule.recovery.unwrap_or(rule.threshold), rule.unit);
    if !rule.unit.is_empty() {
        let fires = words::value(rule.threshold, rule.unit);
        line(&format!("Fires from {fires} on, recovers below {recovers}."), Tone::Dim);
    }
    line(&format!("Last fired: {}.", last(rule, ui.now_ms)), Tone::Dim);
    let mut pen = Pen::new(buf, area, row);
    match rule.enabled {
        true if rule.key_in_bin => {
            pen.text(ui.glyphs.paused, ui.style(Tone::Warn)).text(" waits: its key is in the bin", dim)
        }
        true => pen.text(ui.glyphs.active, ui.style(Tone::Good)).text(" looked at every minute", dim),
        false => pen.text(ui.glyphs.inactive, dim).text(" off: d switches it on", dim),
    };
}
