//! The data party's plain side of an encrypted training: features, choice of method, twins, models.
//!
//! Nothing here is encrypted and nothing leaves the data party. A [`Classifier`] says what to train; what it leaves open is chosen by
//! cross-validation in the clear. The result is a [`Training`]: features mapped, method filled in, levels and keys planned, ready for
//! [`fhe_head::client`] and [`fhe_head::server`].

mod baseline;
mod classifier;
mod cleartext;
mod custom;
mod data;
mod features;
mod fit;
mod kind;
mod labels;
mod metrics;
mod model;
mod presets;
mod shape;
mod training;
mod tune;

/// The engine: heads, plans, both parties.
pub use fhe_head;
pub use fhe_head::{Error, Result};

pub use baseline::{Baseline, converged, logistic_regression};
pub use classifier::{Classifier, LogisticRegression, Options};
pub use custom::{Custom, Family, FittedHead};
pub use data::Data;
pub use features::{FeatureMap, LinearMap, Preprocessing};
pub use fit::{Fitted, encrypt_and_train};
pub use kind::{HeadKind, Kind};
pub use labels::{ClassWeight, Classes, Split, shuffled, stratified_folds, stratified_split};
pub use metrics::{Metrics, agreement, predictions, same_predictions};
pub use model::{LinearLayer, Model, probabilities};
pub use presets::{PRESETS, needs_other_parameters};
pub use training::Training;
