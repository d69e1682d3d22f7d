//! The compute party's work. It reads ciphertexts and evaluation keys, and nothing else.
//!
//! - [`training`]: where the training is driven;
//! - [`start`]: the state that a training starts from;
//! - [`checkpoint`]: its state on disk, for `--resume`;
//! - [`validation`]: scores of validation samples while it runs;
//! - [`pace`]: the time that it still takes;
//! - [`scoring`]: encrypted predictions;
//! - [`worker`]: how the service starts this work;
//! - [`launcher`]: what starts it in several processes.

pub(crate) mod checkpoint;
pub(crate) mod launcher;
pub(crate) mod pace;
pub(crate) mod scoring;
mod start;
pub(crate) mod training;
mod validation;
pub(crate) mod worker;
