//! Identity of an encoder, complete enough to refuse embeddings made by another one.

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::long_text::LongText;
use crate::pooling::PoolingMode;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Identity and settings of a loaded encoder, for reports and for the files of heads trained on its embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EncoderInfo {
    /// The folder's name or the hub id, as given by the caller.
    pub model: String,
    /// Commit of the hub, if the model comes from there.
    pub revision: Option<String>,
    /// `model_type` of the transformer.
    pub architecture: String,
    /// SHA-256 of the weights file. Of several files (shards, dense modules): SHA-256 of their digests, in order of use.
    pub weights_sha256: String,
    /// SHA-256 of `tokenizer.json` or `vocab.txt`.
    pub tokenizer_sha256: String,
    /// Components of an embedding.
    pub dimension: usize,
    /// The most tokens that are embedded at once, special tokens and prompt included.
    pub max_seq_length: usize,
    /// What becomes of texts with more tokens. Files from before there was a choice do not say: they were truncated.
    #[serde(default = "LongText::formerly")]
    pub long_text: LongText,
    /// Pooling modes; their vectors are concatenated.
    pub pooling: Vec<PoolingMode>,
    /// Whether the prompt's tokens are pooled too.
    pub include_prompt: bool,
    /// Modules after the pooling, in order.
    pub modules: Vec<String>,
    /// Whether embeddings have length one.
    pub normalize: bool,
    /// Text put before every input; empty for none.
    pub prompt: String,
    /// What its layers multiply in. Files from before there was a choice do not say: it was float32.
    #[serde(default)]
    pub dtype: Dtype,
}

impl EncoderInfo {
    /// Refuses an encoder whose embeddings differ from this one's.
    ///
    /// # Errors
    /// [`Error::OtherEncoder`] with the first field that differs. Names and revisions may differ, because the same files
    /// can have several; so may what layers multiply in, which changes an embedding less than a head sees.
    pub fn expect_same(&self, other: &Self) -> Result<()> {
        fn same<T: PartialEq + Debug>(field: &'static str, expected: &T, found: &T) -> Result<()> {
            if expected == found {
                return Ok(());
            }
            Err(Error::OtherEncoder { field, expected: format!("{expected:?}"), found: format!("{found:?}") })
        }
        let Self { model: _, revision: _, architecture, weights_sha256, tokenizer_sha256, .. } = self;
        same("architecture", architecture, &other.architecture)?;
        same("weights_sha256", weights_sha256, &other.weights_sha256)?;
        same("tokenizer_sha256", tokenizer_sha256, &other.tokenizer_sha256)?;
        let Self {
            dimension,
            max_seq_length,
            long_text,
            pooling,
            include_prompt,
            modules,
            normalize,
            prompt,
            ..
        } = self;
        same("max_seq_length", max_seq_length, &other.max_seq_length)?;
        same("long_text", long_text, &other.long_text)?;
        same("pooling", pooling, &other.pooling)?;
        same("include_prompt", include_prompt, &other.include_prompt)?;
        same("modules", modules, &other.modules)?;
        same("normalize", normalize, &other.normalize)?;
        same("prompt", prompt, &other.prompt)?;
        same("dimension", dimension, &other.dimension)
    }
}
