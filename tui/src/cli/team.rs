//! Commands about teams. A team is named by its id or name, a person by e-mail, login name or id; where there is one
//! team only, it need not be named.

use keyward_keys::input::{NewTeam, TeamPatch};
use keyward_keys::view::{
    Departure, InvitationView, MemberView, PresentView, SealedAccess, TeamView, ViewingView,
};
use keyward_keys::{Environment, Id, Role};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, budgets, keys, print};

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let teams = context.service.teams(context.caller).await?;
    if context.list(args, "teams", &teams).await? {
        return Ok(());
    }
    if teams.is_empty() {
        let ssh = &context.host.ssh_command;
        return context.nothing(args, &format!("No teams. Make one: {ssh} team create NAME\n")).await;
    }
    let header = ["NAME", "YOUR ROLE", "MEMBERS", "KEYS", "ID"].map(str::to_owned).to_vec();
    let rows = teams.iter().map(|team| {
        vec![
            team.name.clone(),
            print::word(&team.role),
            team.members.to_string(),
            team.keys.to_string(),
            team.id.to_string(),
        ]
    });
    context.print(&print::columns(&[header].into_iter().chain(rows).collect::<Vec<_>>())).await
}

pub(super) async fn show(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let team = named(context, args.operands.first().map(String::as_str)).await?;
    answer_with(context, args, &team).await
}

pub(super) async fn create(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let name = args.operands.first().cloned().unwrap_or_default();
    let environments: Vec<Environment> =
        args.all("--environment").map(keys::environment_named).collect::<Result<_, _>>()?;
    let environments = (!environments.is_empty()).then_some(environments);
    let monthly_budget = budgets::amount(args, "--budget")?;
    let (time_zone, quiet_hours) =
        (args.clearable("--time-zone").flatten(), args.clearable("--quiet-hours").flatten());
    let new = NewTeam { name, environments, monthly_budget, time_zone, quiet_hours };
    let team = context.service.create_team(context.caller, new).await?;
    answer_with(context, args, &team).await
}

pub(super) async fn edit(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let patch = TeamPatch {
        name: args.get("--name").map(str::to_owned),
        environments: None,
        monthly_budget: budgets::amount_or_none(args, "--budget")?,
        time_zone: args.clearable("--time-zone"),
        quiet_hours: args.clearable("--quiet-hours"),
    };
    if ["--name", "--budget", "--time-zone", "--quiet-hours"].iter().all(|flag| args.get(flag).is_none()) {
        let text = "say what to change: --name, --budget, --time-zone, --quiet-hours";
        return Err(Failure::Usage(text.to_owned()));
    }
    let team = named(context, args.operands.first().map(String::as_str)).await?;
    let team = context.service.update_team(context.caller, team.id, patch).await?;
    answer_with(context, args, &team).await
}

pub(super) async fn members(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let team = named(context, args.operands.first().map(String::as_str)).await?;
    let members = context.service.members(context.caller, team.id).await?;
    if context.list(args, "members", &members).await? {
        return Ok(());
    }
    let header = ["NAME", "E-MAIL", "ROLE", "SEALED KEYS", "JOINED (UTC)"].map(str::to_owned).to_vec();
    let rows = members.iter().map(|member| {
        vec![
            member.name.clone(),
            member.email.clone(),
            print::word(&member.role),
            access(member.access).to_owned(),
            print::moment(Some(member.joined_at)),
        ]
    });
    context.print(&print::columns(&[header].into_iter().chain(rows).collect::<Vec<_>>())).await
}

pub(super) async fn here(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let team = named(context, args.operands.first().map(String::as_str)).await?;
    let present = context.service.team_presence(context.caller, team.id).await?;
    if context.list(args, "present", &present).await? {
        return Ok(());
    }
    let members = context.service.members(context.caller, team.id).await?;
    let header = ["NAME", "HERE BY", "SINCE (UTC)", "LOOKS AT"].map(str::to_owned).to_vec();
    let row = |one: &PresentView| {
        let who = members.iter().find(|member| member.user_id == one.user_id);
        let kinds: Vec<String> = one.kinds.iter().map(print::word).collect();
        vec![
            who.map(|member| member.name.clone()).unwrap_or_default(),
            kinds.join(", "),
            print::moment(Some(one.since)),
            one.viewing.as_ref().map(looking_at).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = [header].into_iter().chain(present.iter().map(row)).collect();
    context.print(&print::columns(&rows)).await
}

fn looking_at(viewing: &ViewingView) -> String {
    viewing.name.as_ref().map_or_else(|| viewing.page.to_owned(), |name| format!("key {name}"))
}

/// An invitation with its code, under the REST schema's names.
#[derive(Serialize)]
struct Invited<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mailed: Option<bool>,
    #[serde(rename = "mailFault", skip_serializing_if = "Option::is_none")]
    mail_fault: Option<&'a str>,
    #[serde(flatten)]
    invitation: &'a InvitationView,
}

pub(super) async fn invite(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let team = named(context, args.get("--team")).await?;
    let role = role(args)?.unwrap_or(Role::Member);
    let email = args.operands.first().map(String::as_str).unwrap_or_default();
    let (issued, fault) = if args.has("--mail") {
        context.service.invite_by_mail(context.caller, team.id, email, role).await?
    } else {
        (context.service.invite(context.caller, team.id, email, role).await?, None)
    };
    let (code, mail_fault) = (issued.code.expose_secret(), fault.as_deref());
    if args.json {
        let mailed = args.has("--mail").then_some(fault.is_none());
        let invited = Invited { code, mailed, mail_fault, invitation: &issued.invitation };
        return context.print(&print::json(&invited)).await;
    }
    match mail_fault {
        Some(fault) => context.note(args, &format!("It could not be mailed: {fault}.\n")).await?,
        None if args.has("--mail") => context.note(args, "It is mailed to them.\n").await?,
        None => {}
    }
    let whom = print::safe_lines(&issued.invitation.email);
    let (_, host) = context.host.address.split_once('@').unwrap_or_default();
    let newcomer = context.host.ssh_command.replacen(&context.host.address, &format!("join@{host}"), 1);
    let how = format!("with: team join\nWho has no account yet makes one with it: {newcomer}\n");
    context.note(args, &format!("Give {whom} this code; it works once, for a week, {how}")).await?;
    context.print(&format!("{code}\n")).await
}

pub(super) async fn join(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let [code] = stdin.secrets(["Code: "]).await?;
    let team = context.service.join_team(context.caller, &code).await?;
    answer_with(context, args, &team).await
}

pub(super) async fn leave(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let team = named(context, args.operands.first().map(String::as_str)).await?;
    let question = format!("Leave {}? [y/N] ", print::safe_lines(&team.name));
    keys::agree(args, &mut stdin, &question).await?;
    let departure = context.service.leave_team(context.caller, team.id).await?;
    departed(context, args, &departure).await
}

pub(super) async fn remove(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let team = named(context, args.get("--team")).await?;
    let member = person(context, args, team.id).await?;
    let question =
        format!("Remove {} from {}? [y/N] ", print::safe_lines(&member.name), print::safe_lines(&team.name));
    keys::agree(args, &mut stdin, &question).await?;
    let departure = context.service.remove_member(context.caller, team.id, member.user_id).await?;
    departed(context, args, &departure).await
}

pub(super) async fn change_role(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let team = named(context, args.get("--team")).await?;
    let member = person(context, args, team.id).await?;
    let role = role(args)?.unwrap_or(member.role);
    let member = context.service.change_role(context.caller, team.id, member.user_id, role).await?;
    if args.json {
        return context.print(&print::json(&member)).await;
    }
    let name = print::safe_lines(&member.name);
    context.note(args, &format!("{name} is {} now.\n", print::word(&member.role))).await
}

async fn departed(context: &Context<'_>, args: &Args, departure: &Departure) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(departure)).await;
    }
    for key in &departure.rotate_now {
        let name = print::safe_lines(&key.name);
        context
            .print(&format!("Rotate now: {name} ({}), version {} was seen\n", key.key_id, key.version))
            .await?;
    }
    if departure.marks_follow {
        context
            .note(args, "What they have seen is still being worked out: look at `keys ls` in some minutes.\n")
            .await?;
    }
    for token in &departure.tokens {
        let name = print::safe_lines(&token.name);
        context.print(&format!("Service token ended: {name} ({})\n", token.id)).await?;
    }
    context.note(args, "Done; what is sealed from now on is sealed to who is left.\n").await
}

async fn answer_with(context: &Context<'_>, args: &Args, team: &TeamView) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(team)).await;
    }
    let environments: Vec<String> = team.environments.iter().map(print::word).collect();
    let mut rows = vec![
        ["Name", &team.name],
        ["Id", &team.id.to_string()],
        ["Your role", &print::word(&team.role)],
        ["Environments", &environments.join(", ")],
        ["Members", &team.members.to_string()],
        ["Keys", &team.keys.to_string()],
        ["Monthly budget", &team.monthly_budget.map_or("none".to_owned(), |budget| budget.to_string())],
        ["Time zone", team.time_zone.as_deref().unwrap_or("that of whoever made a key")],
        ["Quiet hours", team.quiet_hours.as_deref().unwrap_or("none")],
        ["Sealed keys", access(team.access)],
    ]
    .into_iter()
    .map(|row| row.map(str::to_owned).to_vec())
    .collect::<Vec<_>>();
    if team.rekeying > 0 {
        rows.push(vec!["To be locked again".to_owned(), waiting(team.rekeying, "key")]);
    }
    if team.newcomers > 0 {
        rows.push(vec!["To be let in".to_owned(), waiting(team.newcomers, "member")]);
    }
    context.print(&print::columns(&rows)).await
}

fn waiting(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}, when a member unlocks who can")
}

pub(super) fn access(access: SealedAccess) -> &'static str {
    match access {
        SealedAccess::Open => "open when unlocked",
        SealedAccess::Pending => "waits for a member to unlock",
        SealedAccess::NoPassphrase => "needs an unlock passphrase",
        SealedAccess::None => "closed to this role",
    }
}

fn role(args: &Args) -> Result<Option<Role>, Failure> {
    keys::one_of(args, "--role", "owner, admin, member or viewer")
}

/// The team of this id or name; the only one when none is named.
pub(super) async fn named(context: &Context<'_>, name: Option<&str>) -> Result<TeamView, Failure> {
    let teams = context.service.teams(context.caller).await?;
    let means = |team: &TeamView| {
        name.is_none_or(|name| team.id.to_string() == name || team.name.to_lowercase() == name.to_lowercase())
    };
    let mut found = teams.into_iter().filter(means);
    match (found.next(), found.next(), name) {
        (Some(team), None, _) => Ok(team),
        (Some(_), Some(_), Some(_)) => {
            Err(Failure::Usage("several teams have this name; use the id that team ls shows".to_owned()))
        }
        (Some(_), Some(_), None) => Err(Failure::Usage("name the team: you belong to several".to_owned())),
        (None, ..) => Err(keyward_keys::Error::NotFound("team").into()),
    }
}

/// The member that the operand names.
async fn person(context: &Context<'_>, args: &Args, team: Id) -> Result<MemberView, Failure> {
    member_named(context, team, args.operands.first().map(String::as_str).unwrap_or_default()).await
}

/// A member by e-mail, login name or id.
pub(super) async fn member_named(context: &Context<'_>, team: Id, name: &str) -> Result<MemberView, Failure> {
    let name = name.to_lowercase();
    let members = context.service.members(context.caller, team).await?;
    let found = members.into_iter().find(|member| {
        member.email == name || member.login.to_lowercase() == name || member.user_id.to_string() == name
    });
    found.ok_or(keyward_keys::Error::NotFound("member").into())
}
