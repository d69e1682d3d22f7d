//! `step` and `pass`: one iteration of the encrypted training on random data.

mod workload;

use ckks::Pace;
use ckks_math::Backend;
use fhe_head::engine::Operation;
use serde::Serialize;
use workload::Workload;

use crate::limits::{Calibration, Model, Work};
use crate::measure::{Options, Times, peak_rss_bytes, speedup, time};

pub(crate) use workload::Shape;

/// Arguments of `step` and `pass`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Number of samples
    #[arg(long, default_value_t = 1024)]
    samples: usize,
    /// Number of columns, including the constant one for the intercept
    #[arg(long, default_value_t = 256)]
    features: usize,
    /// Number of classes: one logistic output for two, otherwise one for each
    #[arg(long, default_value_t = 2)]
    classes: usize,
    /// Degree of the polynomial that approximates the sigmoid
    #[arg(long, default_value_t = 3)]
    degree: usize,
    /// Parameter set; default: n15-boot-l6 for a step, n15-l18 for a pass
    #[arg(long)]
    preset: Option<String>,
    /// Measure the speed relative to one thread as well, in pairs of runs
    #[arg(long)]
    speedup: bool,
    #[command(flatten)]
    options: Options,
}

/// A measured iteration.
#[derive(Serialize)]
pub(crate) struct Measured {
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
    pub(crate) times: Times,
    /// Speed relative to one thread, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    speedup: Option<f64>,
    /// Seconds by the planner's estimate for one core.
    estimated_s: f64,
    key_switches: usize,
    bootstraps: usize,
    data_bytes: usize,
    key_bytes: usize,
    peak_rss_bytes: Option<u64>,
    /// The work by the cost model.
    #[serde(skip)]
    pub(crate) work: Work,
}

/// A measured iteration beside this machine's limits.
#[derive(Serialize)]
struct Record {
    #[serde(flatten)]
    measured: Measured,
    /// The shortest possible time on this machine with this number of threads (see `head-bench floor`).
    floor_s: f64,
}

/// Measures an iteration with its bootstrap, if the parameter set has one.
///
/// # Errors
/// The arguments are invalid, or the library refuses the work.
pub(crate) fn step(arguments: &Arguments) -> anyhow::Result<()> {
    run(arguments, true)
}

/// Measures a pass over the data, forward and backward, without a bootstrap.
///
/// # Errors
/// The arguments are invalid, or the library refuses the work.
pub(crate) fn pass(arguments: &Arguments) -> anyhow::Result<()> {
    run(arguments, false)
}

fn run(arguments: &Arguments, refresh: bool) -> anyhow::Result<()> {
    let Arguments { samples, features, classes, degree, preset, speedup, options } = arguments;
    let preset = preset.as_deref();
    let shape =
        Shape { samples: *samples, features: *features, classes: *classes, degree: *degree, preset, refresh };
    let record = options.install(|threads| {
        let calibration = Calibration::measure(threads)?;
        let runs = Runs { threads, repeat: options.repeat, speedup: *speedup };
        let measured = measure(shape, runs)?;
        let floor_s = calibration.floor(measured.work).seconds;
        anyhow::Ok(Record { measured, floor_s })
    })??;
    options.print(&record)
}

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    /// Threads of the current pool.
    pub(crate) threads: usize,
    /// Measured runs, after one warm-up run.
    pub(crate) repeat: usize,
    /// Measure the speed relative to one thread as well.
    pub(crate) speedup: bool,
}

/// Measures an iteration on the current pool.
///
/// # Errors
/// The shape is too small, or the library refuses the work.
pub(crate) fn measure(shape: Shape<'_>, runs: Runs) -> anyhow::Result<Measured> {
    let Shape { samples, features, classes, .. } = shape;
    let workload = Workload::new(shape)?;
    let Workload { scheme, plan, key_bytes, .. } = &workload;
    let parameters = scheme.parameters();
    let model = Model::of(parameters, Backend::active()?);
    let work = model.counts(parameters, &plan.last_iteration, plan.keys.refresh)?;
    let times = time(runs.repeat, || workload.iterate())?;
    let iterate = || workload.iterate().map(drop);
    let speedup = runs.speedup.then(|| speedup(runs.repeat, iterate)).transpose()?;
    let packing = plan.job.packing();
    Ok(Measured {
        preset: parameters.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        samples,
        features,
        classes,
        blocks: packing.blocks(),
        columns: packing.columns(),
        baby_steps: packing.baby_steps(),
        samples_per_slot: packing.halves(),
        data_ciphertexts: packing.blocks() * packing.diagonals(),
        threads: runs.threads,
        times,
        speedup,
        estimated_s: plan.last_iteration_seconds(parameters, &Pace::of_this_machine()?)?,
        key_switches: plan.last_iteration.key_switches(),
        bootstraps: plan.last_iteration.of(Operation::Refresh),
        data_bytes: plan.sizes.data_bytes,
        key_bytes: *key_bytes,
        peak_rss_bytes: peak_rss_bytes(),
        work,
    })
}
