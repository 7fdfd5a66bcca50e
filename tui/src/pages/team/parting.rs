//! Who leaves a team, or is removed, or is not to come after all: what is asked before, and what comes of it.

use crate::app::cx::Cx;
use crate::app::dialog::{Dialog, Subject};
use crate::app::{Answer, TeamAnswer};
use crate::notice::{Notice, NoticeKind};
use crate::pages::Step;
use crate::pages::team::departed::DepartedPage;
use crate::pages::team::people::{Pane, TeamPage};
use crate::widgets::pen::safe;

impl TeamPage {
    pub(super) fn ask_remove(&self, cx: &mut Cx<'_>) {
        match self.pane {
            Pane::Invitations => {
                if let Some(invitation) = self.invitation() {
                    let text = format!("The code that {} was given stops working.", safe(&invitation.email));
                    let subject = Subject::Withdraw(invitation.id);
                    cx.open(Dialog::confirm(subject, "Withdraw the invitation", text, false));
                }
            }
            Pane::People => {
                let Some(member) = self.member() else { return };
                if member.user_id == cx.user.id {
                    return self.ask_leave(cx);
                }
                let (name, team) = (safe(&member.name), safe(&self.team.name));
                let text = format!(
                    "Type {name} to remove them from {team}. They lose its keys at once; then you are shown which values \
                     they have seen, to rotate."
                );
                cx.open(Dialog::name(Subject::Remove(member.user_id), "Remove a member", text, &member.name));
            }
        }
    }

    pub(super) fn ask_leave(&self, cx: &mut Cx<'_>) {
        let name = safe(&self.team.name);
        let text = format!(
            "Type {name} to leave the team. You lose its keys at once, and need an invitation to come back."
        );
        cx.open(Dialog::name(Subject::Remove(cx.user.id), "Leave the team", text, &self.team.name));
    }

    pub(super) fn departed(
        &mut self,
        who: Option<String>,
        result: Result<Answer, Notice>,
        cx: &mut Cx<'_>,
    ) -> Step {
        match (result, who) {
            (Ok(Answer::Team(TeamAnswer::Departed(departure))), Some(name)) => {
                cx.say(NoticeKind::Done, format!("{} is no longer in the team.", safe(&name)));
                if !departure.rotate_now.is_empty() || !departure.tokens.is_empty() {
                    return self.cover(Box::new(DepartedPage::new(&name, departure)));
                }
                self.read(cx);
            }
            (Ok(_), _) => {
                cx.say(NoticeKind::Done, format!("You left {}.", safe(&self.team.name)));
                return Step::Back;
            }
            (Err(notice), _) => cx.tell(notice),
        }
        Step::Stay
    }
}
