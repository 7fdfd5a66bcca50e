//! How a key is to be rotated, as options of `keys add` and `keys edit`: those of the REST schema's `rotation`, one each.
//! Nothing among them is a secret; what a provider is shown is named, not given.

use std::collections::BTreeMap;
use std::time::Duration;

use keyward_keys::input::{KeyRef, RotationPatch, duration};
use keyward_keys::view::KeyView;

use super::parse::Args;
use super::{Context, Failure, keys, print};

/// The options.
pub(super) const SETTINGS: [&str; 12] = [
    "--method",
    "--cron",
    "--timezone",
    "--quiet-hours",
    "--overlap",
    "--template",
    "--url",
    "--recipe",
    "--parameter",
    "--credential",
    "--command",
    "--evidence",
];

/// What they say; none when none is given.
pub(super) async fn patch(context: &Context<'_>, args: &Args) -> Result<Option<RotationPatch>, Failure> {
    if !SETTINGS.iter().any(|setting| args.has(setting)) {
        return Ok(None);
    }
    let text = |name: &str| args.get(name).map(str::to_owned);
    let words = "remind, generate, recipe, webhook or command";
    Ok(Some(RotationPatch {
        method: keys::one_of(args, "--method", words)?,
        template: text("--template"),
        url: text("--url"),
        recipe: text("--recipe"),
        parameters: parameters(args)?,
        credential: match args.get("--credential") {
            Some(name) => Some(shown(context, name).await),
            None => None,
        },
        command: text("--command"),
        overlap: overlap(args)?,
        cron: args.clearable("--cron"),
        timezone: args.clearable("--timezone"),
        quiet_hours: args.clearable("--quiet-hours"),
        evidence: match args.get("--evidence") {
            None => None,
            Some("on") => Some(true),
            Some("off") => Some(false),
            Some(other) => return Err(Failure::Usage(format!("--evidence is on or off, not '{other}'"))),
        },
        ..RotationPatch::default()
    }))
}

/// The id of the key that a provider is shown; what is no key's name is told about by whoever looks for it.
async fn shown(context: &Context<'_>, name: &str) -> String {
    let key = context.service.key(context.caller, &KeyRef::Named(name.to_owned(), None)).await;
    key.map_or_else(|_| name.to_owned(), |key| key.id.to_string())
}

/// For how long an old value stays.
pub(super) fn overlap(args: &Args) -> Result<Option<Duration>, Failure> {
    let wrong = || Failure::Usage("--overlap is a duration such as 1h or 7d; 0s is none".to_owned());
    args.get("--overlap").map(|text| duration(text).ok_or_else(wrong)).transpose()
}

fn parameters(args: &Args) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let pair = |text: &str| match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(Failure::Usage(format!("--parameter is NAME=VALUE, not '{text}'"))),
    };
    let all: BTreeMap<_, _> = args.all("--parameter").map(pair).collect::<Result<_, _>>()?;
    Ok(Some(all).filter(|all| !all.is_empty()))
}

/// The next times a key is due, in UTC.
pub(super) fn coming(key: &KeyView) -> String {
    let coming = key.rotation.iter().flat_map(|rotation| &rotation.upcoming);
    let times: Vec<_> = coming.map(|at| print::moment(Some(*at))).collect();
    if times.is_empty() { "none".to_owned() } else { format!("{} (UTC)", times.join(", ")) }
}
