//! From words to arguments. What clap refuses is explained where it can be: the job file that a flag comes from, or our name for what
//! another program calls differently.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Error, FromArgMatches};

use super::job::{self, Job};
use super::{Cli, command};
use crate::exit::Result;

/// Words that are no arguments.
#[derive(Debug)]
pub(crate) struct Unparsed {
    /// clap's refusal, or the help or version that was asked for.
    pub(crate) error: Error,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

/// Parses the words of a command line.
///
/// # Errors
/// A job file that cannot be used. Inside: words that are no arguments.
pub(crate) fn parse(
    words: impl IntoIterator<Item = OsString>,
) -> Result<std::result::Result<Cli, Box<Unparsed>>> {
    let (words, job) = job::expand(words)?;
    let matches = command().try_get_matches_from(words);
    Ok(match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(mut cli) => {
            // clap did not see the flag, which its flags have replaced
            cli.global.job = job.map(|job| job.path);
            Ok(cli)
        }
        Err(error) => {
            let help = help(&error, job.as_ref());
            Err(Box::new(Unparsed { error, help }))
        }
    })
}

/// Names of other programs, and ours.
const ELSEWHERE: [(&str, &str); 23] = [
    ("--target", "--label-column"),
    ("--target-column", "--label-column"),
    ("--label", "--label-column"),
    ("--y", "--label-column"),
    ("--text", "--text-column"),
    ("--text-field", "--text-column"),
    ("--model", "--model-id"),
    ("--model-name", "--model-id"),
    ("--model-name-or-path", "--model-id"),
    ("--encoder", "--model-id"),
    ("--epochs", "--max-iter"),
    ("--num-epochs", "--max-iter"),
    ("--iterations", "--max-iter"),
    ("--lr", "--learning-rate"),
    ("--eta", "--learning-rate"),
    ("--seed", "--random-state"),
    ("--test-split", "--test-size"),
    ("--validation-split", "--validation-fraction"),
    ("--output", "--out"),
    ("--output-dir", "--out"),
    ("--force", "--overwrite"),
    ("--train", "--features or --input"),
    ("--id", "--id-column"),
];

fn help(error: &Error, job: Option<&Job>) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = argument.split([' ', '=']).next().unwrap_or_default();
    let ours = ELSEWHERE.iter().find(|(name, _)| *name == flag).map(|(_, ours)| *ours);
    let ours = ours.filter(|_| error.kind() == clap::error::ErrorKind::UnknownArgument);
    let from = job.filter(|job| job.flags.iter().any(|name| name == flag));
    match (ours, from) {
        (Some(ours), None) => Some(format!("train-head calls it {ours}")),
        (Some(ours), Some(job)) => {
            Some(format!("{flag} comes from {}; train-head calls it {ours}", job.path.display()))
        }
        (None, Some(job)) => Some(format!("{flag} comes from {}", job.path.display())),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn help_for(line: &str) -> Option<String> {
        let words = line.split_whitespace().map(OsString::from);
        parse(words).unwrap().unwrap_err().help
    }

    #[test]
    fn names_of_other_programs_lead_to_ours() {
        assert!(help_for("train-head run --target y --out o").unwrap().ends_with("--label-column"));
        assert!(help_for("train-head run --epochs 3 --out o").unwrap().ends_with("--max-iter"));
        assert_eq!(help_for("train-head run --frobnicate --out o"), None);
    }

    #[test]
    fn a_job_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.toml");
        for (job, line) in [
            ("frobnicate = 1", "run --out o"),
            ("max_iter = \"many\"", "run --features f --out o"),
            ("max_iter = 3", "presets"),
        ] {
            std::fs::write(&path, job).unwrap();
            let help = help_for(&format!("train-head {line} --job {}", path.display())).unwrap();
            assert!(help.contains("job.toml"), "{job}: {help}");
        }
    }

    /// A name here must not be one of ours, nor lead to one that does not exist.
    #[test]
    fn the_list_is_true() {
        let flags: Vec<String> = command()
            .get_subcommands()
            .flat_map(|command| command.get_arguments().filter_map(|flag| flag.get_long()))
            .map(|name| format!("--{name}"))
            .collect();
        for (theirs, ours) in ELSEWHERE {
            assert!(!flags.iter().any(|flag| flag == theirs), "{theirs}");
            for flag in ours.split(" or ") {
                assert!(flags.iter().any(|known| known == flag), "{flag}");
            }
        }
    }
}
