//! The studio: the real program on loopback, asked as a browser asks, and by a real browser.
#![allow(clippy::unwrap_used)]

mod abuse;
mod path;
#[allow(dead_code)]
#[path = "../service/server.rs"]
mod server;
mod site;
mod texts;
#[allow(dead_code)]
#[path = "../cli/util.rs"]
mod util;
