//! The marks of a file that grows: how far it is whole. Each is signed, so that nobody else can put blocks into a file that will be signed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fhe_head::ckks::serial::ResumableFile;
use fhe_head::files::{Digest, Tag};

use crate::exit::{Failure, Kind, Result};
use crate::identity::{Identity, PublicKey};

const CONTEXT: &str = "train-head 2026-12 mark of a file that grows";
/// The first bytes of the file, before the public key of the signer.
const MAGIC: &[u8; 16] = b"train-head mark1";
/// Bytes of a mark: blocks, length, signature.
const RECORD: usize = 8 + 8 + 64;
/// Bytes before the first mark.
const HEADER: usize = MAGIC.len() + 32;
/// More marks than any file has blocks.
const MOST_BYTES: u64 = 1 << 30;

/// How far a file is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Whole blocks.
    pub(super) blocks: u64,
    /// Bytes up to their end.
    pub(super) length: u64,
}

impl Mark {
    /// What is signed. `file` is the digest of so many bytes of the file.
    fn digest(self, file: &Digest) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.blocks.to_le_bytes()).update(&self.length.to_le_bytes()).update(&file.0);
        Tag(*hasher.finalize().as_bytes())
    }
}

/// A mark with its signature.
#[derive(Debug)]
pub(super) struct SignedMark {
    pub(super) mark: Mark,
    signature: Tag<64>,
}

impl SignedMark {
    /// Whether a signer made this mark in a file of this digest.
    pub(super) fn is_of(&self, file: &Digest, signer: &PublicKey) -> bool {
        signer.signed(&self.mark.digest(file), &self.signature)
    }
}

/// Marks that were found.
pub(super) struct Found {
    path: PathBuf,
    pub(super) signer: PublicKey,
    /// At least one, of growing length.
    pub(super) marks: Vec<SignedMark>,
}

impl Found {
    /// Forgets the marks behind one, and goes on from there.
    ///
    /// # Errors
    /// A failed write.
    pub(super) fn up_to(self, last: Mark) -> Result<Marks> {
        let kept = self.marks.iter().take_while(|mark| mark.mark.length <= last.length).count();
        let failed = |error| Failure::io("write", &self.path, Kind::Unexpected, error);
        let file = OpenOptions::new().append(true).open(&self.path).map_err(failed)?;
        file.set_len((HEADER + kept * RECORD) as u64).map_err(failed)?;
        Ok(Marks { path: self.path, file: Some(file) })
    }
}

/// Marks that are made.
pub(super) struct Marks {
    path: PathBuf,
    /// `None` before the first: a command of one block leaves nothing here, however it ends.
    file: Option<File>,
}

impl Marks {
    /// Where the marks of a target are.
    fn place(target: &Path) -> PathBuf {
        ResumableFile::place(target).with_extension("marks")
    }

    /// The marks of a target; `None` if there are none.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn read(target: &Path) -> Result<Option<Found>> {
        let path = Self::place(target);
        if !std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
            return Ok(None);
        }
        let failed = |error| Failure::io("read", &path, Kind::File, error);
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(failed)?;
        file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        Ok(parse(&bytes).map(|(signer, marks)| Found { path, signer, marks }))
    }

    /// Starts anew. Earlier marks are removed.
    ///
    /// # Errors
    /// They cannot be.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        let path = Self::place(target);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::io("remove", &path, Kind::Unexpected, error))
            }
            _ => Ok(Self { path, file: None }),
        }
    }

    /// Adds a mark. `file` is the digest of the bytes that it is of.
    ///
    /// # Errors
    /// A failed write.
    pub(super) fn add(&mut self, mark: Mark, file: &Digest, identity: &Identity) -> Result<()> {
        let failed = |error| Failure::io("write", &self.path, Kind::Unexpected, error);
        let out = match &mut self.file {
            Some(out) => out,
            none => {
                let mut options = OpenOptions::new();
                let mut new =
                    options.append(true).create_new(true).mode(0o600).open(&self.path).map_err(failed)?;
                let header = [&MAGIC[..], &identity.public().to_bytes()].concat();
                new.write_all(&header).map_err(failed)?;
                none.insert(new)
            }
        };
        let signature = identity.sign(&mark.digest(file));
        let record = [&mark.blocks.to_le_bytes()[..], &mark.length.to_le_bytes(), &signature.0].concat();
        out.write_all(&record).map_err(failed)
    }

    /// Removes the file. One that stays does no harm: its marks are of no other file.
    pub(super) fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The signer and the marks in a file; `None` if there are none. A mark that was cut short is left out.
fn parse(bytes: &[u8]) -> Option<(PublicKey, Vec<SignedMark>)> {
    let (key, records) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
    let signer = PublicKey::from_bytes(key)?;
    let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (records, _) = records.as_chunks::<RECORD>();
    let mark = |record: &[u8; RECORD]| {
        let (blocks, rest) = record.split_first_chunk()?;
        let (length, signature) = rest.split_first_chunk()?;
        let mark = Mark { blocks: number(blocks), length: number(length) };
        Some(SignedMark { mark, signature: Tag(signature.try_into().ok()?) })
    };
    let marks: Vec<SignedMark> = records.iter().map_while(mark).collect();
    (!marks.is_empty() && marks.is_sorted_by_key(|mark| mark.mark.length)).then_some((signer, marks))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn marks_are_of_one_file_and_one_signer() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("data.enc");
        let (identity, other) = (Identity::of_seed(&[1; 32]), Identity::of_seed(&[2; 32]));
        let (one, two) = (Mark { blocks: 1, length: 100 }, Mark { blocks: 2, length: 200 });
        let [first, second] = [1, 2].map(|byte| Tag([byte; 32]));
        let mut marks = Marks::begin(&target).unwrap();
        assert!(Marks::read(&target).unwrap().is_none());
        marks.add(one, &first, &identity).unwrap();
        marks.add(two, &second, &identity).unwrap();
        // what a process was killed at
        marks.file.as_mut().unwrap().write_all(&[7; 30]).unwrap();
        let found = Marks::read(&target).unwrap().unwrap();
        assert_eq!(found.signer, identity.public());
        assert_eq!(found.marks.iter().map(|mark| mark.mark).collect::<Vec<_>>(), [one, two]);
        assert!(found.marks[1].is_of(&second, &found.signer));
        assert!(!found.marks[1].is_of(&first, &found.signer));
        assert!(!found.marks[1].is_of(&second, &other.public()));

        let mut marks = found.up_to(one).unwrap();
        marks.add(two, &first, &identity).unwrap();
        let found = Marks::read(&target).unwrap().unwrap();
        assert_eq!(found.marks.len(), 2);
        assert!(found.marks[1].is_of(&first, &found.signer));
        Marks::begin(&target).unwrap();
        assert!(Marks::read(&target).unwrap().is_none());
        for bytes in [&b""[..], b"train-head mark1", &[0; 500]] {
            assert!(parse(bytes).is_none());
        }
    }
}
