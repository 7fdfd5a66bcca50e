//! Making an account over SSH: a few questions in a plain line editor that works in any terminal. Every rule about
//! names, codes and passwords is the core's; this only asks, and asks again when the core says no.

use bytes::Bytes;
use keyward_keys::input::NewAccount;
use keyward_keys::{Caller, Error, Origin, Registration, Service};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use crate::session::{Asked, LineReader, OutputGone, chain};
use crate::term::sanitize::term_safe;
use crate::welcome;

/// Wrong codes and refused forms before the visitor is sent away.
const TRIES: usize = 5;

/// What it takes to enrol somebody.
pub(crate) struct Enrolment {
    pub(crate) service: Service,
    pub(crate) registration: Registration,
    /// Where the visitor is: `join@host`.
    pub(crate) host: String,
    pub(crate) origin: Origin,
    /// The public key line they proved to hold.
    pub(crate) key: Option<String>,
}

/// How an enrolment ended.
pub(crate) enum Enrolled {
    /// There is an account now, and this is its person.
    Joined {
        /// Who they are from now on.
        caller: Box<Caller>,
        /// Their name for `ssh LOGIN@host`.
        login: String,
        /// The rest of their input.
        input: mpsc::Receiver<Bytes>,
    },
    /// They left, or were sent away.
    Left,
}

/// They left in the middle of a question.
struct Left;

impl From<OutputGone> for Left {
    fn from(_: OutputGone) -> Self {
        Self
    }
}

impl Enrolment {
    /// Asks until there is an account or the visitor leaves. `ssh_command` says how a login reaches this host.
    pub(crate) async fn run(self, mut reader: LineReader, ssh_command: impl Fn(&str) -> String) -> Enrolled {
        match self.ask(&mut reader, ssh_command).await {
            Ok((caller, login)) => {
                Enrolled::Joined { caller: Box::new(caller), login, input: reader.into_input() }
            }
            Err(Left) => Enrolled::Left,
        }
    }

    async fn ask(
        &self,
        reader: &mut LineReader,
        ssh_command: impl Fn(&str) -> String,
    ) -> Result<(Caller, String), Left> {
        reader.print(&welcome::text(&self.host, self.registration, &self.service.plans())).await?;
        let code = self.code(reader).await?;
        for _ in 0..TRIES {
            let account = self.account(reader, code.clone()).await?;
            match self.service.register(self.origin, account).await {
                Ok((caller, user)) => {
                    let again = ssh_command(&user.login);
                    let name = term_safe(&user.name).into_owned();
                    reader.print(&format!("\nWelcome, {name}. From now on: {again}\n\n")).await?;
                    if let Asked::Line(_) = reader.ask("Press Enter for your dashboard. ", true).await? {
                        return Ok((caller, user.login));
                    }
                    return Err(Left);
                }
                Err(error) => {
                    if let Error::Internal(_) = &error {
                        tracing::error!(cause = %chain(&error), "an enrolment failed");
                    }
                    reader.print(&format!("\n{}\nPlease try again.\n\n", explain(&error))).await?;
                    if let Error::Registration(_) = error {
                        return Err(Left);
                    }
                }
            }
        }
        reader.print("Too many tries. Come back later.\n").await?;
        Err(Left)
    }

    /// The invitation's code, checked at once so that nobody fills in the rest in vain.
    async fn code(&self, reader: &mut LineReader) -> Result<Option<SecretString>, Left> {
        let (prompt, needed) = match self.registration {
            Registration::Open => ("Invitation code (Enter if you have none): ", false),
            Registration::Invite | Registration::Closed => ("Invitation code: ", true),
        };
        for _ in 0..TRIES {
            let code = SecretString::from(line(reader, prompt, true).await?.trim());
            match (code.expose_secret().is_empty(), needed) {
                (true, false) => return Ok(None),
                (true, true) => reader.print("A code is needed: ask your operator for one.\n").await?,
                (false, _) if self.service.invitation_known(&code) => return Ok(Some(code)),
                (false, _) => reader.print("This code is not known, or no longer good.\n").await?,
            }
        }
        reader.print("Too many tries. Ask your operator for a new code.\n").await?;
        Err(Left)
    }

    async fn account(&self, reader: &mut LineReader, code: Option<SecretString>) -> Result<NewAccount, Left> {
        let name = filled(reader, "Your name: ").await?;
        let email = filled(reader, "E-mail: ").await?;
        let password = loop {
            let first =
                SecretString::from(line(reader, "Password (8 characters or more): ", false).await?.as_str());
            let again = SecretString::from(line(reader, "The same again: ", false).await?.as_str());
            if first.expose_secret() != again.expose_secret() {
                reader.print("The two differ.\n").await?;
            } else if first.expose_secret().chars().count() < 8 {
                reader.print("That is too short.\n").await?;
            } else {
                break first;
            }
        };
        Ok(NewAccount { name, email, password, code, ssh_key: self.key_to_register(reader).await? })
    }

    async fn key_to_register(&self, reader: &mut LineReader) -> Result<Option<String>, Left> {
        let Some(key) = &self.key else { return Ok(None) };
        reader.print(&format!("Your SSH key is {}\n", shortened(key))).await?;
        let answer = line(reader, "Sign in with it from now on? [Y/n] ", true).await?;
        let agreed = !answer.trim().to_ascii_lowercase().starts_with('n');
        Ok(agreed.then(|| key.clone()))
    }
}

/// A key line short enough to be recognised: its kind and its end.
fn shortened(key: &str) -> String {
    let mut words = key.split_ascii_whitespace();
    let (kind, body) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let tail = body.len().saturating_sub(16);
    format!("{kind} …{}", body.get(tail..).unwrap_or_default())
}

async fn line(reader: &mut LineReader, prompt: &str, echo: bool) -> Result<zeroize::Zeroizing<String>, Left> {
    match reader.ask(prompt, echo).await? {
        Asked::Line(line) => Ok(line),
        Asked::Interrupted | Asked::End => Err(Left),
    }
}

async fn filled(reader: &mut LineReader, prompt: &str) -> Result<String, Left> {
    loop {
        let answer = line(reader, prompt, true).await?;
        if !answer.trim().is_empty() {
            return Ok(answer.trim().to_owned());
        }
    }
}

fn explain(error: &Error) -> String {
    match error {
        Error::Invalid(faults) => {
            let lines: Vec<_> =
                faults.iter().map(|fault| format!("{}: {}", fault.field, fault.detail)).collect();
            lines.join("\n")
        }
        error => error.to_string(),
    }
}
