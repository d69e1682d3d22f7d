//! The measures of the head, and how they compare with plain training.

use head_fit::OrdinalMetrics;
use head_fit::measures::{Aim, Calibration, Clinical, Estimate, Threshold};
use pages::{Block, Matrix, Section, Table};

use super::assessed::Assessed;
use crate::files::head::{ChosenThreshold, EVEN, Secrecy};
use crate::planning::describe;
use crate::run::clinical::matrix;
use crate::run::measured::Figures;
use crate::run::report::Report;
use crate::run::threshold::chosen_for;
use crate::run::words::{DASH, UNDEFINED, estimate, percent, points, rounded, the_same};
use crate::targets::{ClassScores, Scores, Vocabulary};
use crate::wording::{counted, in_order};

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
    let table = against_plain(report);
    let undefined = table.rows.iter().flatten().any(|cell| cell == DASH);
    blocks.push(Block::Table(table));
    blocks.extend(undefined.then(|| Block::Text(format!("{UNDEFINED}."))));
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
    let undefined = blocks.iter().any(|block| match block {
        Block::Table(table) => table.rows.iter().flatten().any(|cell| cell == DASH),
        _ => false,
    });
    blocks.extend(undefined.then(|| Block::Text(format!("{UNDEFINED}."))));
    if let Some(scores) = assessed.scores.classes() {
        blocks.extend(scores.ordinal.map(|ordinal| Block::Text(in_an_order(assessed, ordinal))));
        blocks.push(Block::Text(of_all_classes(assessed, scores)));
        let counts = matrix(assessed.head.clinical, &scores.metrics.confusion);
        blocks.push(Block::Matrix(Matrix {
            caption: format!("Confusion matrix: {}, {}", assessed.called(), assessed.samples_called()),
            classes: assessed.vocabulary.names().to_vec(),
            counts: counts.iter().map(|row| row.iter().map(|&count| count as u64).collect()).collect(),
        }));
    }
    blocks
}

/// Accuracy and F1, and of which predictions they are.
fn of_all_classes(assessed: &Assessed<'_>, scores: &ClassScores) -> String {
    let (accuracy, f1) = (rounded(100.0 * scores.metrics.accuracy, 1), rounded(scores.metrics.macro_f1, 3));
    let (samples, called) = (assessed.samples_called(), assessed.called());
    match (assessed.threshold, scores.most_probable) {
        (Some(chosen), Some(most)) => format!(
            "At the threshold of {} the {called} is right on {accuracy} % of the {samples}, with a macro F1 of {f1}. With the more probable class, \
             without a threshold, it would be right on {} %, with a macro F1 of {}.",
            chosen.threshold.value,
            rounded(100.0 * most.accuracy, 1),
            rounded(most.macro_f1, 3)
        ),
        _ => format!(
            "The {called} is right on {accuracy} % of the {samples} (accuracy); its macro F1 is {f1}."
        ),
    }
}

/// How far off predictions of classes in an order are.
fn in_an_order(assessed: &Assessed<'_>, ordinal: OrdinalMetrics) -> String {
    format!(
        "The classes have an order: {}. Quadratic weighted kappa, which counts a prediction two steps off as four that are one step off, is {}: 1 \
         is perfect, 0 is chance. {} % of the {} are called their own class or a neighbour of it.",
        in_order(assessed.vocabulary.names()),
        rounded(ordinal.quadratic_weighted_kappa, 3),
        rounded(100.0 * ordinal.within_one_step, 1),
        assessed.samples_called()
    )
}

/// How labels are called.
fn thresholds(assessed: &Assessed<'_>) -> String {
    match assessed.thresholds.iter().flatten().next() {
        Some(chosen) => format!(
            "A sample is given each label whose probability is above the threshold of that label. The thresholds were {}{}",
            chosen_for(*chosen),
            match chosen.threshold.aim {
                Aim::Given(_) => ".",
                _ => "; on new samples expect somewhat less than they achieve there.",
            }
        ),
        None => "A sample is given each label whose probability is above 0.5. No aim was stated for the thresholds: `--threshold` chooses one \
                 for each label, for instance for a sensitivity of at least 95 %."
            .to_owned(),
    }
}

/// How samples are called positive.
fn threshold(assessed: &Assessed<'_>, positive: &Clinical) -> String {
    let name = assessed.vocabulary.names().last().map(String::as_str).unwrap_or_default();
    let cut = positive.threshold.unwrap_or(EVEN);
    match assessed.threshold {
        Some(ChosenThreshold { threshold: Threshold { aim: Aim::Given(_), .. }, .. }) => {
            format!(
                "A sample is called {name} if its probability is above {cut}, the threshold that was given."
            )
        }
        Some(chosen) => format!(
            "A sample is called {name} if its probability is above {cut}. This threshold was chosen for the aim `{}` on {}, where it \
             achieves a sensitivity of {} and a specificity of {}. On new samples expect somewhat less, since it suits the samples that it was \
             chosen on.",
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
    let mut head = vec![if labels { "label" } else { "class" }, &counted];
    head.extend(labels.then_some("called above"));
    head.extend(["sensitivity", "specificity", "PPV", "NPV", "AUROC", "AUPRC", "calibration slope"]);
    let mut table = Table::new(&head);
    let Figures { clinical, calibration, .. } = assessed.head;
    for ((label, m), calibration) in assessed.vocabulary.names().iter().zip(clinical).zip(calibration) {
        // intervals stand below their values: beside them the table would be wider than most screens
        let below = |value: String| value.replacen(" (", "\n(", 1);
        let cut = labels.then(|| m.threshold.unwrap_or(EVEN).to_string());
        let rates = [
            below(percent(m.sensitivity)),
            below(percent(m.specificity)),
            below(percent(m.ppv)),
            below(percent(m.npv)),
            below(estimate(m.auroc)),
            below(estimate(m.auprc)),
            below(estimate(calibration.slope)),
        ];
        table.push([label.clone(), m.counts.positives().to_string()].into_iter().chain(cut).chain(rates));
    }
    table
}

/// The twins in tables.
pub(super) const SIMULATED: &str = "the same steps in simulation, with the encryption's arithmetic";
pub(super) const PLAIN: &str = "the same steps in plain, exact arithmetic";

/// The head of a run in tables. A published one is its plain twin, which has no row of its own.
pub(super) fn head_in_table(report: &Report) -> String {
    match plain_beside(report) {
        Some(_) => report.head_name().to_owned(),
        None => format!("{}: {PLAIN}", report.head_name()),
    }
}

/// The plain twin, where the head is another one.
pub(super) fn plain_beside(report: &Report) -> Option<&Scores> {
    (report.secrecy != Secrecy::Published).then_some(&report.plain)
}

fn against_plain(report: &Report) -> Table {
    let mut table = match report.vocabulary {
        Vocabulary::Labels(_) => {
            Table::new(&["training", "all labels right", "accuracy", "F1", "AUROC", "AUPRC", "log loss"])
        }
        _ if report.method.ordinal => Table::new(&[
            "training",
            "accuracy",
            "macro F1",
            "weighted kappa",
            "at most one step off",
            "AUROC",
            "AUPRC",
            "Brier",
            "log loss",
        ]),
        _ => Table::new(&["training", "accuracy", "macro F1", "AUROC", "AUPRC", "Brier", "log loss"]),
    };
    let rows: [(String, Option<&Scores>); 4] = [
        (head_in_table(report), Some(&report.encrypted)),
        (SIMULATED.to_owned(), Some(&report.simulate)),
        (PLAIN.to_owned(), plain_beside(report)),
        ("plain logistic regression, trained to convergence".to_owned(), report.logistic_regression.as_ref()),
    ];
    for (name, scores) in rows.into_iter().filter_map(|(name, scores)| Some((name, scores?))) {
        let values = match scores {
            Scores::Classes(ClassScores { metrics: m, ordinal, .. }) => {
                let order = ordinal.map(|m| [m.quadratic_weighted_kappa, m.within_one_step]);
                let (before, after) = ([m.accuracy, m.macro_f1], [m.auroc, m.auprc, m.brier, m.log_loss]);
                before.into_iter().chain(order.into_iter().flatten()).chain(after).collect::<Vec<f64>>()
            }
            Scores::Labels(m) => {
                let mean = m.mean;
                vec![m.subset_accuracy, mean.accuracy, mean.f1, mean.auroc, mean.auprc, mean.log_loss]
            }
            Scores::Numbers(_) => continue,
        };
        let values = values.into_iter().map(|value| rounded(value, 3));
        table.push(std::iter::once(name).chain(values));
    }
    table
}

/// What the comparison says, and what in it may surprise.
fn agreement(report: &Report) -> Vec<String> {
    let mut texts: Vec<String> = agreement_of_twins(report).into_iter().collect();
    if let Some(expected) = &report.expected {
        texts.push(format!(
            "What the training samples let expect of new ones: {}.{}",
            describe::expected(expected, &report.vocabulary),
            less_than_expected(report)
        ));
    }
    // of the most probable class: a threshold was chosen for the head, not for the yardstick
    let accuracy = |scores: &Scores| match scores {
        Scores::Classes(scores) => Some(scores.accuracy_of_most_probable()),
        other => other.accuracy_and_loss().map(|(accuracy, _)| accuracy),
    };
    if let (Some(encrypted), Some(clear)) =
        (accuracy(&report.encrypted), report.logistic_regression.as_ref().and_then(accuracy))
    {
        let by_the_most_probable = match report.encrypted.classes().and_then(|scores| scores.most_probable) {
            Some(_) => " of the more probable class",
            None => "",
        };
        texts.push(format!(
            "Plain logistic regression, trained until nothing changes any more, is the usual yardstick; the accuracy{by_the_most_probable} of the \
             {} differs from it by {}. The encrypted training stops after {}. Stopping early keeps weights small, as a penalty does, so it \
             can do better or worse than the yardstick on new samples; differences within the intervals above mean nothing.",
            report.head_name(),
            points(encrypted - clear),
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
         operation adds a little noise. Predictions are what counts: weights may shift together and leave them as they were. A weight differs \
         from that of the plain training by {} of the largest weight, nearly all of it because of the polynomials; the noise makes up {} of the \
         largest weight.",
        the_same(&report.vocabulary),
        match (&report.vocabulary, report.threshold) {
            (Vocabulary::Classes(_), Some(_)) => {
                "Accuracy and F1 in this table are those at the threshold of the head, in every row."
            }
            (Vocabulary::Classes(_), None) =>
                "Accuracy and F1 in this table are those of the most probable class.",
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
        (expected.training.accuracy, found.accuracy_of_most_probable(), report.test_samples.max(1) as f64);
    let error = (expected * (1.0 - expected) / n).sqrt();
    match expected - found > 2.0 * error.max(1e-9) {
        true => format!(
            " The test samples gave an accuracy of {found:.3}, which is less than chance explains: look for differences between the two sets."
        ),
        false => String::new(),
    }
}
