//! How people reach this door, as they would type it. Addresses alone; nothing is looked up.

use std::net::SocketAddr;

use crate::session::HostInfo;

/// How `login` reaches the door that was reached at this address; `name` is what the operator calls the host.
pub(super) fn host(name: Option<&str>, reached: Option<SocketAddr>, login: &str) -> HostInfo {
    let name = match (name, reached.map(|address| address.ip().to_canonical())) {
        (Some(name), _) => name.to_owned(),
        (None, Some(ip)) if !ip.is_loopback() => ip.to_string(),
        (None, _) => "localhost".to_owned(),
    };
    HostInfo::reached(&name, reached.map_or(22, |address| address.port()), login)
}
