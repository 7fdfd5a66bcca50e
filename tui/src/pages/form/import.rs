//! Keys from a `.env` text: pasted, looked at, then added. The core reads the text and says of each line what it would
//! do; nothing is stored before that was seen. The text holds values, so it is wiped when the page is left.

use keyward_keys::Environment;
use keyward_keys::input::ImportWords;
use keyward_keys::view::{ImportLine, ImportReport, ImportResult};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::form::space::Spaces;
use crate::pages::marks::{self, ENVIRONMENTS};
use crate::pages::{Page, Step, banner, scrolled};
use crate::term::input::Paste;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, safe, wrap};

/// Rows above the lines of the text.
const HEAD: u16 = 3;

/// The page.
pub(crate) struct ImportPage {
    text: Option<SecretString>,
    environment: Environment,
    spaces: Spaces,
    /// Keys that are there with another value are left as they are.
    skip_conflicts: bool,
    report: Option<ImportReport>,
    refused: Option<Notice>,
    looking: Option<Pending>,
    adding: Option<Pending>,
    scroll: usize,
    ssh_command: String,
}

impl ImportPage {
    /// Nothing is pasted yet.
    pub(crate) fn new() -> Self {
        Self {
            text: None,
            environment: Environment::Development,
            spaces: Spaces::default(),
            skip_conflicts: false,
            report: None,
            refused: None,
            looking: None,
            adding: None,
            scroll: 0,
            ssh_command: String::new(),
        }
    }

    fn ask(&self, dry_run: bool, cx: &mut Cx<'_>) -> Option<Pending> {
        let words = ImportWords {
            environment: Some(self.environment),
            team: self.spaces.team().map(|team| team.to_string()),
            skip_conflicts: self.skip_conflicts,
            dry_run,
            ..ImportWords::default()
        };
        self.text.clone().map(|text| cx.ask(Query::Import(Box::new(words), text)))
    }

    /// Has the core say what it would do.
    fn look(&mut self, cx: &mut Cx<'_>) {
        self.refused = None;
        self.looking = self.ask(true, cx);
    }

    fn add(&mut self, cx: &mut Cx<'_>) {
        match &self.report {
            _ if self.adding.is_some() || self.looking.is_some() => {}
            None => cx.say(NoticeKind::Info, "Paste the text first."),
            Some(report) if report.new == 0 => cx.say(NoticeKind::Warning, "There is no new key in it."),
            Some(_) => self.adding = self.ask(false, cx),
        }
    }

    fn last(&self, height: u16) -> usize {
        let lines = self.report.as_ref().map_or(0, |report| report.keys.len());
        lines.saturating_sub(usize::from(height.saturating_sub(HEAD)))
    }
}

impl Page for ImportPage {
    fn place(&self) -> Place {
        Place::Import
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        match command {
            Command::Save => self.report.as_ref().is_none_or(|report| report.new == 0),
            Command::Team => !self.spaces.any(),
            Command::SkipConflicts => self.report.as_ref().is_none_or(|report| report.conflicting == 0),
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Import".to_owned()
    }

    fn unsaved(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.new > 0)
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.ssh_command.clone_from(&cx.host.ssh_command);
        self.spaces.ask(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match command {
            Command::Back if self.unsaved() => {
                let text = "Leave without adding these keys?".to_owned();
                cx.open(Dialog::confirm(Subject::Discard, "Leave the import", text, false));
            }
            Command::Back => return Step::Back,
            Command::Save => self.add(cx),
            Command::Environment => {
                let here = ENVIRONMENTS.iter().position(|one| *one == self.environment).unwrap_or(0);
                self.environment = ENVIRONMENTS[(here + 1) % ENVIRONMENTS.len()];
                self.look(cx);
            }
            Command::Team if self.spaces.any() => {
                self.spaces.next(true);
                self.look(cx);
            }
            Command::Team => cx.say(NoticeKind::Info, "There is no team that you may add keys to."),
            Command::SkipConflicts => {
                self.skip_conflicts = !self.skip_conflicts;
                self.look(cx);
            }
            command => {
                self.scroll = scrolled(self.scroll, command, cx.area.height, self.last(cx.area.height));
            }
        }
        Step::Stay
    }

    fn pasted(&mut self, paste: &Paste, cx: &mut Cx<'_>) {
        if paste.truncated {
            let text = "That paste is too long. In a shell: import < .env takes any length.";
            cx.say(NoticeKind::Warning, text);
            return;
        }
        self.text = Some(SecretString::from(paste.text.as_str()));
        (self.report, self.scroll) = (None, 0);
        self.look(cx);
    }

    fn verdict(&mut self, subject: Subject, _verdict: Verdict, _cx: &mut Cx<'_>) -> Step {
        if subject == Subject::Discard { Step::Back } else { Step::Stay }
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.looking, id) || Pending::is(self.adding, id) || self.spaces.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if self.spaces.awaits(id) {
            self.spaces.take(result.ok());
            return Step::Stay;
        }
        let added = Pending::is(self.adding, id);
        if added {
            self.adding = None;
        } else {
            self.looking = None;
        }
        match result {
            Ok(Answer::Imported(report)) if added => {
                let what =
                    if report.new == 1 { "1 key is".to_owned() } else { format!("{} keys are", report.new) };
                cx.say(NoticeKind::Done, format!("{what} sealed and stored."));
                return Step::Back;
            }
            Ok(Answer::Imported(report)) => self.report = Some(report),
            Ok(_) => {}
            Err(notice) => {
                // What is wrong with the text says more than that something is.
                let text = notice.faults.first().map_or(notice.text, |fault| fault.detail.clone());
                self.refused = Some(Notice::new(notice.kind, text));
            }
        }
        Step::Stay
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.adding.or(self.looking).and_then(|pending| pending.long_from(now_ms))
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let dim = ui.style(Tone::Dim);
        let (mark, _, environment, tone) = marks::environment(self.environment, ui);
        let mut pen = Pen::new(buf, area, 0);
        pen.end(format!("{mark} {environment}"), ui.style(tone));
        pen.end(format!("for {}", self.spaces.word()), dim);
        pen.text("Import a .env text", ui.style(Tone::Strong));
        let told = self.refused.as_ref().map_or(1, |notice| banner::rows(notice, area));
        let foot = area.height.saturating_sub(told);
        if let Some(notice) = &self.refused {
            banner::draw(notice, "The text is kept.", area, buf, ui);
        } else if self.adding.or(self.looking).is_some_and(|pending| pending.is_long(ui.now_ms)) {
            Pen::new(buf, area, foot).text("Reading…", dim);
        }
        let Some(report) = &self.report else {
            let lines = [
                "Paste it here: a line NAME=value for each key.".to_owned(),
                "What it would add is shown first; nothing is stored until you say so.".to_owned(),
                String::new(),
                "Or from a shell:".to_owned(),
                format!("{} import < .env", safe(&self.ssh_command)),
            ];
            let rows = lines.iter().flat_map(|line| match line.as_str() {
                "" => vec![String::new()],
                line => wrap(line, area.width),
            });
            for (row, line) in (2..foot).zip(rows) {
                Pen::new(buf, area, row).text(line, dim);
            }
            return at(area, 0, 0);
        };
        let conflicts = if self.skip_conflicts { "left alone" } else { "in the way" };
        let mut pen = Pen::new(buf, area, 1);
        pen.text(report.new.to_string(), ui.style(Tone::Strong)).text(" new  ", dim);
        pen.text(report.same.to_string(), ui.style(Tone::Strong)).text(" the same  ", dim);
        pen.text(report.conflicting.to_string(), ui.style(Tone::Strong));
        pen.text(format!(" with another value, {conflicts}  "), dim);
        pen.text(report.empty.to_string(), ui.style(Tone::Strong)).text(" empty  ", dim);
        pen.text(report.invalid.to_string(), ui.style(Tone::Strong)).text(" wrong", dim);
        for (row, line) in (HEAD..foot).zip(report.keys.iter().skip(self.scroll)) {
            row_of(Rect { y: area.y + row, height: 1, ..area }, buf, line, ui);
        }
        at(area, 0, HEAD.min(foot))
    }
}

fn row_of(area: Rect, buf: &mut Buffer, line: &ImportLine, ui: &Ui) {
    let (mark, word, tone) = match line.result {
        ImportResult::New => (ui.glyphs.check, "new", Tone::Good),
        ImportResult::Same => (ui.glyphs.dot, "the same", Tone::Dim),
        ImportResult::Conflicting => (ui.glyphs.warning, "other value", Tone::Warn),
        ImportResult::Empty => (ui.glyphs.dot, "empty", Tone::Dim),
        ImportResult::Invalid => (ui.glyphs.cross, "wrong", Tone::Bad),
    };
    let number = line.line.or(line.index).unwrap_or_default();
    let name = (area.width / 3).clamp(10, 40);
    Pen::new(buf, area, 0)
        .cell_right(number.to_string(), 4, ui.style(Tone::Dim))
        .skip(1)
        .text(mark, ui.style(tone))
        .skip(1)
        .cell(safe(&line.name), name, ui.style(Tone::Strong))
        .skip(1)
        .cell(word, 12, ui.style(tone))
        .text(safe(line.detail.as_deref().unwrap_or_default()), ui.style(Tone::Dim));
}
