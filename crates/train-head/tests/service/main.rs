//! The service: the real server on loopback, the real client, real trainings.
#![allow(clippy::unwrap_used)]

mod abuse;
mod certificates;
mod clock;
mod disk;
mod elsewhere;
mod faults;
mod launchers;
mod path;
mod proxy;
mod resume;
mod server;
mod sso;
mod together;
#[allow(dead_code)]
#[path = "../cli/util.rs"]
mod util;
