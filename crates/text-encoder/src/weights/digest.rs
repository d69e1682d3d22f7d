//! Identity of weights: SHA-256, as the hub shows it for each large file and Python's hashlib computes it.

use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::Read;
use std::path::Path;

/// Digests of an encoder's files, in the order of use.
#[derive(Default)]
pub(crate) struct Digests(Vec<[u8; 32]>);

impl Digests {
    /// Adds the digest of a file.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<()> {
        let failed = |source| Error::Io { operation: "read", path: path.to_owned(), source };
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => hasher.update(&buffer[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        self.0.push(hasher.finalize().into());
        Ok(())
    }

    /// The digest of a single file itself; of several, the digest of their digests.
    pub(crate) fn to_hex(&self) -> String {
        match self.0.as_slice() {
            [single] => hex(single),
            many => hex(&Sha256::digest(many.concat())),
        }
    }
}

/// SHA-256 of bytes that arrive in pieces.
#[cfg(feature = "hub")]
#[derive(Default)]
pub(crate) struct Sha256Hex(Sha256);

#[cfg(feature = "hub")]
impl Sha256Hex {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// SHA-256 of bytes in memory, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_file_has_its_own_digest_and_several_a_joint_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let mut digests = Digests::default();
        digests.add_file(&path).unwrap();
        assert_eq!(digests.to_hex(), abc);
        assert_eq!(sha256(b"abc"), abc);
        digests.add_file(&path).unwrap();
        assert_ne!(digests.to_hex(), abc);
    }
}
