//! The figures of a run: `report.json`.

use std::time::{SystemTime, UNIX_EPOCH};

use head_fit::measures::{Calibration, Clinical, Curves};
use head_fit::{Expected, ExpectedErrors};
use serde::Serialize;
use serde_json::json;

use super::columns::ColumnCounts;
use super::data::Data;
use super::evaluation::Evaluation;
use super::measured::{LearningPoint, Measured};
use super::method::Method;
use super::threshold::named;
use crate::compute_party::training::Trained;
use crate::data_party::curve::Point;
use crate::files::head::{ChosenThreshold, Secrecy};
use crate::planning::{Planned, balance};
use crate::resources;
use crate::samples::Matrix;
use crate::targets::{Scores, Vocabulary, agreement};

/// Name and version of the program.
pub(crate) const PROGRAM: &str = concat!("train-head ", env!("CARGO_PKG_VERSION"));

/// Now, in seconds since 1970.
pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Everything that a run measures.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Name and version of the program.
    pub(crate) program: &'static str,
    /// Whether it may leave the data party: it is private if it holds figures of a decrypted head, published if all are of its exact twin.
    pub(crate) secrecy: Secrecy,
    /// The same in words.
    pub(crate) notice: &'static str,
    /// Parameter set.
    pub(crate) preset: String,
    /// Degree N of the ring.
    pub(crate) ring_degree: usize,
    /// `log2` of the product of all primes.
    pub(crate) log_qp: f64,
    /// Classical bits of security.
    pub(crate) security_bits: u32,
    /// Whether the compute party was a service on a server.
    pub(crate) on_server: bool,
    /// When it was written, in seconds since 1970.
    pub(crate) unix_time: u64,
    /// What was warned about, without names of columns and values of records.
    pub(crate) warnings: Vec<String>,
    /// Number of training samples.
    pub(crate) samples: usize,
    /// Training samples of each class, or with each label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) class_counts: Vec<usize>,
    /// The same of the test samples.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) test_class_counts: Vec<usize>,
    /// Number of validation samples.
    pub(crate) validation_samples: usize,
    /// Number of test samples.
    pub(crate) test_samples: usize,
    /// Number of features of a sample.
    pub(crate) features: usize,
    /// What is predicted: `classes`, `labels` of which a sample has any number, or `numbers`.
    pub(crate) predicts: &'static str,
    /// Number of classes or labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) classes: Option<usize>,
    /// Names of classes, labels or numbers, in the order of their codes; of two classes the positive one is last.
    pub(crate) labels: Vec<String>,
    /// The columns of the labels, if they come from a table.
    #[serde(skip)]
    pub(crate) label_columns: Vec<String>,
    /// What is predicted, by kind.
    #[serde(skip)]
    pub(crate) vocabulary: Vocabulary,
    /// Number of iterations.
    pub(crate) iterations: usize,
    /// Number of bootstraps of the weights.
    pub(crate) bootstraps: usize,
    /// How the head was trained.
    pub(crate) method: Method,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<serde_json::Value>,
    /// What the columns of a table were, as counts; null for texts and arrays.
    pub(crate) columns: Option<ColumnCounts>,
    /// Texts with more tokens than the encoder embeds at once, to train and to validate on; null if no texts were embedded.
    pub(crate) long_texts: Option<usize>,
    /// The same to test on.
    pub(crate) long_test_texts: Option<usize>,
    /// The plain twin: the same training in exact arithmetic.
    pub(crate) plain: Scores,
    /// The simulated twin: the same training with the polynomials, levels and scales of the encryption.
    pub(crate) simulate: Scores,
    /// The encrypted training. In a published report its exact twin, which is the plain one.
    pub(crate) encrypted: Scores,
    /// Plain logistic regression to convergence on the same features, C = 1, with each class against the rest if there are more than
    /// two; null if it does not converge, and for numbers.
    pub(crate) logistic_regression: Option<Scores>,
    /// Ridge regression in the clear of numbers, alpha 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ridge_regression: Option<Scores>,
    /// What cross-validation expected of the training, beside logistic regression in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<Expected>,
    /// That it is much worse, and what may help.
    #[serde(skip)]
    pub(crate) shortfall: Option<String>,
    /// The same of a regression, beside ridge regression in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_errors: Option<ExpectedErrors>,
    /// The threshold of the head, if an aim was given.
    pub(crate) threshold: Option<ChosenThreshold>,
    /// Those of the labels, with their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) thresholds: Vec<serde_json::Value>,
    /// What was chosen for the labels.
    #[serde(skip)]
    pub(crate) chosen: Vec<Option<ChosenThreshold>>,
    /// Rates at the threshold with intervals, and areas: of two classes those of the positive one, of more each class against the rest, of
    /// labels each. Empty of numbers.
    pub(crate) clinical: Both<Vec<Clinical>>,
    /// Whether probabilities mean what they say, for the same classes.
    pub(crate) calibration: Both<Vec<Calibration>>,
    /// ROC and precision-recall curves of the same classes, thinned so that no point shows a single record.
    pub(crate) curves: Both<Vec<Curves>>,
    /// Log loss and accuracy, or R2, of the plain twin on the test samples after each iteration.
    pub(crate) learning_curve: Vec<LearningPoint>,
    /// Largest difference of a trained weight to the plain twin's, relative to the largest weight, in the space that was encrypted;
    /// null in a published report.
    pub(crate) max_weight_error: Option<f64>,
    /// The same for the simulated twin.
    pub(crate) max_weight_error_simulate: Option<f64>,
    /// Share of test samples that the encrypted head and the plain twin put into the same class or give the same labels, or numbers within a
    /// hundredth of their standard deviation; null in a published report.
    pub(crate) prediction_agreement: Option<f64>,
    /// Encrypted predictions for the test samples, with `--scoring`.
    pub(crate) scoring: Option<Scoring>,
    /// The curve on the validation samples, with `--validation-fraction`.
    pub(crate) validation: Option<Vec<Point>>,
    /// Seconds by phase.
    pub(crate) seconds: Seconds,
    /// Bytes on disk.
    pub(crate) bytes: Bytes,
    /// Largest resident size of the process, for both parties together.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// Number of threads.
    pub(crate) threads: usize,
}

/// The same measures of the encrypted head and of its plain twin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Both<T> {
    /// The encrypted head.
    pub(crate) encrypted: T,
    /// The plain twin.
    pub(crate) plain: T,
}

/// Encrypted predictions.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Scoring {
    /// Share of test samples of which they say the same as the decrypted head does.
    pub(crate) agreement: f64,
    /// Seconds of the compute party.
    pub(crate) seconds: f64,
}

/// Seconds by phase.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Seconds {
    /// Reading and embedding the samples.
    pub(crate) embed: f64,
    /// Choosing the method, and planning.
    pub(crate) plan: f64,
    /// Training the twins in the clear.
    pub(crate) rehearse: f64,
    /// Making and writing keys.
    pub(crate) keygen: f64,
    /// Encrypting and writing the data.
    pub(crate) encrypt: f64,
    /// Reading keys and data, by the compute party.
    pub(crate) load: f64,
    /// Training on ciphertexts, with its bootstraps.
    pub(crate) train: f64,
    /// Bootstraps, a part of `train`.
    pub(crate) bootstrap: f64,
    /// Decrypting the head.
    pub(crate) decrypt: f64,
    /// Measuring.
    pub(crate) evaluate: f64,
    /// The whole run.
    pub(crate) total: f64,
}

/// Bytes on disk.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Bytes {
    /// Evaluation keys.
    pub(crate) keys: u64,
    /// Encrypted data.
    pub(crate) data: u64,
    /// Encrypted head.
    pub(crate) head: u64,
}

/// What a report is made of.
pub(crate) struct Parts<'a> {
    /// The plan.
    pub(crate) planned: &'a Planned,
    /// The samples.
    pub(crate) data: &'a Data,
    /// The training.
    pub(crate) trained: &'a Trained,
    /// Whether the head is the decrypted one or its twin.
    pub(crate) secrecy: Secrecy,
    /// Whether the compute party was a service.
    pub(crate) on_server: bool,
    /// The measures.
    pub(crate) evaluation: &'a Evaluation,
    /// Encrypted predictions.
    pub(crate) scoring: Option<Scoring>,
    /// The curve on the validation samples.
    pub(crate) validation: Option<Vec<Point>>,
    /// What was warned about.
    pub(crate) warnings: Vec<String>,
    /// Seconds by phase.
    pub(crate) seconds: Seconds,
    /// Bytes on disk.
    pub(crate) bytes: Bytes,
}

impl Report {
    /// What its head is called.
    pub(crate) fn head_name(&self) -> &'static str {
        match self.secrecy {
            Secrecy::Private => "encrypted head",
            Secrecy::Published => "published head",
            Secrecy::Joint => "joint head",
        }
    }

    /// The report of a run that is over.
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let Parts { planned, data, trained, secrecy, evaluation, .. } = parts;
        let private = secrecy == Secrecy::Private;
        let parameters = planned.training.scheme.parameters();
        let regression = matches!(data.vocabulary, Vocabulary::Numbers(_));
        fn both<T>(evaluation: &Evaluation, of: impl Fn(&Measured) -> T) -> Both<T> {
            Both { encrypted: of(&evaluation.measured), plain: of(&evaluation.measured_plain) }
        }
        let (method, class_counts) = (Method::new(planned), data.vocabulary.counts(&data.y.view()));
        let classes = matches!(data.vocabulary, Vocabulary::Classes(_));
        let rare = classes.then(|| balance::remark(&class_counts, &method.class_weight)).flatten();
        let shortfall = planned.shortfall();
        let short = shortfall.as_ref().map(|text| {
            let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
            format!("Expected to be {text}{end}")
        });
        Self {
            program: PROGRAM,
            secrecy,
            notice: secrecy.notice(),
            preset: parameters.name().to_owned(),
            ring_degree: parameters.degree(),
            log_qp: parameters.log_qp(),
            security_bits: parameters.security_bits(),
            on_server: parts.on_server,
            unix_time: unix_time(),
            warnings: parts.warnings.into_iter().chain(rare).chain(short).collect(),
            samples: data.training.x.nrows(),
            class_counts,
            test_class_counts: data
                .test
                .encode_labels(&data.vocabulary, "the test data")
                .map(|y| data.vocabulary.counts(&y.view()))
                .unwrap_or_default(),
            validation_samples: data.validation.as_ref().map_or(0, |validation| validation.x.nrows()),
            test_samples: data.test.x.nrows(),
            features: data.training.x.ncols(),
            predicts: match data.vocabulary {
                Vocabulary::Classes(_) => "classes",
                Vocabulary::Labels(_) => "labels",
                Vocabulary::Numbers(_) => "numbers",
            },
            classes: (!regression).then(|| data.vocabulary.names().len()),
            labels: data.vocabulary.names().to_vec(),
            label_columns: data.training.label_columns.clone(),
            vocabulary: data.vocabulary.clone(),
            iterations: trained.iterations,
            bootstraps: trained.bootstraps(),
            method,
            encoder: data.training.encoder.as_ref().map(|encoder| json!(encoder)),
            columns: data.training.recipe.as_ref().map(ColumnCounts::new),
            long_texts: data
                .training
                .long_texts()
                .map(|long| long + data.validation.as_ref().and_then(Matrix::long_texts).unwrap_or_default()),
            long_test_texts: data.test.long_texts(),
            plain: evaluation.plain.clone(),
            simulate: evaluation.simulate.clone(),
            encrypted: evaluation.encrypted.clone(),
            logistic_regression: evaluation.converged.clone().filter(|_| !regression),
            ridge_regression: evaluation.converged.clone().filter(|_| regression),
            expected: planned.training.expected,
            shortfall,
            expected_errors: planned.training.expected_errors,
            threshold: evaluation.threshold,
            thresholds: named(data.vocabulary.names(), &evaluation.thresholds),
            chosen: evaluation.thresholds.clone(),
            clinical: both(evaluation, |measured| measured.clinical.clone()),
            calibration: both(evaluation, |measured| measured.calibration.clone()),
            curves: both(evaluation, |measured| measured.curves.clone()),
            learning_curve: evaluation.learning_curve.clone(),
            max_weight_error: private.then_some(evaluation.max_weight_error),
            max_weight_error_simulate: private.then_some(evaluation.max_weight_error_simulate),
            prediction_agreement: private.then(|| {
                agreement(
                    data.vocabulary.targets(),
                    &evaluation.encrypted_predicted.view(),
                    &evaluation.plain_predicted.view(),
                    &evaluation.cuts,
                )
            }),
            scoring: parts.scoring,
            validation: parts.validation,
            seconds: parts.seconds,
            bytes: parts.bytes,
            peak_rss_bytes: resources::peak_memory(),
            threads: rayon::current_num_threads(),
        }
    }
}
