//! Measures and plots of a regression. No point shows a single record.

use head_fit::measures::Regression;
use pages::plots::{self, Colour, Labels, Look, Series};
use pages::{Block, Figure, Section, Table};

use super::figures::{figure, series, thinned};
use super::result::at_most;
use crate::planning::describe;
use crate::run::report::Report;
use crate::run::words::{estimate, figure as figure_of, the_same};
use crate::targets::Scores;

/// Most numbers with a plot of their own.
const MOST_PLOTS: usize = 4;

/// What the measures are.
pub(super) const MEASURES: &str = "R\u{b2} is the share of the variance that the head explains: 1 is perfect, 0 is no better than the mean. \
     Errors are in the unit of the numbers. Intervals are 95 % intervals of a bootstrap over the samples.";

/// What the plots are.
pub(super) const PLOTS: &str = "Each point of predicted against true numbers is the mean of at least ten samples of similar prediction, so no \
     single one can be read off.";

/// The errors of a head without a twin beside it.
pub(super) fn measures(names: &[String], each: &[Regression]) -> Table {
    let mut table = Table::new(&["number", "R\u{b2}", "mean absolute error", "root mean squared error"]);
    for (name, m) in names.iter().zip(each) {
        table.push([name.clone(), estimate(m.r2), figure_of(Some(m.mae)), figure_of(Some(m.rmse))]);
    }
    table
}

/// The measures of a run, and how they compare with plain training.
pub(super) fn section(report: &Report, encrypted: &[Regression]) -> Section {
    let mut blocks = vec![Block::Text(format!(
        "Measured on {} test samples that took no part in the training or in the choice of the method. {MEASURES}",
        report.test_samples
    ))];
    for (k, name) in report.labels.iter().enumerate() {
        let mut table =
            Table::new(&["training", "R\u{b2}", "mean absolute error", "root mean squared error"]);
        let of = |scores: Option<&Scores>| match scores {
            Some(Scores::Numbers(each)) => each.get(k).cloned(),
            _ => None,
        };
        let rows = [
            (report.head_name(), encrypted.get(k).cloned()),
            ("the same steps in simulation, with the encryption's arithmetic", of(Some(&report.simulate))),
            ("the same steps in plain, exact arithmetic", of(Some(&report.plain))),
            ("plain ridge regression, solved exactly", of(report.ridge_regression.as_ref())),
        ];
        for (training, m) in rows.into_iter().filter_map(|(training, m)| Some((training, m?))) {
            table.push([
                training.to_owned(),
                estimate(m.r2),
                figure_of(Some(m.mae)),
                figure_of(Some(m.rmse)),
            ]);
        }
        if report.labels.len() > 1 {
            blocks.push(Block::Heading(name.clone()));
        }
        blocks.push(Block::Table(table));
    }
    if let (Some(agreement), Some(error)) = (report.prediction_agreement, report.max_weight_error) {
        blocks.push(Block::Text(format!(
            "The encrypted head and the same training in plain arithmetic give {} for {:.1} % of the test samples. Encryption adds a little \
             noise to each operation; weights differ by {} of the largest weight.",
            the_same(&report.vocabulary),
            100.0 * agreement,
            at_most(error),
        )));
    }
    if let Some(expected) = &report.expected_errors {
        blocks.push(Block::Text(format!(
            "What the training samples let expect of new ones: {}.",
            describe::expected_errors(expected).replace("R2", "R\u{b2}")
        )));
    }
    Section { title: "Result".into(), blocks }
}

/// The plots of a run: predicted against true numbers, and the learning curve.
pub(super) fn figures(report: &Report, encrypted: &[Regression]) -> Section {
    let plain = match &report.plain {
        Scores::Numbers(plain) => Some(&plain[..]),
        _ => None,
    };
    let mut figures = plotted(&report.labels, encrypted, plain);
    figures.extend((report.iterations > 1).then(|| learning(report)));
    Section { title: "Curves".into(), blocks: vec![Block::Text(PLOTS.into()), Block::Figures(figures)] }
}

/// Predicted against true numbers, for the first few of them.
pub(super) fn plotted(names: &[String], head: &[Regression], plain: Option<&[Regression]>) -> Vec<Figure> {
    let of = |(k, (name, m)): (usize, (&String, &Regression))| {
        predicted(k, name, m, plain.and_then(|plain| plain.get(k)))
    };
    names.iter().zip(head).take(MOST_PLOTS).enumerate().map(of).collect()
}

fn predicted(k: usize, name: &str, head: &Regression, plain: Option<&Regression>) -> Figure {
    let points =
        |m: &Regression| m.bins.iter().map(|bin| (bin.predicted, bin.observed.value)).collect::<Vec<_>>();
    let all = points(head).into_iter().flat_map(|(a, b)| [a, b]);
    let (low, high) =
        all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let mut lines = Vec::new();
    if low < high {
        lines.push(series("ideal", Colour::Grey, vec![(low, low), (high, high)], Look::Thin));
    }
    if let Some(plain) = plain {
        lines.push(series("plain training", Colour::Blue, points(plain), Look::Marked));
    }
    let called = if plain.is_some() { "encrypted head" } else { "head" };
    lines.push(Series {
        intervals: head.bins.iter().map(|bin| [bin.observed.low, bin.observed.high]).collect(),
        ..series(called, Colour::Orange, points(head), Look::Marked)
    });
    let title = format!("Predicted and true: {name}");
    let labels = Labels { title: &title, x: "mean prediction", y: "mean true number" };
    figure(
        &format!("predicted-{k}"),
        "True numbers of samples of similar prediction, with 95 % intervals of their mean; on the diagonal predictions are right on the \
         whole.",
        plots::lines(&labels, &lines),
    )
}

fn learning(report: &Report) -> Figure {
    let curve = report.learning_curve.iter().filter_map(|point| Some((point.iteration as f64, point.r2?)));
    let mut all =
        vec![series("plain training, test samples", Colour::Blue, thinned(curve.collect()), Look::Marked)];
    if let Scores::Numbers(each) = &report.encrypted {
        let r2: Vec<f64> = each.iter().filter_map(|m| m.r2).map(|r2| r2.value).collect();
        if !r2.is_empty() {
            let mean = r2.iter().sum::<f64>() / r2.len() as f64;
            let end = vec![(report.iterations as f64, mean)];
            all.push(series(
                &format!("{}, test samples", report.head_name()),
                Colour::Orange,
                end,
                Look::Points,
            ));
        }
    }
    let labels = Labels { title: "Learning curve", x: "iteration", y: "R\u{b2}" };
    figure(
        "learning",
        "R\u{b2} after each iteration, the mean of several numbers; higher is better. The encrypted training can be seen at its end only.",
        plots::lines(&labels, &all),
    )
}
