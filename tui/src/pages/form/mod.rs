//! The form for a key, new or changed. It checks as one types, keeps faults beside their fields, and loses nothing when
//! the core refuses: only a key that was stored empties it.

mod field;
pub(crate) mod import;
mod kind;
mod paint;
pub(crate) mod parse;
mod rotating;
mod space;
mod trying;

use keyward_keys::input::NewKey;
use keyward_keys::view::KeyView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step};
use crate::term::input::{Button, Key, KeyCode, Mouse, MouseKind, Paste};
use crate::widgets::pen::{Ui, safe};

use field::{Field, Fields};
use trying::Trial;

/// The form's page.
pub(crate) struct FormPage {
    fields: Fields,
    focus: Field,
    /// What the core had against it, by field.
    refused: Vec<(Field, String)>,
    /// What it said that belongs to no field.
    banner: Option<Notice>,
    saving: Option<Pending>,
    /// What is sealed is opened, to be saved then.
    opening: Option<Pending>,
    /// A paste of several lines, until it is said how to take it.
    paste: Option<Zeroizing<String>>,
    /// A value is being made.
    making: Option<Pending>,
    /// By this template.
    template: String,
    /// The key is read again: somebody else changed it, or it came from the row of a list.
    reading: Option<Pending>,
    /// What the limit and the budget that are typed would have done.
    trial: Trial,
}

/// The template one begins with.
const TEMPLATE: &str = "{48}";

impl FormPage {
    /// An empty form.
    pub(crate) fn new() -> Self {
        Self::with(Fields::new())
    }

    /// A form to change this key.
    pub(crate) fn edit(key: KeyView) -> Self {
        Self::with(Fields::of(key))
    }

    fn with(fields: Fields) -> Self {
        Self {
            fields,
            focus: Field::Name,
            refused: Vec::new(),
            banner: None,
            saving: None,
            opening: None,
            paste: None,
            making: None,
            template: TEMPLATE.to_owned(),
            reading: None,
            trial: Trial::default(),
        }
    }

    /// What is wrong with a field, if that should be said yet.
    fn fault(&self, field: Field) -> Option<String> {
        let refused = self.refused.iter().find(|(at, _)| *at == field).map(|(_, text)| text.clone());
        refused.or_else(|| self.fields.was_left(field).then(|| self.fields.fault(field)).flatten())
    }

    fn go(&mut self, forward: bool) {
        self.fields.leave(self.focus);
        let shown = self.fields.shown();
        let at = shown.iter().position(|field| *field == self.focus).unwrap_or(0);
        let next = if forward { at + 1 } else { at + shown.len() - 1 };
        self.focus = shown[next % shown.len()];
    }

    fn changed(&mut self) {
        self.refused.retain(|(field, _)| *field != self.focus);
    }

    fn save(&mut self, cx: &mut Cx<'_>) {
        if self.saving.is_some() {
            return;
        }
        let shown = self.fields.shown();
        shown.iter().for_each(|field| self.fields.leave(*field));
        if let Some(first) = shown.into_iter().find(|field| self.fields.fault(*field).is_some()) {
            self.focus = first;
            return;
        }
        self.refused.clear();
        self.banner = None;
        if let Some(key) = self.fields.key_at_hand() {
            let (id, revision) = (key.id, key.revision);
            let patch = Box::new(self.fields.patch(key).0);
            self.saving = Some(cx.ask(Query::Update { id, patch, revision }));
            return;
        }
        let usual = self.fields.provider().map(|provider| provider.rotation_days);
        let new = NewKey {
            name: self.fields.text(Field::Name).trim().to_owned(),
            service: self.fields.text(Field::Service).trim().to_owned(),
            value: self.fields.secret(Field::Value),
            passphrase: self.fields.has(Field::Passphrase).then(|| self.fields.secret(Field::Passphrase)),
            environment: Some(self.fields.environment()),
            team: self.fields.spaces.team(),
            monthly_limit: self.fields.limit(),
            monthly_budget: self.fields.budget(),
            tags: self.fields.tags(),
            rotation_interval: self.fields.rotation().or(usual),
            rotation: self.fields.rotation_patch(None),
            description: self.fields.text(Field::About).trim().to_owned(),
            ..NewKey::default()
        };
        self.saving = Some(cx.ask(Query::Create(Box::new(new))));
    }

    /// Asks how a value should look.
    fn ask_template(&self, error: Option<String>, cx: &mut Cx<'_>) {
        let text = "Text with places for random characters: {48} are letters and digits, {40:hex} hexadecimal, \
                    {43:base64url}, {20:upper}. sk-live-{48} begins as it says.";
        let text = text.to_owned();
        cx.open(Dialog::line(Subject::Generate, "Generate a value", text, &self.template, error));
    }

    fn made(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        self.making = None;
        match result {
            Ok(Answer::Generated(value)) => {
                self.fields.set(Field::Value, value.expose_secret());
                self.focus = Field::Value;
                self.changed();
                let length = value.expose_secret().chars().count();
                let text = format!("A value of {length} characters is in place. The key's page reveals it.");
                cx.say(NoticeKind::Done, text);
            }
            Ok(_) => {}
            Err(notice) => {
                let fault = notice.faults.first().map(|fault| fault.detail.clone());
                self.ask_template(Some(fault.unwrap_or(notice.text)), cx);
            }
        }
    }

    /// Puts what the core has against it beside its fields.
    fn refuse(&mut self, notice: Notice, cx: &mut Cx<'_>) {
        let place =
            |fault: &keyward_keys::Fault| Field::of(&fault.field).map(|field| (field, fault.detail.clone()));
        self.refused = notice.faults.iter().filter_map(place).collect();
        let strangers = notice.faults.iter().filter(|fault| Field::of(&fault.field).is_none());
        let rest: Vec<_> = strangers.map(|fault| format!("{}: {}", fault.field, fault.detail)).collect();
        if let Some((field, _)) = self.refused.first() {
            self.focus = *field;
        }
        if notice.kind == NoticeKind::Unlock {
            return self.ask_passphrase(None, cx);
        }
        let mut text = if rest.is_empty() { notice.text } else { rest.join("; ") };
        if let Some(key) = self.fields.key_at_hand().filter(|_| notice.kind == NoticeKind::Stale) {
            self.reading = Some(cx.ask(Query::Key(key.id)));
            text = "Somebody else changed it meanwhile. Save again to put yours over theirs.".to_owned();
        }
        self.banner = Some(Notice::new(notice.kind, text));
    }

    /// A sealed key that moves is locked anew, so it has to be opened first.
    fn ask_passphrase(&self, error: Option<String>, cx: &mut Cx<'_>) {
        let text =
            "It is sealed, and is locked anew where it moves. Your unlock passphrase opens it.".to_owned();
        cx.open(Dialog::passphrase(Subject::Unlock, text, error));
    }

    fn insert(&mut self, text: &str, cx: &mut Cx<'_>) {
        if self.fields.insert(self.focus, text) {
            self.changed();
            self.fields.reckon(cx.now_ms);
            self.try_typed(cx);
        } else {
            cx.say(NoticeKind::Warning, "That paste is too long for this field; nothing was put in.");
        }
    }
}

impl Page for FormPage {
    fn place(&self) -> Place {
        Place::Form
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Generate && self.fields.key_at_hand().is_some()
    }

    fn crumb(&self) -> String {
        if self.fields.key_at_hand().is_some() { "Edit" } else { "New key" }.to_owned()
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        if let Some(row) = self.fields.key_at_hand().filter(|key| key.rotation.is_none()) {
            self.reading = Some(cx.ask(Query::Key(row.id)));
        }
        self.fields.spaces.ask(cx);
        self.fields.at_home(&cx.user.time_zone);
        self.fields.reckon(cx.now_ms);
    }

    fn unsaved(&self) -> bool {
        self.fields.any()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Next => self.go(true),
            Command::Previous => self.go(false),
            Command::Accept if self.fields.shown().last() == Some(&self.focus) => self.save(cx),
            Command::Accept => self.go(true),
            Command::Save => self.save(cx),
            Command::Generate if self.fields.key_at_hand().is_some() => {
                cx.say(NoticeKind::Info, "An edit leaves the value as it is.");
            }
            Command::Generate => self.ask_template(None, cx),
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
        let moved = match (self.focus, key.code) {
            (Field::Environment, KeyCode::Left) => self.fields.next_environment(false),
            (Field::Environment, KeyCode::Right | KeyCode::Char(' ')) => self.fields.next_environment(true),
            (Field::Team, KeyCode::Left) => self.fields.next_team(false),
            (Field::Team, KeyCode::Right | KeyCode::Char(' ')) => self.fields.next_team(true),
            (Field::Method, KeyCode::Left) => self.fields.next_method(false),
            (Field::Method, KeyCode::Right | KeyCode::Char(' ')) => self.fields.next_method(true),
            _ => self.fields.key(self.focus, key),
        };
        if moved {
            self.changed();
            self.fields.reckon(cx.now_ms);
            self.try_typed(cx);
        }
    }

    fn pasted(&mut self, paste: &Paste, cx: &mut Cx<'_>) {
        if paste.truncated {
            cx.say(NoticeKind::Warning, "That paste is too long; nothing was put in.");
            return;
        }
        let text = paste.text.trim_matches('\n');
        let lines = text.lines().count();
        if lines <= 1 {
            self.insert(text, cx);
        } else if self.focus == Field::Value {
            self.paste = Some(Zeroizing::new(text.to_owned()));
            let text = format!("The paste has {lines} lines. Some values do, such as certificates.");
            let (keep, join) = (('k', "keep the lines"), ('j', "join them"));
            cx.open(Dialog::choice(Subject::Lines, "Several lines", text, keep, join));
        } else {
            let joined = Zeroizing::new(text.lines().map(str::trim).collect::<Vec<_>>().join(" "));
            self.insert(&joined, cx);
        }
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        if mouse.kind == MouseKind::Press(Button::Left)
            && let Some(field) = self.field_at(cx.area, Position::new(mouse.column, mouse.row))
        {
            self.fields.leave(self.focus);
            self.focus = field;
        }
        Step::Stay
    }

    fn verdict(&mut self, subject: Subject, verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        match (subject, verdict) {
            (Subject::Discard, _) => return Step::Back,
            (Subject::Unlock, Verdict::Passphrase(passphrase)) => {
                self.opening = Some(cx.ask(Query::Unlock(passphrase)));
            }
            (Subject::Generate, Verdict::Line(template)) => {
                self.making = Some(cx.ask(Query::Generate(template.clone())));
                self.template = template;
            }
            (Subject::Lines, verdict) => {
                if let Some(text) = self.paste.take() {
                    match verdict {
                        Verdict::Other => {
                            let joined = Zeroizing::new(text.lines().map(str::trim).collect::<String>());
                            self.insert(&joined, cx);
                        }
                        Verdict::Yes | Verdict::Passphrase(_) | Verdict::Line(_) | Verdict::Picked(_) => {
                            self.insert(&text, cx);
                        }
                    }
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        [self.saving, self.making, self.reading, self.opening]
            .into_iter()
            .any(|pending| Pending::is(pending, id))
            || self.fields.spaces.awaits(id)
            || self.trial.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.making, id) {
            self.made(result, cx);
            return Step::Stay;
        }
        if Pending::is(self.opening, id) {
            self.opening = None;
            match result {
                Ok(_) => self.save(cx),
                Err(notice) if notice.kind == NoticeKind::WrongPassphrase => {
                    self.ask_passphrase(Some(notice.text), cx);
                }
                Err(notice) => self.refuse(notice, cx),
            }
            return Step::Stay;
        }
        if self.trial.awaits(id) {
            self.took_trial(result, cx);
            return Step::Stay;
        }
        if self.fields.spaces.awaits(id) {
            self.fields.spaces.take(result.ok());
            return Step::Stay;
        }
        if Pending::is(self.reading, id) {
            self.reading = None;
            if let Ok(Answer::Key(key)) = result {
                self.fields.seen(*key);
                self.fields.reckon(cx.now_ms);
            }
            return Step::Stay;
        }
        self.saving = None;
        match result {
            Ok(Answer::Key(key)) if self.fields.key_at_hand().is_some() => {
                cx.say(NoticeKind::Done, format!("{} is changed.", safe(&key.name)));
                return Step::Back;
            }
            Ok(Answer::Key(key)) => {
                cx.say(NoticeKind::Done, format!("{} is sealed and stored.", safe(&key.name)));
                return Step::Replace(Box::new(KeyPage::new(*key)));
            }
            Ok(_) => {}
            Err(notice) => self.refuse(notice, cx),
        }
        Step::Stay
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.saving.and_then(|pending| pending.long_from(now_ms))
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
