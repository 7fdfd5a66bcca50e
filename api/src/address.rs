//! Who is calling, by address. A proxy is believed only when the settings name it, and then only for the hop it saw
//! itself: whatever a client writes into `X-Forwarded-For` stands further left and changes nothing.

use std::net::IpAddr;

use axum::http::HeaderMap;
use keyward_config::Networks;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address: the peer's, or behind trusted proxies the rightmost address that is not one of them.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> IpAddr {
    let mut client = peer.to_canonical();
    if proxies.is_empty() || !proxies.contains(client) {
        return client;
    }
    for header in headers.get_all(FORWARDED_FOR).iter().rev() {
        let Ok(header) = header.to_str() else { return client };
        for hop in header.rsplit(',') {
            let Some(hop) = address(hop.trim()) else { return client };
            client = hop;
            if !proxies.contains(client) {
                return client;
            }
        }
    }
    client
}

/// An address as proxies write it: bare, with a port, or an IPv6 address in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = |text: &str| text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || bare(text.strip_prefix('[')?.strip_suffix(']')?);
    bare(text).or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies =
            Networks::try_from(proxies.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        client(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn a_header_changes_nothing_unless_a_trusted_proxy_sent_it() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_the_rightmost_stranger_counts() {
        let proxies = &["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], proxies), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.7"], proxies), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.0.0.7"], proxies), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::1]:4711"], proxies), "2001:db8::1");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.1:80"], proxies), "198.51.100.1");
    }

    #[test]
    fn garbage_stops_the_walk_at_the_last_good_hop() {
        let proxies = &["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, nonsense"], proxies), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, nonsense, 10.0.0.2"], proxies), "10.0.0.2");
        assert_eq!(seen("10.0.0.1", &[""], proxies), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], proxies), "10.0.0.1");
    }
}
