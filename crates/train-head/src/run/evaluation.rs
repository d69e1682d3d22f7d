//! The head of a run beside its twins and converged logistic or ridge regression, on the test samples.

use fhe_head::Functions;
use head_fit::measures::Regression;
use head_fit::{Model, Preprocessing, converged};
use ndarray::{Array1, Array2};

use super::data::Data;
use super::measured::{LearningPoint, Measured};
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::{ChosenThreshold, Head, predicted};
use crate::plan::Rehearsal;
use crate::planning::Planned;
use crate::targets::{Scores, Vocabulary};

/// The measures of a head and of its twins.
pub(crate) struct Evaluation {
    /// The encrypted training.
    pub(crate) encrypted: Scores,
    /// The plain twin.
    pub(crate) plain: Scores,
    /// The simulated twin.
    pub(crate) simulate: Scores,
    /// Logistic regression to convergence, of numbers ridge regression; `None` if it does not converge.
    pub(crate) converged: Option<Scores>,
    /// The threshold of the head, if it has one of its own.
    pub(crate) threshold: Option<ChosenThreshold>,
    /// Those of its labels.
    pub(crate) thresholds: Vec<Option<ChosenThreshold>>,
    /// The thresholds as numbers.
    pub(crate) cuts: Vec<f64>,
    /// What clinicians read of the encrypted head.
    pub(crate) measured: Measured,
    /// The same of the plain twin, at the same threshold.
    pub(crate) measured_plain: Measured,
    /// The plain twin after each iteration.
    pub(crate) learning_curve: Vec<LearningPoint>,
    /// Predictions of the encrypted head: test samples (rows) by probabilities or numbers (columns).
    pub(crate) encrypted_predicted: Array2<f64>,
    /// Predictions of the plain twin.
    pub(crate) plain_predicted: Array2<f64>,
    /// Largest difference of a weight to the plain twin's, relative to the largest weight.
    pub(crate) max_weight_error: f64,
    /// The same for the simulated twin.
    pub(crate) max_weight_error_simulate: f64,
}

/// The head that is measured: the decrypted one, or its exact twin.
#[derive(Clone, Copy)]
pub(crate) struct Judged<'a> {
    /// The head for features as they are read.
    pub(crate) head: &'a Head,
    /// Its weights in the space that was encrypted; `None` for the twin's.
    pub(crate) weights: Option<&'a [Array1<f64>]>,
    /// Iterations of its training.
    pub(crate) iterations: usize,
}

impl Evaluation {
    /// Measures a head and its twins, of as many iterations, on the test samples. What the rehearsal of the plan has of the twins is not
    /// trained again.
    ///
    /// # Errors
    /// Labels that the training does not know; a simulation that encryption would refuse.
    pub(crate) fn new(
        planned: &Planned,
        rehearsal: Option<&Rehearsal>,
        data: &Data,
        judged: Judged<'_>,
        console: &Console,
    ) -> Result<Self> {
        let twins = planned.training.until(judged.iterations)?;
        let progress = console.phase("evaluate", 3);
        let iterates = match rehearsal {
            Some(rehearsal) => rehearsal.exact.iter().take(judged.iterations).cloned().collect(),
            None => twins.trajectory(Functions::Exact)?,
        };
        let plain = iterates.last().cloned().unwrap_or_default();
        progress.step();
        let simulated = match rehearsal {
            Some(rehearsal) if rehearsal.exact.len() == judged.iterations => rehearsal.simulated.clone(),
            _ => twins.train_simulated()?.weights,
        };
        progress.step();
        let converged = yardstick(data, planned);
        progress.done();

        let y = data.test.encode_labels(&data.vocabulary, "the test data")?;
        let targets = data.vocabulary.targets();
        let predict = |head: &Model| predicted(head, &data.test.x.view());
        let predict_twin =
            |weights: &[Array1<f64>], functions| predict(&twins.model(weights)?.with_functions(functions));
        let description = &judged.head.description;
        let cuts = description.cuts();
        let ordered = description.is_ordinal();
        let measure = |p: &Array2<f64>| {
            Scores::new(targets, &y.view(), &p.view(), &cuts).map(|scores| scores.with_order(ordered))
        };
        let encrypted_predicted = predict(&judged.head.model)?;
        let plain_predicted = predict_twin(&plain, Functions::Exact)?;
        let measured = |p: &Array2<f64>| Measured::new(targets, &y.view(), &p.view(), &cuts);
        warn_of_one_class(&data.vocabulary, &encrypted_predicted, &cuts, console);
        let mut learning_curve = Vec::new();
        for (done, weights) in iterates.iter().enumerate() {
            let p = predict_twin(weights, Functions::Exact)?;
            learning_curve.push(match &data.vocabulary {
                Vocabulary::Numbers(_) => {
                    LearningPoint { iteration: done + 1, log_loss: None, accuracy: None, r2: mean_r2(&y, &p) }
                }
                _ => {
                    let (accuracy, log_loss) = measure(&p)?.accuracy_and_loss().unzip();
                    LearningPoint { iteration: done + 1, log_loss, accuracy, r2: None }
                }
            });
        }
        Ok(Self {
            threshold: description.threshold,
            thresholds: description.thresholds.clone(),
            measured: measured(&encrypted_predicted)?,
            measured_plain: measured(&plain_predicted)?,
            learning_curve,
            encrypted: measure(&encrypted_predicted)?,
            plain: measure(&plain_predicted)?,
            simulate: measure(&predict_twin(&simulated, Functions::Polynomials)?)?,
            converged: converged.map(|head| measure(&predict(&head)?)).transpose()?,
            cuts,
            encrypted_predicted,
            plain_predicted,
            max_weight_error: max_weight_error(judged.weights.unwrap_or(&plain), &plain),
            max_weight_error_simulate: max_weight_error(judged.weights.unwrap_or(&plain), &simulated),
        })
    }
}

/// The mean of the R2 of several numbers; `None` if one does not vary.
fn mean_r2(y: &Array2<f64>, predicted: &Array2<f64>) -> Option<f64> {
    let columns = y.columns().into_iter().zip(predicted.columns());
    let sum: f64 = columns.map(|(y, z)| Regression::determined(&y.to_vec(), &z.to_vec())).sum();
    Some(sum / y.ncols() as f64).filter(|r2| r2.is_finite())
}

/// Warns of a head that says the same of every sample, for two classes at its threshold.
pub(crate) fn warn_of_one_class(
    vocabulary: &Vocabulary,
    predicted: &Array2<f64>,
    cuts: &[f64],
    console: &Console,
) {
    let Vocabulary::Classes(classes) = vocabulary else { return };
    let called = match (classes.count(), cuts) {
        (2, [cut]) => predicted.column(1).iter().map(|p| usize::from(p > cut)).collect(),
        _ => head_fit::predictions(&predicted.view()),
    };
    if let Some(&only) = called.first()
        && called.len() > 1
        && called.iter().all(|&class| class == only)
    {
        let (name, all) = (&classes.names()[only], called.len());
        console.warn_on_page(
            format!(
                "the head predicts {name:?} for all {all} samples: its accuracy says nothing. --class-weight balanced, --threshold, more \
                 iterations or other features may help"
            ),
            format!(
                "The head predicts {name} for all {all} samples: it tells nothing apart, and its accuracy says nothing."
            ),
        );
    }
}

/// The largest difference of a weight, relative to the largest weight of `other`.
fn max_weight_error(weights: &[Array1<f64>], other: &[Array1<f64>]) -> f64 {
    let pairs = || weights.iter().flatten().zip(other.iter().flatten());
    let largest = pairs().fold(0.0, |max: f64, (_, w)| max.max(w.abs()));
    pairs().fold(0.0, |max: f64, (v, w)| max.max((v - w).abs())) / largest
}

/// Logistic regression to convergence with C = 1, of numbers ridge regression with alpha 1, on embeddings as they are and on standardised features of a table. It is only a
/// yardstick: if it does not converge, the report goes without it.
fn yardstick(data: &Data, planned: &Planned) -> Option<Model> {
    let Data { training, y, vocabulary, .. } = data;
    let preprocessing =
        if training.encoder.is_some() { Preprocessing::Center } else { Preprocessing::Standardize };
    let samples = training.data(y, vocabulary).ok()?;
    converged(&samples, planned.training.options.class_weight, preprocessing)
        .inspect_err(|error| tracing::warn!("no converged regression to compare with: {error}"))
        .ok()
}
