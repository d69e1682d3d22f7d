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

use crate::error::Result;
use crate::folder::Folder;
use crate::weights::Weights;
use backbone::CONFIG;
use config::ModelType;

/// Reads `config.json` and builds the model it names, on a device.
pub(crate) fn load(
    folder: &Folder,
    weights: Weights,
    device: EncoderDevice,
) -> Result<(String, Box<dyn Backbone>)> {
    let ModelType { model_type } = folder.json(CONFIG)?;
    let model: Box<dyn Backbone> = match (model_type.as_str(), config::Family::of(&model_type)) {
        ("modernbert", _) => {
            device.expect_cpu(&model_type)?;
            Box::new(modernbert::ModernBert::load(folder, &weights)?)
        }
        (_, Some(family)) => {
            device.expect_cpu(&model_type)?;
            Box::new(post_norm::PostNorm::load(family, folder, &weights)?)
        }
        (other, None) => by_candle(other, folder, weights, device)?,
    };
    Ok((model_type, model))
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
