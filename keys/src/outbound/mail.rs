//! E-mail through the operator's server: plain text, to one address, such as a notification. Nothing that somebody typed
//! becomes a header but the subject, as one line of it.

use std::error::Error;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::Outbound;
use super::error::{CallError, CallResult};
use super::message::Message;
use crate::clock::in_words;

/// Characters of a notification that become the subject.
const SUBJECT: usize = 120;

/// How the connection to the server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailTls {
    /// TLS after STARTTLS, or nothing is sent.
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// The mail server, as the operator set it.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Whom to log in as, and the password.
    pub login: Option<(String, SecretString)>,
    /// Whom mail comes from.
    pub from: String,
    /// Domains at which a team's notifications may go to any address, in lower case.
    pub domains: Vec<String>,
    /// Nothing but a code is mailed to an account's address until that code came back.
    pub verify: bool,
}

/// What is mailed. Its text may hold what is for its reader alone.
#[derive(Debug)]
pub struct Letter {
    /// What it is known by; the same when it is sent again.
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
    /// What it is about; its first line counts.
    pub subject: String,
    /// What it says, line by line.
    pub text: SecretString,
}

/// Mails an hour to one mailbox; what is more waits. However often something is sent again, nobody is flooded.
const AN_HOUR: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// Mailboxes whose pace is remembered although they may have had none for an hour.
const REMEMBERED: usize = 10_000;

/// Sends mail. It holds whom TLS trusts: whoever the system does, looked up when first needed.
pub(super) struct Mailer {
    settings: MailSettings,
    transport: OnceCell<AsyncSmtpTransport<Tokio1Executor>>,
    pace: DefaultKeyedRateLimiter<String>,
}

impl Mailer {
    pub(super) fn new(settings: MailSettings) -> Self {
        Self { settings, transport: OnceCell::new(), pace: RateLimiter::keyed(Quota::per_hour(AN_HOUR)) }
    }

    async fn transport(&self) -> CallResult<&AsyncSmtpTransport<Tokio1Executor>> {
        let connect = || async {
            let settings = self.settings.clone();
            // It reads the system's certificates.
            let built = tokio::task::spawn_blocking(move || transport(settings)).await;
            built.map_err(|_| CallError::transient("the daemon stops"))?
        };
        self.transport.get_or_try_init(connect).await
    }

    /// Whether this mailbox has not had enough within the hour.
    fn paced(&self, to: &str) -> CallResult<()> {
        if self.pace.len() > REMEMBERED {
            self.pace.retain_recent();
        }
        let wait = |until: NotUntil<_>| until.wait_time_from(DefaultClock::default().now());
        self.pace.check_key(&to.to_owned()).map_err(|until| CallError {
            retry_after: Some(wait(until)),
            ..CallError::transient(format!(
                "{AN_HOUR} mails have gone to this mailbox within the hour; more wait"
            ))
        })
    }

    fn domain(&self) -> &str {
        self.settings.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }

    fn write(&self, to: &str, letter: &Letter) -> CallResult<lettre::Message> {
        let wrong = |_| CallError::config("this is no e-mail address that mail could go to");
        let from = Mailbox::new(Some("Keyward".to_owned()), self.settings.from.parse().map_err(wrong)?);
        let mail = lettre::Message::builder()
            .from(from)
            .to(Mailbox::new(None, to.parse().map_err(wrong)?))
            .subject(subject(&letter.subject))
            .date(SystemTime::from(letter.at))
            // The same when it is sent again, so that mailboxes show it once.
            .message_id(Some(format!("<{}@{}>", letter.id, self.domain())))
            // RFC 3834: no holiday answers.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(text(letter.text.expose_secret()));
        mail.map_err(|_| CallError::config("this could not be written as an e-mail"))
    }
}

impl Outbound {
    /// Whether mail can be sent at all.
    pub fn sends_mail(&self) -> bool {
        self.mailer().is_some()
    }

    /// Whether new addresses of accounts are verified before anything else is mailed to them.
    pub fn verifies_addresses(&self) -> bool {
        self.mailer().is_some_and(|mailer| mailer.settings.verify)
    }

    /// Whether a team's notifications may go to any address of this domain.
    pub fn mails_to_domain(&self, domain: &str) -> bool {
        let domains = self.mailer().map_or(&[][..], |mailer| &mailer.settings.domains);
        domains.iter().any(|known| known.eq_ignore_ascii_case(domain))
    }

    /// Sends a notification as an e-mail; answers the status of a success.
    ///
    /// # Errors
    /// Config when the server will never take it; all else is transient, wrong settings too: an operator mends them.
    pub async fn send_mail(&self, to: &str, message: &Message) -> CallResult<u16> {
        self.send_letter(to, &letter(message)).await
    }

    /// Sends a letter; answers the status of a success.
    ///
    /// # Errors
    /// As [`Self::send_mail`].
    pub async fn send_letter(&self, to: &str, letter: &Letter) -> CallResult<u16> {
        let mailer = self
            .mailer()
            .ok_or_else(|| CallError::transient("no mail server is set; the operator sets smtp.host"))?;
        let mail = mailer.write(to, letter)?;
        mailer.paced(to)?;
        let _turn = self.client().turn().await?;
        let sending = async { mailer.transport().await?.send(mail).await.map_err(|error| refused(&error)) };
        let late = |_| Err(CallError::transient("the mail server did not answer in time"));
        let sent = tokio::time::timeout(self.client().limits().total, sending).await.unwrap_or_else(late)?;
        Ok(sent.code().into())
    }
}

fn transport(settings: MailSettings) -> CallResult<AsyncSmtpTransport<Tokio1Executor>> {
    let MailSettings { host, port, tls, login, .. } = settings;
    let parameters = || {
        TlsParameters::new_rustls(host.clone())
            .map_err(|_| CallError::transient("TLS cannot be used for mail on this system"))
    };
    let tls = match tls {
        MailTls::Starttls => Tls::Required(parameters()?),
        MailTls::Implicit => Tls::Wrapper(parameters()?),
        MailTls::None => Tls::None,
    };
    let builder: AsyncSmtpTransportBuilder =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls);
    let builder = match login {
        Some((user, password)) => {
            builder.credentials(Credentials::new(user, password.expose_secret().to_owned()))
        }
        None => builder,
    };
    Ok(builder.timeout(Some(Duration::from_secs(10))).build())
}

/// What a server's refusal means. Its words are not repeated: they may hold what was sent.
fn refused(error: &lettre::transport::smtp::Error) -> CallError {
    let status = error.status().map(u16::from);
    let error = match status {
        Some(code @ (530 | 534 | 535 | 538)) => CallError::transient(format!(
            "the mail server does not let us log in ({code}); the operator looks at smtp.user, smtp.password and smtp.tls"
        )),
        Some(code) if error.is_permanent() => {
            CallError::config(format!("the mail server refused the address or the message ({code})"))
        }
        Some(code) => CallError::transient(format!("the mail server takes nothing just now ({code})")),
        None if is_untrusted(error) => CallError::transient(
            "the certificate of the mail server is not trusted: it is expired, for another name, or of an unknown issuer; the operator looks at smtp.host",
        ),
        None if error.is_tls() => CallError::transient(
            "no TLS connection could be made with the mail server; the operator looks at smtp.tls",
        ),
        None => CallError::transient(
            "the mail server could not be reached, or does not speak SMTP as smtp.tls says",
        ),
    };
    CallError { status, ..error }
}

/// Whether a connection failed because the server could not prove its name.
fn is_untrusted(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = io.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// One line, whatever the notification says.
fn subject(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut subject: String = "Keyward: ".to_owned();
    subject.extend(line.chars().filter(|c| !c.is_control()).take(SUBJECT));
    subject
}

/// Lines of text, and nothing that moves a terminal.
fn text(said: &str) -> String {
    said.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

fn letter(message: &Message) -> Letter {
    let Message { id, kind, text, api_key, at, zone, .. } = message;
    let time = in_words(at.as_millisecond(), zone);
    let key = api_key.as_ref().map(|id| format!("Key: {id}\n")).unwrap_or_default();
    let text = SecretString::from(format!(
        "{text}\n\nType: {kind}\n{key}Time: {time}\n\n-- \nSent by Keyward to a webhook of the format email, which can be turned off there.\n"
    ));
    Letter { id: id.clone(), at: *at, subject: message.text.clone(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Class;

    fn mailer() -> Mailer {
        Mailer::new(MailSettings {
            host: "127.0.0.1".to_owned(),
            port: 25,
            tls: MailTls::None,
            login: Some(("me".to_owned(), SecretString::from("canary"))),
            from: "keyward@example.com".to_owned(),
            domains: Vec::new(),
            verify: true,
        })
    }

    fn message(text: &str) -> Message {
        Message {
            id: "msg_1".to_owned(),
            kind: "key_deleted".to_owned(),
            text: text.to_owned(),
            api_key: Some("0123".to_owned()),
            alert: None,
            at: jiff::Timestamp::UNIX_EPOCH,
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    fn written(to: &str, text: &str) -> String {
        let mail = mailer().write(to, &letter(&message(text))).expect("a mail");
        String::from_utf8(mail.formatted()).expect("text")
    }

    #[test]
    fn a_mail_says_what_happened_and_nothing_in_it_becomes_a_header() {
        let mail = written("ana@example.com", "The key Billing\r\nBcc: eve@example.com\r\n\r\nwas deleted");
        let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a body");
        let names: Vec<&str> =
            head.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
        assert!(!names.contains(&"Bcc"), "{head}");
        assert!(head.contains("Subject: Keyward: The key Billing\r\n"), "{head}");
        assert!(head.contains("From: Keyward <keyward@example.com>"), "{head}");
        assert!(
            head.contains("To: ana@example.com") && head.contains("Message-ID: <msg_1@example.com>"),
            "{head}"
        );
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(body.contains("Type: key_deleted") && body.contains("Key: 0123"), "{body}");
        assert!(!format!("{:?}", mailer().settings).contains("canary"));
        for wrong in ["ana@example.com\r\nBcc: eve@example.com", "nobody", "a@b, c@d"] {
            assert!(mailer().write(wrong, &letter(&message("x"))).is_err(), "{wrong}");
        }
        let long = written("ana@example.com", &"\u{dc} \u{7}".repeat(5_000));
        assert!(long.lines().all(|line| line.len() < 998), "no line is too long for SMTP");
    }

    #[test]
    fn a_mailbox_is_not_flooded_and_others_do_not_wait_for_it() {
        let mailer = mailer();
        for _ in 0..AN_HOUR.get() {
            mailer.paced("ana@example.com").expect("within the hour's");
        }
        let more = mailer.paced("ana@example.com").expect_err("too many");
        assert!(more.class == Class::Transient && more.retry_after.is_some(), "{more:?}");
        mailer.paced("ben@example.com").expect("another's");
    }
}
