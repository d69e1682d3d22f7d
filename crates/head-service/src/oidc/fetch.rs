//! Requests to the issuer: short, bounded, to addresses that its operator or it named.

use std::time::Duration;

use serde_json::Value;

use crate::web::{agent, expect_safe};

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

fn get(url: &str) -> Result<Vec<u8>, String> {
    let failed = |error: ureq::Error| format!("{url}: {error}");
    let mut answer = agent(PATIENCE).get(url).call().map_err(failed)?;
    if !answer.status().is_success() {
        return Err(format!("{url}: status {}", answer.status()));
    }
    answer.body_mut().with_config().limit(MOST).read_to_vec().map_err(failed)
}
