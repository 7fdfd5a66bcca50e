//! One team: its people, who of them is here, and who is invited. Who is here is asked again at times, as long as the
//! page is in view; the rest when the core says that something changed.

use keyward_keys::view::{InvitationView, KeyView, MemberView, PresentView, TeamView, UsageSeries};
use keyward_keys::{Event, Id, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId, TeamAnswer, TeamQuery};
use crate::notice::{Notice, NoticeKind};
use crate::pages::days;
use crate::pages::read::Read;
use crate::pages::team::forms;
use crate::pages::team::keys;
use crate::pages::team::layout::{Counts, Layout};
use crate::pages::team::policy::PolicyPage;
use crate::pages::{Page, Step, about_people, sooner};
use crate::term::input::Mouse;
use crate::widgets::list::{self, List};
use crate::widgets::pen::{Ui, safe};

/// Who is here is asked again this often, ms.
const HERE_MS: i64 = 5_000;

/// Which of the two lists the keys are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pane {
    People,
    Invitations,
}

/// A team's page.
pub(crate) struct TeamPage {
    pub(super) team: TeamView,
    /// Newer views of the team.
    renewed: Read<Box<TeamView>>,
    pub(super) people: Read<Vec<MemberView>>,
    pub(super) here: Vec<PresentView>,
    pub(super) invitations: Read<Vec<InvitationView>>,
    pub(super) keys: Read<Vec<KeyView>>,
    pub(super) days: Read<Box<UsageSeries>>,
    keys_asked: bool,
    pub(super) members: List<Id>,
    pub(super) invited: List<Id>,
    pub(super) pane: Pane,
    here_pending: Option<Pending>,
    here_asked_ms: i64,
    /// Somebody is being removed, with their name; none when it is oneself.
    leaving: Option<(Pending, Option<String>)>,
    withdrawing: Option<Pending>,
    paused: bool,
    covered: bool,
}

impl TeamPage {
    /// The page of this team, as the list last saw it.
    pub(super) fn new(team: TeamView) -> Self {
        Self {
            team,
            renewed: Read::default(),
            people: Read::default(),
            here: Vec::new(),
            invitations: Read::default(),
            keys: Read::default(),
            days: Read::default(),
            keys_asked: false,
            members: List::default(),
            invited: List::default(),
            pane: Pane::People,
            here_pending: None,
            here_asked_ms: 0,
            leaving: None,
            withdrawing: None,
            paused: false,
            covered: false,
        }
    }

    /// This person may invite people, and see who is invited.
    pub(super) fn invites(&self) -> bool {
        self.team.role >= Role::Admin
    }

    pub(super) fn read(&mut self, cx: &mut Cx<'_>) {
        let team = self.team.id;
        self.renewed.ask(cx, Query::Team(TeamQuery::Team(team)));
        self.people.ask(cx, Query::Team(TeamQuery::Members(team)));
        if self.invites() {
            self.invitations.ask(cx, Query::Team(TeamQuery::Invitations(team)));
        }
        self.ask_keys(cx);
        self.ask_here(cx);
    }

    fn ask_here(&mut self, cx: &mut Cx<'_>) {
        self.here_asked_ms = cx.now_ms;
        self.here_pending = Some(cx.ask(Query::Team(TeamQuery::Here(self.team.id))));
    }

    pub(super) fn layout(&self, area: Rect) -> Layout {
        let counts = Counts {
            members: self.members.len(),
            invited: self.invited.len(),
            keys: self.keys.get().map_or(0, Vec::len),
        };
        Layout::of(area, self.pane, self.invites(), &counts)
    }

    /// The team's keys, and its last days, are asked for where there is room for them.
    fn ask_keys(&mut self, cx: &mut Cx<'_>) {
        self.keys_asked = self.layout(cx.area).keys.height > 1;
        if self.keys_asked {
            self.keys.ask(cx, keys::query(self.team.id));
            self.days.ask(cx, days::query(Some(self.team.id)));
        }
    }

    pub(super) fn member(&self) -> Option<&MemberView> {
        self.people.get()?.get(self.members.selected())
    }

    pub(super) fn invitation(&self) -> Option<&InvitationView> {
        self.invitations.get()?.get(self.invited.selected())
    }

    pub(super) fn cover(&mut self, page: Box<dyn Page>) -> Step {
        self.covered = true;
        Step::Open(page)
    }

    fn invite(&mut self, cx: &mut Cx<'_>) -> Step {
        if self.invites() {
            return self.cover(forms::invite(&self.team));
        }
        cx.say(NoticeKind::Warning, "Admins and owners invite people.");
        Step::Stay
    }

    fn change_role(&mut self, cx: &mut Cx<'_>) -> Step {
        match self.member().filter(|_| self.pane == Pane::People) {
            Some(member) if self.invites() => {
                let form = forms::change_role(&self.team, member);
                self.cover(form)
            }
            Some(_) => {
                cx.say(NoticeKind::Warning, "Admins and owners change roles.");
                Step::Stay
            }
            None => Step::Stay,
        }
    }

    /// After the answer `id`, if it is one of what the page shows.
    fn took(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        if self.renewed.awaits(id) {
            let news = self.renewed.take(result, cx, |answer| match answer {
                Answer::Team(TeamAnswer::Team(team)) => Some(team),
                _ => None,
            });
            if let Some(team) = self.renewed.get().filter(|_| news) {
                self.team = team.as_ref().clone();
            }
            if !self.invites() {
                (self.pane, self.invitations) = (Pane::People, Read::default());
                self.invited = List::default();
            }
        } else if self.people.awaits(id) {
            self.people.take(result, cx, |answer| match answer {
                Answer::Team(TeamAnswer::Members(members)) => Some(members),
                _ => None,
            });
            let ids: Vec<Id> = self.people.get().into_iter().flatten().map(|member| member.user_id).collect();
            let height = usize::from(list::rows(self.layout(cx.area).people).height);
            self.members.renew(ids, height);
        } else if self.keys.awaits(id) {
            self.keys.take(result, cx, |answer| match answer {
                Answer::Keys(page) => Some(page.keys),
                _ => None,
            });
        } else if self.days.awaits(id) {
            self.days.take(result, cx, |answer| match answer {
                Answer::Series(series) => Some(series),
                _ => None,
            });
        } else if self.invitations.awaits(id) {
            self.invitations.take(result, cx, |answer| match answer {
                Answer::Team(TeamAnswer::Invitations(invitations)) => Some(invitations),
                _ => None,
            });
            let ids: Vec<Id> = self.invitations.get().into_iter().flatten().map(|row| row.id).collect();
            let height = usize::from(list::rows(self.layout(cx.area).invitations).height);
            self.invited.renew(ids, height);
        }
    }
}

impl Page for TeamPage {
    fn place(&self) -> Place {
        Place::Team
    }

    fn crumb(&self) -> String {
        safe(&self.team.name).into_owned()
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        use Command as C;
        let closed = self.people.get().is_none();
        match command {
            C::Open | C::Edit => closed || !self.invites() || self.pane != Pane::People,
            C::New | C::Next => closed || !self.invites(),
            C::Delete if self.pane == Pane::Invitations => self.invitation().is_none(),
            C::Delete | C::Leave => closed,
            _ => false,
        }
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn again(&self) -> Option<Again> {
        let (pane, member, invitation) = (self.pane, self.members.left(), self.invited.left());
        Again::after(Query::Team(TeamQuery::Team(self.team.id)), move |answer| match answer {
            Answer::Team(TeamAnswer::Team(team)) => {
                let (members, invited) = (List::on(member), List::on(invitation));
                Some(Self { pane, members, invited, ..Self::new(*team) })
            }
            _ => None,
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let layout = self.layout(cx.area);
        let (list, place) = match self.pane {
            Pane::People => (&mut self.members, layout.people),
            Pane::Invitations => (&mut self.invited, layout.invitations),
        };
        if list.command(command, usize::from(list::rows(place).height)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Next | Command::Previous if self.invites() => {
                self.pane = match self.pane {
                    Pane::People => Pane::Invitations,
                    Pane::Invitations => Pane::People,
                };
            }
            Command::New => return self.invite(cx),
            Command::Open | Command::Edit => return self.change_role(cx),
            Command::Delete => self.ask_remove(cx),
            Command::Leave => self.ask_leave(cx),
            Command::Policy => return self.cover(Box::new(PolicyPage::new(Some(self.team.role)))),
            Command::Refresh => self.read(cx),
            Command::Pause => self.paused = !self.paused,
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let layout = self.layout(cx.area);
        let at = Position::new(mouse.column, mouse.row);
        if layout.invitations.contains(at) {
            self.pane = Pane::Invitations;
        } else if layout.people.contains(at) {
            self.pane = Pane::People;
        }
        let pressed = match self.pane {
            Pane::People => self.members.mouse(mouse, list::rows(layout.people)),
            Pane::Invitations => self.invited.mouse(mouse, list::rows(layout.invitations)),
        };
        if pressed && double { self.change_role(cx) } else { Step::Stay }
    }

    fn verdict(&mut self, subject: Subject, _verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        let team = self.team.id;
        match subject {
            Subject::Remove(account) if account == cx.user.id => {
                self.leaving = Some((cx.ask(Query::Team(TeamQuery::Leave(team))), None));
            }
            Subject::Remove(account) => {
                let name = self.people.get().into_iter().flatten().find(|member| member.user_id == account);
                let name = name.map(|member| member.name.clone()).unwrap_or_default();
                let pending = cx.ask(Query::Team(TeamQuery::Remove { team, account }));
                self.leaving = Some((pending, Some(name)));
            }
            Subject::Withdraw(invitation) => {
                let query = TeamQuery::Withdraw { team, invitation };
                self.withdrawing = Some(cx.ask(Query::Team(query)));
            }
            _ => {}
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let leaving = self.leaving.as_ref().map(|(pending, _)| *pending);
        let pending = [self.here_pending, leaving, self.withdrawing];
        pending.into_iter().any(|pending| Pending::is(pending, id))
            || self.renewed.awaits(id)
            || self.people.awaits(id)
            || self.invitations.awaits(id)
            || self.keys.awaits(id)
            || self.days.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.here_pending, id) {
            self.here_pending = None;
            if let Ok(Answer::Team(TeamAnswer::Here(here))) = result
                && !self.paused
            {
                self.here = here;
            }
        } else if let Some((_, who)) = self.leaving.take_if(|(pending, _)| Pending::is(Some(*pending), id)) {
            return self.departed(who, result, cx);
        } else if Pending::is(self.withdrawing, id) {
            self.withdrawing = None;
            match result {
                Ok(_) => cx.say(NoticeKind::Done, "The invitation is withdrawn."),
                Err(notice) => cx.tell(notice),
            }
            self.read(cx);
        } else {
            self.took(id, result, cx);
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        // While one leaves, its answer tells; what is read before it would only say that the team is gone.
        if about_people(event) && self.leaving.is_none() {
            if cx.front {
                self.read(cx);
            } else {
                self.covered = true;
            }
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let layout = self.layout(cx.area);
        self.members.reveal(usize::from(list::rows(layout.people).height));
        self.invited.reveal(usize::from(list::rows(layout.invitations).height));
        if !cx.front {
            return;
        }
        if !self.keys_asked {
            self.ask_keys(cx);
        }
        if std::mem::take(&mut self.covered) {
            self.read(cx);
        } else if !self.paused && self.here_pending.is_none() && cx.now_ms >= self.here_asked_ms + HERE_MS {
            self.ask_here(cx);
        }
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let here = (!self.paused && self.here_pending.is_none()).then_some(self.here_asked_ms + HERE_MS);
        let long = sooner(self.people.next_tick(now_ms), self.invitations.next_tick(now_ms));
        sooner(here, long)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
