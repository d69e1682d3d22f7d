//! Files for their owner alone, encrypted with a passphrase (age, scrypt) where there is one.

use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::Path;

use age::secrecy::SecretString;

use super::{Access, write_with};
use crate::exit::{Failure, Kind, Result};

/// The first bytes of an age file.
const AGE: &[u8] = b"age-encryption.org/";
/// Largest scrypt work factor that is accepted, log2: 22 takes about a minute, so that a key made on a fast machine opens on a slow one.
const MAX_WORK_FACTOR: u8 = 22;

/// Writes a file with `write`, encrypted if there is a passphrase.
///
/// # Errors
/// Those of `write`; a failed write.
pub(crate) fn write(
    path: &Path,
    passphrase: Option<SecretString>,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    write_with(path, Access::Private, |file| {
        let Some(passphrase) = passphrase else { return write(file) };
        let failed = |error| Failure::io("write", path, Kind::Unexpected, error);
        let mut encrypted =
            age::Encryptor::with_user_passphrase(passphrase).wrap_output(file).map_err(failed)?;
        write(&mut encrypted)?;
        encrypted.finish().map_err(failed)?;
        Ok(())
    })
}

/// Reads a file with `read`. `passphrase` is called if it is encrypted.
///
/// # Errors
/// A file that is missing or damaged; a wrong passphrase; those of `read`.
pub(crate) fn read<T>(
    path: &Path,
    passphrase: impl FnOnce() -> Result<SecretString>,
    read: impl FnOnce(&mut dyn Read) -> Result<T>,
) -> Result<T> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    let mut file = File::open(path).map_err(failed)?;
    if !starts_encrypted(&mut file).map_err(failed)? {
        // unbuffered, so that no buffer keeps a part of the key
        return read(&mut file);
    }
    let file = BufReader::new(file);
    let decryptor = age::Decryptor::new_buffered(file).map_err(|error| age_failure(path, error))?;
    let mut identity = age::scrypt::Identity::new(passphrase()?);
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let mut decrypted = decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(|error| age_failure(path, error))?;
    read(&mut decrypted)
}

/// Tells whether a file is encrypted with a passphrase.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn is_passphrase_encrypted(path: &Path) -> Result<bool> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    starts_encrypted(&mut File::open(path).map_err(failed)?).map_err(failed)
}

/// Looks at the start of a file, and goes back there.
fn starts_encrypted(file: &mut File) -> std::io::Result<bool> {
    let mut start = Vec::new();
    file.take(AGE.len() as u64).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start == AGE)
}

fn age_failure(path: &Path, error: age::DecryptError) -> Failure {
    match error {
        age::DecryptError::DecryptionFailed => Failure::file(format!("{}: wrong passphrase", path.display()))
            .help("it comes from --passphrase-file, TRAIN_HEAD_PASSPHRASE, or the keyboard, in this order"),
        other => Failure::file(format!("{}: the encrypted key is damaged", path.display())).because(other),
    }
}
