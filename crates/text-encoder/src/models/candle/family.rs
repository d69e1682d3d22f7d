//! What the families share.

use candle_core::Tensor;

/// A model of the crate.
pub(super) trait Family: Send + Sync {
    /// Token ids `[texts, tokens]` of texts of equal length to their last hidden states `[texts, tokens, width]`.
    fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor>;
}

/// Sizes of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) hidden: usize,
    pub(super) vocabulary: usize,
    pub(super) positions: usize,
}
