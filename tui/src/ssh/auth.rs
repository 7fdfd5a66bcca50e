//! Who is there. An identity is set in exactly two places: after a signature was verified, and after a password was
//! right; an offered key proves nothing. Answers are the same for unknown names and for wrong proofs.

use std::borrow::Cow;
use std::time::Instant;

use keyward_keys::{Caller, Door as DoorKind, Error, Origin};
use russh::keys::{HashAlg, PublicKey};
use russh::server::{Auth, Response};
use secrecy::SecretString;

use super::config;
use super::handler::Connection;
use super::reach;
use crate::session::chain;

/// The name under which a stranger comes to make an account.
pub(super) const JOIN: &str = "join";

/// Nothing is heard of an RSA key but that no other is left. So this is shown where its owner ends up: with the
/// password prompt. Where there is none it must go before every sign-in, as a banner.
const RSA_HINT: &str = "RSA keys are not accepted here; an Ed25519 key (ssh-keygen -t ed25519) is.";

/// What a person was asked for. An answer counts only for the name it was asked of.
pub(super) enum Asked {
    /// The password.
    Password {
        /// Of whom.
        user: String,
    },
    /// The second factor, after the right password.
    Code {
        /// Of whom.
        user: String,
        /// The password, which is looked at again together with the code.
        password: SecretString,
    },
}

/// Who a connection turned out to be.
#[derive(Clone)]
pub(super) enum Who {
    /// A person with an account.
    Person(Caller),
    /// Somebody who wants one, with the key they proved to hold, as an OpenSSH public key line.
    Joining(Option<String>),
}

impl Connection {
    /// Refuses, naming the methods that may still work: always the same list, so that nothing shows.
    fn rejection(&self) -> Auth {
        Auth::Reject {
            proceed_with_methods: Some(if self.user_joins() {
                config::methods_to_join()
            } else {
                config::methods(&self.door.settings)
            }),
            partial_success: false,
        }
    }

    fn user_joins(&self) -> bool {
        self.user == JOIN
    }

    fn origin(&self) -> Origin {
        Origin { door: DoorKind::Ssh, address: Some(self.address), request: None }
    }

    /// What everybody is told before they sign in, where no prompt tells it.
    pub(super) fn banner(&self) -> Option<String> {
        (!self.door.settings.password).then(|| format!("{}\r\n", self.hints()))
    }

    /// For whoever has no key here, or no account. It is the same for every name, so that nothing shows.
    fn hints(&self) -> String {
        let join = reach::host(self.door.settings.host_name.as_deref(), self.reached, JOIN).ssh_command;
        format!("No account yet? {join}\r\n{RSA_HINT}")
    }

    /// No proof at all: only a probe for the methods. Whoever joins is refused too, so that their keys are offered.
    pub(super) fn probed(&mut self, user: &str) -> Auth {
        user.clone_into(&mut self.user);
        self.rejection()
    }

    /// A key without proof. Nothing may be concluded from it, and no state changes but the name that was given.
    pub(super) fn key_offered(&mut self, user: &str, key: &PublicKey) -> Auth {
        user.clone_into(&mut self.user);
        let welcome = match fingerprint(key) {
            Some(fingerprint) => self.user_joins() || self.door.service.ssh_key_known(user, &fingerprint),
            None => false,
        };
        if welcome { Auth::Accept } else { self.rejection() }
    }

    /// A key whose signature was verified.
    pub(super) async fn key_proven(&mut self, user: &str, key: &PublicKey) -> Auth {
        user.clone_into(&mut self.user);
        if self.user_joins() {
            self.who = Some(Who::Joining(key.to_openssh().ok()));
            return Auth::Accept;
        }
        let Some(fingerprint) = fingerprint(key) else { return self.rejection() };
        match self.door.service.sign_in_with_ssh_key(self.origin(), user, &fingerprint).await {
            Ok(caller) => {
                self.who = Some(Who::Person(caller));
                Auth::Accept
            }
            Err(error) => {
                log_failure(&error);
                self.rejection()
            }
        }
    }

    /// Keyboard-interactive: a question for the password, one for the second factor where the account has one, and
    /// none for whoever joins.
    pub(super) async fn answered(&mut self, user: &str, answers: Option<Response<'_>>) -> Auth {
        user.clone_into(&mut self.user);
        if self.user_joins() {
            self.asked = None;
            self.who = Some(Who::Joining(None));
            return Auth::Accept;
        }
        if !self.door.settings.password {
            return self.rejection();
        }
        let Some(mut answers) = answers else {
            if self.asked.take().is_some() {
                // Who asks for the question again and again without an answer counts as wrong each time, for there is
                // an end to wrong ones.
                return self.rejection();
            }
            self.prompt_shown();
            return self.ask(Asked::Password { user: user.to_owned() });
        };
        let asked = self.asked.take();
        let answer =
            answers.next().and_then(|bytes| std::str::from_utf8(&bytes).ok().map(SecretString::from));
        match (asked, answer) {
            (Some(Asked::Password { user: of }), Some(password)) if of == user => {
                self.password_given(user, password, None).await
            }
            (Some(Asked::Code { user: of, password }), Some(code)) if of == user => {
                self.password_given(user, password, Some(code)).await
            }
            _ => self.rejection(),
        }
    }

    fn ask(&mut self, what: Asked) -> Auth {
        let (instructions, prompt) = match what {
            Asked::Password { .. } => (self.hints(), "Password: "),
            Asked::Code { .. } => (String::new(), "Authenticator code: "),
        };
        self.asked = Some(what);
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Owned(instructions),
            prompts: Cow::Owned(vec![(Cow::Borrowed(prompt), false)]),
        }
    }

    async fn password_given(
        &mut self,
        user: &str,
        password: SecretString,
        code: Option<SecretString>,
    ) -> Auth {
        let Some(delay) = self.door.gate.password_delay(self.source, Instant::now()) else {
            return self.rejection();
        };
        tokio::time::sleep(delay).await;
        let again = code.is_none().then(|| password.clone());
        match self.door.service.sign_in_with_code(self.origin(), user, password, code).await {
            Ok(caller) => {
                self.who = Some(Who::Person(caller));
                Auth::Accept
            }
            Err(Error::TotpRequired) => match again {
                Some(password) => self.ask(Asked::Code { user: user.to_owned(), password }),
                None => self.rejection(),
            },
            Err(error) => {
                if let Error::Unauthenticated = error {
                    self.door.gate.password_failed(self.source, Instant::now());
                }
                log_failure(&error);
                self.rejection()
            }
        }
    }
}

fn fingerprint(key: &PublicKey) -> Option<[u8; 32]> {
    key.fingerprint(HashAlg::Sha256).sha256()
}

/// A wrong proof is no news; anything else is.
fn log_failure(error: &Error) {
    match error {
        Error::Unauthenticated => {}
        error => tracing::warn!(cause = %chain(error), "an SSH sign-in could not be decided"),
    }
}
