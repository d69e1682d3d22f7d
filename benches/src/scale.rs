//! `scale`: one pass over the data as samples, features and classes grow, beside the planner's estimate.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use crate::measure::{Threads, itself};
use crate::record;

/// How much of the grid to measure.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// The smallest points of each axis
    #[arg(long)]
    quick: bool,
    /// Counted runs of each point, after one that is not
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Folder of the records
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// What grows, and the values that it takes while the others stay.
const AXES: [(&str, &[usize]); 3] = [
    ("samples", &[1 << 10, 1 << 12, 1 << 14, 1 << 15, 1 << 16]),
    ("features", &[64, 128, 256, 512, 1024]),
    ("classes", &[2, 4, 8, 16]),
];
const SAMPLES: usize = 4096;
const FEATURES: usize = 256;
/// Points of each axis in a quick run.
const QUICK: usize = 2;

/// Measures every point in a process of its own.
///
/// # Errors
/// A point fails; those of writing.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let threads = arguments.threads.install(|threads| threads)?;
    let mut points = Vec::new();
    for (axis, values) in AXES {
        let few = if arguments.quick { QUICK } else { values.len() };
        for &value in values.iter().take(few) {
            let of = |name: &str, usual: usize| if name == axis { value } else { usual };
            let (samples, features, classes) =
                (of("samples", SAMPLES), of("features", FEATURES), of("classes", 2));
            let point = point(samples, features, classes, threads, arguments.repeat)
                .with_context(|| format!("{axis} {value}"))?;
            println!(
                "{samples:>6} x {features:<5} {classes:>2} classes  {:>9.3} s  CPU {:>9.3} s  planner {:>9.3} s",
                point["measured_s"].as_f64().unwrap_or(f64::NAN),
                point["cpu_s"].as_f64().unwrap_or(f64::NAN),
                point["estimated_s"].as_f64().unwrap_or(f64::NAN),
            );
            let mut point = point;
            point["axis"] = json!(axis);
            points.push(point);
        }
    }
    let body = json!({ "quick": arguments.quick, "points": points });
    record::write(&arguments.out, &format!("scale-{threads}"), &record::record("scale", threads, &body)?)
}

fn point(
    samples: usize,
    features: usize,
    classes: usize,
    threads: usize,
    repeat: usize,
) -> anyhow::Result<Value> {
    let [samples, features, classes, threads, repeat] =
        [samples, features, classes, threads, repeat].map(|number| number.to_string());
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
