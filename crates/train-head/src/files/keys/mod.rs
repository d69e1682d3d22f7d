//! The data party's folder of keys.
//!
//! ```text
//! secret.key     0600; encrypted with a passphrase (age, scrypt) unless the user refused one
//! public.key
//! eval/          evaluation keys for the compute party, one file per key
//! ```
//!
//! What writes and reads the secret key is in `data_party`.

#[cfg(feature = "data-party")]
mod data_party;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use fhe_head::ckks::serial::{FileKind, Reader};
use fhe_head::ckks::{KeyPurpose, Parameters, conjugation_element, galois_element};
use fhe_head::files::{Digest, RunId};
use serde::{Deserialize, Serialize};

use crate::exit::{Result, read_failure};
use crate::preset::preset;

#[cfg(feature = "data-party")]
pub(crate) use data_party::write_evaluation_key;

const SECRET: &str = "secret.key";
const PUBLIC: &str = "public.key";
const EVALUATION: &str = "eval";

/// A folder of keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyFolder(PathBuf);

impl KeyFolder {
    /// The folder at a path.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Path of the secret key.
    pub(crate) fn secret(&self) -> PathBuf {
        self.0.join(SECRET)
    }

    /// Path of the public key.
    pub(crate) fn public(&self) -> PathBuf {
        self.0.join(PUBLIC)
    }

    /// Path of the folder of evaluation keys.
    pub(crate) fn evaluation(&self) -> PathBuf {
        self.0.join(EVALUATION)
    }
}

/// Which keys were made together. Keys of one secret key do not go together if two key generations made them: each draws ephemeral
/// secrets of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generation {
    /// The run that they were made for.
    pub(crate) run: RunId,
    /// Names the key generation. The data party recognises its own.
    pub(crate) generation: Digest,
}

/// Opens a file of this program, which must be of a kind.
///
/// # Errors
/// A file that is missing, of another kind or version, or has a damaged header.
pub(crate) fn open(path: &Path, kind: FileKind) -> Result<Reader<BufReader<File>>> {
    Reader::open(path, kind).map_err(read_failure)
}

/// The parameter set that a file's header names.
///
/// # Errors
/// The header names no preset. (All presets are secure.)
pub(crate) fn parameters_of<R: Read>(reader: &Reader<R>) -> Result<Parameters> {
    let parameters = preset(&reader.header().parameter_name)?.parameters().clone();
    reader.expect_parameters(&parameters).map_err(read_failure)?;
    Ok(parameters)
}

/// What an evaluation key does, in a word. Its file's name starts with it.
pub(crate) fn purpose_name(parameters: &Parameters, purpose: KeyPurpose) -> String {
    let log_n = parameters.literal().log_n;
    match purpose {
        KeyPurpose::Relinearisation => "relinearisation".into(),
        KeyPurpose::Galois(g) if g == conjugation_element(log_n) => "conjugation".into(),
        KeyPurpose::Galois(g) => {
            match (0..parameters.slots() as i64).find(|&steps| galois_element(log_n, steps) == g) {
                Some(steps) => format!("rotation-{steps}"),
                None => format!("galois-{g}"),
            }
        }
        KeyPurpose::Encapsulation => "encapsulation".into(),
        KeyPurpose::Raise(g) => format!("raise-{g}"),
    }
}
