//! The compute party's folder of evaluation keys. Nothing in it is secret. `keys.json` lists what belongs to it, with the digest of each
//! file, and is signed: a key that was lost, replaced or added on the way is missed before anything is loaded.

use std::path::{Path, PathBuf};

use fhe_head::Plan;
use fhe_head::ckks::serial::FileKind;
use fhe_head::ckks::{EvaluationKeys, SwitchingKey};
use fhe_head::files::{Digest, Origin};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::keys::{Generation, KeyFolder, open, parameters_of};
use super::signed::{SignedJson, digest_of_file};
use super::{Access, read_json, write_json};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, read_failure};
use crate::identity::{Identity, PublicKey, Role, Trust};

/// Name of the list.
pub(crate) const LIST: &str = "keys.json";
const FORMAT: &str = "train-head evaluation keys 2";
const CONTEXT: &str = "train-head 2026-11 signature of a list of evaluation keys";

/// The list of the keys in a folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeyList {
    /// Name and version of the format.
    format: String,
    #[serde(flatten)]
    generation: Generation,
    keys: Vec<ListedKey>,
}

/// A key in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ListedKey {
    /// File name.
    name: String,
    /// Digest of the file.
    blake3: Digest,
}

/// The keys of a folder, all of which exist.
#[derive(Debug)]
pub(crate) struct Listed {
    list: SignedJson<KeyList>,
    /// The list itself.
    path: PathBuf,
    /// Their files.
    pub(crate) files: Vec<PathBuf>,
}

impl Listed {
    /// Which keys these are.
    pub(crate) fn generation(&self) -> Generation {
        self.list.value.generation
    }

    /// Who signed the list; `None` if nobody did.
    ///
    /// # Errors
    /// A list that was altered.
    pub(crate) fn signer(&self) -> Result<Option<PublicKey>> {
        self.list.signer(CONTEXT, &self.path.display().to_string())
    }

    /// Refuses a list that the data party did not sign.
    ///
    /// # Errors
    /// Another signer, or none; a list that was altered.
    pub(crate) fn verify(&self, trust: &Trust) -> Result<()> {
        let name = self.path.display().to_string();
        trust.expect(&name, self.signer()?, self.generation().run, Role::Data)
    }

    /// Refuses files that are not those of the list.
    ///
    /// # Errors
    /// A file whose digest is another; ^C.
    pub(crate) fn verify_files(&self) -> Result<()> {
        self.files.par_iter().zip(&self.list.value.keys).try_for_each(|(path, key)| expect_digest(path, key))
    }
}

fn expect_digest(path: &Path, key: &ListedKey) -> Result<()> {
    if digest_of_file(path)? == key.blake3 {
        return Ok(());
    }
    Err(Failure::file(format!("{} is not the key that {LIST} lists: damaged or replaced", path.display()))
        .help("copy the whole folder again, or send it with `train-head bundle`"))
}

/// Writes the list of the keys in `folder`, signed.
///
/// # Errors
/// The folder cannot be read or written to; ^C.
pub(crate) fn write_list(folder: &Path, generation: Generation, identity: &Identity) -> Result<()> {
    let failed = |error| Failure::io("read", folder, Kind::Unexpected, error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string()
            && name.ends_with(".key")
        {
            names.push(name);
        }
    }
    names.sort();
    let listed = |name: String| Ok(ListedKey { blake3: digest_of_file(&folder.join(&name))?, name });
    let keys = names.into_par_iter().map(listed).collect::<Result<_>>()?;
    let list = KeyList { format: FORMAT.into(), generation, keys };
    write_json(&folder.join(LIST), Access::Shared, &SignedJson::new(list, CONTEXT, identity)?)
}

/// The list and files of the evaluation keys in a folder, all of which exist.
///
/// # Errors
/// The folder is not one of evaluation keys, holds a secret key, or lacks a key.
pub(crate) fn listed(folder: &Path) -> Result<Listed> {
    if KeyFolder::at(folder).secret().exists() {
        let eval = KeyFolder::at(folder).evaluation();
        return Err(Failure::file(format!(
            "{} holds a secret key, which no compute party may have",
            folder.display()
        ))
        .help(format!("the compute party gets {} and nothing else of this folder", eval.display())));
    }
    std::fs::metadata(folder).map_err(|error| Failure::io("read", folder, Kind::File, error))?;
    let path = folder.join(LIST);
    if !path.exists() {
        if folder.join("head.json").exists() {
            let message =
                format!("{} holds a decrypted head, which stays with the data party", folder.display());
            return Err(
                Failure::file(message).help("the compute party has the encrypted head that `train` wrote")
            );
        }
        let inside = KeyFolder::at(folder).evaluation();
        let help = match inside.join(LIST).exists() {
            true => format!("name the folder in it: --keys {}", inside.display()),
            false => "name the folder `eval` that `train-head keygen` makes".to_owned(),
        };
        let message = format!("{} holds no evaluation keys: it has no {LIST}", folder.display());
        return Err(Failure::file(message).help(help));
    }
    let value: serde_json::Value = read_json(&path, "a list of evaluation keys")?;
    let format = value.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
    if format != FORMAT {
        let message = format!("{}: format {format:?}; this program reads {FORMAT:?}", path.display());
        return Err(Failure::file(message).help("make the keys with this version of train-head"));
    }
    let list: SignedJson<KeyList> = serde_json::from_value(value).map_err(|error| {
        Failure::file(format!("{} is not a list of evaluation keys", path.display())).because(error)
    })?;
    let keys = &list.value.keys;
    // a name from elsewhere must not lead out of the folder
    let plain = |name: &str| Path::new(name).components().count() == 1 && name.ends_with(".key");
    let mut seen = std::collections::HashSet::new();
    if keys.is_empty() || !keys.iter().all(|key| plain(&key.name) && seen.insert(&key.name)) {
        return Err(Failure::file(format!("{} is not a list of evaluation keys", path.display())));
    }
    let files: Vec<PathBuf> = keys.iter().map(|key| folder.join(&key.name)).collect();
    let missing: Vec<&str> =
        files.iter().zip(keys).filter(|(path, _)| !path.is_file()).map(|(_, key)| &*key.name).collect();
    if let Some(first) = missing.first() {
        let others = match missing.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        return Err(Failure::file(format!("{} lacks {first}{others}", folder.display()))
            .help("copy the whole folder again, or send it with `train-head bundle`"));
    }
    Ok(Listed { list, path, files })
}

/// Evaluation keys that were made together.
pub(crate) struct EvaluationKeySet {
    /// The keys.
    pub(crate) keys: EvaluationKeys,
    /// Which keys these are.
    pub(crate) generation: Generation,
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
    let names: Vec<String> = listed(folder)?
        .files
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
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
/// As [`listed`]; a list that the data party did not sign; a key that is damaged, replaced, or was not made with the others.
pub(crate) fn read_evaluation(folder: &Path, trust: &Trust, console: &Console) -> Result<EvaluationKeySet> {
    let listed = listed(folder)?;
    let Some(first) = listed.files.first() else {
        return Err(Failure::file(format!("{} holds no evaluation keys", folder.display())));
    };
    listed.verify(trust)?;
    let generation = listed.generation();
    let first = open(first, FileKind::EVALUATION_KEY)?;
    let parameters = parameters_of(&first)?;
    let key_id = first.header().key_id;
    let progress = console.phase("load keys", listed.files.len());
    let read = |(path, key): (&PathBuf, &ListedKey)| {
        let mut reader = open(path, FileKind::EVALUATION_KEY)?;
        reader.expect_key(key_id).map_err(read_failure)?;
        let found: Option<Generation> = serde_json::from_slice(reader.metadata()).ok();
        if found != Some(generation) {
            return Err(Failure::file(format!(
                "{}: another `train-head keygen` made this key than the others in the folder",
                path.display()
            ))
            .help("give all keys of one key generation: copy its whole folder again"));
        }
        let read = reader.read_switching_key(&parameters).map_err(read_failure)?;
        reader.finish().map_err(read_failure)?;
        // after the checksums, whose messages say more of an accident
        expect_digest(path, key)?;
        progress.step();
        Ok(read)
    };
    let keys: Vec<SwitchingKey> =
        listed.files.par_iter().zip(&listed.list.value.keys).map(read).collect::<Result<_>>()?;
    progress.done();
    let mut set = EvaluationKeys::new(&parameters, key_id);
    for key in keys {
        set.insert(key).map_err(|error| Failure::file(error.to_string()))?;
    }
    Ok(EvaluationKeySet { keys: set, generation })
}

/// Refuses keys that were made for another run than the ciphertexts.
///
/// # Errors
/// They were.
pub(crate) fn expect_run(keys: &Path, generation: Generation, data: &Path, origin: &Origin) -> Result<()> {
    if generation.run == origin.run {
        return Ok(());
    }
    Err(Failure::file(format!(
        "{} were made for run {}, {} belongs to run {}",
        keys.display(),
        generation.run,
        data.display(),
        origin.run
    ))
    .help("give the keys that `train-head keygen` made for the plan of the data"))
}
