//! What all architectures share: packed texts, the trait of a model, and checks of its configuration.

use crate::error::Result;
use crate::folder::Folder;
use crate::ops::activation::Activation;
use candle_core::Tensor;

/// The file that describes the architecture.
pub(super) const CONFIG: &str = "config.json";

/// Token ids of several texts, one after the other.
pub(crate) struct Packed {
    pub(crate) ids: Vec<u32>,
    /// Where each text starts, and the number of tokens: one more than there are texts.
    pub(crate) offsets: Vec<usize>,
}

impl Packed {
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut packed = Self { ids: Vec::new(), offsets: vec![0] };
        for ids in texts {
            packed.ids.extend_from_slice(ids);
            packed.offsets.push(packed.ids.len());
        }
        packed
    }

    /// The token ids of each text.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets.windows(2).map(|text| &self.ids[text[0]..text[1]])
    }
}

/// A transformer with its weights.
pub(crate) trait Backbone: Send + Sync {
    /// Width of a token's vector.
    fn hidden_size(&self) -> usize;

    /// Number of token ids that have an embedding: those below it.
    fn vocabulary(&self) -> usize;

    /// Longest text, in tokens, that the model has positions for.
    fn positions(&self) -> usize;

    /// Tokens that are best embedded at once, where it is not what fits into the cache of a core.
    fn tokens_per_batch(&self) -> Option<usize> {
        None
    }

    /// Last hidden states, `[tokens, hidden_size]`.
    fn forward(&self, texts: &Packed) -> candle_core::Result<Tensor>;
}

pub(super) fn activation(folder: &Folder, name: &str) -> Result<Activation> {
    Activation::from_name(name)
        .ok_or_else(|| folder.unsupported(CONFIG, "activation", name, Activation::NAMES))
}

/// Width of one attention head.
pub(super) fn head_dim(folder: &Folder, hidden: usize, heads: usize) -> Result<usize> {
    if heads == 0 || hidden == 0 || !hidden.is_multiple_of(heads) {
        let expected = "a hidden size that is a positive multiple of the number of attention heads";
        return Err(folder.invalid(CONFIG, expected, format!("{hidden} and {heads}")));
    }
    Ok(hidden / heads)
}
