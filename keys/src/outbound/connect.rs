//! A connection to a target: its name resolved once, every address checked, and the checked one connected to, so that no
//! second answer of a name server counts. No proxy, whatever the environment says.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::error::{CallError, CallResult};
use super::network;
use super::target::Target;

/// What bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Finds the addresses of a name, each time it is asked.
pub(super) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Connects. It holds whom TLS trusts: whoever the system does, looked up when first needed.
pub(super) struct Connector {
    tls: OnceCell<Arc<ClientConfig>>,
    lookup: Lookup,
}

impl Default for Connector {
    fn default() -> Self {
        Self::looking_up(Arc::new(|host| Box::pin(system(host))))
    }
}

impl Connector {
    /// Finds addresses so.
    pub(super) fn looking_up(lookup: Lookup) -> Self {
        Self { tls: OnceCell::new(), lookup }
    }

    /// Connects to one of the target's addresses, all within `patience`.
    pub(super) async fn connect(
        &self,
        target: &Target,
        allow: &[IpNet],
        patience: Duration,
    ) -> CallResult<Box<dyn Stream>> {
        let until = Instant::now() + patience;
        let connecting = tokio::time::timeout_at(until, async {
            let stream = dial(&self.addresses(target, allow).await?, until, target).await?;
            if target.is_tls() {
                self.secured(stream, target).await
            } else {
                Ok(Box::new(stream) as Box<dyn Stream>)
            }
        });
        let late =
            |_| Err(CallError::transient(format!("{} does not let us connect in time", target.authority())));
        connecting.await.unwrap_or_else(late)
    }

    /// The addresses that may be called, in the order in which the name server gave them.
    async fn addresses(&self, target: &Target, allow: &[IpNet]) -> CallResult<Vec<SocketAddr>> {
        let host = target.host();
        let found: Vec<IpAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let failed = |_| CallError::transient(format!("no address of {host} could be found"));
                (self.lookup)(host.clone()).await.map_err(failed)?
            }
        };
        let chosen = choose(&found, allow, target)?;
        Ok(chosen.into_iter().map(|address| SocketAddr::new(address, target.port())).collect())
    }

    async fn secured(&self, stream: TcpStream, target: &Target) -> CallResult<Box<dyn Stream>> {
        let host = target.authority();
        let name = ServerName::try_from(target.host())
            .map_err(|_| CallError::config(format!("{host} is no name that TLS could prove")))?;
        let config = self.tls.get_or_try_init(trusted).await?;
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(|error| {
            let untrusted = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            if matches!(untrusted, Some(rustls::Error::InvalidCertificate(_))) {
                CallError::config(format!("the certificate of {host} is not trusted: it is expired, for another name, or of an unknown issuer"))
            } else {
                CallError::transient(format!("no TLS connection could be made with {host}"))
            }
        })?;
        Ok(Box::new(stream))
    }
}

/// Trusts who the system trusts.
async fn trusted() -> CallResult<Arc<ClientConfig>> {
    let failed = |_| CallError::config("TLS cannot be used on this system");
    let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let mut roots = RootCertStore::empty();
    // Some of a system's certificates may be of no use; the others are.
    roots.add_parsable_certificates(read.map_err(|_| CallError::transient("the daemon stops"))?.certs);
    if roots.is_empty() {
        return Err(CallError::config(
            "this system has no certificates to trust; install them, or name a file with SSL_CERT_FILE",
        ));
    }
    let builder = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// The addresses that this system's name servers know.
async fn system(host: String) -> std::io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
}

/// Of all the addresses of a name, those that may be called. One that may not spoils the public ones beside it: such a
/// name is made to deceive. Beside one that the operator allows, it is left out.
fn choose(found: &[IpAddr], allow: &[IpNet], target: &Target) -> CallResult<Vec<IpAddr>> {
    let host = target.authority();
    let allowed: Vec<IpAddr> =
        found.iter().copied().filter(|address| network::allowed(allow, *address)).collect();
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    if let Some(why) = found.iter().find_map(|address| network::special(*address)) {
        return Err(CallError::config(format!(
            "{host} is not called: it leads to {why}, whose network outbound.allow does not have"
        )));
    }
    if !target.is_tls() {
        return Err(CallError::config(format!(
            "{host} is not called: plain http is for networks of outbound.allow alone; use https"
        )));
    }
    if found.is_empty() {
        return Err(CallError::transient(format!("no address of {host} could be found")));
    }
    if !target.has_web_port() {
        return Err(CallError::config(format!(
            "{host} is not called: of the ports below 1024 only 443 is, but in networks of outbound.allow"
        )));
    }
    Ok(found.to_vec())
}

/// Connects to the first address that answers, giving each its share of the time.
async fn dial(addresses: &[SocketAddr], until: Instant, target: &Target) -> CallResult<TcpStream> {
    for (tried, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        if let Ok(Ok(stream)) = tokio::time::timeout(share, TcpStream::connect(address)).await {
            // Small requests must not wait for more; a system that cannot say so only makes them slower.
            let _ = stream.set_nodelay(true);
            return Ok(stream);
        }
    }
    Err(CallError::transient(format!("{} cannot be connected to", target.authority())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::error::Class;

    fn chosen(found: &[&str], allow: &[&str], url: &str) -> Result<Vec<String>, Class> {
        let allow: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
        let found: Vec<IpAddr> = found.iter().map(|address| address.parse().unwrap()).collect();
        let target = Target::parse(url, &["127.0.0.0/8".parse().unwrap()]).unwrap();
        let texts = |chosen: Vec<IpAddr>| chosen.iter().map(ToString::to_string).collect();
        choose(&found, &allow, &target).map(texts).map_err(|error| error.class)
    }

    #[test]
    fn one_private_address_spoils_a_name() {
        let url = "https://example.com";
        assert_eq!(chosen(&["1.1.1.1", "2606:4700::1111"], &[], url).unwrap().len(), 2);
        assert_eq!(chosen(&["1.1.1.1", "127.0.0.1"], &[], url), Err(Class::Config));
        assert_eq!(chosen(&["1.1.1.1", "::ffff:10.0.0.1"], &["192.168.0.0/16"], url), Err(Class::Config));
        assert_eq!(chosen(&[], &[], url), Err(Class::Transient));
    }

    #[test]
    fn of_a_name_that_leads_to_an_allowed_network_only_that_is_called() {
        let allow = ["127.0.0.0/8"];
        for url in ["https://example.com", "http://example.com"] {
            assert_eq!(
                chosen(&["::1", "127.0.0.1", "1.1.1.1"], &allow, url),
                Ok(vec!["127.0.0.1".to_owned()])
            );
        }
        assert_eq!(chosen(&["1.1.1.1"], &allow, "http://example.com"), Err(Class::Config), "plain http");
        assert_eq!(chosen(&["1.1.1.1"], &allow, "https://example.com:22"), Err(Class::Config), "no web port");
        assert!(chosen(&["1.1.1.1"], &allow, "https://example.com:8443").is_ok());
        assert!(chosen(&["127.0.0.1"], &allow, "https://example.com:22").is_ok());
    }
}
