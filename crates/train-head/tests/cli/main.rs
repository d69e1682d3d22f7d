//! The real binary in fresh folders.
#![allow(clippy::unwrap_used)]

mod bad_data;
mod bad_files;
mod bad_parameters;
mod bundles;
mod choice;
mod classes;
mod formats;
mod help;
mod hidden_layer;
mod interrupted;
mod keys;
mod manual;
mod messages;
mod model;
mod nasty;
mod overwriting;
mod page;
mod parties;
mod python;
mod run;
mod scoring;
mod ship;
mod targets;
mod threshold;
mod tune;
mod util;
mod validation;
mod warm_start;
mod weights;
