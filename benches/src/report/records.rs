//! The records of a run, as they were read.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// All records of a folder, in the order of their file names.
pub(crate) struct Records(Vec<Value>);

impl Records {
    /// Reads every JSON file of a folder.
    ///
    /// # Errors
    /// A file that cannot be read or is no record.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let read = |path: &std::path::PathBuf| {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let record: Value =
                serde_json::from_str(&text).with_context(|| format!("{} is no record", path.display()))?;
            anyhow::ensure!(record["kind"].is_string(), "{} is no record", path.display());
            Ok(record)
        };
        Ok(Self(paths.iter().map(read).collect::<anyhow::Result<_>>()?))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every record.
    pub(crate) fn all(&self) -> &[Value] {
        &self.0
    }

    /// Records of a kind.
    pub(crate) fn of<'a>(&'a self, kind: &str) -> Vec<&'a Value> {
        self.0.iter().filter(|record| record["kind"] == kind).collect()
    }
}

/// The number at a path such as `/measures/plain/accuracy`; NaN if there is none.
pub(crate) fn number(record: &Value, path: &str) -> f64 {
    record.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// The text at a path; empty if there is none.
pub(crate) fn text<'a>(record: &'a Value, path: &str) -> &'a str {
    record.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a path; empty if there is none.
pub(crate) fn list<'a>(record: &'a Value, path: &str) -> &'a [Value] {
    record.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The command that made a record.
pub(crate) fn command(record: &Value) -> String {
    let words: Vec<&str> = list(record, "/arguments").iter().filter_map(Value::as_str).collect();
    format!("head-bench {}", words.join(" "))
}

/// Values in the order of their first appearance.
pub(crate) fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// Bytes in a unit that suits them.
pub(crate) fn bytes(value: f64) -> String {
    match value {
        value if !value.is_finite() => "\u{2013}".into(),
        value if value >= 1e9 => format!("{:.2} GB", value / 1e9),
        value if value >= 1e6 => format!("{:.1} MB", value / 1e6),
        value => format!("{:.0} kB", value / 1e3),
    }
}

/// Seconds in a unit that suits them.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        value if !value.is_finite() => "\u{2013}".into(),
        value if value >= 100.0 => format!("{value:.0} s"),
        value if value >= 1.0 => format!("{value:.2} s"),
        value if value >= 0.1 => format!("{:.0} ms", 1e3 * value),
        value if value >= 1e-3 => format!("{:.2} ms", 1e3 * value),
        value if value <= 0.0 => "0".into(),
        value => format!("{:.1} us", 1e6 * value),
    }
}

/// A share in four places; a dash if there is none.
pub(crate) fn share(value: f64) -> String {
    if value.is_finite() { format!("{value:.4}") } else { "\u{2013}".into() }
}
