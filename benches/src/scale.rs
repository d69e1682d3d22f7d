//! `scale`: time of a pass over the data as samples, features or classes grow, beside the planner's estimate; or one large training
//! from the disk.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use crate::large::{Large, measure as measure_large};
use crate::measure::{Threads, itself, print};
use crate::records::{Label, store};

/// Arguments of `scale`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Only the two smallest values of each axis
    #[arg(long)]
    quick: bool,
    /// Measured runs of each shape, after one warm-up run
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Folder of the run, or of the encrypted samples of one training meanwhile
    #[arg(long, value_name = "DIR", default_value = "target/scale")]
    out: PathBuf,
    #[command(flatten)]
    large: Large,
    #[command(flatten)]
    threads: Threads,
}

/// An axis of the grid: what grows, and its values, while the rest of the shape stays at [`BASE`].
struct Axis {
    name: &'static str,
    values: &'static [usize],
}

const AXES: [Axis; 3] = [
    Axis { name: "samples", values: &[1 << 10, 1 << 12, 1 << 14, 1 << 15, 1 << 16] },
    Axis { name: "features", values: &[64, 128, 256, 512, 1024] },
    Axis { name: "classes", values: &[2, 4, 8, 16] },
];
const BASE: Shape = Shape { samples: 4096, features: 256, classes: 2 };
/// Values of each axis in a quick run.
const QUICK: usize = 2;

/// The shape of a pass.
#[derive(Clone, Copy)]
struct Shape {
    samples: usize,
    features: usize,
    classes: usize,
}

impl Shape {
    fn on(axis: &Axis, value: usize) -> Self {
        match axis.name {
            "samples" => Self { samples: value, ..BASE },
            "features" => Self { features: value, ..BASE },
            _ => Self { classes: value, ..BASE },
        }
    }
}

/// Measures every shape in a separate process.
///
/// # Errors
/// A measurement fails, or the record cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let (Some(samples), Some(features)) = (arguments.large.samples, arguments.large.features) {
        std::fs::create_dir_all(&arguments.out)?;
        let (large, shape, out) = (&arguments.large, [samples, features], &arguments.out);
        let record = arguments.threads.install(|threads| measure_large(large, shape, out, threads))??;
        return print(&record, large.json);
    }
    let threads = arguments.threads.install(|threads| threads)?;
    let mut points = Vec::new();
    for axis in AXES {
        let count = if arguments.quick { QUICK } else { axis.values.len() };
        for &value in axis.values.iter().take(count) {
            let shape = Shape::on(&axis, value);
            let mut point = measure(shape, threads, arguments.repeat)
                .with_context(|| format!("{} {value}", axis.name))?;
            println!(
                "{:>6} x {:<5} {:>2} classes  {:>9.3} s  CPU {:>9.3} s  planner {:>9.3} s",
                shape.samples,
                shape.features,
                shape.classes,
                point["measured_s"].as_f64().unwrap_or(f64::NAN),
                point["cpu_s"].as_f64().unwrap_or(f64::NAN),
                point["estimated_s"].as_f64().unwrap_or(f64::NAN),
            );
            point["axis"] = json!(axis.name);
            points.push(point);
        }
    }
    let body = json!({ "quick": arguments.quick, "points": points });
    let name = format!("scale-{threads}");
    store(&arguments.out, Label { name: &name, kind: "scale", threads }, &body)
}

fn measure(shape: Shape, threads: usize, repeat: usize) -> anyhow::Result<Value> {
    let [samples, features, classes, threads, repeat] =
        [shape.samples, shape.features, shape.classes, threads, repeat].map(|number| number.to_string());
    let pass = itself(&[
        "pass",
        "--json",
        "--samples",
        &samples,
        "--features",
        &features,
        "--classes",
        &classes,
        "--threads",
        &threads,
        "--repeat",
        &repeat,
    ])?;
    Ok(json!({
        "samples": pass["samples"],
        "features": pass["features"],
        "classes": pass["classes"],
        "preset": pass["preset"],
        "measured_s": pass["median_s"],
        "min_s": pass["min_s"],
        "cpu_s": pass["cpu_s"],
        "estimated_s": pass["estimated_s"],
        "floor_s": pass["floor_s"],
        "key_switches": pass["key_switches"],
        "data_bytes": pass["data_bytes"],
        "key_bytes": pass["key_bytes"],
        "peak_rss_bytes": pass["peak_rss_bytes"],
    }))
}
