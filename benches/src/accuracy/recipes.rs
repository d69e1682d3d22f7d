//! How each head is trained: by the product's estimator with its defaults. A hidden layer alone gets fewer iterations.

use std::time::Instant;

use anyhow::ensure;
use head_fit::{ClassWeight, Classifier, Data, Kind, Preprocessing, Training, converged};
use ndarray::{Array1, ArrayView2};
use serde::Serialize;

use super::measures::Predictions;
use crate::data::{Samples, Split};

/// The kind of head.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Head {
    /// Logistic regression for two classes
    Logistic,
    /// Logistic regression for each of more than two classes against the rest
    OneVsRest,
    /// Multinomial logistic regression for more than two classes
    Softmax,
    /// A network with a hidden layer, for the data sets that the manifest marks with `hidden`
    Mlp,
}

impl Head {
    /// Its name in records.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::OneVsRest => "one-vs-rest",
            Self::Softmax => "softmax",
            Self::Mlp => "mlp",
        }
    }
}

/// A training that is ready to be encrypted, and the seconds that choosing and planning took.
pub(crate) struct Prepared {
    pub(crate) training: Training,
    pub(crate) seconds: f64,
}

/// The most samples that a hidden layer is trained on.
pub(super) const HIDDEN_SAMPLES: usize = 2000;
/// Iterations of a hidden layer, a third of the product's: each takes seconds.
const HIDDEN_ITERATIONS: usize = 10;

/// The options of the product for a head: its defaults, but for the iterations of a hidden layer.
pub(crate) fn options(head: Head, seed: u64) -> Classifier {
    let (kind, max_iter) = match head {
        Head::Logistic | Head::OneVsRest => (Kind::logistic(), None),
        Head::Softmax => (Kind::softmax(), None),
        Head::Mlp => (Kind::mlp(), Some(HIDDEN_ITERATIONS)),
    };
    Classifier { random_state: seed, max_iter, ..Classifier::new(kind) }
}

/// Chooses what the options leave open, and plans, as `train-head` does.
///
/// # Errors
/// The data cannot be trained on.
pub(crate) fn prepare(split: &Split, classes: usize, options: &Classifier) -> anyhow::Result<Prepared> {
    let start = Instant::now();
    let labels = labels(&split.train);
    let data = Data::new(split.train.x.view(), labels.view())?.with_classes(classes)?;
    let training = options.prepare(&data, None)?;
    ensure!(
        training.start.is_none() || matches!(options.kind, Kind::Mlp { .. }),
        "a linear head starts from zero"
    );
    Ok(Prepared { training, seconds: start.elapsed().as_secs_f64() })
}

/// Class indices as the library takes them.
pub(crate) fn labels(samples: &Samples) -> Array1<f64> {
    samples.y.iter().map(|&label| label as f64).collect()
}

/// Predictions of logistic regression to convergence with C = 1 on standardised features; nothing where it does not converge.
pub(super) fn converged_predictions(split: &Split, classes: usize) -> Option<Predictions> {
    let labels = labels(&split.train);
    let data = Data::new(split.train.x.view(), labels.view()).ok()?.with_classes(classes).ok()?;
    let model = converged(&data, ClassWeight::Uniform, Preprocessing::Standardize).ok()?;
    predict(&model, &split.test.x.view()).ok()
}

/// Probabilities of the classes: of one output and its complement, or of all outputs.
///
/// # Errors
/// Another number of features.
pub(crate) fn predict(model: &head_fit::Model, x: &ArrayView2<'_, f64>) -> anyhow::Result<Predictions> {
    let probabilities = model.predict_proba(x)?;
    Ok(match probabilities.ncols() {
        1 => Predictions::binary(&probabilities.column(0).to_vec()),
        _ => Predictions { probabilities },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is measured is what ships: the options of `train-head` without flags, which its test `choice` holds to the same defaults.
    #[test]
    fn linear_heads_are_trained_as_the_product_trains_them() {
        for head in [Head::Logistic, Head::OneVsRest] {
            assert_eq!(options(head, 0), Classifier::new(Kind::logistic()));
        }
        assert_eq!(options(Head::Softmax, 0), Classifier::new(Kind::softmax()));
    }
}
