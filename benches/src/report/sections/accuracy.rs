//! Accuracy of encrypted and plain training: tables, intervals, learning curves, calibration.

use pages::plots::{self, Colour, Key, Labels, Look, Mark, Scale, Series};
use pages::{Block, Figure, Matrix, Section, Table};
use serde_json::Value;

use super::overview::commands;
use crate::records::{Records, distinct, list, number, text};
use crate::units::share;

/// The trainings on one data set with one head.
struct Group<'a> {
    title: String,
    /// One record for each seed.
    cells: Vec<&'a Value>,
}

impl Group<'_> {
    /// Mean over the seeds.
    fn mean(&self, path: &str) -> f64 {
        self.cells.iter().map(|cell| number(cell, path)).sum::<f64>() / self.cells.len() as f64
    }

    /// Accuracy of the encrypted head minus that of the plain twin for each seed, in percentage points.
    fn differences(&self) -> Vec<f64> {
        self.cells.iter().map(|cell| 100.0 * number(cell, "/against_plain/difference")).collect()
    }
}

fn groups(records: &Records) -> Vec<Group<'_>> {
    let cells = records.of("accuracy");
    let key = |cell: &Value| format!("{}\n{}", text(cell, "/dataset"), text(cell, "/head"));
    let heads = distinct(cells.iter().map(|cell| text(cell, "/head").to_owned())).len();
    distinct(cells.iter().map(|cell| key(cell)))
        .into_iter()
        .map(|wanted| {
            let cells: Vec<&Value> = cells.iter().copied().filter(|cell| key(cell) == wanted).collect();
            let (name, head) = (text(cells[0], "/dataset"), text(cells[0], "/head"));
            let title = if heads > 1 { format!("{name}, {head}") } else { name.to_owned() };
            Group { title, cells }
        })
        .collect()
}

/// Tables of measures, and plots of accuracies and differences.
pub(in crate::report) fn section(records: &Records) -> anyhow::Result<Option<Section>> {
    let groups = groups(records);
    if groups.is_empty() {
        return Ok(None);
    }
    let mut table = Table::new(&[
        "data set",
        "train / test",
        "features",
        "classes",
        "converged",
        "plain",
        "polynomial",
        "simulated",
        "encrypted",
        "95 % interval",
        "difference, points",
        "smallest McNemar p",
        "equal predictions",
    ]);
    for group in &groups {
        let cell = group.cells[0];
        let bounds = list(cell, "/intervals/encrypted/accuracy");
        let bound = |at: usize| bounds.get(at).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let accuracy = |of: &str| share(group.mean(&format!("/measures/{of}/accuracy")));
        let differences: Vec<String> =
            group.differences().iter().map(|points| format!("{points:+.2}")).collect();
        let least = group.cells.iter().map(|cell| number(cell, "/against_plain/mcnemar_p"));
        table.rows.push(vec![
            group.title.clone(),
            format!("{} / {}", cell["samples"], cell["test_samples"]),
            cell["features"].to_string(),
            list(cell, "/classes").len().to_string(),
            accuracy("converged"),
            accuracy("plain"),
            accuracy("polynomial"),
            accuracy("simulate"),
            accuracy("encrypted"),
            format!("{} \u{2013} {}", share(bound(0)), share(bound(1))),
            differences.join(" "),
            format!("{:.2}", least.fold(1.0, f64::min)),
            format!("{:.2} %", 100.0 * group.mean("/against_plain/agreement")),
        ]);
    }
    let mut measures = Table::new(&[
        "data set",
        "macro-F1",
        "AUROC",
        "AUPRC",
        "Brier",
        "log loss",
        "calibration error",
        "iterations",
        "bootstraps",
        "weight error",
    ]);
    for group in &groups {
        let pair = |name: &str| {
            let of = |head: &str| group.mean(&format!("/measures/{head}/{name}"));
            format!("{:.4} / {:.4}", of("plain"), of("encrypted"))
        };
        measures.rows.push(vec![
            group.title.clone(),
            pair("macro_f1"),
            pair("auroc"),
            pair("auprc"),
            pair("brier"),
            pair("log_loss"),
            pair("ece"),
            distinct(group.cells.iter().map(|cell| cell["iterations"].to_string())).join(", "),
            distinct(group.cells.iter().map(|cell| cell["bootstraps"].to_string())).join(", "),
            format!("{:.1e}", group.mean("/max_weight_error_simulate")),
        ]);
    }
    let blocks = vec![
        Block::Text(
            "Converged is logistic regression trained to convergence (C = 1, standardised features). Plain is the same \
             training as the encrypted one, iteration by iteration, with exact functions. Polynomial replaces the functions \
             by polynomials. Simulated adds estimated levels, scales and noise. Encrypted runs on ciphertexts. Accuracies are means \
             over the seeds. The interval is a bootstrap over the test samples of the first seed. Differences are \
             encrypted minus plain, for each seed; McNemar's exact test compares the two on the same samples. A \
             set without a test part is tested in folds, so that every sample is tested once for each seed."
                .into(),
        ),
        Block::Table(table),
        Block::Figures(vec![intervals(&groups), differences(&groups)]),
        Block::Text(
            "Further measures, plain / encrypted. The weight error is the largest difference between a weight and that of the simulated twin, \
             in units of the largest weight: the effect of encryption itself."
                .into(),
        ),
        Block::Table(measures),
        Block::Command(commands(&records.of("accuracy"))),
    ];
    Ok(Some(Section { title: "Accuracy: encrypted against plain".into(), blocks }))
}

fn intervals(groups: &[Group<'_>]) -> Figure {
    let heads = [("plain", Colour::Blue, -0.16), ("encrypted", Colour::Orange, 0.16)];
    let mut marks = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        for (name, colour, offset) in heads {
            let bounds = list(group.cells[0], &format!("/intervals/{name}/accuracy"));
            let bound = |at: usize| bounds.get(at).and_then(Value::as_f64).unwrap_or(f64::NAN);
            let value = number(group.cells[0], &format!("/measures/{name}/accuracy"));
            marks.push(Mark { row, offset, value, interval: Some([bound(0), bound(1)]), colour });
        }
    }
    let rows: Vec<String> = groups.iter().map(|group| group.title.clone()).collect();
    let legend = heads.map(|(name, colour, _)| Key { name, colour });
    let labels =
        Labels { title: "Accuracy on test samples, first seed, 95 % intervals", x: "accuracy", y: "" };
    Figure {
        name: "accuracy".into(),
        caption: "Accuracy of plain and encrypted training with bootstrap intervals.".into(),
        plot: plots::categories(&labels, &rows, &marks, &legend, &[], Scale::Linear),
    }
}

fn differences(groups: &[Group<'_>]) -> Figure {
    let mut marks = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        let all = group.differences();
        for (seed, &value) in all.iter().enumerate() {
            let offset = 0.2 * (seed as f64 - (all.len() - 1) as f64 / 2.0);
            marks.push(Mark { row, offset, value, interval: None, colour: Colour::Orange });
        }
    }
    let rows: Vec<String> = groups.iter().map(|group| group.title.clone()).collect();
    let labels = Labels {
        title: "Encrypted minus plain accuracy for each seed",
        x: "points of accuracy; shaded: 0.3 and 0.7 points",
        y: "",
    };
    Figure {
        name: "differences".into(),
        caption: "Difference in accuracy for each seed.".into(),
        plot: plots::categories(
            &labels,
            &rows,
            &marks,
            &[Key { name: "a seed", colour: Colour::Orange }],
            &[0.3, 0.7],
            Scale::Linear,
        ),
    }
}

/// Accuracy after each iteration.
pub(in crate::report) fn curves(records: &Records) -> anyhow::Result<Option<Section>> {
    let mut figures = Vec::new();
    for group in groups(records) {
        let curve = list(group.cells[0], "/curve");
        if curve.len() < 2 {
            continue;
        }
        let series = |name: &str, colour| Series {
            name: name.into(),
            colour,
            points: curve
                .iter()
                .map(|point| (number(point, "/iteration"), number(point, &format!("/{name}"))))
                .collect(),
            intervals: Vec::new(),
            look: Look::Marked,
        };
        let labels = Labels { title: &group.title, x: "iteration", y: "test accuracy" };
        let all = [
            series("plain", Colour::Blue),
            series("polynomial", Colour::Green),
            series("encrypted", Colour::Orange),
        ];
        figures.push(Figure {
            name: format!("curve-{}", group.title.replace([' ', ','], "-")),
            caption: format!("Test accuracy on {} after each iteration.", group.title),
            plot: plots::lines(&labels, &all),
        });
    }
    let blocks = vec![
        Block::Text(
            "Test accuracy after each iteration, first seed, first fold. Cross-validation on plain data chooses the number of iterations \
             before anything is encrypted."
                .into(),
        ),
        Block::Figures(figures),
    ];
    let some = !records.of("accuracy").is_empty();
    Ok(some.then_some(Section { title: "Learning curves".into(), blocks }))
}

/// Calibration curves, and confusion matrices of the encrypted heads.
pub(in crate::report) fn calibration(records: &Records) -> anyhow::Result<Option<Section>> {
    let groups = groups(records);
    if groups.is_empty() {
        return Ok(None);
    }
    let mut figures = Vec::new();
    for group in &groups {
        let series = |name: &str, colour| {
            let bins = list(group.cells[0], &format!("/measures/{name}/calibration")).iter();
            let points = bins.filter(|bin| number(bin, "/samples") >= 10.0);
            let points = points.map(|bin| (number(bin, "/confidence"), number(bin, "/accuracy"))).collect();
            Series { name: name.into(), colour, points, intervals: Vec::new(), look: Look::Marked }
        };
        let ideal = Series {
            name: "calibrated".into(),
            colour: Colour::Grey,
            points: vec![(0.3, 0.3), (1.0, 1.0)],
            intervals: Vec::new(),
            look: Look::Thin,
        };
        let labels = Labels { title: &group.title, x: "confidence", y: "accuracy" };
        figures.push(Figure {
            name: format!("calibration-{}", group.title.replace([' ', ','], "-")),
            caption: format!("Calibration on {}.", group.title),
            plot: plots::square(
                &labels,
                &[ideal, series("plain", Colour::Blue), series("encrypted", Colour::Orange)],
                0.3..1.0,
            ),
        });
    }
    let mut blocks = vec![
        Block::Text(
            "How often the predicted class is right at a given confidence, in bins of width 0.1 with ten samples or more. A \
             training of few iterations leaves small weights: such heads are underconfident."
                .into(),
        ),
        Block::Figures(figures),
        Block::Text("Confusion matrices of the encrypted heads, first seed; rows are true classes.".into()),
    ];
    for group in &groups {
        let classes: Vec<&str> = list(group.cells[0], "/classes").iter().filter_map(Value::as_str).collect();
        let counts = list(group.cells[0], "/measures/encrypted/confusion");
        let row =
            |row: &Value| list(row, "").iter().map(|count| count.as_u64().unwrap_or_default()).collect();
        blocks.push(Block::Matrix(Matrix {
            caption: group.title.clone(),
            classes: classes.into_iter().map(str::to_owned).collect(),
            counts: counts.iter().map(row).collect(),
        }));
    }
    Ok(Some(Section { title: "Calibration and confusion".into(), blocks }))
}
