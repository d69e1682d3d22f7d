//! The command line, in the same shared object: the wheel holds one copy of the code.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program `train-head` with these words, its name first, and gives its exit code. From here on ^C is the program's.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| train_head::main_with(words))
}
