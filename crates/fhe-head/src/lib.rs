//! Training of classification heads on CKKS-encrypted embeddings.
//!
//! - [`head`]: what a head is: parameters, targets, gradient; [`heads`]: those that come with the crate;
//! - [`trainer`]: the training loop, generic over head and arithmetic; [`pass`]: building blocks of heads;
//! - [`engine`]: the arithmetics: plain, simulated, encrypted;
//! - [`packing`]: how samples lie in slots, and the products of a step;
//! - [`sigmoid`], [`mod@softmax`], [`activation`]: polynomials that stand for functions;
//! - [`optimizer`]: gradient descent and its accelerated forms;
//! - [`estimator`] (binary), [`classifier`] (several classes, hidden layer): what the data party asks for;
//! - [`dense`], [`dense_linear`], [`dense_hidden`]: the same training on dense matrices;
//! - [`features`], [`labels`], [`metrics`], [`baseline`]: the data party's plain side;
//! - [`plan`]: levels, keys, sizes and time of a training before it runs;
//! - [`refresh`]: bootstraps of a training's state and inside its iterations;
//! - [`job`]: the public description of a run.

pub mod activation;
pub mod baseline;
pub mod classifier;
#[cfg(feature = "client")]
pub mod client;
pub mod dense;
pub mod dense_hidden;
pub mod dense_linear;
pub mod engine;
pub mod error;
pub mod estimator;
pub mod features;
pub mod files;
pub mod head;
pub mod heads;
pub mod job;
pub mod labels;
mod least_squares;
pub mod metrics;
pub mod model;
pub mod optimizer;
mod options;
pub mod packing;
pub mod pass;
pub mod plan;
pub mod refresh;
pub mod samples;
pub mod server;
pub mod sigmoid;
pub mod softmax;
pub mod trainer;
pub mod tune;
pub mod twins;

/// The encryption, for the layers above: parameter sets, keys, files.
pub use ckks;
pub use error::{Error, Result};
