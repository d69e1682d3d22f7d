//! `helr`: encrypted training on HELR's task (Han, Song, Cheon, Park, AAAI 2019): MNIST 3 against 8, images reduced to 14 x 14.

use std::path::PathBuf;

use anyhow::Context;
use ckks::Pace;
use fhe_head::engine::Operation;
use fhe_head::{BuiltIn, Degree, Fit, Logistic, Optimizer, Plan, Request, Samples, Scheme, Sigmoid};
use head_fit::{Classifier, FeatureMap, Kind, Preprocessing, Training};
use ndarray::Array1;
use serde::Serialize;

use crate::accuracy::recipes::{self, Prepared};
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
        Recipe::Best => recipes::prepare(&split, 2, &Classifier::default())?,
        Recipe::Helr => as_helr(&split)?,
    };
    let training = &prepared.training;
    let (plan, parameters) = (&training.plan, training.scheme.parameters());
    let mut runs = (0..arguments.options.repeat.max(1))
        .map(|_| encrypted::train(training, false))
        .collect::<anyhow::Result<Vec<_>>>()?;
    runs.sort_by(|a, b| a.seconds.train.total_cmp(&b.seconds.train));
    let peak = peak_rss_bytes();
    let metrics = |weights: &[Array1<f64>]| -> anyhow::Result<_> {
        Ok(recipes::predict(&training.model(weights)?, &split.test.x.view())?.metrics(&split.test.y))
    };
    let median = &runs[runs.len() / 2];
    let encrypted = metrics(median.weights.last().context("no iteration")?)?;
    let plain = metrics(&training.train_plain()?)?;
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
        prepare_s: prepared.seconds,
        estimated_s: plan.seconds(parameters, &Pace::of_this_machine()?)?,
        iterations: plan.job.iterations(),
        bootstraps: plan.counts.of(Operation::Refresh),
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
    let (x, y) = (split.train.x.view(), recipes::labels(&split.train));
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
    let scheme = Scheme::by_name(PRESET)?;
    let plan = Plan::new(&scheme, &request)?;
    let options = Classifier {
        preprocessing: Some(Preprocessing::Center),
        optimizer: Some(Optimizer::NesterovSchedule),
        learning_rate: Some(RATE),
        max_iter: Some(ITERATIONS),
        batch_size: Some(BATCH),
        interval: Some(HALF_WIDTH),
        ..Classifier::new(Kind::Logistic {
            degree: Some(Degree::Five),
            fit: Some(Fit::Concentrated { std: STD }),
        })
    };
    let training = Training::new(scheme, options, map, samples, plan);
    Ok(Prepared { training, seconds: watch.lap() })
}

/// Largest grey value in the table.
const GREYS: f64 = 7.0;

/// Scales pixels to values between 0 and 1.
fn scaled(mut split: Split) -> Split {
    split.train.x /= GREYS;
    split.test.x /= GREYS;
    split
}
