//! `step` and `pass`: the encrypted training step itself, on random data of the given shape.

mod workload;

use ckks_math::Backend;
use fhe_head::engine::trace::Operation;
use fhe_head::plan;
use serde::Serialize;
use workload::{Shape, Workload};

use crate::floor::calibration::Calibration;
use crate::floor::model::{Model, Work};
use crate::floor::parts::Part;
use crate::measure::{Common, Times, peak_rss_bytes, speedup};

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
    let workload = Workload::new(Shape {
        samples: arguments.samples,
        features: arguments.features,
        classes: arguments.classes,
        degree: arguments.degree,
        preset: arguments.preset.as_deref(),
        refresh,
    })?;
    let Workload { parameters, plan, key_bytes, .. } = &workload;
    let model = Model::of(parameters, Backend::active()?);
    let work = model.counts(parameters, &plan.last_iteration, plan.keys.refresh)?;
    let times = arguments.common.time(|| workload.iterate())?;
    let iterate = || workload.iterate().map(drop);
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
        key_bytes: *key_bytes,
        peak_rss_bytes: peak_rss_bytes(),
        work,
    })
}
