//! `accuracy`: trains on all data sets, with all heads and seeds, in every arithmetic.

mod arithmetics;
pub(crate) mod measures;
pub(crate) mod recipes;
mod statistics;
pub(crate) mod training;

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};

use crate::data::{self, Embedder, Entry, Limit, Manifest, Place};
use crate::measure::{Threads, reset_peak_rss};
use crate::records::{Label, store};
use measures::{Measures, Predictions};
pub(crate) use recipes::Head;
use statistics::{Intervals, Paired};
use training::{ByArithmetic, Facts, Iteration, Trained};

/// Arguments of `accuracy`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Small parts of the data sets, one seed, one fold: takes minutes
    #[arg(long)]
    quick: bool,
    /// Folder of third-party data sets; default: the environment variable HEAD_BENCH_DATA
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the text encoder; default: models/all-MiniLM-L6-v2, which `cargo xtask fetch-model` fetches
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Folder where embeddings are kept between runs; default: target/head-bench
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Data sets, as `head-bench data` lists them; default: all
    #[arg(long, value_name = "NAME", num_args = 1..)]
    sets: Vec<String>,
    /// Heads; default: all that suit the data set. A quick run leaves out the hidden layer, which bootstraps for minutes
    #[arg(long, value_enum, value_name = "HEAD", num_args = 1..)]
    heads: Vec<Head>,
    /// Number of seeds, which count from 0; default: 3, or 1 in a quick run
    #[arg(long)]
    seeds: Option<u64>,
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// The heads to train on a data set.
fn heads_of(arguments: &Arguments, entry: &Entry, classes: usize) -> Vec<Head> {
    let linear = if classes == 2 { vec![Head::Logistic] } else { vec![Head::OneVsRest, Head::Softmax] };
    let hidden = entry.hidden && (!arguments.quick || arguments.heads.contains(&Head::Mlp));
    let suits = linear.into_iter().chain(hidden.then_some(Head::Mlp));
    suits.filter(|head| arguments.heads.is_empty() || arguments.heads.contains(head)).collect()
}

/// Rows that a quick run uses.
const QUICK: Limit = Limit { train: 400, test: 200 };
/// Number of seeds by default.
const SEEDS: u64 = 3;

/// A training: one data set, one head, one seed.
#[derive(Serialize)]
struct Cell<'a> {
    dataset: &'a str,
    title: &'a str,
    source: &'a str,
    licence: &'a str,
    head: &'static str,
    seed: u64,
    quick: bool,
    samples: usize,
    test_samples: usize,
    features: usize,
    classes: &'a [String],
    /// Number of folds, whose test samples are measured together. Costs are those of the first fold.
    folds: usize,
    #[serde(flatten)]
    facts: Facts,
    measures: ByArithmetic<Measures>,
    intervals: ByArithmetic<Intervals>,
    /// The encrypted head compared with the plain twin.
    against_plain: Paired,
    /// The encrypted head compared with converged logistic regression.
    against_converged: Option<Paired>,
    curve: Vec<Iteration>,
}

/// Trains, prints and records. Missing data sets are skipped.
///
/// # Errors
/// A data set cannot be trained on, or a record cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.threads.install(|threads| matrix(arguments, threads))?
}

fn matrix(arguments: &Arguments, threads: usize) -> anyhow::Result<()> {
    let manifest = Manifest::read()?;
    for name in &arguments.sets {
        manifest.entry(name)?;
    }
    let place = Place::new(arguments.data.clone(), arguments.quick.then_some(QUICK));
    let model = arguments.model.clone().unwrap_or_else(data::default_model);
    let cache = arguments.cache.clone().unwrap_or_else(data::default_cache);
    let mut embedder = Embedder::new(model, cache);
    let seeds = arguments.seeds.unwrap_or(if arguments.quick { 1 } else { SEEDS });
    let (mut skipped, mut differences) = (Vec::new(), Vec::new());
    for entry in &manifest.dataset {
        if !(arguments.sets.is_empty() || arguments.sets.contains(&entry.name)) {
            continue;
        }
        let dataset = match place.find(entry, &mut embedder)? {
            Ok(dataset) => dataset,
            Err(reason) => {
                println!("{:<18} skipped: {reason}", entry.name);
                skipped.push(json!({ "dataset": entry.name, "reason": "not found" }));
                continue;
            }
        };
        for head in heads_of(arguments, entry, dataset.classes.len()) {
            let mut converged = None;
            for seed in 0..seeds {
                let mut splits = dataset.splits(seed);
                if arguments.quick {
                    splits.truncate(1);
                }
                if head == Head::Mlp {
                    for split in &mut splits {
                        split.train.thin(recipes::HIDDEN_SAMPLES);
                    }
                }
                let task = Task { entry, classes: &dataset.classes, head, seed };
                let cell = cell(arguments, task, &splits, &mut converged)?;
                println!("{}", line(&cell));
                differences.push(difference(&cell));
                let name = format!("accuracy-{}-{}-{seed}", entry.name, cell.head);
                store(&arguments.out, Label { name: &name, kind: "accuracy", threads }, &cell)?;
            }
        }
    }
    let summary = summary(&differences, &skipped, &embedder, arguments.quick);
    if let Some(text) = summary["text"].as_str() {
        println!("{text}");
    }
    store(&arguments.out, Label { name: "accuracy", kind: "accuracy-summary", threads }, &summary)
}

/// What to train.
#[derive(Clone, Copy)]
struct Task<'a> {
    entry: &'a Entry,
    classes: &'a [String],
    head: Head,
    seed: u64,
}

fn cell<'a>(
    arguments: &Arguments,
    task: Task<'a>,
    splits: &[data::Split],
    converged: &mut Option<Predictions>,
) -> anyhow::Result<Cell<'a>> {
    let Task { entry, classes, head, seed } = task;
    // a published split is the same for every seed, and so is converged logistic regression on it
    if splits.len() > 1 {
        *converged = None;
    }
    let mut trained = Vec::with_capacity(splits.len());
    for split in splits {
        let known = converged.take();
        let one = train(split, head, classes.len(), seed, known)
            .with_context(|| format!("{}, {}, seed {seed}", entry.name, head.name()))?;
        converged.clone_from(&one.predictions.converged);
        trained.push(one);
        if splits.len() > 1 {
            *converged = None;
        }
    }
    let y: Vec<usize> = splits.iter().flat_map(|split| split.test.y.clone()).collect();
    let parts: Vec<&ByArithmetic<Predictions>> = trained.iter().map(|trained| &trained.predictions).collect();
    let joined =
        ByArithmetic::join(&parts, |all| Predictions::join(&all.into_iter().cloned().collect::<Vec<_>>()));
    let predictions = ByArithmetic {
        converged: joined.converged.transpose()?,
        plain: joined.plain?,
        polynomial: joined.polynomial?,
        simulate: joined.simulate?,
        encrypted: joined.encrypted?,
    };
    let guesses = ByArithmetic::join(&[&predictions], |all| all[0].classes());
    let first = trained.into_iter().next().context("no split")?;
    Ok(Cell {
        dataset: &entry.name,
        title: &entry.title,
        source: &entry.source,
        licence: &entry.licence,
        head: head.name(),
        seed,
        quick: arguments.quick,
        samples: splits[0].train.len(),
        test_samples: y.len(),
        features: splits[0].train.x.ncols(),
        classes,
        folds: splits.len(),
        facts: first.facts,
        measures: ByArithmetic::join(&[&predictions], |all| all[0].measures(&y)),
        intervals: ByArithmetic::join(&[&predictions], |all| statistics::intervals(&y, all[0], seed)),
        against_plain: statistics::paired(&y, &guesses.plain, &guesses.encrypted, seed),
        against_converged: guesses
            .converged
            .as_ref()
            .map(|converged| statistics::paired(&y, converged, &guesses.encrypted, seed)),
        curve: first.curve,
    })
}

/// Trains a head in every arithmetic. `converged` are the predictions of converged logistic regression, if known.
///
/// # Errors
/// The data cannot be trained on, or the training leaves the interval of its sigmoid.
pub(crate) fn train(
    split: &data::Split,
    head: Head,
    classes: usize,
    seed: u64,
    converged: Option<Predictions>,
) -> anyhow::Result<Trained> {
    let converged = converged.or_else(|| recipes::converged_predictions(split, classes));
    reset_peak_rss();
    let prepared = recipes::prepare(split, classes, &recipes::options(head, seed))?;
    arithmetics::train(split, &prepared, converged)
}

/// Accuracy of the encrypted head minus that of the plain twin, in percentage points.
fn difference(cell: &Cell<'_>) -> f64 {
    100.0 * cell.against_plain.difference
}

fn line(cell: &Cell<'_>) -> String {
    let accuracies: Vec<String> = cell
        .measures
        .iter()
        .map(|(name, measures)| format!("{name} {:.4}", measures.metrics.accuracy))
        .collect();
    format!(
        "{:<18} {:<11} seed {}  {}  |encrypted - plain| {:.2} points, McNemar p {:.2}, training {:.2} s",
        cell.dataset,
        cell.head,
        cell.seed,
        accuracies.join("  "),
        difference(cell).abs(),
        cell.against_plain.mcnemar_p,
        cell.facts.seconds.train,
    )
}

fn summary(differences: &[f64], skipped: &[Value], embedder: &Embedder, quick: bool) -> Value {
    let absolute = || differences.iter().map(|points| points.abs());
    let mean = absolute().sum::<f64>() / differences.len().max(1) as f64;
    let worst = absolute().fold(0.0, f64::max);
    let text = format!(
        "{} trainings: |encrypted - plain| accuracy {mean:.3} points on average, {worst:.3} at most; {} sets skipped",
        differences.len(),
        skipped.len()
    );
    json!({
        "quick": quick,
        "trainings": differences.len(),
        "mean_difference_points": mean,
        "worst_difference_points": worst,
        "skipped": skipped,
        "texts_embedded": embedder.embedded,
        "texts_from_cache": embedder.cached,
        "embedding_s": embedder.seconds,
        "text": text,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::data::Samples;
    use crate::random::Random;
    use measures::accuracy;
    use ndarray::Array2;

    /// A small encrypted training.
    #[test]
    fn every_arithmetic_agrees_on_a_small_problem() {
        let mut random = Random::new(5);
        let mut part = |n: usize| {
            let x = Array2::from_shape_simple_fn((n, 3), || random.normal());
            let y = x.rows().into_iter().map(|row| usize::from(row.sum() > 0.3)).collect();
            Samples { x, y }
        };
        let split = data::Split { train: part(200), test: part(100) };
        let trained = train(&split, Head::Logistic, 2, 0, None).unwrap();
        let right = |p: &Predictions| accuracy(&split.test.y, &p.classes());
        let encrypted = right(&trained.predictions.encrypted);
        assert!(encrypted > 0.85, "{encrypted}");
        assert!((encrypted - right(&trained.predictions.plain)).abs() <= 0.03);
        let error = trained.facts.max_weight_error_simulate;
        assert!(error < 1e-2, "{error}");
        assert_eq!(trained.curve.len(), trained.facts.iterations);
        assert_eq!(trained.curve.last().unwrap().encrypted, encrypted);
        assert_eq!(trained.facts.security_bits, 128);
    }
}
