//! The folder of keys.
//!
//! ```text
//! secret.key     0600; encrypted with a passphrase (age, scrypt) unless that was refused
//! public.key
//! eval/          what the compute party gets: one file per key
//! ```

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use fhe_head::ckks::keys::{KeyPurpose, conjugation_element, galois_element};
use fhe_head::ckks::serial::{AtomicFile, FileKind, Reader, Writer};
use fhe_head::ckks::{KeyId, Parameters, PublicKey, SecretKey, SwitchingKey, presets};
use fhe_head::client;
use fhe_head::plan::Plan;

use super::{Access, passphrase, read_failure, size, write_failure, write_with};
use crate::args::PassphraseArgs;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, keep_failure};
use crate::interrupt;

const SECRET: &str = "secret.key";
const PUBLIC: &str = "public.key";
const EVALUATION: &str = "eval";
/// How an age file starts.
const AGE: &[u8] = b"age-encryption.org/";
/// Work that a key file may ask for at most: 2^22, a minute. A key made on a fast machine opens on a slow one.
const MAX_WORK_FACTOR: u8 = 22;

/// A folder of keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyFolder(PathBuf);

impl KeyFolder {
    /// A folder by its path.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The secret key's file.
    pub(crate) fn secret(&self) -> PathBuf {
        self.0.join(SECRET)
    }

    /// The public key's file.
    pub(crate) fn public(&self) -> PathBuf {
        self.0.join(PUBLIC)
    }

    /// The folder of evaluation keys.
    pub(crate) fn evaluation(&self) -> PathBuf {
        self.0.join(EVALUATION)
    }

    /// Refuses to overwrite a secret key: what is encrypted under it would be lost.
    ///
    /// # Errors
    /// There is one.
    pub(crate) fn expect_no_secret(&self) -> Result<()> {
        if self.secret().exists() {
            return Err(Failure::usage(format!("{} exists already", self.secret().display()))
                .help("choose another folder, or remove the key if nothing under it is needed any more"));
        }
        Ok(())
    }

    /// Writes the secret key.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn write_secret(&self, secret: &SecretKey, passphrase: Option<SecretString>) -> Result<u64> {
        let path = self.secret();
        let name = path.display().to_string();
        write_with(&path, Access::Private, |file| {
            let Some(passphrase) = passphrase else { return write_secret_items(file, &name, secret) };
            let failed = |error| Failure::io("write", &path, Kind::Unexpected, error);
            let mut encrypted =
                age::Encryptor::with_user_passphrase(passphrase).wrap_output(file).map_err(failed)?;
            write_secret_items(&mut encrypted, &name, secret)?;
            encrypted.finish().map_err(failed)?;
            Ok(())
        })?;
        size(&path)
    }

    /// Reads the secret key, and asks for its passphrase if it has one.
    ///
    /// # Errors
    /// Whatever is wrong with the file or the passphrase.
    pub(crate) fn read_secret(&self, arguments: &PassphraseArgs) -> Result<SecretKey> {
        let path = self.secret();
        let failed = |error| Failure::io("read", &path, Kind::File, error);
        let mut file = BufReader::new(File::open(&path).map_err(failed)?);
        if !file.fill_buf().map_err(failed)?.starts_with(AGE) {
            return read_secret_items(file, &path);
        }
        let decryptor = age::Decryptor::new_buffered(file).map_err(|error| age_failure(&path, error))?;
        let mut identity = age::scrypt::Identity::new(passphrase::of_key(arguments)?);
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let decrypted = decryptor
            .decrypt(std::iter::once(&identity as &dyn age::Identity))
            .map_err(|error| age_failure(&path, error))?;
        read_secret_items(decrypted, &path)
    }

    /// Writes the public key.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn write_public(&self, key: &PublicKey) -> Result<u64> {
        let path = self.public();
        write_items(&path, FileKind::PUBLIC_KEY, key.parameters(), key.key_id(), |writer| {
            writer.write_public_key(key).map_err(write_failure)
        })
    }
}

/// What was written of evaluation keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// Files.
    pub(crate) keys: usize,
    /// Their size.
    pub(crate) bytes: u64,
}

/// Makes the evaluation keys of a plan and writes each to `folder` as soon as it is made, so that one at a time is in
/// memory.
///
/// # Errors
/// Those of generating and writing; ^C.
pub(crate) fn write_evaluation(
    folder: &Path,
    secret: &SecretKey,
    plan: &Plan,
    console: &Console,
) -> Result<Written> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
    // the bootstrap and the training share some, so that these are a few too many
    let progress = console.phase("keygen", plan.sizes.keys);
    let mut written = Written::default();
    let mut write = |key: SwitchingKey| -> Result<()> {
        interrupt::check()?;
        let purpose = purpose_name(secret.parameters(), key.purpose());
        let path = folder.join(format!("{purpose}-level-{}.key", key.level()));
        if path.exists() {
            return Err(Failure::unexpected(format!("two keys for {purpose} at level {}", key.level())));
        }
        written.bytes +=
            write_items(&path, FileKind::EVALUATION_KEY, secret.parameters(), secret.key_id(), |writer| {
                writer.write_switching_key(&key).map_err(write_failure)
            })?;
        written.keys += 1;
        progress.step();
        Ok(())
    };
    keep_failure(|keep| client::evaluation_keys(secret, &plan.keys, |key| keep(write(key))))?;
    progress.done();
    Ok(written)
}

/// Whether a file is a secret key that a passphrase protects.
///
/// # Errors
/// It cannot be read.
pub(crate) fn is_passphrase_encrypted(path: &Path) -> Result<bool> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    Ok(file.fill_buf().map_err(failed)?.starts_with(AGE))
}

/// Opens a file of ours and checks what it is for.
///
/// # Errors
/// Whatever is wrong with its header.
pub(crate) fn open(path: &Path, kind: FileKind) -> Result<Reader<BufReader<File>>> {
    Reader::open(path, kind).map_err(read_failure)
}

/// The parameter set of a file, by the name in its header.
///
/// # Errors
/// The name is none of the presets, all of which are secure.
pub(crate) fn parameters_of<R: Read>(reader: &Reader<R>) -> Result<Parameters> {
    let parameters = preset(&reader.header().parameter_name)?;
    reader.expect_parameters(&parameters).map_err(read_failure)?;
    Ok(parameters)
}

/// A preset by its name.
///
/// # Errors
/// There is none of this name, or it is not secure.
pub(crate) fn preset(name: &str) -> Result<Parameters> {
    let refused = |why: String| {
        Failure::parameters(why)
            .help("`train-head presets` lists the parameter sets; all of them have 128 bits of security")
    };
    let parameters = presets::by_name(name).map_err(|error| refused(error.to_string()))?;
    if parameters.security_bits() < 128 {
        return Err(refused(format!("the parameter set `{name}` is not secure")));
    }
    Ok(parameters)
}

fn write_secret_items(out: &mut impl Write, name: &str, secret: &SecretKey) -> Result<()> {
    let parameters = secret.parameters();
    let mut writer = Writer::new(out, name, FileKind::SECRET_KEY, parameters, secret.key_id(), 1, b"")
        .map_err(write_failure)?;
    writer.write_secret_key(secret).map_err(write_failure)?;
    writer.finish().map_err(write_failure)?;
    Ok(())
}

fn read_secret_items(input: impl Read, path: &Path) -> Result<SecretKey> {
    let mut reader = Reader::new(input, &path.display().to_string()).map_err(read_failure)?;
    reader.expect_kind(FileKind::SECRET_KEY).map_err(read_failure)?;
    let parameters = parameters_of(&reader)?;
    let secret = reader.read_secret_key(&parameters).map_err(read_failure)?;
    reader.finish().map_err(read_failure)?;
    Ok(secret)
}

/// Writes a file of one item.
fn write_items(
    path: &Path,
    kind: FileKind,
    parameters: &Parameters,
    key_id: KeyId,
    write: impl FnOnce(&mut Writer<&mut AtomicFile>) -> Result<()>,
) -> Result<u64> {
    write_with(path, Access::Shared, |file| {
        let mut writer = Writer::new(file, &path.display().to_string(), kind, parameters, key_id, 1, b"")
            .map_err(write_failure)?;
        write(&mut writer)?;
        writer.finish().map_err(write_failure)?;
        Ok(())
    })?;
    size(path)
}

/// What an evaluation key does, as a word; also the start of its file's name.
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

fn age_failure(path: &Path, error: age::DecryptError) -> Failure {
    match error {
        age::DecryptError::DecryptionFailed => Failure::file(format!("{}: wrong passphrase", path.display())),
        other => Failure::file(format!("{}: the encrypted key is damaged", path.display())).because(other),
    }
}
