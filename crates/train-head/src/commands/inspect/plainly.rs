//! Facts in words: what it is in a sentence, then one fact a line.

use std::path::Path;

use serde_json::Value;

use super::facts::Facts;
use crate::progress;

/// The text for a person.
pub(super) fn text(path: &Path, facts: &Facts) -> String {
    let kind = facts.iter().find_map(|(name, value)| (*name == "kind").then(|| value.as_str())).flatten();
    let mut lines = vec![format!("{}: {}", path.display(), kind.map_or("unknown", sentence))];
    for (name, value) in facts.iter().filter(|(name, _)| *name != "kind") {
        match (*name, value) {
            // internals that programs ask for
            ("parameter_hash", _) | (_, Value::Null) => {}
            ("contents", Value::Array(items)) if items.iter().all(Value::is_object) => {
                lines.extend(items.iter().map(entry));
            }
            ("metadata" | "plan" | "description" | "report" | "list" | "map" | "session", value) => {
                flatten("", value, &mut lines);
            }
            (name, value) => flatten(name, value, &mut lines),
        }
    }
    lines.join("\n")
}

/// What a file of this kind is for.
fn sentence(kind: &str) -> &str {
    match kind {
        "secret key" => "secret key: never leaves the data party",
        "secret key, encrypted with a passphrase (age)" => {
            "secret key, encrypted with a passphrase (age): never leaves the data party"
        }
        "public key" => "public key: anybody may have it",
        "evaluation key" => "evaluation key: the compute party computes with it, and can decrypt nothing",
        "evaluation keys" => "evaluation keys: the compute party computes with them, and can decrypt nothing",
        "encrypted data" => "encrypted data to train on, for the compute party (train --data)",
        "encrypted state" => "encrypted state of an interrupted training (train --resume)",
        "encrypted head" => {
            "encrypted head, for the data party (decrypt --head) or to score with (score --head)"
        }
        "samples to score" => "encrypted data: samples to score, for the compute party (score --data)",
        "encrypted scores" => "encrypted scores, for the data party (predict --scores)",
        "plan" => "plan of the data party: private, since it holds statistics of the data",
        "head" => "decrypted head (predict --head)",
        "feature map" => {
            "feature map, to train behind (estimate --feature-map): private if it came of sums, since it holds statistics of the data"
        }
        "encrypted sums" => "encrypted sums of one party, for the others (joint decrypt)",
        "session of a joint training" => "session of a joint training: for all its parties (joint join)",
        "session of sums" => "session of sums by consent: for all its parties (joint join)",
        "embeddings" => "embeddings: private (--features)",
        "report" => "report: the figures of a run",
        "bundle" => {
            "bundle: what one party hands the other (unbundle); signatures are checked when it is unpacked"
        }
        "table" => "table of another program: private where it holds records (--features, --input)",
        "array" => "NumPy array: private where it holds records (--features, --labels)",
        "job file" => "job file: flags for a command (--job)",
        "predictions" => "predictions, a line for each sample: private",
        "page" => {
            "page about a run or an evaluation, for a browser: private, like the head that it describes"
        }
        "data party's keys" => {
            "folder of the data party's keys: the compute party gets `eval` and nothing else"
        }
        other => other,
    }
}

fn entry(item: &Value) -> String {
    let word = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = progress::bytes(item.get("bytes").and_then(Value::as_u64).unwrap_or_default());
    format!("  {:<20} {} ({bytes})", word("name"), word("what"))
}

/// Scalars a line each, under their path; of long lists the length.
fn flatten(name: &str, value: &Value, lines: &mut Vec<String>) {
    const LONG: usize = 8;
    let mut say = |text: String| lines.push(format!("  {:<28} {text}", name.replace('_', " ")));
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let path = if name.is_empty() { field.clone() } else { format!("{name}, {field}") };
                flatten(&path, value, lines);
            }
        }
        Value::Array(items)
            if items.len() > LONG || items.iter().any(|item| item.is_object() || item.is_array()) =>
        {
            say(format!("{} values", items.len()));
        }
        Value::Array(items) => say(items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
        Value::Number(number) if name == "bytes" => {
            say(number
                .as_u64()
                .map_or_else(String::new, |size| format!("{size} ({})", progress::bytes(size))));
        }
        // as plans keep the degree of a polynomial
        Value::String(text) if name.ends_with("degree") => say(match &**text {
            "Three" => "3".into(),
            "Five" => "5".into(),
            "Seven" => "7".into(),
            _ => text.clone(),
        }),
        other => say(scalar(other)),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        other => other.to_string(),
    }
}
