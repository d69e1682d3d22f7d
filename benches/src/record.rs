//! Records: one JSON file for each measurement, which `report` reads.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};

use crate::machine::Machine;

/// Version of the records' form.
const FORMAT: u32 = 1;

/// Wraps what was measured with what makes it repeatable.
///
/// # Errors
/// The environment names kernels that this machine cannot run; a value that JSON does not hold.
pub(crate) fn record(kind: &str, threads: usize, body: &impl Serialize) -> anyhow::Result<Value> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let mut record = json!({
        "format": FORMAT,
        "kind": kind,
        "program": concat!("head-bench ", env!("CARGO_PKG_VERSION")),
        "unix_time": seconds,
        "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
        "threads": threads,
        "machine": Machine::detect()?,
    });
    if let (Some(record), Value::Object(body)) = (record.as_object_mut(), serde_json::to_value(body)?) {
        record.extend(body);
    }
    Ok(record)
}

/// Writes a record as `NAME.json` into a folder, which is made if it is not there.
///
/// # Errors
/// Those of writing.
pub(crate) fn write(folder: &Path, name: &str, record: &Value) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{name}.json"));
    let mut text = serde_json::to_string_pretty(record)?;
    text.push('\n');
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
