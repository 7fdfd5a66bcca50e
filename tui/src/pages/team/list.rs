//! The teams one belongs to.

use keyward_keys::view::TeamView;
use keyward_keys::{Event, Id, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId, TeamQuery};
use crate::notice::{Notice, NoticeKind};
use crate::pages::read::Read;
use crate::pages::team::people::TeamPage;
use crate::pages::team::policy::PolicyPage;
use crate::pages::team::{forms, words};
use crate::pages::{Page, Step, about_people, marks};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, frame, safe, wrap};

/// From this width on, there is a pane beside the list.
const WIDE: u16 = 100;
const PANE: u16 = 44;

#[derive(Clone, Copy)]
enum Cell {
    Name,
    Role,
    Members,
    Keys,
    Sealed,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Name, "TEAM", 14, 40, 9),
    Column::new(Cell::Role, "YOU ARE", 8, 8, 8),
    Column::figures(Cell::Members, "PEOPLE", 6, 6),
    Column::figures(Cell::Keys, "KEYS", 6, 7),
    Column::new(Cell::Sealed, "SEALED KEYS", 15, 15, 5),
];

/// The page.
#[derive(Default)]
pub(crate) struct TeamsPage {
    teams: Read<Vec<TeamView>>,
    list: List<Id>,
    deleting: Option<Pending>,
    /// Another page covers it: it reads again when it is back.
    covered: bool,
    ssh_command: String,
}

impl TeamsPage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        self.teams.ask(cx, Query::Teams);
    }

    fn current(&self) -> Option<&TeamView> {
        self.teams.get()?.get(self.list.selected())
    }

    fn parts(area: Rect) -> (Rect, Rect) {
        let pane = if area.width >= WIDE { PANE } else { 0 };
        let gap = if pane > 0 { 2 } else { 0 };
        let left = Rect { width: area.width - pane - gap, ..area };
        (left, Rect { x: area.right() - pane, width: pane, ..area })
    }

    fn window(cx: &Cx<'_>) -> Rect {
        list::rows(Self::parts(cx.area).0)
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(Self::window(cx).height)
    }

    fn cover(&mut self, page: Box<dyn Page>) -> Step {
        self.covered = true;
        Step::Open(page)
    }

    fn open(&mut self) -> Step {
        match self.current().cloned() {
            Some(team) => self.cover(Box::new(TeamPage::new(team))),
            None => Step::Stay,
        }
    }

    fn edit(&mut self, cx: &mut Cx<'_>) -> Step {
        match self.current() {
            Some(team) if team.role >= Role::Admin => {
                let form = forms::edit(team);
                self.cover(form)
            }
            Some(_) => {
                cx.say(NoticeKind::Warning, "Admins and owners change a team.");
                Step::Stay
            }
            None => Step::Stay,
        }
    }

    fn delete(&self, cx: &mut Cx<'_>) {
        match self.current() {
            Some(team) if team.role == Role::Owner && team.keys == 0 => {
                let name = safe(&team.name);
                let text = format!(
                    "Type {name} to delete the team. Its members lose it at once; this cannot be undone."
                );
                cx.open(Dialog::name(Subject::Remove(team.id), "Delete the team", text, &team.name));
            }
            Some(team) if team.role == Role::Owner => {
                let text =
                    format!("{} still has {} keys: move or delete them first.", safe(&team.name), team.keys);
                cx.say(NoticeKind::Warning, text);
            }
            Some(_) => cx.say(NoticeKind::Warning, "Only an owner deletes a team."),
            None => {}
        }
    }
}

impl Page for TeamsPage {
    fn place(&self) -> Place {
        Place::Teams
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let team = self.current();
        match command {
            Command::Open => team.is_none(),
            Command::Edit => team.is_none_or(|team| team.role < Role::Admin),
            Command::Delete => team.is_none_or(|team| team.role != Role::Owner || team.keys > 0),
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Team".to_owned()
    }

    fn again(&self) -> Option<Again> {
        let row = self.list.left();
        Again::page(move || Self { list: List::on(row), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.ssh_command.clone_from(&cx.host.ssh_command);
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, Self::height(cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => return self.open(),
            Command::New => return self.cover(forms::new_team()),
            Command::Join => return self.cover(forms::join()),
            Command::Edit => return self.edit(cx),
            Command::Delete => self.delete(cx),
            Command::Policy => {
                let role = self.current().map(|team| team.role);
                return self.cover(Box::new(PolicyPage::new(role)));
            }
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        if self.list.mouse(mouse, Self::window(cx)) && double { self.open() } else { Step::Stay }
    }

    fn verdict(&mut self, subject: Subject, _verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        if let Subject::Remove(team) = subject {
            self.deleting = Some(cx.ask(Query::Team(TeamQuery::Delete(team))));
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.teams.awaits(id) || Pending::is(self.deleting, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.deleting, id) {
            self.deleting = None;
            match result {
                Ok(_) => cx.say(NoticeKind::Done, "The team is deleted."),
                Err(notice) => cx.tell(notice),
            }
            self.read(cx);
        } else {
            let news = self.teams.take(result, cx, |answer| match answer {
                Answer::Teams(teams) => Some(teams),
                _ => None,
            });
            if news {
                let ids = self.teams.get().into_iter().flatten().map(|team| team.id);
                self.list.renew(ids, Self::height(cx));
            }
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if cx.front && about_people(event) {
            self.read(cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(Self::height(cx));
        if cx.front && std::mem::take(&mut self.covered) {
            self.read(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.teams.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some(teams) = self.teams.get() else {
            return self.teams.paint_absence("your teams", area, buf, ui);
        };
        if teams.is_empty() {
            let line = format!("{} team create NAME", safe(&self.ssh_command));
            let lines = [
                "A team shares keys by role: owners, admins, members and viewers.",
                "",
                "Press n to make one, or J to join one with the code you were given.",
                "",
                "Or from a shell:",
                line.as_str(),
            ];
            return blank(area, buf, "You belong to no team yet", &lines, ui);
        }
        let (left, pane) = Self::parts(area);
        if let Some(team) = self.current().filter(|_| pane.width > 0) {
            detail(pane, buf, team, ui);
        }
        list::table(&self.list, COLUMNS, left, buf, ui, true, |pen, row, cell, width| {
            let team = &teams[row];
            match cell {
                Cell::Name => pen.cell(safe(&team.name), width, ui.style(Tone::Strong)),
                Cell::Role => pen.cell(words::role(team.role), width, ui.style(words::role_tone(team.role))),
                Cell::Members => pen.cell_right(team.members.to_string(), width, ui.style(Tone::Text)),
                Cell::Keys => pen.cell_right(team.keys.to_string(), width, ui.style(Tone::Text)),
                Cell::Sealed => {
                    let (mark, word, tone) = words::sealed(team.access, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone))
                }
            };
        })
    }
}

/// The selected team beside the list.
fn detail(area: Rect, buf: &mut Buffer, team: &TeamView, ui: &Ui) {
    let inner = frame(buf, area, &safe(&team.name), ui.style(Tone::Faint), ui);
    let mut row = 0;
    let mut write = |text: &str, tone: Tone| {
        for line in wrap(text, inner.width) {
            Pen::new(buf, inner, row).text(line, ui.style(tone));
            row += 1;
        }
        row += u16::from(text.is_empty());
    };
    let (role, about) = words::ROLES[words::number(team.role)];
    write(&format!("You are {role}: {about}."), Tone::Text);
    write("", Tone::Text);
    let environments: Vec<&str> =
        team.environments.iter().map(|environment| marks::environment(*environment, ui).2).collect();
    write(&format!("Keys for {}.", environments.join(", ")), Tone::Text);
    if let Some(budget) = team.monthly_budget {
        write(&format!("A month of its keys may cost {budget}."), Tone::Text);
    }
    write("", Tone::Text);
    write(words::sealed_to_you(team.access), Tone::Dim);
    if team.newcomers > 0 {
        write("", Tone::Text);
        let text = format!("{} still wait to be let in to its sealed keys.", team.newcomers);
        write(&text, Tone::Warn);
    }
    if team.rekeying > 0 {
        write("", Tone::Text);
        let text = format!("{} keys are still to be locked away from somebody who left.", team.rekeying);
        write(&text, Tone::Warn);
    }
}
