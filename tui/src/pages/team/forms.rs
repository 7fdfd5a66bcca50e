//! The forms about teams: make one, change one, join one, invite somebody, give somebody another role.

use keyward_keys::input::{NewTeam, TeamPatch};
use keyward_keys::view::{MemberView, TeamView};
use secrecy::SecretString;

use crate::app::cx::Cx;
use crate::app::{Answer, Query, TeamAnswer, TeamQuery};
use crate::notice::NoticeKind;
use crate::pages::once::OncePage;
use crate::pages::sheet::{Field, Kind, Sheet, Values};
use crate::pages::team::people::TeamPage;
use crate::pages::team::words::{ROLES, number, role, role_at};
use crate::pages::{Page, Step};
use crate::widgets::pen::safe;

/// What a team is called, what a month of its keys may cost, and its hours.
fn team_fields(team: Option<&TeamView>) -> Vec<Field> {
    let hint = "Optional: what a month of all its keys may cost.";
    let budget = team.and_then(|team| team.monthly_budget).map(|budget| budget.units().to_string());
    let line = |name, label, hint| Field::new(name, label, hint, Kind::Line);
    let said = |text: fn(&TeamView) -> Option<&String>| team.and_then(text).cloned().unwrap_or_default();
    let zone = "Optional: of rotation by cron, such as Europe/Zurich.";
    let quiet = "Optional: no rotation begins by itself, 08:00-18:00.";
    vec![
        line("name", "Name", "What its people call it, such as Payments.")
            .starting(said(|team| Some(&team.name))),
        Field::new("monthlyBudget", "Monthly budget", hint, Kind::Amount)
            .starting(budget.unwrap_or_default()),
        line("timeZone", "Time zone", zone).at_least(0).starting(said(|team| team.time_zone.as_ref())),
        line("quietHours", "Quiet hours", quiet).at_least(0).starting(said(|team| team.quiet_hours.as_ref())),
    ]
}

fn to_team(answer: Answer, cx: &mut Cx<'_>, done: &str) -> Step {
    match answer {
        Answer::Team(TeamAnswer::Team(team)) => {
            cx.say(NoticeKind::Done, format!("{done} {}.", safe(&team.name)));
            Step::Replace(Box::new(TeamPage::new(*team)))
        }
        _ => Step::Back,
    }
}

/// A new team.
pub(super) fn new_team() -> Box<dyn Page> {
    let lead = "You own it. Keys that are made in it are shared with its members, each by their role.";
    Sheet::page(
        "New team",
        lead,
        team_fields(None),
        |values| {
            let (time_zone, quiet_hours) = (said(values, 2), said(values, 3));
            let (name, monthly_budget) = (values.text(0), values.amount(1));
            let new = NewTeam { name, environments: None, monthly_budget, time_zone, quiet_hours };
            Query::Team(TeamQuery::Create(new))
        },
        |answer, cx| to_team(answer, cx, "You own"),
    )
}

/// What was typed, if anything was.
fn said(values: &Values, field: usize) -> Option<String> {
    Some(values.text(field)).filter(|text| !text.is_empty())
}

/// Another name, budget or other hours for a team.
pub(super) fn edit(team: &TeamView) -> Box<dyn Page> {
    let (id, before) = (team.id, team.monthly_budget);
    let (zone_before, quiet_before) = (team.time_zone.clone(), team.quiet_hours.clone());
    let lead = "People hear as its keys together come near the budget, and when it is spent.";
    Sheet::page(
        "Edit the team",
        lead,
        team_fields(Some(team)),
        move |values| {
            let monthly_budget = Some(values.amount(1)).filter(|budget| *budget != before);
            let patch = TeamPatch {
                name: Some(values.text(0)),
                environments: None,
                monthly_budget,
                time_zone: Some(said(values, 2)).filter(|zone| *zone != zone_before),
                quiet_hours: Some(said(values, 3)).filter(|quiet| *quiet != quiet_before),
            };
            Query::Team(TeamQuery::Change(id, patch))
        },
        |answer, cx| {
            if let Answer::Team(TeamAnswer::Team(team)) = answer {
                cx.say(NoticeKind::Done, format!("{} is saved.", safe(&team.name)));
            }
            Step::Back
        },
    )
}

/// Joining a team with a code.
pub(super) fn join() -> Box<dyn Page> {
    let code = Field::new("code", "Code", "As you were given it; dashes do not matter.", Kind::Line);
    Sheet::page(
        "Join a team",
        "Whoever invited you gave you a code. It works once.",
        vec![code],
        |values| Query::Team(TeamQuery::Join(SecretString::from(values.text(0)))),
        |answer, cx| to_team(answer, cx, "You joined"),
    )
}

/// An invitation to a team; its code is shown once.
pub(super) fn invite(team: &TeamView) -> Box<dyn Page> {
    let id = team.id;
    let name = safe(&team.name).into_owned();
    let fields = vec![
        Field::new("email", "E-mail", "Only whoever has this address can use the code.", Kind::Line),
        Field::new("role", "Role", "", Kind::Choice(ROLES)).choosing(1),
    ];
    let lead = format!("To {name}. You get a code to hand over: Keyward sends no mail.");
    Sheet::page(
        "Invite somebody",
        lead,
        fields,
        move |values| {
            let (email, role) = (values.text(0), role_at(values.choice(1)));
            Query::Team(TeamQuery::Invite { team: id, email, role })
        },
        move |answer, cx| match answer {
            Answer::Team(TeamAnswer::Invited(issued)) => {
                let invitation = &issued.invitation;
                let days = (invitation.expires_at.as_millisecond() - cx.now_ms).max(0) / 86_400_000;
                let lead = format!(
                    "Hand this code to {}: they join {name} with it as {}, once, within {days} days. \
                     Without an account they run {}, with one they press J under Team. It is shown only now.",
                    safe(&invitation.email),
                    role(invitation.role),
                    joining(&cx.host.ssh_command),
                );
                Step::Replace(Box::new(OncePage::new("Invitation", lead, vec![issued.code])))
            }
            _ => Step::Back,
        },
    )
}

/// How somebody without an account comes in, from how this person does.
fn joining(ssh_command: &str) -> String {
    let (before, host) = ssh_command.rsplit_once('@').unwrap_or(("ssh ", "HOST"));
    let options = before.rsplit_once(' ').map_or("ssh", |(options, _)| options);
    safe(&format!("{options} join@{host}")).into_owned()
}

/// Another role for a member.
pub(super) fn change_role(team: &TeamView, member: &MemberView) -> Box<dyn Page> {
    let (id, account) = (team.id, member.user_id);
    let name = safe(&member.name).into_owned();
    let lead = format!("{name} is {} of {}.", role(member.role), safe(&team.name));
    let fields = vec![Field::new("role", "Role", "", Kind::Choice(ROLES)).choosing(number(member.role))];
    Sheet::page(
        "Change the role",
        lead,
        fields,
        move |values| Query::Team(TeamQuery::Role { team: id, account, role: role_at(values.choice(0)) }),
        move |answer, cx| {
            if let Answer::Team(TeamAnswer::Member(member)) = answer {
                cx.say(NoticeKind::Done, format!("{name} is {} now.", role(member.role)));
            }
            Step::Back
        },
    )
}
