//! `floor`: what operations and bytes of the training's parts imply on this machine, beside what they take.

pub(crate) mod calibration;
pub(crate) mod model;
pub(crate) mod parts;

use std::path::PathBuf;

use serde::Serialize;

use crate::measure::{Common, Times};
use crate::record;
use calibration::Calibration;
use model::Work;

/// How often to measure, and where to leave the record.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Small parts alone: no bootstrap, no step
    #[arg(long)]
    quick: bool,
    /// Folder of the record
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Record {
    quick: bool,
    calibration: Calibration,
    rows: Vec<Row>,
}

/// A part of the training.
#[derive(Serialize)]
struct Row {
    name: String,
    multiplications: f64,
    bytes: f64,
    floor_s: f64,
    /// What the floor comes from: `multiplications` or `memory`.
    bound: &'static str,
    #[serde(flatten)]
    times: Times,
    /// Processor time by thread over the floor where the system tells it, else the median time: others may use the machine.
    ratio: f64,
}

impl Row {
    fn new(name: String, work: Work, times: Times, calibration: &Calibration) -> Self {
        let (floor_s, bound) = calibration.floor(work);
        Self {
            name,
            multiplications: work.multiplications,
            bytes: work.bytes,
            floor_s,
            bound,
            times,
            ratio: times.cpu_s.map_or(times.median_s, |cpu| cpu / calibration.threads as f64) / floor_s,
        }
    }
}

/// Calibrates, measures every part, prints the table.
///
/// # Errors
/// What the library refuses; those of writing.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let common = &arguments.common;
    let (record, threads) = common.install(|threads| -> anyhow::Result<_> {
        let calibration = Calibration::measure(threads)?;
        let rows = parts::measure(common, threads, &calibration, arguments.quick)?;
        Ok((Record { quick: arguments.quick, calibration, rows }, threads))
    })??;
    if common.json {
        println!("{}", serde_json::to_value(&record)?);
    } else {
        for row in &record.rows {
            println!(
                "{:<64} floor {:>12.6} s ({:<15}) median {:>12.6} s  CPU {:>12.6} s  ratio {:>6.2}",
                row.name,
                row.floor_s,
                row.bound,
                row.times.median_s,
                row.times.cpu_s.unwrap_or(f64::NAN),
                row.ratio
            );
        }
    }
    match &arguments.out {
        Some(out) => {
            record::write(out, &format!("floor-{threads}"), &record::record("floor", threads, &record)?)
        }
        None => Ok(()),
    }
}
