//! `keyward recipe`: the recipes of the program, and a check of one's own, with no daemon and no data folder.

use std::collections::BTreeMap;
use std::net::ToSocketAddrs;
use std::path::Path;

use keyward_keys::outbound::{Outbound, OutboundSettings, Recipe, RecipeRun, Target, Tried};
use keyward_keys::{Clock, Fault, crypto};
use serde_json::{Value, json};

use crate::args::{Common, RecipeCheck, RecipeCommand};
use crate::error::{Error, Exit, Result};
use crate::{output, password};

/// A recipe is not larger.
const LONGEST: u64 = 1024 * 1024;

/// Carries out one of its commands.
///
/// # Errors
/// There is no such recipe, it has faults, or it does not work.
pub async fn recipe(common: &Common, command: RecipeCommand) -> Result<()> {
    match command {
        RecipeCommand::Ls => ls(common),
        RecipeCommand::Show { name } => show(&name),
        RecipeCommand::Check(check) => Box::pin(self::check(common, check)).await,
    }
}

fn ls(common: &Common) -> Result<()> {
    let mut rows = Vec::new();
    for name in Recipe::shipped_names() {
        let text = Recipe::shipped(name).unwrap_or_default();
        rows.push(described(&Recipe::parse(name, text, &[]).map_err(|faults| faulty(name, &faults))?));
    }
    if common.json {
        output::json(&json!({ "recipes": rows }));
        return Ok(());
    }
    for row in rows {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        output::result(&format!("{:<12} {:<9} {}", text("name"), text("mode"), text("title")));
    }
    Ok(())
}

fn show(name: &str) -> Result<()> {
    let text = Recipe::shipped(name).ok_or_else(|| Error::Daemon {
        exit: Exit::NotFound.code(),
        text: format!("there is no recipe {name} in the program; `keyward recipe ls` lists them"),
    })?;
    output::result(text.trim_end());
    Ok(())
}

async fn check(common: &Common, check: RecipeCheck) -> Result<()> {
    let text = read(&check.file)?;
    let name = check.file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let allow = match &check.against {
        Some(url) => addresses(url)?,
        None => Vec::new(),
    };
    let parsed = Recipe::parse(&name, &text, &allow);
    let mut params: BTreeMap<String, String> = check.params.iter().cloned().collect();
    if let (Ok(recipe), Some(url)) = (&parsed, &check.against) {
        // Whatever is an address is this one.
        for name in recipe.params.keys().filter(|name| name.ends_with("_url")) {
            params.entry(name.clone()).or_insert_with(|| url.clone());
        }
    }
    let (recipe, mut faults) = match parsed {
        Ok(recipe) => (Some(recipe), Vec::new()),
        Err(faults) => (None, faults),
    };
    if let (Some(recipe), true) = (&recipe, check.against.is_some() || !check.params.is_empty()) {
        let of_params = recipe.check_params(&params).into_iter();
        faults.extend(of_params.map(|fault| Fault { field: format!("--param {}", fault.field), ..fault }));
    }
    let mut tried = Vec::new();
    if let (Some(recipe), true, true) = (&recipe, faults.is_empty(), check.against.is_some()) {
        let credential = match &check.credential_file {
            Some(file) => read(file)?.trim().to_owned().into(),
            None => password::from_stdin()?,
        };
        let outbound =
            Outbound::new(OutboundSettings { allow, ..OutboundSettings::default() }, Clock::system());
        let unique = crypto::random_array::<8>()
            .map_err(|_| Error::Random)?
            .map(|byte| format!("{byte:02x}"))
            .concat();
        let run = RecipeRun { recipe, params: &params, credential: &credential };
        tried = outbound.recipe_trial(run, &format!("keyward-check-{unique}")).await;
    }
    tell(common, &name, recipe.as_ref(), &faults, &tried)
}

/// Prints what was found; a fault or a failure is the command's.
fn tell(
    common: &Common,
    name: &str,
    recipe: Option<&Recipe>,
    faults: &[Fault],
    tried: &[Tried],
) -> Result<()> {
    let failed =
        tried.iter().filter_map(|tried| tried.outcome.as_ref().err().map(|error| (tried.step, error)));
    let failed: Vec<_> = failed.collect();
    if common.json {
        let faults: Vec<Value> =
            faults.iter().map(|fault| json!({ "pointer": fault.field, "detail": fault.detail })).collect();
        let step = |tried: &Tried| match &tried.outcome {
            Ok(()) => json!({ "step": tried.step, "ok": true }),
            Err(error) => {
                json!({ "step": tried.step, "ok": false, "class": error.class.name(), "detail": error.detail })
            }
        };
        let steps: Vec<Value> = tried.iter().map(step).collect();
        let ok = faults.is_empty() && failed.is_empty();
        output::json(&json!({ "ok": ok, "recipe": recipe.map(described), "errors": faults, "steps": steps }));
    } else {
        for tried in tried.iter().filter(|tried| tried.outcome.is_ok()) {
            output::result(&format!("{}: ok", tried.step));
        }
    }
    if !faults.is_empty() {
        return Err(faulty(name, faults));
    }
    if !failed.is_empty() {
        let texts: Vec<String> =
            failed.iter().map(|(step, error)| format!("{step} ({}): {error}", error.class.name())).collect();
        return Err(Error::Daemon {
            exit: Exit::Failed.code(),
            text: format!("the recipe does not work: {}", texts.join("; ")),
        });
    }
    if let (Some(recipe), false) = (recipe, common.json) {
        output::result(&format!("the recipe {name} is fine: {}, {}", recipe.title, recipe.mode.name()));
    }
    Ok(())
}

fn described(recipe: &Recipe) -> Value {
    let params = recipe.params.iter().map(|(name, param)| {
        json!({ "name": name, "about": param.about, "required": param.is_needed(), "json": param.json })
    });
    json!({
        "name": recipe.name, "title": recipe.title, "mode": recipe.mode.name(), "reference": recipe.reference,
        "written": recipe.written, "credential": recipe.credential, "needsCurrent": recipe.needs_current(),
        "params": params.collect::<Vec<_>>(),
    })
}

fn faulty(name: &str, faults: &[Fault]) -> Error {
    let line = |fault: &Fault| format!("\n  {} {}", fault.field, fault.detail).replace("\n   ", "\n  ");
    let lines: String = faults.iter().map(line).collect();
    Error::Usage(format!("the recipe {name} has faults:{lines}"))
}

fn read(path: &Path) -> Result<String> {
    let failed = |source| Error::File { path: path.to_owned(), doing: "read", source };
    if path.metadata().map_err(failed)?.len() > LONGEST {
        return Err(failed(std::io::Error::other("it is too large")));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// The addresses of a server that somebody named at their own machine: it may be called wherever it is, and nothing else
/// that is private.
fn addresses(url: &str) -> Result<Vec<ipnet::IpNet>> {
    let everything =
        ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect::<Vec<_>>();
    let wrong = |wrong: String| Error::Usage(format!("--against {wrong}"));
    let authority = Target::parse(url, &everything).map_err(wrong)?.authority();
    let host = if authority.rsplit(']').next().is_some_and(|end| end.contains(':')) {
        authority
    } else {
        format!("{authority}:443")
    };
    let found = host.to_socket_addrs().map_err(|_| wrong("names a host that has no address".to_owned()))?;
    Ok(found.map(|address| ipnet::IpNet::from(address.ip())).collect())
}
