//! Commands about the unlock passphrase. It comes in by standard input or unseen typing alone; the unlock token stays
//! with the connection and is never printed.

use keyward_keys::input::PassphraseReset;
use keyward_keys::view::PassphraseLoss;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unlocked {
    unlocked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

pub(super) async fn unlock(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let [passphrase] = stdin.secrets(["Unlock passphrase: "]).await?;
    let issued = context.service.unlock(context.caller, passphrase).await?;
    if args.json {
        let unlocked = Unlocked { unlocked: true, expires_in: Some(issued.expires_in) };
        return context.print(&print::json(&unlocked)).await;
    }
    let minutes = issued.expires_in / 60;
    let text = format!("Unlocked, for this connection, until it is not used for {minutes} minutes.\n");
    context.note(args, &text).await
}

pub(super) async fn lock(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    context.service.lock_again(context.caller).await?;
    if args.json {
        return context.print(&print::json(&Unlocked { unlocked: false, expires_in: None })).await;
    }
    context.note(args, "Locked.\n").await
}

pub(super) async fn passphrase(
    context: &Context<'_>,
    args: &Args,
    mut stdin: Stdin<'_>,
) -> Result<(), Failure> {
    if args.has("--forgotten") {
        return forgotten(context, args, stdin).await;
    }
    let has_one = context.service.me(context.caller).await?.unlock_passphrase;
    let (old, new) = match (has_one, stdin.can_ask()) {
        (true, true) => {
            let prompts = ["Present unlock passphrase: ", "New unlock passphrase: ", "The new one again: "];
            let [old, new, again] = stdin.secrets(prompts).await?;
            (Some(old), same(new, &again)?)
        }
        (true, false) => {
            let [old, new] = stdin.secrets(["", ""]).await?;
            (Some(old), new)
        }
        (false, true) => {
            let [new, again] = stdin.secrets(["New unlock passphrase: ", "Again: "]).await?;
            (None, same(new, &again)?)
        }
        (false, false) => {
            let [new] = stdin.secrets([""]).await?;
            (None, new)
        }
    };
    context.service.set_passphrase(context.caller, new, old).await?;
    if args.json {
        return context.print(&print::json(&context.service.me(context.caller).await?)).await;
    }
    context.note(args, "The unlock passphrase is set. Keyward cannot give it back when it is lost.\n").await
}

/// A new passphrase without the one before: says what that costs, and asks before it is done.
async fn forgotten(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let loss = context.service.passphrase_loss(context.caller).await?;
    context.note(args, &cost(&loss)).await?;
    let mut lose = args.has("--lose");
    if !lose && !loss.lost.is_empty() {
        lose = stdin.agrees("Lose them? [y/N] ").await? == Some(true);
        if !lose && stdin.can_ask() {
            return Err(Failure::Cancelled);
        }
    }
    let second_factor = context.service.me(context.caller).await?.two_factor_enabled;
    let (password, totp, passphrase) = match (second_factor, stdin.can_ask()) {
        (factor, true) => {
            let [password] = stdin.secrets(["Password: "]).await?;
            let totp = if factor { Some(stdin.secret("Authenticator code: ").await?) } else { None };
            let [new, again] = stdin.secrets(["New unlock passphrase: ", "The new one again: "]).await?;
            (password, totp, same(new, &again)?)
        }
        (true, false) => {
            let [password, totp, new] = stdin.secrets(["", "", ""]).await?;
            (password, Some(totp), new)
        }
        (false, false) => {
            let [password, new] = stdin.secrets(["", ""]).await?;
            (password, None, new)
        }
    };
    let reset = PassphraseReset { passphrase, password, totp, lose };
    let loss = context.service.reset_passphrase(context.caller, reset).await?;
    if args.json {
        return context.print(&print::json(&loss)).await;
    }
    context.note(args, "The unlock passphrase is set.\n").await
}

fn cost(loss: &PassphraseLoss) -> String {
    let mut text = String::new();
    for team in &loss.regranted {
        text.push_str(&format!(
            "{} opens again once somebody unlocks who can open it.\n",
            print::safe_lines(&team.name)
        ));
    }
    for key in &loss.lost {
        let apps = if key.tokens > 0 { ", but by apps that have it" } else { "" };
        text.push_str(&format!("Nobody can open {} any more{apps}.\n", print::safe_lines(&key.name)));
    }
    text
}

fn same(new: SecretString, again: &SecretString) -> Result<SecretString, Failure> {
    if new.expose_secret() == again.expose_secret() {
        Ok(new)
    } else {
        Err(Failure::Usage("the two new passphrases are not the same".to_owned()))
    }
}
