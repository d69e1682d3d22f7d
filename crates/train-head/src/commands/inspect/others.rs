//! Files that are neither keys nor ciphertexts: bundles, tables, arrays, job files, results. They are told by their first bytes or their
//! names, and not read any further.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::json;

use super::facts::Facts;
use crate::files::bundle;

/// What the file is, if it is one of those.
pub(super) fn facts(path: &Path) -> Option<Facts> {
    if let Some(manifest) = bundle::list(path) {
        let mut facts = vec![
            ("kind", json!("bundle")),
            ("preset", json!(manifest.preset)),
            ("key_id", json!(manifest.key_id)),
            ("holds", json!(manifest.summary())),
        ];
        let names: Vec<_> = manifest
            .entries
            .iter()
            .filter(|entry| !entry.path.starts_with("eval/"))
            .map(|entry| json!({ "name": entry.path, "what": entry.kind, "bytes": entry.bytes }))
            .collect();
        facts.push(("contents", json!(names)));
        return Some(facts);
    }
    Some(vec![("kind", json!(kind(path)?))])
}

fn kind(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let start = start(path)?;
    let by_start: [(&[u8], &str); 4] = [
        (b"PAR1", "table"),
        (b"PK\x03\x04", "table"),
        (b"\x93NUMPY", "array"),
        (b"<!doctype html>\n<html lang", "page"),
    ];
    if let Some((_, kind)) = by_start.iter().find(|(mark, _)| start.starts_with(mark)) {
        return Some(kind);
    }
    if name == "predictions.csv" {
        return Some("predictions");
    }
    let plain = name.trim_end_matches(".gz");
    let by_name = [
        (".csv", "table"),
        (".tsv", "table"),
        (".jsonl", "table"),
        (".ndjson", "table"),
        (".toml", "job file"),
    ];
    by_name.iter().find(|(ending, _)| plain.ends_with(ending)).map(|(_, kind)| *kind)
}

/// The first bytes.
fn start(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(32).read_to_end(&mut start).ok()?;
    Some(start)
}
