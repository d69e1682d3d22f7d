//! The command line, in the same shared object: the wheel holds one copy of the code.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program `train-head` with these words, its name first, and gives its exit code. From here on ^C is the program's. `program` are the
/// words that start it again, as a service does for its jobs.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, words: Vec<OsString>, program: Vec<OsString>) -> u8 {
    py.detach(|| train_head::main_of(program, words))
}
