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
use crate::run::threshold::{keep, named, thresholds};
use crate::run::words::rounded;
use crate::samples::Matrix;
use crate::targets::{ClassScores, Scores, Vocabulary, extend};
use crate::wording::in_order;

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
    let scores = Scores::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?
        .with_order(head.description.is_ordinal());
    let measured = Measured::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?;
    warn_of_one_class(&vocabulary, &predicted, &cuts, console);
    warn_of_other_columns(&head.description, &matrix, console);
    warn_of_own_threshold(&head.description, &measured, console);
    if let Some(path) = &arguments.report {
        let assessed = Assessed {
            secrecy: head.description.secrecy,
            vocabulary: &vocabulary,
            label_columns: &head.description.label_columns,
            in_run: false,
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
    let figures = figures(&scores);
    let wide = figures.iter().map(|(name, _)| name.len()).max().unwrap_or_default().max(10);
    let mut text = vec![format!("{:<wide$} {}", "samples", y.nrows())];
    if head.description.is_ordinal() {
        text.push(format!("{:<wide$} {}", "order", in_order(vocabulary.names())));
    }
    text.extend(figures.iter().map(|(name, value)| format!("{name:<wide$} {}", rounded(*value, 4))));
    text.extend(at_the_threshold(&scores, threshold));
    let chosen = clinical::Chosen { threshold, thresholds: &head.description.thresholds };
    text.extend(clinical::lines(&vocabulary, &scores, &measured.clinical, &measured.calibration, chosen));
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
        json["thresholds"] = json!(named(vocabulary.names(), &head.description.thresholds));
    }
    json["warnings"] = json!(console.remarks());
    if let Some(path) = &arguments.report {
        json["report"] = json!(path);
    }
    extend(&mut json, &vocabulary);
    Ok(Outcome { json, text: text.join("\n") })
}

/// Numbers of another column than the head was trained for look like any others. Of classes, those that the head does not know are refused.
fn warn_of_other_columns(description: &Description, matrix: &Matrix, console: &Console) {
    let (trained, given) = (&description.label_columns, &matrix.label_columns);
    if matches!(description.vocabulary, Vocabulary::Numbers(_)) && !given.is_empty() && given != trained {
        console.warn(format!(
            "the head predicts {}, and is held against {}: is that the same number?",
            trained.join(", "),
            given.join(", ")
        ));
    }
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

/// What the accuracy is of, where a threshold was chosen.
fn at_the_threshold(scores: &Scores, threshold: Option<ChosenThreshold>) -> Option<String> {
    let most = scores.classes()?.most_probable?;
    Some(format!(
        "accuracy and macro F1 are those at the threshold of {}; by the most probable class they are {:.4} and {:.4}",
        threshold?.threshold.value, most.accuracy, most.macro_f1
    ))
}

/// Measures without intervals; those of labels are means over them. Areas of two classes have a line with intervals below.
fn figures(scores: &Scores) -> Vec<(&'static str, f64)> {
    match scores {
        Scores::Classes(ClassScores { metrics: m, ordinal, .. }) => {
            let mut figures = vec![("accuracy", m.accuracy), ("macro F1", m.macro_f1)];
            if let Some(ordinal) = ordinal {
                figures.push(("kappa, quadratic weighted", ordinal.quadratic_weighted_kappa));
                figures.push(("at most one step off", ordinal.within_one_step));
            }
            if m.confusion.len() > 2 {
                figures.extend([("mean AUROC", m.auroc), ("mean AUPRC", m.auprc)]);
            }
            figures.extend([("Brier", m.brier), ("log loss", m.log_loss)]);
            figures
        }
        Scores::Labels(m) => vec![
            ("all right", m.subset_accuracy),
            ("mean accuracy", m.mean.accuracy),
            ("mean F1", m.mean.f1),
            ("mean AUROC", m.mean.auroc),
            ("mean AUPRC", m.mean.auprc),
            ("mean log loss", m.mean.log_loss),
        ],
        // each has a line with intervals
        Scores::Numbers(_) => Vec::new(),
    }
}
