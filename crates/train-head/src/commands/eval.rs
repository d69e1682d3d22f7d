//! `eval`: measures a decrypted head on labelled data.

use head_fit::Metrics;
use head_fit::measures::choose;
use serde_json::json;

use crate::args::EvalArgs;
use crate::console::{Console, Outcome};
use crate::data_party::predict::{Predicted, predict};
use crate::exit::{Failure, Result};
use crate::files::head::{ChosenThreshold, Head, Part};
use crate::run::clinical;
use crate::run::data::expect_two_classes;
use crate::run::measured::Measured;

/// # Errors
/// A head or data that cannot be used.
pub(super) fn run(arguments: &EvalArgs, console: &Console) -> Result<Outcome> {
    let mut head = Head::read(&arguments.head)?;
    expect_two_classes(arguments.threshold, head.description.classes.count())?;
    let Predicted { matrix, probabilities } =
        predict(&head, &arguments.data, &arguments.encoder, true, console)?;
    let y = matrix.encode_labels(&head.description.classes, "the data to measure on")?.to_vec();
    if let Some(aim) = arguments.threshold {
        let threshold = choose(&y, &probabilities.column(1).to_vec(), aim).map_err(|error| {
            Failure::data("no threshold was chosen")
                .because(error)
                .help("give another --threshold, or other data")
        })?;
        head.description.threshold = Some(ChosenThreshold { threshold, chosen_on: Part::Evaluation });
    }
    if arguments.save_threshold {
        head.write_description(&arguments.head)?;
    }
    let (classes, threshold) = (&head.description.classes, head.description.threshold);
    let metrics = Metrics::of_classes(&y, &probabilities.view());
    let measured = Measured::new(&y, &probabilities.view(), head.description.cut())?;
    let lines = [
        ("samples", y.len().to_string()),
        ("accuracy", format!("{:.4}", metrics.accuracy)),
        ("macro F1", format!("{:.4}", metrics.macro_f1)),
        ("AUROC", format!("{:.4}", metrics.auroc)),
        ("AUPRC", format!("{:.4}", metrics.auprc)),
        ("Brier", format!("{:.4}", metrics.brier)),
        ("log loss", format!("{:.4}", metrics.log_loss)),
    ];
    let mut text: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<10} {value}")).collect();
    text.extend(clinical::lines(classes.names(), &measured.clinical, &measured.calibration, threshold));
    text.extend(clinical::confusion(classes.names(), &measured.clinical, &metrics.confusion));
    if arguments.save_threshold {
        text.push(format!("the threshold is kept in {}", arguments.head.display()));
    }
    let json = json!({
        "samples": y.len(), "long_texts": matrix.long_texts(), "classes": classes, "metrics": metrics,
        "threshold": threshold, "clinical": measured.clinical, "calibration": measured.calibration, "curves": measured.curves,
    });
    Ok(Outcome { json, text: text.join("\n") })
}
