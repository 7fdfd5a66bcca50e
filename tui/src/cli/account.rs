//! Commands about the person: who they are here.

use super::parse::Args;
use super::{Context, Failure, print};

pub(super) async fn whoami(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let user = context.service.me(context.caller).await?;
    if args.json {
        return context.print(&print::json(&user)).await;
    }
    let teams = context.service.teams(context.caller).await?;
    let mut rows = vec![
        vec!["Name".to_owned(), user.name],
        vec!["Login".to_owned(), user.login],
        vec!["E-mail".to_owned(), user.email],
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
