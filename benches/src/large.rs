//! `scale --samples N --features P`: a training whose encrypted samples stay on the disk, on synthetic data of that shape.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use fhe_head::ckks::{SecretKey, presets};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::files::{self, DataOnDisk, Origin};
use fhe_head::{Blocks, Degree, Fit, Logistic, Plan, Request, Samples, Scheme, Sigmoid, server};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use serde_json::{Value, json};

use crate::encrypted::Stopwatch;
use crate::measure::{cpu_seconds, peak_rss_bytes};
use crate::random::Random;

const PRESET: &str = "n15-l18";
/// What the estimator chooses for such data: two iterations at this rate, a sigmoid of degree 3 on this interval.
const RATES: [f64; 2] = [2.0; 2];
const HALF_WIDTH: f64 = 3.0;
/// Samples on which the head is measured.
const TESTED: usize = 10_000;
const GIB: f64 = (1u64 << 30) as f64;

/// A training to measure.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Large {
    /// Measure one training of so many samples instead, from a file on the disk
    #[arg(long, requires = "features")]
    pub(crate) samples: Option<usize>,
    /// Features of these samples, without the constant one
    #[arg(long, requires = "samples")]
    pub(crate) features: Option<usize>,
    /// GiB of blocks that are kept in memory once they were read; the others are read in each iteration
    #[arg(long, default_value_t = 0.0, requires = "samples")]
    keep: f64,
    /// Read all blocks before the clock starts
    #[arg(long, requires = "samples", conflicts_with = "keep")]
    in_memory: bool,
    /// Print a JSON object
    #[arg(long, requires = "samples")]
    pub(crate) json: bool,
}

/// Measures it. The encrypted samples are in `folder` meanwhile.
///
/// # Errors
/// The library refuses the work; a failed write.
pub(crate) fn measure(
    large: &Large,
    [samples, features]: [usize; 2],
    folder: &Path,
    threads: usize,
) -> anyhow::Result<Value> {
    let scheme = Scheme::new(presets::by_name(PRESET)?);
    let sigmoid = Sigmoid::new(Degree::Three, HALF_WIDTH, Fit::LeastSquares)?;
    let request = Request::new(Logistic::binary(sigmoid), samples, features, RATES.to_vec());
    let plan = Plan::new(&scheme, &request)?;
    let secret = SecretKey::generate(scheme.parameters())?;
    let path = folder.join("samples.enc");
    let mut watch = Stopwatch::default();
    let (x, y) = synthetic(samples, features);
    let tested = samples.min(TESTED);
    let test = (x.slice_axis(Axis(0), (..tested).into()).to_owned(), y[..tested].to_vec());
    let made_s = watch.lap();
    encrypt(&path, &secret, &plan, (x, y))?;
    let encrypt_s = watch.lap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys)?);
    let keygen_s = watch.lap();

    let file = std::fs::File::open(&path)?;
    let length = file.metadata()?.len();
    let name = path.display().to_string();
    let opened: DataOnDisk<Logistic> = files::open_data(file, length, &name, scheme.parameters())?;
    let (job, _, mut blocks, _) = opened;
    let kept = blocks.keep(if large.in_memory { u64::MAX } else { (large.keep * GIB) as u64 });
    if large.in_memory {
        (0..blocks.count()).try_for_each(|index| blocks.block(index).map(drop))?;
    }
    let load_s = watch.lap();
    let cpu = cpu_seconds();
    let head = server::train(keys, &job, &blocks)?;
    let train_s = watch.lap();
    let train_cpu_s = cpu.zip(cpu_seconds()).map(|(before, after)| after - before);
    let weights = decrypt_head(&secret, &job, &head)?.remove(0);
    std::fs::remove_file(&path)?;
    Ok(json!({
        "samples": samples, "features": features, "preset": PRESET, "iterations": RATES.len(), "threads": threads,
        "blocks": blocks.count(), "blocks_kept": kept,
        "make_s": made_s, "encrypt_s": encrypt_s, "keygen_s": keygen_s, "load_s": load_s,
        "train_s": train_s, "train_cpu_s": train_cpu_s,
        "train_s_per_sample": train_s / samples as f64,
        "accuracy": accuracy(&test, &weights.view()),
        "peak_rss_bytes": peak_rss_bytes(),
        "data_bytes": length, "data_bytes_in_memory": plan.sizes.data_bytes, "key_bytes": plan.sizes.key_bytes,
    }))
}

/// Normal features, and labels of a logistic model of them.
fn synthetic(samples: usize, features: usize) -> (Array2<f64>, Vec<f64>) {
    let mut random = Random::new(11);
    let direction: Vec<f64> =
        (0..features).map(|_| 2.0 * random.normal() / (features as f64).sqrt()).collect();
    let direction = Array1::from(direction);
    let mut x = Array2::zeros((samples, features));
    let mut label = |mut row: ndarray::ArrayViewMut1<'_, f64>| {
        row.mapv_inplace(|_| random.normal());
        let p = 1.0 / (1.0 + (-row.dot(&direction)).exp());
        f64::from(u8::from(random.uniform() < p))
    };
    let y = x.outer_iter_mut().map(&mut label).collect();
    (x, y)
}

/// Encrypts the samples into a file, and forgets them.
fn encrypt(
    path: &Path,
    secret: &SecretKey,
    plan: &Plan<Logistic>,
    (x, y): (Array2<f64>, Vec<f64>),
) -> anyhow::Result<()> {
    let weight = Array1::ones(y.len());
    let samples = Samples::new(&x.view(), &ArrayView1::from(&y), &weight.view())?;
    drop((x, y));
    let encryptor = DataEncryptor::new(secret, plan, &samples);
    let out = std::fs::File::create(path).with_context(|| path.display().to_string())?;
    let out = std::io::BufWriter::with_capacity(1 << 20, out);
    files::write_data(out, "samples", &encryptor, &Origin::default(), |_| Ok::<_, fhe_head::Error>(()))?;
    Ok(())
}

/// Share of the samples on the right side of the head, whose last weight is the intercept.
fn accuracy((x, y): &(Array2<f64>, Vec<f64>), weights: &ArrayView1<'_, f64>) -> f64 {
    let features = x.ncols();
    let (slope, intercept) = (weights.slice(ndarray::s![..features]), weights[weights.len() - 1]);
    let scores = x.dot(&slope) + intercept;
    let right = scores.iter().zip(y).filter(|(score, y)| (**score > 0.0) == (**y > 0.5)).count();
    right as f64 / y.len() as f64
}
