//! Train a classification head on encrypted text embeddings.
//!
//! - `args`: what the user types, parsed and checked;
//! - `commands`: one file per command;
//! - `run`: the parts of the command `run`;
//! - `planning`: from flags and data to a plan;
//! - `memory`: what each part of the work needs of it;
//! - `data_party`: where samples become ciphertexts, and heads and scores are decrypted;
//! - `compute_party`: where the training is driven;
//! - `crew`: several processes that train together;
//! - `plan`: the data party's plan file;
//! - `samples`, `input`: samples from tables, arrays and texts;
//! - `targets`: what is predicted: classes, labels or numbers;
//! - `files`: keys, ciphertexts, heads, embeddings and output folders on disk;
//! - `identity`: who signs files that travel, and whose signatures are accepted;
//! - `passphrase`: what keys and identities are encrypted with;
//! - `remote`: a compute party that is a service, from the data party's side;
//! - `exit`: failures and exit codes;
//! - `console`, `progress`, `tell`: what the user sees;
//! - `wording`: words that depend on numbers;
//! - `interrupt`, `allocator`, `resources`: ^C, the end of the memory, how much of it there is;
//! - `itself`: this program, to start it again;
//! - `readers`: the readers of files, for fuzzing.
//!
//! Without the feature `data-party` the program is the compute party's alone: `train`, `score`, `serve`, and what goes with them. No crate
//! below has the feature `client` then, so that nothing here can name a secret key (`cargo xtask layers`).
//!
//! The program is `main`. The Python package, which has the program in it, uses `main_of`, `expect_memory`,
//! `expect_bytes`, `read_head` and `flags`; nothing else here is for others.

// the two programs share modules, of which that of the compute party uses a part
#![cfg_attr(not(feature = "data-party"), allow(dead_code))]
// `eprintln` panics where standard error cannot be written to; `tell` does not
#![warn(clippy::print_stderr)]

mod allocator;
mod args;
mod commands;
mod compute_party;
mod console;
mod crew;
#[cfg(feature = "data-party")]
mod data_party;
mod exit;
mod files;
mod identity;
#[cfg(feature = "data-party")]
mod input;
mod interrupt;
mod itself;
#[cfg(feature = "data-party")]
mod joint;
mod memory;
mod passphrase;
#[cfg(feature = "data-party")]
mod plan;
#[cfg(feature = "data-party")]
mod planning;
mod preset;
mod progress;
#[cfg(feature = "data-party")]
#[doc(hidden)]
pub mod readers;
#[cfg(feature = "data-party")]
mod remote;
mod resources;
#[cfg(feature = "data-party")]
mod run;
#[cfg(feature = "data-party")]
mod samples;
#[cfg(feature = "data-party")]
mod targets;
mod tell;
mod wording;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

#[doc(hidden)]
pub use allocator::EndingAllocator;

/// Refuses a training of both parties in one process that needs more memory than there is.
///
/// # Errors
/// How much it needs, and how much is left by what.
#[cfg(feature = "data-party")]
pub fn expect_memory(plan: &fhe_head::Plan, parameters: &fhe_head::ckks::Parameters) -> Result<(), String> {
    memory::expect_room_for_both(plan, parameters).map_err(|failure| failure.to_string())
}

/// As [`expect_memory`], for a head that is none of the engine's: keys and samples take so many bytes.
///
/// # Errors
/// As [`expect_memory`].
#[cfg(feature = "data-party")]
pub fn expect_bytes(bytes: u64) -> Result<(), String> {
    memory::expect_room(bytes).map_err(|failure| failure.to_string())
}

/// A method with everything filled in, as flags of the command line.
#[cfg(feature = "data-party")]
pub fn flags(
    options: &head_fit::Classifier,
    targets: head_fit::Targets,
    preset: &str,
) -> serde_json::Map<String, serde_json::Value> {
    planning::flags::flags(options, targets, preset)
}

/// The model of a head that `decrypt` or `run` wrote, for features as they were read.
///
/// # Errors
/// A file is missing or damaged, or does not fit the other.
#[cfg(feature = "data-party")]
pub fn read_head(folder: &std::path::Path) -> Result<head_fit::Model, String> {
    files::head::Head::read(folder).map(|head| head.model).map_err(|failure| failure.to_string())
}

/// The program: reads the command line, runs a command, prints what came of it.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::from(main_with(std::env::args_os()))
}

/// As [`main_with`], where the words in `program` start it again: it is no program of its own, but in an interpreter.
#[must_use]
pub fn main_of(program: Vec<OsString>, words: impl IntoIterator<Item = OsString>) -> u8 {
    itself::is(program);
    main_with(words)
}

/// The program with these words as its command line, its name first. Gives the exit code.
#[must_use]
pub fn main_with(words: impl IntoIterator<Item = OsString>) -> u8 {
    allocator::reserve();
    exit::keep_panics();
    if let Err(failure) = resources::expect_room_to_start() {
        return console::fail_early(&failure);
    }
    let arguments = match args::parse(words) {
        Ok(Ok(arguments)) => arguments,
        Ok(Err(unparsed)) => return console::fail_to_parse(&unparsed),
        Err(failure) => return console::fail_early(&failure),
    };
    if let Some(most) = arguments.global.most_memory {
        resources::limit(most);
    }
    let console = {
        let args::GlobalArgs { json, quiet, verbose, progress, .. } = arguments.global;
        console::Console::start(json, quiet, verbose, progress)
    };
    let crew = match crew::Crew::join() {
        Ok(crew) => crew,
        Err(failure) => return console.fail(&failure),
    };
    let console = console.of_process(crew.share());
    // a panic has removed what was unfinished
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| commands::run(arguments, &crew, &console)));
    let code = match result.unwrap_or_else(|_| Err(exit::Failure::bug())) {
        Ok(outcome) => console.finish(&outcome),
        Err(failure) => {
            crew.before_failure();
            console.fail(&failure)
        }
    };
    crew.leave(code);
    code
}
