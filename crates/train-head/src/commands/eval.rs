//! `eval`: measures a decrypted head on labelled data.

use head_fit::measures::{Aim, Estimate};
use serde_json::json;

use crate::args::EvalArgs;
use crate::console::{Console, Outcome};
use crate::data_party::predict::{Predicted, predict};
use crate::exit::{Failure, Result};
use crate::files::head::{ChosenThreshold, Description, Head, Part};
use crate::files::{self, Access};
use crate::run::clinical;
use crate::run::data::expect_thresholds;
use crate::run::evaluation::warn_of_one_class;
use crate::run::measured::Measured;
use crate::run::page::{Assessed, Evaluated, page_of_evaluation};
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
    let (threshold, cuts) = (head.description.threshold, head.description.cuts());
    let scores = Scores::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?;
    let measured = Measured::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?;
    warn_of_one_class(&vocabulary, &predicted, &cuts, console);
    warn_of_own_threshold(&head.description, &measured, console);
    if let Some(path) = &arguments.report {
        let assessed = Assessed {
            secrecy: head.description.secrecy,
            vocabulary: &vocabulary,
            samples: y.nrows(),
            scores: &scores,
            head: measured.figures(),
            plain: None,
            threshold,
            thresholds: &head.description.thresholds,
        };
        let evaluated = Evaluated::new(assessed, &head.description, &y.view(), console.remarks());
        let page = page_of_evaluation(&evaluated);
        files::write_bytes(path, Access::Private, pages::html(&page).as_bytes())?;
    }
    if arguments.save_threshold {
        head.write_description(&arguments.head)?;
    }
    let mut text = vec![format!("{:<10} {}", "samples", y.nrows())];
    text.extend(figures(&scores).iter().map(|(name, value)| format!("{name:<10} {value:.4}")));
    text.extend(clinical::lines(&vocabulary, &scores, &measured.clinical, &measured.calibration, threshold));
    if arguments.save_threshold {
        text.push(format!("the threshold is kept in {}", arguments.head.display()));
    }
    if let Some(path) = &arguments.report {
        text.push(format!("a page about this is in {}", path.display()));
    }
    let mut json = json!({
        "samples": y.nrows(), "long_texts": matrix.long_texts(), "metrics": scores,
        "threshold": threshold, "clinical": measured.clinical, "calibration": measured.calibration, "curves": measured.curves,
    });
    if !head.description.thresholds.is_empty() {
        json["thresholds"] = json!(head.description.thresholds);
    }
    json["warnings"] = json!(console.remarks());
    if let Some(path) = &arguments.report {
        json["report"] = json!(path);
    }
    extend(&mut json, &vocabulary);
    Ok(Outcome { json, text: text.join("\n") })
}

/// Warns if the threshold was chosen on these very samples: there it does better than on new ones. Without `--threshold` they are
/// recognised by what the threshold achieves, which is kept in the head.
fn warn_of_own_threshold(description: &Description, measured: &Measured, console: &Console) {
    let one = [description.threshold];
    let kept = match &description.vocabulary {
        Vocabulary::Labels(_) => &description.thresholds[..],
        _ => &one,
    };
    let own = kept.iter().zip(&measured.clinical).find_map(|(chosen, found)| {
        let chosen = (*chosen)?;
        let counts = found.counts;
        let samples = counts.positives() + counts.true_negatives + counts.false_positives;
        let like = |kept: Estimate, found: Option<Estimate>| {
            found.is_some_and(|found| (found.value - kept.value).abs() < 1e-9)
        };
        let same = samples == chosen.threshold.samples
            && like(chosen.threshold.sensitivity, found.sensitivity)
            && like(chosen.threshold.specificity, found.specificity);
        (same && !matches!(chosen.threshold.aim, Aim::Given(_))).then_some(chosen)
    });
    if let Some(chosen) = own {
        let from = match chosen.chosen_on {
            Part::Evaluation => "these samples".to_owned(),
            other => format!("{}, which these seem to be", other.samples()),
        };
        let text = format!(
            "the threshold was chosen on {from}: sensitivity, specificity and predictive values are optimistic, and other samples will show less"
        );
        let page = format!("T{}.", &text[1..]);
        console.warn_on_page(text, page);
    }
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
