//! Commands about rotation: begin one, go back, see the versions of a key and where its rotation stands, and that of all
//! keys.

use keyward_keys::RotationPhase;
use keyward_keys::input::{NewVersion, RollBack, Rotate, RotationMethodName, RotationQuery};
use keyward_keys::view::{RetiringState, RotationRehearsal, RotationSummary, RotationView, VersionView};
use secrecy::ExposeSecret;
use serde::Serialize;
use zeroize::Zeroizing;

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, keys, print, rotating};
use crate::widgets::format;

/// Entries of each list of all rotations.
const LISTED: u32 = 100;

pub(super) async fn rotate(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let key = keys::named(args)?;
    if args.has("--value-stdin") {
        if args.has("--emergency") || args.has("--dry-run") {
            return Err(Failure::Usage("--value-stdin is not for --emergency or --dry-run".to_owned()));
        }
        let value = stdin.secret("New value: ").await?;
        let new = NewVersion { value, overlap: rotating::overlap(args)? };
        context.service.add_version(context.caller, &key, new, None).await?;
        return show(context, args).await;
    }
    let mut rotate = Rotate { emergency: args.has("--emergency"), ..Rotate::default() };
    rotate.confirm = args.get("--confirm").map(str::to_owned);
    rotate.overlap = rotating::overlap(args)?;
    if args.has("--dry-run") {
        let told = context.service.rehearse_rotation(context.caller, &key, rotate).await?;
        let text = if args.json { print::json(&told) } else { rehearsal(&told) };
        return context.print(&text).await;
    }
    let view = context.service.rotate(context.caller, &key, rotate).await?;
    answer(context, args, &view).await
}

pub(super) async fn roll_back(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let back = RollBack { version: keys::whole(args, "--version")? };
    let view = context.service.roll_back(context.caller, &keys::named(args)?, back).await?;
    answer(context, args, &view).await
}

pub(super) async fn retire(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let version = keys::whole(args, "--version")?;
    let version = version.ok_or_else(|| Failure::Usage("--version names the old version".to_owned()))?;
    let view = context.service.retire_version(context.caller, &keys::named(args)?, version).await?;
    answer(context, args, &view).await
}

pub(super) async fn show(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let view = context.service.rotation(context.caller, &keys::named(args)?).await?;
    answer(context, args, &view).await
}

#[derive(Serialize)]
struct Secret<'a> {
    secret: &'a str,
}

/// Prints what a key's webhook is signed with, and nothing else.
pub(super) async fn webhook_secret(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let key = keys::named(args)?;
    let secret = if args.has("--replace") {
        context.service.replace_rotation_secret(context.caller, &key).await?
    } else {
        context.service.rotation_secret(context.caller, &key).await?
    };
    let secret = secret.expose_secret();
    let text =
        Zeroizing::new(if args.json { print::json(&Secret { secret }) } else { format!("{secret}\n") });
    context.print(&text).await
}

#[derive(Serialize)]
struct Versions {
    versions: Vec<VersionView>,
}

pub(super) async fn versions(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let versions = context.service.versions(context.caller, &keys::named(args)?).await?;
    if args.json {
        return context.print(&print::json(&Versions { versions })).await;
    }
    let mut rows =
        vec![["VERSION", "LABELS", "MADE (UTC)", "GIVEN OUT UNTIL (UTC)"].map(str::to_owned).to_vec()];
    rows.extend(versions.iter().map(|version| {
        let labels: Vec<String> = version.labels.iter().map(print::word).collect();
        let until = version.fetchable_until.map_or_else(String::new, |until| print::moment(Some(until)));
        vec![version.version.to_string(), labels.join(", "), print::moment(Some(version.created_at)), until]
    }));
    context.print(&print::columns(&rows)).await
}

pub(super) async fn all(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let all = context.service.rotations(context.caller, &RotationQuery { limit: LISTED }).await?;
    if args.json {
        return context.print(&print::json(&all)).await;
    }
    let mut rows = vec![
        ["KEY", "ENVIRONMENT", "METHOD", "STATE", "HEALTH", "DUE (UTC)", ""].map(str::to_owned).to_vec(),
    ];
    let queued: Vec<_> = all.queue.iter().map(|one| one.id).collect();
    let calendar = all.calendar.iter().filter(|one| !queued.contains(&one.id));
    rows.extend(all.queue.iter().chain(calendar).map(row));
    context.print(&print::columns(&rows)).await
}

fn row(one: &RotationSummary) -> Vec<String> {
    let fault =
        one.fault.as_ref().map_or_else(String::new, |fault| format!("{}; {}", fault.text, fault.advice));
    vec![
        one.name.clone(),
        print::word(&one.environment),
        print::word(&one.method),
        print::word(&one.state),
        print::word(&one.health),
        one.next_rotation.map_or_else(|| "never".to_owned(), |at| print::moment(Some(at))),
        fault,
    ]
}

async fn answer(context: &Context<'_>, args: &Args, view: &RotationView) -> Result<(), Failure> {
    let text = if args.json { print::json(view) } else { described(view) };
    context.print(&text).await
}

fn described(view: &RotationView) -> String {
    let due = view.next_rotation.map_or_else(|| "never".to_owned(), print::moment_utc);
    let mut rows = vec![
        ["Key".to_owned(), view.name.clone()],
        ["State".to_owned(), print::word(&view.state)],
        ["Health".to_owned(), print::word(&view.health)],
        ["Method".to_owned(), print::word(&view.rotation.method)],
        ["Version".to_owned(), view.version.to_string()],
        ["Due".to_owned(), if view.overdue { format!("{due}, overdue") } else { due }],
    ];
    let by_hand = view.rotation.method == RotationMethodName::Remind;
    if let Some(page) = view.rotation.url.as_ref().filter(|_| by_hand) {
        rows.push(["Made at".to_owned(), page.clone()]);
    }
    if let Some(recipe) = view.rotation.recipe.as_ref().filter(|_| by_hand) {
        rows.push(["Tried by".to_owned(), recipe.clone()]);
    }
    if let Some(run) = &view.run {
        let steps: Vec<String> = run
            .steps
            .iter()
            .map(|one| format!("{} {}", print::word(&one.step), print::word(&one.state)))
            .collect();
        rows.push(["Steps".to_owned(), steps.join(", ")]);
        if run.phase == RotationPhase::Waiting {
            let text = format!("make a new value, and hand it in: keys rotate {} --value-stdin", view.name);
            rows.push(["To do".to_owned(), text]);
        }
        if let Some(fault) = &run.fault {
            rows.push(["Failure".to_owned(), format!("{}; {}", fault.text, fault.advice)]);
        }
    }
    for old in &view.retiring {
        let until = print::moment_utc(old.overlap_ends);
        let still = if old.used_by.is_none() {
            String::new()
        } else {
            format!(", used by {}", old.used_by.in_words())
        };
        rows.push([
            format!("Version {}", old.version),
            match old.state {
                RetiringState::Overlap => format!("overlap until {until}{still}"),
                state => format!("{}, overlap until {until}{still}", print::word(&state)),
            },
        ]);
        if old.state == RetiringState::ToRevoke {
            let text = format!(
                "revoke version {number} where it was made, then: keys retire {} --version {number}",
                view.name,
                number = old.version
            );
            rows.push(["To do".to_owned(), text]);
        }
    }
    print::columns(&rows.into_iter().map(Vec::from).collect::<Vec<_>>())
}

fn rehearsal(told: &RotationRehearsal) -> String {
    let mut rows = vec![vec!["New version".to_owned(), told.version.to_string()]];
    rows.push(vec![
        "Old value stays".to_owned(),
        format!(
            "{}, until {} at the latest",
            format::told_span(&told.overlap),
            print::moment_utc(told.latest)
        ),
    ]);
    for one in &told.will_break {
        rows.push(vec!["Will break".to_owned(), format!("{}: {}", one.app.name, one.why)]);
    }
    for one in &told.updates_itself {
        rows.push(vec!["Updates itself".to_owned(), format!("{}: {}", one.app.name, one.why)]);
    }
    rows.extend(told.worth_knowing.iter().map(|text| vec!["Worth knowing".to_owned(), text.clone()]));
    rows.extend(told.refused.iter().map(|text| vec!["Not now".to_owned(), text.clone()]));
    print::columns(&rows)
}
