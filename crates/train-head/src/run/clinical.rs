//! What clinicians read of a head, as lines for a terminal: for `run` and `eval`. Of numbers their errors.

use head_fit::measures::{Calibration, Clinical, Regression};

use super::threshold::chosen_for;
use super::words::{DASH, UNDEFINED, estimate, figure, percent, rounded};
use crate::files::head::{ChosenThreshold, EVEN};
use crate::targets::{Scores, Vocabulary};

/// Most classes whose confusion matrix fits a terminal.
const MOST_CLASSES: usize = 10;

/// The thresholds of a head that were chosen for an aim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen<'a> {
    /// That of the positive class of two.
    pub(crate) threshold: Option<ChosenThreshold>,
    /// Those of the labels.
    pub(crate) thresholds: &'a [Option<ChosenThreshold>],
}

/// Rates and areas with 95 % intervals, the calibration, and the confusion matrix of classes; errors of numbers.
pub(crate) fn lines(
    vocabulary: &Vocabulary,
    scores: &Scores,
    clinical: &[Clinical],
    calibration: &[Calibration],
    chosen: Chosen<'_>,
) -> Vec<String> {
    let names = vocabulary.names();
    let mut lines = match (scores, clinical, calibration) {
        (Scores::Classes(_), [positive], [calibration]) => {
            of_two(names, positive, calibration, chosen.threshold)
        }
        (Scores::Classes(_), ..) => of_several("class", EACH_CLASS, names, clinical, calibration),
        (Scores::Labels(_), ..) => {
            of_several("label", &each_label(chosen.thresholds), names, clinical, calibration)
        }
        (Scores::Numbers(each), ..) => of_numbers(names, each),
    };
    if !matches!(scores, Scores::Numbers(_)) && lines.iter().any(|line| line.contains(DASH)) {
        lines.push(format!("  {UNDEFINED}"));
    }
    if let Scores::Classes(scores) = scores {
        lines.extend(confusion(names, clinical, &scores.metrics.confusion));
    }
    lines
}

const EACH_CLASS: &str = "each class against the rest, the most probable one called; with 95 % intervals";

/// How labels are called.
fn each_label(thresholds: &[Option<ChosenThreshold>]) -> String {
    let chosen = thresholds.iter().flatten().next().map(|chosen| format!(", {}", chosen_for(*chosen)));
    format!("each label, called above its threshold{}; with 95 % intervals", chosen.unwrap_or_default())
}

fn of_numbers(names: &[String], each: &[Regression]) -> Vec<String> {
    let wide = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(6, 24);
    let mut lines = vec![
        "errors in the unit of the numbers; with 95 % intervals".to_owned(),
        format!(
            "  {:<wide$} {:<26} {:<30} {}",
            "number", "R2", "mean absolute error", "root mean squared error"
        ),
    ];
    for (name, m) in names.iter().zip(each) {
        lines.push(format!(
            "  {:<wide$} {:<26} {:<30} {}",
            shortened(name, wide),
            estimate(m.r2),
            figure(Some(m.mae)),
            figure(Some(m.rmse))
        ));
    }
    lines
}

fn of_two(
    labels: &[String],
    positive: &Clinical,
    calibration: &Calibration,
    threshold: Option<ChosenThreshold>,
) -> Vec<String> {
    let name = labels.last().map(String::as_str).unwrap_or_default();
    let cut = positive.threshold.unwrap_or(EVEN);
    let chosen = match threshold {
        Some(chosen) => format!(", {}", chosen_for(chosen)),
        None => String::new(),
    };
    let rate = |title: &str, value: String| format!("  {title:<22} {value}");
    vec![
        format!("{name:?} is called above a probability of {cut}{chosen}; with 95 % intervals"),
        rate("sensitivity", percent(positive.sensitivity)),
        rate("specificity", percent(positive.specificity)),
        rate("PPV", percent(positive.ppv)),
        rate("NPV", percent(positive.npv)),
        rate("AUROC", estimate(positive.auroc)),
        rate("AUPRC", format!("{}; by chance {}", estimate(positive.auprc), percent(positive.prevalence))),
        rate("calibration slope", format!("{}; ideal 1", estimate(calibration.slope))),
        rate("calibration intercept", format!("{}; ideal 0", estimate(calibration.intercept))),
    ]
}

fn of_several(
    what: &str,
    title: &str,
    labels: &[String],
    clinical: &[Clinical],
    calibration: &[Calibration],
) -> Vec<String> {
    let wide = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).clamp(5, 24);
    // of several classes the most probable one is called, without a threshold
    let cuts = what == "label";
    let cut = |text: &str| if cuts { format!("{text:<11}") } else { String::new() };
    let mut lines = vec![
        title.to_owned(),
        format!(
            "  {:<wide$} {}{:<24} {:<24} {:<24} {:<24} {:<24} {}",
            what,
            cut("threshold"),
            "sensitivity",
            "specificity",
            "PPV",
            "NPV",
            "AUROC",
            "slope"
        ),
    ];
    for ((label, one), calibration) in labels.iter().zip(clinical).zip(calibration) {
        let slope = calibration.slope.map_or_else(|| DASH.into(), |slope| rounded(slope.value, 2));
        lines.push(format!(
            "  {:<wide$} {}{:<24} {:<24} {:<24} {:<24} {:<24} {slope}",
            shortened(label, wide),
            cut(&one.threshold.unwrap_or(EVEN).to_string()),
            percent(one.sensitivity),
            percent(one.specificity),
            percent(one.ppv),
            percent(one.npv),
            estimate(one.auroc),
        ));
    }
    lines
}

/// The confusion matrix: of two classes at their threshold, of more by the most probable class. Nothing for many classes.
fn confusion(labels: &[String], clinical: &[Clinical], by_most_probable: &[Vec<usize>]) -> Vec<String> {
    if labels.len() > MOST_CLASSES {
        return vec![format!("  the confusion matrix of {} classes is in report.html", labels.len())];
    }
    let counts = matrix(clinical, by_most_probable);
    let most = counts.iter().flatten().max().map_or(1, |count| count.to_string().len());
    let wide = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).clamp(most, 12) + 2;
    let row = |title: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>wide$}")).collect();
        format!("  {title:<22}{cells}")
    };
    let names = || labels.iter().map(|label| shortened(label, wide - 2));
    let mut lines = vec![row("true, then predicted", names().collect())];
    for (name, counts) in labels.iter().map(|label| shortened(label, 20)).zip(&counts) {
        lines.push(row(&name, counts.iter().map(usize::to_string).collect()));
    }
    lines
}

/// Samples by true class, then predicted class.
pub(crate) fn matrix(clinical: &[Clinical], by_most_probable: &[Vec<usize>]) -> Vec<Vec<usize>> {
    match clinical {
        [positive] => {
            let c = positive.counts;
            vec![vec![c.true_negatives, c.false_positives], vec![c.false_negatives, c.true_positives]]
        }
        _ => by_most_probable.to_vec(),
    }
}

/// A label cut to so many characters.
fn shortened(label: &str, most: usize) -> String {
    match label.chars().count() > most {
        true => label.chars().take(most.saturating_sub(1)).chain(['\u{2026}']).collect(),
        false => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_matrix_is_that_of_the_threshold() {
        let labels = ["well".to_owned(), "a very long name of a class".into()];
        let (y, p) = ([0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.55, 0.9]);
        let positive = [Clinical::new(&y, &p, 0.7).unwrap()];
        assert_eq!(matrix(&positive, &[vec![1, 1], vec![0, 2]]), [[2, 0], [1, 1]]);
        let shown = confusion(&labels, &positive, &[]);
        assert_eq!(shown.len(), 3);
        assert!(shown[0].ends_with("a very long\u{2026}"), "{shown:?}");
        let calibration = [Calibration::new(&y, &p).unwrap()];
        let shown = of_two(&labels, &positive[0], &calibration[0], None);
        assert!(shown[1].ends_with("50.0 % (9.5 to 90.5)"), "{shown:?}");
        assert!(confusion(&vec![String::new(); 11], &[], &[])[0].contains("11 classes"));
    }
}
