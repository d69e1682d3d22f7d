//! Writes records into the folder of a run.

use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

use super::read::{Records, parse};
use super::{FORMAT, RECORDS, SUMMARY, summary};
use crate::machine::Machine;

/// What identifies a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label<'a> {
    /// Unique in a run.
    pub(crate) name: &'a str,
    /// What was measured; the report collects records by it.
    pub(crate) kind: &'a str,
    pub(crate) threads: usize,
}

/// A measurement with what is needed to repeat it.
#[derive(Serialize)]
struct Record<'a, Body> {
    name: &'a str,
    kind: &'a str,
    format: u32,
    program: &'static str,
    unix_time: u64,
    arguments: Vec<String>,
    threads: usize,
    machine: Machine,
    #[serde(flatten)]
    body: Body,
}

/// Adds a record to the run in `folder` and renews the run's summary. A record of the same name is replaced. The folder is created if
/// necessary; only one process at a time may write to it.
///
/// # Errors
/// The files cannot be read or written, the folder holds something else, or the measurement is not a JSON object.
pub(crate) fn store(folder: &Path, label: Label<'_>, body: &impl Serialize) -> anyhow::Result<()> {
    let Label { name, kind, threads } = label;
    let Value::Object(mut body) = serde_json::to_value(body)? else {
        anyhow::bail!("record `{name}` is not an object");
    };
    // measurements of a child process state their threads themselves
    body.remove("threads");
    let taken = ["name", "kind", "format", "program", "unix_time", "arguments", "machine"];
    ensure!(!taken.iter().any(|field| body.contains_key(*field)), "record `{name}`: a field is taken");
    let line = serde_json::to_string(&Record {
        name,
        kind,
        format: FORMAT,
        program: concat!("head-bench ", env!("CARGO_PKG_VERSION")),
        unix_time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs()),
        arguments: std::env::args().skip(1).collect(),
        threads,
        machine: Machine::detect()?,
        body,
    })?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(RECORDS);
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let text = replaced(&old, name, &line).with_context(|| path.display().to_string())?;
    write_whole(&path, &text)?;
    summarize(folder, &Records::parse(&text)?)
}

/// Writes the summary of a run.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn summarize(folder: &Path, records: &Records) -> anyhow::Result<()> {
    write_whole(&folder.join(SUMMARY), &summary::markdown(records))
}

/// The lines of `old` with the record `name` replaced by `line`, which comes last if there was none. Other lines stay as they are.
fn replaced(old: &str, name: &str, line: &str) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    let mut found = false;
    for kept in old.lines() {
        let same = parse(kept)?["name"] == name;
        lines.push(if same { line } else { kept });
        found |= same;
    }
    if !found {
        lines.push(line);
    }
    Ok(lines.join("\n") + "\n")
}

/// Writes a file under a temporary name, syncs and renames it: after a crash, the old or the new contents are there.
fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = std::fs::File::create(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn put(folder: &Path, name: &str, value: f64) {
        store(folder, Label { name, kind: "step", threads: 2 }, &json!({ "median_s": value })).unwrap();
    }

    #[test]
    fn a_repeated_record_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("run");
        for (name, value) in [("b", 1.0), ("a", 2.0), ("b", 3.0)] {
            put(&folder, name, value);
        }
        let text = std::fs::read_to_string(folder.join(RECORDS)).unwrap();
        let names: Vec<_> = text.lines().map(|line| parse(line).unwrap()["name"].clone()).collect();
        assert_eq!(names, ["b", "a"]);
        assert!(text.starts_with("{\"name\":\"b\",\"kind\":\"step\","), "{text}");
        let records = Records::read(&folder).unwrap();
        let values: Vec<_> = records.of("step").iter().map(|record| record["median_s"].clone()).collect();
        assert_eq!(values, [2.0, 3.0], "read in the order of their names");
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 2, "no temporary file is left");
        assert!(std::fs::read_to_string(folder.join(SUMMARY)).unwrap().contains("2 step"));
    }

    #[test]
    fn other_lines_stay_byte_for_byte() {
        let old = "{\"name\":\"a\",\"kind\":\"k\",\"format\":2,\"x\":0.10}\n";
        let line = "{\"name\":\"b\",\"kind\":\"k\",\"format\":2}";
        assert_eq!(replaced(old, "b", line).unwrap(), format!("{old}{line}\n"));
        assert!(replaced("not a record\n", "b", line).is_err());
    }
}
