//! `step` and `pass`: the encrypted training step itself, on random data of the given shape.

use std::sync::Arc;

use anyhow::ensure;
use ckks::{SecretKey, presets};
use ckks_math::Backend;
use fhe_head::client::{DataEncryptor, evaluation_keys_in_memory};
use fhe_head::engine::encrypted::Encrypted;
use fhe_head::engine::trace::Operation;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{self, Plan, Request};
use fhe_head::samples::Samples;
use fhe_head::sigmoid::{Fit, Sigmoid, logistic};
use fhe_head::trainer::{State, Trainer};
use ndarray::{Array1, Array2};
use serde::Serialize;

use crate::floor::calibration::Calibration;
use crate::floor::model::{Model, Work};
use crate::floor::parts::Part;
use crate::measure::{Common, Times, peak_rss_bytes, speedup};
use crate::random::Random;

/// The shape of the data and the parameter set.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Rows of the mini-batch
    #[arg(long, default_value_t = 1024)]
    samples: usize,
    /// Columns, the constant one for the intercept included
    #[arg(long, default_value_t = 256)]
    features: usize,
    /// Classes: one logistic output for two, else one for each
    #[arg(long, default_value_t = 2)]
    classes: usize,
    /// Degree of the sigmoid's approximation
    #[arg(long, default_value_t = 3)]
    degree: usize,
    /// Parameter set; by default n15-boot-l6 for a step, n15-l18 for a pass
    #[arg(long)]
    preset: Option<String>,
    /// Run each time on one thread, too, and print the median of the ratios
    #[arg(long)]
    speedup: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Record {
    preset: String,
    ring_degree: usize,
    log_qp: f64,
    security_bits: u32,
    samples: usize,
    features: usize,
    classes: usize,
    blocks: usize,
    columns: usize,
    baby_steps: usize,
    samples_per_slot: usize,
    data_ciphertexts: usize,
    threads: usize,
    #[serde(flatten)]
    times: Times,
    /// To one thread, in turns, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    speedup: Option<f64>,
    /// The planner's estimate for one core.
    estimated_s: f64,
    /// What operations and bytes imply on this machine with these threads (`head-bench floor`).
    floor_s: f64,
    key_switches: usize,
    bootstraps: usize,
    data_bytes: usize,
    key_bytes: usize,
    peak_rss_bytes: Option<u64>,
    #[serde(skip)]
    work: Work,
}

/// One iteration with its refresh.
pub(crate) fn step(arguments: &Arguments) -> anyhow::Result<()> {
    measure(arguments, true)
}

/// One pass over the data, forward and backward, without a refresh.
pub(crate) fn pass(arguments: &Arguments) -> anyhow::Result<()> {
    measure(arguments, false)
}

fn measure(arguments: &Arguments, refresh: bool) -> anyhow::Result<()> {
    let common = &arguments.common;
    let record = common.install(|threads| {
        let calibration = Calibration::measure(threads)?;
        let record = record(arguments, threads, refresh)?;
        anyhow::Ok(Record { floor_s: calibration.floor(record.work).0, ..record })
    })??;
    common.print(&record)
}

/// The step or the pass that the targets name, for the table of floors.
///
/// # Errors
/// What the library refuses.
pub(crate) fn part(threads: usize, repeat: usize, refresh: bool) -> anyhow::Result<Part> {
    let (samples, features) = if refresh { (1024, 256) } else { (16_384, 512) };
    let arguments = Arguments {
        samples,
        features,
        classes: 2,
        degree: 3,
        preset: None,
        speedup: false,
        common: Common::quiet(repeat.min(3)),
    };
    let record = record(&arguments, threads, refresh)?;
    let what = if refresh { "training step with its bootstrap" } else { "pass, forward and backward" };
    Ok((format!("{what}, {samples} x {features}"), record.work, record.times))
}

fn record(arguments: &Arguments, threads: usize, refresh: bool) -> anyhow::Result<Record> {
    ensure!(
        arguments.features >= 2 && arguments.samples >= 2 && arguments.classes >= 2,
        "at least two samples, two columns and two classes are needed"
    );
    let default = if refresh { "n15-boot-l6" } else { "n15-l18" };
    let parameters = presets::by_name(arguments.preset.as_deref().unwrap_or(default))?;
    let contract = if refresh { fhe_head::refresh::contract(&parameters) } else { None };
    let samples = random_samples(arguments.samples, arguments.features - 1, arguments.classes)?;
    let sigmoid = Sigmoid::new(arguments.degree.try_into()?, 8.0, Fit::default())?;
    // The first iteration starts from zero weights and is cheaper; a later one is measured.
    let head = BuiltIn::Logistic(match arguments.classes {
        2 => Logistic::binary(sigmoid),
        classes => Logistic::one_vs_rest(classes, sigmoid),
    });
    let request = |iterations| Request {
        optimizer: Optimizer::NesterovSchedule,
        ..Request::new(head.clone(), arguments.samples, arguments.features - 1, vec![1.0; iterations])
    };
    let plan_of = |iterations| Plan::new(&parameters, contract.as_ref(), &request(iterations));
    // Two iterations without a refresh; else as many as it takes to see one.
    let most = if contract.is_some() { 8 } else { 2 };
    let longest = plan_of(most)?;
    let measured = longest.job.spec().refresh_before.first().copied().unwrap_or(1);
    let plan = plan_of(measured + 1)?;
    let model = Model::of(&parameters, Backend::active()?);
    let work = model.counts(&parameters, &plan.last_iteration, plan.keys.refresh)?;
    let secret = SecretKey::generate(&parameters)?;
    let keys = evaluation_keys_in_memory(&secret, &plan.keys)?;
    let key_bytes = keys.memory_bytes();
    let blocks = DataEncryptor::new(&secret, &plan, &samples).blocks()?;
    let engine = Encrypted::for_job(Arc::new(keys), &plan.job)?;
    let trainer = Trainer::new(&engine, &plan.job, &blocks)?;
    let state = (0..measured).try_fold(State::default(), |state, _| trainer.iterate(state))?;
    let times = arguments.common.time(|| Ok(trainer.iterate(state.clone())?))?;
    let iterate = || Ok(trainer.iterate(state.clone()).map(drop)?);
    let speedup = arguments.speedup.then(|| speedup(arguments.common.repeat, iterate)).transpose()?;
    let packing = plan.job.packing();
    Ok(Record {
        preset: parameters.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        samples: arguments.samples,
        features: arguments.features,
        classes: arguments.classes,
        blocks: packing.blocks(),
        columns: packing.columns(),
        baby_steps: packing.baby_steps(),
        samples_per_slot: packing.halves(),
        data_ciphertexts: packing.blocks() * packing.diagonals(),
        threads,
        times,
        speedup,
        estimated_s: plan.last_iteration_seconds,
        floor_s: f64::NAN,
        key_switches: plan::key_switches(&plan.last_iteration),
        bootstraps: plan::count(&plan.last_iteration, Operation::Refresh),
        data_bytes: plan.sizes.data_bytes,
        key_bytes,
        peak_rss_bytes: peak_rss_bytes(),
        work,
    })
}

/// Standard-normal-like features and labels that depend on them.
fn random_samples(n: usize, features: usize, classes: usize) -> anyhow::Result<Samples> {
    let mut random = Random::new(1);
    let scale = 1.0 / (features as f64).sqrt();
    let x = Array2::from_shape_simple_fn((n, features), || scale * random.normal());
    // sums are nearly standard normal: the logistic function spreads them over the classes
    let class = |row: ndarray::ArrayView1<'_, f64>| (logistic(1.7 * row.sum()) * classes as f64).floor();
    let y: Array1<f64> = x.rows().into_iter().map(class).collect();
    Ok(Samples::new(&x.view(), &y.view(), &Array1::ones(n).view())?)
}
