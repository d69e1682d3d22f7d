//! Recorded runs: a folder with `records.jsonl`, one record a line, and `summary.md`, the headline figures.

mod read;
mod store;
mod summary;

pub(crate) use read::{Records, command, distinct, list, number, text};
pub(crate) use store::{Label, store, summarize};
pub(crate) use summary::{Property, headlines, machine, threads};

/// File of the records in the folder of a run.
const RECORDS: &str = "records.jsonl";
/// File of the summary in the folder of a run.
const SUMMARY: &str = "summary.md";
/// Version of the records' format.
const FORMAT: u32 = 2;
