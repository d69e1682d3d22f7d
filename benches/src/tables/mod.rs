//! `tables`: the defaults on ordinary tables, beside scikit-learn's logistic regression on the same splits.

mod comparison;
mod folder;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use fhe_head::Functions::Polynomials;
use fhe_head::SoftmaxForm;
use fhe_head::engine::Operation;
use head_fit::{
    Classifier, Data, Kind, Metrics, Preprocessing, Training, encrypt_and_train, same_predictions,
};
use ndarray::{Array1, Axis};
use serde::Serialize;
use serde_json::{Value, json};

use crate::accuracy::recipes::predict;
use crate::measure::Threads;
use crate::records::{Label, store};
use comparison::{Comparison, Fold};
use folder::{Folder, Table};

/// Arguments of `tables`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Folder that benches/tables/fetch.py and scikit_learn.py wrote
    #[arg(default_value = "target/tables")]
    folder: PathBuf,
    /// Groups of tables; default: listed and made
    #[arg(long, value_name = "GROUP", num_args = 1.., default_values = ["listed", "made"])]
    groups: Vec<String>,
    /// Names of tables; default: all of the groups
    #[arg(long, value_name = "NAME", num_args = 1..)]
    names: Vec<String>,
    /// Repetitions of the cross-validation, of those that the folder has
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    repeats: usize,
    /// Train the first fold of each table on ciphertexts
    #[arg(long)]
    encrypt: bool,
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

/// A table: what it is, and how the defaults do on it.
#[derive(Serialize)]
struct Record<'a> {
    table: &'a str,
    group: &'a str,
    rows: usize,
    features: usize,
    classes: usize,
    /// The choice in the first fold.
    choice: Value,
    /// Share of samples of the first fold for which ciphertexts and simulation predict the same class.
    encrypted_agreement: Option<f64>,
    #[serde(flatten)]
    comparison: Comparison,
}

/// Measures, prints and records.
///
/// # Errors
/// The folder lacks a file, or a table cannot be trained on.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.threads.install(|threads| all(arguments, threads))?
}

fn all(arguments: &Arguments, threads: usize) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.folder)?;
    let wanted = |table: &&Table| match arguments.names.is_empty() {
        true => arguments.groups.contains(&table.group),
        false => arguments.names.contains(&table.name),
    };
    println!("{}", comparison::HEADING);
    let mut comparisons = Vec::new();
    for table in folder.tables.iter().filter(wanted) {
        let record = measure(&folder, table, arguments).with_context(|| format!("table {}", table.name))?;
        println!("{:<18}{}  {}", table.name, record.comparison, record.choice["text"].as_str().unwrap_or(""));
        if let Some(agreement) = record.encrypted_agreement {
            println!("{:<18}  on ciphertexts: {:.2} % equal predictions", "", 100.0 * agreement);
        }
        if let Some(out) = &arguments.out {
            let name = format!("tables-{}", table.name);
            store(out, Label { name: &name, kind: "tables", threads }, &record)?;
        }
        comparisons.push(record.comparison);
    }
    println!("{}", comparison::summary(&comparisons));
    Ok(())
}

fn measure<'a>(folder: &Folder, table: &'a Table, arguments: &Arguments) -> anyhow::Result<Record<'a>> {
    let (samples, splits) = (folder.samples(table)?, folder.splits(table)?);
    let reference = folder.reference(table)?;
    let (mut folds, mut choice, mut encrypted_agreement) = (Vec::new(), Value::Null, None);
    for (repeat, fold_of_row) in splits.iter().enumerate().take(arguments.repeats) {
        for fold in 0..=fold_of_row.iter().copied().max().unwrap_or(0) {
            let (test, train): (Vec<usize>, Vec<usize>) =
                (0..fold_of_row.len()).partition(|&row| fold_of_row[row] == fold);
            let part = |rows: &[usize]| (samples.x.select(Axis(0), rows), samples.y.select(Axis(0), rows));
            let ((x, y), (test_x, test_y)) = (part(&train), part(&test));
            let start = Instant::now();
            let data = Data::new(x.view(), y.view())?.with_classes(table.classes)?;
            let training = Classifier::default().prepare(&data, None)?;
            let seconds = start.elapsed().as_secs_f64();
            let probabilities = |weights: &[Array1<f64>]| {
                predict(&training.model(weights)?.with_functions(Polynomials), &test_x.view())
            };
            let simulated = probabilities(&training.train_simulated()?.weights)?;
            if folds.is_empty() {
                choice = chosen(&training);
                if arguments.encrypt {
                    let encrypted = probabilities(&encrypt_and_train(&training)?)?;
                    let [a, b] = [&simulated, &encrypted].map(|twin| twin.probabilities.view());
                    encrypted_agreement = Some(same_predictions(&a, &b));
                }
            }
            let Metrics { accuracy, log_loss, macro_f1, .. } =
                Metrics::of_classes(&test_y.to_vec(), &simulated.probabilities.view());
            let reference = reference.get(&(repeat, fold)).with_context(|| {
                format!("scikit-learn's result of repeat {repeat}, fold {fold} is missing")
            })?;
            folds.push(Fold { ours: [accuracy, log_loss, macro_f1], reference: *reference, seconds });
        }
    }
    Ok(Record {
        table: &table.name,
        group: &table.group,
        rows: table.rows,
        features: table.features,
        classes: table.classes,
        choice,
        encrypted_agreement,
        comparison: Comparison::of(&folds),
    })
}

/// What was chosen, in words and as JSON.
fn chosen(training: &Training) -> Value {
    let options = &training.options;
    let map = match options.preprocessing {
        Some(Preprocessing::Whiten { ridge, .. }) => format!("whiten {ridge}"),
        Some(Preprocessing::WhitenWithin { ridge }) => format!("whiten within {ridge}"),
        Some(Preprocessing::Standardize) => "standardize".into(),
        Some(Preprocessing::Given) => "given".into(),
        _ => "center".into(),
    };
    let head = match options.kind {
        Kind::Softmax { form: Some(SoftmaxForm::InARow) } => "softmax in a row",
        Kind::Softmax { .. } => "softmax",
        _ => "logistic",
    };
    let text = format!(
        "{head}, {map}, {} iterations at {:.2}, on {:.0}, temperature {:.2}, {}, {} bootstraps",
        training.plan.job.iterations(),
        options.learning_rate.unwrap_or(f64::NAN),
        options.interval.unwrap_or(f64::NAN),
        options.calibrator.as_ref().map_or(1.0, |calibrator| calibrator.temperature),
        training.scheme.name(),
        training.plan.counts.of(Operation::Refresh)
    );
    json!({ "text": text, "options": options, "expected": training.expected, "preset": training.scheme.name() })
}
