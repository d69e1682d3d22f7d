//! Training of classification heads on CKKS-encrypted embeddings: the engine of both parties.
//!
//! The data party plans a training, makes keys, encrypts its samples and opens the result ([`client`]). The compute party trains on
//! ciphertexts and evaluation keys ([`server`]); built without the feature `client`, no code can name a secret key. What is trained is a
//! [`Head`]: one of those that come with the crate, or your own.

pub mod engine;
mod error;
pub mod functions;
pub mod heads;
mod job;
mod optimizer;
pub mod packing;
mod parties;
pub mod plan;
pub mod ranges;
mod samples;
mod scheme;
pub mod trainer;

/// The encryption, for the layers above: parameter sets, keys, files.
pub use ckks;
/// The bootstrap, for the layers above: contracts, the pace of a machine.
pub use ckks_boot;
pub use engine::Engine;
pub use error::{Error, Result};
pub use functions::{Activation, ActivationKind, Degree, Fit, Functions, Sigmoid, Softmax, SoftmaxDepth};
pub use heads::{
    BuiltIn, Gradient, Head, Logistic, Mlp, Multinomial, Output, Pass, Penalty, Residual, Unit, WeightVector,
};
pub use job::{Job, JobSpec};
pub use optimizer::{Optimizer, RateSchedule, Step};
pub use packing::{Block, Blocks, Packing};
#[cfg(feature = "client")]
pub use parties::client;
pub use parties::{files, server, twins};
pub use plan::{Bootstraps, Pairs, Plan, Request};
pub use samples::{Samples, check_weights, padded_features};
pub use scheme::{RefreshContract, RefreshedMessage, Scheme};
pub use trainer::State;
