//! Signatures of files that travel. A file of ciphertexts ends with its signer's public key, the signature and a mark; a small file of
//! JSON holds both in fields. Signed is a BLAKE3 digest of everything before, with a context of its own for each kind.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take, Write};
use std::path::Path;

#[cfg(feature = "data-party")]
use fhe_head::ckks::serial::ResumableFile;
use fhe_head::ckks::serial::{AtomicFile, Reader};
use fhe_head::files::{Digest, RunId, Tag};
use serde::{Deserialize, Serialize};

use super::{Access, create, size};
use crate::exit::{Failure, Kind, Result, read_failure, write_failure};
use crate::identity::{Identity, PublicKey, Role, Trust};
use crate::interrupt;

const CONTEXT: &str = "train-head 2026-11 signature of a file";
/// The last bytes of a signed file.
const MARK: &[u8; 16] = b"train-head sign1";
/// Length of public key, signature and mark.
const TRAILER: u64 = 32 + 64 + 16;

/// A file that is hashed while it is written.
#[derive(Clone)]
pub(crate) struct Hashed<W> {
    file: W,
    hasher: blake3::Hasher,
    length: u64,
}

impl<W> Hashed<W> {
    /// A file in which nothing is yet.
    pub(super) fn new(file: W) -> Self {
        Self { file, hasher: blake3::Hasher::new_derive_key(CONTEXT), length: 0 }
    }

    /// The same in another file, which holds these bytes.
    #[cfg(feature = "data-party")]
    pub(super) fn with<V>(self, file: V) -> Hashed<V> {
        Hashed { file, hasher: self.hasher, length: self.length }
    }

    /// The file behind what is in it.
    #[cfg(feature = "data-party")]
    pub(super) fn file(&mut self) -> &mut W {
        &mut self.file
    }

    /// Bytes in the file, and what stands for them.
    pub(super) fn so_far(&self) -> (u64, Digest) {
        (self.length, Tag(*self.hasher.finalize().as_bytes()))
    }

    /// Takes up what lies in the file already.
    pub(super) fn take_up(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Ends the file with the signature of what is in it.
    fn sign(mut self, path: &Path, identity: &Identity) -> Result<W>
    where
        W: Write,
    {
        let (_, digest) = self.so_far();
        let trailer = [&identity.public().to_bytes()[..], &identity.sign(&digest).0, MARK].concat();
        self.file.write_all(&trailer).map_err(|error| Failure::io("write", path, Kind::Unexpected, error))?;
        Ok(self.file)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.take_up(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Signs a file that grew, and puts it in its place. Returns the size in bytes.
///
/// # Errors
/// A failure of the operating system.
#[cfg(feature = "data-party")]
pub(super) fn finish(file: Hashed<ResumableFile>, path: &Path, identity: &Identity) -> Result<u64> {
    file.sign(path, identity)?.commit().map_err(write_failure)?;
    size(path)
}

/// Writes a file with `write`, which gets the file and its name for messages, and signs it. Returns the size in bytes.
///
/// # Errors
/// Those of `write`; a failure of the operating system.
pub(crate) fn write(
    path: &Path,
    identity: &Identity,
    write: impl FnOnce(&mut Hashed<AtomicFile>, &str) -> Result<()>,
) -> Result<u64> {
    write_to(create(path, Access::Shared)?, path, identity, write)
}

/// As [`write`], to a file that was begun.
///
/// # Errors
/// Those of `write`; a failure of the operating system.
pub(super) fn write_to(
    file: AtomicFile,
    path: &Path,
    identity: &Identity,
    write: impl FnOnce(&mut Hashed<AtomicFile>, &str) -> Result<()>,
) -> Result<u64> {
    let mut hashed = Hashed::new(file);
    write(&mut hashed, &path.display().to_string())?;
    hashed.sign(path, identity)?.commit().map_err(write_failure)?;
    size(path)
}

/// A file of ciphertexts or keys, from which header and metadata were read.
pub(crate) struct Opened {
    file: File,
    name: String,
    /// Length without the trailer.
    length: u64,
    trailer: Option<(PublicKey, Tag<64>)>,
    reader: Reader<BufReader<Take<File>>>,
}

/// Reads such a file.
pub(crate) type SignedReader = Reader<BufReader<Take<File>>>;

/// Opens a file. Nothing is known of its signature yet.
///
/// # Errors
/// A file that is missing, or has a damaged header.
pub(crate) fn open(path: &Path) -> Result<Opened> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    let name = path.display().to_string();
    let mut file = File::open(path).map_err(failed)?;
    let whole = file.metadata().map_err(failed)?.len();
    let mut end = [0; TRAILER as usize];
    if whole > TRAILER {
        file.seek(SeekFrom::End(-(TRAILER as i64))).map_err(failed)?;
        file.read_exact(&mut end).map_err(failed)?;
    }
    let (key, rest) = end.split_at(32);
    let (signature, mark) = rest.split_at(64);
    let trailer = match (key.try_into(), signature.try_into()) {
        (Ok(key), Ok(signature)) if mark == MARK => {
            let key = PublicKey::from_bytes(key)
                .ok_or_else(|| altered(&name).because("no public key can be what it names"))?;
            Some((key, Tag(signature)))
        }
        _ => None,
    };
    let length = if trailer.is_some() { whole - TRAILER } else { whole };
    let reader = reader(&mut file, length, &name)?;
    Ok(Opened { file, name, length, trailer, reader })
}

fn reader(file: &mut File, length: u64, name: &str) -> Result<SignedReader> {
    let failed = |error| Failure::io("read", Path::new(name), Kind::File, error);
    file.rewind().map_err(failed)?;
    let body = file.try_clone().map_err(failed)?.take(length);
    Reader::new(BufReader::with_capacity(1 << 20, body), name).map_err(read_failure)
}

impl Opened {
    /// The reader, for a look at header and metadata.
    pub(crate) fn reader(&self) -> &SignedReader {
        &self.reader
    }

    /// The run that the metadata name.
    pub(crate) fn run(&self) -> Option<RunId> {
        #[derive(Deserialize)]
        struct OfRun {
            run: RunId,
        }
        #[derive(Deserialize)]
        struct OfOrigin {
            origin: OfRun,
        }
        serde_json::from_slice(self.reader.metadata()).ok().map(|OfOrigin { origin }| origin.run)
    }

    /// Who signed the file; `None` if nobody did. Reads the whole file.
    ///
    /// # Errors
    /// A signature that is not of this file; ^C.
    pub(crate) fn signer(&mut self) -> Result<Option<PublicKey>> {
        let Some((key, signature)) = &self.trailer else { return Ok(None) };
        let failed = |error| Failure::io("read", Path::new(&self.name), Kind::File, error);
        self.file.rewind().map_err(failed)?;
        let digest = digest((&self.file).take(self.length), CONTEXT).map_err(|problem| match problem {
            Problem::Failure(failure) => failure,
            Problem::Read(error) => failed(error),
        })?;
        match key.signed(&digest, signature) {
            true => Ok(Some(*key)),
            false => Err(altered(&self.name)),
        }
    }

    /// The reader at the first item, if the file is signed by whom it must be.
    ///
    /// # Errors
    /// Another signer, or none; a file that was altered; ^C.
    pub(crate) fn verified(self, trust: &Trust, role: Role) -> Result<SignedReader> {
        let (mut file, length, name) = self.verified_file(trust, role)?;
        reader(&mut file, length, &name)
    }

    /// The file, for reads at places, with its length without the trailer and its name, if it is signed by whom it must be.
    ///
    /// # Errors
    /// As [`Self::verified`].
    pub(crate) fn verified_file(mut self, trust: &Trust, role: Role) -> Result<(File, u64, String)> {
        let signer = if trust.is_left_to_another() { None } else { self.signer()? };
        trust.expect(&self.name, signer, self.run().unwrap_or_default(), role)?;
        Ok((self.file, self.length, self.name))
    }

    /// The reader at the first item, whoever signed.
    ///
    /// # Errors
    /// A file that cannot be read again.
    pub(crate) fn unverified(mut self) -> Result<SignedReader> {
        reader(&mut self.file, self.length, &self.name)
    }
}

fn altered(name: &str) -> Failure {
    Failure::file(format!("{name}: its signature does not fit: it was damaged or altered"))
        .help("copy it again, or ask the party that made it")
}

enum Problem {
    Failure(Failure),
    Read(std::io::Error),
}

/// The digest of what can be read.
fn digest(mut from: impl Read, context: &str) -> std::result::Result<Digest, Problem> {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    let mut buffer = vec![0; 1 << 20];
    loop {
        interrupt::check().map_err(Problem::Failure)?;
        match from.read(&mut buffer).map_err(Problem::Read)? {
            0 => return Ok(Tag(*hasher.finalize().as_bytes())),
            count => {
                hasher.update(&buffer[..count]);
            }
        }
    }
}

/// The digest of a file that a signed list names.
///
/// # Errors
/// The file cannot be read; ^C.
pub(crate) fn digest_of_file(path: &Path) -> Result<Digest> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    let file = File::open(path).map_err(failed)?;
    digest(file, "train-head 2026-11 file of a signed list").map_err(|problem| match problem {
        Problem::Failure(failure) => failure,
        Problem::Read(error) => failed(error),
    })
}

/// A value in JSON with its signature beside its fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SignedJson<T> {
    /// What is signed.
    #[serde(flatten)]
    pub(crate) value: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signer: Option<PublicKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Tag<64>>,
}

impl<T: Serialize> SignedJson<T> {
    /// Signs a value. `context` says what it is.
    ///
    /// # Errors
    /// None in practice: the value can be written as JSON.
    pub(crate) fn new(value: T, context: &str, identity: &Identity) -> Result<Self> {
        let signature = identity.sign(&digest_of_json(&value, context)?);
        Ok(Self { value, signer: Some(identity.public()), signature: Some(signature) })
    }

    /// Who signed; `None` if nobody did. `name` is that of the file.
    ///
    /// # Errors
    /// A signature that is not of this value.
    pub(crate) fn signer(&self, context: &str, name: &str) -> Result<Option<PublicKey>> {
        let (Some(key), Some(signature)) = (self.signer, &self.signature) else { return Ok(None) };
        match key.signed(&digest_of_json(&self.value, context)?, signature) {
            true => Ok(Some(key)),
            false => Err(altered(name)),
        }
    }
}

fn digest_of_json(value: &impl Serialize, context: &str) -> Result<Digest> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Failure::unexpected("cannot write as JSON").because(error))?;
    let mut hasher = blake3::Hasher::new_derive_key(context);
    Ok(Tag(*hasher.update(&text).finalize().as_bytes()))
}
