//! The compute party's folder of evaluation keys. Nothing in it is secret.

use std::path::Path;

use fhe_head::ckks::serial::FileKind;
use fhe_head::ckks::{EvaluationKeys, SwitchingKey};
use rayon::prelude::*;

use super::keys::{open, parameters_of};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, read_failure};

/// Reads all evaluation keys of a folder.
///
/// # Errors
/// The folder holds no keys, or one that is damaged or does not belong to the others.
pub(crate) fn read_evaluation(folder: &Path, console: &Console) -> Result<EvaluationKeys> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| Failure::io("read", folder, Kind::File, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::io("read", folder, Kind::File, error))?.path();
        if path.extension().is_some_and(|extension| extension == "key") {
            paths.push(path);
        }
    }
    paths.sort();
    let Some(first) = paths.first() else {
        return Err(Failure::file(format!("{} holds no evaluation keys", folder.display()))
            .help("name the folder `eval` that `train-head keygen` makes"));
    };
    let first = open(first, FileKind::EVALUATION_KEY)?;
    let parameters = parameters_of(&first)?;
    let key_id = first.header().key_id;
    let progress = console.phase("load keys", paths.len());
    let keys: Vec<SwitchingKey> = paths
        .par_iter()
        .map(|path| {
            let mut reader = open(path, FileKind::EVALUATION_KEY)?;
            reader.expect_key(key_id).map_err(read_failure)?;
            let key = reader.read_switching_key(&parameters).map_err(read_failure)?;
            reader.finish().map_err(read_failure)?;
            progress.step();
            Ok(key)
        })
        .collect::<Result<_>>()?;
    progress.done();
    let mut set = EvaluationKeys::new(&parameters, key_id);
    for key in keys {
        set.insert(key).map_err(|error| Failure::file(error.to_string()))?;
    }
    Ok(set)
}
