//! Benchmarks: accuracy of encrypted and plain training, speed, scaling, the machine's limits, other libraries.
//!
//! Commands print their measurements. With `--out` they record them in the folder of a run, from which `report` makes a page.

mod accuracy;
mod all;
mod bootstrap;
mod data;
mod encrypted;
mod floor;
mod forecast;
mod helr;
mod large;
mod limits;
mod machine;
mod measure;
mod peers;
mod random;
mod records;
mod report;
mod scale;
mod speed;
mod step;
mod tables;
mod units;

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
    /// Run all measurements and the report
    All(all::Arguments),
    /// Compare encrypted and plain training on data sets, heads and seeds
    Accuracy(accuracy::Arguments),
    /// List the data sets, which of them are present, and how to get the others
    Data(data::Arguments),
    /// Measure a bootstrap: time, precision, keys and memory
    Bootstrap(bootstrap::Arguments),
    /// Measure a training iteration, with its bootstrap if the parameter set has one
    Step(step::Arguments),
    /// Compare the components of a training with the machine's limits
    Floor(floor::Arguments),
    /// Measure encrypted training on HELR's task, MNIST 3 against 8
    Helr(helr::Arguments),
    /// Record steps, passes, bootstraps and HELR's task, each in a separate process
    Speed(speed::Arguments),
    /// Measure the cost as samples, features or classes grow, beside the planner's estimate
    Scale(scale::Arguments),
    /// Forecast an iteration on many nodes, from the planner's counts and this machine's pace
    Forecast(forecast::Arguments),
    /// Compare with other libraries
    Peers(peers::Arguments),
    /// Compare the defaults with scikit-learn on ordinary tables
    Tables(tables::Arguments),
    /// Make a page with tables and plots from the records of a run
    Report(report::Arguments),
    /// Measure a pass over all samples, forward and backward, without a bootstrap
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
        Command::Forecast(arguments) => forecast::run(&arguments),
        Command::Peers(arguments) => peers::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Tables(arguments) => tables::run(&arguments),
        Command::Pass(arguments) => step::pass(&arguments),
    }
}
