//! Arrays of f64 numbers in safetensors files.

use ndarray::{Array1, Array2, ArrayView, Dimension};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::exit::{Failure, Result};

/// An array in the form of its file.
pub(crate) struct Tensor {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    /// An array with its name in the file.
    pub(crate) fn new<D: Dimension>(name: impl Into<String>, values: &ArrayView<'_, f64, D>) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name: name.into(), shape: values.shape().to_vec(), bytes }
    }
}

/// The contents of a safetensors file with these arrays. The same arrays give the same bytes.
///
/// # Errors
/// Two arrays of one name.
pub(crate) fn to_bytes(tensors: &[Tensor]) -> Result<Vec<u8>> {
    tensors
        .iter()
        .map(|tensor| Ok((&*tensor.name, TensorView::new(Dtype::F64, tensor.shape.clone(), &tensor.bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .and_then(|views| safetensors::serialize(views, None))
        .map_err(|error| Failure::unexpected("cannot write arrays").because(format!("{error:?}")))
}

/// Arrays that were read. Errors are what is wrong with the file, in words.
pub(crate) struct Tensors<'a>(SafeTensors<'a>);

impl<'a> Tensors<'a> {
    /// The arrays of a file with these contents.
    ///
    /// # Errors
    /// Another format.
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        SafeTensors::deserialize(bytes).map(Self).map_err(|_| "not a safetensors file".into())
    }

    /// The shape of an array; `None` if there is none of this name.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.0.tensor(name).ok().map(|view| view.shape().to_vec())
    }

    /// The names of all arrays.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.tensors().into_iter().map(|(name, _)| name).collect()
    }

    /// A vector of finite numbers.
    ///
    /// # Errors
    /// No such array, or one of another shape or type.
    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Array1<f64>, String> {
        Ok(Array1::from_vec(self.numbers(name, &[length])?))
    }

    /// A matrix of finite numbers.
    ///
    /// # Errors
    /// No such array, or one of another shape or type.
    pub(crate) fn matrix(&self, name: &str, shape: [usize; 2]) -> Result<Array2<f64>, String> {
        Array2::from_shape_vec(shape, self.numbers(name, &shape)?).map_err(|error| error.to_string())
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, String> {
        let view = self.0.tensor(name).map_err(|_| format!("no tensor `{name}`"))?;
        let values: Vec<f64> = view.data().as_chunks().0.iter().map(|&raw| f64::from_le_bytes(raw)).collect();
        let fits =
            view.dtype() == Dtype::F64 && view.shape() == shape && values.iter().all(|w| w.is_finite());
        if fits {
            Ok(values)
        } else {
            Err(format!("`{name}` is not an array of shape {shape:?} of finite f64 numbers"))
        }
    }
}
