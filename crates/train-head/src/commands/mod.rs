//! The commands, one file each. A command takes its parsed arguments, resolves them, works, and returns its result.

mod bundle;
mod completions;
mod decrypt;
mod embed;
mod encrypt;
mod estimate;
mod eval;
mod identity;
mod inspect;
mod joint;
mod keygen;
mod look;
mod man;
mod operator;
mod paths;
mod predict;
mod presets;
mod remote;
mod run;
mod score;
mod serve;
mod studio;
mod train;
mod tune;
mod unbundle;
mod watch;

use std::path::Path;

use crate::args::{Cli, Command};
use crate::console::{Console, Outcome};
use crate::crew::Crew;
use crate::data_party::passphrase;
use crate::exit::{Failure, Result};
use crate::files::room::expect_room;
use crate::interrupt;
use paths::{expect_apart, expect_replaceable};

/// The file of the secret key's passphrase, if one is given.
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

/// Runs one command.
///
/// # Errors
/// The failure of the command.
pub(crate) fn run(arguments: Cli, crew: &Crew, console: &Console) -> Result<Outcome> {
    // the service and the studio have an end of their own
    if !matches!(arguments.command, Command::Serve(_) | Command::Studio(_)) {
        interrupt::watch()?;
    }
    if crew.share().ranks > 1 && !matches!(arguments.command, Command::Train(_)) {
        return Err(Failure::usage("of all commands only `train` runs in several processes"));
    }
    // zero: as many as there are cores. Started here, where a refusal is an error
    let threads = arguments.global.threads.or(crew.threads()).map_or(0, std::num::NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| Failure::out_of_memory("the system starts no more threads").because(error))?;
    let (mut inputs, outputs) = (arguments.command.inputs(), arguments.command.outputs());
    inputs.extend(arguments.global.job.as_deref());
    expect_apart(&inputs, &outputs)?;
    expect_replaceable(&arguments.command, &outputs)?;
    if !arguments.command.overwrites() {
        outputs.into_iter().try_for_each(expect_room)?;
    }
    if let Some(path) = passphrase_file(&arguments.command)
        && passphrase::is_readable_by_others(path)
    {
        console.warn(format!(
            "others can read {}, and with it the passphrase: `chmod 600` keeps it to its owner",
            path.display()
        ));
    }
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments, console),
        Command::Studio(studio) => studio::run(&studio, &arguments.global, console),
        Command::Look(arguments) => look::run(&arguments, console),
        Command::Embed(arguments) => embed::run(&arguments, console),
        Command::Estimate(arguments) => estimate::run(&arguments, console),
        Command::Tune(arguments) => tune::run(&arguments, console),
        Command::Keygen(arguments) => keygen::run(&arguments, console),
        Command::Encrypt(arguments) => encrypt::run(arguments, console),
        Command::Train(arguments) => train::run(&arguments, crew, console),
        Command::Watch(arguments) => watch::run(&arguments, console),
        Command::Score(arguments) => score::run(&arguments, console),
        Command::Decrypt(arguments) => decrypt::run(&arguments, console),
        Command::Eval(arguments) => eval::run(&arguments, console),
        Command::Predict(arguments) => predict::run(&arguments, console),
        Command::Bundle(arguments) => bundle::run(&arguments, console),
        Command::Unbundle(arguments) => unbundle::run(&arguments, console),
        Command::Identity(arguments) => identity::run(&arguments),
        Command::Joint(arguments) => joint::run(&arguments, console),
        Command::Serve(serve) => serve::run(&serve, &arguments.global, console),
        Command::Operator(arguments) => operator::run(&arguments),
        Command::Remote(arguments) => remote::run(&arguments, console),
        Command::Inspect(arguments) => inspect::run(&arguments, console),
        Command::Presets(arguments) => presets::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}
