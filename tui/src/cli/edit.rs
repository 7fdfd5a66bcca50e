//! `keys edit`: changes what is named, and nothing else. Its options are those of `keys add`, so `--environment` is where
//! the key belongs from now on; where several keys share a name, an id tells them apart.

use ipnet::IpNet;
use keyward_keys::Error;
use keyward_keys::input::{KeyPatch, KeyRef, network};

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, budgets, keys, rotating, team};

/// What an edit can name, besides how the key is rotated. A passphrase alone changes nothing.
const CHANGES: [&str; 17] = [
    "--name",
    "--service",
    "--description",
    "--environment",
    "--tag",
    "--monthly-limit",
    "--network",
    "--budget",
    "--refuse-over-budget",
    "--no-refuse-over-budget",
    "--status",
    "--custody",
    "--team",
    "--own",
    "--rotation-interval",
    "--decoy",
    "--no-decoy",
];

pub(super) async fn edit(context: &Context<'_>, args: &Args, stdin: Stdin<'_>) -> Result<(), Failure> {
    let patch = patch(context, args, stdin).await?;
    let key = context.service.key(context.caller, &named(args)).await?;
    // As it was seen: somebody else's change in between is told, not undone.
    let by_id = KeyRef::Id(key.id.to_string());
    let key = context.service.update_key(context.caller, &by_id, patch, Some(key.revision)).await?;
    keys::answer_with(context, args, &key).await
}

/// The key that is to change: an environment says where it is from now on, so it does not help to find it.
pub(super) fn named(args: &Args) -> KeyRef {
    KeyRef::Named(args.operands.first().cloned().unwrap_or_default(), None)
}

/// The change that the arguments and the input describe.
pub(super) async fn patch(
    context: &Context<'_>,
    args: &Args,
    mut stdin: Stdin<'_>,
) -> Result<KeyPatch, Failure> {
    let rotation = rotating::patch(context, args).await?;
    if rotation.is_none() && !CHANGES.iter().any(|change| args.has(change)) {
        let changes = CHANGES.iter().chain(&rotating::SETTINGS).copied().collect::<Vec<_>>();
        return Err(Failure::Usage(format!("say what to change: {}", changes.join(", "))));
    }
    let text = |name: &str| args.get(name).map(str::to_owned);
    let tags: Vec<String> = args.all("--tag").filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    let team = match (args.get("--team"), args.has("--own")) {
        (Some(_), true) => return Err(Failure::Usage("--team or --own, not both".to_owned())),
        (Some(name), false) => Some(Some(team::named(context, Some(name)).await?.id)),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let mut patch = KeyPatch {
        name: text("--name"),
        service: text("--service"),
        description: text("--description"),
        environment: keys::environment(args)?,
        status: keys::one_of(args, "--status", "active or inactive")?,
        tags: args.has("--tag").then_some(tags),
        monthly_limit: match args.get("--monthly-limit") {
            Some("none") => Some(None),
            _ => keys::whole(args, "--monthly-limit")?.map(Some),
        },
        networks: networks(args, true)?,
        monthly_budget: budgets::amount_or_none(args, "--budget")?,
        refuse_over_budget: budgets::refuse(args)?,
        decoy: match (args.has("--decoy"), args.has("--no-decoy")) {
            (true, true) => return Err(Failure::Usage("--decoy or --no-decoy, not both".to_owned())),
            (decoy, none) => (decoy || none).then_some(decoy),
        },
        rotation_interval: keys::whole(args, "--rotation-interval")?,
        custody: keys::one_of(args, "--custody", "private, sealed or automation")?,
        rotation: rotation.map(Some),
        team,
        ..KeyPatch::default()
    };
    if args.has("--passphrase-stdin") {
        let [passphrase] = stdin.secrets(["Passphrase: "]).await?;
        patch.passphrase = Some(passphrase);
    }
    Ok(patch)
}

/// The networks that are named; with `clears`, `none` stands for no network at all.
pub(super) fn networks(args: &Args, clears: bool) -> Result<Option<Vec<IpNet>>, Failure> {
    let texts: Vec<&str> = args.all("--network").collect();
    if texts.is_empty() {
        return Ok(None);
    }
    if clears && texts == ["none"] {
        return Ok(Some(Vec::new()));
    }
    let read = |text: &str| {
        let wrong = || Error::invalid("networks", format!("{text} is no network such as 10.0.0.0/8"));
        network(text).ok_or_else(wrong)
    };
    Ok(Some(texts.into_iter().map(read).collect::<Result<_, _>>()?))
}
