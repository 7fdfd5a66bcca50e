//! What a start prints: where to go, and how the first person gets in. Plain text that copies well; bold where a
//! terminal can show it.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use secrecy::{ExposeSecret, SecretString};

use crate::daemon::Daemon;

/// How `login` reaches the SSH door.
pub fn ssh_line(login: &str, address: SocketAddr) -> String {
    let host = host(address.ip());
    match address.port() {
        22 => format!("ssh {login}@{host}"),
        port => format!("ssh -p {port} {login}@{host}"),
    }
}

/// The host as a person on this machine would type it.
fn host(ip: IpAddr) -> String {
    let ip = ip.to_canonical();
    if ip.is_loopback() || ip.is_unspecified() { "localhost".to_owned() } else { ip.to_string() }
}

/// The text of a start. `code` lets the first operator join; it is printed here and kept nowhere.
pub fn text(daemon: &Daemon, code: Option<&SecretString>, colour: bool) -> String {
    let style = Style(colour);
    let addresses = daemon.addresses();
    let folder = daemon.folder().path();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mut text = format!("\n  {} {}\n\n", style.bold("keyward"), style.dim(env!("CARGO_PKG_VERSION")));
    for (name, value) in [
        ("dashboard", ssh_line("NAME", addresses.ssh)),
        ("REST", format!("http://{}", addresses.api)),
        ("data", folder.display().to_string()),
        ("host key", daemon.fingerprint()),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {} {value}", style.dim(&format!("{name:<10}")));
    }
    if let Some(code) = code {
        let _ = write!(
            text,
            "\n  Nobody manages this instance yet. Join as its operator with this code, good for 24 hours:\n\n\
             \x20     {}\n      code: {}\n",
            style.bold(&ssh_line("join", addresses.ssh)),
            style.bold(code.expose_secret()),
        );
    }
    text
}

/// The same as a value.
pub fn json(daemon: &Daemon, code: Option<&SecretString>) -> serde_json::Value {
    let addresses = daemon.addresses();
    let mut value = serde_json::json!({
        "ssh": addresses.ssh.to_string(),
        "api": format!("http://{}", addresses.api),
        "dataDir": daemon.folder().path(),
        "hostKey": daemon.fingerprint(),
    });
    if let Some(code) = code {
        value["operatorCode"] = code.expose_secret().into();
    }
    value
}

struct Style(bool);

impl Style {
    fn bold(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_lines_are_what_a_person_would_type() {
        let line = |address: &str| ssh_line("ana", address.parse().unwrap());
        assert_eq!(line("127.0.0.1:2222"), "ssh -p 2222 ana@localhost");
        assert_eq!(line("0.0.0.0:22"), "ssh ana@localhost");
        assert_eq!(line("[::ffff:10.1.2.3]:22"), "ssh ana@10.1.2.3");
        assert_eq!(line("[2001:db8::1]:2222"), "ssh -p 2222 ana@2001:db8::1");
    }
}
