//! Job files: flags in a TOML table.
//!
//! `--job job.toml` is replaced by the flags in the file, with `_` or `-` in their names: `max_iter = 32` is `--max-iter 32`, `offline =
//! true` is `--offline`, and a list repeats a flag. They are inserted before the flags of the command line, which therefore take
//! precedence.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::exit::{Failure, Kind, Result};
use crate::files::read_at_most;

/// Longest job file that is read.
const MOST_BYTES: u64 = 1 << 20;

/// Flags that may be repeated.
const REPEATED: [&str; 11] = [
    "--label-column",
    "--class-order",
    "--drop",
    "--ignore-column",
    "--id-column",
    "--keep-columns",
    "--numeric",
    "--categorical",
    "--impute",
    "--date-parts",
    "--shifts",
];

/// A job file that was read.
#[derive(Debug)]
pub(super) struct Job {
    /// The file.
    pub(super) path: PathBuf,
    /// Names of the flags in it, such as `--max-iter`.
    pub(super) flags: Vec<String>,
}

/// The arguments with `--job FILE` replaced by the flags in the file, and what the file was.
///
/// # Errors
/// A file that does not exist or is not a table of flags; two job files.
pub(super) fn expand(arguments: impl IntoIterator<Item = OsString>) -> Result<(Vec<OsString>, Option<Job>)> {
    let mut rest: Vec<OsString> = Vec::new();
    let mut file: Option<OsString> = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let named = match argument.to_str() {
            Some("--job") => arguments.next().ok_or_else(|| Failure::usage("--job: the file is missing"))?,
            Some(text) if text.starts_with("--job=") => text["--job=".len()..].into(),
            _ => {
                rest.push(argument);
                continue;
            }
        };
        if file.replace(named).is_some() {
            return Err(Failure::usage("--job was given twice"));
        }
    }
    let Some(file) = file else { return Ok((rest, None)) };
    let path = PathBuf::from(file);
    let flags = read(&path)?;
    let names = flags.iter().map(|flag| flag.split('=').next().unwrap_or_default().to_owned()).collect();
    // after the program and the command, before the flags of the command line
    let command = rest.iter().skip(1).position(|word| !word.to_string_lossy().starts_with('-'));
    let at = command.map_or(rest.len(), |place| place + 2);
    rest.splice(at..at, flags.into_iter().map(OsString::from));
    Ok((rest, Some(Job { path, flags: names })))
}

fn read(path: &Path) -> Result<Vec<String>> {
    let bad = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    let text = String::from_utf8(read_at_most(path, MOST_BYTES, Kind::Usage)?)
        .map_err(|error| bad("not a text in UTF-8".into()).because(error))?;
    let table: Value =
        text.parse().map_err(|error: toml::de::Error| bad("not a TOML file".into()).because(error))?;
    let mut flags = Vec::new();
    for (name, value) in table.as_table().into_iter().flatten() {
        let flag = format!("--{}", name.replace('_', "-"));
        if flag == "--job" {
            return Err(bad("a job file cannot name another job file".into()));
        }
        let values = match value {
            Value::Array(values) => values.as_slice(),
            single => std::slice::from_ref(single),
        };
        if values.len() > 1 && !REPEATED.contains(&flag.as_str()) {
            return Err(bad(format!("`{name}` takes one value; the list has {}", values.len())));
        }
        for value in values {
            match value {
                Value::Boolean(true) => flags.push(flag.clone()),
                Value::Boolean(false) => {}
                Value::String(text) => flags.push(format!("{flag}={text}")),
                Value::Integer(number) => flags.push(format!("{flag}={number}")),
                Value::Float(number) => flags.push(format!("{flag}={number}")),
                _ => return Err(bad(format!("`{name}` must be a string, a number or a boolean"))),
            }
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn expanded(job: &str, line: &str) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.toml");
        std::fs::write(&path, job).unwrap();
        let words =
            line.split_whitespace().map(|word| word.replace("JOB", &path.display().to_string()).into());
        Ok(expand(words)?.0.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn flags_of_the_file_come_before_those_that_were_typed() {
        let job = "max_iter = 7\nC = 0.5\noffline = true\nresume = false\nignore-column = [\"a\", \"b\"]";
        let words = expanded(job, "train-head -q run --job JOB --max-iter 9").unwrap();
        let start: Vec<&str> = words[..3].iter().map(String::as_str).collect();
        assert_eq!(start, ["train-head", "-q", "run"]);
        assert_eq!(words[words.len() - 2..], ["--max-iter", "9"]);
        let mut flags = words[3..words.len() - 2].to_vec();
        flags.sort();
        assert_eq!(flags, ["--C=0.5", "--ignore-column=a", "--ignore-column=b", "--max-iter=7", "--offline"]);
        assert_eq!(expanded("", "train-head run --job=JOB").unwrap(), ["train-head", "run"]);
        assert_eq!(expanded("", "train-head run").unwrap(), ["train-head", "run"]);
    }

    #[test]
    fn nonsense_is_refused() {
        for (job, line) in [
            ("max_iter = ", "x run --job JOB"),
            ("[table]\na = 1", "x run --job JOB"),
            ("job = \"x\"", "x run --job JOB"),
            ("hidden_layer_sizes = [64, 32]", "x run --job JOB"),
            ("", "x run --job JOB --job JOB"),
            ("", "x run --job"),
            ("", "x run --job nowhere"),
        ] {
            assert_eq!(expanded(job, line).unwrap_err().kind(), Kind::Usage, "{job:?} {line}");
        }
    }
}
