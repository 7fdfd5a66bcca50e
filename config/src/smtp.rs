//! Section `smtp`: the mail server that notifications go through. Settings that only make sense together are looked at
//! together here; nothing is connected to.

use std::net::IpAddr;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::SecretSetting;

/// The mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name or address; empty when no mail is sent.
    pub host: MailHost,
    /// Its port.
    pub port: NonZeroU16,
    /// How what is sent is protected.
    pub tls: SmtpTls,
    /// Whom to log in as; empty when nobody.
    pub user: String,
    /// The password to log in with.
    pub password: SecretSetting<1>,
    /// Whom mail comes from; empty when no mail is sent.
    pub from: MailAddress,
    /// Domains at which a team's notifications may go to any address.
    pub domains: Vec<MailHost>,
    /// New addresses of accounts are verified before anything else is mailed to them.
    pub verify_addresses: bool,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS after STARTTLS (RFC 3207), or nothing is sent.
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Not at all.
    None,
}

impl Smtp {
    /// What is wrong although each setting by itself is right, with the setting to change.
    pub(crate) fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let (host, from) = (!self.host.as_str().is_empty(), !self.from.as_str().is_empty());
        let (user, password) = (!self.user.is_empty(), self.password.get().is_some());
        let unsafe_login = password && self.tls == SmtpTls::None && !self.host.is_this_machine();
        let rules = [
            (host && !from, "smtp.host", "`smtp.from` is needed too: the address that mail comes from"),
            (!host && from, "smtp.from", "`smtp.host` is needed too: without a server no mail is sent"),
            (!host && user, "smtp.user", "`smtp.host` is needed too: without a server no mail is sent"),
            (
                user && !password,
                "smtp.user",
                "`smtp.password` is needed too; KEYWARD_SMTP__PASSWORD_FILE names its file",
            ),
            (password && !user, "smtp.password", "`smtp.user` is needed too: whom to log in as"),
            (
                unsafe_login,
                "smtp.tls",
                "a password goes over TLS, or to this machine: use \"starttls\" or \"implicit\"",
            ),
        ];
        rules.into_iter().filter(|(wrong, ..)| *wrong).map(|(_, setting, text)| (setting, text)).collect()
    }
}

/// The name or the address of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailHost(String);

impl MailHost {
    /// As it was given, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_this_machine(&self) -> bool {
        self.0 == "localhost" || self.0.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl TryFrom<String> for MailHost {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if text.len() > 253 || !text.chars().all(plain) {
            return Err("a host's name is needed, as in smtp.example.com, without a scheme or a port");
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl From<MailHost> for String {
    fn from(host: MailHost) -> Self {
        host.0
    }
}

/// An e-mail address, without a name beside it, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress(String);

impl MailAddress {
    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MailAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c);
        let parts = text.split_once('@');
        let whole = parts.is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@') && text.chars().all(plain)
        });
        if text.len() > 254 || !(text.is_empty() || whole) {
            return Err("an address is needed, as in keyward@example.com, with no name beside it");
        }
        Ok(Self(text))
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}
