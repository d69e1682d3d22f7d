//! The transformer architectures.
//!
//! The forward passes are our own, on candle tensors: texts are packed without padding (see [`Packed`]), which makes
//! an embedding independent of the batch around it and costs nothing for texts of unequal length.

mod config;
mod modernbert;
mod post_norm;
mod relative;

use crate::error::Result;
use crate::folder::Folder;
use crate::ops::activation::Activation;
use crate::weights::Weights;
use candle_core::Tensor;
use config::ModelType;

/// The file that describes the architecture.
const CONFIG: &str = "config.json";

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
    fn texts(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets.windows(2).map(|text| &self.ids[text[0]..text[1]])
    }
}

/// A transformer with its weights.
pub(crate) trait Backbone: Send + Sync {
    /// Width of a token's vector.
    fn hidden_size(&self) -> usize;

    /// Longest text, in tokens, that the model has positions for.
    fn positions(&self) -> usize;

    /// Last hidden states, `[tokens, hidden_size]`.
    fn forward(&self, texts: &Packed) -> candle_core::Result<Tensor>;
}

/// Reads `config.json` and builds the model it names.
pub(crate) fn load(folder: &Folder, weights: &Weights) -> Result<(String, Box<dyn Backbone>)> {
    let ModelType { model_type } = folder.json(CONFIG)?;
    let model: Box<dyn Backbone> = match model_type.as_str() {
        "modernbert" => Box::new(modernbert::ModernBert::load(folder, weights)?),
        other => match config::Family::of(other) {
            Some(family) => Box::new(post_norm::PostNorm::load(family, folder, weights)?),
            None => {
                let supported = format!("{}, modernbert", config::Family::NAMES);
                return Err(folder.unsupported(CONFIG, "model_type", other, &supported));
            }
        },
    };
    Ok((model_type, model))
}

fn activation(folder: &Folder, name: &str) -> Result<Activation> {
    Activation::from_name(name)
        .ok_or_else(|| folder.unsupported(CONFIG, "activation", name, Activation::NAMES))
}

/// Width of one attention head.
fn head_dim(folder: &Folder, hidden: usize, heads: usize) -> Result<usize> {
    if heads == 0 || hidden == 0 || !hidden.is_multiple_of(heads) {
        let expected = "a hidden size that is a positive multiple of the number of attention heads";
        return Err(folder.invalid(CONFIG, expected, format!("{hidden} and {heads}")));
    }
    Ok(hidden / heads)
}
