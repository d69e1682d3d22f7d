//! Heads in the clear.

use std::path::PathBuf;

use head_fit::fhe_head::{ActivationKind, Functions};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::failure::Failure;

/// A head in the clear for features as they came.
#[pyclass(frozen, module = "train_head._native")]
pub(crate) struct Model(pub(crate) head_fit::Model);

#[pymethods]
impl Model {
    /// The head that `to_json` wrote.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let model: head_fit::Model = serde_json::from_str(text)
            .map_err(|error| PyValueError::new_err(format!("this is no head: {error}")))?;
        let (outputs, inputs) = model.output.coef.dim();
        let hidden = model.hidden.as_ref().map(|(layer, _)| (layer.coef.nrows(), layer.intercept.len()));
        if outputs != model.output.intercept.len() || hidden.is_some_and(|sizes| sizes != (inputs, inputs)) {
            return Err(PyValueError::new_err("this is no head: its layers do not fit together"));
        }
        Ok(Self(model))
    }

    /// The head in a folder that the command line wrote.
    #[staticmethod]
    fn read(folder: PathBuf) -> PyResult<Self> {
        train_head::read_head(&folder).map(Self).map_err(PyValueError::new_err)
    }

    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.0).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// For pickles.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("from_json")?, (self.to_json()?,)))
    }

    /// Logits or numbers: samples by outputs.
    fn decision_function<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let x = x.as_array();
        let outputs = py.detach(|| self.0.decision_function(&x)).map_err(Failure::from)?;
        Ok(outputs.into_pyarray(py))
    }

    /// Probabilities: samples by classes, or of the second of two classes alone.
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let x = x.as_array();
        let probabilities = py.detach(|| self.0.predict_proba(&x)).map_err(Failure::from)?;
        Ok(probabilities.into_pyarray(py))
    }

    /// Weights of the last layer: outputs by its inputs.
    #[getter]
    fn coef<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        self.0.output.coef.clone().into_pyarray(py)
    }

    #[getter]
    fn intercept<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.output.intercept.clone().into_pyarray(py)
    }

    /// Weights and intercepts of the hidden layer, if there is one.
    #[getter]
    #[expect(clippy::type_complexity, reason = "two arrays")]
    fn hidden<'py>(&self, py: Python<'py>) -> Option<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>)> {
        let (layer, _) = self.0.hidden.as_ref()?;
        Some((layer.coef.clone().into_pyarray(py), layer.intercept.clone().into_pyarray(py)))
    }

    /// The activation of the hidden layer, if there is one: the name of its function, and the coefficients of the polynomial that stands
    /// for it, the constant first; none if the head computes the function itself.
    #[getter]
    fn activation(&self) -> Option<(&'static str, Option<Vec<f64>>)> {
        let (_, activation) = self.0.hidden.as_ref()?;
        let name = match activation.kind() {
            ActivationKind::Square => "square",
            ActivationKind::Gelu => "gelu",
            ActivationKind::Tanh => "tanh",
        };
        let polynomial = self.0.functions == Functions::Polynomials;
        Some((name, polynomial.then(|| activation.coefficients())))
    }

    /// What the outputs stand for: `"logistic"`, `"softmax"`, `"ridge"` and so on.
    #[getter]
    fn link(&self) -> &'static str {
        self.0.link.name()
    }

    /// Largest difference of a weight from those of another head, in units of the largest weight of the same output there.
    fn max_weight_error(&self, other: &Self) -> f64 {
        self.0.max_weight_error(&other.0)
    }
}
