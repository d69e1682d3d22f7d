//! What `inspect` finds out.

use serde_json::Value;

/// Names and values, in the order in which they are shown.
pub(super) type Facts = Vec<(&'static str, Value)>;
