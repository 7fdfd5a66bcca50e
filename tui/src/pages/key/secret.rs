//! Opening a key's value: what is asked first, how long it is shown, how it is copied. The value is held only while it
//! is on screen, and wiped when its time is over or the page is left.

use keyward_keys::input::Reveal;
use keyward_keys::{Custody, Environment};
use secrecy::{ExposeSecret, SecretString};

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject};
use crate::app::{Answer, Effect, Query};
use crate::notice::{Notice, NoticeKind};
use crate::pages::key::KeyPage;
use crate::term::caps::{Caps, Osc52};
use crate::term::osc::MAX_COPY;
use crate::widgets::pen::safe;

/// How long a value is shown, ms.
const SHOWN_MS: i64 = 30_000;

/// What the page knows of the value.
#[derive(Default)]
pub(super) struct Secret {
    shown: Option<(SecretString, i64)>,
    /// Being opened, to be shown or copied.
    opening: Option<(Pending, Subject)>,
    /// What the value is wanted for, as it was last said.
    reason: Option<String>,
}

impl Secret {
    pub(super) fn pending(&self) -> Option<Pending> {
        self.opening.map(|(pending, _)| pending)
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// The value and the seconds left, while it may be seen.
    pub(super) fn visible(&self, now_ms: i64) -> Option<(&str, i64)> {
        let (value, until_ms) = self.shown.as_ref()?;
        (*until_ms > now_ms).then(|| (value.expose_secret(), (until_ms - now_ms + 999) / 1_000))
    }

    /// When it must be wiped.
    pub(super) fn until_ms(&self) -> Option<i64> {
        self.shown.as_ref().map(|(_, until_ms)| *until_ms)
    }

    /// The value, for measuring the room it takes.
    pub(super) fn held(&self) -> Option<&str> {
        self.shown.as_ref().map(|(value, _)| value.expose_secret())
    }

    /// Wipes it when its time is over.
    pub(super) fn forget_at(&mut self, now_ms: i64) {
        self.shown.take_if(|(_, until_ms)| *until_ms <= now_ms);
    }
}

impl KeyPage {
    /// Shows the value, or hides it.
    pub(super) fn show(&mut self, cx: &mut Cx<'_>) {
        if self.secret.shown.take().is_none() {
            self.approach(Subject::Show, cx);
        }
    }

    /// Copies the value; opens it first if it is not on screen.
    pub(super) fn copy(&mut self, cx: &mut Cx<'_>) {
        match self.secret.shown.as_ref().map(|(value, _)| value.clone()) {
            Some(value) => self.hand_over(value, cx),
            None => self.approach(Subject::Copy, cx),
        }
    }

    fn approach(&mut self, subject: Subject, cx: &mut Cx<'_>) {
        if self.secret.opening.is_some() {
            return;
        }
        self.secret.reason = None;
        if self.key.environment == Environment::Production {
            let doing = if subject == Subject::Copy { "copy" } else { "see" };
            let text = format!(
                "Why do you want to {doing} the production value of {}? The audit record keeps who did, and why.",
                safe(&self.key.name)
            );
            cx.open(Dialog::line(subject, "Production value", text, "", None));
        } else {
            self.enter(subject, cx);
        }
    }

    /// It was said what the value is wanted for.
    pub(super) fn explained(&mut self, subject: Subject, reason: String, cx: &mut Cx<'_>) {
        self.secret.reason = Some(reason);
        self.enter(subject, cx);
    }

    fn enter(&mut self, subject: Subject, cx: &mut Cx<'_>) {
        if self.key.custody == Custody::Private {
            self.ask_passphrase(subject, None, cx);
        } else {
            self.open_secret(subject, None, cx);
        }
    }

    fn ask_passphrase(&self, subject: Subject, error: Option<String>, cx: &mut Cx<'_>) {
        let name = safe(&self.key.name);
        let text = if self.key.custody == Custody::Sealed {
            format!("{name} is sealed. Your unlock passphrase opens it, and what else is sealed to you.")
        } else {
            format!("{name} is private. Its passphrase opens it.")
        };
        cx.open(Dialog::passphrase(subject, text, error));
    }

    /// Asks the core for the value.
    pub(super) fn open_secret(
        &mut self,
        subject: Subject,
        passphrase: Option<SecretString>,
        cx: &mut Cx<'_>,
    ) {
        let reason = self.secret.reason.clone();
        let pending = cx.ask(Query::Reveal(self.key.id, Reveal { passphrase, version: None, reason }));
        self.secret.opening = Some((pending, subject));
    }

    /// A passphrase was typed: the key's own, or the person's, which opens all that is sealed to them.
    pub(super) fn try_passphrase(&mut self, subject: Subject, passphrase: SecretString, cx: &mut Cx<'_>) {
        if self.key.custody == Custody::Sealed {
            self.secret.opening = Some((cx.ask(Query::Unlock(passphrase)), subject));
        } else {
            self.open_secret(subject, Some(passphrase), cx);
        }
    }

    pub(super) fn took_secret(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        let Some((_, subject)) = self.secret.opening.take() else { return };
        match result {
            Ok(Answer::Revealed(revealed)) if subject == Subject::Copy => self.hand_over(revealed.value, cx),
            Ok(Answer::Revealed(revealed)) => {
                self.secret.shown = Some((revealed.value, cx.now_ms + SHOWN_MS));
                self.scroll = 0;
            }
            Ok(Answer::Unlocked) => self.open_secret(subject, None, cx),
            Ok(_) => {}
            Err(notice) => match notice.kind {
                NoticeKind::WrongPassphrase => self.ask_passphrase(subject, Some(notice.text), cx),
                NoticeKind::Unlock => self.ask_passphrase(subject, None, cx),
                NoticeKind::Locked if self.key.custody == Custody::Private => {
                    self.ask_passphrase(subject, None, cx);
                }
                _ => cx.tell(notice),
            },
        }
    }

    fn hand_over(&self, value: SecretString, cx: &mut Cx<'_>) {
        let command = self.shell_command(cx);
        if value.expose_secret().len() > MAX_COPY {
            let text = format!("Too long for a terminal's clipboard. In a shell: {command}");
            cx.say(NoticeKind::Warning, text);
            return;
        }
        if cx.caps.osc52 == Osc52::No {
            let text = format!("This terminal takes nothing for its clipboard. In a shell: {command}");
            cx.say(NoticeKind::Warning, text);
            return;
        }
        cx.effect(Effect::Copy(value));
        let (kind, text) = copied(cx.caps);
        cx.say(
            kind,
            if kind == NoticeKind::Done {
                text.to_owned()
            } else {
                format!("{text} Or in a shell: {command}")
            },
        );
    }

    /// The same by the command line.
    fn shell_command(&self, cx: &Cx<'_>) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let name = if self.key.name.chars().all(plain) { &self.key.name } else { &self.key.key_id };
        format!("{} keys get {}", cx.host.ssh_command, safe(name))
    }
}

/// What may honestly be said of a copy.
fn copied(caps: &Caps) -> (NoticeKind, &'static str) {
    if caps.tmux && caps.osc52 != Osc52::Yes {
        (NoticeKind::Warning, "Sent; tmux passes it on only with: set -g set-clipboard on.")
    } else if caps.osc52 == Osc52::Yes {
        (NoticeKind::Done, "Copied to your terminal's clipboard.")
    } else {
        (NoticeKind::Info, "Sent to your terminal's clipboard; not confirmed.")
    }
}
