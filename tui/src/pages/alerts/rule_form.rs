//! The form for a rule. While one types it says what the rule will do and what it would have done in the past month; what
//! was typed stays until the core has taken it.

mod paint;

use jiff::tz::TimeZone;
use keyward_keys::input::{KeyQuery, KeySort};
use keyward_keys::view::{AlertRuleView, AlertTrialView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::rule_fields::{Field, Fields, placed};
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::{Page, Step, banner, sooner};
use crate::term::input::{Button, Key, Mouse, MouseKind, Paste};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, safe, width, wrap};

/// How long the hands rest before it is tried, ms.
const REST_MS: i64 = 400;
/// Keys that are offered for what is typed.
const FOUND: u32 = 8;
/// Columns of labels and fields.
const LABEL: u16 = 16;
const FIELD: u16 = 44;
/// From this width on, remarks stand beside their fields.
const WIDE: u16 = 96;

/// The page.
pub(super) struct RuleForm {
    fields: Fields,
    focus: Field,
    left: Vec<Field>,
    refused: Vec<(Field, String)>,
    banner: Option<Notice>,
    saving: Option<Pending>,
    teams: Option<Pending>,
    finding: Option<Pending>,
    trying: Option<Pending>,
    tried: Option<Result<AlertTrialView, String>>,
    /// When what was typed is to be tried.
    rests_ms: Option<i64>,
    zone: Option<TimeZone>,
}

impl RuleForm {
    /// An empty form.
    pub(super) fn new() -> Self {
        Self::with(Fields::new())
    }

    /// A form to change this rule.
    pub(super) fn edit(rule: &AlertRuleView) -> Self {
        Self::with(Fields::of(rule))
    }

    fn with(fields: Fields) -> Self {
        Self {
            fields,
            focus: Field::Condition,
            left: Vec::new(),
            refused: Vec::new(),
            banner: None,
            saving: None,
            teams: None,
            finding: None,
            trying: None,
            tried: None,
            rests_ms: None,
            zone: None,
        }
    }

    /// What is wrong with a field, if that should be said yet.
    fn fault(&self, field: Field) -> Option<String> {
        let told = |faults: &[(Field, String)]| {
            faults.iter().find(|(at, _)| *at == field).map(|(_, text)| text.clone())
        };
        let typed = !field.is_choice() && field != Field::Key && !self.fields.text(field).is_empty();
        let due = typed || self.left.contains(&field);
        told(&self.refused).or_else(|| due.then(|| told(&self.fields.new_rule().1)).flatten())
    }

    fn go(&mut self, forward: bool) {
        self.left.push(self.focus);
        let shown = self.fields.shown();
        let at = shown.iter().position(|field| *field == self.focus).unwrap_or(0);
        let next = if forward { at + 1 } else { at + shown.len() - 1 };
        self.focus = shown[next % shown.len()];
    }

    fn changed(&mut self, cx: &mut Cx<'_>) {
        let focus = self.focus;
        self.refused.retain(|(field, _)| *field != focus);
        self.banner = None;
        // What was tried is of other figures now.
        (self.tried, self.trying) = (None, None);
        self.rests_ms = Some(cx.now_ms + REST_MS);
        let typed = self.fields.text(Field::Key);
        if focus == Field::Key && !typed.is_empty() {
            let query = KeyQuery {
                page: 1,
                limit: FOUND,
                search: Some(typed.to_owned()),
                sort: KeySort::Name,
                ..KeyQuery::default()
            };
            self.finding = Some(cx.ask(Query::List(query)));
        }
    }

    fn attempt(&mut self, cx: &mut Cx<'_>) {
        self.rests_ms = None;
        if let Some(trial) = self.fields.trial() {
            self.trying = Some(cx.ask(Query::Alerts(AlertAsk::Try(trial))));
        }
    }

    fn save(&mut self, cx: &mut Cx<'_>) {
        if self.saving.is_some() {
            return;
        }
        let shown = self.fields.shown();
        let (new, faults) = self.fields.new_rule();
        self.left.extend(&shown);
        if let Some((field, _)) = faults.iter().find(|(field, _)| shown.contains(field)) {
            self.focus = *field;
            return;
        }
        (self.refused, self.banner) = (Vec::new(), None);
        let ask = match self.fields.rule() {
            Some(rule) => AlertAsk::Change(rule.id, Box::new(self.fields.patch())),
            None => AlertAsk::Make(Box::new(new)),
        };
        self.saving = Some(cx.ask(Query::Alerts(ask)));
    }

    fn refuse(&mut self, notice: Notice) {
        self.refused = notice.faults.iter().cloned().filter_map(placed).collect();
        if let Some((field, _)) = self.refused.first() {
            self.focus = *field;
        }
        let text = match notice.faults.first().filter(|_| self.refused.is_empty()) {
            Some(fault) => format!("{} {}", fault.field, fault.detail),
            None => notice.text.clone(),
        };
        self.banner = Some(Notice { text, ..notice });
    }
}

impl Page for RuleForm {
    fn place(&self) -> Place {
        Place::Form
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Generate
    }

    fn crumb(&self) -> String {
        if self.fields.rule().is_some() { "Change the rule" } else { "New rule" }.to_owned()
    }

    fn unsaved(&self) -> bool {
        self.fields.touched()
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.zone = TimeZone::get(&cx.user.time_zone).ok();
        self.teams = Some(cx.ask(Query::Teams));
        self.attempt(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Next => self.go(true),
            Command::Previous => self.go(false),
            Command::Accept if self.fields.shown().last() == Some(&self.focus) => self.save(cx),
            Command::Accept => self.go(true),
            Command::Save => self.save(cx),
            Command::Cancel if self.unsaved() => {
                let text = "Discard what you typed?".to_owned();
                cx.open(Dialog::confirm(Subject::Discard, "Leave the form", text, false));
            }
            Command::Cancel => return Step::Back,
            _ => {}
        }
        Step::Stay
    }

    fn typed(&mut self, key: Key, cx: &mut Cx<'_>) {
        if self.fields.key(self.focus, key) {
            self.changed(cx);
        }
    }

    fn pasted(&mut self, paste: &Paste, cx: &mut Cx<'_>) {
        let line = paste.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if paste.truncated || !self.fields.insert(self.focus, &line) {
            cx.say(NoticeKind::Warning, "That paste is too long for this field; nothing was put in.");
        } else {
            self.changed(cx);
        }
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        let row = mouse.row.checked_sub(cx.area.y);
        let slots = self.slots(cx.area, self.room(cx.area, cx.now_ms));
        let hit = slots.into_iter().find(|(_, at)| Some(*at) == row);
        if let Some((field, _)) = hit.filter(|_| mouse.kind == MouseKind::Press(Button::Left)) {
            self.left.push(self.focus);
            self.focus = field;
        }
        Step::Stay
    }

    fn verdict(&mut self, _subject: Subject, _verdict: Verdict, _cx: &mut Cx<'_>) -> Step {
        Step::Back
    }

    fn awaits(&self, id: RequestId) -> bool {
        let all = [self.saving, self.teams, self.finding, self.trying];
        all.into_iter().any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.saving, id) {
            self.saving = None;
            match result {
                Ok(Answer::Alerts(AlertAnswer::Rule(rule))) => {
                    let how =
                        if self.fields.rule().is_some() { "is changed" } else { "is looked at every minute" };
                    cx.say(NoticeKind::Done, format!("{} {how}.", safe(&rule.name)));
                    return Step::Back;
                }
                Ok(_) => {}
                Err(notice) => self.refuse(notice),
            }
        } else if Pending::is(self.teams, id) {
            self.teams = None;
            if let Ok(Answer::Teams(teams)) = result {
                self.fields.set_teams(teams);
            }
        } else if Pending::is(self.finding, id) {
            self.finding = None;
            if let Ok(Answer::Keys(page)) = result {
                self.fields.set_found(page.keys);
                self.rests_ms = Some(cx.now_ms + REST_MS);
            }
        } else {
            self.trying = None;
            self.tried = match result {
                Ok(Answer::Alerts(AlertAnswer::Tried(tried))) => Some(Ok(*tried)),
                Ok(_) => None,
                Err(notice) => Some(Err(notice.text)),
            };
        }
        Step::Stay
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.rests_ms.is_some_and(|at| cx.now_ms >= at) && cx.front {
            self.attempt(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let long =
            [self.saving, self.trying].into_iter().flatten().filter_map(|one| one.long_from(now_ms)).min();
        sooner(self.rests_ms, long)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        if area.height >= 14 {
            let (title, text) = match self.fields.rule() {
                Some(rule) => {
                    (format!("Change {}", safe(&rule.name)), format!("For {}.", self.fields.whose()))
                }
                None => (
                    "New rule".to_owned(),
                    "Looked at every minute; each time it fires, its people are told.".to_owned(),
                ),
            };
            Pen::new(buf, area, 0).text(title, ui.style(Tone::Strong));
            Pen::new(buf, area, 1).text(text, ui.style(Tone::Dim));
        }
        let mut cursor = None;
        let window = self.room(area, ui.now_ms);
        let slots = self.slots(area, window);
        for (field, row) in slots.iter().filter(|(_, row)| *row < window) {
            let line = Rect { y: area.y + row, height: 1, ..area };
            let place = self.draw_field(*field, line, buf, ui);
            if *field == self.focus {
                cursor = Some(place);
            }
            self.draw_remark(*field, line, window - row, buf, ui);
        }
        let said = slots.last().map_or(0, |(field, _)| self.said(*field, area).len());
        let said = u16::try_from(said).unwrap_or(1).max(1);
        let below =
            slots.last().map_or(0, |(_, row)| row + 2 + said).min(window + u16::from(area.height >= 14));
        for (row, (line, tone)) in (below..).zip(self.meaning(area, ui.now_ms)) {
            Pen::new(buf, area, row).text(line, ui.style(tone));
        }
        let last = area.height.saturating_sub(1);
        if self.saving.is_some_and(|pending| pending.is_long(ui.now_ms)) {
            Pen::new(buf, area, last).text("Saving…", ui.style(Tone::Dim));
        } else if let Some(banner) = &self.banner {
            banner::draw(banner, "What you typed is kept.", area, buf, ui);
        }
        cursor.filter(|at| area.contains(*at))
    }
}
