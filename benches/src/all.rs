//! `all`: runs all measurements one after the other, each in a separate process, and the report.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::measure::Threads;

/// Arguments of `all`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Small data, single runs: takes minutes
    #[arg(long)]
    quick: bool,
    /// Folder of third-party data sets; default: the environment variable HEAD_BENCH_DATA
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Python interpreter with some or all of the packages in benches/peers/requirements.txt
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Folder of the run and of report.html
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// Measures everything and writes `report.html` into the folder of the run.
///
/// # Errors
/// A command fails.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let threads = arguments.threads.install(|threads| threads)?.to_string();
    for command in ["accuracy", "speed", "scale", "floor", "peers"] {
        let mut child = Command::new(std::env::current_exe()?);
        child.arg(command).args(["--threads", &threads, "--out"]).arg(&arguments.out);
        if arguments.quick {
            child.arg("--quick");
            if ["scale", "floor"].contains(&command) {
                child.args(["--repeat", "1"]);
            }
        }
        if let (Some(folder), "accuracy" | "speed") = (&arguments.data, command) {
            child.arg("--data").arg(folder);
        }
        if command == "peers" {
            child.arg("--python").arg(&arguments.python);
        }
        println!("\n== {command}");
        let status = child.status().with_context(|| format!("cannot start {command}"))?;
        ensure!(status.success(), "{command}: {status}");
    }
    println!("\n== report");
    let report = arguments.out.join("report.html");
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["report", "--runs"]).arg(&arguments.out).arg("--out").arg(&report);
    ensure!(child.status()?.success(), "the report failed");
    println!("{:.0} s in all", start.elapsed().as_secs_f64());
    Ok(())
}
