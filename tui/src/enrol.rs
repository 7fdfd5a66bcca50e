//! Making an account over SSH: a few questions in a plain line editor that works in any terminal. Every rule about
//! names, codes and passwords is the core's; this only asks, and asks again when the core says no.

use bytes::Bytes;
use keyward_keys::input::NewAccount;
use keyward_keys::{Caller, Error, Origin, Registration, Service};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use crate::session::{Asked, LineReader, OutputGone, chain};
use crate::term::caps::Caps;
use crate::term::sanitize::term_safe;
use crate::theme::Tone;
use crate::welcome::{self, Look};

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
    /// What their terminal can do, and its columns and rows.
    pub(crate) caps: Caps,
    pub(crate) size: (u16, u16),
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

/// What was answered so far, and need not be asked again.
#[derive(Default)]
struct Answers {
    name: Option<String>,
    email: Option<String>,
    password: Option<SecretString>,
    /// Whether their SSH key signs them in from now on.
    agreed: Option<bool>,
}

impl Answers {
    /// What the core says no to is asked again, and everything where it does not say to what.
    fn forget(&mut self, error: &Error) {
        match error {
            Error::Invalid(faults) if faults.iter().all(|fault| self.forgets(&fault.field)) => {}
            Error::Conflict(_) => (self.email, self.agreed) = (None, None),
            _ => *self = Self::default(),
        }
    }

    fn forgets(&mut self, field: &str) -> bool {
        match field {
            "name" => self.name = None,
            "email" => self.email = None,
            "password" => self.password = None,
            _ => return false,
        }
        true
    }
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
    pub(crate) async fn run(
        mut self,
        mut reader: LineReader,
        ssh_command: impl Fn(&str) -> String,
    ) -> Enrolled {
        if reader.ground(&mut self.caps).await.is_err() {
            return Enrolled::Left;
        }
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
        let look = Look::of(&self.caps);
        let plans = self.service.plans();
        reader.print(&welcome::text(&look, self.size, &self.host, self.registration, &plans)).await?;
        let code = self.code(reader, &look).await?;
        let mut answers = Answers::default();
        for _ in 0..TRIES {
            let account = self.account(reader, &look, &mut answers, code.clone()).await?;
            match self.service.register(self.origin, account).await {
                Ok((caller, user)) => {
                    let again = ssh_command(&user.login);
                    let welcome = look.done(&format!("Welcome, {}. ", term_safe(&user.name)));
                    let way = look.line(&[("From now on: ", Tone::Dim), (&again, Tone::Accent)]);
                    reader.print(&format!("\n{welcome}{way}\n\n")).await?;
                    let enter = look.question("Press Enter for your dashboard. ");
                    if let Asked::Line(_) = reader.ask(&enter, true).await? {
                        return Ok((caller, user.login));
                    }
                    return Err(Left);
                }
                Err(error) => {
                    if let Error::Internal(_) = &error {
                        tracing::error!(cause = %chain(&error), "an enrolment failed");
                    }
                    answers.forget(&error);
                    reader.print(&format!("\n{}\n", look.wrong(&explain(&error)))).await?;
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
    async fn code(&self, reader: &mut LineReader, look: &Look<'_>) -> Result<Option<SecretString>, Left> {
        let (prompt, needed) = match self.registration {
            Registration::Open => ("Invitation code (Enter if none): ", false),
            Registration::Invite | Registration::Closed => ("Invitation code: ", true),
        };
        for _ in 0..TRIES {
            let code = SecretString::from(line(reader, look, prompt, true).await?.trim());
            match (code.expose_secret().is_empty(), needed) {
                (true, false) => return Ok(None),
                (true, true) => {
                    reader.print(&look.wrong("A code is needed: ask your operator for one.")).await?;
                }
                (false, _) if self.service.invitation_known(&code) => return Ok(Some(code)),
                (false, _) => {
                    reader.print(&look.wrong("This code is not known, or no longer good.")).await?;
                }
            }
        }
        reader.print("Too many tries. Ask your operator for a new code.\n").await?;
        Err(Left)
    }

    /// Asks for what was not answered yet.
    async fn account(
        &self,
        reader: &mut LineReader,
        look: &Look<'_>,
        answers: &mut Answers,
        code: Option<SecretString>,
    ) -> Result<NewAccount, Left> {
        let name = match answers.name.take() {
            Some(name) => name,
            None => filled(reader, look, "Your name: ").await?,
        };
        let email = match answers.email.take() {
            Some(email) => email,
            None => filled(reader, look, "E-mail: ").await?,
        };
        let password = match answers.password.take() {
            Some(password) => password,
            None => password(reader, look).await?,
        };
        let agreed = match (answers.agreed, &self.key) {
            (Some(agreed), _) => agreed,
            (None, Some(key)) => agrees(reader, look, key).await?,
            (None, None) => false,
        };
        *answers = Answers {
            name: Some(name.clone()),
            email: Some(email.clone()),
            password: Some(password.clone()),
            agreed: Some(agreed),
        };
        let ssh_key = self.key.clone().filter(|_| agreed);
        Ok(NewAccount { name, email, password, code, ssh_key })
    }
}

/// Whether this SSH key is to sign its owner in.
async fn agrees(reader: &mut LineReader, look: &Look<'_>, key: &str) -> Result<bool, Left> {
    let told = look.line(&[("  Your SSH key is ", Tone::Dim), (&shortened(key), Tone::Text)]);
    reader.print(&format!("{told}\n")).await?;
    let answer = line(reader, look, "Sign in with it from now on? [Y/n] ", true).await?;
    Ok(!answer.trim().to_ascii_lowercase().starts_with('n'))
}

/// A key line short enough to be recognised: its kind and its end.
fn shortened(key: &str) -> String {
    let mut words = key.split_ascii_whitespace();
    let (kind, body) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let tail = body.len().saturating_sub(16);
    format!("{kind} …{}", body.get(tail..).unwrap_or_default())
}

/// A new password, typed twice.
async fn password(reader: &mut LineReader, look: &Look<'_>) -> Result<SecretString, Left> {
    loop {
        let first = SecretString::from(
            line(reader, look, "Password (8 characters or more): ", false).await?.as_str(),
        );
        let again = SecretString::from(line(reader, look, "The same again: ", false).await?.as_str());
        if first.expose_secret() != again.expose_secret() {
            reader.print(&look.wrong("The two differ.")).await?;
        } else if first.expose_secret().chars().count() < 8 {
            reader.print(&look.wrong("That is too short.")).await?;
        } else {
            return Ok(first);
        }
    }
}

async fn line(
    reader: &mut LineReader,
    look: &Look<'_>,
    prompt: &str,
    echo: bool,
) -> Result<zeroize::Zeroizing<String>, Left> {
    match reader.ask(&look.question(prompt), echo).await? {
        Asked::Line(line) => Ok(line),
        Asked::Interrupted | Asked::End => Err(Left),
    }
}

async fn filled(reader: &mut LineReader, look: &Look<'_>, prompt: &str) -> Result<String, Left> {
    loop {
        let answer = line(reader, look, prompt, true).await?;
        if !answer.trim().is_empty() {
            return Ok(answer.trim().to_owned());
        }
    }
}

fn explain(error: &Error) -> String {
    match error {
        Error::Invalid(faults) => {
            let named = |field: &str| match field {
                "name" => "Your name".to_owned(),
                "email" => "E-mail".to_owned(),
                "password" => "The password".to_owned(),
                "sshKey" => "The SSH key".to_owned(),
                other => other.to_owned(),
            };
            let lines: Vec<_> =
                faults.iter().map(|fault| format!("{} {}", named(&fault.field), fault.detail)).collect();
            lines.join("\n")
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_keys::Fault;

    #[test]
    fn only_what_was_refused_is_asked_again() {
        let answered = || Answers {
            name: Some("Ana".to_owned()),
            email: Some("ana".to_owned()),
            password: Some(SecretString::from("correct horse")),
            agreed: Some(true),
        };
        let fault = |field: &str| Fault { field: field.to_owned(), detail: String::new() };
        let left = |error: Error| {
            let mut answers = answered();
            answers.forget(&error);
            (answers.name.is_some(), answers.email.is_some(), answers.password.is_some())
        };
        assert_eq!(left(Error::Invalid(vec![fault("email")])), (true, false, true));
        assert_eq!(left(Error::Invalid(vec![fault("name"), fault("password")])), (false, true, false));
        assert_eq!(left(Error::Invalid(vec![fault("sshKey")])), (false, false, false));
        assert_eq!(left(Error::Conflict(String::new())), (true, false, true));
    }
}
