//! Benchmarks of whole operations: training steps, passes over the data, refreshes.
//!
//! Each command prints what it measured for people, or with `--json` as one JSON object.

mod bootstrap;
mod measure;
mod step;

use clap::{Parser, Subcommand};

/// Benchmarks at 128-bit parameters.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The refresh: time, precision, keys and memory
    Bootstrap(bootstrap::Arguments),
    /// One training iteration with its refresh, if the parameter set bootstraps
    Step(step::Arguments),
    /// Forward and backward products over all samples
    Pass(step::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Bootstrap(arguments) => bootstrap::bootstrap(&arguments),
        Command::Step(arguments) => step::step(&arguments),
        Command::Pass(arguments) => step::pass(&arguments),
    }
}
