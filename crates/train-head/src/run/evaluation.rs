//! The head of a run beside its twins and converged logistic regression, on the test samples.

use fhe_head::Functions;
use head_fit::{Metrics, Model, Preprocessing, converged};
use ndarray::{Array1, Array2};

use super::data::Data;
use super::measured::{LearningPoint, Measured};
use crate::console::Console;
use crate::data_party::DecryptedHead;
use crate::exit::Result;
use crate::files::head::{ChosenThreshold, probabilities};
use crate::planning::Planned;

/// The measures of a head and of its twins.
pub(crate) struct Evaluation {
    /// The encrypted training.
    pub(crate) encrypted: Metrics,
    /// The plain twin.
    pub(crate) plain: Metrics,
    /// The simulated twin.
    pub(crate) simulate: Metrics,
    /// Logistic regression to convergence; `None` if it does not converge.
    pub(crate) logistic_regression: Option<Metrics>,
    /// The threshold of the head, if it has one of its own.
    pub(crate) threshold: Option<ChosenThreshold>,
    /// What clinicians read of the encrypted head.
    pub(crate) measured: Measured,
    /// The same of the plain twin, at the same threshold.
    pub(crate) measured_plain: Measured,
    /// The plain twin after each iteration.
    pub(crate) learning_curve: Vec<LearningPoint>,
    /// Probabilities of the encrypted head: test samples (rows) by classes (columns).
    pub(crate) encrypted_probabilities: Array2<f64>,
    /// Probabilities of the plain twin.
    pub(crate) plain_probabilities: Array2<f64>,
    /// Largest difference of a weight to the plain twin's, relative to the largest weight.
    pub(crate) max_weight_error: f64,
    /// The same for the simulated twin.
    pub(crate) max_weight_error_simulate: f64,
}

impl Evaluation {
    /// Trains the twins, for as many iterations as the decrypted head has, and measures all on the test samples.
    ///
    /// # Errors
    /// Labels that the training does not know; a simulation that encryption would refuse.
    pub(crate) fn new(
        planned: &Planned,
        data: &Data,
        decrypted: &DecryptedHead,
        console: &Console,
    ) -> Result<Self> {
        let twins = planned.training.until(decrypted.iterations)?;
        let progress = console.phase("evaluate", 3);
        let iterates = twins.trajectory(Functions::Exact)?;
        let plain = iterates.last().cloned().unwrap_or_default();
        progress.step();
        let simulated = twins.train_simulated()?.weights;
        progress.step();
        let converged = yardstick(data, planned);
        progress.done();

        let labels = data.test.encode_labels(&data.classes, "the test data")?.to_vec();
        let predict = |head: &Model| probabilities(head, &data.test.x.view());
        let predict_twin =
            |weights: &[Array1<f64>], functions| predict(&twins.model(weights)?.with_functions(functions));
        let measure = |p: &Array2<f64>| Metrics::of_classes(&labels, &p.view());
        let encrypted_probabilities = predict(&decrypted.head.model)?;
        let plain_probabilities = predict_twin(&plain, Functions::Exact)?;
        let description = &decrypted.head.description;
        let measured = |p: &Array2<f64>| Measured::new(&labels, &p.view(), description.cut());
        let mut learning_curve = Vec::new();
        for (done, weights) in iterates.iter().enumerate() {
            let metrics = measure(&predict_twin(weights, Functions::Exact)?);
            let Metrics { log_loss, accuracy, .. } = metrics;
            learning_curve.push(LearningPoint { iteration: done + 1, log_loss, accuracy });
        }
        Ok(Self {
            threshold: description.threshold,
            measured: measured(&encrypted_probabilities)?,
            measured_plain: measured(&plain_probabilities)?,
            learning_curve,
            encrypted: measure(&encrypted_probabilities),
            plain: measure(&plain_probabilities),
            simulate: measure(&predict_twin(&simulated, Functions::Polynomials)?),
            logistic_regression: converged.map(|head| predict(&head).map(|p| measure(&p))).transpose()?,
            encrypted_probabilities,
            plain_probabilities,
            max_weight_error: max_weight_error(&decrypted.weights, &plain),
            max_weight_error_simulate: max_weight_error(&decrypted.weights, &simulated),
        })
    }
}

/// The largest difference of a weight, relative to the largest weight of `other`.
fn max_weight_error(weights: &[Array1<f64>], other: &[Array1<f64>]) -> f64 {
    let pairs = || weights.iter().flatten().zip(other.iter().flatten());
    let largest = pairs().fold(0.0, |max: f64, (_, w)| max.max(w.abs()));
    pairs().fold(0.0, |max: f64, (v, w)| max.max((v - w).abs())) / largest
}

/// Logistic regression to convergence with C = 1, on embeddings as they are and on standardised features of a table. It is only a
/// yardstick: if it does not converge, the report goes without it.
fn yardstick(data: &Data, planned: &Planned) -> Option<Model> {
    let Data { training, y, classes, .. } = data;
    let preprocessing =
        if training.encoder.is_some() { Preprocessing::Center } else { Preprocessing::Standardize };
    let samples = training.data(y, classes).ok()?;
    converged(&samples, planned.training.options.class_weight, preprocessing)
        .inspect_err(|error| tracing::warn!("no plain logistic regression to compare with: {error}"))
        .ok()
}
