//! The figures of a run as a table.

use super::clinical;
use super::report::Report;
use crate::data_party::curve::best;
use crate::planning::describe;
use crate::progress::{bytes, seconds};

impl Report {
    /// The table, without a line break at the end.
    pub(crate) fn text(&self) -> String {
        let mut lines = self.about();
        lines.push(String::new());
        lines.extend(self.measures());
        lines.push(String::new());
        lines.extend(clinical::lines(
            &self.labels,
            &self.clinical.encrypted,
            &self.calibration.encrypted,
            self.threshold,
        ));
        lines.extend(clinical::confusion(&self.labels, &self.clinical.encrypted, &self.encrypted.confusion));
        lines.push(String::new());
        lines.extend(self.costs());
        lines.join("\n")
    }

    /// Data, security, method.
    fn about(&self) -> Vec<String> {
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
                describe::optimizer(self.method.solver),
                self.bootstraps
            ),
            format!("features    {}", self.method.features),
        ];
        if let Some(expected) = &self.expected {
            lines.push(format!("expected    {}", describe::expected(expected)));
            let warning = describe::shortfall(expected, self.bootstraps > 0);
            lines.extend(warning.map(|text| format!("warning     {text}")));
        }
        lines
    }

    /// The measures of the head and its twins on the test samples.
    fn measures(&self) -> Vec<String> {
        let mut lines =
            vec![format!("{:<34} {:>8} {:>8} {:>8}", "on the test samples", "accuracy", "macro F1", "AUROC")];
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
        lines.push(format!(
            "  encrypted and plain give the same class for {:.2} % of them",
            100.0 * self.prediction_agreement
        ));
        if let Some(best) = self.validation.as_deref().and_then(best) {
            lines.push(format!(
                "  on the validation samples lowest log loss {:.4}, accuracy {:.4}, after iteration {}",
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
        lines
    }

    /// Time and size.
    fn costs(&self) -> Vec<String> {
        let s = self.seconds;
        let phases = [
            (if self.encoder.is_some() { "embed" } else { "read" }, s.embed),
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
        vec![
            format!("time        {} on {} threads: {}", seconds(s.total), self.threads, phases.join(", ")),
            format!(
                "size        keys {}, encrypted data {}, encrypted head {}; {} of memory at most",
                bytes(self.bytes.keys),
                bytes(self.bytes.data),
                bytes(self.bytes.head),
                self.peak_rss_bytes.map_or_else(|| "unknown".to_owned(), bytes)
            ),
        ]
    }
}

/// The classes in words.
fn classes(labels: &[String]) -> String {
    match labels {
        [negative, positive] => format!("{positive:?} against {negative:?}"),
        _ => format!("{} classes", labels.len()),
    }
}
