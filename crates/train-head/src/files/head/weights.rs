//! The tensors of `head.safetensors`.

use std::path::Path;

use fhe_head::model::{Classifier, Linear};
use ndarray::{Array1, Array2, ArrayView, Dimension};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Description, Hidden, Link};
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, write_bytes};

/// Writes the weights of a head.
///
/// # Errors
/// Those of the operating system.
pub(super) fn write(head: &Classifier, path: &Path) -> Result<()> {
    let Classifier { hidden, output, .. } = head;
    let mut arrays = Vec::new();
    if let Some((layer, _)) = hidden {
        arrays.extend([
            Array::new("coefs.0", &layer.coef.t()),
            Array::new("intercepts.0", &layer.intercept.view()),
            Array::new("coefs.1", &output.coef.t()),
            Array::new("intercepts.1", &output.intercept.view()),
        ]);
    } else {
        arrays.extend([
            Array::new("coef", &output.coef.view()),
            Array::new("intercept", &output.intercept.view()),
        ]);
    }
    let weights = arrays
        .iter()
        .map(|array| Ok((array.name, TensorView::new(Dtype::F64, array.shape.clone(), &array.bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .and_then(|tensors| safetensors::serialize(tensors, None))
        .map_err(|error| Failure::unexpected("cannot write the head").because(format!("{error:?}")))?;
    write_bytes(path, Access::Shared, &weights)
}

/// Reads the weights of a head, which must have the shapes of its description.
///
/// # Errors
/// A file that is missing, damaged or of other shapes.
pub(super) fn read(description: &Description, path: &Path) -> Result<Classifier> {
    let bytes = std::fs::read(path).map_err(|error| Failure::io("read", path, Kind::File, error))?;
    let damaged = |what: &str| {
        Failure::file(format!("{}: {what}", path.display()))
            .help("the file is damaged: export the head again")
    };
    let tensors = SafeTensors::deserialize(&bytes).map_err(|_| damaged("not a safetensors file"))?;
    let numbers = |name: &str, shape: &[usize]| {
        let view = tensors.tensor(name).map_err(|_| damaged(&format!("no tensor `{name}`")))?;
        let values: Vec<f64> = view.data().as_chunks().0.iter().map(|&raw| f64::from_le_bytes(raw)).collect();
        let fits =
            view.dtype() == Dtype::F64 && view.shape() == shape && values.iter().all(|w| w.is_finite());
        if fits {
            Ok(values)
        } else {
            Err(damaged(&format!("`{name}` is not an array of shape {shape:?} of finite f64 numbers")))
        }
    };
    let matrix = |name: &str, shape: [usize; 2]| {
        Array2::from_shape_vec(shape, numbers(name, &shape)?).map_err(|error| damaged(&error.to_string()))
    };
    let vector = |name: &str, length| Ok(Array1::from_vec(numbers(name, &[length])?));
    let (outputs, features) = (description.outputs(), description.features);
    let (hidden, output) = match &description.hidden {
        None => {
            let coef = matrix("coef", [outputs, features])?;
            (None, Linear { coef, intercept: vector("intercept", outputs)? })
        }
        Some(Hidden { hidden_layer_sizes: [units], activation, .. }) => {
            let coef = matrix("coefs.0", [features, *units])?.reversed_axes();
            let layer = Linear { coef, intercept: vector("intercepts.0", *units)? };
            let coef = matrix("coefs.1", [*units, outputs])?.reversed_axes();
            (Some((layer, *activation)), Linear { coef, intercept: vector("intercepts.1", outputs)? })
        }
    };
    let softmax = description.link == Link::Softmax;
    Ok(Classifier { hidden, ..Classifier::linear(output, softmax) })
}

/// An array in the form of its file.
struct Array {
    name: &'static str,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    fn new<D: Dimension>(name: &'static str, values: &ArrayView<'_, f64, D>) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name, shape: values.shape().to_vec(), bytes }
    }
}
