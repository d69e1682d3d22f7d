//! `eval`: measures of a decrypted head on labelled data.

use fhe_head::metrics::Metrics;
use serde_json::json;

use super::predict::probabilities;
use crate::args::EvalArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files::head::Head;

/// # Errors
/// A head or data that cannot be worked with.
pub(super) fn run(arguments: &EvalArgs, console: &Console) -> Result<Outcome> {
    let head = Head::read(&arguments.head)?;
    let (matrix, probabilities) = probabilities(&head, &arguments.data, &arguments.encoder, true, console)?;
    let classes = head.description.classes();
    let y = matrix.encode_labels(&classes, "the data to measure on")?;
    let metrics = Metrics::new(&y.to_vec(), &probabilities);
    let [[true_negative, false_positive], [false_negative, true_positive]] = metrics.confusion;
    let lines = [
        ("samples", y.len().to_string()),
        ("accuracy", format!("{:.4}", metrics.accuracy)),
        ("macro F1", format!("{:.4}", metrics.macro_f1)),
        ("AUROC", format!("{:.4}", metrics.auroc)),
        ("AUPRC", format!("{:.4}", metrics.auprc)),
        ("Brier", format!("{:.4}", metrics.brier)),
        ("log loss", format!("{:.4}", metrics.log_loss)),
        ("confusion", format!("{:?}: {true_positive} found, {false_negative} missed", classes.positive)),
        ("", format!("{:?}: {true_negative} found, {false_positive} missed", classes.negative)),
    ];
    let text: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<10} {value}")).collect();
    let json = json!({
        "samples": y.len(), "classes": [classes.negative, classes.positive], "metrics": metrics,
    });
    Ok(Outcome { json, text: text.join("\n") })
}
