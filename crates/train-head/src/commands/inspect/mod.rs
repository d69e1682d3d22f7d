//! `inspect`: shows what a file or folder of this program holds.

mod facts;
mod folder;
#[cfg(feature = "data-party")]
mod in_the_clear;
#[cfg(not(feature = "data-party"))]
#[path = "not_read.rs"]
mod in_the_clear;
mod others;
mod plainly;

use std::io::Read;
use std::path::Path;

use fhe_head::ckks::serial::{FileKind, Reader};
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result, read_failure};
use crate::files::{self, bundle, keys, private, signed};
use facts::Facts;

/// # Errors
/// A file that is missing, damaged, or of another program.
pub(super) fn run(arguments: &InspectArgs, console: &Console) -> Result<Outcome> {
    let path = &arguments.file;
    let facts = match path.is_dir() {
        true => folder::facts(path)?,
        false => {
            let mut facts = file_facts(path, arguments.verify, console)?;
            facts.push(("bytes", json!(files::size(path)?)));
            facts
        }
    };
    let mut json: serde_json::Map<String, Value> = serde_json::Map::new();
    json.insert("file".into(), files::shown(path).into());
    json.extend(facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Ok(Outcome { text: plainly::text(path, &facts), json: Value::Object(json) })
}

/// What a file holds.
fn file_facts(path: &Path, verify: bool, console: &Console) -> Result<Facts> {
    if let Some(mut facts) = others::facts(path) {
        if verify && bundle::list(path).is_some() {
            bundle::verify(path, console)?;
            facts.push(("verified", json!(true)));
        }
        return Ok(facts);
    }
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "json" => json_file(path),
        "safetensors" => safetensors_file(path),
        _ => ciphertext_file(path, verify, console),
    }
}

/// A file of keys or ciphertexts.
fn ciphertext_file(path: &Path, verify: bool, console: &Console) -> Result<Facts> {
    if private::is_passphrase_encrypted(path)? {
        return Ok(vec![("kind", json!("secret key, encrypted with a passphrase (age)"))]);
    }
    let mut opened = signed::open(path)?;
    let signer = opened.signer()?;
    let mut reader = opened.unverified()?;
    let header = reader.header().clone();
    let metadata = match reader.metadata() {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).map_err(|error| {
            Failure::file(format!("{}: malformed metadata", path.display())).because(error)
        })?,
    };
    let mut facts = vec![
        ("kind", json!(header.kind.to_string())),
        ("preset", json!(header.parameter_name)),
        ("parameter_hash", json!(hex(&header.parameter_hash))),
        ("key_id", json!(header.key_id.to_string())),
        ("run", metadata.pointer("/origin/run").or(metadata.get("run")).cloned().unwrap_or_default()),
        ("signer", json!(signer)),
        ("items", json!(header.items)),
        ("metadata", metadata),
    ];
    let progress = console.phase("read", header.items as usize);
    let mut seen: Vec<(String, u64)> = Vec::new();
    while reader.remaining() > 0 {
        let line = item(&mut reader)?;
        progress.step();
        match seen.iter_mut().find(|(known, _)| *known == line) {
            Some((_, times)) => *times += 1,
            None => seen.push((line, 1)),
        }
        if !verify {
            break;
        }
    }
    let items: Vec<String> = seen.into_iter().map(|(line, times)| format!("{times} x {line}")).collect();
    facts.push((if verify { "contents" } else { "first_item" }, json!(items)));
    if verify {
        reader.finish().map_err(read_failure)?;
        facts.push(("verified", json!(true)));
    }
    progress.done();
    Ok(facts)
}

/// Reads the next item, which verifies its checksums and ranges, and describes it.
fn item<R: Read>(reader: &mut Reader<R>) -> Result<String> {
    let parameters = keys::parameters_of(reader)?;
    match reader.header().kind {
        #[cfg(feature = "data-party")]
        FileKind::SECRET_KEY => {
            reader.read_secret_key(&parameters).map_err(read_failure)?;
            Ok("secret key".into())
        }
        #[cfg(not(feature = "data-party"))]
        FileKind::SECRET_KEY => {
            Err(Failure::file("a secret key, which never leaves the data party: this program cannot read it"))
        }
        FileKind::PUBLIC_KEY => {
            reader.read_public_key(&parameters).map_err(read_failure)?;
            Ok("public key".into())
        }
        FileKind::EVALUATION_KEY => {
            let key = reader.read_switching_key(&parameters).map_err(read_failure)?;
            let purpose = keys::purpose_name(&parameters, key.purpose());
            Ok(format!("{purpose} key for levels up to {}", key.level()))
        }
        _ => {
            let ciphertext = reader.read_ciphertext(&parameters).map_err(read_failure)?;
            Ok(format!("ciphertext at level {}, scale {}", ciphertext.level(), ciphertext.scale()))
        }
    }
}

/// A plan, the description of a head, a feature map or a session.
fn json_file(path: &Path) -> Result<Facts> {
    let value: Value = files::read_json(path, "a file of train-head")?;
    let format = value.get("format").and_then(Value::as_str).unwrap_or_default().to_owned();
    if format.starts_with("train-head plan") {
        return in_the_clear::plan(path);
    }
    if format.starts_with("train-head head") {
        return head(path);
    }
    if format.starts_with("train-head feature map") {
        return in_the_clear::feature_map(path);
    }
    // it is read with the plan beside it, by the name that it has there
    if format.starts_with("train-head session") && path.file_name().is_some_and(|name| name == "session.json")
    {
        return in_the_clear::session(path);
    }
    if path.file_name().is_some_and(|name| name == "report.json") && value.get("encrypted").is_some() {
        return Ok(vec![("kind", json!("report")), ("report", value)]);
    }
    if format.starts_with("train-head evaluation keys") {
        return Ok(vec![("kind", json!("list of evaluation keys")), ("list", value)]);
    }
    Err(Failure::file(format!("{}: this JSON was not written by train-head", path.display())))
}

/// The weights of a head, or embeddings.
fn safetensors_file(path: &Path) -> Result<Facts> {
    if path.file_name().is_some_and(|name| name == "head.safetensors") {
        return head(path);
    }
    in_the_clear::embeddings(path)
}

/// A file of a head in the clear.
fn head(path: &Path) -> Result<Facts> {
    let mut facts = vec![("kind", json!("head"))];
    facts.extend(in_the_clear::head(path)?);
    Ok(facts)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
