//! Benchmarks: accuracy of encrypted against plain training, speed, growth, distance to the machine's limits, peers.
//!
//! Commands print what they measure; with `--out` they leave records, from which `report` makes a page.

mod accuracy;
mod all;
mod bootstrap;
mod data;
mod encrypted;
mod floor;
mod helr;
mod machine;
mod measure;
mod peers;
mod random;
mod record;
mod report;
mod scale;
mod speed;
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
    /// Every measurement, and the report
    All(all::Arguments),
    /// Encrypted against plain training, on data sets x seeds
    Accuracy(accuracy::Arguments),
    /// The data sets, which of them are there, and how to get the others
    Data(data::Arguments),
    /// The refresh: time, precision, keys and memory
    Bootstrap(bootstrap::Arguments),
    /// One training iteration with its refresh, if the parameter set bootstraps
    Step(step::Arguments),
    /// What the machine's limits imply for each part, beside measurements
    Floor(floor::Arguments),
    /// HELR's task: MNIST 3 against 8, trained encrypted
    Helr(helr::Arguments),
    /// Steps, passes, bootstraps and HELR's task, each in a process of its own
    Speed(speed::Arguments),
    /// Cost as samples, features and classes grow, beside the planner's estimate
    Scale(scale::Arguments),
    /// The same work by other libraries, in the same run
    Peers(peers::Arguments),
    /// Records of a run as one page with tables and plots
    Report(report::Arguments),
    /// Forward and backward products over all samples
    Pass(step::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::All(arguments) => all::run(&arguments),
        Command::Accuracy(arguments) => accuracy::run(&arguments),
        Command::Data(arguments) => data::run(&arguments),
        Command::Bootstrap(arguments) => bootstrap::bootstrap(&arguments),
        Command::Step(arguments) => step::step(&arguments),
        Command::Floor(arguments) => floor::run(&arguments),
        Command::Helr(arguments) => helr::run(&arguments),
        Command::Speed(arguments) => speed::run(&arguments),
        Command::Scale(arguments) => scale::run(&arguments),
        Command::Peers(arguments) => peers::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Pass(arguments) => step::pass(&arguments),
    }
}
