//! `profile`: one's own account as it stands, and what is named of it changed.

use keyward_keys::NoticeKind;
use keyward_keys::input::{PreferencesChange, ProfileChange};
use keyward_keys::view::UserView;

use super::parse::Args;
use super::{Context, Failure, keys, print};

/// What an edit can name.
const CHANGES: [&str; 10] = [
    "--name",
    "--email",
    "--time-zone",
    "--theme",
    "--notifications",
    "--no-notifications",
    "--mute",
    "--share-viewing",
    "--no-share-viewing",
    "--quiet-hours",
];

pub(super) async fn show(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let user = context.service.me(context.caller).await?;
    answer(context, args, user).await
}

pub(super) async fn edit(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    if !CHANGES.iter().any(|change| args.has(change)) {
        return Err(Failure::Usage(format!("say what to change: {}", CHANGES.join(", "))));
    }
    let text = |name: &str| args.get(name).map(str::to_owned);
    let change = ProfileChange {
        name: text("--name"),
        email: text("--email"),
        time_zone: text("--time-zone"),
        preferences: PreferencesChange {
            theme: keys::one_of(args, "--theme", "auto, dark, light or contrast")?,
            notifications: on_or_off(args, "--notifications", "--no-notifications")?,
            muted: muted(args)?,
            share_viewing: on_or_off(args, "--share-viewing", "--no-share-viewing")?,
            quiet_hours: args.clearable("--quiet-hours"),
        },
        ..ProfileChange::default()
    };
    let user = context.service.change_profile(context.caller, change).await?;
    answer(context, args, user).await
}

/// What two switches say, of which at most one is given.
fn on_or_off(args: &Args, on: &str, off: &str) -> Result<Option<bool>, Failure> {
    match (args.has(on), args.has(off)) {
        (true, true) => Err(Failure::Usage(format!("{on} or {off}, not both"))),
        (is_on, is_off) => Ok((is_on || is_off).then_some(is_on)),
    }
}

/// The types that are not to be told; `none` stands for no type at all.
fn muted(args: &Args) -> Result<Option<Vec<NoticeKind>>, Failure> {
    let words: Vec<&str> = args.all("--mute").collect();
    if words.is_empty() {
        return Ok(None);
    }
    if words == ["none"] {
        return Ok(Some(Vec::new()));
    }
    let known = format!("none, or of {}", NoticeKind::ALL.map(NoticeKind::name).join(", "));
    let kinds = words.into_iter().map(|word| keys::word_of("--mute", word, &known));
    Ok(Some(kinds.collect::<Result<_, _>>()?))
}

/// The address, and whether it has yet to be verified.
pub(super) fn email(user: &UserView) -> String {
    let open = if user.email_verified { "" } else { " (not verified)" };
    format!("{}{open}", user.email)
}

async fn answer(context: &Context<'_>, args: &Args, user: UserView) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(&user)).await;
    }
    let (email, preferences) = (email(&user), user.preferences);
    let or_none = |words: String| if words.is_empty() { "none".to_owned() } else { words };
    let viewing = if preferences.share_viewing { "shared with your teams" } else { "not shared" };
    let rows = [
        ("Name", user.name),
        ("Login", user.login),
        ("E-mail", email),
        ("Time zone", user.time_zone),
        ("Theme", preferences.theme),
        ("Notifications", if preferences.notifications { "on" } else { "off" }.to_owned()),
        ("Quiet hours", preferences.quiet_hours.unwrap_or_else(|| "none".to_owned())),
        ("Muted", or_none(preferences.muted.join(", "))),
        ("What you look at", viewing.to_owned()),
        ("Second factor", if user.two_factor_enabled { "on" } else { "off" }.to_owned()),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(what, how)| vec![what.to_owned(), how]).collect();
    context.print(&print::columns(&rows)).await
}
