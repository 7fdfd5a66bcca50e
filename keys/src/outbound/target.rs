//! An address that was written down to be called, read as browsers read it, and what is wrong with it before anybody is
//! asked. What its name resolves to is checked when it is called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use super::network;

/// The longest address, in characters.
const LONGEST: usize = 2_048;

/// The address of a call. Not printable whole: a path may hold what only its owner should know.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads an address: http or https, no user or password, no fragment, at most 2,048 characters, and no host that
    /// could never be called. The error says what is wrong, to follow the field's name.
    pub fn parse(text: &str, allow: &[IpNet]) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} characters"));
        }
        let url = Url::parse(text)
            .map_err(|_| "is no address; write one as https://example.com/path".to_owned())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("begins with neither https:// nor http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user or a password; secrets do not belong into addresses".to_owned());
        }
        if url.fragment().is_some() {
            return Err("ends in a fragment (#…), which is never sent".to_owned());
        }
        let target = Self(url);
        target.checked_host(allow)?;
        Ok(target)
    }

    /// What can be said of a host without asking anybody.
    fn checked_host(&self, allow: &[IpNet]) -> Result<(), String> {
        let addresses: &[IpAddr] = match self.0.host() {
            None => return Err("names no host".to_owned()),
            Some(Host::Ipv4(address)) => &[IpAddr::V4(address)],
            Some(Host::Ipv6(address)) => &[IpAddr::V6(address)],
            Some(Host::Domain(name)) if is_localhost(name) => {
                &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
            }
            Some(Host::Domain(_)) => &[],
        };
        let allowed = addresses.iter().any(|address| network::allowed(allow, *address));
        if let (Some(why), false) = (addresses.iter().find_map(|address| network::special(*address)), allowed)
        {
            return Err(format!("leads to {why}, which is not called unless outbound.allow has its network"));
        }
        let may_be_allowed = if addresses.is_empty() { !allow.is_empty() } else { allowed };
        if !self.is_tls() && !may_be_allowed {
            return Err("is plain http, which is for networks of outbound.allow alone; use https".to_owned());
        }
        if !self.has_web_port() && !may_be_allowed {
            return Err(
                "names a port below 1024 that is not 443, where no web server is; those are called in networks of \
                 outbound.allow alone"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Whether a web server may be there: 443, or a port that no system keeps for other protocols (RFC 6335).
    pub(super) fn has_web_port(&self) -> bool {
        matches!(self.port(), 443 | 1024..)
    }

    /// Whether it is called over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host as TLS and DNS know it: a name, or an address without brackets.
    pub(super) fn host(&self) -> String {
        match self.0.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Host and port as the `Host` header has them, and as people may see the target.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Path and query, as a request line has them.
    pub(super) fn path_and_query(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }

    /// An address that this one's answer named, relative to it; none unless it is at the same host, port and scheme.
    pub(super) fn follow(&self, location: &str) -> Option<Self> {
        let next = self.0.join(location).ok()?;
        let same =
            next.origin() == self.0.origin() && next.username().is_empty() && next.password().is_none();
        (same && next.as_str().len() <= LONGEST).then_some(Self(next))
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, allow: &[&str]) -> String {
        let allow: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
        Target::parse(text, &allow).map_or_else(|fault| fault, |_| "fine".to_owned())
    }

    #[test]
    fn no_spelling_of_a_private_address_passes() {
        for text in [
            "https://127.0.0.1",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]",
            "https://0x7f000001",
            "https://2130706433",
            "https://0177.0.0.1",
            "https://127.1",
            "https://169.254.169.254/latest",
            "https://localhost:8080",
            "https://LOCALHOST.",
            "https://a.localhost",
            "https://[fd00::1]",
            "https://①②⑦.0.0.1",
        ] {
            assert!(
                fault(text, &[]).contains("outbound.allow has its network"),
                "{text}: {}",
                fault(text, &[])
            );
        }
        assert_eq!(fault("https://127.0.0.1", &["127.0.0.0/8"]), "fine");
        assert_eq!(fault("http://localhost:1", &["127.0.0.1/32"]), "fine");
    }

    #[test]
    fn each_fault_is_told() {
        for (text, part) in [
            ("nothing", "is no address"),
            ("ftp://example.com", "begins with neither"),
            ("https://ana:pass@example.com", "a user or a password"),
            ("https://ana@example.com", "a user or a password"),
            ("https://example.com/#part", "fragment"),
            ("http://example.com", "plain http"),
            ("http://93.184.215.14", "plain http"),
            ("https://example.com:25/", "a port below 1024"),
            ("https://93.184.215.14:993/", "a port below 1024"),
        ] {
            assert!(fault(text, &[]).contains(part), "{text}: {}", fault(text, &[]));
        }
        assert!(fault(&format!("https://example.com/{}", "a".repeat(2_048)), &[]).contains("longer"));
        assert_eq!(fault("https://example.com:8443/a?b=c", &[]), "fine");
        assert_eq!(fault("http://hooks.lan/", &["10.0.0.0/8"]), "fine", "it may lead there");
        assert_eq!(fault("https://hooks.lan:636/", &["10.0.0.0/8"]), "fine", "and at any port");
    }

    #[test]
    fn a_location_is_followed_at_the_same_place_alone() {
        let target = Target::parse("https://example.com/a/b", &[]).unwrap();
        let at = |location: &str| target.follow(location).map(|next| next.path_and_query());
        assert_eq!(at("/jobs/7?x=1").as_deref(), Some("/jobs/7?x=1"));
        assert_eq!(at("c").as_deref(), Some("/a/c"));
        for other in [
            "https://example.org/",
            "//evil/",
            "http://example.com/",
            "https://example.com:444/",
            "https://a@example.com/",
        ] {
            assert_eq!(at(other), None, "{other}");
        }
    }
}
