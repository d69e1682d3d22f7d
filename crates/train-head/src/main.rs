//! Train a classification head on encrypted text embeddings.
//!
//! - [`args`]: what a person types, parsed and checked;
//! - [`commands`]: one module a command;
//! - [`input`]: tables, arrays and labels of others;
//! - [`files`]: what the commands write and read: keys, embeddings, heads, predictions, reports;
//! - [`exit`]: errors and the exit codes they end with;
//! - [`report`]: the figures of a run, and their table;
//! - [`console`], [`progress`], [`pace`]: what a person sees meanwhile.

mod args;
mod commands;
mod console;
mod exit;
mod files;
mod input;
mod interrupt;
mod pace;
mod progress;
mod report;
mod resources;
mod samples;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let words = match args::expand_job(std::env::args_os()) {
        Ok(words) => words,
        Err(failure) => return console::fail_early(&failure),
    };
    let arguments = args::Cli::parse_from(words);
    let console = console::Console::start(&arguments.global);
    match commands::run(arguments, &console) {
        Ok(outcome) => console.finish(&outcome),
        Err(failure) => console.fail(&failure),
    }
}
