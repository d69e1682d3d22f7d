//! The files and folders that each command writes.

use std::path::PathBuf;

use crate::args::Command;
use crate::exit::{Failure, Result};
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
        Command::Eval(arguments) => {
            let report = arguments.report.as_deref();
            let page = report.map(|path| Output { flag: "--report", path, folder: false });
            (page.into_iter().collect(), arguments.overwrite.overwrite)
        }
        Command::Run(_)
        | Command::Watch(_)
        | Command::Inspect(_)
        | Command::Presets(_)
        | Command::Completions(_) => (Vec::new(), false),
    }
}

/// Refuses an output that is named a second time among the words of the command line, as an input or as another output, or that is a
/// part of a head that is read.
///
/// # Errors
/// There is such an output.
pub(super) fn expect_no_input(outputs: &[Output<'_>]) -> Result<()> {
    let places: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .filter_map(|word| {
            let text = word.to_str()?;
            std::fs::canonicalize(
                text.split_once('=').filter(|_| text.starts_with("--")).map_or(text, |(_, path)| path),
            )
            .ok()
        })
        .collect();
    for Output { flag, path, .. } in outputs {
        let Ok(place) = std::fs::canonicalize(path) else { continue };
        let part_of_input = ["head.json", "head.safetensors", "plan.safetensors", "secret.key"]
            .iter()
            .any(|name| path.ends_with(name))
            && places.iter().any(|other| place.parent() == Some(other.as_path()));
        if part_of_input || places.iter().filter(|other| **other == place).count() > 1 {
            return Err(Failure::usage(format!(
                "{flag} {}: the command reads this itself, so it is not overwritten",
                path.display()
            ))
            .help("choose another name for the output"));
        }
    }
    Ok(())
}
