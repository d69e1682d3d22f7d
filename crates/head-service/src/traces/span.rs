//! A span, and what it says.
#![cfg_attr(not(feature = "otel"), allow(dead_code))]

use std::time::SystemTime;

/// A span.
#[derive(Debug)]
pub(super) struct Span<'a> {
    pub(super) name: &'a str,
    pub(super) begun: SystemTime,
    pub(super) ended: SystemTime,
    /// Whether it stands for a request that was answered.
    pub(super) is_request: bool,
    /// Whether it failed through no fault of whoever asked.
    pub(super) failed: bool,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) within: Vec<Span<'a>>,
}

/// What an attribute says.
#[derive(Debug)]
pub(super) enum Value {
    Word(String),
    Number(u64),
}
