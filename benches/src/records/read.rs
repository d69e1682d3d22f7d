//! Reads the records of a run.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{FORMAT, RECORDS};

/// The records of a run, sorted by name.
pub(crate) struct Records(Vec<Value>);

impl Records {
    /// Reads the records in the folder of a run.
    ///
    /// # Errors
    /// The file is missing or empty, or contains something other than records.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(RECORDS);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let records = Self::parse(&text).with_context(|| path.display().to_string())?;
        ensure!(!records.0.is_empty(), "{} is empty", path.display());
        Ok(records)
    }

    /// Parses one record a line.
    ///
    /// # Errors
    /// A line is not a record.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut records = text.lines().map(parse).collect::<anyhow::Result<Vec<_>>>()?;
        records.sort_by(|a, b| self::text(a, "/name").cmp(self::text(b, "/name")));
        Ok(Self(records))
    }

    /// All records.
    pub(crate) fn all(&self) -> &[Value] {
        &self.0
    }

    /// The records of a kind.
    pub(crate) fn of<'a>(&'a self, kind: &str) -> Vec<&'a Value> {
        self.0.iter().filter(|record| record["kind"] == kind).collect()
    }
}

/// Parses a line.
///
/// # Errors
/// It is not a record, or a record of another format.
pub(super) fn parse(line: &str) -> anyhow::Result<Value> {
    let record: Value = serde_json::from_str(line).context("a line is not JSON")?;
    ensure!(record["name"].is_string() && record["kind"].is_string(), "a line is not a record");
    ensure!(
        record["format"] == FORMAT,
        "record {} has format {}, {FORMAT} is expected",
        record["name"],
        record["format"]
    );
    Ok(record)
}

/// The number at a JSON pointer such as `/measures/plain/accuracy`; NaN if there is none.
pub(crate) fn number(record: &Value, path: &str) -> f64 {
    record.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// The text at a JSON pointer; empty if there is none.
pub(crate) fn text<'a>(record: &'a Value, path: &str) -> &'a str {
    record.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer; empty if there is none.
pub(crate) fn list<'a>(record: &'a Value, path: &str) -> &'a [Value] {
    record.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The command that made a record.
pub(crate) fn command(record: &Value) -> String {
    let words: Vec<&str> = list(record, "/arguments").iter().filter_map(Value::as_str).collect();
    format!("head-bench {}", words.join(" "))
}

/// The distinct values, in the order of their first appearance.
pub(crate) fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
