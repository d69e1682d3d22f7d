//! The figures of a run: `report.json`, and a table for a person.

use fhe_head::metrics::Metrics;
use fhe_head::optimizer::Optimizer;
use serde::Serialize;

use crate::commands::{Point, best};
use crate::progress::{bytes, seconds};

/// Everything that is measured in a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Name and version of the program.
    pub(crate) program: &'static str,
    /// Parameter set.
    pub(crate) preset: String,
    /// `N`.
    pub(crate) ring_degree: usize,
    /// `log2` of the product of all primes.
    pub(crate) log_qp: f64,
    /// Classical bits of security.
    pub(crate) security_bits: u32,
    /// Samples trained on.
    pub(crate) samples: usize,
    /// Samples tested on.
    pub(crate) test_samples: usize,
    /// Features of a sample.
    pub(crate) features: usize,
    /// Number of classes.
    pub(crate) classes: usize,
    /// The labels, in the order of their codes; of two the positive one last.
    pub(crate) labels: Vec<String>,
    /// Iterations.
    pub(crate) iterations: usize,
    /// Bootstraps.
    pub(crate) bootstraps: usize,
    /// How it was trained.
    pub(crate) method: Method,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<serde_json::Value>,
    /// The plain twin: the same training in exact arithmetic.
    pub(crate) plain: Metrics,
    /// The simulated twin: with the polynomial, levels and scales of the encrypted training.
    pub(crate) simulate: Metrics,
    /// The encrypted training.
    pub(crate) encrypted: Metrics,
    /// Plain logistic regression to convergence on the same features, C = 1, of more than two classes each against the rest;
    /// absent if it does not converge.
    pub(crate) logistic_regression: Option<Metrics>,
    /// Largest difference of a trained weight to the plain twin's, relative to the largest, in the space that was encrypted.
    pub(crate) max_weight_error: f64,
    /// The same to the simulated twin's.
    pub(crate) max_weight_error_simulate: f64,
    /// Share of test samples that the encrypted head and the plain twin put in the same class.
    pub(crate) prediction_agreement: f64,
    /// Encrypted predictions for the test samples, if levels were left for them.
    pub(crate) scoring: Option<Scoring>,
    /// The curve on the validation samples, if any were held out.
    pub(crate) validation: Option<Vec<Point>>,
    /// Seconds by phase.
    pub(crate) seconds: Seconds,
    /// Bytes on disk.
    pub(crate) bytes: Bytes,
    /// Largest resident size of the whole process.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// Threads.
    pub(crate) threads: usize,
}

/// How a head was trained.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Method {
    /// First-order method.
    pub(crate) solver: Optimizer,
    /// Learning rate.
    pub(crate) learning_rate: f64,
    /// Weight of the L2 penalty.
    pub(crate) alpha: f64,
    /// How much each class counts.
    pub(crate) class_weight: fhe_head::labels::ClassWeight,
    /// What is done to features.
    pub(crate) preprocessing: fhe_head::features::Preprocessing,
    /// Learning rates of all iterations.
    pub(crate) learning_rates: Vec<f64>,
    /// Mini-batches; 1 for full batches.
    pub(crate) batches: usize,
    /// Units, activation and its interval, for a head with a hidden layer.
    pub(crate) hidden: Option<serde_json::Value>,
    /// Degree of the polynomial, for a head of logistic functions.
    pub(crate) sigmoid_degree: Option<usize>,
    /// Half-width of its interval.
    pub(crate) sigmoid_interval: f64,
}

/// Encrypted predictions.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Scoring {
    /// Share of test samples that they put in the same class as the decrypted head.
    pub(crate) agreement: f64,
    /// The compute party's seconds.
    pub(crate) seconds: f64,
}

/// Seconds by phase.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Seconds {
    /// Reading and embedding.
    pub(crate) embed: f64,
    /// Choosing the method, and planning.
    pub(crate) plan: f64,
    /// Making and writing keys.
    pub(crate) keygen: f64,
    /// Encrypting and writing the data.
    pub(crate) encrypt: f64,
    /// The compute party's reading of keys and data.
    pub(crate) load: f64,
    /// Training on ciphertexts, bootstraps included.
    pub(crate) train: f64,
    /// Bootstraps.
    pub(crate) bootstrap: f64,
    /// Decrypting the head.
    pub(crate) decrypt: f64,
    /// The twins, and measuring.
    pub(crate) evaluate: f64,
    /// All of it.
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

impl Report {
    /// The table.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "data        {} samples to train on, {} to test on, {} features; {}",
                self.samples,
                self.test_samples,
                self.features,
                classes(&self.labels)
            ),
            format!(
                "security    {} bits: {}, N = 2^{}, log2(QP) = {:.1}",
                self.security_bits,
                self.preset,
                self.ring_degree.ilog2(),
                self.log_qp
            ),
            format!(
                "training    {} iterations of {}, {} bootstraps",
                self.iterations,
                optimizer_name(self.method.solver),
                self.bootstraps
            ),
            String::new(),
            format!("{:<34} {:>8} {:>8} {:>8}", "on the test samples", "accuracy", "macro F1", "AUROC"),
        ];
        let rows = [
            ("  plain twin (same training)", Some(&self.plain)),
            ("  simulated twin", Some(&self.simulate)),
            ("  encrypted", Some(&self.encrypted)),
            ("  logistic regression, converged", self.logistic_regression.as_ref()),
        ];
        for (name, metrics) in rows {
            if let Some(m) = metrics {
                lines.push(format!("{name:<34} {:>8.4} {:>8.4} {:>8.4}", m.accuracy, m.macro_f1, m.auroc));
            }
        }
        let s = self.seconds;
        let phases = [
            ("embed", s.embed),
            ("plan", s.plan),
            ("keygen", s.keygen),
            ("encrypt", s.encrypt),
            ("load", s.load),
            ("train", s.train),
            ("decrypt", s.decrypt),
            ("evaluate", s.evaluate),
        ];
        let phases: Vec<String> = phases
            .iter()
            .map(|&(name, took)| match name {
                "train" if self.bootstraps > 0 => {
                    format!("train {} (bootstraps {})", seconds(took), seconds(s.bootstrap))
                }
                _ => format!("{name} {}", seconds(took)),
            })
            .collect();
        lines.extend([format!(
            "  encrypted and plain agree on {:.2} % of them; weights differ by at most {:.1e} of the largest",
            100.0 * self.prediction_agreement,
            self.max_weight_error
        )]);
        if let Some(best) = self.validation.as_deref().and_then(best) {
            lines.push(format!(
                "  on the validation samples least log loss {:.4}, accuracy {:.4}, after iteration {}",
                best.log_loss, best.accuracy, best.iteration
            ));
        }
        if let Some(scoring) = self.scoring {
            lines.push(format!(
                "  encrypted predictions ({}) agree with the decrypted head on {:.2} % of them",
                seconds(scoring.seconds),
                100.0 * scoring.agreement
            ));
        }
        lines.extend([
            String::new(),
            format!("time        {} on {} threads: {}", seconds(s.total), self.threads, phases.join(", ")),
            format!(
                "size        keys {}, encrypted data {}, encrypted head {}; {} of memory at most",
                bytes(self.bytes.keys),
                bytes(self.bytes.data),
                bytes(self.bytes.head),
                self.peak_rss_bytes.map_or_else(|| "unknown".to_owned(), bytes)
            ),
        ]);
        lines.join("\n")
    }
}

/// The classes, for a person.
fn classes(labels: &[String]) -> String {
    match labels {
        [negative, positive] => format!("{positive:?} against {negative:?}"),
        _ => format!("{} classes", labels.len()),
    }
}

/// An optimiser's name, for a person.
pub(crate) fn optimizer_name(optimizer: Optimizer) -> String {
    match optimizer {
        Optimizer::GradientDescent => "gradient descent".into(),
        Optimizer::Momentum(momentum) => format!("gradient descent with momentum {momentum}"),
        Optimizer::Nesterov(momentum) => format!("Nesterov's method with momentum {momentum}"),
        Optimizer::NesterovSchedule => "Nesterov's method".into(),
    }
}
