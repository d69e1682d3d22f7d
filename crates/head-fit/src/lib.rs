//! The data party's plain side of an encrypted training: features, choice of method, twins, models.
//!
//! Train logistic regression on encrypted samples, with both parties in this process:
//!
//! ```
//! use head_fit::LogisticRegression;
//! use ndarray::{Array1, Array2};
//!
//! # fn main() -> head_fit::Result<()> {
//! let noise = |i: usize, j: usize| ((i * (j + 3) * 37 + j) % 101) as f64 / 101.0;
//! let x = Array2::from_shape_fn((120, 4), |(i, j)| (i % 2) as f64 + noise(i, j));
//! let y: Array1<f64> = (0..120).map(|i| (i % 2) as f64).collect();
//!
//! let fitted = LogisticRegression::default().fit_encrypted(&x, &y)?;
//! let right = fitted.predict(&x.view())?.iter().zip(&y).filter(|(p, y)| **p as f64 == **y).count();
//! assert!(right > 110, "{right}");
//! # Ok(())
//! # }
//! ```
//!
//! One step below, the parties are apart. Nothing in this crate is encrypted, and nothing of it leaves the data party: a [`Classifier`]
//! says what to train, and what it leaves open is chosen by cross-validation in the clear. The result is a [`Training`], with features
//! mapped, options filled in, levels and keys planned. `fhe_head::client` makes keys from it and encrypts its samples,
//! `fhe_head::server` trains, and [`Training::model`] turns the decrypted weights into a [`Model`] for features as they came:
//!
//! ```
//! use std::sync::Arc;
//!
//! use head_fit::fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
//! use head_fit::fhe_head::{Scheme, ckks::SecretKey, server};
//! use head_fit::{Classifier, Data};
//! # use ndarray::{Array1, Array2};
//!
//! # fn main() -> head_fit::Result<()> {
//! # let x = Array2::from_shape_fn((120, 4), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
//! # let y: Array1<f64> = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
//! // the data party
//! let options = Classifier { max_iter: Some(2), ..Classifier::default() };
//! let training = options.prepare_on(&Scheme::by_name("n14-l8")?, &Data::new(x.view(), y.view())?, None)?;
//! let secret = SecretKey::generate(training.scheme.parameters())?;
//! let keys = Arc::new(evaluation_keys_in_memory(&secret, &training.plan.keys)?);
//! let blocks = DataEncryptor::new(&secret, &training.plan, &training.samples).blocks()?;
//! // the compute party: ciphertexts, evaluation keys, and a job that says nothing of the data
//! let head = server::train(keys, &training.plan.job, &blocks)?;
//! // the data party
//! let model = training.model(&decrypt_head(&secret, &training.plan.job, &head)?)?;
//! println!("{:.2}", model.output.coef);
//! # Ok(())
//! # }
//! ```
//!
//! Labels are classes ([`Data::new`]), of which [`Kind::Ordinal`] takes those that have an order; any number of labels for each sample
//! ([`Data::multi_label`]); or numbers ([`Data::regression`]):
//!
//! ```
//! # use head_fit::{Classifier, Data, measures::Regression};
//! # use head_fit::fhe_head::Scheme;
//! # use ndarray::{Array1, Array2, Axis};
//! # fn main() -> head_fit::Result<()> {
//! # let x = Array2::from_shape_fn((120, 4), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
//! # let prices: Array1<f64> = x.rows().into_iter().map(|row| 250.0 + 40.0 * row[0] - 25.0 * row[1]).collect();
//! // samples by numbers; samples of one seller stay together in the cross-validation
//! let y = prices.view().insert_axis(Axis(1));
//! let sellers: Vec<usize> = (0..120).map(|i| i / 3).collect();
//! let data = Data::regression(x.view(), y)?.grouped(&sellers)?;
//! let training = Classifier::default().prepare_on(&Scheme::by_name("n14-l8")?, &data, None)?;
//! let model = training.plain_model()?;
//! let predicted = model.predict_numbers(&x.view())?;
//! let measured = Regression::new(&prices.to_vec(), &predicted.column(0).to_vec())?;
//! assert!(measured.rmse.value < 2.0);
//! # Ok(())
//! # }
//! ```
//!
//! A head of your own gets the same treatment: implement [`Family`] for it, and [`Options<Custom<_>>`](Options) chooses, plans and
//! exports ([`FittedHead`]).

mod baseline;
mod batches;
mod calibrator;
mod classifier;
mod cleartext;
mod custom;
mod data;
mod features;
mod fit;
mod kind;
mod labels;
// Public as a whole: its names, such as `Bin`, `Counts` and `choose`, say little without the module's.
pub mod measures;
mod metrics;
mod model;
mod presets;
mod shape;
mod training;
mod tune;
mod units;

/// The engine: heads, plans, both parties.
pub use fhe_head;
pub use fhe_head::{Error, Result};
/// Matrices of samples, in the version that this crate takes.
pub use ndarray;

pub use baseline::{Baseline, HeldOut, HeldOutErrors, converged, logistic_regression, ridge_regression};
pub use calibrator::Calibrator;
pub use classifier::{Classifier, LogisticRegression, Options};
pub use custom::{Custom, Family, FittedHead};
pub use data::Data;
pub use features::{FeatureMap, LinearMap, Preprocessing, Sums};
pub use fit::{Fitted, Part, Parties, Progress, Watch, encrypt_and_train};
pub use kind::{HeadKind, Kind};
pub use labels::{
    ClassWeight, Classes, LabelNames, Split, Targets, folds_of_targets, group_split, multi_label_folds,
    multi_label_split, shuffled, shuffled_order, split_of_targets, stratified_folds, stratified_split,
};
pub use metrics::{
    LabelMetrics, Metrics, MultiLabelMetrics, OrdinalMetrics, agreement, predictions, predictions_above,
    same_predictions,
};
pub use model::{LinearLayer, Model, probabilities};
pub use presets::{PRESETS, needs_other_parameters};
pub use training::{Expected, ExpectedErrors, Training};
pub use units::TargetUnits;
