//! Requests of the server's own: to an issuer of tokens, a bucket, a collector. Each is short and goes to an address that the operator named.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// How long a connection may take to come about.
const CONNECTION: Duration = Duration::from_secs(5);

/// What asks: the system's authorities decide whom it trusts, and no redirection is followed. `patience` bounds a request as a whole.
pub(crate) fn agent(patience: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .max_redirects(0)
        .timeout_connect(Some(CONNECTION))
        .timeout_global(Some(patience))
        .user_agent(concat!("train-head/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .tls_config(tls)
        .build()
        .into()
}

/// Refuses an address that is not of HTTPS; on this machine HTTP does.
pub(crate) fn expect_safe(url: &str) -> Result<(), String> {
    let parsed: ureq::http::Uri = url.parse().map_err(|_| format!("{url} is no address"))?;
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(&parsed) => Ok(()),
        _ => Err(format!("{url}: an address with https is needed")),
    }
}

/// Whether an address is one of this machine.
fn is_loopback(address: &ureq::http::Uri) -> bool {
    matches!(address.host(), Some("127.0.0.1" | "[::1]" | "localhost"))
}
