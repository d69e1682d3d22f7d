//! The extension module of the Python package `train_head`: what the package in `train_head/` is written on.
//!
//! - `training`: trainings that are ready, both parties in this process, the twins;
//! - `custom`, `loss`: the same for a loss of the user's own;
//! - `model`: heads in the clear;
//! - `recipe`: tables with gaps, words and dates to numbers;
//! - `encoder`: texts to embeddings;
//! - `work`: long work without the interpreter's lock, which ^C ends;
//! - `failure`: errors as exceptions;
//! - `program`: the command line.
//!
//! Without the feature `data-party` it holds the command line of a compute party, and nothing else.

#![expect(clippy::needless_pass_by_value, reason = "what Python passes comes as handles of its own")]

#[cfg(feature = "data-party")]
mod custom;
#[cfg(feature = "data-party")]
mod encoder;
#[cfg(feature = "data-party")]
mod failure;
#[cfg(feature = "data-party")]
mod loss;
#[cfg(feature = "data-party")]
mod model;
mod program;
#[cfg(feature = "data-party")]
mod recipe;
#[cfg(feature = "data-party")]
mod training;
#[cfg(feature = "data-party")]
mod work;

// Memory that the system refuses ends the process in order, as it does that of the command line, instead of aborting it.
#[global_allocator]
static ALLOCATOR: train_head::EndingAllocator = train_head::EndingAllocator;

/// What the Python package imports as `train_head._native`.
#[cfg(feature = "data-party")]
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::custom::CustomTraining;
    #[pymodule_export]
    use crate::encoder::TextEncoder;
    #[pymodule_export]
    use crate::failure::{DivergedError, ParametersError};
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::program::main;
    #[pymodule_export]
    use crate::recipe::Recipe;
    #[pymodule_export]
    use crate::training::{Parties, Training, plan_for_shape};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name that Python expects")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

/// As above, where there is no data party: the command line alone.
#[cfg(not(feature = "data-party"))]
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::program::main;

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name that Python expects")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
