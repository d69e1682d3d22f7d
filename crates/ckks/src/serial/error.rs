//! Errors of files.

use std::path::PathBuf;

/// An error of reading or writing a file. Each names the file, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another process is writing the file.
    #[error("{file}: another process is writing this file")]
    Busy {
        /// The file.
        file: String,
    },
    /// The file does not start like a file of this format.
    #[error("{file}: not a file of keys or ciphertexts (it begins with {found:02x?})")]
    Magic {
        /// The file.
        file: String,
        /// The file's first bytes.
        found: [u8; 8],
    },
    /// A format version that this program does not read.
    #[error("{file}: format version {found}, this program reads version {expected}")]
    Version {
        /// The file.
        file: String,
        /// Expected version.
        expected: u16,
        /// Found version.
        found: u16,
    },
    /// A file of another kind.
    #[error("{file}: holds `{found}` where `{expected}` is expected")]
    Kind {
        /// The file.
        file: String,
        /// Expected kind.
        expected: String,
        /// Found kind.
        found: String,
    },
    /// A file of another parameter set.
    #[error("{file}: made with parameter set `{found}` where `{expected}` is expected")]
    Parameters {
        /// The file.
        file: String,
        /// Expected set, with the start of its hash.
        expected: String,
        /// Found set, with the start of its hash.
        found: String,
    },
    /// A file under another secret key.
    #[error("{file}: belongs to key {found} where key {expected} is expected")]
    Key {
        /// The file.
        file: String,
        /// Expected key id.
        expected: String,
        /// Found key id.
        found: String,
    },
    /// The file ends too early.
    #[error("{file}: truncated: ends within {part}")]
    Truncated {
        /// The file.
        file: String,
        /// The part of the file where it ends.
        part: String,
    },
    /// A checksum does not match.
    #[error("{file}: corrupt: the checksum of {part} does not match")]
    Checksum {
        /// The file.
        file: String,
        /// The damaged part.
        part: String,
    },
    /// Contents that no program of this version writes.
    #[error("{file}: invalid: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
}

impl FileError {
    pub(super) fn io(file: &str, source: std::io::Error) -> Self {
        Self::Io { file: file.to_owned(), source }
    }

    pub(super) fn io_at(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::io(&path.display().to_string(), source)
    }
}

/// Removes a file that is no longer wanted. A missing file is no error.
pub(super) fn remove_quietly(path: &PathBuf) {
    // A failure here has no remedy, and the caller already reports an error.
    let _ = std::fs::remove_file(path);
}
