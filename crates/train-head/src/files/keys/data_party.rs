//! Keys as the data party writes and reads them.

use std::io::{Read, Write};
use std::path::Path;

use age::secrecy::SecretString;
use fhe_head::ckks::serial::{AtomicFile, FileKind, NewFile, Reader, Writer};
use fhe_head::ckks::{KeyId, Parameters, PublicKey, SecretKey, SwitchingKey};

use super::{Generation, KeyFolder, open, parameters_of, purpose_name};
use crate::exit::{Failure, Result, read_failure, write_failure};
use crate::files::{Access, private, size, write_with};

impl KeyFolder {
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
