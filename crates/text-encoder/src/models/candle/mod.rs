//! Families that run through candle-transformers, on the CPU or on a GPU.
//!
//! Texts of equal length form a batch, so that nothing is padded and nothing masked: an embedding does not depend on the texts
//! around it. The crate trusts configurations; what it would panic on is refused here, before it sees them, and what that misses is
//! guarded.

mod deberta;
mod family;
mod limits;
mod nomic;
mod qwen;
mod source;
mod t5;

use super::backbone::{Backbone, Packed};
use crate::error::Result;
use crate::folder::Folder;
use crate::guard::guarded;
use crate::models::backbone::CONFIG;
use crate::weights::Weights;
use candle_core::{Device, Tensor};
use family::{Family, Sizes};
use source::Source;

/// Names of the families.
pub(super) const NAMES: &str = "deberta-v2, mt5, nomic_bert, qwen2, qwen3, t5";

/// Tokens in one batch on a GPU, which computes one after the other.
const TOKENS_PER_GPU_BATCH: usize = 1 << 14;

struct CandleModel {
    family: Box<dyn Family>,
    sizes: Sizes,
    device: Device,
}

/// Loads the model, if `model_type` is one of [`NAMES`].
pub(super) fn load(
    model_type: &str,
    folder: &Folder,
    weights: Weights,
    device: &Device,
) -> Option<Result<Box<dyn Backbone>>> {
    let source = Source::new(weights, device.clone());
    let load = match model_type {
        "deberta-v2" => deberta::load,
        "nomic_bert" => nomic::load,
        "qwen2" => qwen::load_qwen2,
        "qwen3" => qwen::load_qwen3,
        "t5" | "mt5" => t5::load,
        _ => return None,
    };
    let loaded = guarded(|| load(folder, source)).unwrap_or_else(|| {
        Err(folder.invalid(CONFIG, format!("a model of the family {model_type}"), "sizes that do not fit"))
    });
    Some(loaded.map(|(family, sizes)| {
        Box::new(CandleModel { family, sizes, device: device.clone() }) as Box<dyn Backbone>
    }))
}

impl Backbone for CandleModel {
    fn hidden_size(&self) -> usize {
        self.sizes.hidden
    }

    fn vocabulary(&self) -> usize {
        self.sizes.vocabulary
    }

    fn positions(&self) -> usize {
        self.sizes.positions
    }

    fn tokens_per_batch(&self) -> Option<usize> {
        (!self.device.is_cpu()).then_some(TOKENS_PER_GPU_BATCH)
    }

    fn forward(&self, texts: &Packed) -> candle_core::Result<Tensor> {
        let all: Vec<&[u32]> = texts.texts().collect();
        let mut hidden = Vec::new();
        for equal in all.chunk_by(|a, b| a.len() == b.len()) {
            let (count, length) = (equal.len(), equal[0].len());
            let ids = Tensor::from_vec(equal.concat(), (count, length), &self.device)?;
            let states = guarded(|| self.family.forward(&ids))
                .unwrap_or_else(|| candle_core::bail!("the model breaks off: its files are damaged"))?;
            hidden.push(states.reshape((count * length, self.sizes.hidden))?.to_device(&Device::Cpu)?);
        }
        Tensor::cat(&hidden, 0)?.contiguous()
    }
}
