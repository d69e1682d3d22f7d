//! `eval`: measures a decrypted head on labelled data.

use serde_json::json;

use crate::args::EvalArgs;
use crate::console::{Console, Outcome};
use crate::data_party::predict::{Predicted, predict};
use crate::exit::{Failure, Result};
use crate::files::head::{ChosenThreshold, Head, Part};
use crate::run::clinical;
use crate::run::data::expect_thresholds;
use crate::run::evaluation::warn_of_one_class;
use crate::run::measured::Measured;
use crate::run::threshold::{keep, thresholds};
use crate::targets::{Scores, Vocabulary, extend};

/// # Errors
/// A head or data that cannot be used.
pub(super) fn run(arguments: &EvalArgs, console: &Console) -> Result<Outcome> {
    let mut head = Head::read(&arguments.head)?;
    let vocabulary = head.description.vocabulary.clone();
    expect_thresholds(arguments.threshold, &vocabulary)?;
    let Predicted { matrix, predicted } = predict(&head, &arguments.data, &arguments.encoder, true, console)?;
    let y = matrix.encode_labels(&vocabulary, "the data to measure on")?;
    if let Some(aim) = arguments.threshold {
        head.description.thresholds.clear();
        for (place, threshold) in thresholds(&vocabulary, &y, &predicted, aim).into_iter().enumerate() {
            let threshold = threshold.map_err(|error| {
                let label = match &vocabulary {
                    Vocabulary::Labels(labels) => format!(" for label {:?}", labels.names()[place]),
                    _ => String::new(),
                };
                Failure::data(format!("no threshold was chosen{label}"))
                    .because(error)
                    .help("give another --threshold, or other data")
            })?;
            keep(&mut head, Some(ChosenThreshold { threshold, chosen_on: Part::Evaluation }));
        }
    }
    if arguments.save_threshold {
        head.write_description(&arguments.head)?;
    }
    let (threshold, cuts) = (head.description.threshold, head.description.cuts());
    let scores = Scores::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?;
    let measured = Measured::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?;
    warn_of_one_class(&vocabulary, &predicted, &cuts, console);
    let mut text = vec![format!("{:<10} {}", "samples", y.nrows())];
    text.extend(figures(&scores).iter().map(|(name, value)| format!("{name:<10} {value:.4}")));
    text.extend(clinical::lines(&vocabulary, &scores, &measured.clinical, &measured.calibration, threshold));
    if arguments.save_threshold {
        text.push(format!("the threshold is kept in {}", arguments.head.display()));
    }
    let mut json = json!({
        "samples": y.nrows(), "long_texts": matrix.long_texts(), "metrics": scores,
        "threshold": threshold, "clinical": measured.clinical, "calibration": measured.calibration, "curves": measured.curves,
    });
    if !head.description.thresholds.is_empty() {
        json["thresholds"] = json!(head.description.thresholds);
    }
    extend(&mut json, &vocabulary);
    Ok(Outcome { json, text: text.join("\n") })
}

/// Measures without intervals; those of labels are means over them.
fn figures(scores: &Scores) -> Vec<(&'static str, f64)> {
    match scores {
        Scores::Classes(m) => vec![
            ("accuracy", m.accuracy),
            ("macro F1", m.macro_f1),
            ("AUROC", m.auroc),
            ("AUPRC", m.auprc),
            ("Brier", m.brier),
            ("log loss", m.log_loss),
        ],
        Scores::Labels(m) => vec![
            ("all right", m.subset_accuracy),
            ("accuracy", m.mean.accuracy),
            ("F1", m.mean.f1),
            ("AUROC", m.mean.auroc),
            ("AUPRC", m.mean.auprc),
            ("log loss", m.mean.log_loss),
        ],
        // each has a line with intervals
        Scores::Numbers(_) => Vec::new(),
    }
}
