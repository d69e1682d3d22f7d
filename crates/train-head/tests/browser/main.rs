//! The pages in a real browser (Chromium): the studio from a table to its result, and the dashboard of a service. They need chromedriver, so they are
//! ignored unless asked for; `.ci/run` asks.
#![allow(clippy::unwrap_used)]

mod dashboard;
mod looks;
#[allow(dead_code)]
#[path = "../service/server.rs"]
mod server;
#[allow(dead_code)]
#[path = "../studio/site.rs"]
mod site;
mod studio;
#[allow(dead_code)]
#[path = "../cli/util.rs"]
mod util;
#[allow(dead_code)]
#[path = "../../../../benches/tests/webdriver/mod.rs"]
mod webdriver;
