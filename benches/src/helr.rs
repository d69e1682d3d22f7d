//! `helr`: encrypted training on HELR's task (Han, Song, Cheon, Park, AAAI 2019): MNIST 3 against 8, images reduced to 14 x 14.

use std::path::PathBuf;

use anyhow::Context;
use fhe_head::ckks::presets;
use fhe_head::engine::trace::Operation;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::model::Head;
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh::contract;
use fhe_head::samples::Samples;
use fhe_head::sigmoid::{Degree, Fit, Sigmoid};
use fhe_head::twins;
use ndarray::Array1;
use serde::Serialize;
use serde_json::json;

use crate::accuracy::logistic;
use crate::accuracy::measures::Predictions;
use crate::accuracy::prepared::{Prepared, against_rest};
use crate::data::{Embedder, Manifest, Place, Split, default_cache, default_model};
use crate::encrypted::{self, Stopwatch};
use crate::measure::{Options, peak_rss_bytes};

/// Arguments of `helr`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Folder of third-party data sets; default: the environment variable HEAD_BENCH_DATA
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How to train
    #[arg(long, value_enum, default_value_t = Recipe::Best)]
    recipe: Recipe,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Recipe {
    /// HELR's: Nesterov's method, mini-batches of 1024, 32 iterations, no whitening
    Helr,
    /// The library's choice: whitened features, few iterations
    Best,
}

#[derive(Serialize)]
struct Record {
    recipe: Recipe,
    preset: String,
    security_bits: u32,
    samples: usize,
    features: usize,
    batches: usize,
    threads: usize,
    /// Median time from ciphertexts and keys in memory to the encrypted head.
    train_s: f64,
    train_min_s: f64,
    /// Processor time, summed over all threads.
    train_cpu_s: f64,
    bootstrap_s: f64,
    keygen_s: f64,
    encrypt_s: f64,
    prepare_s: f64,
    estimated_s: f64,
    iterations: usize,
    bootstraps: usize,
    accuracy: f64,
    auroc: f64,
    /// Accuracy of the plain twin: the same iterations with exact functions.
    plain_accuracy: f64,
    plain_auroc: f64,
    upload_bytes: usize,
    key_bytes: usize,
    data_bytes: usize,
    peak_rss_bytes: Option<u64>,
}

/// Trains and prints the measurements.
///
/// # Errors
/// The data is missing, or the library refuses the work.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let record = arguments.options.install(|threads| record(arguments, threads))??;
    arguments.options.print(&record)
}

fn record(arguments: &Arguments, threads: usize) -> anyhow::Result<Record> {
    let split = mnist(arguments)?;
    let prepared = match arguments.recipe {
        Recipe::Best => logistic::prepare(&split, 0)?,
        Recipe::Helr => as_helr(&split)?,
    };
    let Prepared { map, samples, parameters, plan, .. } = &prepared;
    let mut runs = (0..arguments.options.repeat.max(1))
        .map(|_| encrypted::train(plan, samples, None, parameters, false))
        .collect::<anyhow::Result<Vec<_>>>()?;
    runs.sort_by(|a, b| a.seconds.train.total_cmp(&b.seconds.train));
    let peak = peak_rss_bytes();
    let measures = |weights: &[Array1<f64>]| -> anyhow::Result<_> {
        let weights = weights.first().context("no weights")?;
        let head = Head::from_weights(map, &weights.view())?;
        let probabilities = head.predict_proba(&split.test.x.view())?;
        Ok(Predictions::binary(&probabilities.to_vec()).measures(&split.test.y))
    };
    let median = &runs[runs.len() / 2];
    let encrypted = measures(median.weights.last().context("no iteration")?)?;
    let plain = measures(&twins::train_plain(plan, samples, None)?)?;
    Ok(Record {
        recipe: arguments.recipe,
        preset: parameters.name().to_owned(),
        security_bits: parameters.security_bits(),
        samples: split.train.len(),
        features: split.train.x.ncols(),
        batches: plan.job.packing().sizes().batches,
        threads,
        train_s: median.seconds.train,
        train_min_s: runs[0].seconds.train,
        train_cpu_s: median.seconds.train_cpu,
        bootstrap_s: median.seconds.bootstrap,
        keygen_s: median.seconds.keygen,
        encrypt_s: median.seconds.encrypt,
        prepare_s: prepared.preparing,
        estimated_s: plan.seconds,
        iterations: plan.job.iterations(),
        bootstraps: plan.count(Operation::Refresh),
        accuracy: encrypted.accuracy,
        auroc: encrypted.auroc,
        plain_accuracy: plain.accuracy,
        plain_auroc: plain.auroc,
        upload_bytes: plan.sizes.upload_bytes,
        key_bytes: plan.sizes.key_bytes,
        data_bytes: plan.sizes.data_bytes,
        peak_rss_bytes: peak,
    })
}

fn mnist(arguments: &Arguments) -> anyhow::Result<Split> {
    let manifest = Manifest::read()?;
    let entry = manifest.entry("mnist38")?;
    let mut embedder = Embedder::new(default_model(), default_cache());
    let place = Place::new(arguments.data.clone(), None);
    let found = place.find(entry, &mut embedder)?.map_err(anyhow::Error::msg)?;
    found.splits(0).into_iter().next().map(scaled).context("no split")
}

/// Prepares HELR's training: 32 iterations of Nesterov's method with its schedule of momenta, mini-batches of about 1024, centred
/// pixels, no whitening.
fn as_helr(split: &Split) -> anyhow::Result<Prepared> {
    const PRESET: &str = "n15-boot-l6";
    const ITERATIONS: usize = 32;
    const BATCH: usize = 1024;
    const RATE: f64 = 1.0;
    /// In rehearsals with different orders of the samples, the largest logit was 13.6, and their root mean square at most 4.5.
    const HALF_WIDTH: f64 = 16.0;
    const STD: f64 = 4.5;
    let mut watch = Stopwatch::default();
    let (x, y) = (split.train.x.view(), against_rest(&split.train.y, 1));
    let weight = Array1::ones(y.len());
    let map = FeatureMap::fit(&x, &weight.view(), Preprocessing::Center, x.ncols())?;
    let samples = Samples::new(&map.apply(&x)?.view(), &y.view(), &weight.view())?;
    let sigmoid = Sigmoid::new(Degree::Five, HALF_WIDTH, Fit::Concentrated { std: STD })?;
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        batches: y.len().div_ceil(BATCH),
        ..Request::new(
            BuiltIn::Logistic(Logistic::binary(sigmoid)),
            samples.len(),
            map.outputs(),
            vec![RATE; ITERATIONS],
        )
    };
    let parameters = presets::by_name(PRESET)?;
    let plan = Plan::new(&parameters, contract(&parameters).as_ref(), &request)?;
    let preparing = watch.lap();
    let method = json!({ "optimizer": Optimizer::NesterovSchedule, "learning_rate": RATE, "batch": BATCH });
    let (exact, polynomial) = (Vec::new(), Vec::new());
    Ok(Prepared { map, samples, parameters, plan, start: None, method, preparing, exact, polynomial })
}

/// Largest grey value in the table.
const GREYS: f64 = 7.0;

/// Scales pixels to values between 0 and 1.
fn scaled(mut split: Split) -> Split {
    split.train.x /= GREYS;
    split.test.x /= GREYS;
    split
}
