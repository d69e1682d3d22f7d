//! Measures and plots of a regression. No point shows a single record.

use head_fit::measures::Regression;
use pages::plots::{Axes, Chart, Colour, Labels, Look, Series};
use pages::{Block, Figure, Section, Table};

use super::figures::{Drawing, LEAST_SPAN, drawing, drawn, series, thinned};
use super::result::{self, at_most};
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
            (result::head_in_table(report), encrypted.get(k).cloned()),
            (result::SIMULATED.to_owned(), of(Some(&report.simulate))),
            (result::PLAIN.to_owned(), of(result::plain_beside(report))),
            ("plain ridge regression, solved exactly".to_owned(), of(report.ridge_regression.as_ref())),
        ];
        for (training, m) in rows.into_iter().filter_map(|(training, m)| Some((training, m?))) {
            table.push([training, estimate(m.r2), figure_of(Some(m.mae)), figure_of(Some(m.rmse))]);
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
    let plain = match result::plain_beside(report) {
        Some(Scores::Numbers(plain)) => Some(&plain[..]),
        _ => None,
    };
    let titles = titles(&report.labels);
    let mut drawings = plotted(&titles, encrypted, plain, report.head_name());
    drawings.extend((report.iterations > 1).then(|| learning(report)));
    let blocks = vec![Block::Text(PLOTS.into()), Block::Figures(drawn(drawings))];
    Section { title: "Curves".into(), blocks }
}

/// The plots of a head without a twin beside it.
pub(super) fn figures_of_head(names: &[String], head: &[Regression]) -> Vec<Figure> {
    drawn(plotted(&titles(names), head, None, "head"))
}

fn titles(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("Predicted and true: {name}")).collect()
}

/// Predicted against true numbers, for the first few of them.
fn plotted<'a>(
    titles: &'a [String],
    head: &[Regression],
    plain: Option<&[Regression]>,
    called: &str,
) -> Vec<Drawing<'a>> {
    let of = |(k, (title, m)): (usize, (&'a String, &Regression))| {
        predicted(k, title, (m, plain.and_then(|plain| plain.get(k))), called)
    };
    titles.iter().zip(head).take(MOST_PLOTS).enumerate().map(of).collect()
}

fn predicted<'a>(
    k: usize,
    title: &'a str,
    (head, plain): (&Regression, Option<&Regression>),
    called: &str,
) -> Drawing<'a> {
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
    let look = if plain.is_some() { Look::Marked } else { Look::EqualMarked };
    lines.push(Series {
        intervals: head.bins.iter().map(|bin| [bin.observed.low, bin.observed.high]).collect(),
        ..series(called, Colour::Orange, points(head), look)
    });
    let labels = Labels { title, x: "mean prediction", y: "mean true number" };
    drawing(
        &format!("predicted-{k}"),
        "True numbers of samples of similar prediction, with 95 % intervals of their mean; on the diagonal predictions are right on the \
         whole.",
        Chart { labels, series: lines, axes: Axes::Iterations { least_span: 0.0 } },
    )
}

fn learning<'a>(report: &Report) -> Drawing<'a> {
    let curve = report.learning_curve.iter().filter_map(|point| Some((point.iteration as f64, point.r2?)));
    let mut all = vec![series(
        "plain training, test samples",
        Colour::Blue,
        thinned(curve.collect()),
        Look::EqualMarked,
    )];
    if let Scores::Numbers(each) = &report.encrypted {
        let r2: Vec<f64> = each.iter().filter_map(|m| m.r2).map(|r2| r2.value).collect();
        if !r2.is_empty() && result::plain_beside(report).is_some() {
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
    drawing(
        "learning",
        "R\u{b2} after each iteration, the mean of several numbers; higher is better. The encrypted training can be seen at its end only.",
        Chart { labels, series: all, axes: Axes::Iterations { least_span: LEAST_SPAN } },
    )
}
