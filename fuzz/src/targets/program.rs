//! Files of the program, and the public description of a training.

use std::path::{Path, PathBuf};

use fhe_head::Job;
use fhe_head::ckks::serial::{NewFile, Writer};
use serde_json::{Value, json};
use train_head::readers;

use super::small::{Small, plans};
use crate::{Target, folder, parcel, sealed};

/// The public description of a training.
pub const JOB: Target = Target { name: "job", read: read_job, seeds: job_seeds };
/// A plan: `plan.json` and the arrays beside it, whose digest is made right.
pub const PLAN: Target = Target { name: "plan", read: read_plan, seeds: plan_seeds };
/// A decrypted head: `head.json` and `head.safetensors`, whose digests are made right.
pub const EXPORTED: Target = Target { name: "exported", read: read_exported, seeds: exported_seeds };
/// Embeddings.
pub const EMBEDDINGS: Target = Target { name: "embeddings", read: read_embeddings, seeds: embeddings_seeds };
/// NumPy arrays.
pub const NPY: Target = Target { name: "npy", read: read_npy, seeds: npy_seeds };
/// A bundle, whose checksums and digests are made right.
pub const BUNDLE: Target = Target { name: "bundle", read: read_bundle, seeds: bundle_seeds };
/// `keys.json` and `stop.json`.
pub const LISTS: Target = Target { name: "lists", read: read_lists, seeds: list_seeds };

fn read_job(input: &[u8]) -> Result<(), String> {
    let job: Job = serde_json::from_slice(input).map_err(|error| error.to_string())?;
    // what the compute party derives from it before it trains
    let derived = (job.weights(), job.messages(), job.message_length(), job.steps(), job.refreshed_message());
    let layout = (job.layout().items().len(), job.packing().sizes());
    let again = serde_json::to_vec(&job).map_err(|error| error.to_string())?;
    let same = serde_json::from_slice::<Job>(&again).map_err(|error| format!("not read again: {error}"))?;
    assert_eq!(same, job, "{derived:?} {layout:?}");
    Ok(())
}

fn job_seeds(_: &Path) -> Vec<Vec<u8>> {
    let plans = plans().unwrap_or_else(|error| panic!("plans: {error}"));
    plans.iter().map(|plan| json!(plan.job).to_string().into_bytes()).collect()
}

fn read_plan(input: &[u8]) -> Result<(), String> {
    let [text, arrays] = parcel::unpack(input);
    folder::with(|folder| {
        let plan = folder.join("plan.json");
        put(&folder.join("plan.safetensors"), arrays);
        put(&plan, &with_digests_of(text, "arrays", arrays));
        readers::plan(&plan)
    })
}

/// A description with the digest of the file beside it, and that of its own text.
fn with_digests_of(text: &[u8], field: &str, beside: &[u8]) -> Vec<u8> {
    let digest = json!(blake3::hash(beside).to_hex().as_str());
    match serde_json::from_slice(text) {
        Ok(Value::Object(mut fields)) if fields.contains_key(field) => {
            fields.insert(field.into(), digest);
            fields.remove("digest");
            let blank = "0".repeat(64);
            let rest = Value::Object(fields).to_string();
            let sealed = |digest: &str| format!("{{\"digest\": \"{digest}\", {}\n", &rest[1..]);
            sealed(&blake3::hash(sealed(&blank).as_bytes()).to_hex()).into_bytes()
        }
        _ => text.to_vec(),
    }
}

fn plan_seeds(run: &Path) -> Vec<Vec<u8>> {
    let client = run.join("out").join("client");
    vec![parcel::pack([&compact(&client.join("plan.json")), &get(&client.join("plan.safetensors"))])]
}

fn read_exported(input: &[u8]) -> Result<(), String> {
    let [text, weights] = parcel::unpack(input);
    folder::with(|folder| {
        put(&folder.join("head.json"), &with_digests_of(text, "weights", weights));
        put(&folder.join("head.safetensors"), weights);
        readers::head(folder)
    })
}

fn exported_seeds(run: &Path) -> Vec<Vec<u8>> {
    let out = run.join("out");
    vec![parcel::pack([&compact(&out.join("head.json")), &get(&out.join("head.safetensors"))])]
}

fn read_embeddings(input: &[u8]) -> Result<(), String> {
    at("x.safetensors", input, readers::embeddings)
}

fn embeddings_seeds(run: &Path) -> Vec<Vec<u8>> {
    vec![get(&run.join("embeddings.safetensors"))]
}

fn read_npy(input: &[u8]) -> Result<(), String> {
    at("x.npy", input, readers::npy)
}

fn npy_seeds(run: &Path) -> Vec<Vec<u8>> {
    let file = |descr: &str, order: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
    };
    vec![
        get(&run.join("embeddings.npy")),
        file("<f8", "True", "(2, 1)", &[0; 16]),
        file("|S3", "False", "(2,)", b"yesno\0"),
        file("<U1", "False", "(2,)", b"y\0\0\0n\0\0\0"),
    ]
}

fn read_bundle(input: &[u8]) -> Result<(), String> {
    let archive = with_digests(sealed::tar(input.to_vec()));
    folder::with(|folder| {
        let path = folder.join("bundle.tar");
        put(&path, &archive);
        readers::bundle(&path, &folder.join("out"))
    })
}

/// An archive whose list has the digests of what follows it, where the list can be read and keeps its length.
fn with_digests(mut archive: Vec<u8>) -> Vec<u8> {
    let contents = sealed::tar_contents(&archive);
    let Some((list, files)) = contents.split_first() else { return archive };
    let Ok(mut value) = serde_json::from_slice::<Value>(&archive[list.clone()]) else { return archive };
    let entries = value.get_mut("entries").and_then(Value::as_array_mut).into_iter().flatten();
    for (entry, file) in entries.zip(files) {
        if let Some(digest) = entry.get_mut("blake3") {
            *digest = json!(blake3::hash(&archive[file.clone()]).to_hex().as_str());
        }
    }
    let text = value.to_string();
    if text.len() <= list.len() {
        archive[list.clone()].fill(b' ');
        archive[list.start..list.start + text.len()].copy_from_slice(text.as_bytes());
    }
    archive
}

fn bundle_seeds(_: &Path) -> Vec<Vec<u8>> {
    let Small { parameters, secret, .. } = Small::get();
    let new = NewFile {
        kind: fhe_head::files::HEAD,
        parameters,
        key_id: secret.key_id(),
        items: 0,
        metadata: b"{}",
    };
    let head = Writer::new(Vec::new(), "", new).and_then(Writer::finish).unwrap_or_default();
    let key = NewFile { kind: fhe_head::ckks::serial::FileKind::EVALUATION_KEY, ..new };
    let key = Writer::new(Vec::new(), "", key).and_then(Writer::finish).unwrap_or_default();
    let keys = list_of_keys(&key).to_string();
    let entry = |path: &str, kind: &str, bytes: &[u8]| {
        let digest = blake3::hash(bytes).to_hex();
        json!({ "path": path, "kind": kind, "bytes": bytes.len(), "blake3": digest.as_str() })
    };
    let manifest = json!({
        "format": "train-head bundle 1", "program": "", "preset": parameters.name(),
        "key_id": secret.key_id().to_string(),
        "entries": [
            entry("eval/keys.json", "list of keys", keys.as_bytes()),
            entry("eval/a.key", "evaluation key", &key),
            entry("head.enc", "encrypted head", &head),
        ],
    });
    let mut archive = tar::Builder::new(Vec::new());
    let files: [(&str, &[u8]); 4] = [
        ("manifest.json", manifest.to_string().as_bytes()),
        ("eval/keys.json", keys.as_bytes()),
        ("eval/a.key", &key),
        ("head.enc", &head),
    ]
    .map(|(name, bytes)| (name, bytes.to_vec().leak() as &[u8]));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, name, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    vec![archive.into_inner().unwrap_or_default()]
}

fn read_lists(input: &[u8]) -> Result<(), String> {
    folder::with(|folder| {
        put(&folder.join("keys.json"), input);
        put(&folder.join("stop.json"), input);
        put(&folder.join("a.key"), b"");
        // either may be meant
        readers::key_list(folder).or_else(|_| readers::stop(folder))
    })
}

/// The list of one key.
fn list_of_keys(key: &[u8]) -> Value {
    let digest =
        blake3::Hasher::new_derive_key("train-head 2026-11 file of a signed list").update(key).finalize();
    json!({
        "format": "train-head evaluation keys 2", "run": "0".repeat(32), "generation": "0".repeat(64),
        "keys": [{ "name": "a.key", "blake3": digest.to_hex().as_str() }],
    })
}

fn list_seeds(_: &Path) -> Vec<Vec<u8>> {
    vec![
        list_of_keys(b"").to_string().into_bytes(),
        json!({ "run": "0".repeat(32), "iteration": 4 }).to_string().into_bytes(),
    ]
}

/// Reads an input as a file of this name.
fn at(name: &str, input: &[u8], read: fn(&Path) -> Result<(), String>) -> Result<(), String> {
    folder::with(|folder| {
        let path: PathBuf = folder.join(name);
        put(&path, input);
        read(&path)
    })
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn get(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// JSON without the spaces that people like.
fn compact(path: &Path) -> Vec<u8> {
    let value: Value = serde_json::from_slice(&get(path)).unwrap_or_else(|error| panic!("{error}"));
    value.to_string().into_bytes()
}
