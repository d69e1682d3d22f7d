//! The transformer architectures.
//!
//! The forward passes are our own, on candle tensors: texts are packed without padding (see [`Packed`]), which makes
//! an embedding independent of the batch around it and costs nothing for texts of unequal length.

mod backbone;
mod config;
mod modernbert;
mod post_norm;
mod relative;

pub(crate) use backbone::{Backbone, Packed};

use crate::error::Result;
use crate::folder::Folder;
use crate::weights::Weights;
use backbone::CONFIG;
use config::ModelType;

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
