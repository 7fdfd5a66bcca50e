//! `keys get`: the one command that a value goes out by. Passphrases come in by standard input or a terminal alone.

use keyward_keys::input::{KeyRef, Reveal};
use keyward_keys::view::Revealed;
use keyward_keys::{Environment, Error, Locked};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::keys::named;
use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print};
use crate::session::terminal_lines;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    name: &'a str,
    environment: Environment,
    version: u32,
    api_key: &'a str,
}

pub(super) async fn get(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let key = named(args)?;
    let mut passphrase = None;
    if args.has("--passphrase-stdin") {
        let [first] = stdin.secrets(["Passphrase: "]).await?;
        passphrase = Some(first);
    }
    let reason = args.get("--reason");
    let revealed = match reveal(context, &key, passphrase, reason).await {
        Err(Failure::Core(Error::Locked(Locked::Sealed)))
            if stdin.can_ask() && !args.has("--passphrase-stdin") =>
        {
            let passphrase = stdin.secret("Unlock passphrase: ").await?;
            context.service.unlock(context.caller, passphrase).await?;
            reveal(context, &key, None, reason).await?
        }
        Err(Failure::Core(Error::Locked(Locked::Private)))
            if stdin.can_ask() && !args.has("--passphrase-stdin") =>
        {
            let passphrase = stdin.secret("Passphrase: ").await?;
            reveal(context, &key, Some(passphrase), reason).await?
        }
        Err(locked @ Failure::Core(Error::Locked(Locked::Sealed | Locked::Private)))
            if !args.has("--passphrase-stdin") =>
        {
            let how = "ssh -t asks for the passphrase; --passphrase-stdin reads it from standard input.\n";
            context.note(args, how).await?;
            return Err(locked);
        }
        revealed => revealed?,
    };
    let value = revealed.value.expose_secret();
    let text = Zeroizing::new(if args.json {
        print::json(&Value {
            name: &revealed.name,
            environment: revealed.environment,
            version: revealed.version,
            api_key: value,
        })
    } else if context.pty {
        print::safe_lines(value) + "\n"
    } else {
        format!("{value}\n")
    });
    Ok(context.out.send(terminal_lines(text.as_bytes(), context.pty)).await?)
}

async fn reveal(
    context: &Context<'_>,
    key: &KeyRef,
    passphrase: Option<SecretString>,
    reason: Option<&str>,
) -> Result<Revealed, Failure> {
    let how = Reveal { passphrase, version: None, reason: reason.map(str::to_owned) };
    Ok(context.service.reveal(context.caller, key, how).await?)
}
