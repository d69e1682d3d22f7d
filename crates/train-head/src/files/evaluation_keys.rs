//! The compute party's folder of evaluation keys. Nothing in it is secret. `keys.json` lists what belongs to it, so that a key that was
//! lost on the way is missed before anything is loaded.

use std::path::{Path, PathBuf};

use fhe_head::Plan;
use fhe_head::ckks::serial::FileKind;
use fhe_head::ckks::{EvaluationKeys, SwitchingKey};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::keys::{KeyFolder, open, parameters_of};
use super::{Access, read_json, write_json};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, read_failure};

/// Name of the list.
pub(crate) const LIST: &str = "keys.json";
const FORMAT: &str = "train-head evaluation keys 1";

/// The list of the keys in a folder.
#[derive(Debug, Serialize, Deserialize)]
struct KeyList {
    /// Name and version of the format.
    format: String,
    /// File names.
    keys: Vec<String>,
}

/// Writes the list of the keys in `folder`.
///
/// # Errors
/// The folder cannot be read or written to.
pub(crate) fn write_list(folder: &Path) -> Result<()> {
    let failed = |error| Failure::io("read", folder, Kind::Unexpected, error);
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string()
            && name.ends_with(".key")
        {
            keys.push(name);
        }
    }
    keys.sort();
    write_json(&folder.join(LIST), Access::Shared, &KeyList { format: FORMAT.into(), keys })
}

/// The files of the evaluation keys in a folder, all of which exist.
///
/// # Errors
/// The folder is not one of evaluation keys, holds a secret key, or lacks a key.
pub(crate) fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    if KeyFolder::at(folder).secret().exists() {
        let eval = KeyFolder::at(folder).evaluation();
        return Err(Failure::file(format!(
            "{} holds a secret key, which no compute party may have",
            folder.display()
        ))
        .help(format!("the compute party gets {} and nothing else of this folder", eval.display())));
    }
    std::fs::metadata(folder).map_err(|error| Failure::io("read", folder, Kind::File, error))?;
    let list = folder.join(LIST);
    if !list.exists() {
        let inside = KeyFolder::at(folder).evaluation();
        let help = match inside.join(LIST).exists() {
            true => format!("name the folder in it: --keys {}", inside.display()),
            false => "name the folder `eval` that `train-head keygen` makes".to_owned(),
        };
        let message = format!("{} holds no evaluation keys: it has no {LIST}", folder.display());
        return Err(Failure::file(message).help(help));
    }
    let KeyList { format, keys } = read_json(&list, "a list of evaluation keys")?;
    if format != FORMAT {
        let message = format!("{}: format {format:?}; this program reads {FORMAT:?}", list.display());
        return Err(Failure::file(message).help("make the keys with this version of train-head"));
    }
    // a name from elsewhere must not lead out of the folder
    let plain = |name: &String| Path::new(name).components().count() == 1 && name.ends_with(".key");
    let mut seen = std::collections::HashSet::new();
    if keys.is_empty() || !keys.iter().all(|name| plain(name) && seen.insert(name)) {
        return Err(Failure::file(format!("{} is not a list of evaluation keys", list.display())));
    }
    let paths: Vec<PathBuf> = keys.iter().map(|name| folder.join(name)).collect();
    let missing: Vec<&str> =
        paths.iter().zip(&keys).filter(|(path, _)| !path.is_file()).map(|(_, name)| &**name).collect();
    if let Some(first) = missing.first() {
        let others = match missing.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        return Err(Failure::file(format!("{} lacks {first}{others}", folder.display()))
            .help("copy the whole folder again, or send it with `train-head bundle`"));
    }
    Ok(paths)
}

/// Refuses a folder that lacks keys for a plan: each serves its level and those below.
///
/// # Errors
/// As [`listed`]; keys of another plan, with those that are lacking.
pub(crate) fn expect_keys_for(folder: &Path, plan: &Plan) -> Result<()> {
    let keys = &plan.keys;
    let mut needed: Vec<(String, usize)> = Vec::new();
    needed.extend(keys.relinearisation.map(|level| ("relinearisation".to_owned(), level)));
    needed.extend(keys.conjugation.map(|level| ("conjugation".to_owned(), level)));
    needed.extend(keys.rotations.iter().map(|(step, &level)| (format!("rotation-{step}"), level)));
    needed.extend(keys.refresh.as_ref().map(|_| ("encapsulation".to_owned(), 0)));
    let names: Vec<String> =
        listed(folder)?.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    let serves = |name: &String, (purpose, level): &(String, usize)| {
        name.rsplit_once("-level-").is_some_and(|(of, up_to)| {
            of == purpose && up_to.parse::<usize>().is_ok_and(|up_to| up_to >= *level)
        })
    };
    let lacking: Vec<String> = needed
        .iter()
        .filter(|key| !names.iter().any(|name| serves(name, key)))
        .map(|(purpose, level)| format!("{purpose} at level {level}"))
        .collect();
    let Some(first) = lacking.first() else { return Ok(()) };
    let others = match lacking.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Err(Failure::file(format!(
        "{} holds the keys of another plan: this one needs a key for {first}{others}",
        folder.display()
    ))
    .help("give the plan that the keys were made for, or make keys for this one with `train-head keygen --plan`"))
}

/// Reads all evaluation keys of a folder.
///
/// # Errors
/// As [`listed`]; a key that is damaged or does not belong to the others.
pub(crate) fn read_evaluation(folder: &Path, console: &Console) -> Result<EvaluationKeys> {
    let paths = listed(folder)?;
    let Some(first) = paths.first() else {
        return Err(Failure::file(format!("{} holds no evaluation keys", folder.display())));
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
