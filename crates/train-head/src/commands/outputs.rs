//! The files and folders that each command writes.

use crate::args::Command;
use crate::files::room::Output;

/// What the command writes, and whether it may replace what exists. `run` is left out: its folder may hold an interrupted run.
pub(super) fn outputs(command: &Command) -> (Vec<Output<'_>>, bool) {
    let file = |path| vec![Output { flag: "--out", path, folder: false }];
    let folder = |path| vec![Output { flag: "--out", path, folder: true }];
    match command {
        Command::Embed(arguments) => (file(&arguments.out), arguments.overwrite.overwrite),
        Command::Estimate(arguments) => {
            (arguments.out.as_deref().map(file).unwrap_or_default(), arguments.overwrite.overwrite)
        }
        Command::Tune(arguments) => (file(&arguments.out), arguments.overwrite.overwrite),
        Command::Keygen(arguments) => (folder(&arguments.out), arguments.overwrite.overwrite),
        Command::Encrypt(arguments) => {
            let validation = arguments.out.validation_out.as_deref();
            let validation = validation.map(|path| Output { flag: "--validation-out", path, folder: false });
            let mut outputs = file(&arguments.out.out);
            outputs.extend(validation);
            (outputs, arguments.out.overwrite.overwrite)
        }
        Command::Train(arguments) => (file(&arguments.out), arguments.overwrite.overwrite),
        Command::Score(arguments) => (file(&arguments.out), arguments.overwrite.overwrite),
        Command::Decrypt(arguments) => (folder(&arguments.out), arguments.overwrite.overwrite),
        Command::Predict(arguments) => (file(&arguments.out), arguments.overwrite.overwrite),
        Command::Bundle(arguments) => (file(&arguments.out), arguments.overwrite.overwrite),
        Command::Unbundle(arguments) => (folder(&arguments.out), arguments.overwrite.overwrite),
        Command::Man(arguments) => {
            let folder = arguments.folder.as_deref();
            let pages = folder.map(|path| Output { flag: "FOLDER", path, folder: true });
            (pages.into_iter().collect(), arguments.overwrite.overwrite)
        }
        Command::Run(_)
        | Command::Watch(_)
        | Command::Eval(_)
        | Command::Inspect(_)
        | Command::Presets(_)
        | Command::Completions(_) => (Vec::new(), false),
    }
}
