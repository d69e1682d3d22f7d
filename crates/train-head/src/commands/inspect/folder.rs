//! What a folder holds: keys, a head, the results of a run, or files of a party.

use std::path::{Path, PathBuf};

use fhe_head::ckks::serial::Reader;
use serde_json::{Value, json};

use super::facts::Facts;
use super::in_the_clear;
use crate::exit::{Failure, Kind, Result, read_failure};
use crate::files::evaluation_keys::{self, LIST};
use crate::files::{private, size, size_of_folder};

/// The facts of a folder.
///
/// # Errors
/// A folder that cannot be read, or holds nothing of this program; a damaged head or list of keys; keys that are missing.
pub(super) fn facts(path: &Path) -> Result<Facts> {
    if path.join(LIST).exists() {
        return evaluation_keys(path);
    }
    let mut contents = Vec::new();
    for entry in entries(path)? {
        if let Some(what) = what(&entry) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            contents.push(json!({ "name": name, "what": what, "bytes": bytes(&entry)? }));
        }
    }
    if contents.is_empty() {
        return Err(Failure::file(format!("{} holds nothing that train-head wrote", path.display())));
    }
    let has = |name: &str| path.join(name).exists();
    let kind = if has("report.json") && has("server") {
        "results of a run"
    } else if has("secret.key") {
        "data party's keys"
    } else if has("head.json") {
        "head"
    } else {
        "folder"
    };
    let mut facts = vec![("kind", json!(kind))];
    if has("head.json") {
        facts.extend(in_the_clear::head(path)?);
    }
    facts.push(("contents", Value::Array(contents)));
    Ok(facts)
}

fn evaluation_keys(path: &Path) -> Result<Facts> {
    let listed = evaluation_keys::listed(path)?;
    let mut facts = vec![
        ("kind", json!("evaluation keys")),
        ("run", json!(listed.generation().run)),
        ("signer", json!(listed.signer()?)),
        ("keys", json!(listed.files.len())),
    ];
    if let Some(first) = listed.files.first() {
        let reader = Reader::open_any(first).map_err(read_failure)?;
        facts.push(("preset", json!(reader.header().parameter_name)));
        facts.push(("key_id", json!(reader.header().key_id.to_string())));
    }
    facts.push(("bytes", json!(size_of_folder(path)?)));
    Ok(facts)
}

/// Files and subfolders, sorted; no hidden ones.
fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// What a file or subfolder is, in words; `None` if it is not ours.
fn what(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let known = match name {
        "secret.key" => "secret key: never leaves the data party",
        "plan.json" => "plan of the data party",
        "map.json" => "feature map of sums by consent: statistics of the data, private",
        "session.json" => "session of several data parties",
        "plan.safetensors" => "feature map of the plan: statistics of the data, private",
        "head.json" => "head in the clear: who may see it, classes, features, encoder",
        "head.safetensors" => "head in the clear: weights",
        "report.json" => "figures of a run",
        "report.html" => "page about a run",
        "identity.key" => "key that signs what this party writes: private",
        "identity.pub" => "public key of the party's signatures",
        "predictions.csv" => "predictions for the test samples",
        _ if path.is_dir() && path.join(LIST).exists() => "evaluation keys, for the compute party",
        _ if path.is_dir() && path.join("secret.key").exists() => {
            "files of the data party, with its secret key"
        }
        _ if path.is_dir() && path.join("eval").join(LIST).exists() => "files of the compute party",
        _ if path.is_dir() => return None,
        _ if private::is_passphrase_encrypted(path).unwrap_or(false) => {
            "secret key: never leaves the data party"
        }
        _ => return Reader::open_any(path).ok().map(|reader| reader.header().kind.to_string()),
    };
    Some(known.to_owned())
}

fn bytes(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        return size(path);
    }
    let mut sum = 0;
    for entry in entries(path)? {
        sum += bytes(&entry)?;
    }
    Ok(sum)
}
