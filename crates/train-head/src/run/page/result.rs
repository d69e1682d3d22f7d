//! The measures of the head, and how they compare with plain training.

use head_fit::measures::{Calibration, Clinical, Estimate};
use pages::{Block, Matrix, Section, Table};

use super::assessed::Assessed;
use crate::planning::describe;
use crate::run::clinical::matrix;
use crate::run::measured::Figures;
use crate::run::report::Report;
use crate::run::words::{counted, estimate, percent, rounded, the_same};
use crate::targets::{Scores, Vocabulary};

/// The section of a run.
pub(super) fn section(report: &Report) -> Section {
    let assessed = report.assessed();
    let mut blocks = vec![Block::Text(format!(
        "Measured on {} test samples that took no part in the training, in the choice of the method or in the choice of a threshold. \
         {INTERVALS}",
        report.test_samples
    ))];
    blocks.extend(measures(&assessed));
    blocks.push(Block::Heading("Against plain training".into()));
    blocks.push(Block::Table(against_plain(report)));
    blocks.extend(agreement(report).into_iter().map(Block::Text));
    Section { title: "Result".into(), blocks }
}

/// Which intervals the measures have.
pub(super) const INTERVALS: &str = "Intervals are 95 % confidence intervals: Wilson's for shares, DeLong's for the area under the ROC curve (AUROC), the logit interval of \
     Boyd, Eng and Page for the area under the precision-recall curve (AUPRC).";

/// The threshold, rates and areas, and the confusion matrix of classes.
pub(super) fn measures(assessed: &Assessed<'_>) -> Vec<Block> {
    let labels = matches!(assessed.vocabulary, Vocabulary::Labels(_));
    let mut blocks = match assessed.head.clinical {
        [positive] if !labels => {
            vec![Block::Text(threshold(assessed, positive)), Block::Table(of_two(assessed, positive))]
        }
        _ if labels => vec![Block::Text(thresholds(assessed)), Block::Table(of_several(assessed))],
        _ => vec![Block::Table(of_several(assessed))],
    };
    if let Some(metrics) = assessed.scores.classes() {
        let counts = matrix(assessed.head.clinical, &metrics.confusion);
        blocks.push(Block::Matrix(Matrix {
            caption: format!("Confusion matrix: {}, {}", assessed.called(), assessed.samples_called()),
            classes: assessed.vocabulary.names().to_vec(),
            counts: counts.iter().map(|row| row.iter().map(|&count| count as u64).collect()).collect(),
        }));
    }
    blocks
}

/// How labels are called.
fn thresholds(assessed: &Assessed<'_>) -> String {
    match assessed.thresholds.iter().flatten().next() {
        Some(chosen) => format!(
            "A sample is given each label whose probability is above the threshold of that label. The thresholds were chosen for the aim `{}` \
             on {}; on new samples expect somewhat less than they achieve there.",
            chosen.threshold.aim,
            chosen.chosen_on.samples()
        ),
        None => "A sample is given each label whose probability is above 0.5. No aim was stated for the thresholds: `--threshold` chooses one \
                 for each label, for instance for a sensitivity of at least 95 %."
            .to_owned(),
    }
}

/// How samples are called positive.
fn threshold(assessed: &Assessed<'_>, positive: &Clinical) -> String {
    let name = assessed.vocabulary.names().last().map(String::as_str).unwrap_or_default();
    let cut = positive.threshold.unwrap_or(crate::files::head::EVEN);
    match assessed.threshold {
        Some(chosen) => format!(
            "A sample is called {name} if its probability is above {cut}. This threshold was chosen for the aim `{}` on {}, where it \
             achieves a sensitivity of {} and a specificity of {}. On new samples expect somewhat less: it was chosen on those.",
            chosen.threshold.aim,
            chosen.chosen_on.samples(),
            percent(Some(chosen.threshold.sensitivity)),
            percent(Some(chosen.threshold.specificity)),
        ),
        None => format!(
            "A sample is called {name} if its probability is above {cut}. No aim was stated for this threshold: `--threshold` chooses \
             one, for instance for a sensitivity of at least 95 %."
        ),
    }
}

fn of_two(assessed: &Assessed<'_>, head: &Clinical) -> Table {
    let [negative, positive] = assessed.vocabulary.names() else { return Table::default() };
    let plain = assessed.plain.and_then(|plain| plain.clinical.first());
    let mut table = match plain {
        Some(_) => Table::new(&["measure", assessed.called(), "plain training", "what it says"]),
        None => Table::new(&["measure", "value", "what it says"]),
    };
    let mut push = |name: &str, head: String, plain: Option<String>, says: String| {
        table.push([Some(name.to_owned()), Some(head), plain, Some(says)].into_iter().flatten());
    };
    let mut row = |name: &str,
                   of: fn(&Clinical) -> Option<Estimate>,
                   show: fn(Option<Estimate>) -> String,
                   says: String| {
        push(name, show(of(head)), plain.map(|plain| show(of(plain))), says);
    };
    row(
        "sensitivity",
        |m| m.sensitivity,
        percent,
        format!("of the samples that are {positive}, the share that is found"),
    );
    row(
        "specificity",
        |m| m.specificity,
        percent,
        format!("of the samples that are {negative}, the share that is called so"),
    );
    row(
        "PPV",
        |m| m.ppv,
        percent,
        format!(
            "of those called {positive}, the share that is; it holds where {positive} is as frequent as here"
        ),
    );
    row("NPV", |m| m.npv, percent, format!("of those called {negative}, the share that is; likewise"));
    row("prevalence", |m| m.prevalence, percent, format!("the share of {positive} among these samples"));
    row(
        "AUROC",
        |m| m.auroc,
        estimate,
        format!("the chance that a {positive} sample scores above a {negative} one; 0.5 by guessing"),
    );
    row(
        "AUPRC",
        |m| m.auprc,
        estimate,
        "precision over all thresholds; the prevalence by guessing".to_owned(),
    );
    let calibration = |name: &str, of: fn(&Calibration) -> Option<Estimate>, says: &str| {
        let value = |figures: Figures<'_>| estimate(figures.calibration.first().and_then(of));
        (name.to_owned(), value(assessed.head), assessed.plain.map(value), says.to_owned())
    };
    for (name, head, plain, says) in [
        calibration(
            "calibration slope",
            |c| c.slope,
            "ideal: 1; below, probabilities are too extreme, above, too cautious",
        ),
        calibration(
            "calibration intercept",
            |c| c.intercept,
            "ideal: 0; below, probabilities are too high on the whole, above, too low",
        ),
    ] {
        push(&name, head, plain, says);
    }
    table
}

fn of_several(assessed: &Assessed<'_>) -> Table {
    let labels = matches!(assessed.vocabulary, Vocabulary::Labels(_));
    let samples = assessed.samples_called();
    let counted = if labels { format!("{samples} with it") } else { samples.to_owned() };
    let mut table = Table::new(&[
        if labels { "label" } else { "class" },
        &counted,
        "sensitivity",
        "specificity",
        "PPV",
        "NPV",
        "AUROC",
        "AUPRC",
        "calibration slope",
    ]);
    let Figures { clinical, calibration, .. } = assessed.head;
    for ((label, m), calibration) in assessed.vocabulary.names().iter().zip(clinical).zip(calibration) {
        // intervals stand below their values: beside them the table would be wider than most screens
        let below = |value: String| value.replacen(" (", "\n(", 1);
        table.push([
            label.clone(),
            m.counts.positives().to_string(),
            below(percent(m.sensitivity)),
            below(percent(m.specificity)),
            below(percent(m.ppv)),
            below(percent(m.npv)),
            below(estimate(m.auroc)),
            below(estimate(m.auprc)),
            below(estimate(calibration.slope)),
        ]);
    }
    table
}

fn against_plain(report: &Report) -> Table {
    let mut table = match report.vocabulary {
        Vocabulary::Labels(_) => {
            Table::new(&["training", "all labels right", "accuracy", "F1", "AUROC", "AUPRC", "log loss"])
        }
        _ => Table::new(&["training", "accuracy", "macro F1", "AUROC", "AUPRC", "Brier", "log loss"]),
    };
    let rows: [(&str, Option<&Scores>); 4] = [
        (report.head_name(), Some(&report.encrypted)),
        ("the same steps in simulation, with the encryption's arithmetic", Some(&report.simulate)),
        ("the same steps in plain, exact arithmetic", Some(&report.plain)),
        ("plain logistic regression, trained to convergence", report.logistic_regression.as_ref()),
    ];
    for (name, scores) in rows.into_iter().filter_map(|(name, scores)| Some((name, scores?))) {
        let values = match scores {
            Scores::Classes(m) => [m.accuracy, m.macro_f1, m.auroc, m.auprc, m.brier, m.log_loss],
            Scores::Labels(m) => {
                let mean = m.mean;
                [m.subset_accuracy, mean.accuracy, mean.f1, mean.auroc, mean.auprc, mean.log_loss]
            }
            Scores::Numbers(_) => continue,
        };
        let values = values.map(|value| rounded(value, 3));
        table.push(std::iter::once(name.to_owned()).chain(values));
    }
    table
}

/// What the comparison says, and what in it may surprise.
fn agreement(report: &Report) -> Vec<String> {
    let mut texts: Vec<String> = agreement_of_twins(report).into_iter().collect();
    if let Some(expected) = &report.expected {
        texts.push(format!(
            "What the training samples let expect of new ones: {}.{}",
            describe::expected(expected),
            less_than_expected(report)
        ));
        texts.extend(
            describe::shortfall(expected, report.bootstraps > 0)
                .map(|text| format!("Expected to be {text}.")),
        );
    }
    if let (Some((encrypted, _)), Some((clear, _))) = (
        report.encrypted.accuracy_and_loss(),
        report.logistic_regression.as_ref().and_then(Scores::accuracy_and_loss),
    ) {
        let points = 100.0 * (encrypted - clear);
        texts.push(format!(
            "Plain logistic regression, trained until nothing changes any more, is the usual yardstick; the accuracy of the {} differs \
             from it by {} points. The encrypted training stops after {}. Stopping early keeps weights small, as a penalty does, so it \
             can do better or worse than the yardstick on new samples; differences within the intervals above mean nothing.",
            report.head_name(),
            rounded(points, 1),
            counted(report.iterations, "iteration")
        ));
    }
    texts
}

/// How the encrypted head and its twins compare; nothing in a published report.
fn agreement_of_twins(report: &Report) -> Option<String> {
    let agreement = report.prediction_agreement?;
    let other = ((1.0 - agreement) * report.test_samples as f64).round() as usize;
    let apart = match other {
        0 => "all test samples".to_owned(),
        few => format!("all but {few} of {} test samples", report.test_samples),
    };
    Some(format!(
        "The encrypted head and the same training in plain arithmetic give {} for {apart}. {} Encryption changes two things: functions such as the logistic one are replaced by polynomials, and each \
         operation adds a little noise. The polynomials account for nearly all of the difference between the weights, {} of the \
         largest weight; the noise for {} of it. Weights are not what matters, though: they may shift together and leave predictions as \
         they were.",
        the_same(&report.vocabulary),
        match report.vocabulary {
            Vocabulary::Classes(_) => "Accuracy in this table is that of the most probable class.",
            _ =>
                "Measures in this table are means over the labels, but for the share of samples with all labels right.",
        },
        at_most(report.max_weight_error?),
        at_most(report.max_weight_error_simulate?),
    ))
}

/// A bound on a share, in percent.
pub(super) fn at_most(value: f64) -> String {
    match value {
        some if some >= 1e-3 => format!("at most {} %", rounded(100.0 * some, 1)),
        little if little >= 1e-5 => format!("at most {} %", rounded(100.0 * little, 3)),
        _ => "less than 0.001 %".into(),
    }
}

/// A remark if the test samples fell short of what cross-validation expected, by more than chance explains.
fn less_than_expected(report: &Report) -> String {
    let (Some(expected), Some(found)) = (&report.expected, report.encrypted.classes()) else {
        return String::new();
    };
    let (expected, found, n) =
        (expected.training.accuracy, found.accuracy, report.test_samples.max(1) as f64);
    let error = (expected * (1.0 - expected) / n).sqrt();
    match expected - found > 2.0 * error.max(1e-9) {
        true => format!(
            " The test samples gave an accuracy of {found:.3}, which is less than chance explains: look for differences between the two sets."
        ),
        false => String::new(),
    }
}
