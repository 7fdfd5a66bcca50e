//! Whose a key is to be: one's own, or a team's. Offered are the teams in which one may add keys, and the one it is in.

use std::borrow::Cow;

use keyward_keys::view::TeamView;
use keyward_keys::{Id, Role};

use crate::app::cx::{Cx, Pending};
use crate::app::{Answer, Query, RequestId};
use crate::widgets::pen::safe;

/// A choice among spaces; where it is until something else is chosen.
#[derive(Default)]
pub(super) struct Spaces {
    /// The team that the key is in; none when it is one's own, or is new.
    home: Option<Id>,
    /// Each with its name and its time zone.
    teams: Vec<(Id, String, Option<String>)>,
    /// 0 is one's own.
    at: usize,
    asked: Option<Pending>,
}

impl Spaces {
    /// Those of a key of this team.
    pub(super) fn of(home: Option<Id>) -> Self {
        Self { home, ..Self::default() }
    }

    /// Asks which teams there are.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>) {
        self.asked = Some(cx.ask(Query::Teams));
    }

    pub(super) fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.asked, id)
    }

    /// Without an answer, there is no choice.
    pub(super) fn take(&mut self, answer: Option<Answer>) {
        self.asked = None;
        if let Some(Answer::Teams(teams)) = answer {
            let offered = |team: &TeamView| team.role >= Role::Member || Some(team.id) == self.home;
            let named = |team: TeamView| (team.id, safe(&team.name).into_owned(), team.time_zone);
            self.teams = teams.into_iter().filter(offered).map(named).collect();
            let home = self.teams.iter().position(|(id, ..)| Some(*id) == self.home);
            self.at = home.map_or(0, |at| at + 1);
        }
    }

    /// There is something to choose.
    pub(super) fn any(&self) -> bool {
        !self.teams.is_empty()
    }

    /// Another than where it is, is chosen.
    pub(super) fn chosen(&self) -> bool {
        self.any() && self.team() != self.home
    }

    pub(super) fn next(&mut self, forward: bool) {
        let count = self.teams.len() + 1;
        self.at = (self.at + if forward { 1 } else { count - 1 }) % count;
    }

    /// The team; none when they are one's own.
    pub(super) fn team(&self) -> Option<Id> {
        self.team_at().map(|(id, ..)| *id)
    }

    /// The chosen team's time zone, if it has one.
    pub(super) fn zone(&self) -> Option<&str> {
        self.team_at()?.2.as_deref()
    }

    fn team_at(&self) -> Option<&(Id, String, Option<String>)> {
        self.at.checked_sub(1).and_then(|at| self.teams.get(at))
    }

    /// What can be chosen, and which is.
    pub(super) fn words(&self) -> (impl ExactSizeIterator<Item = Cow<'_, str>>, usize) {
        let word = |at: usize| match at.checked_sub(1) {
            Some(at) => Cow::Borrowed(self.teams[at].1.as_str()),
            None => Cow::Borrowed("yourself"),
        };
        ((0..self.teams.len() + 1).map(word), self.at)
    }

    /// The chosen one.
    pub(super) fn word(&self) -> &str {
        self.team_at().map_or("yourself", |(_, name, _)| name)
    }
}
