//! Curves of a run. No point of them shows a single record.

use head_fit::measures::{Bin, Curves};
use pages::plots::{self, Axes, Chart, Colour, Labels, Look, Series};
use pages::{Block, Figure, Section};

use super::assessed::Assessed;
use super::result;
use crate::run::report::Report;
use crate::wording::counted;

/// Most classes with curves of their own.
const MOST_CLASSES: usize = 5;

/// Of more classes, how many of the shown ones are the most frequent; the others are the rarest, which people care about.
const MOST_FREQUENT: usize = 2;

/// The least span of log losses or R2 on an axis, so that small differences look small.
pub(super) const LEAST_SPAN: f64 = 0.1;

/// The section of a run.
pub(super) fn section(report: &Report) -> Section {
    let assessed = report.assessed();
    let mut charts = charts(&assessed);
    charts.extend((report.iterations > 1).then(|| learning(report)));
    let blocks = vec![Block::Text(text(&assessed)), Block::Figures(drawn(charts))];
    Section { title: "Curves".into(), blocks }
}

/// A figure that is still to be drawn, beside others.
pub(super) struct Drawing<'a> {
    /// File name and anchor.
    pub(super) name: String,
    /// Description.
    pub(super) caption: String,
    /// The curves.
    pub(super) chart: Chart<'a>,
}

/// Figures beside each other.
pub(super) fn drawn(drawings: Vec<Drawing<'_>>) -> Vec<Figure> {
    let (about, charts): (Vec<_>, Vec<_>) =
        drawings.into_iter().map(|drawing| ((drawing.name, drawing.caption), drawing.chart)).unzip();
    let plots = plots::side_by_side(&charts);
    about.into_iter().zip(plots).map(|((name, caption), plot)| Figure { name, caption, plot }).collect()
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
        let what = if assessed.vocabulary.classes().is_some() { "class" } else { "label" };
        let without = assessed.head.curves.iter().filter(|curves| curves.roc.is_empty()).count();
        text += &format!(
            " Of {} the two most frequent and the {} rarest ones are shown{}.",
            counted(names.len(), what),
            classes.len().saturating_sub(MOST_FREQUENT),
            match without {
                0 => String::new(),
                1 => "; one with fewer than ten samples has no curve".to_owned(),
                few => format!("; {few} with fewer than ten samples have no curve"),
            }
        );
    }
    text
}

/// ROC, precision-recall and calibration.
pub(super) fn curves(assessed: &Assessed<'_>) -> Vec<Figure> {
    drawn(charts(assessed))
}

fn charts<'a>(assessed: &Assessed<'_>) -> Vec<Drawing<'a>> {
    let classes = shown(assessed);
    vec![roc(assessed, &classes), precision_recall(assessed, &classes), calibration(assessed, &classes)]
}

/// Classes with curves, as places in the measures: the only one of two classes, or a few of more.
fn shown(assessed: &Assessed<'_>) -> Vec<usize> {
    let clinical = assessed.head.clinical;
    let count = |class: usize| clinical.get(class).map_or(0, |one| one.counts.positives());
    let has_curve =
        |class: usize| assessed.head.curves.get(class).is_some_and(|curves| !curves.roc.is_empty());
    let classes: Vec<_> = (0..clinical.len()).map(|class| (count(class), has_curve(class))).collect();
    chosen(&classes)
}

/// Of classes with their samples, and whether they have curves: all of a few, of more the most frequent and the rarest that have some.
fn chosen(classes: &[(usize, bool)]) -> Vec<usize> {
    if classes.len() <= MOST_CLASSES {
        return (0..classes.len()).collect();
    }
    let mut places: Vec<usize> = (0..classes.len()).filter(|&place| classes[place].1).collect();
    places.sort_by_key(|&place| std::cmp::Reverse(classes[place].0));
    let rarest = places.len().saturating_sub(MOST_CLASSES - MOST_FREQUENT).max(MOST_FREQUENT);
    let mut shown: Vec<usize> = places
        .iter()
        .enumerate()
        .filter(|&(at, _)| at < MOST_FREQUENT || at >= rarest)
        .map(|(_, &place)| place)
        .collect();
    shown.sort_unstable();
    shown
}

pub(super) fn series(name: &str, colour: Colour, points: Vec<(f64, f64)>, look: Look) -> Series {
    Series { name: name.into(), colour, points, intervals: Vec::new(), look }
}

/// A curve of the positive class, encrypted upon plain, or one of each class.
fn of_curves(assessed: &Assessed<'_>, classes: &[usize], of: fn(&Curves) -> &Vec<(f64, f64)>) -> Vec<Series> {
    let curves = assessed.head.curves;
    if let [head] = curves {
        let plain = assessed.plain.and_then(|plain| plain.curves.first());
        // a curve upon another one has to leave some of it to be seen
        let look = if plain.is_some() { Look::Smooth } else { Look::Equal };
        let mut all: Vec<Series> = plain
            .map(|plain| series("plain training", Colour::Blue, of(plain).clone(), Look::Smooth))
            .into_iter()
            .collect();
        all.push(series(assessed.called(), Colour::Orange, of(head).clone(), look));
        return all;
    }
    let one = |(&class, colour): (&usize, Colour)| {
        let points = curves.get(class).map(|curves| of(curves).clone()).unwrap_or_default();
        series(name(assessed, class), colour, points, Look::Equal)
    };
    classes.iter().zip(Colour::ALL).map(one).collect()
}

fn name<'a>(assessed: &Assessed<'a>, class: usize) -> &'a str {
    assessed.vocabulary.names().get(class).map(String::as_str).unwrap_or_default()
}

fn roc<'a>(assessed: &Assessed<'_>, classes: &[usize]) -> Drawing<'a> {
    let mut all = vec![series("chance", Colour::Grey, vec![(0.0, 0.0), (1.0, 1.0)], Look::Thin)];
    all.extend(of_curves(assessed, classes, |curves| &curves.roc));
    if let [positive] = assessed.head.clinical
        && let (Some(sensitivity), Some(specificity)) = (positive.sensitivity, positive.specificity)
    {
        let at = vec![(1.0 - specificity.value, sensitivity.value)];
        all.push(series("at the threshold", Colour::Purple, at, Look::Points));
    }
    let labels = Labels { title: "ROC curve", x: "1 \u{2212} specificity", y: "sensitivity" };
    drawing(
        "roc",
        "Sensitivity against false alarms, over all thresholds; the upper left corner is ideal.",
        Chart { labels, series: all, axes: Axes::Square(0.0..1.0) },
    )
}

fn precision_recall<'a>(assessed: &Assessed<'_>, classes: &[usize]) -> Drawing<'a> {
    let mut all = Vec::new();
    let chance = |curves: &Curves| vec![(0.0, curves.prevalence), (1.0, curves.prevalence)];
    let several = match assessed.head.curves {
        [curves] => {
            all.push(series("chance", Colour::Grey, chance(curves), Look::Thin));
            ""
        }
        curves => {
            for (&class, colour) in classes.iter().zip(Colour::ALL) {
                let one = curves.get(class).filter(|curves| !curves.roc.is_empty());
                all.extend(one.map(|curves| series("", colour, chance(curves), Look::Thin)));
            }
            " The thin line of a colour is chance, the share of these samples that are positive."
        }
    };
    all.extend(of_curves(assessed, classes, |curves| &curves.precision_recall));
    let labels = Labels { title: "Precision-recall curve", x: "recall (sensitivity)", y: "precision (PPV)" };
    drawing(
        "precision-recall",
        &format!(
            "How many of those called positive are, against how many of the positive are found; the upper right corner is ideal.{several}"
        ),
        Chart { labels, series: all, axes: Axes::Square(0.0..1.0) },
    )
}

fn calibration<'a>(assessed: &Assessed<'_>, classes: &[usize]) -> Drawing<'a> {
    let mut all = vec![series("ideal", Colour::Grey, vec![(0.0, 0.0), (1.0, 1.0)], Look::Thin)];
    let of_bins = |name: &str, colour, bins: &[Bin], (look, intervals): (Look, bool)| Series {
        intervals: match intervals {
            true => bins.iter().map(|bin| [bin.observed.low, bin.observed.high]).collect(),
            false => Vec::new(),
        },
        ..series(name, colour, bins.iter().map(|bin| (bin.predicted, bin.observed.value)).collect(), look)
    };
    let calibration = assessed.head.calibration;
    let whose = match calibration {
        [head] => {
            if let Some([plain]) = assessed.plain.map(|plain| plain.calibration) {
                all.push(of_bins("plain training", Colour::Blue, &plain.bins, (Look::Marked, false)));
            }
            let look = if assessed.plain.is_some() { Look::Marked } else { Look::EqualMarked };
            all.push(of_bins(assessed.called(), Colour::Orange, &head.bins, (look, true)));
            format!(", with Wilson's intervals of the {}", assessed.called())
        }
        _ => {
            for (&class, colour) in classes.iter().zip(Colour::ALL) {
                let bins = calibration.get(class).map(|one| &one.bins[..]).unwrap_or_default();
                all.push(of_bins(name(assessed, class), colour, bins, (Look::EqualMarked, false)));
            }
            String::new()
        }
    };
    let labels = Labels { title: "Calibration", x: "predicted probability", y: "observed share" };
    drawing(
        "calibration",
        &format!(
            "How often samples of a predicted probability are positive, in bins of equally many samples{whose}; on the diagonal probabilities \
             mean what they say."
        ),
        Chart { labels, series: all, axes: Axes::Square(0.0..1.0) },
    )
}

fn learning<'a>(report: &Report) -> Drawing<'a> {
    let curve =
        report.learning_curve.iter().filter_map(|point| Some((point.iteration as f64, point.log_loss?)));
    let mut all = vec![series(
        "plain training, test samples",
        Colour::Blue,
        thinned(curve.collect()),
        Look::EqualMarked,
    )];
    if let Some(validation) = &report.validation {
        let points = validation.iter().map(|point| (point.iteration as f64, point.log_loss)).collect();
        all.push(series("encrypted, validation samples", Colour::Green, thinned(points), Look::EqualMarked));
    }
    let loss = report.encrypted.accuracy_and_loss().map(|(_, log_loss)| (report.iterations as f64, log_loss));
    let end: Vec<(f64, f64)> = loss.into_iter().collect();
    if result::plain_beside(report).is_some() {
        all.push(series(&format!("{}, test samples", report.head_name()), Colour::Orange, end, Look::Points));
    }
    let labels = Labels { title: "Learning curve", x: "iteration", y: "log loss" };
    drawing(
        "learning",
        match (&report.validation, result::plain_beside(report)) {
            (Some(_), _) => "Log loss after each iteration; lower is better.",
            (None, None) => {
                "Log loss after each iteration; lower is better. The head of this page is the one at its end."
            }
            (None, Some(_)) => {
                "Log loss after each iteration; lower is better. Without validation samples the encrypted training can be seen at its end only."
            }
        },
        Chart { labels, series: all, axes: Axes::Iterations { least_span: LEAST_SPAN } },
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

pub(super) fn drawing<'a>(name: &str, caption: &str, chart: Chart<'a>) -> Drawing<'a> {
    Drawing { name: name.into(), caption: caption.into(), chart }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_classes_the_frequent_and_the_rare_have_curves() {
        let with =
            |counts: &[usize]| chosen(&counts.iter().map(|&count| (count, count >= 10)).collect::<Vec<_>>());
        assert_eq!(with(&[50, 40, 3]), [0, 1, 2]);
        assert_eq!(with(&[30, 90, 20, 12, 60, 40, 5]), [0, 1, 2, 3, 4]);
        assert_eq!(with(&[100, 90, 80, 70, 60, 50]), [0, 1, 3, 4, 5]);
        assert_eq!(with(&[5; 8]), [0; 0]);
    }
}
