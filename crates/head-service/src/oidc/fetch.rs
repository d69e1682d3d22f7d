//! Requests to the issuer: short, bounded, to addresses that its operator or it named.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// How long an answer may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer that are read.
pub(super) const MOST: u64 = 256 << 10;

/// The issuer's keys, as its configuration names them (OpenID Connect Discovery).
pub(super) fn keys_of(issuer: &str) -> Result<Vec<u8>, String> {
    let configuration = get(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
    let configuration: Value =
        serde_json::from_slice(&configuration).map_err(|error| format!("its configuration: {error}"))?;
    // one that speaks for another issuer is misled, or misleads
    if configuration.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err("its configuration is that of another issuer".to_owned());
    }
    let keys =
        configuration.get("jwks_uri").and_then(Value::as_str).ok_or("its configuration names no keys")?;
    expect_safe(keys)?;
    get(keys)
}

/// Refuses an address that is not of HTTPS; on this machine HTTP does.
pub(super) fn expect_safe(url: &str) -> Result<(), String> {
    let parsed: ureq::http::Uri = url.parse().map_err(|_| format!("{url} is no address"))?;
    let loopback = matches!(parsed.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if loopback => Ok(()),
        _ => Err(format!("{url}: an address with https is needed")),
    }
}

fn get(url: &str) -> Result<Vec<u8>, String> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent: Agent = Agent::config_builder()
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("train-head/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into();
    let failed = |error: ureq::Error| format!("{url}: {error}");
    let mut answer = agent.get(url).call().map_err(failed)?;
    if !answer.status().is_success() {
        return Err(format!("{url}: status {}", answer.status()));
    }
    answer.body_mut().with_config().limit(MOST).read_to_vec().map_err(failed)
}
