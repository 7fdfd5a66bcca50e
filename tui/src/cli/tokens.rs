//! Commands about service tokens. A token's text goes out by `add` alone, once.

use keyward_keys::input::{KeyRef, TokenWords};
use keyward_keys::view::TokenView;
use secrecy::ExposeSecret;
use serde::Serialize;
use zeroize::Zeroizing;

use super::keys::{agree, environment, word_of};
use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print};
use crate::session::terminal_lines;

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let tokens = context.service.tokens(context.caller).await?;
    if context.list(args, "tokens", &tokens).await? {
        return Ok(());
    }
    if tokens.is_empty() {
        let ssh = &context.host.ssh_command;
        return context
            .nothing(args, &format!("No tokens. Make one: {ssh} tokens add --name NAME --env ENV\n"))
            .await;
    }
    const HEADER: [&str; 7] = ["NAME", "FOR", "SCOPES", "USES", "LAST SEEN (UTC)", "EXPIRES (UTC)", "ID"];
    let row = |token: &TokenView| {
        vec![
            token.name.clone(),
            match token.environment {
                Some(environment) => print::word(&environment),
                None => format!("{} keys", token.keys.len()),
            },
            token.scopes.iter().map(print::word).collect::<Vec<_>>().join(", "),
            match token.max_uses {
                Some(most) => format!("{} of {most}", token.uses),
                None => token.uses.to_string(),
            },
            print::moment(token.last_seen),
            print::moment(token.expires_at),
            token.id.to_string(),
        ]
    };
    let header = [HEADER.map(str::to_owned).to_vec()];
    context
        .print(&print::columns(&header.into_iter().chain(tokens.iter().map(row)).collect::<Vec<_>>()))
        .await
}

#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    #[serde(flatten)]
    view: &'a TokenView,
}

pub(super) async fn add(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let texts = |name: &str| args.all(name).map(str::to_owned).collect::<Vec<_>>();
    let scope = |word: &str| word_of("--scope", word, "fetch or track");
    let max_uses = args.get("--max-uses").map(str::parse).transpose();
    let words = TokenWords {
        name: args.get("--name").unwrap_or_default().to_owned(),
        keys: texts("--key"),
        environment: environment(args)?,
        team: args.get("--team").map(str::to_owned),
        scopes: args.all("--scope").map(scope).collect::<Result<_, _>>()?,
        expires: args.get("--expires").map(str::to_owned),
        networks: texts("--network"),
        max_uses: max_uses.map_err(|_| Failure::Usage("--max-uses is a whole number".to_owned()))?,
    };
    let mut passphrase = None;
    if args.has("--passphrase-stdin") {
        let [first] = stdin.secrets(["Passphrase: "]).await?;
        passphrase = Some(first);
    }
    let (view, token) = context.service.create_token_in_words(context.caller, words, passphrase).await?;
    let token = token.expose_secret();
    let text = Zeroizing::new(if args.json {
        print::json(&Made { token, view: &view })
    } else {
        format!("{token}\n")
    });
    context.out.send(terminal_lines(text.as_bytes(), context.pty)).await?;
    context.note(args, "Keep it now: it is not shown again.\n").await
}

pub(super) async fn rm(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let name = args.operands.first().map(String::as_str).unwrap_or_default();
    let token = context.service.token_named(context.caller, name).await?;
    if args.has("--dry-run") {
        return rehearse_rm(context, args, &token).await;
    }
    agree(args, &mut stdin, &format!("Revoke {}? [y/N] ", print::safe_lines(&token.name))).await?;
    context.service.revoke_token(context.caller, token.id).await?;
    if args.json {
        return context.print(&print::json(&token)).await;
    }
    context.note(args, &format!("{} is revoked.\n", print::safe_lines(&token.name))).await
}

/// What would be without it, and how lately that was used.
async fn rehearse_rm(context: &Context<'_>, args: &Args, token: &TokenView) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(token)).await;
    }
    let opens = match token.environment {
        Some(environment) => format!("every key in {}", print::word(&environment)),
        None => {
            let mut names = Vec::with_capacity(token.keys.len());
            for id in &token.keys {
                // One in the bin is opened by nothing anyway.
                if let Ok(key) = context.service.key(context.caller, &KeyRef::Id(id.to_string())).await {
                    names.push(print::safe_lines(&key.name));
                }
            }
            if names.is_empty() { "nothing any more".to_owned() } else { names.join(", ") }
        }
    };
    let seen = token.last_seen.map_or_else(|| "never".to_owned(), print::moment_utc);
    let name = print::safe_lines(&token.name);
    context
        .print(&format!("{name} would be revoked\nOpens: {opens}\nLast seen: {seen}\nUses: {}\n", token.uses))
        .await
}
