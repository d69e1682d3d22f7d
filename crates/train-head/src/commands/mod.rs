//! The commands, one file each. A command takes its parsed arguments, resolves them, works, and returns its result.

mod bundle;
mod completions;
#[cfg(feature = "data-party")]
mod decrypt;
#[cfg(feature = "data-party")]
mod embed;
#[cfg(feature = "data-party")]
mod encrypt;
#[cfg(feature = "data-party")]
mod estimate;
#[cfg(feature = "data-party")]
mod eval;
mod identity;
mod inspect;
#[cfg(feature = "data-party")]
mod joint;
#[cfg(feature = "data-party")]
mod joint_shared;
#[cfg(feature = "data-party")]
mod joint_sums;
#[cfg(feature = "data-party")]
mod keygen;
#[cfg(feature = "data-party")]
mod look;
mod man;
mod operator;
mod paths;
#[cfg(feature = "data-party")]
mod predict;
mod presets;
#[cfg(feature = "data-party")]
mod remote;
#[cfg(feature = "data-party")]
mod run;
mod score;
mod serve;
#[cfg(feature = "data-party")]
mod studio;
mod train;
#[cfg(feature = "data-party")]
mod tune;
mod unbundle;
#[cfg(feature = "data-party")]
mod watch;

#[cfg(feature = "data-party")]
use std::path::Path;

use crate::args::{Cli, Command};
use crate::console::{Console, Outcome};
use crate::crew::Crew;
use crate::exit::{Failure, Result};
use crate::files::room::expect_room;
use crate::interrupt;
#[cfg(feature = "data-party")]
use crate::passphrase;
use paths::{expect_apart, expect_replaceable};

/// The file of the secret key's passphrase, if one is given.
#[cfg(feature = "data-party")]
fn passphrase_file(command: &Command) -> Option<&Path> {
    let flags = match command {
        Command::Run(arguments) => &arguments.passphrase,
        Command::Keygen(arguments) => &arguments.new_key.passphrase,
        Command::Encrypt(arguments) => &arguments.party.passphrase,
        Command::Watch(arguments) => &arguments.party.passphrase,
        Command::Decrypt(arguments) => &arguments.party.passphrase,
        Command::Predict(arguments) => &arguments.passphrase,
        Command::Joint(arguments) => arguments.passphrase()?,
        _ => return None,
    };
    flags.passphrase_file.as_deref()
}

/// Whether a command ends by ^C in a way of its own: the service and the studio.
fn has_an_end_of_its_own(command: &Command) -> bool {
    match command {
        Command::Serve(_) => true,
        #[cfg(feature = "data-party")]
        Command::Studio(_) => true,
        _ => false,
    }
}

/// Threads beyond the cores that are started if somebody asks for them: more would only stand in each other's way.
const MOST_THREADS: usize = 64;

/// Runs one command.
///
/// # Errors
/// The failure of the command.
pub(crate) fn run(arguments: Cli, crew: &Crew, console: &Console) -> Result<Outcome> {
    interrupt::outlive_limits()?;
    if !has_an_end_of_its_own(&arguments.command) {
        interrupt::watch()?;
    }
    if crew.share().ranks > 1 && !matches!(arguments.command, Command::Train(_)) {
        return Err(Failure::usage("of all commands only `train` runs in several processes"));
    }
    // zero: as many as there are cores. Started here, where a refusal is an error
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let asked = arguments.global.threads.or(crew.threads()).map_or(0, std::num::NonZeroUsize::get);
    let threads = asked.min(cores.max(MOST_THREADS));
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| Failure::out_of_memory("the system starts no more threads").because(error))?;
    let (mut inputs, outputs) = (arguments.command.inputs(), arguments.command.outputs());
    inputs.extend(arguments.global.job.as_deref());
    expect_apart(&inputs, &outputs)?;
    expect_replaceable(&arguments.command, &outputs)?;
    if !arguments.command.overwrites() {
        let command = &arguments.command;
        outputs.into_iter().filter(|output| !command.continues(output)).try_for_each(expect_room)?;
    }
    #[cfg(feature = "data-party")]
    if let Some(path) = passphrase_file(&arguments.command)
        && passphrase::is_readable_by_others(path)
    {
        console.warn(format!(
            "others can read {}, and with it the passphrase: `chmod 600` keeps it to its owner",
            path.display()
        ));
    }
    match arguments.command {
        #[cfg(feature = "data-party")]
        Command::Run(arguments) => run::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Studio(studio) => studio::run(&studio, &arguments.global, console),
        #[cfg(feature = "data-party")]
        Command::Look(arguments) => look::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Embed(arguments) => embed::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Estimate(arguments) => estimate::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Tune(arguments) => tune::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Keygen(arguments) => keygen::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Encrypt(arguments) => encrypt::run(arguments, console),
        Command::Train(arguments) => train::run(&arguments, crew, console),
        #[cfg(feature = "data-party")]
        Command::Watch(arguments) => watch::run(&arguments, console),
        Command::Score(arguments) => score::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Decrypt(arguments) => decrypt::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Eval(arguments) => eval::run(&arguments, console),
        #[cfg(feature = "data-party")]
        Command::Predict(arguments) => predict::run(&arguments, console),
        Command::Bundle(arguments) => bundle::run(&arguments, console),
        Command::Unbundle(arguments) => unbundle::run(&arguments, console),
        Command::Identity(arguments) => identity::run(&arguments),
        #[cfg(feature = "data-party")]
        Command::Joint(arguments) => joint::run(&arguments, console),
        Command::Serve(serve) => serve::run(&serve, &arguments.global, console),
        Command::Operator(arguments) => operator::run(&arguments),
        #[cfg(feature = "data-party")]
        Command::Remote(arguments) => remote::run(&arguments, console),
        Command::Inspect(arguments) => inspect::run(&arguments, console),
        Command::Presets(arguments) => presets::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}
