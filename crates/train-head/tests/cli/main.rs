//! The real binary in fresh folders.
#![allow(clippy::unwrap_used)]

mod bad_data;
mod bad_files;
mod classes;
mod formats;
mod help;
mod interrupted;
mod keys;
mod model;
mod parties;
mod run;
mod util;
