//! Curves of a run. No point of them shows a single record.

use head_fit::measures::{Bin, Curves};
use pages::plots::{self, Colour, Labels, Look, Series};
use pages::{Block, Figure, Section};

use super::assessed::Assessed;
use crate::run::report::Report;

/// Most classes with curves of their own: the most frequent ones.
const MOST_CLASSES: usize = 4;

/// The section of a run.
pub(super) fn section(report: &Report) -> Section {
    let assessed = report.assessed();
    let mut figures = curves(&assessed);
    figures.extend((report.iterations > 1).then(|| learning(report)));
    Section { title: "Curves".into(), blocks: vec![Block::Text(text(&assessed)), Block::Figures(figures)] }
}

/// What is to be known of the curves.
pub(super) fn text(assessed: &Assessed<'_>) -> String {
    let mut text = String::from(
        "Each point of the ROC and precision-recall curves stands for at least ten more records than its neighbour, and each point of the \
         calibration curve for at least ten records, so no single one can be read off. Where classes are told apart well, the precision-recall curve therefore starts far from recall 0. Areas in the \
         tables are those of the full curves.",
    );
    let (classes, names) = (shown(assessed), assessed.vocabulary.names());
    if classes.len() > 1 && classes.len() < names.len() {
        text += &format!(" Of {} classes the {MOST_CLASSES} most frequent ones are shown.", names.len());
    }
    text
}

/// ROC, precision-recall and calibration.
pub(super) fn curves(assessed: &Assessed<'_>) -> Vec<Figure> {
    let classes = shown(assessed);
    vec![roc(assessed, &classes), precision_recall(assessed, &classes), calibration(assessed, &classes)]
}

/// Classes with curves, as places in the measures: the only one of two classes, or the most frequent of more.
fn shown(assessed: &Assessed<'_>) -> Vec<usize> {
    let clinical = assessed.head.clinical;
    let mut classes: Vec<usize> = (0..clinical.len()).collect();
    classes
        .sort_by_key(|&class| std::cmp::Reverse(clinical.get(class).map_or(0, |one| one.counts.positives())));
    classes.truncate(MOST_CLASSES);
    classes.sort_unstable();
    classes
}

pub(super) fn series(name: &str, colour: Colour, points: Vec<(f64, f64)>, look: Look) -> Series {
    Series { name: name.into(), colour, points, intervals: Vec::new(), look }
}

/// A curve of the positive class, encrypted upon plain, or one of each class.
fn of_curves(assessed: &Assessed<'_>, classes: &[usize], of: fn(&Curves) -> &Vec<(f64, f64)>) -> Vec<Series> {
    let curves = assessed.head.curves;
    if let [head] = curves {
        let plain = assessed.plain.and_then(|plain| plain.curves.first());
        let mut all: Vec<Series> = plain
            .map(|plain| series("plain training", Colour::Blue, of(plain).clone(), Look::Smooth))
            .into_iter()
            .collect();
        all.push(series(assessed.called(), Colour::Orange, of(head).clone(), Look::Smooth));
        return all;
    }
    let one = |(&class, colour): (&usize, Colour)| {
        let points = curves.get(class).map(|curves| of(curves).clone()).unwrap_or_default();
        series(name(assessed, class), colour, points, Look::Smooth)
    };
    classes.iter().zip(Colour::ALL).map(one).collect()
}

fn name<'a>(assessed: &Assessed<'a>, class: usize) -> &'a str {
    assessed.vocabulary.names().get(class).map(String::as_str).unwrap_or_default()
}

fn roc(assessed: &Assessed<'_>, classes: &[usize]) -> Figure {
    let mut all = vec![series("chance", Colour::Grey, vec![(0.0, 0.0), (1.0, 1.0)], Look::Thin)];
    all.extend(of_curves(assessed, classes, |curves| &curves.roc));
    if let [positive] = assessed.head.clinical
        && let (Some(sensitivity), Some(specificity)) = (positive.sensitivity, positive.specificity)
    {
        let at = vec![(1.0 - specificity.value, sensitivity.value)];
        all.push(series("at the threshold", Colour::Purple, at, Look::Points));
    }
    let labels = Labels { title: "ROC curve", x: "1 \u{2212} specificity", y: "sensitivity" };
    figure(
        "roc",
        "Sensitivity against false alarms, over all thresholds; the upper left corner is ideal.",
        plots::square(&labels, &all, 0.0..1.0),
    )
}

fn precision_recall(assessed: &Assessed<'_>, classes: &[usize]) -> Figure {
    let mut all = Vec::new();
    if let [curves] = assessed.head.curves {
        let chance = vec![(0.0, curves.prevalence), (1.0, curves.prevalence)];
        all.push(series("chance", Colour::Grey, chance, Look::Thin));
    }
    all.extend(of_curves(assessed, classes, |curves| &curves.precision_recall));
    let labels = Labels { title: "Precision-recall curve", x: "recall (sensitivity)", y: "precision (PPV)" };
    figure(
        "precision-recall",
        "How many of those called positive are, against how many of the positive are found; the upper right corner is ideal.",
        plots::square(&labels, &all, 0.0..1.0),
    )
}

fn calibration(assessed: &Assessed<'_>, classes: &[usize]) -> Figure {
    let mut all = vec![series("ideal", Colour::Grey, vec![(0.0, 0.0), (1.0, 1.0)], Look::Thin)];
    let of_bins = |name: &str, colour, bins: &[Bin], intervals: bool| Series {
        intervals: match intervals {
            true => bins.iter().map(|bin| [bin.observed.low, bin.observed.high]).collect(),
            false => Vec::new(),
        },
        ..series(
            name,
            colour,
            bins.iter().map(|bin| (bin.predicted, bin.observed.value)).collect(),
            Look::Marked,
        )
    };
    let calibration = assessed.head.calibration;
    let whose = match calibration {
        [head] => {
            if let Some([plain]) = assessed.plain.map(|plain| plain.calibration) {
                all.push(of_bins("plain training", Colour::Blue, &plain.bins, false));
            }
            all.push(of_bins(assessed.called(), Colour::Orange, &head.bins, true));
            format!(", with Wilson's intervals of the {}", assessed.called())
        }
        _ => {
            for (&class, colour) in classes.iter().zip(Colour::ALL) {
                let bins = calibration.get(class).map(|one| &one.bins[..]).unwrap_or_default();
                all.push(of_bins(name(assessed, class), colour, bins, false));
            }
            String::new()
        }
    };
    let labels = Labels { title: "Calibration", x: "predicted probability", y: "observed share" };
    figure(
        "calibration",
        &format!(
            "How often samples of a predicted probability are positive, in bins of equally many samples{whose}; on the diagonal probabilities \
             mean what they say."
        ),
        plots::square(&labels, &all, 0.0..1.0),
    )
}

fn learning(report: &Report) -> Figure {
    let curve =
        report.learning_curve.iter().filter_map(|point| Some((point.iteration as f64, point.log_loss?)));
    let mut all =
        vec![series("plain training, test samples", Colour::Blue, thinned(curve.collect()), Look::Marked)];
    if let Some(validation) = &report.validation {
        let points = validation.iter().map(|point| (point.iteration as f64, point.log_loss)).collect();
        all.push(series("encrypted, validation samples", Colour::Green, thinned(points), Look::Marked));
    }
    let loss = report.encrypted.accuracy_and_loss().map(|(_, log_loss)| (report.iterations as f64, log_loss));
    let end: Vec<(f64, f64)> = loss.into_iter().collect();
    all.push(series(&format!("{}, test samples", report.head_name()), Colour::Orange, end, Look::Points));
    let labels = Labels { title: "Learning curve", x: "iteration", y: "log loss" };
    figure(
        "learning",
        match report.validation {
            Some(_) => "Log loss after each iteration; lower is better.",
            None => {
                "Log loss after each iteration; lower is better. Without validation samples the encrypted training can be seen at its end only."
            }
        },
        plots::lines(&labels, &all),
    )
}

/// At most so many points as have room for their marks, the last among them.
pub(super) fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    const MOST: usize = 32;
    let every = points.len().div_ceil(MOST).max(1);
    let last = points.len().saturating_sub(1);
    points
        .into_iter()
        .enumerate()
        .filter(|(at, _)| (last - at).is_multiple_of(every))
        .map(|(_, point)| point)
        .collect()
}

pub(super) fn figure(name: &str, caption: &str, plot: plots::Plot) -> Figure {
    Figure { name: name.into(), caption: caption.into(), plot }
}
