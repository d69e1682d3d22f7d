//! The parts of `run`, which is both parties on one machine.
//!
//! - [`phases`]: what happens, in its order;
//! - [`data`]: the samples;
//! - [`folder`]: where everything lies;
//! - [`evaluation`]: the head beside its twins, on the test samples;
//! - [`report`], [`table`]: all figures, for programs and for a person.

pub(crate) mod data;
pub(crate) mod evaluation;
pub(crate) mod folder;
pub(crate) mod phases;
pub(crate) mod report;
mod table;
