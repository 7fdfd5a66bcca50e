//! The forms of the profile.

use keyward_keys::input::{NewWebhook, PassphraseReset, PreferencesChange, ProfileChange, TimingPatch};
use keyward_keys::outbound::MessageFormat;
use keyward_keys::view::{PassphraseLoss, UserView};
use secrecy::SecretString;

use crate::app::cx::Cx;
use crate::app::{AccountAnswer, AccountQuery, Answer, Query, WebhookAnswer, WebhookAsk};
use crate::notice::NoticeKind;
use crate::pages::once::OncePage;
use crate::pages::sheet::{Field, Kind, Sheet, Values};
use crate::pages::{Page, Step};
use crate::widgets::pen::safe;

/// The least characters of a password or passphrase.
const LEAST: usize = 8;

fn said(text: &'static str) -> impl FnMut(Answer, &mut Cx<'_>) -> Step + Send + 'static {
    move |_, cx| {
        cx.say(NoticeKind::Done, text);
        Step::Back
    }
}

fn change(change: ProfileChange) -> Query {
    Query::Account(AccountQuery::Change(Box::new(change)))
}

pub(super) fn name(now: &str) -> Box<dyn Page> {
    let field = Field::new("name", "Name", "As others should read it.", Kind::Line).starting(now);
    let ask =
        |values: &Values| change(ProfileChange { name: Some(values.text(0)), ..ProfileChange::default() });
    Sheet::page("Your name", "", vec![field], ask, said("That is your name now."))
}

pub(super) fn email(user: &UserView) -> Box<dyn Page> {
    let field = Field::new("email", "E-mail", "You sign in with it from now on.", Kind::Line);
    let mut fields = vec![field.starting(user.email.as_str())];
    let mut lead = "Your name for ssh stays as it is. Notifications that are mailed to you go there too.";
    if !user.email_verified {
        let hint = "As it was mailed; empty has another one sent.";
        fields.push(Field::new("code", "Code", hint, Kind::Line).at_least(0));
        lead = "A code was mailed there: it shows that the address is yours. Or change the address.";
    }
    let (now, asks) = (user.email.clone(), !user.email_verified);
    let ask = move |values: &Values| {
        let email = values.text(0);
        if !asks || email != now {
            return change(ProfileChange { email: Some(email), ..ProfileChange::default() });
        }
        Query::Account(match values.text(1) {
            code if code.is_empty() => AccountQuery::SendEmailCode,
            code => AccountQuery::ProveEmail(SecretString::from(code)),
        })
    };
    let then = |answer: Answer, cx: &mut Cx<'_>| {
        let text = match answer {
            Answer::Me(user) if user.email_verified => "That is your e-mail address now.".to_owned(),
            Answer::Account(AccountAnswer::Mailed(Some(fault))) => {
                cx.say(NoticeKind::Failure, format!("It could not be mailed: {}.", safe(&fault)));
                return Step::Back;
            }
            _ => "A code is on its way there: hand it in here.".to_owned(),
        };
        cx.say(NoticeKind::Done, text);
        Step::Back
    };
    Sheet::page("Your e-mail address", lead, fields, ask, then)
}

pub(super) fn zone(now: &str) -> Box<dyn Page> {
    let hint = "A name of the IANA database, such as Europe/Berlin or America/New_York.";
    let field = Field::new("timeZone", "Time zone", hint, Kind::Line).starting(now);
    let ask = |values: &Values| {
        change(ProfileChange { time_zone: Some(values.text(0)), ..ProfileChange::default() })
    };
    let lead = "Days of reports begin and end by it, here and over REST.";
    Sheet::page("Your time zone", lead, vec![field], ask, said("Your days begin there now."))
}

pub(super) fn quiet(now: Option<&str>) -> Box<dyn Page> {
    let hint = "Such as 22:00-07:00, in your time zone; empty for none.";
    let field = Field::new("preferences", "Quiet hours", hint, Kind::Line).at_least(0);
    let ask = |values: &Values| {
        let quiet_hours = Some(Some(values.text(0)).filter(|text| !text.is_empty()));
        let preferences = PreferencesChange { quiet_hours, ..PreferencesChange::default() };
        change(ProfileChange { preferences, ..ProfileChange::default() })
    };
    let lead = "What is sent to your channels then waits for their end and comes as one message, but for what is urgent. A \
                channel may have quiet hours of its own instead.";
    let fields = vec![field.starting(now.unwrap_or_default())];
    Sheet::page("Your quiet hours", lead, fields, ask, said("Your quiet hours are set."))
}

fn secret(name: &'static str, label: &'static str, hint: &'static str) -> Field {
    Field::new(name, label, hint, Kind::Secret)
}

pub(super) fn password() -> Box<dyn Page> {
    let fields = vec![
        secret("currentPassword", "Now", "The password until now."),
        secret("newPassword", "New", "At least 8 characters; a long phrase is best.").at_least(LEAST),
        Field::new("", "Once more", "The new one again.", Kind::Again(1)),
    ];
    let ask = |values: &Values| {
        Query::Account(AccountQuery::Password { current: values.secret(0), new: values.secret(1) })
    };
    let lead = "Everything else you have open ends; this session goes on. SSH keys stay good.";
    Sheet::page(
        "New password",
        lead,
        fields,
        ask,
        said("Your new password holds; all else you had open is over."),
    )
}

pub(super) fn passphrase(replaces: bool) -> Box<dyn Page> {
    let mut fields = vec![
        secret("passphrase", "New", "At least 8 characters. Nobody can tell you what it was.")
            .at_least(LEAST),
        Field::new("", "Once more", "The same again.", Kind::Again(0)),
    ];
    if replaces {
        fields.push(secret("old", "Until now", "The passphrase that is replaced."));
    }
    let ask = move |values: &Values| {
        let old = replaces.then(|| values.secret(2));
        Query::Account(AccountQuery::Passphrase { new: values.secret(0), old })
    };
    let lead = "It opens what is sealed to you, and is not your password: the server never keeps it. Whoever forgets it \
                loses what nobody else can open.";
    Sheet::page("Unlock passphrase", lead, fields, ask, said("Your unlock passphrase is set."))
}

pub(super) fn unlock() -> Box<dyn Page> {
    let fields = vec![secret("passphrase", "Passphrase", "Your unlock passphrase, not your password.")];
    let lead = "Sealed keys then open in this connection, and whoever waits for you is let in.";
    Sheet::page("Unlock", lead, fields, |values| Query::Unlock(values.secret(0)), said("Unlocked."))
}

/// A new passphrase in place of one that was forgotten, after it was told what that costs.
pub(super) fn forgotten(loss: &PassphraseLoss, factor: bool) -> Box<dyn Page> {
    const LOSE: &[(&str, &str)] = &[
        ("no", "nothing is done while keys would be lost"),
        ("yes, lose them", "the keys named above are gone for good"),
    ];
    let mut fields = vec![
        secret("passphrase", "New", "At least 8 characters.").at_least(LEAST),
        Field::new("", "Once more", "The same again.", Kind::Again(0)),
        secret("password", "Password", "Your account's password."),
    ];
    if factor {
        fields.push(secret("totp", "Code", "Of your authenticator app, or a recovery code."));
    }
    let losing = (!loss.lost.is_empty()).then_some(fields.len());
    if losing.is_some() {
        fields.push(Field::new("lose", "Lose keys", "", Kind::Choice(LOSE)));
    }
    let ask = move |values: &Values| {
        let reset = PassphraseReset {
            passphrase: values.secret(0),
            password: values.secret(2),
            totp: factor.then(|| values.secret(3)),
            lose: losing.is_some_and(|field| values.choice(field) == 1),
        };
        Query::Account(AccountQuery::Reset(Box::new(reset)))
    };
    let then = |answer: Answer, cx: &mut Cx<'_>| {
        if let Answer::Account(AccountAnswer::Loss(loss)) = answer {
            let lost = match loss.lost.len() {
                0 => String::new(),
                n => format!(" {n} keys can be opened by nobody any more."),
            };
            cx.say(NoticeKind::Done, format!("Your new unlock passphrase is set.{lost}"));
        }
        Step::Back
    };
    Sheet::page("Forgotten passphrase", cost(loss), fields, ask, then)
}

fn cost(loss: &PassphraseLoss) -> String {
    const NAMED: usize = 6;
    let mut text = match loss.lost.len() {
        0 => "Nothing is lost by it.".to_owned(),
        n => {
            let names: Vec<_> = loss.lost.iter().take(NAMED).map(|key| safe(&key.name)).collect();
            let more = if n > NAMED { format!(" and {} more", n - NAMED) } else { String::new() };
            format!("These can then be opened by nobody any more: {}{more}.", names.join(", "))
        }
    };
    if !loss.regranted.is_empty() {
        let names: Vec<_> = loss.regranted.iter().take(NAMED).map(|team| safe(&team.name)).collect();
        text.push_str(&format!(" Open to you again once a member unlocks: {}.", names.join(", ")));
    }
    text
}

pub(super) fn factor_off() -> Box<dyn Page> {
    let fields = vec![secret("totp", "Code", "Of your authenticator app, or a recovery code.")];
    let ask = |values: &Values| Query::Account(AccountQuery::Disable(values.secret(0)));
    let lead =
        "Your password alone then signs you in. Everything else you have open ends; this session goes on.";
    Sheet::page("Second factor off", lead, fields, ask, said("The second factor is off."))
}

pub(super) fn ssh_key() -> Box<dyn Page> {
    let fields = vec![
        Field::new("name", "Name", "Such as the machine it is on.", Kind::Line),
        Field::new("key", "Public key", "Paste the one line of the .pub file.", Kind::Line),
    ];
    let ask = |values: &Values| {
        Query::Account(AccountQuery::AddSshKey { name: values.text(0), line: values.text(1) })
    };
    let then = |answer: Answer, cx: &mut Cx<'_>| {
        if let Answer::Account(AccountAnswer::SshKey(key)) = answer {
            cx.say(NoticeKind::Done, format!("{} opens your dashboard from now on.", safe(&key.name)));
        }
        Step::Back
    };
    let lead = "Only its public half: it looks like ssh-ed25519 AAAA… you@host. Make one with ssh-keygen -t ed25519.";
    Sheet::page("Add an SSH key", lead, fields, ask, then)
}

/// A webhook for what the person is told. The secret that signs is shown this once, to whoever needs one.
pub(super) fn webhook() -> Box<dyn Page> {
    const FORMATS: &[(&str, &str)] = &[
        ("standard", "to a program of yours, signed by Standard Webhooks"),
        ("slack", "to an incoming webhook of Slack"),
        ("discord", "to a webhook of a channel of Discord"),
        ("ntfy", "to a topic of ntfy"),
        ("email", "to the e-mail address of your account"),
    ];
    let fields = vec![
        Field::new("name", "Name", "What you call it.", Kind::Line),
        Field::new("format", "As", "", Kind::Choice(FORMATS)),
        secret("url", "Address", "https://…, or your e-mail address. It is not shown."),
    ];
    let ask = |values: &Values| {
        let new = NewWebhook {
            name: values.text(0),
            format: FORMATS.get(values.choice(1)).map(|(name, _)| MessageFormat::named(name)),
            url: values.secret(2),
            events: None,
            team: None,
            timing: TimingPatch::default(),
        };
        Query::Webhooks(WebhookAsk::Create(Box::new(new)))
    };
    let then = |answer: Answer, cx: &mut Cx<'_>| match answer {
        Answer::Webhooks(WebhookAnswer::Made(hook, secret))
            if hook.format == MessageFormat::Standard.name() =>
        {
            let lead = "What is sent is signed with this secret, by Standard Webhooks. It is shown only now."
                .to_owned();
            Step::Replace(Box::new(OncePage::new("Webhook", lead, vec![secret])))
        }
        _ => {
            cx.say(NoticeKind::Done, "It is sent there too from now on; t tries it.");
            Step::Back
        }
    };
    let lead = "What you are told goes there as well. For a team's, and for quiet hours and digests: ssh … webhooks --help.";
    Sheet::page("Send notifications elsewhere", lead, fields, ask, then)
}
