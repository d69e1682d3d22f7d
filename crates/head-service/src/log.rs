//! The log: lines of JSON on standard error. No line holds content, a token, or the body of a request.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

/// The time, RFC 3339 in UTC with milliseconds.
pub(crate) fn now() -> String {
    time(millis())
}

/// Milliseconds since 1970.
pub(crate) fn millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A time in words.
pub(crate) fn time(millis: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// An answered request.
pub(crate) fn request(method: &str, route: &str, status: u16, account: Option<&str>, took: Duration) {
    let ms = took.as_secs_f64() * 1e3;
    line(&json!({
        "time": now(), "event": "request", "method": method, "route": route, "status": status,
        "account": account, "ms": (ms * 100.0).round() / 100.0,
    }));
}

/// Something that failed here.
pub(crate) fn failure(what: &str, cause: &str) {
    line(&json!({ "time": now(), "event": "failure", "what": what, "cause": cause }));
}

/// Something that happened.
pub(crate) fn event(event: &str, object: &str) {
    line(&json!({ "time": now(), "event": event, "object": object }));
}

fn line(value: &Value) {
    // a log that nobody reads must not stop the service
    let _ = writeln!(std::io::stderr().lock(), "{value}");
}
