//! Commands about the person: who they are here, and what they have open.

use keyward_keys::Error;
use keyward_keys::view::SessionView;

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print, profile};

pub(super) async fn whoami(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let user = context.service.me(context.caller).await?;
    if args.json {
        return context.print(&print::json(&user)).await;
    }
    let teams = context.service.teams(context.caller).await?;
    let email = profile::email(&user);
    let mut rows = vec![
        vec!["Name".to_owned(), user.name],
        vec!["Login".to_owned(), user.login],
        vec!["E-mail".to_owned(), email],
        vec!["Plan".to_owned(), print::word(&user.subscription.plan)],
    ];
    if user.operator {
        rows.push(vec!["Role".to_owned(), "operator of this instance".to_owned()]);
    }
    for team in teams {
        rows.push(vec!["Team".to_owned(), format!("{} ({})", team.name, print::word(&team.role))]);
    }
    rows.push(vec!["Signed in at".to_owned(), context.host.address.clone()]);
    context.print(&print::columns(&rows)).await
}

pub(super) async fn verify_email(
    context: &Context<'_>,
    args: &Args,
    mut stdin: Stdin<'_>,
) -> Result<(), Failure> {
    if args.has("--send") {
        let text = match context.service.send_email_code(context.caller).await? {
            Some(fault) => format!("It could not be mailed: {fault}.\n"),
            None => "A code is on its way to your address.\n".to_owned(),
        };
        return context.note(args, &text).await;
    }
    let [code] = stdin.secrets(["Code: "]).await?;
    let user = context.service.prove_email(context.caller, &code).await?;
    if args.json {
        return context.print(&print::json(&user)).await;
    }
    context.note(args, &format!("{} is yours.\n", print::safe_lines(&user.email))).await
}

pub(super) async fn sessions(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let sessions = context.service.sessions(context.caller).await?;
    if context.list(args, "sessions", &sessions).await? {
        return Ok(());
    }
    const HEADER: [&str; 6] = ["WHAT", "FROM", "PROGRAM", "SINCE (UTC)", "LAST SEEN (UTC)", "ID"];
    let row = |session: &SessionView| {
        let here = if session.current { " (this one)" } else { "" };
        vec![
            format!("{}{here}", print::word(&session.kind)),
            session.address.clone().unwrap_or_else(|| "this machine".to_owned()),
            session.user_agent.clone().unwrap_or_default(),
            print::moment(Some(session.created_at)),
            print::moment(Some(session.last_seen)),
            session.id.to_string(),
        ]
    };
    let header = [HEADER.map(str::to_owned).to_vec()];
    let rows: Vec<_> = header.into_iter().chain(sessions.iter().map(row)).collect();
    context.print(&print::columns(&rows)).await
}

pub(super) async fn end_sessions(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    match (args.operands.first(), args.has("--all")) {
        (Some(id), false) => end_session(context, args, id).await,
        (None, true) => end_all(context, args).await,
        (Some(_), true) | (None, false) => {
            Err(Failure::Usage("name one session, by its id, or say --all".to_owned()))
        }
    }
}

/// All is said before: with the sessions, the connection that carries the words ends.
async fn end_all(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    if args.json {
        let sessions = context.service.sessions(context.caller).await?;
        context.list(args, "sessions", &sessions).await?;
    } else {
        context.note(args, "Everything you have open ends now, this connection too.\n").await?;
    }
    Ok(context.service.sign_out_everywhere(context.caller).await?)
}

async fn end_session(context: &Context<'_>, args: &Args, id: &str) -> Result<(), Failure> {
    let id = id.parse().map_err(|_| Error::NotFound("session"))?;
    let sessions = context.service.sessions(context.caller).await?;
    let session = sessions.iter().find(|session| session.id == id).ok_or(Error::NotFound("session"))?;
    if session.current {
        return Err(Failure::Usage("that is this session; it ends by itself".to_owned()));
    }
    context.service.end_session(context.caller, id).await?;
    if args.json {
        return context.print(&print::json(session)).await;
    }
    context.note(args, &format!("The {} has ended.\n", print::word(&session.kind))).await
}
