//! What can go wrong, with the file or option, what was expected and what was found.

use std::path::PathBuf;

/// Errors of loading an encoder and of encoding texts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name is neither a folder nor a model in the hub's cache (nor, where allowed, on the hub).
    #[error("no model '{name}': {reason}")]
    NoModel {
        /// The folder or hub id that was asked for.
        name: String,
        /// Where the crate looked, and what would help.
        reason: String,
    },

    /// Reading or writing a file failed.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// Verb of the failed operation, for example `read`.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// The model folder lacks a file.
    #[error("model folder {} lacks {expected}", folder.display())]
    MissingFile {
        /// The model folder, or the module's folder inside it.
        folder: PathBuf,
        /// The file, or the alternatives, that are needed.
        expected: String,
    },

    /// A file of the model is damaged or contradicts another.
    #[error("{}: expected {expected}, found {found}", file.display())]
    InvalidFile {
        /// The file.
        file: PathBuf,
        /// What the file should contain.
        expected: String,
        /// What it contains.
        found: String,
    },

    /// The model is sound, but uses something that this crate does not implement.
    #[error("{}: {what} '{found}' is not supported (supported: {supported})", file.display())]
    Unsupported {
        /// The file that asks for it.
        file: PathBuf,
        /// The kind of thing, for example `model_type`.
        what: &'static str,
        /// The value found.
        found: String,
        /// The values that are supported.
        supported: String,
    },

    /// A tensor is missing or has the wrong shape.
    #[error("{}: tensor '{tensor}': expected {expected}, found {found}", file.display())]
    Tensor {
        /// The weights file.
        file: PathBuf,
        /// Full name of the tensor.
        tensor: String,
        /// Expected shape.
        expected: String,
        /// Shape found, or `nothing`.
        found: String,
    },

    /// An option does not fit the model.
    #[error("option {option}: expected {expected}, found {found}")]
    Option {
        /// Name of the option in [`EncoderOptions`](crate::EncoderOptions).
        option: &'static str,
        /// Values that the model accepts.
        expected: String,
        /// The value given.
        found: String,
    },

    /// A text could not be cut into tokens.
    #[error("text {index}: {reason}")]
    Tokenize {
        /// Position of the text in the slice given to `encode`.
        index: usize,
        /// The tokenizer's reason.
        reason: String,
    },

    /// A text holds a token that the model has no embedding for: the tokenizer belongs to another model, or was extended without it.
    #[error(
        "text {index}: token '{token}' has id {id}, but the model has embeddings for ids below {rows} only; \
         tokenizer and weights do not belong together"
    )]
    Vocabulary {
        /// Position of the text in the slice given to `encode`.
        index: usize,
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// Rows of the embedding table.
        rows: usize,
    },

    /// The embedding of a text is not finite, so the weights are damaged.
    #[error("text {index}: its embedding contains NaN or infinity; the weights of the model are damaged")]
    NotFinite {
        /// Position of the text in the slice given to `encode`.
        index: usize,
    },

    /// Two encoders differ where they must be the same.
    #[error("another encoder: {field} should be {expected}, found {found}")]
    OtherEncoder {
        /// The first field of [`EncoderInfo`](crate::EncoderInfo) that differs.
        field: &'static str,
        /// Its value in the first encoder.
        expected: String,
        /// Its value in the second encoder.
        found: String,
    },

    /// A download from the hub failed.
    #[cfg(feature = "hub")]
    #[error("download of {url}: {reason}")]
    Download {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },

    /// A tensor operation failed.
    #[error("tensor operation: {0}")]
    Compute(#[from] candle_core::Error),
}

impl Error {
    /// The same error, if the texts given to `encode` were those of a longer list from `first` on.
    #[must_use]
    pub fn counted_from(mut self, first: usize) -> Self {
        if let Self::Tokenize { index, .. } | Self::Vocabulary { index, .. } | Self::NotFinite { index } =
            &mut self
        {
            *index += first;
        }
        self
    }
}

/// Result of this crate.
pub(crate) type Result<T> = std::result::Result<T, Error>;
