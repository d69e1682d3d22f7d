//! The parts of `run`, which is both parties on one machine, or the data party of a server.
//!
//! - [`phases`]: what happens, in its order;
//! - [`data`]: the samples;
//! - [`folder`]: where everything lies;
//! - [`signatures`]: the identities of both parties;
//! - [`server`]: the compute party, where it is a service;
//! - [`evaluation`]: the head beside its twins, on the test samples;
//! - [`threshold`]: the threshold for the aim of `--threshold`;
//! - [`measured`]: rates with intervals, calibration, curves;
//! - [`report`], [`table`], [`page`]: all figures, for programs, for the terminal, and for colleagues and an ethics board;
//! - [`columns`]: the columns of a table as counts;
//! - [`clinical`], [`words`]: figures in words.

pub(crate) mod clinical;
mod columns;
pub(crate) mod data;
pub(crate) mod evaluation;
pub(crate) mod folder;
pub(crate) mod measured;
mod method;
pub(crate) mod page;
pub(crate) mod phases;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod signatures;
mod table;
pub(crate) mod threshold;
pub(crate) mod words;
