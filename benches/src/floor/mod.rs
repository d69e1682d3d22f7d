//! `floor`: the shortest possible time of a training's components on this machine, beside the measured time.

mod components;

use std::path::PathBuf;

use serde::Serialize;

use crate::limits::Calibration;
use crate::measure::{Options, Times};
use crate::records::{self, Label};
use components::Component;

/// Arguments of `floor`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Leave out bootstraps and training steps
    #[arg(long)]
    quick: bool,
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
struct Record {
    quick: bool,
    calibration: Calibration,
    rows: Vec<Row>,
}

/// A component of the training.
#[derive(Serialize)]
struct Row {
    name: String,
    multiplications: f64,
    bytes: f64,
    floor_s: f64,
    /// What limits the floor: `multiplications` or `memory`.
    bound: &'static str,
    #[serde(flatten)]
    times: Times,
    /// Processor time per thread divided by the floor; the median wall-clock time where the system reports no processor time.
    ratio: f64,
}

impl Row {
    fn new(component: Component, calibration: &Calibration) -> Self {
        let Component { name, work, times } = component;
        let floor = calibration.floor(work);
        Self {
            name,
            multiplications: work.multiplications,
            bytes: work.bytes,
            floor_s: floor.seconds,
            bound: floor.bound,
            times,
            ratio: times.cpu_s.map_or(times.median_s, |cpu| cpu / calibration.threads as f64) / floor.seconds,
        }
    }
}

/// Calibrates, measures all components and prints them.
///
/// # Errors
/// The library refuses the work, or the record cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let options = &arguments.options;
    let (record, threads) = options.install(|threads| -> anyhow::Result<_> {
        let calibration = Calibration::measure(threads)?;
        let components = components::measure(threads, options.repeat, arguments.quick)?;
        let rows = components.into_iter().map(|component| Row::new(component, &calibration)).collect();
        Ok((Record { quick: arguments.quick, calibration, rows }, threads))
    })??;
    if options.json {
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
            let name = format!("floor-{threads}");
            records::store(out, Label { name: &name, kind: "floor", threads }, &record)
        }
        None => Ok(()),
    }
}
