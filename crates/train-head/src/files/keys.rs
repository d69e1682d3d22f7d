//! The data party's folder of keys.
//!
//! ```text
//! secret.key     0600; encrypted with a passphrase (age, scrypt) unless the user refused one
//! public.key
//! eval/          evaluation keys for the compute party, one file per key
//! ```

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use fhe_head::ckks::serial::{AtomicFile, FileKind, NewFile, Reader, Writer};
use fhe_head::ckks::{KeyId, Parameters, PublicKey, SecretKey, SwitchingKey};
use fhe_head::ckks::{KeyPurpose, conjugation_element, galois_element};

use fhe_head::files::{Digest, RunId};
use serde::{Deserialize, Serialize};

use super::{Access, private, size, write_with};
use crate::exit::{Failure, Result, read_failure, write_failure};
use crate::preset::preset;

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

    /// Refuses to overwrite a secret key, since everything encrypted under it would be lost.
    ///
    /// # Errors
    /// The folder holds a secret key.
    pub(crate) fn expect_no_secret(&self) -> Result<()> {
        if self.secret().exists() {
            return Err(Failure::usage(format!("{} exists already", self.secret().display())).help(
                "choose another folder, or remove the key if you need nothing that is encrypted under it",
            ));
        }
        Ok(())
    }

    /// Writes the secret key, encrypted if there is a passphrase. Returns the size in bytes.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn write_secret(&self, secret: &SecretKey, passphrase: Option<SecretString>) -> Result<u64> {
        let path = self.secret();
        let name = path.display().to_string();
        private::write(&path, passphrase, |file| write_secret_items(file, &name, secret))?;
        size(&path)
    }

    /// Reads the secret key. `passphrase` is called if the key is encrypted.
    ///
    /// # Errors
    /// A file that is missing, damaged or of another kind; a wrong passphrase.
    pub(crate) fn read_secret(&self, passphrase: impl FnOnce() -> Result<SecretString>) -> Result<SecretKey> {
        let path = self.secret();
        private::read(&path, passphrase, |input| read_secret_items(input, &path))
    }

    /// Writes the public key. Returns the size in bytes.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn write_public(&self, key: &PublicKey) -> Result<u64> {
        let path = self.public();
        let file = one_item(FileKind::PUBLIC_KEY, key.parameters(), key.key_id(), b"");
        write_items(&path, file, |writer| writer.write_public_key(key).map_err(write_failure))
    }
}

impl KeyFolder {
    /// Reads the public key.
    ///
    /// # Errors
    /// A file that is missing, damaged or of another kind or parameter set.
    pub(crate) fn read_public(&self, parameters: &Parameters) -> Result<PublicKey> {
        let path = self.public();
        let mut reader = open(&path, FileKind::PUBLIC_KEY)?;
        let key = reader.read_public_key(parameters).map_err(read_failure)?;
        reader.finish().map_err(read_failure)?;
        Ok(key)
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

impl Generation {
    /// The metadata of a key's file.
    ///
    /// # Errors
    /// None in practice: it can be written as JSON.
    fn to_bytes(self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self)
            .map_err(|error| Failure::unexpected("cannot write the generation of a key").because(error))
    }
}

/// Writes an evaluation key to a file of its own in `folder`, named after what the key does. It says with which others it was made.
/// Returns the size in bytes.
///
/// # Errors
/// A second key for the same purpose and level; a failed write.
pub(crate) fn write_evaluation_key(
    folder: &Path,
    secret: &SecretKey,
    generation: &Generation,
    key: &SwitchingKey,
) -> Result<u64> {
    let parameters = secret.parameters();
    let chain = if key.parameters().is_raised() { "raised-" } else { "" };
    let purpose = format!("{chain}{}", purpose_name(parameters, key.purpose()));
    let path = folder.join(format!("{purpose}-level-{}.key", key.level()));
    if path.exists() {
        return Err(Failure::unexpected(format!("two keys for {purpose} at level {}", key.level())));
    }
    let metadata = generation.to_bytes()?;
    write_items(&path, one_item(FileKind::EVALUATION_KEY, parameters, secret.key_id(), &metadata), |writer| {
        writer.write_switching_key(key).map_err(write_failure)
    })
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

fn write_secret_items(out: &mut dyn Write, name: &str, secret: &SecretKey) -> Result<()> {
    let file = one_item(FileKind::SECRET_KEY, secret.parameters(), secret.key_id(), b"");
    let mut writer = Writer::new(out, name, file).map_err(write_failure)?;
    writer.write_secret_key(secret).map_err(write_failure)?;
    writer.finish().map_err(write_failure)?;
    Ok(())
}

fn read_secret_items(input: &mut dyn Read, path: &Path) -> Result<SecretKey> {
    let mut reader = Reader::new(input, &path.display().to_string()).map_err(read_failure)?;
    reader.expect_kind(FileKind::SECRET_KEY).map_err(read_failure)?;
    let parameters = parameters_of(&reader)?;
    let secret = reader.read_secret_key(&parameters).map_err(read_failure)?;
    reader.finish().map_err(read_failure)?;
    Ok(secret)
}

fn one_item<'a>(
    kind: FileKind,
    parameters: &'a Parameters,
    key_id: KeyId,
    metadata: &'a [u8],
) -> NewFile<'a> {
    NewFile { kind, parameters, key_id, items: 1, metadata }
}

/// Writes a file with one item.
fn write_items(
    path: &Path,
    file: NewFile<'_>,
    write: impl FnOnce(&mut Writer<&mut AtomicFile>) -> Result<()>,
) -> Result<u64> {
    write_with(path, Access::Shared, |out| {
        let mut writer = Writer::new(out, &path.display().to_string(), file).map_err(write_failure)?;
        write(&mut writer)?;
        writer.finish().map_err(write_failure)?;
        Ok(())
    })?;
    size(path)
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
