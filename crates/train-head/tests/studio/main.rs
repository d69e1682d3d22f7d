//! The studio: the real program on loopback, asked as a browser asks, and by a real browser.
#![allow(clippy::unwrap_used)]

mod abuse;
mod path;
mod site;
#[allow(dead_code)]
#[path = "../cli/util.rs"]
mod util;
