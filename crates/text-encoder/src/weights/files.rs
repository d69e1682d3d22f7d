//! The files that hold the weights of a folder.

use crate::error::Result;
use crate::folder::Folder;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SAFETENSORS: &str = "model.safetensors";
const PYTORCH: &str = "pytorch_model.bin";

/// The end of an index file's name.
pub(crate) const INDEX: &str = ".index.json";

/// File names of weights, in the order in which they are tried.
pub(crate) const FILE_NAMES: [&str; 4] =
    [SAFETENSORS, "model.safetensors.index.json", PYTORCH, "pytorch_model.bin.index.json"];

/// `*.index.json` of weights in several files.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The weights files of `folder`, at least one, whether or not all of them exist.
pub(super) fn names(folder: &Folder) -> Result<BTreeSet<String>> {
    match FILE_NAMES.into_iter().find(|name| folder.has(name)) {
        None => Err(folder.missing("model.safetensors or pytorch_model.bin")),
        Some(index) if index.ends_with(INDEX) => shards(folder, index),
        Some(name) => Ok(BTreeSet::from([name.to_owned()])),
    }
}

/// A weights file that `folder` needs and lacks, if any.
pub(crate) fn missing(folder: &Folder) -> Result<Option<String>> {
    if !FILE_NAMES.iter().any(|name| folder.has(name)) {
        return Ok(Some(SAFETENSORS.into()));
    }
    Ok(names(folder)?.into_iter().find(|name| !folder.has(name)))
}

/// The weights files that an index in `folder` names.
pub(crate) fn shards(folder: &Folder, index: &str) -> Result<BTreeSet<String>> {
    let shards: BTreeSet<String> = folder.json::<Index>(index)?.weight_map.into_values().collect();
    if shards.is_empty() {
        return Err(folder.invalid(index, "the names of weights files", "none"));
    }
    let is_plain = |name: &String| Path::new(name).file_name().is_some_and(|file| file == name.as_str());
    match shards.iter().find(|name| !is_plain(name)) {
        Some(path) => Err(folder.invalid(index, "names of files in the same folder", path.as_str())),
        None => Ok(shards),
    }
}
