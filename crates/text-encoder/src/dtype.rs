//! In what numbers a model multiplies.

use serde::{Deserialize, Serialize};

use crate::ops::bfloat16;

/// In what numbers the layers of a model multiply. Everything else is float32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Dtype {
    /// 24 bits of precision.
    #[default]
    Float32,
    /// Weights and activations rounded to 8 bits of precision before a layer multiplies them; sums, attention and normalisation in float32. The cosine between an embedding
    /// and that in float32 is at least 0.9998. Twice as fast a product on processors with AVX512-BF16, slower on others.
    Bfloat16,
}

impl Dtype {
    /// The faster one on this processor.
    pub(crate) fn fastest() -> Self {
        if bfloat16::is_fast() { Self::Bfloat16 } else { Self::Float32 }
    }
}
