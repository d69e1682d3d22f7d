//! Training of classification heads on CKKS-encrypted embeddings: the engine of both parties.
//!
//! The data party plans a training, makes keys, encrypts its samples and opens the result ([`client`]). The compute party trains on
//! ciphertexts and evaluation keys ([`server`]); built without the feature `client`, no code can name a secret key. What is trained is a
//! [`Head`]: one of those that come with the crate, or your own.
//!
//! Both parties in one process (between two machines, [`files`] carries the data, the keys and the head):
//!
#![cfg_attr(feature = "client", doc = "```")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use fhe_head::ckks::SecretKey;
//! use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
//! use fhe_head::{Degree, Fit, Logistic, Plan, Request, Samples, Scheme, Sigmoid, server};
//! use ndarray::{Array1, Array2};
//!
//! // The data party plans, makes keys and encrypts.
//! let x = Array2::from_shape_fn((400, 3), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
//! let y: Array1<f64> = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
//! let samples = Samples::new(&x.view(), &y.view(), &Array1::ones(400).view())?;
//! let scheme = Scheme::by_name("n14-l8")?;
//! let head = Logistic::binary(Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares)?);
//! let plan = Plan::new(&scheme, &Request::new(head, 400, 3, vec![4.0; 2]))?;
//! let secret = SecretKey::generate(scheme.parameters())?;
//! let keys = evaluation_keys_in_memory(&secret, &plan.keys)?;
//! let blocks = DataEncryptor::new(&secret, &plan, &samples).blocks()?;
//!
//! // The compute party trains. It holds the keys, the public job and ciphertexts.
//! let encrypted = server::train(keys.into(), &plan.job, &blocks)?;
//!
//! // The data party decrypts the weights, padded; the intercept comes last.
//! let weights = &decrypt_head(&secret, &plan.job, &encrypted)?[0];
//! assert!(weights[0] > 0.5 && weights[1] < -0.5, "{weights}");
//! # Ok::<(), fhe_head::Error>(())
//! ```

// What every caller needs is re-exported below. Nine modules are public beside it, each for those who go one step further:
// `engine` for other arithmetics, `collective` for several processes that train together, `packing`, `heads` and `functions` for heads of one's own (their names, such as `forward`, `split` or
// `softmax`, say little without the module's), `plan` and `trainer` for drivers of trainings, `stop` for programs that are interrupted,
// and `ranges` for checks of options, so that the layers above refuse the same values with the same words.
pub mod collective;
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
pub mod stop;
pub mod trainer;

/// The encryption, for the layers above: parameter sets, keys, files.
pub use ckks;
/// The bootstrap, for the layers above: contracts, the pace of a machine.
pub use ckks_boot;
pub use engine::Engine;
pub use error::{Error, Result};
pub use functions::{Activation, ActivationKind, Degree, Fit, Functions, Sigmoid, Softmax, SoftmaxForm};
pub use heads::{
    BuiltIn, Gradient, Head, Link, Logistic, Mlp, Multinomial, Ordinal, Output, Pass, Penalty, Residual,
    Ridge, Unit, WeightVector, Weights,
};
pub use job::{Job, JobSpec};
pub use optimizer::{Optimizer, RateSchedule, Step};
pub use packing::{Block, Blocks, Packing};
pub use parties::{Part, StoredBlocks, files, server, twins};
#[cfg(feature = "client")]
pub use parties::{client, growing};
pub use plan::{Aim, Bootstraps, Pairs, Plan, Request};
pub use samples::{Features, PackedBlock, SampleView, Samples, check_weights, padded_features};
pub use scheme::{RefreshContract, RefreshedMessage, Scheme};
pub use trainer::State;
