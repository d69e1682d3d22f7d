//! The weights of a folder, handed to candle's models tensor by tensor.

use crate::error::{Error, Result};
use crate::weights::Weights;
use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use std::sync::{Arc, Mutex};

/// Weights for a model on a device.
pub(super) struct Source {
    weights: Weights,
    device: Device,
}

impl Source {
    pub(super) fn new(weights: Weights, device: Device) -> Self {
        Self { weights, device }
    }

    /// True if there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.weights.at("").has(name)
    }

    /// Builds a model. Names that the model asks for start with `asked` (empty, or ending in a dot), which in the files is `given`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, by its name in the files.
    pub(super) fn build<T>(
        self,
        asked: &'static str,
        given: &'static str,
        model: impl FnOnce(VarBuilder<'static>) -> candle_core::Result<T>,
    ) -> Result<T> {
        let refused = Arc::new(Mutex::new(None));
        let tensors = Tensors { weights: self.weights, asked, given, refused: refused.clone() };
        let built = model(VarBuilder::from_backend(Box::new(tensors), DType::F32, self.device));
        built.map_err(|error| {
            let first = refused.lock().ok().and_then(|mut first| first.take());
            first.unwrap_or(Error::Compute(error))
        })
    }
}

struct Tensors {
    weights: Weights,
    asked: &'static str,
    given: &'static str,
    /// The first tensor that was refused. candle's errors hold only text.
    refused: Arc<Mutex<Option<Error>>>,
}

impl Tensors {
    /// The name in the files.
    fn name(&self, asked: &str) -> String {
        asked
            .strip_prefix(self.asked)
            .map_or_else(|| asked.to_owned(), |rest| format!("{}{rest}", self.given))
    }
}

impl SimpleBackend for Tensors {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        match self.weights.at("").tensor(&self.name(name), shape.dims()) {
            Ok(tensor) => tensor.to_device(device)?.to_dtype(dtype),
            Err(error) => {
                let text = error.to_string();
                if let Ok(mut first) = self.refused.lock() {
                    first.get_or_insert(error);
                }
                Err(candle_core::Error::Msg(text))
            }
        }
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        Err(candle_core::Error::Msg(format!("tensor '{name}' was asked for without a shape")))
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.weights.at("").has(&self.name(name))
    }
}
