//! The transformer architectures.
//!
//! The forward passes of the usual families are our own, on candle tensors: texts are packed without padding (see [`Packed`]), which
//! makes an embedding independent of the batch around it and costs nothing for texts of unequal length. Other families run through
//! candle-transformers (`candle/`). `config.json` says which.

mod backbone;
#[cfg(feature = "candle-models")]
mod candle;
mod config;
mod device;
mod modernbert;
mod post_norm;
mod relative;

pub(crate) use backbone::{Backbone, Packed};

pub use device::EncoderDevice;

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::weights::Weights;
use backbone::CONFIG;
use config::ModelType;

/// Reads `config.json` and builds the model it names, on a device, in numbers of a kind: the fastest where none is asked for.
pub(crate) fn load(
    folder: &Folder,
    weights: Weights,
    device: EncoderDevice,
    dtype: Option<Dtype>,
) -> Result<Loaded> {
    let ModelType { model_type } = folder.json(CONFIG)?;
    let family = config::Family::of(&model_type);
    if family.is_none() && model_type != "modernbert" {
        if dtype == Some(Dtype::Bfloat16) {
            return Err(Error::Option {
                option: "dtype",
                expected: format!("float32 for models of the family {model_type}"),
                found: "bfloat16".into(),
            });
        }
        let model = by_candle(&model_type, folder, weights, device)?;
        return Ok(Loaded { architecture: model_type, dtype: Dtype::Float32, model });
    }
    device.expect_cpu(&model_type)?;
    let dtype = dtype.unwrap_or_else(Dtype::fastest);
    let model: Box<dyn Backbone> = match family {
        Some(family) => Box::new(post_norm::PostNorm::load(family, folder, &weights, dtype)?),
        None => Box::new(modernbert::ModernBert::load(folder, &weights, dtype)?),
    };
    Ok(Loaded { architecture: model_type, dtype, model })
}

/// A model.
pub(crate) struct Loaded {
    /// `model_type` of `config.json`.
    pub(crate) architecture: String,
    /// What its layers multiply in.
    pub(crate) dtype: Dtype,
    pub(crate) model: Box<dyn Backbone>,
}

#[cfg(feature = "candle-models")]
fn by_candle(
    model_type: &str,
    folder: &Folder,
    weights: Weights,
    device: EncoderDevice,
) -> Result<Box<dyn Backbone>> {
    candle::load(model_type, folder, weights, &device.open()?).unwrap_or_else(|| {
        let supported = format!("{}, modernbert, {}", config::Family::NAMES, candle::NAMES);
        Err(folder.unsupported(CONFIG, "model_type", model_type, &supported))
    })
}

#[cfg(not(feature = "candle-models"))]
fn by_candle(model_type: &str, folder: &Folder, _: Weights, _: EncoderDevice) -> Result<Box<dyn Backbone>> {
    let supported = format!("{}, modernbert; others with the feature `candle-models`", config::Family::NAMES);
    Err(folder.unsupported(CONFIG, "model_type", model_type, &supported))
}
