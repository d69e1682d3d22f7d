//! `eval`: measures a decrypted head on labelled data.

use head_fit::Metrics;
use serde_json::json;

use crate::args::EvalArgs;
use crate::console::{Console, Outcome};
use crate::data_party::predict::{Predicted, predict};
use crate::exit::Result;
use crate::files::head::Head;

/// # Errors
/// A head or data that cannot be used.
pub(super) fn run(arguments: &EvalArgs, console: &Console) -> Result<Outcome> {
    let head = Head::read(&arguments.head)?;
    let Predicted { matrix, probabilities } =
        predict(&head, &arguments.data, &arguments.encoder, true, console)?;
    let classes = &head.description.classes;
    let y = matrix.encode_labels(classes, "the data to measure on")?;
    let metrics = Metrics::of_classes(&y.to_vec(), &probabilities.view());
    let mut lines = vec![
        ("samples", y.len().to_string()),
        ("accuracy", format!("{:.4}", metrics.accuracy)),
        ("macro F1", format!("{:.4}", metrics.macro_f1)),
        ("AUROC", format!("{:.4}", metrics.auroc)),
        ("AUPRC", format!("{:.4}", metrics.auprc)),
        ("Brier", format!("{:.4}", metrics.brier)),
        ("log loss", format!("{:.4}", metrics.log_loss)),
    ];
    for (class, name) in classes.names().iter().enumerate().rev() {
        let found = metrics.confusion[class][class];
        let missed = metrics.confusion[class].iter().sum::<usize>() - found;
        let title = if class + 1 == classes.count() { "confusion" } else { "" };
        lines.push((title, format!("{name:?}: {found} found, {missed} missed")));
    }
    let text: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<10} {value}")).collect();
    let json = json!({
        "samples": y.len(), "long_texts": matrix.long_texts(), "classes": classes, "metrics": metrics,
    });
    Ok(Outcome { json, text: text.join("\n") })
}
